package duckdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// test is what a loader needs of a test; the process that is to be killed has
// its own.
type test interface {
	Helper()
	Fatal(args ...any)
	TempDir() string
}

// loader loads generated issues into a warehouse.
type loader struct {
	test
	w   *Warehouse
	run string
	t   *table.Table
	dir string
}

// prepared acquires a warehouse for a run and makes the issues table.
func prepared(t test, w *Warehouse, run string) *loader {
	t.Helper()
	l := &loader{test: t, w: w, run: run, t: table.Issues(nil, nil), dir: t.TempDir()}
	ctx := context.Background()
	for _, err := range []error{w.Acquire(ctx, load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: run}), prepareIn(ctx, w, []*table.Table{l.t})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// stage stages issues 1 to n, all with a version as their updated, hash and
// summary.
func (l *loader) stage(version, n int64, raw func(id int64) string) {
	l.Helper()
	l.stageEvery(version, 1, n, raw)
}

// stageEvery stages n issues whose ids are multiples of a step.
func (l *loader) stageEvery(version, step, n int64, raw func(id int64) string) {
	l.Helper()
	columns := places(l.t)
	r := stages.NewRows(l.t)
	for id := step; id <= n*step; id += step {
		r.SetInt(columns[table.ID], id)
		r.SetInt(columns[table.Updated], version)
		r.SetInt(columns[table.Hash], version)
		r.SetString(columns["summary"], fmt.Sprint("version ", version))
		r.SetString(columns[table.Raw], raw(id))
		r.End(id)
	}
	l.handOver(r)
}

// places returns the indexes of the columns of staged rows, by name.
func places(t *table.Table) map[string]int {
	columns := map[string]int{}
	for i, c := range t.Staged() {
		columns[c.Name] = i
	}
	return columns
}

// handOver stages rows, in files of their own.
func (l *loader) handOver(sets ...*stages.Rows) {
	l.Helper()
	b := batch.New(batch.Options{Dir: l.dir, Prefix: l.run, FileSize: 1 << 30, Format: l.w.Format()})
	for _, r := range sets {
		if err := b.Write(r); err != nil {
			l.Fatal(err)
		}
	}
	if err := b.Flush(); err != nil {
		l.Fatal(err)
	}
	for _, f := range b.Closed() {
		if err := l.w.Stage(context.Background(), f); err != nil {
			l.Fatal(err)
		}
	}
}

// commit stages and commits issues, and a state that names the version.
func (l *loader) commit(version, n int64) {
	l.Helper()
	l.stage(version, n, func(id int64) string { return fmt.Sprintf(`{"id":"%d"}`, id) })
	if _, err := l.w.Commit(context.Background(), l.what(version)); err != nil {
		l.Fatal(err)
	}
}

func (l *loader) what(version int64) load.Commit {
	s := state.New("jira")
	s.Cursor, s.Commit = version, fmt.Sprintf("%s/%d", l.run, version)
	began := time.Unix(0, 0)
	return load.Commit{State: s, Run: state.Run{ID: l.run, Pipeline: "jira", Started: began, Ended: &began, Outcome: "complete"}}
}

// A run whose lease was taken over cannot commit.
func TestLostLease(t *testing.T) {
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	defer w.Close()
	l := prepared(t, w, "run 1")
	l.commit(1, 3)
	if _, err := w.conn.ExecContext(context.Background(), `UPDATE "_snowdrift_lease" SET "run_id" = 'run 2', "fence" = "fence" + 1`); err != nil {
		t.Fatal(err)
	}
	l.stage(2, 3, func(int64) string { return "{}" })
	if _, err := w.Commit(context.Background(), l.what(2)); !errors.Is(err, load.ErrLeaseLost) {
		t.Errorf("got %v, want %v", err, load.ErrLeaseLost)
	}
	if n := count(t, w, `SELECT COUNT(*) FROM issues WHERE summary = 'version 1'`); n != 3 {
		t.Errorf("%d rows of the commit before, want 3", n)
	}
	s, err := w.State(context.Background(), "jira")
	if err != nil || s.Cursor != 1 {
		t.Errorf("state %+v, %v", s, err)
	}
}

// Documents that are legal and that fast readers refuse are taken over as they
// are, and can be queried.
func TestHostileDocuments(t *testing.T) {
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	defer w.Close()
	l := prepared(t, w, "run 1")
	documents := []string{
		`{"id":"1","fields":{"n":1e400,"m":-1E-400,"i":12345678901234567890123}}`,
		`{"id":"2","fields":{"nul":"a\u0000b","c":"\u0001"}}`,
		`{"id":"3","a":1,"a":2}`,
		`{"id":"4","deep":` + strings.Repeat(`[`, 200) + strings.Repeat(`]`, 200) + `}`,
		`{"id":"5","long":"` + strings.Repeat("x", 3<<20) + `"}`,
	}
	l.stage(1, int64(len(documents)), func(id int64) string { return documents[id-1] })
	if _, err := w.Commit(context.Background(), l.what(1)); err != nil {
		t.Fatal(err)
	}
	for i, want := range documents {
		rows, err := w.Query(context.Background(), fmt.Sprintf(`SELECT CAST(_raw AS VARCHAR), _raw->>'id' FROM issues WHERE id = %d`, i+1))
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range rows.All() {
			if err != nil || row[0] != want || row[1] != fmt.Sprint(i+1) {
				t.Errorf("document %d: %.80v, id %v, %v", i+1, row[0], row[1], err)
			}
		}
	}
}

// An error for want of memory says which setting to raise, and changes nothing.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	w := open(t, opts)
	defer w.Close()
	l := prepared(t, w, "run 1")
	l.commit(1, 3)
	if _, err := w.conn.ExecContext(context.Background(), `SET memory_limit = '4MB'`); err != nil {
		t.Fatal(err)
	}
	l.stage(2, 40, func(int64) string { return `{"x":"` + strings.Repeat("x", 2<<20) + `"}` })
	_, err := w.Commit(context.Background(), l.what(2))
	var refusal *load.Error
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Hint, "memory_limit") {
		t.Fatalf("got %v, want an error with a hint at memory_limit", err)
	}
	if _, err := w.conn.ExecContext(context.Background(), `SET memory_limit = '200MB'`); err != nil {
		t.Fatal(err)
	}
	if n := count(t, w, `SELECT COUNT(*) FROM issues WHERE summary = 'version 1'`); n != 3 {
		t.Errorf("%d rows of the commit before, want 3", n)
	}
}

// What DuckDB may use follows from the columns of the tables, unless it is said.
func TestMemoryLimitByColumns(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for _, c := range []struct {
		stated  string
		columns int
		threads int
		want    string
	}{{"", 100, 1, "159.2 MiB"}, {"", 300, 1, "206.9 MiB"}, {"", 1500, 1, "504.4 MiB"}, {"", 1500, 2, "1008.9 MiB"}, {"80MB", 1500, 1, "76.2 MiB"}} {
		opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
		opts.MemoryLimit, opts.Threads = c.stated, c.threads
		w := open(t, opts)
		limit := func() (text string) {
			if err := w.conn.QueryRowContext(ctx, "SELECT current_setting('memory_limit')").Scan(&text); err != nil {
				t.Fatal(err)
			}
			return text
		}
		custom, _ := table.Custom(table.DefaultSite, fields(c.columns-len(table.Issues(nil, nil).Columns)), nil)
		if err := w.Prepare(ctx, []*table.Table{table.Issues(custom, nil)}); err != nil {
			t.Fatal(err)
		}
		if got := limit(); got != c.want {
			t.Errorf("%d columns, stated %q, %d threads: a limit of %s, want %s", c.columns, c.stated, c.threads, got, c.want)
		}
		w.shrink(ctx)
		if got := limit(); got != c.want {
			t.Errorf("after a commit: a limit of %s, want %s", got, c.want)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Calls in an order that makes no sense are errors, not panics, and lose nothing.
func TestWithoutPrepare(t *testing.T) {
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	defer w.Close()
	l := &loader{test: t, w: w, run: "run 1", t: table.Issues(nil, nil), dir: t.TempDir()}
	if err := w.Acquire(context.Background(), load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "run 1"}); err != nil {
		t.Fatal(err)
	}
	l.stage(1, 3, func(int64) string { return "{}" })
	if _, err := w.Commit(context.Background(), l.what(1)); err == nil {
		t.Error("files were staged, no table was prepared, and the commit succeeded")
	}
	if d, err := w.Diff(context.Background()); err == nil {
		t.Errorf("a table that was not prepared was compared: %+v", d)
	}
}

// TestTwoRows: of an issue that has two rows, since somebody put one back by hand, the
// next commit that writes it leaves one, and no row of another issue or of a child table
// is there twice, whatever is staged beside it.
func TestTwoRows(t *testing.T) {
	t.Parallel()
	for staged := int64(1); staged <= 3; staged++ {
		w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
		l := prepared(t, w, "run 1")
		errs := table.ValueErrors()
		if err := prepareIn(t.Context(), w, []*table.Table{l.t, errs}); err != nil {
			t.Fatal(err)
		}
		// stage brings issue 1 as of a version, and others as they were, with a child each.
		stage := func(version, n int64) {
			issues, children := stages.NewRows(l.t), stages.NewRows(errs)
			columns, of := places(l.t), places(errs)
			for id := int64(1); id <= n; id++ {
				issues.SetInt(columns[table.ID], id)
				issues.SetInt(columns[table.Updated], version)
				issues.SetInt(columns[table.Hash], version)
				issues.SetString(columns["summary"], fmt.Sprint("version ", version))
				issues.SetString(columns[table.Raw], "{}")
				issues.End(id)
				for _, text := range []string{"field_id", "table_name", "column_name", "reason"} {
					children.SetString(of[text], "x")
				}
				children.SetInt(of[table.IssueID], id)
				children.End(id)
				version = 1
			}
			l.handOver(issues, children)
		}
		stage(1, 3)
		if _, err := w.Commit(t.Context(), l.what(1)); err != nil {
			t.Fatal(err)
		}
		if err := w.exec(t.Context(), "test", "", `INSERT INTO issues SELECT * FROM issues WHERE id = 1`); err != nil {
			t.Fatal(err)
		}
		stage(2, staged)
		if _, err := w.Commit(t.Context(), l.what(2)); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM issues`:                                  3,
			`SELECT COUNT(DISTINCT id) FROM issues`:                        3,
			`SELECT COUNT(*) FROM issues WHERE summary = 'version 2'`:      1,
			`SELECT COUNT(*) FROM _snowdrift_value_errors`:                 3,
			`SELECT COUNT(DISTINCT issue_id) FROM _snowdrift_value_errors`: 3,
		} {
			if got := count(t, w, query); got != want {
				t.Errorf("%d issues staged: %s: %d, want %d", staged, query, got, want)
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

// warnings is a listener that keeps the warnings, too.
type warnings struct {
	listener
	texts *[]string
}

func (h warnings) Handle(ctx context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		*h.texts = append(*h.texts, r.Message)
	}
	return h.listener.Handle(ctx, r)
}

// TestFileThatStays: a commit that happened is none that failed, though a file of it
// cannot be removed: a warning says so, and the file is not loaded once more.
func TestFileThatStays(t *testing.T) {
	t.Parallel()
	var staged string // for COMMIT to become a directory that is not empty
	var said []string
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.Log = slog.New(warnings{listener{slog.DiscardHandler, func(sql string) {
		if sql == "COMMIT" && staged != "" {
			if err := errors.Join(os.Remove(staged), os.MkdirAll(filepath.Join(staged, "full"), 0o700)); err != nil {
				t.Error(err)
			}
		}
	}}, &said})
	w := open(t, opts)
	l := prepared(t, w, "run 1")
	l.stage(1, 3, text)
	staged = w.staged[l.t.Name][0].Path
	result, err := w.Commit(t.Context(), l.what(1))
	if err != nil || result.Rows[l.t.Name] != 3 || result.Digest.Count != 3 {
		t.Errorf("a commit: %+v, %v", result, err)
	}
	if len(said) != 1 || !strings.Contains(said[0], "not removed") {
		t.Errorf("warnings %q, want one of the file", said)
	}
	staged = ""
	l.dir = t.TempDir()
	l.commit(2, 4)
	if n := count(t, w, `SELECT COUNT(*) FROM issues WHERE summary = 'version 2'`); n != 4 || len(said) != 1 {
		t.Errorf("%d issues after the next commit, want 4; warnings %q", n, said)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}
