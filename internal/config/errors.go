package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is a configuration that cannot be used; it lists every problem found.
// Callers end with exit code 2.
type Error struct {
	Problems []Problem
}

// Problem is one thing to mend.
type Problem struct {
	Key    string // dotted path, "" when the problem is not about one key
	Origin Origin // where the value stands, zero when it stands nowhere
	Text   string // what is wrong and what to do; never holds a secret
	Err    error  // cause, for errors.Is; nil when there is none
}

// String reads "snowdrift.yaml:12:3: jira.page_size: 9000 is more than 5000".
func (p Problem) String() string {
	var parts []string
	if at := p.Origin.String(); at != "" && p.Origin.Kind != FromDefault {
		parts = append(parts, at)
	}
	if p.Key != "" {
		parts = append(parts, p.Key)
	}
	return strings.Join(append(parts, p.Text), ": ")
}

// Error gives the problem, or all of them a line each.
func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return "configuration: " + e.Problems[0].String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "configuration has %d problems:", len(e.Problems))
	for _, p := range e.Problems {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// Unwrap gives the causes.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, p := range e.Problems {
		if p.Err != nil {
			errs = append(errs, p.Err)
		}
	}
	return errs
}

// problems collects what is wrong, in the order of finding it.
type problems []Problem

func (ps *problems) add(key string, at Origin, format string, args ...any) {
	*ps = append(*ps, Problem{Key: key, Origin: at, Text: fmt.Sprintf(format, args...)})
}

// err returns the collected problems as an *Error, nil when there are none.
// Those of the file come last, in the order of its text.
func (ps problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	sorted := slices.Clone(ps)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(a.Origin.Line-b.Origin.Line, a.Origin.Column-b.Origin.Column)
	})
	return &Error{Problems: sorted}
}
