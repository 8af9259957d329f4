package duckdb

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// letGoOfProgram gives back the pages of the program itself that are mapped: some 90 MB,
// of which its start needed most and a load needs half. Those that are used again come
// back from the system's cache. It returns the bytes of the mappings that it let go of.
func letGoOfProgram() (bytes uintptr, err error) {
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0, err
	}
	defer smaps.Close()
	mappings, err := unwritten(smaps)
	for _, m := range mappings {
		if _, _, failed := syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED); failed != 0 {
			return bytes, failed
		}
		bytes += m.to - m.from
	}
	return bytes, err
}

type mapping struct{ from, to uintptr }

// unwritten returns the mappings of files, in /proc/self/smaps, that cannot be written to
// and of which no page was: their pages are those of the file. (The linker writes to some
// before it makes them unwritable, and so does a debugger that sets a breakpoint.)
func unwritten(smaps io.Reader) (found []mapping, err error) {
	var m mapping
	ofFile := false
	lines := bufio.NewScanner(smaps)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) >= 5 && !strings.HasSuffix(fields[0], ":"): // from-to, rights, offset, device, inode
			if _, err := fmt.Sscanf(fields[0], "%x-%x", &m.from, &m.to); err != nil {
				return nil, fmt.Errorf("read mapping %s: %w", fields[0], err)
			}
			ofFile = strings.HasPrefix(fields[1], "r-") && fields[4] != "0"
		case len(fields) >= 2 && fields[0] == "Anonymous:" && fields[1] == "0" && ofFile:
			found = append(found, m)
		}
	}
	return found, lines.Err()
}
