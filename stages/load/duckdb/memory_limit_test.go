package duckdb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"snowdrift/stages/load"
	"snowdrift/state"
)

// TestRoomForChanges: what was changed all over a table takes DuckDB more memory than
// the limit that a load begins with, to write it and to read the table again. It gets
// as much, unless a limit was stated.
func TestRoomForChanges(t *testing.T) {
	t.Parallel()
	const groups, tight = 220, 48_000_000 // DuckDB holds 58 MB of so many
	rowGroup := int64(rowGroups[0].rows)
	l := following(t, filepath.Join(t.TempDir(), "jira.duckdb"))
	for _, s := range []string{
		"INSERT INTO issues (id, _site, _pipeline, _presence, updated, _hash, summary) SELECT range, 'jira', 'jira', 'live', epoch_ms(0), 1, 'version 1' FROM range(1, " + fmt.Sprint(groups*rowGroup) + ")",
		"CHECKPOINT",
	} {
		if err := l.w.exec(t.Context(), "test", "issues", s); err != nil {
			t.Fatal(err)
		}
	}
	l.tighten(tight)
	changed := groups * rowGroup / 1000
	for version := int64(2); version <= 3; version++ {
		l.stageEvery(version, 1000, changed, func(int64) string { return `{}` })
		if _, err := l.w.Commit(t.Context(), load.Commit{State: state.New("jira"), Run: state.Run{ID: l.run, Pipeline: "jira", Outcome: "running"}}); err != nil {
			t.Fatal(err)
		}
		if got := count(t, l.w, fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE summary = 'version %d' AND id %% 1000 = 0", version)); got != changed {
			t.Errorf("%d of %d rows are of version %d", got, changed, version)
		}
	}
	if got := count(t, l.w, "SELECT COUNT(DISTINCT id) FROM issues"); got != groups*rowGroup-1 {
		t.Errorf("%d issues, want %d", got, groups*rowGroup-1)
	}
	if l.w.memory.bytes <= tight {
		t.Error("the limit did not follow")
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}

	l.w = open(t, l.w.opts) // what was deleted is read from the file now
	l.tighten(tight)
	err := l.w.withRoom(t.Context(), func() error { return l.w.exec(t.Context(), "look at", "issues", "SELECT COUNT(*) FROM issues") })
	if err != nil || l.w.memory.bytes <= tight {
		t.Errorf("read with a limit of %d: %v", l.w.memory.bytes, err)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// What DuckDB says when it came to its limit, of a statement and of a COMMIT (the first of
// the two was seen with 10,000 issues of 50 KB), and what it says otherwise.
func TestOutOfMemoryIsRecognized(t *testing.T) {
	for text, want := range map[string]bool{
		"Out of Memory Error: failed to pin block of size 256.0 KiB (94.8 MiB/95.3 MiB used)":                              true,
		"TransactionContext Error: Failed to commit: failed to pin block of size 256.0 KiB (141.9 MiB/142.0 MiB used)":     true,
		"TransactionContext Error: Failed to commit: could not allocate block of size 16.0 KiB (141.9 MiB/142.0 MiB used)": true,
		"TransactionContext Error: Failed to commit: Could not write file: No space left on device":                        false,
	} {
		if got := outOfMemory(errors.New(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if outOfMemory(nil) {
		t.Error("no error is one of memory")
	}
}

// following opens a file whose limit nobody stated, and makes the issues table.
func following(t *testing.T, path string) *loader {
	t.Helper()
	return prepared(t, open(t, unstated(path)), "1")
}

// unstated are the options that open a file whose limit nobody stated.
func unstated(path string) Options {
	opts := options(path)
	opts.MemoryLimit, opts.Threads = "", 1
	return opts
}

// tighten sets a limit as if it followed from the columns.
func (l *loader) tighten(bytes int64) {
	l.Helper()
	l.w.memory.set(bytes)
	if err := l.w.exec(context.Background(), "test", "", limit(l.w.memory.get())); err != nil {
		l.Fatal(err)
	}
}
