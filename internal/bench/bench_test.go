package bench

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// The benchmark starts itself again for its parts; under test that is this
// binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && slices.Contains([]string{"sim", "run", "floor", "stages"}, os.Args[1]) {
		os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestScenarios: all scenarios run, check what they load, and print their
// tables, if only of a few issues.
func TestScenarios(t *testing.T) {
	var out, log bytes.Buffer
	args := []string{"-issues", "150", "-fields", "50", "-nights", "2", "-repeat", "1", "-volume", "1", "-latency", "1ms", "-dir", t.TempDir(), "-profile", t.TempDir()}
	if code := Main(args, &out, &log); code != 0 {
		t.Fatalf("code %d\n%s", code, log.String())
	}
	for _, want := range []string{"Snowflake", "floor: scan", "tables: default", "50 custom fields", "of the ideal", "1 % changed", "of the first", "1 % of the issues changed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the tables:\n%s", want, out.String())
		}
	}
}

// TestRefusals: what cannot be measured is refused before anything starts.
func TestRefusals(t *testing.T) {
	for _, args := range [][]string{{"-issues", "few"}, {"-issues", "10,0"}, {"faster"}, {"-fast"}} {
		var out, log bytes.Buffer
		if code := Main(args, &out, &log); code == 0 || log.Len() == 0 {
			t.Errorf("%q: code %d, %q", args, code, log.String())
		}
	}
}
