package batch

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Error is a file that the machine would not take: the disk is full, or the
// directory is gone.
type Error struct {
	Op   string // create, write or close
	Path string // of the Parquet file
	Hint string // what to do, if we know
	Err  error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s Parquet file %s: %v", e.Op, e.Path, e.Err)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// failure says at which file err came about. What the machine refused, which names
// the path too, becomes an *Error.
func failure(op, path string, err error) error {
	var refused *fs.PathError
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s Parquet file %s: %w", op, path, err)
	}
	e := &Error{Op: op, Path: path, Err: refused.Err}
	if errors.Is(e.Err, syscall.ENOSPC) || errors.Is(e.Err, syscall.EDQUOT) {
		e.Hint = "free space in batch.dir, or name another directory"
	}
	return e
}
