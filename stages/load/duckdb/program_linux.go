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

// letGoOfProgram gives back the pages of the program itself that are mapped: some 90 MB,
// of which its start needed most and a load needs half. Those that are used again come
// back from the system's cache.
func letGoOfProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return err
	}
	defer smaps.Close()
	mappings, err := unwritten(smaps, program)
	for _, m := range mappings {
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
func unwritten(smaps io.Reader, path string) (found []mapping, err error) {
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
