//go:build linux || darwin || freebsd || netbsd || openbsd

package workdir

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock locks a file until it is closed, unless another has it locked or the file
// system has no locks.
func tryLock(f *os.File) (locked bool) {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}
