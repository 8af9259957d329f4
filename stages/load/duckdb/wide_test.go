package duckdb

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/table"
)

// TestWideTable: a table with many columns is written a row group at a time: of the
// files that fill one each is a statement of its own, and nothing is merged before the
// file is closed. What is changed later leaves no more row groups than it needs.
func TestWideTable(t *testing.T) {
	t.Parallel()
	inserts, opts := 0, unstated(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.Log = slog.New(listener{slog.DiscardHandler, func(sql string) {
		if strings.HasPrefix(sql, `INSERT INTO "issues"`) {
			inserts++
		}
	}})
	l := wideTable(t, open(t, opts), "run 1")
	if got := l.w.Format().IssueRows; got != wideRowGroup {
		t.Fatalf("files of %d rows are asked for, want %d", got, wideRowGroup)
	}
	l.commit(1, 2*wideRowGroup+500)
	if got, want := l.groups(), []int64{wideRowGroup, wideRowGroup, 500}; !reflect.DeepEqual(got, want) || inserts != len(want) {
		t.Errorf("row groups of %v rows by %d statements, want %v, each by one", got, inserts, want)
	}
	if got := count(t, l.w, "SELECT COUNT(*) FROM duckdb_settings() WHERE name IN ('threads', 'external_threads') AND value = '1'"); got != 2 {
		t.Error("the load leaves other threads than it found")
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}

	const runs = 6
	for run := int64(2); run < 2+runs; run++ {
		l = wideTable(t, open(t, opts), fmt.Sprint("run ", run))
		l.commit(run, 200)
		if got := count(t, l.w, fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE summary = 'version %d'", run)); got != 200 {
			t.Errorf("%d rows of version %d, want 200", got, run)
		}
		if err := l.w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	l.w = open(t, opts)
	if got := l.groups(); len(got) > 5 {
		t.Errorf("%d runs left row groups of %v rows", runs, got)
	}
	if got := count(t, l.w, "SELECT COUNT(DISTINCT id) FROM issues"); got != 2*wideRowGroup+500 {
		t.Errorf("%d issues, want %d", got, 2*wideRowGroup+500)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// wideTable is prepared with a table of issues that is wide.
func wideTable(t *testing.T, w *Warehouse, run string) *loader {
	t.Helper()
	l := prepared(t, w, run)
	for i := range mostColumns {
		l.t.Columns = append(l.t.Columns, table.Column{Name: fmt.Sprint("extra_", i), Type: table.Text, Doc: "Extra."})
	}
	if err := w.Prepare(context.Background(), []*table.Table{l.t}); err != nil {
		t.Fatal(err)
	}
	return l
}

// groups returns the numbers of rows of the row groups of issues.
func (l *loader) groups() (rows []int64) {
	l.Helper()
	found, err := l.w.Query(context.Background(), `SELECT CAST(SUM(count) AS BIGINT) FROM pragma_storage_info('issues')
WHERE column_name = 'id' AND segment_type = 'BIGINT' GROUP BY row_group_id ORDER BY row_group_id`)
	if err != nil {
		l.Fatal(err)
	}
	for row, err := range found.All() {
		if err != nil {
			l.Fatal(err)
		}
		rows = append(rows, row[0].(int64))
	}
	return rows
}

// TestRowGroupsByColumns: the more columns a table has, the smaller are its row groups.
func TestRowGroupsByColumns(t *testing.T) {
	for columns, want := range map[int]int{0: 6144, 200: 6144, 201: 4096, 400: 4096, 401: 2048, 5000: 2048} {
		w := &Warehouse{}
		if w.fitRowGroups(columns); w.rowGroup != want || w.wide() != (columns > 400) {
			t.Errorf("%d columns: row groups of %d, wide: %v; want %d", columns, w.rowGroup, w.wide(), want)
		}
	}
}

// TestTableThatBecomesWide: the rows that a table had before are those that it has, and
// new ones come into smaller row groups.
func TestTableThatBecomesWide(t *testing.T) {
	t.Parallel()
	opts := unstated(filepath.Join(t.TempDir(), "jira.duckdb"))
	l := prepared(t, open(t, opts), "run 1")
	l.commit(1, 6000)
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
	l = wideTable(t, open(t, opts), "run 2")
	l.commit(2, 2*wideRowGroup)
	for version, want := range map[int]int64{1: 6000 - 2*wideRowGroup, 2: 2 * wideRowGroup} {
		if got := count(t, l.w, fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE summary = 'version %d'", version)); got != want {
			t.Errorf("%d rows of version %d, want %d", got, version, want)
		}
	}
	if got, want := l.groups(), []int64{6000, wideRowGroup, wideRowGroup}; !reflect.DeepEqual(got, want) {
		t.Errorf("row groups of %v rows, want %v", got, want)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWideFileIsWrittenInItsOwnForm: a file gets the storage version that it needs with its
// first wide table, and keeps a newer one. Then not all that it knows of its row groups is
// read when a few rows are written to it.
func TestWideFileIsWrittenInItsOwnForm(t *testing.T) {
	t.Parallel()
	version := func(w *Warehouse) (v string) {
		t.Helper()
		if err := w.conn.QueryRowContext(t.Context(), "SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = 'jira'").Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	opts := unstated(filepath.Join(t.TempDir(), "jira.duckdb"))
	l := prepared(t, open(t, opts), "run 1")
	l.commit(1, 100)
	if got := version(l.w); got != "v1.2.0+" {
		t.Errorf("a file without wide tables is of version %s", got)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{"v1.2.0", "v1.5.0"} {
		opts.Path = filepath.Join(t.TempDir(), "jira.duckdb")
		db := open(t, unstated(filepath.Join(t.TempDir(), "aside.duckdb")))
		for _, s := range []string{"ATTACH " + Dialect.Literal(opts.Path) + " AS made (STORAGE_VERSION '" + made + "', BLOCK_SIZE 16384)", "DETACH made"} {
			if err := db.exec(t.Context(), "test", "", s); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		l := wideTable(t, open(t, opts), "run 1")
		l.commit(1, 12*wideRowGroup)
		if got, want := version(l.w), max(made, "v1.4.0")+"+"; got != want {
			t.Errorf("a file of version %s with a wide table is of version %s, want %s", made, got, want)
		}
		if _, err := l.w.attachAnew(t.Context(), attachFor); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"INSERT INTO issues BY NAME SELECT * REPLACE (0 AS id) FROM issues LIMIT 1", "CHECKPOINT"} {
			if err := l.w.exec(t.Context(), "test", "issues", s); err != nil {
				t.Fatal(err)
			}
		}
		used, err := l.w.used(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if used > 700_000 { // in version 1.2.0 it is 1,081,344
			t.Errorf("after a row was written to a file of version %s DuckDB holds %d bytes of it", made, used)
		}
		if err := l.w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFormChangedMeanwhile: a wide file that somebody brings into a newer form while it is
// free goes on in that.
func TestFormChangedMeanwhile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	opts, next, _ := whenFree(path, func() {
		somebody(t, "ATTACH "+Dialect.Literal(path)+" AS jira (STORAGE_VERSION 'v1.5.0')", "USE jira", "CREATE TABLE notes (n INT)")
	})
	opts.MemoryLimit = ""
	l := wideTable(t, open(t, opts), "run 1")
	l.w.mostChunks = 1
	l.commit(1, 100)
	next()
	l.commit(2, 200)
	if n := count(t, l.w, "SELECT COUNT(*) FROM issues WHERE summary = 'version 2'"); n != 200 {
		t.Errorf("%d rows, want 200", n)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}
