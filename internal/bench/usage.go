package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// Usage is what a process took, as it says itself at its end.
type Usage struct {
	CPU    time.Duration // user and system time
	Wall   time.Duration
	Peak   int64 // most resident bytes, 0 where the system does not tell
	Allocs int64 // objects that Go allocated
}

// usageFile is the file descriptor on which a part reports its usage.
const usageFile = 3

// measured runs a part of the benchmark and reports what it took.
func measured(stderr io.Writer, work func() error) int {
	began := time.Now()
	err := work()
	if err == nil {
		err = report(time.Since(began))
	}
	if err != nil {
		fmt.Fprintf(stderr, "snowdrift-bench: %v\n", err)
		return 1
	}
	return 0
}

func report(wall time.Duration) error {
	cpu, err := cpuTime()
	if err != nil {
		return err
	}
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	out := os.NewFile(usageFile, "usage")
	if out == nil {
		return errors.New("this is a part of the benchmark, which only the benchmark starts")
	}
	return errors.Join(json.NewEncoder(out).Encode(Usage{CPU: cpu, Wall: wall, Peak: peak, Allocs: int64(m.Mallocs)}), out.Close())
}

// peakMemory reads the high-water mark of this process itself: what the kernel
// counts for a child begins with the memory of its parent.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil // not Linux
	}
	if err != nil {
		return 0, fmt.Errorf("read the peak of memory: %w", err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	if _, err := fmt.Sscanf(strings.TrimSpace(line), "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("read the peak of memory: %w", err)
	}
	return kilobytes << 10, nil
}
