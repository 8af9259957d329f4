package pipeline_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/jiratime"
	"snowdrift/pipeline"
)

// childQueries are the columns that are held against the site, by table.
var childQueries = map[string]string{
	"issue_comments":         "issue_id, id, author, author_id, update_author_id, epoch_ms(created), epoch_ms(updated), visibility_type, visibility, jsd_public, coalesce(CAST(body_raw AS VARCHAR), body)",
	"issue_worklogs":         "issue_id, id, author, author_id, epoch_ms(started), time_spent_seconds, epoch_ms(created), epoch_ms(updated), coalesce(CAST(comment_raw AS VARCHAR), comment)",
	"issue_links":            "issue_id, id, link_type_id, link_type, inward, outward, linked_id, linked_key, target_id, source_id",
	"issue_attachments":      "issue_id, id, filename, mime_type, size_bytes, author, epoch_ms(created), content_url",
	"issue_labels":           "issue_id, position, label",
	"issue_components":       "issue_id, position, component_id, component",
	"issue_fix_versions":     "issue_id, position, version_id, version, released, archived, CAST(release_date AS VARCHAR)",
	"issue_affects_versions": "issue_id, position, version_id, version, released, archived, CAST(release_date AS VARCHAR)",
	"issue_sprints":          "issue_id, position, sprint_id, sprint, state, board_id, goal, epoch_ms(start_date), epoch_ms(complete_date)",
	"issue_changelog":        "issue_id, history_id, item_index, epoch_ms(created), author, author_id, field, field_id, field_type, from_id, from_string, to_id, to_string",
	"issue_key_history":      "issue_id, history_id, epoch_ms(changed), author_id, old_key, new_key",
	"issue_remote_links":     "issue_id, id, global_id, relationship, application, application_type, url, title, summary, resolved",
	"issue_watchers":         "issue_id, user_id, name",
	"issue_votes":            "issue_id, user_id, name",
}

// children returns what child tables say of live issues, by table: a line for
// each row.
func (b *bench) children(names []string) map[string][]string {
	b.t.Helper()
	out := map[string][]string{}
	for _, name := range names {
		for _, row := range b.rows("SELECT " + childQueries[name] + " FROM " + name + " WHERE issue_id IN (SELECT id FROM issues WHERE _presence = 'live')") {
			out[name] = append(out[name], strings.Join(row, "|"))
		}
	}
	return out
}

// object is a JSON object as encoding/json reads it; the methods write a
// member, or one below it, as a cell is written.
type object map[string]any

func (o object) at(path string) any {
	var v any = map[string]any(o)
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func (o object) cell(path string) string {
	switch v := o.at(path).(type) {
	case nil:
		return "∅"
	case map[string]any:
		text, _ := json.Marshal(v)
		return string(text)
	default:
		return fmt.Sprint(v)
	}
}

// first writes the first of several members that is there.
func (o object) first(paths ...string) string {
	for _, path := range paths {
		if o.at(path) != nil {
			return o.cell(path)
		}
	}
	return "∅"
}

func (o object) millis(path string) string {
	text, _ := json.Marshal(o.at(path))
	if ms, ok := jiratime.ParseMillis(text); ok {
		return fmt.Sprint(ms)
	}
	return "∅"
}

func (o object) id(path string) string {
	return o.first(path+".accountId", path+".key", path+".name")
}

func (o object) list(path string) (out []object) {
	all, _ := o.at(path).([]any)
	for _, v := range all {
		m, _ := v.(map[string]any)
		out = append(out, m)
	}
	return out
}

// ask reads a resource of the site that is an object.
func (b *bench) ask(path string) (o object) {
	b.t.Helper()
	b.read(path, &o)
	return o
}

// askList reads a resource that holds a list, or is one ("").
func (b *bench) askList(path, list string) (all []object) {
	b.t.Helper()
	if list != "" {
		return b.ask(path).list(list)
	}
	b.read(path, &all)
	return all
}

func (b *bench) read(path string, into any) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.SetBasicAuth("user7@example.com", "secret")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		b.t.Fatalf("%s: %v", path, err)
	}
}

// askAll reads all pages of a resource.
func (b *bench) askAll(path, list string) (all []object) {
	b.t.Helper()
	for {
		page := b.ask(fmt.Sprintf("%s?startAt=%d", path, len(all))).list(list)
		all = append(all, page...)
		if len(page) == 0 || strings.HasPrefix(path, "/rest/api/2/") { // Data Center sends all
			return all
		}
	}
}

// wantChildren returns what the child tables should say of an issue.
func (b *bench) wantChildren(deployment string, id int64, want map[string][]string) {
	b.t.Helper()
	api := "/rest/api/3/issue/"
	if deployment == jirasim.DataCenter {
		api = "/rest/api/2/issue/"
	}
	api += strconv.FormatInt(id, 10)
	add := func(name string, cells ...any) {
		row := strconv.FormatInt(id, 10)
		for _, c := range cells {
			row += fmt.Sprint("|", c)
		}
		want[name] = append(want[name], row)
	}
	issue := b.ask(api)
	for _, c := range b.askAll(api+"/comment", "comments") {
		add("issue_comments", c.cell("id"), c.cell("author.displayName"), c.id("author"), c.id("updateAuthor"), c.millis("created"), c.millis("updated"),
			c.cell("visibility.type"), c.cell("visibility.value"), c.cell("jsdPublic"), c.cell("body"))
	}
	for _, w := range b.askAll(api+"/worklog", "worklogs") {
		add("issue_worklogs", w.cell("id"), w.cell("author.displayName"), w.id("author"), w.millis("started"), w.cell("timeSpentSeconds"), w.millis("created"), w.millis("updated"), w.cell("comment"))
	}
	for _, l := range issue.list("fields.issuelinks") {
		add("issue_links", l.cell("id"), l.cell("type.id"), l.cell("type.name"), l.cell("type.inward"), l.cell("type.outward"),
			l.first("outwardIssue.id", "inwardIssue.id"), l.first("outwardIssue.key", "inwardIssue.key"), l.cell("outwardIssue.id"), l.cell("inwardIssue.id"))
	}
	for _, a := range issue.list("fields.attachment") {
		add("issue_attachments", a.cell("id"), a.cell("filename"), a.cell("mimeType"), a.cell("size"), a.cell("author.displayName"), a.millis("created"), a.cell("content"))
	}
	labels, _ := issue.at("fields.labels").([]any)
	for i, l := range labels {
		add("issue_labels", i, l)
	}
	for i, c := range issue.list("fields.components") {
		add("issue_components", i, c.cell("id"), c.cell("name"))
	}
	for field, name := range map[string]string{"fixVersions": "issue_fix_versions", "versions": "issue_affects_versions"} {
		for i, v := range issue.list("fields." + field) {
			add(name, i, v.cell("id"), v.cell("name"), v.cell("released"), v.cell("archived"), v.cell("releaseDate"))
		}
	}
	sprints, _ := issue.at("fields." + b.sprintField()).([]any)
	for i, v := range sprints {
		s := sprintObject(v)
		add("issue_sprints", i, s.cell("id"), s.cell("name"), strings.ToLower(s.cell("state")), s.first("boardId", "rapidViewId"), s.cell("goal"), s.millis("startDate"), s.millis("completeDate"))
	}
	for _, l := range b.askList(api+"/remotelink", "") {
		add("issue_remote_links", l.cell("id"), l.cell("globalId"), l.cell("relationship"), l.cell("application.name"), l.cell("application.type"),
			l.cell("object.url"), l.cell("object.title"), l.cell("object.summary"), l.cell("object.status.resolved"))
	}
	for resource, list := range map[string]string{"watchers": "watchers", "votes": "voters"} {
		for _, u := range b.askList(api+"/"+resource, list) {
			add("issue_"+resource, u.first("accountId", "key"), u.cell("displayName"))
		}
	}
	b.wantHistories(deployment, id, want)
}

// wantHistories returns what issue_changelog and issue_key_history should say of
// an issue.
func (b *bench) wantHistories(deployment string, id int64, want map[string][]string) {
	b.t.Helper()
	var histories []object
	if deployment == jirasim.Cloud {
		histories = b.askAll(fmt.Sprintf("/rest/api/3/issue/%d/changelog", id), "values")
	} else {
		histories = b.ask(fmt.Sprintf("/rest/api/2/issue/%d?fields=id&expand=changelog", id)).list("changelog.histories")
	}
	for _, h := range histories {
		for i, it := range h.list("items") {
			want["issue_changelog"] = append(want["issue_changelog"], strings.Join([]string{strconv.FormatInt(id, 10),
				h.cell("id"), strconv.Itoa(i), h.millis("created"), h.cell("author.displayName"), h.id("author"), it.cell("field"), it.cell("fieldId"), it.cell("fieldtype"),
				it.cell("from"), it.cell("fromString"), it.cell("to"), it.cell("toString")}, "|"))
			if it.cell("field") == "Key" {
				want["issue_key_history"] = append(want["issue_key_history"], strings.Join([]string{strconv.FormatInt(id, 10),
					h.cell("id"), h.millis("created"), h.id("author"), it.cell("fromString"), it.cell("toString")}, "|"))
			}
		}
	}
}

// sprintField is the id of the sprint field.
func (b *bench) sprintField() string {
	b.t.Helper()
	source, err := b.source(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, t := range source.Fields().Children {
		if t.Name == "issue_sprints" {
			return t.Field
		}
	}
	b.t.Fatal("the site has no sprints")
	return ""
}

var sprintMember = regexp.MustCompile(`(id|rapidViewId|state|name|startDate|completeDate|goal)=(Ship a, b = c|[^,\]]*)`)

// sprintObject reads a sprint, also the text for one that the simulator writes.
func sprintObject(v any) object {
	if m, ok := v.(map[string]any); ok {
		return m
	}
	o := object{}
	for _, m := range sprintMember.FindAllStringSubmatch(fmt.Sprint(v), -1) {
		if m[2] != "<null>" {
			o[m[1]] = m[2]
		}
	}
	return o
}

// compareChildren holds the child tables against the site. Documents are
// compared as JSON, whose members the destination may order.
func (b *bench) compareChildren(deployment string) {
	b.t.Helper()
	names := slices.Sorted(maps.Keys(childQueries))
	want := b.compareTables(deployment, b.sim.IDs(), names)
	for _, name := range names {
		if len(want[name]) == 0 {
			b.t.Errorf("the site has nothing for %s", name)
		}
	}
}

// compareTables is compareChildren for some tables, of the issues that are to be
// live. It returns what they should hold.
func (b *bench) compareTables(deployment string, live []int64, names []string) map[string][]string {
	b.t.Helper()
	want := map[string][]string{}
	for _, id := range live {
		b.wantChildren(deployment, id, want)
	}
	got := b.children(names)
	for _, name := range names {
		if deployment == jirasim.Cloud && (name == "issue_comments" || name == "issue_worklogs") {
			sameDocuments(got[name])
			sameDocuments(want[name])
		}
		slices.Sort(got[name])
		slices.Sort(want[name])
		for i := range max(len(got[name]), len(want[name])) {
			if i >= len(got[name]) || i >= len(want[name]) || got[name][i] != want[name][i] {
				b.t.Errorf("%s: %d rows, want %d; the first that differs:\n got %s\nwant %s", name, len(got[name]), len(want[name]),
					strings.Join(got[name][min(i, len(got[name])):min(i+1, len(got[name]))], ""), strings.Join(want[name][min(i, len(want[name])):min(i+1, len(want[name]))], ""))
				break
			}
		}
	}
	return want
}

// sameDocuments rewrites the last cells as encoding/json does.
func sameDocuments(rows []string) {
	for i, row := range rows {
		at := strings.Index(row, "|{")
		var v any
		if at >= 0 && json.Unmarshal([]byte(row[at+1:]), &v) == nil {
			text, _ := json.Marshal(v)
			rows[i] = row[:at+1] + string(text)
		}
	}
}

// TestChildren: the child tables are what the site says, after a load and after
// changes; a comment that was deleted is gone; and an idle run writes nothing.
func TestChildren(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 150, Seed: 12, TimeZone: "Asia/Kathmandu"})
			b.tables = slices.Collect(maps.Keys(childQueries))
			ids := b.sim.IDs()
			b.remark(ids[7], 45)
			b.do(func() error { return b.sim.Move(ids[8], otherProject(b.sim, ids[8])) })
			b.run(pipeline.Complete)
			b.compareChildren(deployment)

			b.clock.move(time.Hour)
			b.remark(ids[30], 23)
			comments, worklogs := b.sim.Comments(ids[7]), b.sim.Worklogs(ids[7])
			for _, err := range []error{
				b.sim.EditComment(ids[7], comments[len(comments)-1], "another text"),
				b.sim.DeleteComment(ids[7], comments[0]), b.sim.DeleteComment(ids[7], comments[len(comments)-2]),
				b.sim.DeleteWorklog(ids[7], worklogs[3]),
				b.sim.Edit(ids[50]), b.sim.AddToSprint(ids[51], 2), b.sim.Move(ids[52], otherProject(b.sim, ids[52])),
				b.sim.EditField(ids[53], "labels", json.RawMessage(`[]`)), b.sim.EditField(ids[54], "labels", json.RawMessage(`["one","two"]`)),
				b.sim.Delete(ids[60]),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			b.clock.move(time.Minute)
			b.run(pipeline.Complete)
			b.compareChildren(deployment)
			b.want(fmt.Sprintf("SELECT count(*) FROM issue_comments WHERE id = %d", comments[0]), "0")

			if report := b.run(pipeline.Complete); len(report.Rows) > 0 || report.Files > 0 {
				t.Errorf("an idle run wrote %v in %d files", report.Rows, report.Files)
			}
		})
	}
}

// remark adds comments and worklogs to an issue.
func (b *bench) remark(id int64, n int) {
	b.t.Helper()
	for i := range n {
		if _, err := b.sim.AddComment(id, fmt.Sprint("Comment ", i)); err != nil {
			b.t.Fatal(err)
		}
		if _, err := b.sim.AddWorklog(id, time.Hour, fmt.Sprint("Work ", i)); err != nil {
			b.t.Fatal(err)
		}
	}
}

// TestTableAdded: a table that comes to the selection is filled for issues that
// did not change too.
func TestTableAdded(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60, Seed: 13})
	b.tables = []string{"issue_labels"}
	b.run(pipeline.Complete)
	b.tables = []string{"issue_labels", "issue_changelog"}
	report := b.run(pipeline.Complete)
	if len(report.Plan) != 2 || !strings.Contains(report.Plan[0], "tables added: issue_changelog") {
		t.Errorf("plan %q", report.Plan)
	}
	changed := 0
	for _, id := range b.sim.IDs() {
		histories := b.askAll(fmt.Sprintf("/rest/api/3/issue/%d/changelog", id), "values")
		changed += min(len(histories), 1)
	}
	b.want("SELECT count(DISTINCT issue_id) FROM issue_changelog", strconv.Itoa(changed))
	if b.one("SELECT count(*) > 50 FROM issue_changelog") != "true" {
		t.Error("the changelog has hardly any rows")
	}
}

// TestLastChildDeleted: rows go also when nothing of their table is loaded.
func TestLastChildDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 30, Seed: 14})
	b.tables = []string{"issue_comments"}
	var id int64
	for _, id = range b.sim.IDs() {
		if len(b.sim.Comments(id)) == 0 {
			break
		}
	}
	comment, err := b.sim.AddComment(id, "the only one")
	if err != nil {
		t.Fatal(err)
	}
	b.run(pipeline.Complete)
	count := fmt.Sprintf("SELECT count(*) FROM issue_comments WHERE issue_id = %d", id)
	b.want(count, "1")
	b.clock.move(time.Hour)
	if err := b.sim.DeleteComment(id, comment); err != nil {
		t.Fatal(err)
	}
	b.clock.move(time.Minute)
	if report := b.run(pipeline.Complete); report.Rows["issue_comments"] != 1 {
		t.Errorf("rows %v", report.Rows)
	}
	b.want(count, "0")
}
