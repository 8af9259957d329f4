package duckdb

import (
	"fmt"
	"path/filepath"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/stages/load/viewtest"
	"snowdrift/state"
)

// fields returns n custom fields.
func fields(n int) []table.Field {
	var out []table.Field
	for i := range n {
		out = append(out, table.Field{ID: fmt.Sprint("customfield_", 10000+i), Name: fmt.Sprint("Field ", i), Type: "number"})
	}
	return out
}

// start makes all tables, the views, and commits a state: what a first run does
// beside loading rows.
func start(tb testing.TB, path string, custom int) {
	tb.Helper()
	w, err := Open(tb.Context(), options(path))
	if err != nil {
		tb.Fatal(err)
	}
	columns, ledger := table.Custom(table.DefaultSite, fields(custom), nil)
	tables := viewtest.Tables()
	tables[0] = table.Issues(columns, nil)
	st := state.New("jira")
	st.Columns = ledger
	job := load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "1"}
	for _, err := range []error{
		w.Acquire(tb.Context(), job), w.Prepare(tb.Context(), tables),
		w.MakeViews(tb.Context(), load.Views(table.DefaultSite, tables[0], ledger)),
	} {
		if err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := w.Commit(tb.Context(), load.Commit{State: st, Run: state.Run{ID: "1", Pipeline: "jira", Outcome: "running"}}); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkStart is what a run into a new file, and into one that has all tables,
// costs before and after the rows.
func BenchmarkStart(b *testing.B) {
	for _, custom := range []int{50, 1700} {
		b.Run(fmt.Sprintf("columns=%d/new", custom), func(b *testing.B) {
			for b.Loop() {
				start(b, filepath.Join(b.TempDir(), "jira.duckdb"), custom)
			}
		})
		b.Run(fmt.Sprintf("columns=%d/again", custom), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "jira.duckdb")
			start(b, path, custom)
			for b.Loop() {
				start(b, path, custom)
			}
		})
	}
}
