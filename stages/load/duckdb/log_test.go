package duckdb

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// logOf returns the log that a killed run leaves, of statements that were committed
// after others.
func logOf(t *testing.T, before, statement string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	w := open(t, options(path))
	for _, s := range []string{before, "CHECKPOINT", statement} {
		if err := w.exec(t.Context(), "test", "", s); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.ReadFile(path + ".wal")
	if err != nil || len(log) == 0 {
		t.Fatalf("a log of %d bytes, %v", len(log), err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return log
}

// TestLogLeft: a database is not made beside the log of one that was removed, which
// would bring back what was in that, nor in the place of an empty file; nobody changes
// anything, and who reads is told the same.
func TestLogLeft(t *testing.T) {
	log := logOf(t, "SELECT 1", "CREATE TABLE old AS SELECT 1 AS id")
	for _, empty := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "jira.duckdb")
		there := 1
		if empty {
			there = 2
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(path+".wal", log, 0o600); err != nil {
			t.Fatal(err)
		}
		reading := options(path)
		reading.ReadOnly = true
		refused := []error{wantRefused(t, options(path)), wantRefused(t, reading), Rehearse(t.Context(), options(path), t.TempDir())}
		for i, err := range refused {
			if !errors.Is(err, errLogLeft) || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path+".wal is the log") || !strings.Contains(err.Error(), "remove the log too") {
				t.Errorf("empty file %t, attempt %d: %v", empty, i, err)
			}
		}
		if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != there {
			t.Errorf("empty file %t: %v are there, %v", empty, left, err)
		}
		if after, err := os.ReadFile(path + ".wal"); err != nil || !bytes.Equal(after, log) {
			t.Errorf("empty file %t: the log was changed, %v", empty, err)
		}
		if err := os.Remove(path + ".wal"); err != nil {
			t.Fatal(err)
		}
		w := open(t, options(path))
		if n := count(t, w, "SELECT COUNT(*) FROM duckdb_tables()"); n != 0 {
			t.Errorf("empty file %t: the new file has %d tables", empty, n)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogLeftMeanwhile: the log is looked for once more before the file that was made
// takes the place of an empty one, and a run that made file and log first keeps both.
func TestLogLeftMeanwhile(t *testing.T) {
	for content, want := range map[string]error{"": errLogLeft, "made first": nil} {
		path := filepath.Join(t.TempDir(), "jira.duckdb")
		for name, text := range map[string]string{path: content, path + ".wal": "a log"} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := makeFile(t.Context(), path); !errors.Is(err, want) {
			t.Errorf("beside %q: %v, want %v", content, err, want)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != content {
			t.Errorf("%q became %q, %v", content, text, err)
		}
	}
}

// TestLogOfAnotherFile: a log that does not fit is refused by DuckDB, with words that
// say nothing of the log's being another's.
func TestLogOfAnotherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	if err := open(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	log := logOf(t, "CREATE TABLE old (id BIGINT)", "INSERT INTO old VALUES (1)")
	if err := os.WriteFile(path+".wal", log, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := wantRefused(t, options(path)); e.Hint != hintLog {
		t.Errorf("no hint: %v", e)
	}
}

// TestLogOfAKilledRun: a log beside its own file is what a killed run leaves, and is
// no hindrance.
func TestLogOfAKilledRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	w := open(t, options(path))
	if err := w.exec(t.Context(), "test", "", "CREATE TABLE mine AS SELECT 1 AS id"); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", ".wal"} {
		content, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+".copy"+end, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open(t, options(path+".copy"))
	if n := count(t, w, "SELECT COUNT(*) FROM mine"); n != 1 {
		t.Errorf("%d rows of what was in the log", n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
