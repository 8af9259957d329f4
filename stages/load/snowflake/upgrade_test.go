package snowflake

import (
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// TestUpgrade: the tables of a version that knew one site are taken over by the
// next run. Their rows are those of the default site.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one", odd: 1}, issue{id: 2, updated: 100, summary: "two"})
	l.mustCommit(1)
	for _, sql := range []string{`ALTER TABLE "ISSUES" DROP COLUMN "_SITE"`, `ALTER TABLE "_SNOWDRIFT_VALUE_ERRORS" DROP COLUMN "_SITE"`,
		`ALTER TABLE "_SNOWDRIFT_COLUMNS" DROP COLUMN "SITE"`, commentOnStage("jira", "")} {
		must(t, l.main.run(t.Context(), "make old tables", "", sql))
	}
	l.end()

	l = start(t, srv, "r2")
	if st := l.readState(); len(st.Columns) != 1 || st.Columns[0].SiteName() != table.DefaultSite {
		t.Errorf("ledger %v", st.Columns)
	}
	want(t, srv, `SELECT "ISSUE_ID", "_SITE" FROM "_SNOWDRIFT_VALUE_ERRORS"`, "1|jira")
	l.stage(issue{id: 1, updated: 100, summary: "one", odd: 1}, issue{id: 2, updated: 101, summary: "new"})
	if result := l.mustCommit(2); result.Rows["issues"] != 1 || result.Digest.Count != 2 {
		t.Errorf("%+v", result)
	}
	want(t, srv, `SELECT "ID", "SUMMARY", "_SITE", "_RUN_ID" FROM "ISSUES" ORDER BY 1`, "1|one|jira|r1", "2|new|jira|r2")
}

// TestAddedMeanwhile: a column that another pipeline added after this one looked
// is no reason to fail.
func TestAddedMeanwhile(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	must(t, l.main.run(t.Context(), "make an old table", "", `ALTER TABLE "ISSUES" DROP COLUMN "_SITE"`))
	l.end()
	other := open(t, srv, "r2")
	must(t, other.Acquire(t.Context(), load.Job{Pipeline: "other", Site: "b", Run: "r2"}))
	l = open(t, srv, "r3")
	srv.Fault(func(s snowflaketest.Statement, p snowflaketest.Phase) *snowflaketest.Fault {
		if p == before && s.Kind == "ALTER_TABLE_ADD_COLUMN" {
			srv.Fault(nil)
			prepare(t, other, other.tables)
		}
		return nil
	})
	prepare(t, l, l.tables)
	want(t, srv, `SELECT "ID", "_SITE" FROM "ISSUES"`, "1|jira")
}
