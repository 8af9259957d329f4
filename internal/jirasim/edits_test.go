package jirasim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// seen is how an account sees an issue on every way to it.
type seen struct{ search, get, bulk bool }

func (s *site) seen(id int64) seen {
	s.t.Helper()
	var bulk searchPage
	s.post("/rest/api/3/issue/bulkfetch", fmt.Sprintf(`{"issueIdsOrKeys":["%d"],"fields":["summary"]}`, id), &bulk)
	return seen{
		search: len(s.searchAll(fmt.Sprintf("updated > 0 and id = %d", id), 5)) == 1,
		get:    s.do("GET", fmt.Sprintf("/rest/api/3/issue/%d", id), "").StatusCode == 200,
		bulk:   len(bulk.Issues) == 1,
	}
}

// What becomes of an issue shows on all ways to it, and in the oracle.
func TestPresence(t *testing.T) {
	s := newSite(t, Options{Issues: 60})
	id := s.IDs()[20]
	project := ""
	s.decodeEach(func(i int64, key string, _ map[string]any) {
		if i == id {
			project, _, _ = strings.Cut(key, "-")
		}
	})
	all, none := seen{true, true, true}, seen{}
	unindexed := seen{false, true, true}
	for _, step := range []struct {
		name     string
		do       func() error
		want     seen
		presence string
	}{
		{"untouched", func() error { return nil }, all, Live},
		{"hide", func() error { return s.Hide(id) }, none, NoAccess},
		{"unhide", func() error { return s.Unhide(id) }, all, Live},
		{"archive", func() error { return s.Archive(id) }, unindexed, Archived},
		{"unarchive", func() error { return s.Unarchive(id) }, all, Live},
		{"hide project", func() error { return s.HideProject(project) }, none, NoAccess},
		{"show project", func() error { return s.ShowProject(project) }, all, Live},
		{"archive project", func() error { return s.ArchiveProject(project) }, unindexed, Archived},
		{"restore project", func() error { return s.RestoreProject(project) }, all, Live},
		{"edit", func() error { return s.Edit(id) }, all, Live},
		{"delete", func() error { return s.Delete(id) }, none, Deleted},
	} {
		before := s.Raw(id)
		ok(t, step.do())
		if got := s.seen(id); got != step.want || s.Presence(id) != step.presence {
			t.Errorf("%s: seen %+v as %s, want %+v as %s", step.name, got, s.Presence(id), step.want, step.presence)
		}
		if count := s.Count(); (count == 60) != (step.presence == Live) {
			t.Errorf("%s: Count %d", step.name, count)
		}
		changed := !bytes.Equal(before, s.Raw(id))
		if permission := strings.Contains(step.name, "show") || strings.Contains(step.name, "unhide"); changed && step.name != "edit" && step.want.get && !permission {
			t.Errorf("%s changed the issue", step.name)
		}
	}
	if err := s.Edit(id); !errors.Is(err, ErrNoIssue) {
		t.Errorf("editing a deleted issue: %v", err)
	}
	if s.Presence(1) != "" {
		t.Error("an id that never was has a presence")
	}
}

func TestHiddenProjectIsNotListed(t *testing.T) {
	c, d := newSite(t, Options{Issues: 60}), newSite(t, Options{Issues: 60, Deployment: DataCenter})
	for _, s := range []*site{c, d} {
		ok(t, s.HideProject("SNOW"))
		ok(t, s.ArchiveProject("OPS"))
	}
	var page struct {
		Values []struct {
			Key      string
			Archived bool
			Insight  struct{ TotalIssueCount int }
		}
		Total int
	}
	c.get("/rest/api/3/project/search?expand=insight&status=archived&status=live", &page)
	issues := 0
	for _, p := range page.Values {
		issues += p.Insight.TotalIssueCount
		if p.Key == "SNOW" || p.Archived != (p.Key == "OPS") {
			t.Errorf("%+v", p)
		}
	}
	if issues != c.Count() || page.Total != 4 {
		t.Errorf("insight counts %d issues in %d projects, the site has %d in 4", issues, page.Total, c.Count())
	}
	var list []struct{ Key string }
	d.get("/rest/api/2/project", &list)
	if len(list) != 3 {
		t.Errorf("%v, want neither the hidden nor the archived project", list)
	}
	d.want(d.do("POST", "/rest/api/2/search", `{"jql":"project = SNOW"}`), 400, nil)
	if got := c.searchAll("project = SNOW", 50); len(got) != 0 {
		t.Errorf("%d issues of a hidden project", len(got))
	}
}

// A move keeps the id, changes key and project, and tells so in the history.
func TestMove(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 40, Now: c.now, Until: c.t.Add(-time.Hour)})
	id := s.IDs()[3]
	var before, after foundIssue
	s.get(fmt.Sprintf("/rest/api/3/issue/%d", id), &before)
	to := other(s, before.Key)
	ok(t, s.Move(id, to))
	s.get("/rest/api/3/issue/"+strings.ToLower(before.Key), &after) // the old key, in the wrong case
	if after.ID != before.ID || !strings.HasPrefix(after.Key, to+"-") || string(after.Fields["updated"]) == string(before.Fields["updated"]) {
		t.Errorf("%s %s became %s %s", before.ID, before.Key, after.ID, after.Key)
	}
	var log struct {
		Values []struct {
			Items []struct{ Field, FromString, ToString string }
		}
	}
	s.get(fmt.Sprintf("/rest/api/3/issue/%d/changelog", id), &log)
	last := log.Values[len(log.Values)-1].Items
	if len(last) != 2 || last[0].Field != "project" || last[1].Field != "Key" || last[1].FromString != before.Key || last[1].ToString != after.Key {
		t.Errorf("history: %+v", last)
	}
	if err := s.Move(id, to); err == nil {
		t.Error("a move to where it is succeeded")
	}
	ok(t, s.Move(id, other(s, after.Key)))
	s.want(s.do("GET", "/rest/api/3/issue/"+after.Key, ""), 200, nil)
	created, err := s.Create(to)
	ok(t, err)
	if string(s.Raw(created)) == "" || s.seen(created) != (seen{true, true, true}) {
		t.Error("a created issue is not to be seen")
	}
}

// The index learns of a change after its lag; direct reads know at once, and
// permissions hold at once.
func TestIndexLag(t *testing.T) {
	for _, lag := range []time.Duration{0, 30 * time.Second, 30 * 24 * time.Hour} {
		c := newClock()
		s := newSite(t, Options{Issues: 30, Now: c.now, Until: c.t.Add(-time.Hour), IndexLag: func(int64) time.Duration { return lag }})
		ids := s.IDs()
		start := c.t.UnixMilli()
		recent := func() int { return len(s.searchAll(fmt.Sprintf("updated >= %d", start), 50)) }
		c.advance(time.Second)
		ok(t, s.Edit(ids[0]))
		created, err := s.Create("SNOW")
		ok(t, err)
		ok(t, s.Delete(ids[1]))
		ok(t, s.Edit(ids[2]))
		ok(t, s.Edit(ids[2]))
		ok(t, s.Edit(ids[3]))
		ok(t, s.Hide(ids[3]))
		step := func(when string, edited int, deletedShown, createdShown bool) {
			t.Helper()
			if got := recent(); got != edited {
				t.Errorf("lag %s, %s: %d changed issues, want %d", lag, when, got, edited)
			}
			if got := s.seen(ids[1]); got != (seen{deletedShown, false, false}) {
				t.Errorf("lag %s, %s: deleted issue seen %+v", lag, when, got)
			}
			if got := s.seen(created); got != (seen{createdShown, true, true}) {
				t.Errorf("lag %s, %s: created issue seen %+v", lag, when, got)
			}
			if got := s.seen(ids[3]); got != (seen{}) {
				t.Errorf("lag %s, %s: hidden issue seen %+v", lag, when, got)
			}
		}
		if lag > 0 {
			step("at once", 0, true, false)
			c.advance(lag - time.Millisecond)
			step("just before", 0, true, false)
			c.advance(time.Millisecond)
		}
		step("after", 3, false, true)
		if len(s.store.behind) != 0 {
			t.Errorf("lag %s: the index still waits for %d issues", lag, len(s.store.behind))
		}
	}
}

// What search shows of an issue behind the lag is the older version, whole.
func TestStaleSearchShowsTheOldVersion(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 10, Now: c.now, Until: c.t.Add(-time.Hour), IndexLag: func(int64) time.Duration { return time.Minute }})
	id := s.IDs()[4]
	old := s.FieldValue(id, "summary")
	ok(t, s.EditField(id, "summary", json.RawMessage(`"New"`)))
	var p searchPage
	q := fmt.Sprintf(`{"jql":"id = %d","fields":["summary"]}`, id)
	s.post("/rest/api/3/search/jql", q, &p)
	if string(p.Issues[0].Fields["summary"]) != string(old) {
		t.Errorf("search shows %s before the lag is over", p.Issues[0].Fields["summary"])
	}
	c.advance(time.Minute)
	s.post("/rest/api/3/search/jql", q, &p)
	if string(p.Issues[0].Fields["summary"]) != `"New"` {
		t.Errorf("search shows %s after the lag", p.Issues[0].Fields["summary"])
	}
}

// Two edits never share their instant, unless the clock is turned back.
func TestEditsAreApart(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 5, Now: c.now, Until: c.t.Add(-time.Hour)})
	id := s.IDs()[0]
	updated := map[string]bool{}
	for range 5 {
		ok(t, s.Edit(id))
		updated[string(s.FieldValue(id, "updated"))] = true
	}
	if len(updated) != 5 {
		t.Errorf("five edits at %d instants", len(updated))
	}
	c.advance(-24 * time.Hour)
	ok(t, s.Edit(id))
	var shown string
	unquote(t, s.FieldValue(id, "updated"), &shown)
	if at, err := time.Parse(jiraTime, shown); err != nil || !at.Equal(c.t) {
		t.Errorf("updated at %s by a clock that says %s", shown, c.t)
	}
}

func TestSilentEdit(t *testing.T) {
	s := newSite(t, Options{Issues: 10})
	id := s.IDs()[0]
	before, updated := s.Raw(id), s.FieldValue(id, "updated")
	ok(t, s.SilentEdit(id))
	if bytes.Equal(before, s.Raw(id)) || string(updated) != string(s.FieldValue(id, "updated")) {
		t.Error("a silent edit changes the issue and not its updated")
	}
}

func TestEditField(t *testing.T) {
	for _, d := range []string{Cloud, DataCenter} {
		s := newSite(t, Options{Deployment: d, Issues: 10})
		id := s.IDs()[0]
		for _, tt := range []struct{ field, value, shown string }{
			{"summary", `"a \ud800 \u0000"`, `"a \ud800 \u0000"`},
			{pointsField, "1e400", "1e400"},
			{pointsField, `""`, `""`},
			{"labels", `["x","y"]`, `["x","y"]`},
			{"duedate", `"51502-01-01"`, `"51502-01-01"`},
			{"customfield_10020", `"not a list"`, `"not a list"`},
		} {
			ok(t, s.EditField(id, tt.field, json.RawMessage(tt.value)))
			if got := s.FieldValue(id, tt.field); string(got) != tt.shown {
				t.Errorf("%s: %s, want %s", tt.field, got, tt.shown)
			}
		}
		ok(t, s.EditField(id, "description", json.RawMessage(`"plain"`)))
		if got, want := string(s.FieldValue(id, "description")), map[string]string{DataCenter: `"plain"`, Cloud: `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"plain"}]}]}`}[d]; got != want {
			t.Errorf("description: %s", got)
		}
		ok(t, s.EditField(id, "status", json.RawMessage(`"Done"`)))
		ok(t, s.EditField(id, "assignee", json.RawMessage(quote(s.cat.users[4].id))))
		if got := s.searchAll(fmt.Sprintf(`id = %d and status = Done and assignee = "%s" and resolution is not empty`, id, s.cat.users[4].id), 5); len(got) != 1 {
			t.Error("search does not find the new status and assignee")
		}
		for field, value := range map[string]string{"nosuch": "1", "status": `"Nope"`, "assignee": `"nobody"`, "id": `"1"`, "updated": `""`, "priority": "{"} {
			if err := s.EditField(id, field, json.RawMessage(value)); err == nil {
				t.Errorf("%s = %s was accepted", field, value)
			}
		}
	}
}

// Fields can be renamed, retyped, added and removed; issues do not count as
// updated by that.
func TestFieldsChange(t *testing.T) {
	s := newSite(t, Options{Issues: 200})
	names := func() map[string]string {
		var fields []struct{ ID, Name string }
		s.get("/rest/api/3/field", &fields)
		m := map[string]string{}
		for _, f := range fields {
			m[f.ID] = f.Name
		}
		return m
	}
	values := func(id string) (n int, all string) {
		for _, i := range s.IDs() {
			if v := s.FieldValue(i, id); len(v) > 0 && !isNull(v) {
				n, all = n+1, all+string(v)
			}
		}
		return n, all
	}
	updated := func() string {
		var b bytes.Buffer
		for _, i := range s.IDs() {
			b.Write(s.FieldValue(i, "updated"))
		}
		return b.String()
	}
	past := func() string {
		var b bytes.Buffer
		for _, i := range s.IDs() {
			var is struct {
				Changelog json.RawMessage
				Fields    map[string]json.RawMessage
			}
			s.get(fmt.Sprintf("/rest/api/3/issue/%d?fields=statuscategorychangedate&expand=changelog", i), &is)
			fmt.Fprintf(&b, "%s%s", is.Changelog, is.Fields["statuscategorychangedate"])
		}
		return b.String()
	}
	was, wasPast := updated(), past()
	_, before := values(pointsField)
	ok(t, s.RenameField(pointsField, "Weight"))
	if _, now := values(pointsField); now != before || names()[pointsField] != "Weight" {
		t.Error("a renamed field keeps its values")
	}
	if len(s.searchAll("Weight is not empty", 100)) == 0 {
		t.Error("the new name finds nothing")
	}
	ok(t, s.RetypeField(pointsField, "text"))
	if n, now := values(pointsField); now == before || n == 0 || !strings.Contains(now, `"`) || strings.Contains(s.schema.byID[pointsField].schema, "number") {
		t.Error("a retyped field has values of the new type")
	}
	added, err := s.AddField("Brand new", "option")
	ok(t, err)
	if n, _ := values(added); n == 0 || names()[added] != "Brand new" {
		t.Error("an added field has values")
	}
	_, shown := values(added)
	ok(t, s.HideField(added))
	if n, _ := values(added); n != 0 || names()[added] != "" {
		t.Error("a hidden field is seen")
	}
	ok(t, s.ShowField(added))
	if _, now := values(added); now != shown || names()[added] != "Brand new" {
		t.Error("a field that was hidden has not got its values back")
	}
	if s.ShowField(added) == nil {
		t.Error("a field was shown twice")
	}
	ok(t, s.RemoveField(added))
	if n, _ := values(added); n != 0 || names()[added] != "" {
		t.Error("a removed field is gone")
	}
	ok(t, s.RemoveField(sprintField))
	if updated() != was || past() != wasPast {
		t.Error("a change of fields changes when issues were updated, or their history")
	}
	for _, err := range []error{s.RenameField("nosuch", "x"), s.RetypeField("summary", "text"), s.RetypeField(pointsField, "nokind"), s.RemoveField("nosuch")} {
		if err == nil {
			t.Error("an impossible change of a field was accepted")
		}
	}
}

func TestSprintOperations(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 400, Now: c.now, Until: c.t.Add(-time.Hour)})
	id := int64(0)
	for _, i := range s.IDs() {
		if !isNull(s.FieldValue(i, sprintField)) {
			id = i
		}
	}
	var in []struct {
		ID          int64
		Name, State string
	}
	unquote(t, s.FieldValue(id, sprintField), &in)
	updated := s.FieldValue(id, "updated")
	ok(t, s.RenameSprint(in[0].ID, "Renamed, it is"))
	unquote(t, s.FieldValue(id, sprintField), &in)
	if in[0].Name != "Renamed, it is" || string(updated) != string(s.FieldValue(id, "updated")) {
		t.Errorf("%+v: a sprint's new name shows in its issues, without an update", in)
	}
	var page struct {
		Values []struct {
			ID        int64
			State     string
			StartDate string
		}
	}
	s.get("/rest/agile/1.0/board/1/sprint?state=active,future", &page)
	if len(page.Values) != 2 || page.Values[0].State != "active" || page.Values[1].StartDate != "" {
		t.Fatalf("%+v, want the active sprint and one that has no dates yet", page.Values)
	}
	active, future := page.Values[0].ID, page.Values[1].ID
	ok(t, s.CloseSprint(active))
	ok(t, s.StartSprint(future))
	if s.StartSprint(future) == nil || s.CloseSprint(active) == nil || s.RenameSprint(-1, "") == nil {
		t.Error("an impossible sprint operation was accepted")
	}
	s.get("/rest/agile/1.0/board/1/sprint?state=active", &page)
	if len(page.Values) != 1 || page.Values[0].ID != future || page.Values[0].StartDate == "" {
		t.Errorf("%+v", page.Values)
	}
	n := len(in)
	ok(t, s.AddToSprint(id, future))
	unquote(t, s.FieldValue(id, sprintField), &in)
	if len(in) != n+1 || in[n].ID != future || string(updated) == string(s.FieldValue(id, "updated")) {
		t.Errorf("%+v", in)
	}
	s.want(s.do("GET", fmt.Sprintf("/rest/agile/1.0/board/%d/sprint", kanbanBoard+1), ""), 400, nil)
	s.want(s.do("GET", "/rest/agile/1.0/board/999/sprint", ""), 404, nil)
	if !slices.Contains(s.Sprints(), future) {
		t.Error("Sprints does not list the sprint")
	}
}
