package snowflake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// TestIdle: a run that finds nothing to do wakes no warehouse and writes
// nothing.
func TestIdle(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	l.end()
	srv.SuspendWarehouse()
	wakes, from := srv.WarehouseWakes(), len(srv.Statements())

	l = start(t, srv, "r2")
	if st := l.readState(); st.Commit != "r1/1" || st.Cursor != 1 || len(st.Columns) != 1 || st.Digest.Count != 1 {
		t.Errorf("state %+v", st)
	}
	_, err := l.Commit(t.Context(), load.Commit{Run: l.entry()})
	must(t, err)
	l.end()
	if n := srv.WarehouseWakes() - wakes; n != 0 {
		t.Errorf("the warehouse woke %d times", n)
	}
	if got := kinds(srv, from); slices.ContainsFunc(got, func(k string) bool { return k != "SHOW" }) || len(got) != 5 { // twice stage and ledger, since the state is read twice, and the columns
		t.Errorf("statements %q", got)
	}
	want(t, srv, `SELECT "RUN_ID" FROM "_SNOWDRIFT_RUNS"`, "r1")
}

// TestLedgerOfAnother: columns that another pipeline added are read from the
// ledger once, which wakes the warehouse, and then are in the hint.
func TestLedgerOfAnother(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	l.end()
	l = open(t, srv, "r2")
	must(t, l.Acquire(t.Context(), load.Job{Pipeline: "other", Site: "b", Run: "r2"}))
	other, err := l.State(t.Context(), "other")
	must(t, err)
	prepare(t, l, l.tables)
	other.Columns = append(other.Columns, table.Assignment{Site: "b", Field: "customfield_2", Type: table.JSON, Column: "team", Name: "Team"})
	other.Commit = "r2/1"
	_, err = l.Commit(t.Context(), load.Commit{State: other, Run: state.Run{ID: "r2", Pipeline: "other", Started: time.Now()}})
	must(t, err)
	l.end()
	for _, run := range []struct {
		id    string
		wakes int
	}{{"r3", 1}, {"r4", 0}} {
		srv.SuspendWarehouse()
		before := srv.WarehouseWakes()
		l = open(t, srv, run.id)
		if st := l.readState(); len(st.Columns) != 2 || st.Commit != "r1/1" {
			t.Errorf("%s: state %+v", run.id, st)
		}
		prepare(t, l, l.tables)
		_, err := l.Commit(t.Context(), load.Commit{Run: l.entry()})
		must(t, err)
		l.end()
		if n := srv.WarehouseWakes() - before; n != run.wakes {
			t.Errorf("%s woke the warehouse %d times, want %d", run.id, n, run.wakes)
		}
	}
}

// TestRowsOfOthers: that somebody removed rows or dropped the table is seen without a
// warehouse; what was committed is known after that.
func TestRowsOfOthers(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"}, issue{id: 2, updated: 100, summary: "two"})
	l.mustCommit(1)
	l.end()
	live := func(run string) (known bool) {
		t.Helper()
		srv.SuspendWarehouse()
		wakes := srv.WarehouseWakes()
		l = open(t, srv, run)
		st := l.readState()
		prepare(t, l, l.tables)
		d, known, err := l.Live(t.Context(), st)
		must(t, err)
		if d != st.Digest || d.Count != 2 {
			t.Errorf("%s: digest %v, in the state %v", run, d, st.Digest)
		}
		if n := srv.WarehouseWakes() - wakes; n != 0 {
			t.Errorf("%s woke the warehouse %d times", run, n)
		}
		l.end()
		return known
	}
	if !live("r2") {
		t.Error("nobody changed anything, and the digest is not known")
	}
	look(t, srv, `DELETE FROM issues WHERE id = 2 RETURNING id`)
	if live("r3") {
		t.Error("a row was removed, and the digest is held to be known")
	}
}

// TestFewStatements bounds what a small commit costs, and that it resumes the
// warehouse once.
func TestFewStatements(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	l.end()
	srv.SuspendWarehouse()
	wakes, from := srv.WarehouseWakes(), len(srv.Statements())
	l = start(t, srv, "r2")
	l.stage(issue{id: 1, updated: 101, summary: "newer"})
	l.mustCommit(1)
	l.end()
	if n := srv.WarehouseWakes() - wakes; n != 1 {
		t.Errorf("the warehouse woke %d times", n)
	}
	// Of the 33 that docs/OPERATIONS.md tells of, two are of views and five are sent
	// by the pipeline at the end of a run; one is for a table without rows.
	if got := kinds(srv, from); len(got) != 27 {
		t.Errorf("%d statements: %q", len(got), got)
	}
}

// TestManyColumns: a schema of which Snowflake does not list all columns is looked
// at table by table, and nothing is made that is there.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	for n := range 5 {
		var columns []string
		for c := range 2000 {
			columns = append(columns, fmt.Sprintf("C%d NUMBER", c))
		}
		must(t, l.main.run(t.Context(), "test", "", fmt.Sprintf("CREATE TABLE A%d (%s)", n, strings.Join(columns, ", "))))
	}
	l.end()
	from := len(srv.Statements())
	l = start(t, srv, "r2")
	l.end()
	// The state, which has no hint; all columns; those of two tables.
	if got := kinds(srv, from); !slices.Equal(got, []string{"SHOW", "SELECT", "SELECT", "SHOW", "SHOW", "SHOW"}) {
		t.Errorf("statements %q", got)
	}
}

// TestHint: when the hint is not whole or only a mark, the table is read.
func TestHint(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	good := hintOf(t, l)
	for name, comment := range map[string]string{
		"mark": commitMark, "cut": good[:len(good)-20], "none": "", "foreign": "Belongs to the Jira team",
	} {
		must(t, l.main.run(t.Context(), "test", "", commentOnStage("jira", comment)))
		if st := l.readState(); st.Commit != "r1/1" || len(st.Columns) != 1 {
			t.Errorf("%s: state %+v", name, st)
		}
		reads := slices.ContainsFunc(srv.Statements()[len(srv.Statements())-2:], func(s snowflaketest.Statement) bool { return s.Text == selectState })
		if !reads {
			t.Errorf("%s: the table was not read", name)
		}
	}
}

// hintOf reads the comment of the stage.
func hintOf(t *testing.T, l *loader) string {
	t.Helper()
	rows, err := l.main.named(t.Context(), "test", "", `SHOW STAGES LIKE '%' IN SCHEMA`)
	must(t, err)
	return rows[0]["comment"]
}

// TestHintFails: a hint that cannot be written fails no commit.
func TestHintFails(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	srv.Fault(func(s snowflaketest.Statement, p snowflaketest.Phase) *snowflaketest.Fault {
		if strings.Contains(s.Text, hintPrefix) && p == before {
			return &snowflaketest.Fault{Code: "001003", State: "42000", Message: "comment is too long"}
		}
		return nil
	})
	l.mustCommit(1)
	srv.Fault(nil)
	if hintOf(t, l) != commitMark {
		t.Error("the mark did not stay")
	}
	if st := l.readState(); st.Commit != "r1/1" {
		t.Errorf("state %+v", st)
	}
}

// TestLateHint: a hint that is older than the state, written late by a run that
// had lost its lease, makes the next writer fail and not forget.
func TestLateHint(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	old := hintOf(t, l)
	l.stage(issue{id: 2, updated: 100, summary: "two"})
	l.mustCommit(2)
	must(t, l.main.run(t.Context(), "test", "", commentOnStage("jira", old)))
	l.end()

	l = start(t, srv, "r2")
	if st := l.readState(); st.Commit != "r1/1" {
		t.Fatalf("state %+v", st)
	}
	l.stage(issue{id: 3, updated: 100, summary: "three"})
	if _, err := l.commit(1); !errors.Is(err, load.ErrLeaseLost) {
		t.Errorf("error %v", err)
	}
	want(t, srv, summaries, "1|one|live|r1", "2|two|live|r1")
	l.end()

	l = start(t, srv, "r3") // the mark of r2 has replaced the old hint
	if st := l.readState(); st.Commit != "r1/2" {
		t.Errorf("state %+v", st)
	}
	l.stage(issue{id: 3, updated: 100, summary: "three"})
	l.mustCommit(1)
}

// FuzzDecodeHint: a comment that anybody may have written is a state or none.
func FuzzDecodeHint(f *testing.F) {
	st := state.New("jira")
	st.Commit = "r1/1"
	text, err := encodeHint(st)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(commitMark)
	f.Add(hintPrefix + "H4sIAAAAAAAA/w==")
	f.Fuzz(func(t *testing.T, comment string) {
		if st := decodeHint(comment, "jira"); st != nil && (st.Pipeline != "jira" || st.Commit == "") {
			t.Errorf("took %+v", st)
		}
	})
}

// TestLongHint: a state that is too long for a comment has no hint.
func TestLongHint(t *testing.T) {
	t.Parallel()
	st := state.New("jira")
	st.Commit = "r1/1"
	for i := range 40_000 {
		h := uint64(i+1) * 0x9e3779b97f4a7c15
		st.Recent = append(st.Recent, stages.Ref{ID: int64(i), Hash: h ^ h>>29})
	}
	text, err := encodeHint(st)
	if err != nil || text != "" {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	st.Recent = st.Recent[:100]
	if text, err = encodeHint(st); err != nil || decodeHint(text, "jira") == nil || decodeHint(text, "other") != nil {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

// TestSweep removes what a killed run left, once it is old.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := account(t, func(o *snowflaketest.Options) { o.StageDir = dir })
	for _, run := range []string{"old", "young"} {
		killed := start(t, srv, run)
		killed.stage(issue{id: 1, updated: 100, summary: "one"})
		_, err := killed.uploads.wait()
		must(t, err)
		killed.ended = true
		must(t, killed.uploads.close()) // and the main session stays as it is, the lease held
		t.Cleanup(func() { must(t, killed.drop()) })
		must(t, killed.release(t.Context(), killed.main))
	}
	aged := 0
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.Contains(path, "/run/old/") {
			aged++
			long := time.Now().Add(-25 * time.Hour)
			return os.Chtimes(path, long, long)
		}
		return err
	}))
	if aged == 0 {
		t.Fatal("nothing was aged")
	}
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	files, err := srv.StagedFiles()
	must(t, err)
	for _, f := range files {
		if !strings.Contains(f, "/run/young/") {
			t.Errorf("still there: %s", f)
		}
	}
	if len(files) == 0 {
		t.Error("files of a young run were removed")
	}
}

func TestOrphans(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	row := func(path string, age time.Duration) map[string]string {
		return map[string]string{"name": path, "last_modified": now.Add(-age).Format(time.RFC1123)}
	}
	odd := row("s/run/odd/1/a", 0)
	odd["last_modified"] = "yesterday"
	got := orphans([]map[string]string{
		row("s/run/a/1/x", 25*time.Hour), row("s/run/a/2/x", 30*time.Hour), row("s/run/b/1/x", 30*time.Hour), row("s/run/b/2/x", time.Hour),
		row("s/run/own_1/1/x", 99*time.Hour), row("s/other", 99*time.Hour), odd,
	}, "own 1", now)
	if fmt.Sprint(got) != "[a]" {
		t.Errorf("got %v", got)
	}
}
