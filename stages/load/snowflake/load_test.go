package snowflake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

func TestLoad(t *testing.T) {
	t.Parallel()
	for _, storage := range []string{"", "S3", "GCS"} {
		t.Run("storage "+storage, func(t *testing.T) {
			t.Parallel()
			srv := account(t, func(o *snowflaketest.Options) { o.Storage = storage })
			l := start(t, srv, "r1")
			l.stage(issue{id: 1, updated: 100, summary: "one", odd: 2}, issue{id: 2, updated: 100, summary: "two"})
			l.stage(issue{id: 3, updated: 90, summary: "three"}, issue{id: 1, updated: 110, summary: "one, newer", odd: 1})
			result := l.mustCommit(1)
			if result.Rows["issues"] != 3 || result.Digest.Count != 3 || result.Statements == 0 {
				t.Errorf("result %+v", result)
			}
			want(t, srv, summaries, "1|one, newer|live|r1", "2|two|live|r1", "3|three|live|r1")
			want(t, srv, `SELECT "ISSUE_ID", "FIELD_ID" FROM "_SNOWDRIFT_VALUE_ERRORS"`, "1|customfield_0")
			want(t, srv, `SELECT "_RAW", "LABELS", "TEAM" FROM "ISSUES" WHERE "ID" = 2`, `{"fields":{"summary":"two"},"id":"2"}|["a","b"]|"red"`)
			want(t, srv, `SELECT "COMMIT_ID" FROM "_SNOWDRIFT_STATE"`, "r1/1")
			want(t, srv, `SELECT "COLUMN_NAME", "FIELD_ID", "PART", "TYPE", "FIELD_NAME" FROM "_SNOWDRIFT_COLUMNS"`, "team|customfield_1||json|Team")
			want(t, srv, `SELECT "RUN_ID", "OUTCOME" FROM "_SNOWDRIFT_RUNS"`, "r1|running")
			noFiles(t, srv)
			l.end()
			want(t, srv, `SELECT "RUN_ID", "FENCE" FROM "_SNOWDRIFT_LEASE"`, "|1")
		})
	}
}

// TestNullMark: what a file format takes for NULL by default is a text like others.
func TestNullMark(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: `\N`})
	l.mustCommit(1)
	want(t, srv, summaries, `1|\N|live|r1`)
}

// TestFilesStayInTheirDirectory: the driver encrypts files beside them, and has no
// use for the system's directory of temporary files, which may be small.
func TestFilesStayInTheirDirectory(t *testing.T) {
	srv := account(t, func(o *snowflaketest.Options) { o.Storage = "S3" })
	l := start(t, srv, "r1")
	file := rehearsalFile(t)
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	must(t, Rehearse(t.Context(), options(t, srv), file))
	left, err := os.ReadDir(l.dir)
	if must(t, err); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestAgain: an older version, the same once more, a newer one, and children
// that became fewer.
func TestAgain(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one", odd: 3}, issue{id: 2, updated: 100, summary: "two", odd: 1})
	l.mustCommit(1)
	l.end()

	l = start(t, srv, "r2")
	l.stage(issue{id: 1, updated: 99, summary: "older", odd: 1}, issue{id: 2, updated: 100, summary: "two", odd: 1})
	if result := l.mustCommit(1); len(result.Rows) != 0 {
		t.Errorf("rows were written: %v", result.Rows)
	}
	want(t, srv, summaries, "1|one|live|r1", "2|two|live|r1")

	l.stage(issue{id: 1, updated: 101, summary: "newer", odd: 1})
	if result := l.mustCommit(2); result.Rows["issues"] != 1 || result.Rows["_snowdrift_value_errors"] != 3 {
		t.Errorf("rows %v", result.Rows)
	}
	want(t, srv, summaries, "1|newer|live|r2", "2|two|live|r1")
	want(t, srv, `SELECT "ISSUE_ID", COUNT(*) FROM "_SNOWDRIFT_VALUE_ERRORS" GROUP BY 1 ORDER BY 1`, "1|1", "2|1")
	want(t, srv, `SELECT "COMMIT_ID" FROM "_SNOWDRIFT_STATE"`, "r2/2")
	l.end()
}

// TestCleared: after a clear everything is read again and found unchanged.
func TestCleared(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	l.end()

	l = open(t, srv, "clear")
	cleared := l.readState().Cleared()
	cleared.Commit = "clear/1"
	_, err := l.Commit(t.Context(), load.Commit{State: cleared, Run: l.entry()})
	must(t, err)
	l.end()

	l = start(t, srv, "r2")
	st := l.readState()
	if st.Cursor != 0 || st.Commit != "clear/1" || len(st.Columns) != 1 {
		t.Errorf("state after a clear: %+v", st)
	}
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	if result := l.mustCommit(1); len(result.Rows) != 0 || result.Digest.Count != 1 {
		t.Errorf("result %+v", result)
	}
	want(t, srv, `SELECT COUNT(*) FROM "_SNOWDRIFT_COLUMNS"`, "1")
}

// TestPresence compares with a census and marks what is gone.
func TestPresence(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"}, issue{id: 2, updated: 100, summary: "two"})
	l.mustCommit(1)
	census := stages.NewRows(table.Census())
	for _, id := range []int64{2, 3, 4} {
		census.SetInt(0, id)
		census.End(0)
	}
	l.stageRows(census)
	diff, err := l.Diff(t.Context())
	must(t, err)
	if len(diff.Missing) != 2 || diff.Missing[0] != 3 || len(diff.Absent) != 1 || diff.Absent[0] != (load.Absent{ID: 1, ProjectID: 10, Key: "TO-1", Updated: 100_000, Presence: table.Live}) || diff.Live[10] != 2 {
		t.Errorf("diff %+v", diff)
	}
	noFiles(t, srv)

	findings := stages.NewRows(table.Findings())
	findings.SetInt(0, 1)
	findings.SetString(1, "deleted")
	findings.SetString(2, "gone")
	findings.End(0)
	l.stageRows(findings)
	if result := l.mustCommit(2); result.Rows["issues"] != 1 || result.Digest.Count != 1 {
		t.Errorf("result %+v", result)
	}
	want(t, srv, `SELECT "ID", "_PRESENCE", "_PRESENCE_EVIDENCE" FROM "ISSUES" ORDER BY 1`, "1|deleted|gone", "2|live|")

	l.stage(issue{id: 1, updated: 100, summary: "one"}) // it is back, unchanged
	l.mustCommit(3)
	want(t, srv, `SELECT "ID", "_PRESENCE", "_PRESENCE_EVIDENCE" FROM "ISSUES" ORDER BY 1`, "1|live|", "2|live|")
}

// TestTwoRows: an issue that has two rows, since somebody put one back by hand, is
// written like others, and its child rows are there once. Which row to remove is left to
// whoever put it there.
func TestTwoRows(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one", odd: 2}, issue{id: 2, updated: 100, summary: "two", odd: 1})
	l.mustCommit(1)
	must(t, l.main.run(t.Context(), "test", "", `INSERT INTO "ISSUES" SELECT * FROM "ISSUES" WHERE "ID" = 1`))
	l.stage(issue{id: 1, updated: 200, summary: "one, newer", odd: 2}, issue{id: 2, updated: 200, summary: "two, newer", odd: 1}, issue{id: 3, updated: 200, summary: "three"})
	l.mustCommit(2)
	want(t, srv, summaries, "1|one, newer|live|r1", "1|one, newer|live|r1", "2|two, newer|live|r1", "3|three|live|r1")
	want(t, srv, `SELECT "ISSUE_ID", "FIELD_ID" FROM "_SNOWDRIFT_VALUE_ERRORS" ORDER BY 1, 2`, "1|customfield_0", "1|customfield_1", "2|customfield_0")
}

// TestUnparsed: a document that Snowflake does not take for JSON loses no row.
func TestUnparsed(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one", raw: `{"id":"1","a":1,"a":2}`}, issue{id: 2, updated: 100, summary: "two"})
	result := l.mustCommit(1)
	want(t, srv, `SELECT "ID", "_RAW" FROM "ISSUES" ORDER BY 1`, `1|"{\"id\":\"1\",\"a\":1,\"a\":2}"`, `2|{"fields":{"summary":"two"},"id":"2"}`)
	want(t, srv, `SELECT "ISSUE_ID", "TABLE_NAME", "COLUMN_NAME" FROM "_SNOWDRIFT_VALUE_ERRORS"`, "1|issues|_raw")
	if result.Rows["_snowdrift_value_errors"] != 1 {
		t.Errorf("rows %v", result.Rows)
	}
}

// TestNewColumn: columns and comments are added, and columns that are not part
// of a load keep their cells.
func TestNewColumn(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	l.end()

	l = open(t, srv, "r2")
	narrow := table.Issues(nil, func(f string) bool { return f == "summary" || f == "updated" || f == "labels" || f == "project" })
	narrow.Columns = append(narrow.Columns, table.Column{Name: "size", Type: table.Float, Doc: "It's new."})
	l.tables = []*table.Table{narrow, table.ValueErrors()}
	prepare(t, l, l.tables)
	l.readState()
	rows := stages.NewRows(narrow)
	for i, c := range narrow.Staged() {
		switch c.Name {
		case "id":
			rows.SetInt(i, 1)
		case "updated":
			rows.SetInt(i, 200*1e6)
		case "size":
			rows.SetFloat(i, 1.5)
		case "_hash":
			rows.SetInt(i, 7)
		}
	}
	rows.End(0)
	l.stageRows(rows)
	l.mustCommit(1)
	want(t, srv, `SELECT "SIZE", "TEAM", "SUMMARY" FROM "ISSUES"`, `1.5|"red"|`)

	rs, err := l.Query(t.Context(), `SHOW COLUMNS LIKE 'SIZE' IN TABLE "ISSUES"`)
	must(t, err)
	for cells, err := range rs.All() {
		must(t, err)
		if !strings.Contains(strings.Join(asTexts(cells), "|"), "It's new.") {
			t.Errorf("no comment: %v", cells)
		}
	}
}

func asTexts(cells []any) []string {
	var out []string
	for _, c := range cells {
		if s, ok := c.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
