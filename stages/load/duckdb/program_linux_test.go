package duckdb

import (
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Only what the program's file has anyway is let go of: no page that something was written
// to, be it by the linker or a debugger, and be it swapped out.
func TestWhatOfTheProgramIsLetGo(t *testing.T) {
	const smaps = `00400000-00a98000 r--p 00000000 fe:00 9986748                            /bin/snow drift
Rss:                6752 kB
Anonymous:             0 kB
Swap:                  0 kB
VmFlags: rd mr mw me sd
00a98000-04885000 r-xp 00698000 fe:00 9986748                            /bin/snow drift
Anonymous:             0 kB
Swap:                  0 kB
04885000-071c8000 r-xp 04485000 fe:00 9986748                            /bin/snow drift
Anonymous:             4 kB
Swap:                  0 kB
071c8000-07247000 r--p 06dc7000 fe:00 9986748                            /bin/snow drift
Anonymous:             0 kB
Swap:                304 kB
07247000-07388000 rw-p 06e46000 fe:00 9986748                            /bin/snow drift
Anonymous:             0 kB
Swap:                  0 kB
07388000-09600000 r-xp 00000000 00:00 0
Anonymous:             0 kB
Swap:                  0 kB
7ffe000-7fff000 r-xp 00000000 fe:00 12                                   /lib/libc.so.6
Anonymous:             0 kB
Swap:                  0 kB
`
	found, err := unwritten(strings.NewReader(smaps), "/bin/snow drift")
	want := program{{0x400000, 0xa98000}, {0xa98000, 0x4885000}}
	if err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("found %x, %v; want %x", found, err, want)
	}
	if _, err := unwritten(strings.NewReader("nothing r--p 00000000 fe:00 1 /bin/x\n"), "/bin/x"); err == nil {
		t.Error("a mapping without addresses was accepted")
	}
}

// The program goes on, with fewer pages.
func TestLetGoOfProgram(t *testing.T) {
	p, err := thisProgram()
	if err != nil {
		t.Fatal(err)
	}
	before := residentFile(t)
	if err := p.letGo(); err != nil {
		t.Fatal(err)
	}
	if after := residentFile(t); after >= before {
		t.Errorf("%d KB of files are mapped, %d before", after, before)
	}
}

// residentFile returns the size of the pages of files that the process has mapped, in KB.
func residentFile(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^RssFile:\s+(\d+) kB`).FindSubmatch(status)
	if match == nil {
		t.Fatal("no RssFile in /proc/self/status")
	}
	n, err := strconv.Atoi(string(match[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
