package duckdb

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// TestUpgrade: a file of a version that knew one site is read as it is, and
// taken over by the next run. Its rows are those of the default site.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "jira.duckdb")
	points := table.Assignment{Field: "customfield_1", Type: table.Float, Column: "points", Name: "Points"}
	w := open(t, options(path))
	l := prepared(t, w, "run 1")
	l.stage(1, 3, text)
	s := state.New("jira")
	s.Columns, s.Commit = []table.Assignment{points}, "run 1/1"
	if _, err := w.Commit(ctx, load.Commit{State: s, Run: state.Run{ID: "run 1", Pipeline: "jira"}}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`ALTER TABLE "issues" DROP COLUMN "_site"`, `ALTER TABLE "_snowdrift_columns" DROP COLUMN "site"`} {
		if err := w.exec(ctx, "make an old file", "", sql); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	readOnly := options(path)
	readOnly.ReadOnly = true
	w = open(t, readOnly)
	if got, err := w.State(ctx, "jira"); err != nil || !slices.Equal(got.Columns, s.Columns) {
		t.Errorf("read as it is: %v, %v", got, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	w = open(t, options(path))
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	l = prepared(t, w, "run 2")
	for version, n := range []int64{3, 1} { // first what is there
		l.stage(int64(version+1), n, text)
		r, err := w.Commit(ctx, load.Commit{Run: state.Run{ID: "run 2", Pipeline: "jira"}})
		if err != nil || r.Rows["issues"] != int64(version) || r.Digest.Count != 3 {
			t.Errorf("version %d: %+v, %v", version+1, r, err)
		}
	}
	rows, err := w.Query(ctx, `SELECT concat_ws(' ', id, _site, summary, _run_id) FROM issues ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, row[0].(string))
	}
	if want := []string{"1 jira version 2 run 2", "2 jira version 1 run 1", "3 jira version 1 run 1"}; !slices.Equal(got, want) {
		t.Errorf("got %s", strings.Join(got, ", "))
	}
}

// text is a small document.
func text(int64) string { return `{}` }
