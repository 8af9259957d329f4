package viewtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/table"
)

// upkeep: views come and change with the tables; a view that somebody else made
// stays, and serves those that read it.
func upkeep(t *testing.T, d Destination) {
	issues := func(fields ...string) []*table.Table {
		return []*table.Table{table.Issues(nil, func(f string) bool { return len(fields) == 0 || slices.Contains(fields, f) })}
	}
	run := func(tables []*table.Table) {
		t.Helper()
		w := newWriter(t, d, "one")
		w.prepare(tables, nil)
		w.close()
	}
	run(issues("project", "created", "updated"))
	want(t, d, "SELECT issue_key FROM calendar_days", "")
	want(t, d, "SELECT day FROM calendar_days", "0 rows")
	want(t, d, "SELECT hours FROM time_in_status", "")

	d.Exec(t, "CREATE OR REPLACE VIEW working_calendar AS SELECT weekday, 0 AS opens, 24 AS closes FROM (VALUES (1), (2), (3), (4), (5), (6), (7)) AS w (weekday)")
	changelog := table.Children()[slices.IndexFunc(table.Children(), func(c table.ChildTable) bool { return c.Name == "issue_changelog" })].Table
	run(append(issues("project", "created", "updated", "status"), changelog))
	want(t, d, "SELECT issue_type, entered_by FROM time_in_status", "0 rows") // both are NULL columns
	want(t, d, "SELECT issues FROM cumulative_flow_daily", "0 rows")          // with no day to begin with
	want(t, d, "SELECT assignee FROM issues_current", "")
	want(t, d, "SELECT sprint FROM sprint_report", "")
	want(t, d, "SELECT closes FROM working_calendar WHERE weekday = 7", "24")

	w := newWriter(t, d, "one")
	w.prepare(append(issues(), changelog), nil)
	long := time.Now().Add(-1000 * time.Hour)
	w.add(issues()[0], map[string]any{table.ID: int64(1), "key": "RED-1", "issue_type": "Bug", "creator": "User 1", "status": "To Do", "status_id": int64(1),
		"status_category": "new", "created": long, table.Updated: long, table.Hash: int64(1), table.Raw: "{}"})
	w.commit(1)
	w.close()
	want(t, d, "SELECT issue_type, entered_by FROM time_in_status", "Bug|User 1")
	want(t, d, "SELECT assignee FROM issues_current", "NULL")
	want(t, d, "SELECT hours = working_hours FROM time_in_status", "true")
	pointless(t, d)
}

// pointless: without a column of story points there are no sums of them, and with
// one there are.
func pointless(t *testing.T, d Destination) {
	t.Helper()
	load := func(custom []table.Column, points any) {
		t.Helper()
		tables := []*table.Table{table.Issues(custom, nil), tableOf("issue_changelog"), tableOf("issue_sprints")}
		w := newWriter(t, d, "two")
		w.prepare(tables, nil)
		w.seq = 1
		cells := map[string]any{table.ID: int64(1), "key": "RED-1", "status": "To Do", "status_id": int64(1), "status_category": "new",
			"created": on(5, 9, 0), table.Updated: on(5, 9, 0), table.Hash: int64(len(custom)), table.Raw: "{}"}
		if points != nil {
			cells[custom[0].Name], cells[table.Updated] = points, on(6, 9, 0)
		}
		w.add(tables[0], cells)
		w.add(tables[2], map[string]any{table.IssueID: int64(1), "position": int64(0), "sprint_id": int64(1), "state": "closed",
			"start_date": on(6, 9, 0), "end_date": on(6, 17, 0), "complete_date": on(6, 17, 0)})
		w.commit(len(custom) + 1)
		w.close()
	}
	sums := func(line, burndown string) {
		t.Helper()
		want(t, d, "SELECT committed_issues, committed_points, carried_over_points, completed_points, unknown_points FROM sprint_report WHERE _site = 'two'", line)
		want(t, d, "SELECT scope_issues, scope_points, remaining_points, unknown_points FROM sprint_burndown WHERE _site = 'two'", burndown)
	}
	load(nil, nil)
	sums("1|NULL|NULL|NULL|NULL", "1|NULL|NULL|NULL")
	load(custom[:1], 3.0)
	sums("1|3|3|0|0", "1|3|3|0")
}

// want compares the answer to a query with one line; "" is a refusal, since there
// is no such view or column.
func want(t *testing.T, d Destination, query, line string) {
	t.Helper()
	w := d.Open(t)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	if line == "" {
		if _, err := w.Query(t.Context(), query); err == nil {
			t.Errorf("%s: answered", query)
		}
		return
	}
	if rows := answer(t, w, query); len(rows) == 0 {
		if line != "0 rows" {
			t.Errorf("%s: no rows, want %s", query, line)
		}
		return
	}
	wantRows(t, w, query, strings.Split(line, "\n")...)
}
