package workdir

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestSweep: nothing goes but the directories of processes that are dead: not that of one
// at work, or about to begin, nor what only looks like one.
func TestSweep(t *testing.T) {
	parent := t.TempDir()
	alive, err := Make(parent, "work-*")
	if err != nil {
		t.Fatal(err)
	}
	dead, err := Make(parent, "work-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.lock.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(alive.Path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("a directory of ours: %v, %v", info, err)
	}
	for dir, file := range map[string]string{
		dead.Path:                                 "x-issues-00001.parquet",
		filepath.Join(parent, "work-1"):           lockNameAtFirst,
		filepath.Join(parent, "work-2"):           "x-issues-00001.parquet",
		filepath.Join(parent, "work-2.kept"):      lockName,
		filepath.Join(parent, "work-demo"):        lockName,
		filepath.Join(parent, "work-3", lockName): "directory",
	} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{filepath.Base(alive.Path), "work-1", "work-2", "work-2.kept", "work-3", "work-demo"}
	slices.Sort(want)
	for range 2 {
		Sweep(parent, regexp.MustCompile(`^work-[0-9]+$`), slog.New(slog.DiscardHandler))
		var got []string
		entries, err := os.ReadDir(parent)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			got = append(got, e.Name())
		}
		if !slices.Equal(got, want) {
			t.Errorf("left %v, want %v", got, want)
		}
	}
	if err := alive.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(alive.Path); !os.IsNotExist(err) {
		t.Errorf("a directory that was removed: %v", err)
	}
}
