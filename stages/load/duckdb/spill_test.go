package duckdb

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/workdir"
)

// numbers are rows that take more memory than the readers here have.
func numbers(from int) string {
	return fmt.Sprintf("SELECT range AS n, md5(range::VARCHAR) AS s FROM range(%d, %[1]d + 1500000)", from)
}

// sums sums up such rows.
func sums(t *testing.T, w *Warehouse, from string) (text string) {
	t.Helper()
	query := "SELECT COUNT(*) || ' ' || SUM(n) || ' ' || BIT_XOR(hash(n, s)) FROM " + from
	if err := w.conn.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// spill makes a table for which there is no room in memory, and returns the files that it
// went to.
func spill(t *testing.T, w *Warehouse, from int) (files []string) {
	t.Helper()
	if err := w.exec(t.Context(), "test", "", "CREATE TEMPORARY TABLE spilled AS "+numbers(from)); err != nil {
		t.Fatal(err)
	}
	err := w.each(t.Context(), "SELECT path FROM duckdb_temporary_files()", nil, func(rows *sql.Rows) error {
		var path string
		err := rows.Scan(&path)
		files = append(files, path)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing was spilled: %v", err)
	}
	return files
}

// TestSpillApart: what those who read the file at once have spilled is in directories of
// their own, for this user alone. Each finds what it left, also when another one has ended,
// and nothing stays behind.
func TestSpillApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it's *.duckdb")
	if err := open(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	reading := options(path)
	reading.ReadOnly, reading.MemoryLimit, reading.Threads = true, "40MB", 1
	var readers []*Warehouse
	dirs := map[string]bool{}
	for n := range 3 {
		w := open(t, reading)
		readers = append(readers, w)
		files := spill(t, w, n)
		dir := filepath.Dir(files[0])
		if dirs[dir] { // to go on might end the process
			t.Fatalf("two readers spill to %s", dir)
		}
		dirs[dir] = true
		if !strings.HasPrefix(dir, path+".tmp-") {
			t.Errorf("reader %d spills to %s", n, dir)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", dir, info, err)
		}
	}
	if err := readers[2].Close(); err != nil {
		t.Error(err)
	}
	for n, w := range readers[:2] {
		if got, want := sums(t, w, "spilled"), sums(t, w, "("+numbers(n)+")"); got != want {
			t.Errorf("reader %d finds %s, and left %s", n, got, want)
		}
	}
	for _, w := range readers[:2] {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if left := beside(t, path); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// beside lists what lies beside a file.
func beside(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestSpillOfTheKilled: the next process that writes removes what one that was killed has
// left; not what belongs to one that lives, to another file or to somebody else.
func TestSpillOfTheKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	if err := open(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	killed := func(path string) {
		t.Helper()
		reader := exec.Command(os.Args[0])
		reader.Env = append(os.Environ(), readFile+"="+path)
		if _, err := reader.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		stdout, err := reader.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Start(); err != nil {
			t.Fatal(err)
		}
		if said, err := bufio.NewReader(stdout).ReadString('\n'); said != "open\n" {
			t.Fatalf("the reader: %s %v", said, err)
		}
		if err := reader.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := ignoreExit(reader.Wait()); err != nil {
			t.Fatal(err)
		}
	}
	other := path + ".tmp-2.duckdb" // is no directory of the first
	if err := open(t, options(other)).Close(); err != nil {
		t.Fatal(err)
	}
	killed(other)
	alive, err := workdir.Make(filepath.Dir(path), filepath.Base(path)+".tmp-*")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".tmp-1", 0o700); err != nil {
		t.Fatal(err)
	}
	want := beside(t, path)
	killed(path)
	left := beside(t, path)
	if len(left) != len(want)+1 {
		t.Fatalf("a reader that was killed left %v beside %v", left, want)
	}
	w := open(t, options(path))
	left = beside(t, path)
	left = slices.DeleteFunc(left, func(name string) bool { return name == filepath.Base(w.spill.Path) || strings.HasSuffix(name, ".wal") })
	if !slices.Equal(left, want) {
		t.Errorf("beside the file are %v, want %v", left, want)
	}
	for _, err := range []error{w.Close(), alive.Remove()} {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestNowhereToSpill: a file beside which no directory can be made, here since its name
// would be too long, is read all the same. A query that would have to spill says what
// could not be made.
func TestNowhereToSpill(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("j", 245))
	if err := open(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	reading := options(path)
	reading.ReadOnly, reading.MemoryLimit, reading.Threads = true, "40MB", 1
	w := open(t, reading)
	if n := count(t, w, "SELECT COUNT(*) FROM range(7)"); n != 7 {
		t.Errorf("counted %d, want 7", n)
	}
	err := w.exec(t.Context(), "test", "", "CREATE TEMPORARY TABLE spilled AS "+numbers(0))
	if err == nil || !strings.Contains(err.Error(), ".tmp-") {
		t.Errorf("a query that has to spill: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if left := beside(t, path); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
