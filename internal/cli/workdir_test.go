package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"snowdrift/internal/config"
)

// TestSweepWorkDirs: nothing goes but the directories of runs that are dead: not that
// of one at work, or about to begin, nor what only looks like one.
func TestSweepWorkDirs(t *testing.T) {
	cfg := &config.Config{}
	parent := t.TempDir()
	cfg.Batch.Dir = config.Path(parent)
	alive, err := newWorkDir(cfg, newRunID())
	if err != nil {
		t.Fatal(err)
	}
	dead, err := newWorkDir(cfg, newRunID())
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.lock.Close(); err != nil {
		t.Fatal(err)
	}
	id := newRunID()
	for dir, file := range map[string]string{
		dead.path: "x-issues-00001.parquet",
		filepath.Join(parent, "snowdrift-"+id+"-1"):           lockNameAtFirst,
		filepath.Join(parent, "snowdrift-"+id+"-2"):           "x-issues-00001.parquet",
		filepath.Join(parent, "snowdrift-"+id+"-2.kept"):      lockName,
		filepath.Join(parent, "snowdrift-demo"):               lockName,
		filepath.Join(parent, "snowdrift-"+id+"-3", lockName): "directory",
	} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{filepath.Base(alive.path), "snowdrift-" + id + "-1", "snowdrift-" + id + "-2", "snowdrift-" + id + "-2.kept", "snowdrift-" + id + "-3", "snowdrift-demo"}
	for range 2 {
		sweepWorkDirs(cfg, slog.New(slog.DiscardHandler))
		var got []string
		entries, err := os.ReadDir(parent)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("left %v, want %v", got, want)
		}
	}
	if err := alive.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(alive.path); !os.IsNotExist(err) {
		t.Errorf("a directory that was removed: %v", err)
	}
}
