package secret

import (
	"errors"
	"strings"
)

// Kind says why a secret could not be had. It is an error, so that
// errors.Is(err, secret.Denied) works.
type Kind string

// Kinds of failure.
const (
	NotFound    Kind = "not found"
	NoField     Kind = "no such field"
	Empty       Kind = "empty"
	Denied      Kind = "access denied"
	Sealed      Kind = "sealed"
	Unreachable Kind = "not reachable"
	Insecure    Kind = "readable by others"
	Invalid     Kind = "not valid"
	ReadOnly    Kind = "cannot be written"
)

// Error returns the kind's words.
func (k Kind) Error() string { return string(k) }

// Error is a secret that could not be read, written or understood. It never
// holds a value.
type Error struct {
	Op   string    // "read", "write", "parse"
	Ref  Reference // the zero Reference when the secret has none
	Kind Kind
	Mend string // what to do
	Err  error  // what the store said; nil when Kind says it all
}

// Error reads "read secret env:TOKEN: not found; set the variable TOKEN".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(" secret")
	if e.Ref.Scheme != "" {
		b.WriteString(" " + e.Ref.String())
	}
	b.WriteString(": " + string(e.Kind))
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Mend != "" {
		b.WriteString("; " + e.Mend)
	}
	return b.String()
}

// Unwrap gives the kind and what the store said.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// describe adds operation and reference to what a store returned. An error that
// is no [*Error] is one that the store did not foresee; one about another
// reference, such as the credentials for the store, is kept whole.
func describe(err error, op string, ref Reference) error {
	if err == nil {
		return nil
	}
	var e *Error
	switch {
	case !errors.As(err, &e):
		return &Error{Op: op, Ref: ref, Kind: Unreachable, Err: err}
	case err != error(e) || e.Ref != (Reference{}):
		return &Error{Op: op, Ref: ref, Kind: e.Kind, Err: err}
	}
	described := *e
	described.Op, described.Ref = op, ref
	return &described
}
