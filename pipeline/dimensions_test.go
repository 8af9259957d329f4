package pipeline_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
)

// dimensionQueries are the columns that are held against the site, by table.
var dimensionQueries = map[string]string{
	"projects":          "id, key, name, CAST(to_json(keys) AS VARCHAR), description, project_type, style, lead, lead_id, private, archived",
	"components":        "id, project_id, name, description, lead_id",
	"versions":          "id, project_id, position, name, released, archived, CAST(release_date AS VARCHAR)",
	"users":             "id, name, username, email, account_type, active, time_zone",
	"groups":            "id, name",
	"group_members":     "group_id, user_id",
	"fields":            "id, name, custom, type, items, plugin, CAST(to_json(clause_names) AS VARCHAR), navigable, searchable",
	"field_options":     "field_id, id, context_id, context, value, parent_id, disabled",
	"issue_types":       "id, name, subtask, hierarchy_level",
	"priorities":        "id, name, position",
	"resolutions":       "id, name, description",
	"statuses":          "id, name, category_id, category",
	"status_categories": "id, key, name, color",
	"issue_link_types":  "id, name, outward, inward",
	"security_levels":   "id, name, description",
	"boards":            "id, name, board_type, project_id, filter_id, estimation_field_id",
	"board_columns":     "board_id, status_id, position, name",
	"sprints":           "id, name, board_id, state, goal, epoch_ms(start_date), epoch_ms(end_date), epoch_ms(complete_date)",
}

// dimensions returns what the tables say is there, a line for each row.
func (b *bench) dimensions() map[string][]string {
	b.t.Helper()
	out := map[string][]string{}
	for name, columns := range dimensionQueries {
		for _, row := range b.rows("SELECT " + columns + " FROM " + name + " WHERE _presence = 'live'") {
			out[name] = append(out[name], strings.Join(row, "|"))
		}
		slices.Sort(out[name])
	}
	return out
}

// member writes a member as a list of texts is written.
func (o object) texts(path string) string {
	if o.at(path) == nil {
		return "∅"
	}
	text, _ := json.Marshal(o.at(path))
	return string(text)
}

// wantDimensions reads the site as the tables should have it, by other requests
// and other code where there are some.
func (b *bench) wantDimensions(deployment string) map[string][]string {
	b.t.Helper()
	cloud := deployment == jirasim.Cloud
	api := map[bool]string{true: "/rest/api/3/", false: "/rest/api/2/"}[cloud]
	want := map[string][]string{}
	add := func(name string, cells ...any) {
		var row []string
		for _, c := range cells {
			row = append(row, fmt.Sprint(c))
		}
		if text := strings.Join(row, "|"); !slices.Contains(want[name], text) {
			want[name] = append(want[name], text)
		}
	}
	projects, at := "project/search?maxResults=100&status=live&status=archived&expand=description,lead,projectKeys", "values"
	if !cloud {
		projects, at = "project?includeArchived=true&expand=description,lead,projectKeys", ""
	}
	for _, p := range b.askList(api+projects, at) {
		add("projects", p.cell("id"), p.cell("key"), p.cell("name"), p.texts("projectKeys"), p.cell("description"), p.cell("projectTypeKey"), p.cell("style"),
			p.cell("lead.displayName"), p.id("lead"), p.cell("isPrivate"), p.cell("archived"))
		in := api + "project/" + p.cell("key") // not by id, as the loader asks
		for _, c := range b.askList(in+"/components", "") {
			add("components", c.cell("id"), c.cell("projectId"), c.cell("name"), c.cell("description"), c.id("lead"))
		}
		for i, v := range b.askList(in+"/versions", "") {
			add("versions", v.cell("id"), v.cell("projectId"), i, v.cell("name"), v.cell("released"), v.cell("archived"), v.cell("releaseDate"))
		}
		for _, l := range b.askList(in+"/securitylevel", "levels") {
			add("security_levels", l.cell("id"), l.cell("name"), l.cell("description"))
		}
	}
	users, groups, list, members := "users/search?maxResults=1000", "group/bulk", "values", "group/member?includeInactiveUsers=true&groupId="
	if !cloud {
		users, groups, list, members = "user/search?username=.&includeInactive=true&maxResults=1000", "groups/picker", "groups", "group/member?includeInactiveUsers=true&groupname="
	}
	for _, u := range b.askList(api+users, "") {
		add("users", u.first("accountId", "key"), u.cell("displayName"), u.cell("name"), u.cell("emailAddress"), u.cell("accountType"), u.cell("active"), u.cell("timeZone"))
	}
	for _, g := range b.askList(api+groups, list) {
		id := g.first("groupId", "name")
		add("groups", id, g.cell("name"))
		for _, u := range b.askList(api+members+id, "values") {
			add("group_members", id, u.first("accountId", "key"))
		}
	}
	for _, f := range b.askList(api+"field", "") {
		add("fields", f.cell("id"), f.cell("name"), f.cell("custom"), f.cell("schema.type"), f.cell("schema.items"), f.cell("schema.custom"),
			f.texts("clauseNames"), f.cell("navigable"), f.cell("searchable"))
		if kind := f.cell("schema.type") + f.cell("schema.items"); f.at("custom") == true && strings.Contains(kind, "option") {
			b.wantOptions(cloud, f.cell("id"), add)
		}
	}
	for _, t := range b.askList(api+"issuetype", "") {
		add("issue_types", t.cell("id"), t.cell("name"), t.cell("subtask"), t.cell("hierarchyLevel"))
	}
	for i, p := range b.askList(api+"priority", "") {
		add("priorities", p.cell("id"), p.cell("name"), i)
	}
	for _, r := range b.askList(api+"resolution", "") {
		add("resolutions", r.cell("id"), r.cell("name"), r.cell("description"))
	}
	for _, s := range b.askList(api+"status", "") {
		add("statuses", s.cell("id"), s.cell("name"), s.cell("statusCategory.id"), s.cell("statusCategory.key"))
	}
	for _, c := range b.askList(api+"statuscategory", "") {
		add("status_categories", c.cell("id"), c.cell("key"), c.cell("name"), c.cell("colorName"))
	}
	for _, l := range b.askList(api+"issueLinkType", "issueLinkTypes") {
		add("issue_link_types", l.cell("id"), l.cell("name"), l.cell("outward"), l.cell("inward"))
	}
	b.wantBoards(add)
	for _, rows := range want {
		slices.Sort(rows)
	}
	return want
}

func (b *bench) wantOptions(cloud bool, field string, add func(string, ...any)) {
	b.t.Helper()
	if !cloud {
		for _, o := range b.askList("/rest/api/2/customFields/"+strings.TrimPrefix(field, "customfield_")+"/options", "options") {
			add("field_options", field, o.cell("id"), "∅", "∅", o.cell("value"), "∅", o.cell("disabled"))
		}
		return
	}
	for _, c := range b.askList("/rest/api/3/field/"+field+"/context", "values") {
		for _, o := range b.askList("/rest/api/3/field/"+field+"/context/"+c.cell("id")+"/option", "values") {
			add("field_options", field, o.cell("id"), c.cell("id"), c.cell("name"), o.cell("value"), o.cell("optionId"), o.cell("disabled"))
		}
	}
}

func (b *bench) wantBoards(add func(string, ...any)) {
	b.t.Helper()
	const boards = "/rest/agile/1.0/board"
	for _, board := range b.askList(boards, "values") {
		at := boards + "/" + board.cell("id")
		c := b.ask(at + "/configuration")
		add("boards", board.cell("id"), board.cell("name"), board.cell("type"), board.cell("location.projectId"), c.cell("filter.id"), c.cell("estimation.field.fieldId"))
		for i, column := range c.list("columnConfig.columns") {
			for _, s := range column.list("statuses") {
				add("board_columns", board.cell("id"), s.cell("id"), i, column.cell("name"))
			}
		}
		for n := 0; ; {
			page := b.ask(fmt.Sprint(at, "/sprint?startAt=", n)).list("values") // none where they are not supported
			for _, s := range page {
				add("sprints", s.cell("id"), s.cell("name"), s.cell("originBoardId"), s.cell("state"), s.cell("goal"), s.millis("startDate"), s.millis("endDate"), s.millis("completeDate"))
			}
			if n += len(page); len(page) == 0 {
				break
			}
		}
	}
}

func (b *bench) compareDimensions(deployment string) {
	b.t.Helper()
	got, want := b.dimensions(), b.wantDimensions(deployment)
	for _, name := range slices.Sorted(maps.Keys(dimensionQueries)) {
		if len(want[name]) == 0 {
			b.t.Errorf("the site has nothing for %s", name)
		}
		if !slices.Equal(got[name], want[name]) {
			b.t.Errorf("%s: %d rows, want %d:\n got %s\nwant %s", name, len(got[name]), len(want[name]), strings.Join(got[name], "\n     "), strings.Join(want[name], "\n     "))
		}
	}
}

// TestDimensions: every dimension is what the site says, after a load and after
// changes; what is gone stays and is marked, what did not change is not written;
// they are read when they are due and not before, with as many requests as their
// prices say.
func TestDimensions(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 40, Projects: 7, Seed: 21})
			b.tables = slices.Collect(maps.Keys(dimensionQueries))
			b.options = func(o *pipeline.Options) { o.Deep = 0 } // which would be due as well
			first := b.run(pipeline.Complete)
			b.compareDimensions(deployment)
			requests := dimensionRequests(first.Jira.Requests)
			if want := expectedRequests(b, deployment); !maps.Equal(requests, want) {
				t.Errorf("requests %v,\nwant     %v", requests, want)
			}
			if len(first.Left) > 0 || len(first.Odd) > 0 {
				t.Errorf("left %v, odd %v", first.Left, first.Odd)
			}

			// Not due: an idle run asks for none of it.
			b.clock.move(23 * time.Hour)
			idle := b.run(pipeline.Complete)
			if n := dimensionRequests(idle.Jira.Requests); len(n) > 0 || len(idle.Rows) > 0 || idle.Commits > 0 {
				t.Errorf("an idle run made the requests %v, wrote %v in %d commits", n, idle.Rows, idle.Commits)
			}
			if n := idle.Jira.Total(); n > 6+1 {
				t.Errorf("an idle run took %d requests", n)
			}

			// Renamed, new, gone.
			fields, sprint := b.rows("SELECT id FROM fields WHERE custom ORDER BY id"), b.sim.Sprints()[3]
			renamed, removed := fields[0][0], fields[1][0]
			hidden := b.one("SELECT key FROM projects ORDER BY id LIMIT 1")
			b.do(
				func() error { return b.sim.RenameField(renamed, "Another name") },
				func() error { return b.sim.RemoveField(removed) },
				func() error { return b.sim.RenameSprint(sprint, "Another sprint") },
				func() error { return b.sim.HideProject(hidden) },
				func() error {
					_, err := b.sim.AddField("A new field", "number")
					return err
				},
			)
			versions := b.one("SELECT count(*) FROM versions WHERE project_id = (SELECT id FROM projects WHERE key = '" + hidden + "')")
			b.clock.move(time.Hour)
			b.options = func(o *pipeline.Options) { o.Deep, o.Confirmed = 0, true }
			second := b.run(pipeline.Complete)
			b.compareDimensions(deployment)
			b.want("SELECT _presence || name FROM fields WHERE id = '"+removed+"'", "gone"+b.one("SELECT name FROM fields WHERE id = '"+removed+"'"))
			b.want("SELECT _presence FROM projects WHERE key = '"+hidden+"'", "gone")
			b.want("SELECT count(*) FROM versions WHERE _presence = 'gone'", versions)
			b.want("SELECT count(*) FROM fields WHERE _run_id = 'run-003'", "3")
			for _, same := range []string{"users", "groups", "priorities", "statuses", "issue_link_types"} {
				if second.Rows[same] > 0 {
					t.Errorf("%d rows of %s were written", second.Rows[same], same)
				}
				b.want("SELECT count(*) FROM "+same+" WHERE _run_id <> 'run-001'", "0")
			}
		})
	}
}

// dimensionRequests leaves out what every run asks for.
func dimensionRequests(all map[string]int64) map[string]int64 {
	all = maps.Clone(all)
	for _, endpoint := range []string{"serverInfo", "myself", "search/jql", "search", "search/approximate-count"} {
		delete(all, endpoint)
	}
	for _, twice := range []string{"field", "project", "project/search"} { // which every run reads once
		if all[twice]--; all[twice] <= 0 {
			delete(all, twice)
		}
	}
	return all
}

// expectedRequests follows from what the site has.
func expectedRequests(b *bench, deployment string) map[string]int64 {
	b.t.Helper()
	count := func(sql string) int64 {
		var n int64
		if _, err := fmt.Sscan(b.one(sql), &n); err != nil {
			b.t.Fatal(err)
		}
		return n
	}
	const optionFields = "SELECT count(*) FROM fields WHERE custom AND (type LIKE 'option%' OR items = 'option')"
	projects, boards, groups := count("SELECT count(*) FROM projects"), count("SELECT count(*) FROM boards"), count("SELECT count(*) FROM groups")
	want := map[string]int64{
		"field": 1, "issuetype": 1, "priority": 1, "resolution": 1, "status": 1, "statuscategory": 1, "issueLinkType": 1,
		"project/{id}/components": projects, "project/{id}/versions": projects, "project/{id}/securitylevel": projects,
		"group/member": groups, "board": 1, "board/{id}/configuration": boards,
		"board/{id}/sprint": count("SELECT sum(greatest(1, ceil(n / 50))) FROM (SELECT count(s.id) n FROM boards b LEFT JOIN sprints s ON s.board_id = b.id WHERE b.board_type <> 'kanban' GROUP BY b.id)"),
	}
	if deployment == jirasim.Cloud { // a page that is not full is followed by one that is empty
		want["project/search"], want["users/search"], want["group/bulk"] = 1, 2, 2
		want["field/{id}/context"], want["field/{id}/context/{id}/option"] = count(optionFields), count(optionFields)
	} else {
		want["project"], want["user/search"], want["groups/picker"], want["customFields/{id}/options"] = 1, 2, 2, count(optionFields)
	}
	return want
}

// TestDimensionRefused: what Jira does not show leaves its table as it was, with
// a word in the report, is not asked for again at once, and keeps nothing else
// from being loaded; trouble that may pass is met again by the next run.
func TestDimensionRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 30, Seed: 22})
	b.tables = []string{table.Default}
	b.run(pipeline.Complete)
	before := b.dimensionRows()

	refuse := map[string]int{"/rest/api/3/users/search": http.StatusForbidden, "/rest/api/3/priority": http.StatusBadGateway, "/rest/agile/1.0/board": http.StatusNotFound}
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if status := refuse[r.URL.Path]; status != 0 {
			return &jirasim.Fault{Status: status}
		}
		if r.URL.Path == "/rest/api/3/group/bulk" {
			return &jirasim.Fault{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"isLast":true,"values":[]}`}
		}
		return nil
	})
	b.clock.move(25 * time.Hour)
	b.do(func() error { return b.sim.Edit(b.sim.IDs()[0]) })
	report := b.run(pipeline.Complete)
	var left []string
	for _, l := range report.Left {
		left = append(left, l.Table)
		if !strings.Contains(l.Why, map[string]string{"users": "403", "groups": "without the permission Browse users and groups", "priorities": "502", "boards": "404", "board_columns": "404", "sprints": "404"}[l.Table]) {
			t.Errorf("%s: %s", l.Table, l.Why)
		}
	}
	if want := []string{"users", "groups", "priorities", "boards", "board_columns", "sprints"}; !slices.Equal(left, want) {
		t.Errorf("left %q, want %q", left, want)
	}
	b.compare()
	if after := b.dimensionRows(); !slices.Equal(after, before) {
		t.Errorf("the dimensions changed:\nbefore %s\nafter  %s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}

	report = b.run(pipeline.Complete)
	if len(report.Left) != 1 || report.Left[0].Table != "priorities" || report.Jira.Requests["users/search"] > 0 {
		t.Errorf("the next run left %v, with the requests %v", report.Left, report.Jira.Requests)
	}
	b.sim.Fault(nil)
	if report = b.run(pipeline.Complete); len(report.Left) > 0 || report.Jira.Requests["priority"] != 1 {
		t.Errorf("the run after it left %v", report.Left)
	}
}

// dimensionRows are the rows of the dimensions in default, with the run that
// wrote them.
func (b *bench) dimensionRows() (all []string) {
	b.t.Helper()
	for _, d := range table.Dimensions() {
		if !d.OnRequest {
			for _, row := range b.rows("SELECT '" + d.Name + "', * FROM " + d.Name + " ORDER BY ALL") {
				all = append(all, strings.Join(row, "|"))
			}
		}
	}
	return all
}
