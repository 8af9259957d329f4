package bench

import (
	"os"

	"golang.org/x/sys/unix"
)

// dropFromCache has the system forget what it has in memory of a file that is on disk.
func dropFromCache(f *os.File) error {
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
