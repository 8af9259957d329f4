package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	driver "github.com/duckdb/duckdb-go/v2"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
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

// looks returns options whose log counts how often rows of staged issues are looked for.
func looks(path string) (Options, *int) {
	opts, n := options(path), new(int)
	opts.Log = slog.New(listener{slog.DiscardHandler, func(sql string) {
		if strings.HasPrefix(sql, `INSERT INTO "_snowdrift_changed"`) {
			*n++
		}
	}})
	return opts, n
}

// commitIDs commits readings of issues in the order of their ids, each of a version.
func (l *loader) commitIDs(version int64, ids ...int64) error {
	l.Helper()
	l.stageIDs(version, ids...)
	_, err := l.w.Commit(context.Background(), l.what(version))
	return err
}

// stageIDs stages what commitIDs commits.
func (l *loader) stageIDs(version int64, ids ...int64) {
	l.Helper()
	columns, r := places(l.t), stages.NewRows(l.t)
	for i, id := range ids {
		r.SetInt(columns[table.ID], id)
		r.SetInt(columns[table.Updated], version)
		r.SetInt(columns[table.Hash], version)
		r.SetString(columns["summary"], fmt.Sprint("version ", version))
		r.SetString(columns[table.Raw], "{}")
		r.End(int64(i))
	}
	l.handOver(r)
}

// holds fails unless issues has one row of each of so many issues, and so many of them
// are of the version.
func holds(t *testing.T, l *loader, issues, version, of int64) {
	t.Helper()
	for query, want := range map[string]int64{
		"SELECT COUNT(*) FROM issues":                                                    issues,
		"SELECT COUNT(DISTINCT id) FROM issues":                                          issues,
		fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE summary = 'version %d'", version): of,
	} {
		if got := count(t, l.w, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// TestFreshIssues: rows of issues are looked for only if this process has not seen to it
// that there are none.
func TestFreshIssues(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	opts, looked := looks(path)
	l := prepared(t, open(t, opts), "run 1")
	l.w.mostChunks = 1 // the file is attached anew between commits
	commit := func(looks int, version int64, ids ...int64) {
		t.Helper()
		before := *looked
		if err := l.commitIDs(version, ids...); err != nil {
			t.Fatal(err)
		}
		if got := *looked - before; got != looks {
			t.Errorf("version %d: rows were looked for %d times, want %d", version, got, looks)
		}
	}
	commit(0, 1, 1, 2, 3)
	commit(0, 2, 5, 4)
	holds(t, l, 5, 2, 2)
	commit(1, 3, 6, 5) // one has a row
	holds(t, l, 6, 3, 2)
	commit(1, 4, 7, 7) // two readings of one
	holds(t, l, 7, 4, 1)
	commit(1, 5, 7) // which has a row now
	holds(t, l, 7, 5, 1)
	commit(0, 6, 8)
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}

	l = prepared(t, open(t, opts), "run 2") // which has not seen them come
	commit(1, 7, 8)
	commit(1, 8, 9)
	holds(t, l, 9, 8, 1)
	if err := l.w.Acquire(t.Context(), load.Job{Pipeline: "other", Run: "run 3", Site: "other"}); err != nil {
		t.Fatal(err)
	}
	if err := l.w.Prepare(t.Context(), l.w.tables); err != nil {
		t.Fatal(err)
	}
	l.run = "run 3"
	before := *looked
	l.stageIDs(9, 8, 9, 10)
	what := l.what(9)
	what.Run.Pipeline = "other"
	if _, err := l.w.Commit(t.Context(), what); err != nil {
		t.Fatal(err)
	}
	if *looked != before {
		t.Error("rows of a site that had none were looked for")
	}
	if n := count(t, l.w, "SELECT COUNT(*) FROM issues WHERE _site = 'other'"); n != 3 {
		t.Errorf("%d rows of the other site, want 3", n)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// somebody runs statements in another instance of DuckDB, which then ends.
func somebody(t *testing.T, statements ...string) {
	t.Helper()
	connector, err := driver.NewConnector("", nil)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// whenFree returns options for a file, and a function after which something is done when
// the file is attached the next time. They count what looks does.
func whenFree(path string, do func()) (opts Options, next func(), looked *int) {
	opts, looked = looks(path)
	hear := opts.Log.Handler().(listener).hear
	due := false
	opts.Log = slog.New(listener{slog.DiscardHandler, func(sql string) {
		hear(sql)
		if due && strings.HasPrefix(sql, "ATTACH") {
			due = false
			do()
		}
	}})
	return opts, func() { due = true }, looked
}

// TestFreshNoMore: what somebody else wrote while the file was free is looked for, be it in
// the file or still in its log, and be it that the file could not be attached after it.
func TestFreshNoMore(t *testing.T) {
	t.Parallel()
	const row = "INSERT INTO issues BY NAME SELECT * REPLACE (4 AS id) FROM issues WHERE id = 1"
	for name, tt := range map[string]struct {
		before  []string
		refused bool // the context ends before the file is attached
	}{
		"in the file":         {nil, false},
		"in its log":          {[]string{"PRAGMA disable_checkpoint_on_shutdown"}, false},
		"attached in vain":    {nil, true},
		"in vain, in its log": {[]string{"PRAGMA disable_checkpoint_on_shutdown"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "jira.duckdb")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			opts, next, looked := whenFree(path, func() {
				somebody(t, append(tt.before, "ATTACH "+Dialect.Literal(path)+" AS jira", "USE jira", row)...)
				if tt.refused {
					cancel()
				}
			})
			l := prepared(t, open(t, opts), "run 1")
			l.w.mostChunks = 1
			if err := l.commitIDs(1, 1, 2); err != nil {
				t.Fatal(err)
			}
			next()
			l.stageIDs(2, 3, 4)
			_, err := l.w.Commit(ctx, l.what(2))
			if (err != nil) != tt.refused {
				t.Fatal(err)
			}
			if tt.refused {
				if _, err := l.w.Commit(t.Context(), l.what(2)); err != nil {
					t.Fatal(err)
				}
			}
			if *looked != 1 {
				t.Errorf("rows were looked for %d times, want once", *looked)
			}
			holds(t, l, 4, 2, 2)
			if err := l.w.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestFreshNoMoreAfterAFailure: what a commit that failed may have written is looked for.
func TestFreshNoMoreAfterAFailure(t *testing.T) {
	t.Parallel()
	opts, looked := looks(filepath.Join(t.TempDir(), "jira.duckdb"))
	l := prepared(t, open(t, opts), "run 1")
	lease := func(fence string) {
		t.Helper()
		if err := l.w.exec(t.Context(), "test", "", `UPDATE "_snowdrift_lease" SET "fence" = "fence" `+fence); err != nil {
			t.Fatal(err)
		}
	}
	lease("+ 1")
	if err := l.commitIDs(1, 1, 2); !errors.Is(err, load.ErrLeaseLost) {
		t.Fatalf("a commit ended with %v", err)
	}
	lease("- 1")
	if err := l.w.forget(l.t.Name); err != nil {
		t.Fatal(err)
	}
	if err := l.commitIDs(2, 3); err != nil {
		t.Fatal(err)
	}
	if *looked == 0 {
		t.Error("after a commit that failed nothing was looked for")
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}
