package jql

import (
	"fmt"
	"strings"
	"unicode"
)

// SyntaxError says why a user's query cannot be used, and where.
type SyntaxError struct {
	Line, Column int // from 1; columns count characters
	Message      string
}

// Error gives the place and the reason.
func (e *SyntaxError) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("JQL line %d, column %d: %s", e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("JQL column %d: %s", e.Column, e.Message)
}

// ParseUser takes a user's query for use with [And]. It reads only as much JQL
// as that needs: the rest is Jira's to judge. Refused, with a [SyntaxError],
// are ORDER BY, which would end the query before our restrictions, and quotes
// and parentheses that do not match, which could close ours. A query of white
// space only is the zero Clause.
func ParseUser(query string) (Clause, error) {
	var open []token
	var last token
	s := scanner{text: query}
	for {
		t, err := s.next()
		if err != nil {
			return Clause{}, err
		}
		switch {
		case t.kind == tokenEnd:
			if len(open) > 0 {
				return Clause{}, s.errorAt(open[len(open)-1].start, "this parenthesis is never closed")
			}
			// Not strings.TrimSpace: white space at the end can be escaped.
			return Clause{strings.TrimLeftFunc(query[:last.end()], unicode.IsSpace)}, nil
		case t.kind == tokenOpen:
			open = append(open, t)
		case t.kind == tokenClose && len(open) == 0:
			return Clause{}, s.errorAt(t.start, "this parenthesis was never opened")
		case t.kind == tokenClose:
			open = open[:len(open)-1]
		case t.isWord("by") && last.isWord("order"):
			return Clause{}, s.errorAt(last.start, "remove ORDER BY and what follows: the loader orders issues itself, and the order of rows in a table means nothing")
		}
		last = t
	}
}
