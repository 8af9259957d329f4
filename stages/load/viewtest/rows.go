package viewtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

const sprintField = "customfield_10020"

// pointFields are the fields of the sites that hold story points, and custom all
// their custom fields.
var pointFields = []table.Column{
	{Name: "story_points_10024", Type: table.Float, Field: "customfield_10024", Doc: "Story points."},
	{Name: "effort", Type: table.Float, Field: "customfield_10999", Doc: "Another field of that name, with a column of another name."},
	{Name: "story_point_estimate", Type: table.Float, Field: "customfield_10032", Doc: "Story points of team-managed projects."},
}

var custom = append(slices.Clone(pointFields), table.Column{Name: "epic_link", Type: table.Text, Field: "customfield_10014", Doc: "Epic Link, on Data Center."})

// ledger says whose columns those of points are.
func ledger(site string) (out []table.Assignment) {
	for n, c := range pointFields {
		out = append(out, table.Assignment{Site: site, Field: c.Field, Type: c.Type, Column: c.Name,
			Name: []string{"Story Points", "Story points", "Story point estimate"}[n]})
	}
	return out
}

// Tables returns the tables that the views read, as a run of default tables has
// them.
func Tables() []*table.Table {
	tables := []*table.Table{table.Issues(custom, nil)}
	for _, c := range table.Children() {
		tables = append(tables, c.Table)
	}
	return append(tables, table.ValueErrors())
}

// load writes the rows of the scene, site by site, and makes the views.
func (s *scene) load(t *testing.T, d Destination) {
	t.Helper()
	if s.dimensions {
		s.loadDimensions(t, d)
	}
	for _, site := range []string{"one", "two"} {
		w := writer{t: t, Warehouse: d.Open(t), site: site, dir: t.TempDir(), rows: map[string]*stages.Rows{}}
		w.begin()
		for _, i := range s.issues {
			if i.site == site {
				w.issue(s, i)
			}
		}
		w.commit(1)
		for _, i := range s.issues {
			if i.site == site && i.gone {
				w.add(table.Findings(), map[string]any{table.ID: i.id, table.Presence: "deleted", table.PresenceEvidence: "made up"})
			}
		}
		w.commit(2)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// sprintFieldName is what the changelog calls the sprint field of site one.
func (s *scene) sprintFieldName() string {
	if s.dimensions {
		return "Iteration"
	}
	return "Sprint"
}

// loadDimensions makes the tables of what issues refer to, as far as views read
// them, on both sites.
func (s *scene) loadDimensions(t *testing.T, d Destination) {
	t.Helper()
	rows := map[string][]string{}
	for _, site := range []string{"one", "two"} {
		for _, st := range statuses {
			if st.unlisted {
				continue
			}
			rows["statuses"] = append(rows["statuses"], fmt.Sprintf("(%d, '%s', '%s', '%s')", st.id, s.today(st.name), cmp.Or(st.category, "new"), site))
		}
		for _, kind := range []string{"Bug", "Story"} {
			rows["issue_types"] = append(rows["issue_types"], fmt.Sprintf("(%d, '%s', '%s')", len(kind), s.today(kind), site))
		}
		for _, key := range []string{"RED", "BLUE"} {
			p := projects[key]
			rows["projects"] = append(rows["projects"], fmt.Sprintf("(%d, '%s', '%s')", p.id, p.key, site))
		}
		for _, p := range people {
			rows["users"] = append(rows["users"], fmt.Sprintf("('%s', '%s', '%s')", p+" id", s.today(p), site))
		}
	}
	rows["fields"] = []string{"('" + sprintField + "', 'com.pyxis.greenhopper.jira:gh-sprint', 'one')"}
	for _, sp := range s.sprints {
		rows["sprints"] = append(rows["sprints"], fmt.Sprintf("(%d, '%s', '%s', %d, NULL, %s, %s, %s, '%s', '%s')", sp.id, s.today(sp.name()), strings.ToUpper(sp.state), sp.boardID(),
			literal(sp.start), literal(sp.end), literal(sp.complete), presence(sp.gone), sp.site))
	}
	for name, columns := range map[string]string{
		"statuses":    "id BIGINT, name VARCHAR, category VARCHAR, _site VARCHAR",
		"issue_types": "id BIGINT, name VARCHAR, _site VARCHAR",
		"projects":    "id BIGINT, key VARCHAR, _site VARCHAR",
		"users":       "id VARCHAR, name VARCHAR, _site VARCHAR",
		"fields":      "id VARCHAR, plugin VARCHAR, _site VARCHAR",
		"sprints": "id BIGINT, name VARCHAR, state VARCHAR, board_id BIGINT, goal VARCHAR, start_date TIMESTAMPTZ, end_date TIMESTAMPTZ, " +
			"complete_date TIMESTAMPTZ, _presence VARCHAR, _site VARCHAR",
	} {
		d.Exec(t, "CREATE TABLE "+name+" ("+columns+")")
		d.Exec(t, "INSERT INTO "+name+" VALUES "+strings.Join(rows[name], ", "))
	}
}

// presence is that of a row of a dimension.
func presence(gone bool) string {
	if gone {
		return table.Gone
	}
	return table.Live
}

// literal is an instant in SQL.
func literal(t time.Time) string {
	if t.IsZero() {
		return "NULL"
	}
	return "CAST('" + t.UTC().Format("2006-01-02 15:04:05.000+00:00") + "' AS TIMESTAMPTZ)"
}

// writer writes rows into the tables of a destination.
type writer struct {
	load.Warehouse
	t       *testing.T
	site    string
	dir     string
	rows    map[string]*stages.Rows
	order   []*table.Table
	files   int
	seq     int64
	history int64
}

func (w *writer) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *writer) begin() {
	w.t.Helper()
	w.prepare(Tables(), ledger(w.site))
}

// prepare begins a run that loads the tables.
func (w *writer) prepare(tables []*table.Table, ledger []table.Assignment) {
	w.t.Helper()
	w.must(w.Acquire(w.t.Context(), load.Job{Pipeline: "jira_" + w.site, Site: w.site, Run: "run-" + w.site}))
	err := w.Prepare(w.t.Context(), tables)
	w.must(err)
	w.must(w.MakeViews(w.t.Context(), load.Views(w.site, tables[0], ledger)))
}

// add adds a row; cells are int64, float64, bool or string, times are instants.
func (w *writer) add(t *table.Table, cells map[string]any) {
	w.t.Helper()
	rows := w.rows[t.Name]
	if rows == nil {
		rows = stages.NewRows(t)
		w.rows[t.Name] = rows
		w.order = append(w.order, t)
	}
	left := len(cells)
	for i, c := range rows.Table.Staged() {
		v, there := cells[c.Name]
		if there {
			left--
		}
		switch v := v.(type) {
		case nil:
		case int64:
			rows.SetInt(i, v)
		case time.Time:
			if !v.IsZero() {
				rows.SetInt(i, v.UnixMicro())
			}
		case float64:
			rows.SetFloat(i, v)
		case string:
			rows.SetString(i, v)
		default:
			w.t.Fatalf("%s.%s: a cell of type %T", t.Name, c.Name, v)
		}
	}
	if left > 0 {
		w.t.Fatalf("%s has not all the columns of %v", t.Name, cells)
	}
	rows.End(w.seq)
}

func (w *writer) commit(n int) {
	w.t.Helper()
	w.files++
	b := batch.New(batch.Options{Dir: w.dir, Prefix: fmt.Sprintf("%s-%d", w.site, w.files), FileSize: 1 << 20, Format: w.Format()})
	for _, t := range w.order {
		w.must(b.Write(w.rows[t.Name]))
	}
	w.must(b.Flush())
	for _, f := range b.Closed() {
		w.must(w.Stage(w.t.Context(), f))
	}
	w.rows, w.order = map[string]*stages.Rows{}, nil
	st := state.New("jira_" + w.site)
	st.Commit = fmt.Sprintf("run-%s/%d", w.site, n)
	_, err := w.Commit(w.t.Context(), load.Commit{State: st, Run: state.Run{
		ID: "run-" + w.site, Pipeline: st.Pipeline, Started: time.Now(), Outcome: "running", Report: []byte("{}"),
	}})
	w.must(err)
}

// tableOf returns the description of a table.
func tableOf(name string) *table.Table {
	all := Tables()
	return all[slices.IndexFunc(all, func(t *table.Table) bool { return t.Name == name })]
}

// issue adds all rows of an issue.
func (w *writer) issue(s *scene, i *issue) {
	w.seq++
	now := statuses[i.status]
	cells := map[string]any{
		table.ID: i.id, "key": i.key(), "project_key": i.project, "project": i.project, "project_id": projects[i.project].id,
		"issue_type": i.kind, "issue_type_id": int64(len(i.kind)), "summary": "Summary of " + i.key(), "status": now.name, "status_id": now.id, "status_category": now.category,
		"created": i.created, table.Updated: i.created.Add(time.Hour), "creator": i.creator, "creator_id": i.creator + " id",
		"reporter": i.creator, "reporter_id": i.creator + " id",
		"assignee": people[i.id%3], "assignee_id": people[i.id%3] + " id",
		table.Raw: fmt.Sprintf(`{"id":"%d"}`, i.id), table.Hash: i.id,
	}
	if i.points > 0 {
		cells[pointFields[i.pointsIn].Name] = i.points
	}
	if i.parent != 0 { // which had another key when the issue was read
		cells["parent_id"], cells["parent_key"] = i.parent, awayKey
	}
	maps.Copy(cells, i.more)
	w.add(tableOf("issues"), cells)
	w.changes(s, i)
	for n, id := range i.sprints {
		sp := s.sprint(i.site, id)
		w.add(tableOf("issue_sprints"), map[string]any{table.IssueID: i.id, "position": int64(n), "sprint_id": id, "sprint": sp.name(),
			"state": sp.state, "board_id": sp.boardID(), "start_date": sp.start, "end_date": sp.end, "complete_date": sp.complete})
	}
	for n, l := range i.works {
		w.add(tableOf("issue_worklogs"), map[string]any{table.IssueID: i.id, table.ID: i.id*10 + int64(n), "author": l.by, "author_id": l.by + " id",
			"started": l.at, "time_spent_seconds": l.seconds, "created": l.at})
	}
}

// changes adds the changelog, in an order that is not that of time.
func (w *writer) changes(s *scene, i *issue) {
	var all []map[string]any
	for _, m := range i.moves {
		all = append(all, map[string]any{"created": m.at, "author": m.by, "author_id": m.by + " id", "field": "status", "field_id": "status", "field_type": "jira",
			"from_id": fmt.Sprint(statuses[m.from].id), "from_string": oldName(statuses[m.from]),
			"to_id": fmt.Sprint(statuses[m.to].id), "to_string": oldName(statuses[m.to])})
	}
	for _, r := range i.relists {
		c := map[string]any{"created": r.at, "field": "Sprint", "field_type": "custom", "from_id": idList(r.from), "to_id": idList(r.to)}
		if w.site == "one" { // as Cloud; Data Center gives no ids of fields
			c["field_id"], c["field"] = sprintField, s.sprintFieldName()
		}
		all = append(all, c)
	}
	for range i.otherProjects {
		all = append(all,
			map[string]any{"created": i.created, "field": "project", "field_type": "jira", "from_id": "1", "to_id": "2"},
			map[string]any{"created": i.created, "field": "Key", "field_type": "jira", "from_string": "OLD-1", "to_string": i.key()})
	}
	for n, c := range all { // histories are numbered in the order in which they happened
		w.history++
		c[table.IssueID], c["history_id"], c["item_index"] = i.id, w.history, int64(n%2)
	}
	slices.Reverse(all)
	for _, c := range all {
		w.add(tableOf("issue_changelog"), c)
	}
}

func idList(ids []int64) string {
	var texts []string
	for _, id := range ids {
		texts = append(texts, fmt.Sprint(id))
	}
	return strings.Join(texts, ", ")
}

func (s *scene) sprint(site string, id int64) *sprint {
	return s.sprints[slices.IndexFunc(s.sprints, func(sp *sprint) bool { return sp.site == site && sp.id == id })]
}
