package duckdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// program is what is mapped of the program itself, and can come back from its file.
type program []mapping

// thisProgram returns what is mapped of this one.
func thisProgram() (program, error) {
	path, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return nil, err
	}
	defer smaps.Close()
	return unwritten(smaps, path)
}

// letGo gives the pages back: some 90 MB, of which the program's start needed most, and
// each step of a load a fourth. Those that are used again come back from the system's
// cache, some at a time.
func (p program) letGo() (err error) {
	for _, m := range p {
		if _, _, failed := syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED); failed != 0 {
			err = errors.Join(err, failed) // such as that it is locked into memory
		}
	}
	return err
}

type mapping struct{ from, to uintptr }

// unwritten returns the mappings of a file, in /proc/self/smaps, that cannot be written to
// and of which no page ever was, be it in memory or swapped out: their pages are those of
// the file. (The linker writes to some before it makes them unwritable, and so does a
// debugger that sets a breakpoint.)
func unwritten(smaps io.Reader, path string) (found program, err error) {
	var m mapping
	asInFile := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 5 && !strings.HasSuffix(fields[0], ":"): // from-to, rights, offset, device, inode, path
			if _, err := fmt.Sscanf(fields[0], "%x-%x", &m.from, &m.to); err != nil {
				return nil, fmt.Errorf("read mapping %s: %w", fields[0], err)
			}
			asInFile = strings.HasPrefix(fields[1], "r-") && strings.HasSuffix(lines.Text(), " "+path)
		case len(fields) >= 2 && fields[0] == "Anonymous:":
			asInFile = asInFile && fields[1] == "0"
		case len(fields) >= 2 && fields[0] == "Swap:" && fields[1] == "0" && asInFile: // comes last
			found = append(found, m)
		}
	}
	return found, lines.Err()
}
