package duckdb

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// withErrors prepares the table of value errors beside that of issues.
func (l *loader) withErrors() {
	l.Helper()
	if err := l.w.Prepare(context.Background(), []*table.Table{l.t, table.ValueErrors()}); err != nil {
		l.Fatal(err)
	}
}

// commitErrors commits issues from one id to another, each with a value error that
// names the version.
func (l *loader) commitErrors(version string, from, to int64) {
	l.Helper()
	l.commitTexts(from, to, func(int64) string { return version })
}

// commitTexts commits issues from one id to another, each with a value error of its texts.
func (l *loader) commitTexts(from, to int64, text func(id int64) string) {
	l.Helper()
	l.stageTexts(from, to, text)
	if _, err := l.w.Commit(context.Background(), l.what(1)); err != nil {
		l.Fatal(err)
	}
}

// stageTexts stages what commitTexts commits.
func (l *loader) stageTexts(from, to int64, text func(id int64) string) {
	l.Helper()
	issues, errors := stages.NewRows(l.t), stages.NewRows(table.ValueErrors())
	ofIssues, ofErrors := places(l.t), places(table.ValueErrors())
	for id := from; id <= to; id++ {
		issues.SetInt(ofIssues[table.ID], id)
		issues.SetInt(ofIssues[table.Hash], int64(len(text(id))))
		issues.SetString(ofIssues[table.Raw], "{}")
		issues.End(id)
		errors.SetInt(ofErrors[table.IssueID], id)
		for _, name := range []string{"field_id", "table_name", "column_name", "reason"} {
			errors.SetString(ofErrors[name], text(id))
		}
		errors.End(id)
	}
	l.handOver(issues, errors)
}

// deletions returns options whose log notes the tables of which rows are deleted.
func deletions(t *testing.T, path string) (Options, *[]string) {
	opts, of := options(path), &[]string{}
	opts.Log = slog.New(listener{slog.DiscardHandler, func(sql string) {
		if name, found := strings.CutPrefix(sql, `DELETE FROM "`); found {
			if name, _, _ = strings.Cut(name, `"`); !strings.HasPrefix(name, "_snowdrift_") || name == table.ValueErrors().Name {
				*of = append(*of, name)
			}
		}
	}})
	return opts, of
}

// TestFirstLoadLooksForNothing: a first load deletes nothing, and the commits of a
// later one as little if their issues are new to tables that it found empty.
func TestFirstLoadLooksForNothing(t *testing.T) {
	opts, deleted := deletions(t, filepath.Join(t.TempDir(), "jira.duckdb"))
	l := prepared(t, open(t, opts), "run 1")
	l.withErrors()
	l.w.mostChunks = 1 // the file is attached anew between commits
	l.commitErrors("v", 1, 10)
	l.commitErrors("v", 11, 20)
	if len(*deleted) > 0 {
		t.Errorf("a first load deleted from %v", *deleted)
	}
	l.commitErrors("v2", 20, 25)
	if want := []string{"issues", table.ValueErrors().Name}; !slices.Equal(*deleted, want) {
		t.Errorf("rows were deleted from %v, want %v", *deleted, want)
	}
	if n := count(t, l.w, `SELECT COUNT(*) FROM _snowdrift_value_errors WHERE reason = 'v2'`); n != 6 {
		t.Errorf("%d rows of the second version, want 6", n)
	}
	if n := count(t, l.w, `SELECT COUNT(*) FROM _snowdrift_value_errors`); n != 25 {
		t.Errorf("%d value errors of 25 issues", n)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRemovedByHand: child rows of which somebody removed the issue by hand, before a
// run or while it did not hold the file, are replaced when the issue comes again.
func TestRemovedByHand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	byHand := func() {
		t.Helper()
		other := open(t, options(path))
		if _, err := other.conn.ExecContext(t.Context(), `DELETE FROM issues`); err != nil {
			t.Fatal(err)
		}
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
	opts := options(path)
	during := false
	opts.Log = slog.New(listener{slog.DiscardHandler, func(sql string) {
		if during && strings.HasPrefix(sql, "ATTACH") {
			during = false
			byHand()
		}
	}})
	l := prepared(t, open(t, opts), "run 1")
	l.withErrors()
	l.w.mostChunks = 1
	l.commitErrors("v", 1, 10)
	during = true
	l.commitErrors("v", 1, 10)
	if n := count(t, l.w, `SELECT COUNT(*) FROM _snowdrift_value_errors`); during || n != 10 {
		t.Errorf("%d value errors of 10 issues that were removed while the file was free", n)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
	byHand()
	l = prepared(t, open(t, options(path)), "run 2")
	l.withErrors()
	l.commitErrors("v", 1, 10)
	if n := count(t, l.w, `SELECT COUNT(*) FROM _snowdrift_value_errors`); n != 10 {
		t.Errorf("%d value errors of 10 issues that were removed before the run", n)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}
