package snowflake

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestTheDriverStartsQuietly holds the order of initialisation that
// internal/nominicore relies on: it has set the environment before the driver
// looks at it.
func TestTheDriverStartsQuietly(t *testing.T) {
	c := exec.Command(os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1", "SF_DISABLE_MINICORE=")
	trace, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, trace)
	}
	ours := strings.Index(string(trace), "init snowdrift/internal/nominicore @")
	driver := strings.Index(string(trace), "init github.com/snowflakedb/gosnowflake @")
	if ours < 0 || driver < 0 || ours > driver {
		t.Errorf("nominicore at %d, the driver at %d of the trace:\n%s", ours, driver, trace)
	}
}
