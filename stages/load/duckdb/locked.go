package duckdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"snowdrift/stages/load"
)

// errInUse: a program that is no snowdrift has the file open.
var errInUse = errors.New("the file is open in another program")

// locked reports whether DuckDB found the file locked. It has no codes for that;
// the texts here are of its functions LocalFileSystem::OpenFile and
// CatalogSearchPath::Set.
func locked(err error) bool {
	text := err.Error()
	return strings.Contains(text, "Could not set lock on file") && !strings.Contains(text, "File locks are not supported")
}

// openError tells a locked file, and a schema that is not there, from
// everything else.
func (w *Warehouse) openError(err error) error {
	if strings.Contains(err.Error(), "No catalog + schema named") {
		return fmt.Errorf("there is no such schema: %w: %w", fs.ErrNotExist, err)
	}
	if !locked(err) {
		return err
	}
	program, pid := holder(err)
	switch {
	case program != "" && !ours(program):
		return fmt.Errorf("%w (PID %s, %s)", errInUse, pid, program)
	case w.opts.ReadOnly:
		return fmt.Errorf("%w: %w", load.ErrBeingWritten, err)
	}
	return fmt.Errorf("%w: %w", load.ErrLeaseHeld, err)
}

var holderText = regexp.MustCompile(`lock is held in (.+?)(?: \(deleted\))? \(PID (\d+)\)`)

// holder returns the program that has a file open and its process; "" if DuckDB
// cannot tell, as of a process in another container, or one that has ended since.
func holder(err error) (program, pid string) {
	if m := holderText.FindStringSubmatch(err.Error()); m != nil {
		return m[1], m[2]
	}
	return "", ""
}

// ours reports whether a program is a snowdrift.
func ours(program string) bool {
	self, err := os.Executable()
	name := filepath.Base(program)
	return strings.HasPrefix(name, "snowdrift") || err == nil && name == filepath.Base(self)
}

// howToWait says what to do about a file that a snowdrift has open, or a program that
// cannot be seen from here.
func (w *Warehouse) howToWait(err error) string {
	how := "wait for it to end"
	if !w.opts.ReadOnly {
		how += ": a run, or a query or verification, which keeps runs from writing, too"
	}
	if program, pid := holder(err); locked(err) && (program == "" || pid == "0") {
		how += "; which program it is cannot be told from here: it may be in another container"
	}
	return how
}

// howToFree says what to do about a file that another program has open.
func (w *Warehouse) howToFree() string {
	if w.opts.ReadOnly {
		return "close it there, or open it there for reading only"
	}
	return "close it there: a file that others read cannot be written"
}
