//go:build unix

package duckdb

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"snowdrift/stages/load"
)

// replaceEmpty puts a file that we made in the place of an empty one, whose mode it
// gets. It holds the lock that DuckDB takes meanwhile, and looks under it whether the
// file is still empty and in its place: so no file goes that somebody began to write,
// or made in our stead.
func replaceEmpty(made, path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &lock); err != nil {
		return fmt.Errorf("%w: %w", load.ErrLeaseHeld, err)
	}
	locked, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(path)
	if err != nil {
		return err
	}
	if locked.Size() > 0 || !os.SameFile(locked, there) {
		return nil
	}
	return errors.Join(os.Chmod(made, locked.Mode().Perm()), os.Rename(made, path))
}
