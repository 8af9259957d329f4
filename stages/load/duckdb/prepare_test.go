package duckdb

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
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
		w.Acquire(tb.Context(), job), prepareIn(tb.Context(), w, tables),
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

// TestPrepareInTransactions: definitions are made in few transactions, of which
// none is long, for DuckDB keeps the table as it was before each statement.
func TestPrepareInTransactions(t *testing.T) {
	t.Parallel()
	const custom = 400
	var log bytes.Buffer
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	columns, ledger := table.Custom(table.DefaultSite, fields(custom), nil)
	issues := table.Issues(columns, nil)
	w := open(t, opts)
	if err := w.Acquire(t.Context(), load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "1"}); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	for _, err := range []error{prepareIn(t.Context(), w, []*table.Table{issues}), w.MakeViews(t.Context(), load.Views(table.DefaultSite, issues, ledger))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	transactions, comments, most, made := 0, 0, 0, 0
	for line := range strings.Lines(log.String()) {
		switch {
		case strings.Contains(line, "BEGIN TRANSACTION"):
			transactions, made = transactions+1, 0
		case strings.Contains(line, "COMMENT ON"):
			comments, made = comments+1, made+1
			most = max(most, made)
		}
	}
	if comments < 2*custom || most*custom > keptColumns || transactions > 7+comments*custom/keptColumns {
		t.Errorf("%d comments in %d transactions, %d in one of them", comments, transactions, most)
	}
	if got := count(t, w, "SELECT COUNT(*) FROM duckdb_columns() WHERE table_name = 'issues' AND comment IS NOT NULL"); got != int64(len(issues.Columns)) {
		t.Errorf("%d columns have comments, want %d", got, len(issues.Columns))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMistypedColumn: a column that a killed run left gives way to one of another
// type. If it holds something, it stays: with an error where its type tells that it was
// made for other values, and without one where somebody may have chosen it.
func TestMistypedColumn(t *testing.T) {
	t.Parallel()
	const refusal = `prepare table issues: column points is to be DOUBLE, and is VARCHAR with values in it; ALTER TABLE "issues" RENAME COLUMN "points" TO …`
	for _, c := range []struct {
		made, value   string
		asked         table.Type
		want, refusal string
	}{
		{"VARCHAR", "NULL", table.Float, "DOUBLE", ""},
		{"VARCHAR", "'many'", table.Float, "VARCHAR", refusal},
		{"DOUBLE", "1.5", table.Text, "DOUBLE", "column points is to be VARCHAR, and is DOUBLE with values in it"},
		{"DOUBLE", "NULL", table.Text, "VARCHAR", ""},
		{"HUGEINT", "1", table.Int, "HUGEINT", ""},
		{"DECIMAL(18,3)", "1", table.Float, "DECIMAL(18,3)", ""},
		{"VARCHAR", "'{}'", table.JSON, "VARCHAR", ""},
		{"JSON", "'[]'", table.List, "JSON", ""},
	} {
		w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
		prepare := func(custom ...table.Column) error {
			return prepareIn(t.Context(), w, []*table.Table{table.Issues(custom, nil)})
		}
		asked := table.Column{Name: "points", Type: c.asked, Field: "customfield_1", Doc: "Points."}
		for _, err := range []error{
			prepare(),
			w.exec(t.Context(), "test", "issues", "ALTER TABLE issues ADD COLUMN points "+c.made),
			w.exec(t.Context(), "test", "issues", "COMMENT ON COLUMN issues.points IS 'Points.'"),
			w.exec(t.Context(), "test", "issues", "INSERT INTO issues (id, _site, points) VALUES (1, 'jira', "+c.value+")"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		err := prepare(asked)
		if c.refusal == "" && err != nil || c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)) {
			t.Errorf("%s with %s: error %v", c.made, c.value, err)
		}
		have, err := w.catalog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := have["issues"]["points"]; got != (column{c.want, "Points."}) {
			t.Errorf("%s with %s: the column is %v, want %s", c.made, c.value, got, c.want)
		}
		if c.refusal != "" { // what the error says
			if err := w.exec(t.Context(), "test", "issues", "ALTER TABLE issues RENAME COLUMN points TO before"); err != nil {
				t.Fatal(err)
			}
			if err := prepare(asked); err != nil {
				t.Error(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// prepareIn makes tables in a file.
func prepareIn(ctx context.Context, w *Warehouse, tables []*table.Table) error {
	err := w.Prepare(ctx, tables)
	return err
}
