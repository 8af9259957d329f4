// Package sferr holds the errors that the strict Snowflake server answers:
// number, SQLSTATE and text, as the driver shows them in
// gosnowflake.SnowflakeError.
//
// Most numbers and texts come from the driver's sources or from Snowflake's
// documentation (https://docs.snowflake.com/en/); 000625 and 091016 are from general
// knowledge and confirmed by neither. Callers that match errors should match numbers, never texts.
package sferr

import (
	"errors"
	"fmt"
)

// Error is one failed statement, login or request.
type Error struct {
	Code    string // digits with leading zeros, as on the wire ("002003")
	State   string // SQLSTATE, five characters
	Message string // complete text, "SQL compilation error:" included where Snowflake has it
}

// Error renders "002003 (42S02): text", the form of Snowflake's own clients.
func (e *Error) Error() string { return fmt.Sprintf("%s (%s): %s", e.Code, e.State, e.Message) }

// New makes an Error; format is in the style of fmt.Sprintf.
func New(code, state, format string, args ...any) *Error {
	return &Error{Code: code, State: state, Message: fmt.Sprintf(format, args...)}
}

// Compilation makes an Error that Snowflake raises before it runs a statement.
func Compilation(code, state, format string, args ...any) *Error {
	return New(code, state, "SQL compilation error:\n%s", fmt.Sprintf(format, args...))
}

// Unsupported refuses what this server has no faithful meaning for. It uses the
// syntax error's number so that a test can never mistake it for success.
func Unsupported(format string, args ...any) *Error {
	return Compilation("001003", "42000", "unsupported by snowflaketest: %s", fmt.Sprintf(format, args...))
}

// Missing reports an object that does not exist or that the role may not see;
// Snowflake does not tell the two apart. kind is "Object", "Table", "Stage" …
func Missing(kind, name string) *Error {
	code, state := "002003", "42S02"
	if kind == "Schema" || kind == "Database" || kind == "Stage" {
		code, state = "002043", "02000"
	}
	return Compilation(code, state, "%s '%s' does not exist or not authorized.", kind, name)
}

// Exists reports a CREATE of something that is there already.
func Exists(name string) *Error {
	return Compilation("002002", "42710", "Object '%s' already exists.", name)
}

// Denied reports a privilege that the role lacks on an object it can see.
func Denied(kind, name string) *Error {
	return New("003001", "42501", "SQL access control error:\nInsufficient privileges to operate on %s '%s'", kind, name)
}

// Canceled reports a statement that abort-request stopped.
func Canceled() *Error { return New("000604", "57014", "SQL execution canceled") }

// As returns err's Error, or a 000603 "internal error" around anything else:
// whatever reaches the client has a number.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New("000603", "XX000", "SQL execution internal error: %v", err)
}
