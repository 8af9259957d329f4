package bench

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// install copies this program to where the parts that are measured are started from, and
// returns how it is removed. The linker leaves a program in the system's cache in pieces of
// megabytes, each of which Linux maps as a whole, which is 30 MB of a peak; one that was
// installed is read from the disk in small ones.
func (b *bench) install() (remove func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	from, err := os.Open(self)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	b.program = filepath.Join(b.dir, "program")
	to, err := os.OpenFile(b.program, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return nil, err
	}
	remove = func() error { return os.Remove(b.program) }
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Sync(), dropFromCache(to), to.Close()); err != nil {
		return nil, errors.Join(err, remove())
	}
	return remove, nil
}
