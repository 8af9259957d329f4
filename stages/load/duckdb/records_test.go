package duckdb

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/stages/load/viewtest"
)

// TestRecordsAreDescribed: the tables of our own records have the columns that are
// described, no others, with comments; those of a file of an earlier version get them,
// and a run that finds them writes none.
func TestRecordsAreDescribed(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, run := range []struct {
		before   string // what an earlier version left
		comments int
	}{
		{"", 25}, {"", 0},
		{"COMMENT ON COLUMN _snowdrift_runs.outcome IS NULL", 2}, // the table's own among them
		{"", 0},
	} {
		w := open(t, opts)
		if run.before != "" {
			if err := w.exec(t.Context(), "test", "", run.before); err != nil {
				t.Fatal(err)
			}
		}
		log.Reset()
		if err := w.Acquire(t.Context(), load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "run"}); err != nil {
			t.Fatal(err)
		}
		if err := prepareIn(t.Context(), w, viewtest.Tables()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(log.String(), `op=document on="our records"`); n != run.comments {
			t.Errorf("%q: %d comments, want %d", run.before, n, run.comments)
		}
		wantDescribed(t, w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func wantDescribed(t *testing.T, w *Warehouse) {
	t.Helper()
	have, err := w.catalog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range table.Records() {
		if n := len(have[r.Name]); n != len(r.Columns) {
			t.Errorf("%s has %d columns, described are %d", r.Name, n, len(r.Columns))
		}
		for _, c := range r.Columns {
			if is := have[r.Name][c.Name]; is.kind != Dialect.Types[c.Type] || is.comment != c.Doc {
				t.Errorf("%s.%s is %+v", r.Name, c.Name, is)
			}
		}
		var comment string
		if err := w.conn.QueryRowContext(t.Context(), "SELECT comment FROM duckdb_tables() WHERE table_name = ?", r.Name).Scan(&comment); err != nil || comment != r.Doc {
			t.Errorf("%s: %q, %v", r.Name, comment, err)
		}
	}
}
