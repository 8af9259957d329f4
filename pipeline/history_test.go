package pipeline_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/realdata"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/load"
)

// historyTables are the tables that replays looks at.
var historyTables = []string{table.FieldHistory, "issue_changelog", "issue_fix_versions", "issue_affects_versions", "issue_components"}

// replay is how often the values of issue_field_history were held against the
// columns of issues, which other code makes.
type replay struct{ fields, values, contradictions int }

// replays holds what issue_field_history says of today against the columns of
// issues, field by field, and what it says of every change against
// issue_changelog. Where the two differ, the rows have to say so themselves.
// Messages name issue and field, and no value.
func (b *bench) replays() (r replay) {
	b.t.Helper()
	var queries []string
	for field, today := range b.todayByField() {
		queries = append(queries, fmt.Sprintf(`SELECT i.id, '%[3]s', h.held IS DISTINCT FROM list_sort(%[2]s), h.told, h.unclear, h.names IS DISTINCT FROM list_sort(%[4]s) FROM issues i JOIN (
  SELECT issue_id, list_sort(coalesce(list(%[1]s) FILTER (%[1]s IS NOT NULL), [])) AS held, list_sort(coalesce(list(value) FILTER (value IS NOT NULL), [])) AS names, coalesce(bool_or(today_differs), false) AS told, bool_and(today_differs IS NULL) AS unclear
  FROM issue_field_history WHERE valid_to IS NULL AND field_id = '%[3]s' GROUP BY issue_id
) h ON h.issue_id = i.id WHERE i._presence = 'live'`, today.of, today.values, field, cmp.Or(today.names, "h.names")))
	}
	seen := map[string]bool{}
	var rows [][]string
	for some := range slices.Chunk(queries, 10) { // every query opens the file anew; all at once take too much memory
		rows = append(rows, b.rows(strings.Join(some, "\nUNION ALL "))...)
	}
	for _, row := range rows {
		seen[row[1]] = true
		r.values++
		differs, told, unclear := row[2] == "true", row[3] == "true", row[4] == "true"
		if told {
			r.contradictions++
		}
		if differs != told && !unclear {
			b.t.Errorf("issue %s, %s: the value differs from today's: %t, and the history says %t", row[0], row[1], differs, told)
		}
		if row[5] == "true" && !differs && !told && !unclear {
			b.t.Errorf("issue %s, %s: the history calls the value of today otherwise than the issue", row[0], row[1])
		}
	}
	r.fields = len(seen)
	b.want(`SELECT count(*) FROM issues i, (VALUES ('status', i.status_id), ('issuetype', i.issue_type_id), ('project', i.project_id), ('priority', i.priority_id)) v(field, value)
WHERE value IS NOT NULL AND EXISTS (FROM issue_field_history h WHERE h.issue_id = i.id) AND NOT EXISTS (FROM issue_field_history h WHERE h.issue_id = i.id AND h.field_id = v.field AND h.valid_to IS NULL)`, "0")
	b.want(`SELECT count(*) FROM issue_field_history h JOIN issues i ON i.id = h.issue_id WHERE h.history_id IS NULL AND h.valid_from > i.created`, "0")
	b.want(`SELECT count(*) FROM issue_field_history WHERE valid_to < valid_from`, "0")
	b.asOfEveryChange()
	return r
}

// asOfEveryChange asks, for every change of a field with one value, what the
// history has for the instants before and after it.
func (b *bench) asOfEveryChange() {
	b.t.Helper()
	const at = `SELECT c.issue_id, c.field, c.history_id FROM issue_changelog c
LEFT JOIN issue_field_history h ON h.issue_id = c.issue_id AND h.field_id = c.field AND %s
WHERE c.field IN ('status', 'assignee', 'priority', 'resolution', 'issuetype', 'reporter')
  AND NOT EXISTS (FROM issue_changelog o WHERE o.issue_id = c.issue_id AND o.field = c.field AND o.created = c.created AND o.history_id <> c.history_id)
  AND h.value_id IS DISTINCT FROM nullif(c.%s, '') AND NOT coalesce(n.from_differs, false)`
	const next = `
LEFT JOIN issue_field_history n ON n.issue_id = c.issue_id AND n.field_id = c.field AND n.history_id = c.history_id
WHERE`
	for side, when := range map[string]string{
		"to_id":   "h.valid_from <= c.created AND (h.valid_to > c.created OR h.valid_to IS NULL)",
		"from_id": "h.valid_from < c.created AND (h.valid_to >= c.created OR h.valid_to IS NULL)",
	} {
		query := strings.Replace(fmt.Sprintf(at, when, side), "\nWHERE", next, 1)
		if wrong := b.rows(query); len(wrong) > 0 {
			b.t.Errorf("%d changes whose %s the history does not have then, such as %v", len(wrong), side, wrong[0])
		}
	}
}

// today is where issues have the present values of a field: an SQL list of
// texts, and the column of the history that it compares with; and another list of
// what the values are called, where these are ids.
type today struct{ values, of, names string }

// todayByField says where issues have the present values of fields.
func (b *bench) todayByField() map[string]today {
	b.t.Helper()
	one := func(column string) string {
		return fmt.Sprintf("list_filter([CAST(i.%s AS VARCHAR)], x -> x IS NOT NULL)", column)
	}
	many := func(column string) string { return fmt.Sprintf("coalesce(i.%s, [])", column) }
	members := func(table, id string) string {
		return fmt.Sprintf("(SELECT coalesce(list(CAST(%s AS VARCHAR)), []) FROM %s c WHERE c.issue_id = i.id)", id, table)
	}
	fields := map[string]today{
		"status": {one("status_id"), "value_id", one("status")}, "issuetype": {one("issue_type_id"), "value_id", one("issue_type")},
		"project": {one("project_id"), "value_id", one("project")}, "priority": {one("priority_id"), "value_id", one("priority")},
		"resolution": {one("resolution_id"), "value_id", one("resolution")}, "assignee": {one("assignee_id"), "value_id", one("assignee")},
		"reporter": {one("reporter_id"), "value_id", one("reporter")}, "parent": {one("parent_id"), "value_id", one("parent_key")},
		"issuekey": {one("key"), "value", ""}, "summary": {one("summary"), "value", ""}, "duedate": {one("due_date"), "value", ""},
		"labels": {many("labels"), "value", ""}, "timespent": {one("time_spent_seconds"), "value", ""},
		"timeestimate": {one("remaining_estimate_seconds"), "value", ""}, "timeoriginalestimate": {one("original_estimate_seconds"), "value", ""},
		"fixVersions": {members("issue_fix_versions", "version_id"), "value_id", many("fix_versions")},
		"versions":    {members("issue_affects_versions", "version_id"), "value_id", many("affects_versions")},
		"components":  {members("issue_components", "component_id"), "value_id", many("components")},
	}
	columns := map[string]string{} // by field and suffix
	for _, a := range b.state().Columns {
		columns[a.Field+a.Suffix] = `"` + a.Column + `"`
	}
	for _, a := range b.state().Columns {
		column, name, child := `"`+a.Column+`"`, columns[a.Field], columns[a.Field+"_child"]
		switch {
		case strings.HasPrefix(a.Suffix, "_child"), a.Suffix == "" && (columns[a.Field+"_id"] != "" || columns[a.Field+"_ids"] != ""), a.Type == table.JSON:
		case a.Suffix == "_ids":
			fields[a.Field] = today{many(column), "value_id", many(name)}
		case a.Suffix == "_id" && child != "": // 10 / 11 as the history writes it
			both := func(parent, child string) string {
				return fmt.Sprintf("list_filter([nullif(concat_ws(' / ', i.%s, i.%s), '')], x -> x IS NOT NULL)", parent, child)
			}
			fields[a.Field] = today{both(column, columns[a.Field+"_child_id"]), "value_id", both(name, child)}
		case a.Suffix == "_id":
			fields[a.Field] = today{one(column), "value_id", one(name)}
		case a.Type == table.List:
			fields[a.Field] = today{many(column), "value", ""}
		case a.Type == table.Float: // 3.0 as the history writes it
			fields[a.Field] = today{fmt.Sprintf("list_filter([regexp_replace(CAST(i.%s AS VARCHAR), '\\.0$', '')], x -> x IS NOT NULL)", column), "value", ""}
		case a.Type == table.Timestamp:
			fields[a.Field] = today{fmt.Sprintf("list_filter([strftime(i.%s AT TIME ZONE 'UTC', '%%Y-%%m-%%dT%%H:%%M:%%S.%%gZ')], x -> x IS NOT NULL)", column), "value", ""}
		default:
			fields[a.Field] = today{one(column), "value", ""}
		}
	}
	return fields
}

// TestFieldHistoryReplays: what was generated replays without a contradiction;
// what was edited past Jira, and that alone, is told as one.
func TestFieldHistoryReplays(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 250, Seed: 17})
			b.tables = historyTables
			b.run(pipeline.Complete)
			const contradictions = `SELECT issue_id, field_id FROM issue_field_history WHERE from_differs OR today_differs ORDER BY ALL`
			r := b.replays()
			if told := b.rows(contradictions); len(told) > 0 || r.fields < 15 {
				t.Errorf("%d fields compared, contradictions %v", r.fields, told)
			}
			ids := b.sim.IDs()
			for i := range 40 {
				b.do(func() error { return b.sim.Edit(ids[i%15]) })
			}
			b.do(func() error { return b.sim.Move(ids[1], otherProject(b.sim, ids[1])) },
				func() error { return b.sim.AddToSprint(ids[2], b.sim.Sprints()[0]) },
				func() error { return b.sim.EditField(ids[3], "summary", []byte(`"Told"`)) },
				func() error { return b.sim.SilentEdit(ids[3]) })
			b.do(func() error { return b.sim.Edit(ids[3]) }) // so that the silent edit is read
			b.run(pipeline.Complete)
			edited := b.replays()
			if edited.values <= r.values {
				t.Errorf("%d values compared before the edits, %d behind them", r.values, edited.values)
			}
			for _, row := range b.rows(contradictions) {
				// A move takes versions and components away and writes no change of them.
				lost := row[0] == fmt.Sprint(ids[1]) && slices.Contains([]string{"fixVersions", "versions", "components"}, row[1])
				if !lost && fmt.Sprint(row) != fmt.Sprintf("[%d summary]", ids[3]) {
					t.Errorf("contradiction %v", row)
				}
			}
			b.want(fmt.Sprintf("SELECT bool_or(today_differs OR from_differs) FROM issue_field_history WHERE issue_id = %d AND field_id = 'summary'", ids[3]), "true")
			b.want(fmt.Sprintf("SELECT count(*) FROM issue_field_history WHERE issue_id = %d AND field_id = 'issuekey'", ids[1]), "2")
		})
	}
}

// TestRealFieldHistory replays real changelogs, and lists the contradictions in
// them by issue and field.
func TestRealFieldHistory(t *testing.T) {
	for file, deployment := range map[string]string{
		"cloud_merico_changelog.jsonl": jirasim.Cloud, "cloud_jirametrics_changelog.jsonl": jirasim.Cloud, "server_devlake_links.jsonl": jirasim.DataCenter,
	} {
		t.Run(file, func(t *testing.T) {
			path := realdata.Path(t, "issues", file)
			b := newBench(t, jirasim.Options{Data: []string{path}, Deployment: deployment, Issues: -1})
			b.tables = historyTables
			b.run(pipeline.Complete)
			r := b.replays()
			for _, row := range b.rows("SELECT issue_id, coalesce(field_id, field), history_id, from_differs, today_differs FROM issue_field_history WHERE from_differs OR today_differs ORDER BY ALL") {
				t.Logf("contradiction: issue %s, %s, change %s: from_differs %s, today_differs %s", row[0], row[1], row[2], row[3], row[4])
			}
			t.Logf("%+v, %s rows of %s fields", r, b.one("SELECT count(*) FROM issue_field_history"), b.one("SELECT count(DISTINCT coalesce(field_id, field)) FROM issue_field_history"))
		})
	}
}

// Both destinations list the contradictions of a history, and nothing else.
func TestContradictions(t *testing.T) {
	entry := func(day, from, to int) string {
		return fmt.Sprintf(`{"id":"%d","created":"2024-01-0%[1]dT10:00:00.000+0000","items":[{"field":"status","fieldId":"status","from":"%d","fromString":"S%[2]d","to":"%d","toString":"S%[3]d"}]}`, day, from, to)
	}
	m := &madeUp{issues: map[int64]string{}, changelogs: map[int64]string{
		1: entry(2, 1, 2) + "," + entry(3, 2, 3), // as it should be
		2: entry(2, 1, 2) + "," + entry(3, 9, 3), // a change is missing
		3: entry(2, 1, 2),                        // the last one is
		4: entry(1, 1, 3),                        // older than the issue
	}}
	for id := range m.changelogs {
		m.issues[id] = `"created":"2024-01-01T12:00:00.000+0000","status":{"id":"3","name":"S3"}`
	}
	for _, c := range table.Children() {
		if c.Name == table.FieldHistory {
			m.children = append(m.children, c.Table)
		}
	}
	b := newBoth(t)
	b.load(m)
	tables, _, err := pipeline.Tables(table.DefaultSite, m.Fields(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.each(func(name string, w load.Warehouse) {
		if _, err := w.Inspect(t.Context(), load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "verify"}, tables); err != nil {
			t.Fatal(err)
		}
		found, err := w.Contradictions(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range found {
			got = append(got, fmt.Sprintf("%d %s %d %s %t %t %t", c.Issue, c.Field, c.Change, c.Since.Format("02T15"), c.FromDiffers, c.TodayDiffers, c.TooEarly))
		}
		if want := []string{
			"2 status 3 03T10 true false false",
			"3 status 2 02T10 false true false",
			"4 status 0 01T10 false false true", "4 status 1 01T10 false false true",
		}; !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, want)
		}
	})
}
