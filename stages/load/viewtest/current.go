package viewtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// retyped are fields whose type changes: the column that each had at first, and
// the one that it gets.
var retyped = []struct {
	field       string
	first, then table.Column
	// was and is are cells of both columns, shown what the view shows of them
	// under the first one's name. odd is one that the first column cannot hold.
	was, is, odd any
	shown        string
}{
	{"customfield_1", table.Column{Name: "size", Type: table.Float}, table.Column{Name: "size_text", Type: table.Text}, 4.5, "7.25", "large", "7.25"},
	{"customfield_2", table.Column{Name: "team", Type: table.Text}, table.Column{Name: "team_list", Type: table.List}, "red", `["a","b"]`, nil, `["a","b"]`},
	{"customfield_3", table.Column{Name: "tags", Type: table.List}, table.Column{Name: "tags_text", Type: table.Text}, `["x"]`, "y", nil, `["y"]`},
	{"customfield_4", table.Column{Name: "moment", Type: table.Timestamp}, table.Column{Name: "moment_date", Type: table.Date},
		time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), int64(20_000), nil, "2024-10-04"},
	{"customfield_5", table.Column{Name: "doc", Type: table.JSON}, table.Column{Name: "doc_text", Type: table.Text}, `{"a":1}`, "plain", nil, `"plain"`},
	{"customfield_6", table.Column{Name: "flag", Type: table.Bool}, table.Column{Name: "flag_text", Type: table.Text}, int64(1), "false", "maybe", "false"},
	{"customfield_7", table.Column{Name: "due", Type: table.Date}, table.Column{Name: "due_text", Type: table.Text}, int64(20_000), "2025-12-31", "soon", "2025-12-31"},
	{"customfield_8", table.Column{Name: "count", Type: table.Int}, table.Column{Name: "count_float", Type: table.Float}, int64(3), 8.0, nil, "8"},
}

// currentIssues: the view leaves out what is gone, shows names of today, and of a
// field whose type changed the value under its first column; what that cannot
// hold is NULL there, and in the column of its own.
func currentIssues(t *testing.T, d Destination) {
	d.Exec(t, "CREATE TABLE statuses (id BIGINT, name VARCHAR, category VARCHAR, _site VARCHAR)")
	d.Exec(t, "INSERT INTO statuses VALUES (1, 'Backlog', 'new', 'one')")
	d.Exec(t, "CREATE TABLE users (id VARCHAR, name VARCHAR)") // somebody else's, of no site
	loadRetyped(t, d)
	w := d.Open(t)
	defer func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}()
	wantRows(t, w, `SELECT id, _site, status FROM issues_current ORDER BY _site, id`, "1|one|Backlog", "2|one|Backlog", "3|one|Backlog", "1|two|To Do")
	for _, r := range retyped {
		was := show(cellOf(r.first.Type, r.was))
		odd := was // one that is NULL leaves what was
		if r.odd != nil {
			odd = "NULL"
		}
		expr := r.first.Name
		if r.first.Type == table.JSON || r.first.Type == table.List {
			expr = "CAST(TO_JSON(" + expr + ") AS VARCHAR)"
		}
		t.Run(r.first.Name, func(t *testing.T) {
			wantRows(t, w, "SELECT "+expr+" FROM issues_current ORDER BY _site, id", was, r.shown, odd, was)
			if r.odd != nil {
				wantRows(t, w, "SELECT "+r.then.Name+" FROM issues_current WHERE id = 3", show(r.odd))
			}
		})
	}
}

// loadRetyped loads issues before and after the types of site one's fields
// changed: 1 was read before only, 2 and 3 after, too, 4 is deleted. On site two
// the first column holds the same field, and the second another one.
func loadRetyped(t *testing.T, d Destination) {
	t.Helper()
	var first, all []table.Assignment
	for _, r := range retyped {
		a := table.Assignment{Site: "one", Field: r.field, Type: r.first.Type, Column: r.first.Name, Name: "Field"}
		first = append(first, a)
		b := a
		b.Site = "two"
		all = append(all, a, b,
			table.Assignment{Site: "one", Field: r.field, Type: r.then.Type, Column: r.then.Name, Name: "Field"},
			table.Assignment{Site: "two", Field: r.field + "0", Type: r.then.Type, Column: r.then.Name, Name: "Other field"})
	}
	was := func(n int) any { return retyped[n].was }
	is := func(n int) any { return retyped[n].is }
	odd := func(n int) any { return retyped[n].odd }

	before, after := issuesWith(columnsOf(false)), issuesWith(columnsOf(true))
	one := newWriter(t, d, "one")
	one.prepare(before, first)
	for id := range int64(4) {
		one.retyped(id+1, before, was, nil)
	}
	one.commit(1)
	one.add(table.Findings(), map[string]any{table.ID: int64(4), table.Presence: "deleted", table.PresenceEvidence: "made up"})
	one.commit(2)
	one.close()

	one = newWriter(t, d, "one")
	one.prepare(after, all)
	one.retyped(2, after, nil, is)
	one.retyped(3, after, nil, odd)
	one.commit(3)
	one.close()

	two, both := newWriter(t, d, "two"), issuesWith(append(columnsOf(false), columnsOf(true)...))
	two.prepare(both, all)
	two.retyped(1, both, was, is)
	two.commit(1)
	two.close()
}

// columnsOf are the columns of the fields, before or after their types changed.
func columnsOf(then bool) (out []table.Column) {
	for _, r := range retyped {
		c := r.first
		if then {
			c = r.then
		}
		c.Field, c.Doc = r.field, "Field."
		out = append(out, c)
	}
	return out
}

func issuesWith(columns []table.Column) []*table.Table {
	return []*table.Table{table.Issues(columns, nil)}
}

func newWriter(t *testing.T, d Destination, site string) *writer {
	return &writer{t: t, Warehouse: d.Open(t), site: site, dir: t.TempDir(), rows: map[string]*stages.Rows{}}
}

func (w *writer) close() {
	w.t.Helper()
	w.must(w.Close())
}

// retyped adds an issue with cells in the columns that fields had first, or got.
func (w *writer) retyped(id int64, tables []*table.Table, was, is func(n int) any) {
	w.t.Helper()
	w.seq++
	version := int64(1)
	cells := map[string]any{table.ID: id, "key": fmt.Sprintf("RED-%d", id), "status": "To Do", "status_id": int64(1), table.Raw: `{}`}
	for n, r := range retyped {
		if was != nil {
			cells[r.first.Name] = was(n)
		}
		if is != nil {
			version = 2
			cells[r.then.Name] = is(n)
		}
	}
	cells[table.Updated], cells[table.Hash] = time.UnixMilli(version), version
	w.add(tables[0], cells)
}

// cellOf is a staged cell as the destination gives it back.
func cellOf(kind table.Type, cell any) any {
	switch n, isInt := cell.(int64); {
	case kind == table.Bool && isInt:
		return n == 1
	case kind == table.Date && isInt:
		return time.Unix(n*86400, 0).UTC()
	}
	return cell
}

// show is a cell as text.
func show(cell any) string {
	switch v := cell.(type) {
	case nil:
		return "NULL"
	case time.Time:
		if v = v.UTC(); v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.RFC3339)
	}
	return fmt.Sprint(cell)
}

func wantRows(t *testing.T, w load.Warehouse, query string, want ...string) {
	t.Helper()
	var got []string
	for _, row := range answer(t, w, query) {
		line := ""
		for i, c := range row {
			if i > 0 {
				line += "|"
			}
			line += show(c)
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\n got %q\nwant %q", query, got, want)
	}
}
