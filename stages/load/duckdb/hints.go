package duckdb

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"snowdrift/stages/load"
)

func (w *Warehouse) fail(op, on, statement string, err error) error {
	if errors.Is(err, context.Canceled) && strings.Contains(err.Error(), "INTERRUPT Error") {
		err = context.Canceled // DuckDB says the same in a line of its own
	}
	line, _, _ := strings.Cut(statement, "\n")
	return &load.Error{Op: op, On: on, Statement: line, Hint: w.hint(err), Err: err}
}

// hint says what a person can do about an error, if we know.
func (w *Warehouse) hint(err error) string {
	switch {
	case errors.Is(err, load.ErrLeaseHeld), errors.Is(err, load.ErrBeingWritten):
		return w.howToWait(err)
	case errors.Is(err, errInUse):
		return w.howToFree()
	case errors.Is(err, errLogLeft):
		return "remove the log too, to begin anew, or put the database back"
	case outOfMemory(err) && w.memory.get() != "":
		return "set destination.duckdb.memory_limit to more than " + w.memory.get()
	case errors.Is(err, syscall.ENOSPC):
		return hintFull
	}
	for _, h := range hints {
		if strings.Contains(err.Error(), h.text) {
			return h.hint
		}
	}
	return ""
}

const hintFull = "free space on that disk, or name a file on another one in destination.duckdb.path"

const hintLog = "the file or its log, the .wal beside it, is damaged, or the log is that of another database: " +
	"put both back from a copy, or remove both, and the next run loads everything"

// hints are for what DuckDB says in words only, its own and the system's.
var hints = []struct{ text, hint string }{
	{"not a valid DuckDB database file", "name another file in destination.duckdb.path"},
	{"No space left on device", hintFull},
	{"Disk quota exceeded", hintFull},
	{"File too large", hintFull + "; the system bounds the size of a file (ulimit -f)"},
	{"Is a directory", "name a file in destination.duckdb.path"},
	{"Permission denied", "let this user read and write it, or name another file in destination.duckdb.path"},
	{"Read-only file system", "name a file that can be written in destination.duckdb.path"},
	{"File locks are not supported", "name a file on a local disk in destination.duckdb.path"},
	{"replaying WAL file", hintLog}, // behind what may have kept it from that
	{"Corrupt database file", hintLog},
	{"Could not read enough bytes from file", hintLog}, // it was cut short
}

// failToMake is fail for a file that could not be made. The names of the files that
// it was to be made of say nothing to anybody.
func (w *Warehouse) failToMake(err error) error {
	var refused *fs.PathError
	if !errors.As(err, &refused) {
		return w.fail("make", w.opts.Path, "", err)
	}
	e := &load.Error{Op: "make", On: w.opts.Path, Hint: w.hint(refused.Err), Err: refused.Err}
	if e.Hint == "" {
		e.Hint = "make its directory, writable for this user, or name another file in destination.duckdb.path"
	}
	return e
}
