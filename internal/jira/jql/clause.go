package jql

import (
	"strconv"
	"strings"
)

// Clause is a restriction without ORDER BY, whose parentheses and quotes are
// balanced. The zero Clause restricts nothing.
type Clause struct {
	text string
}

// String gives the JQL; it is empty for the zero Clause.
func (c Clause) String() string { return c.text }

// IsZero reports whether the clause restricts nothing.
func (c Clause) IsZero() bool { return c.text == "" }

// And gives the clause that holds where all of clauses hold. Each is put in
// parentheses, so that `a OR b` stays among itself. Zero clauses are left out.
func And(clauses ...Clause) Clause {
	var parts []string
	for _, c := range clauses {
		if !c.IsZero() {
			parts = append(parts, c.text)
		}
	}
	switch len(parts) {
	case 0:
		return Clause{}
	case 1:
		return Clause{parts[0]}
	}
	return Clause{"(" + strings.Join(parts, ") AND (") + ")"}
}

// Everything matches every issue that the account may see. Cloud refuses a
// query without a restriction, and takes a lower bound on a date for one.
//
// The bound is on updated, because an import can bring a creation date from
// before computers but the import itself is an update. It is the second of
// January, so that it lies after the epoch in every zone, and a bare date, so
// that no zone or style of literal matters.
func Everything() Clause {
	return Clause{`updated >= "1970-01-02"`}
}

// IDs matches issues by id; there is at least one.
func IDs(ids []int64) Clause {
	list := strconv.AppendInt([]byte("id in ("), ids[0], 10)
	for _, id := range ids[1:] {
		list = strconv.AppendInt(append(list, ", "...), id, 10)
	}
	return Clause{string(append(list, ')'))}
}

// OrderBy gives an ORDER BY that sorts by fields, all ascending. Jira accepts
// up to seven. End with key: rows that are otherwise equal have no defined order
// and could change places between two pages.
func OrderBy(fields ...string) string {
	return "ORDER BY " + strings.Join(fields, " ASC, ") + " ASC"
}
