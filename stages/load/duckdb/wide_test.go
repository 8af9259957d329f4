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
	inserts, opts := 0, options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.MemoryLimit, opts.Threads = "", 1
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
	for i := range 401 {
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
