package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// wantRefused opens what must not open, and returns the error.
func wantRefused(t *testing.T, opts Options) *load.Error {
	t.Helper()
	w, err := Open(context.Background(), opts)
	if err == nil {
		t.Error(w.Close())
		t.Fatalf("%s was opened", opts.Path)
	}
	var refusal *load.Error
	if !errors.As(err, &refusal) || refusal.On != opts.Path {
		t.Fatalf("got %v, want a load.Error on %s", err, opts.Path)
	}
	return refusal
}

func TestNotADatabaseFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	text := strings.Repeat("This is no database.\n", 1000)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := wantRefused(t, options(path)); !strings.Contains(e.Hint, "destination.duckdb.path") {
		t.Errorf("%v: no hint", e)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != text {
		t.Errorf("the file was changed, %v", err)
	}
}

func TestNoSuchDirectory(t *testing.T) {
	dir := t.TempDir()
	e := wantRefused(t, options(filepath.Join(dir, "no", "such", "jira.duckdb")))
	if !errors.Is(e, fs.ErrNotExist) || !strings.HasPrefix(e.Hint, "make its directory") || strings.Count(e.Error(), dir) != 1 {
		t.Errorf("no such directory: %v", e)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, options(filepath.Join(file, "jira.duckdb")))
	wantRefused(t, options(dir))
}

// TestHints: what keeps DuckDB from its file most often is said with what to do.
// The texts are DuckDB's.
func TestHints(t *testing.T) {
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	defer w.Close()
	for text, want := range map[string]string{
		`IO Error: Cannot open file "jira.duckdb": Permission denied`:                                                 "let this user read and write",
		`IO Error: Cannot open file "jira.duckdb": Read-only file system`:                                             "name a file that can be written",
		`IO Error: Could not write file "jira.duckdb": No space left on device`:                                       "free space",
		`TransactionContext Error: Failed to commit: Could not write file "jira.duckdb.wal": No space left on device`: "free space",
		`IO Error: Could not set lock on file "jira.duckdb": File locks are not supported for this file system`:       "local disk",
		`IO Error: Failure while replaying WAL file "jira.duckdb.wal": Cannot open file: Permission denied`:           "let this user read and write",
		`IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2 in block`:              "remove both",
		`IO Error: Could not read enough bytes from file "jira.duckdb": attempted to read 16384 bytes`:                "remove both",
		`IO Error: Could not write file "jira.duckdb": Disk quota exceeded`:                                           "free space",
		`IO Error: Could not write file "jira.duckdb": File too large`:                                                "ulimit -f",
		`IO Error: Could not set lock on file "jira.duckdb": Conflicting lock is held in PID 0.`:                      "another container",
	} {
		var e *load.Error
		if err := load.ViewError(w.fail("commit", "jira", "COMMIT", w.openError(errors.New(text)))); !errors.As(err, &e) || !strings.Contains(e.Hint, want) {
			t.Errorf("%v, want a hint with %q", err, want)
		}
	}
}

// TestEmptyFile: what a full disk left of a file is no database yet, for who makes
// one and for who reads, and is replaced by one; of many runs at once by one. The
// file keeps its mode.
func TestEmptyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	reading := options(path)
	reading.ReadOnly = true
	if e := wantRefused(t, reading); !errors.Is(e, fs.ErrNotExist) {
		t.Errorf("for reading: %v", e)
	}
	if err := Rehearse(t.Context(), options(path), t.TempDir()); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("after a rehearsal: %v, %v", info, err)
	}
	if err := open(t, options(path)).Close(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o640 {
		t.Errorf("after a run: %v, %v", info, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestMakingFails: a file that could not be made is not there, so that the next run
// makes it.
func TestMakingFails(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	if w, err := Open(ctx, options(path)); err == nil {
		t.Fatal(w.Close())
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestUnwritableDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, options(filepath.Join(dir, "jira.duckdb")))
}

// A file that was there keeps the mode that its owner gave it.
func TestModeOfAFileThatIsThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	if err := open(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := open(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it's jira.duckdb")
	opts := options(path)
	opts.Schema = `my "jira"`
	reading := opts
	reading.ReadOnly = true
	if e := wantRefused(t, reading); !errors.Is(e, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", e)
	}
	w := open(t, opts)
	prepared(t, w, "run 1").commit(1, 5)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open(t, reading)
	defer w.Close()
	if got := count(t, w, `SELECT COUNT(*) FROM issues`); got != 5 {
		t.Errorf("%d issues, want 5", got)
	}
	if err := w.Acquire(context.Background(), load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "run 2"}); err == nil {
		t.Error("the lease of a file that is open for reading was taken")
	}
}

// count returns the number that a query yields.
func count(t *testing.T, w *Warehouse, sql string) int64 {
	t.Helper()
	rows, err := w.Query(context.Background(), sql)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		n = row[0].(int64)
	}
	return n
}

// The size of row groups bounds what a load holds in memory, and DuckDB does not
// keep it in the file: tables made when the file is opened again have to get it,
// too, and those that were there have to go on with it.
func TestRowGroupsOfAFileThatIsOpenedAgain(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	for i, statement := range []string{"CREATE TABLE numbers AS SELECT range AS n FROM range(10000)", "INSERT INTO numbers SELECT range FROM range(10000)"} {
		w, err := Open(ctx, options(path))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.conn.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
		if _, err := w.conn.ExecContext(ctx, "CHECKPOINT"); err != nil {
			t.Fatal(err)
		}
		var groups, most int
		row := w.conn.QueryRowContext(ctx, `SELECT COUNT(*), MAX(rows) FROM (SELECT row_group_id, SUM(count) AS rows FROM pragma_storage_info('numbers') WHERE segment_type = 'BIGINT' GROUP BY row_group_id)`)
		if err := row.Scan(&groups, &most); err != nil {
			t.Fatal(err)
		}
		if groups < 2*(i+1) || most > w.rowGroup {
			t.Errorf("opened %d times: %d row groups of up to %d rows", i+1, groups, most)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Texts that do not repeat are compressed in a file that we made, and in one that
// somebody else made in a form which has no zstd.
func TestCompressionOfTexts(t *testing.T) {
	ctx := context.Background()
	for made, want := range map[string]string{"": "ZSTD", "STORAGE_VERSION 'v1.0.0'": "FSST"} {
		opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
		if made != "" {
			other, err := sql.Open("duckdb", "")
			if err != nil {
				t.Fatal(err)
			}
			_, err = other.ExecContext(ctx, "ATTACH "+Dialect.Literal(opts.Path)+" AS made ("+made+")")
			if err := errors.Join(err, other.Close()); err != nil {
				t.Fatal(err)
			}
		}
		w := open(t, opts)
		for _, s := range []string{
			"CREATE TABLE texts AS SELECT 'Text number ' || range || ' is about the same as the one before it, and never repeats' AS body FROM range(10000)",
			"CHECKPOINT",
		} {
			if _, err := w.conn.ExecContext(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		if count(t, w, `SELECT COUNT(*) FROM pragma_storage_info('texts') WHERE compression = '`+want+`'`) == 0 {
			t.Errorf("made with %q: no texts are compressed with %s", made, want)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLargerRowGroups: a file whose row groups were larger, as other versions and
// other programs make them, is gone on with.
func TestLargerRowGroups(t *testing.T) {
	ctx := context.Background()
	for size, rows := range map[int]int{16384: 12_000, 122880: 100_000} {
		opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
		other, err := sql.Open("duckdb", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{
			fmt.Sprintf("ATTACH %s AS made (ROW_GROUP_SIZE %d)", Dialect.Literal(opts.Path), size),
			fmt.Sprintf("CREATE TABLE made.main.numbers AS SELECT range AS n, 'number ' || range AS name FROM range(%d)", rows),
			"DETACH made",
		} {
			if _, err := other.ExecContext(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
		const added = 20_000
		for range 2 {
			w := open(t, opts)
			for _, s := range []string{
				fmt.Sprintf("DELETE FROM numbers WHERE n >= %d", rows),
				fmt.Sprintf("INSERT INTO numbers SELECT %d + range, 'number ' || %[1]d + range FROM range(%[2]d)", rows, added),
				"CHECKPOINT",
			} {
				if _, err := w.conn.ExecContext(ctx, s); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			w = open(t, opts)
			if got := count(t, w, "SELECT COUNT(DISTINCT n) FROM numbers WHERE name = 'number ' || n"); got != int64(rows+added) {
				t.Errorf("row groups of %d: %d rows, want %d", size, got, rows+added)
			}
			if got := count(t, w, "SELECT CAST(MAX(rows) AS BIGINT) FROM (SELECT SUM(count) AS rows FROM pragma_storage_info('numbers') WHERE segment_type = 'BIGINT' GROUP BY row_group_id)"); got > int64(size) {
				t.Errorf("row groups of %d: one has %d rows now", size, got)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A lease is taken where the file has none of the pipeline, and DuckDB knows it of each
// row group by itself, though not of the table: one of pipelines before and behind it.
// Nor does a query by somebody fail there.
func TestLeaseBetweenOthers(t *testing.T) {
	ctx := t.Context()
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	for _, other := range []string{"a", "c"} {
		if err := w.Acquire(ctx, load.Job{Pipeline: other, Site: table.DefaultSite, Run: "run " + other}); err != nil {
			t.Fatal(err)
		}
		for _, s := range append([]string{"USE " + aside, "DETACH " + catalog}, w.attach(true)...) {
			if err := w.exec(ctx, "test", "", s); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	readOnly := w.opts
	readOnly.ReadOnly = true
	w = open(t, readOnly)
	if n := count(t, w, `SELECT COALESCE(MAX("fence"), -1) FROM "_snowdrift_lease" WHERE "pipeline" = 'b'`); n != -1 {
		t.Errorf("fence %d of a pipeline that has none", n)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open(t, options(w.opts.Path))
	if err := w.Acquire(ctx, load.Job{Pipeline: "b", Site: table.DefaultSite, Run: "run b"}); err != nil || w.fence != 1 {
		t.Errorf("fence %d, %v", w.fence, err)
	}
	if err := w.Acquire(ctx, load.Job{Pipeline: "a", Site: table.DefaultSite, Run: "run a2"}); err != nil || w.fence != 2 {
		t.Errorf("fence %d, %v", w.fence, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
