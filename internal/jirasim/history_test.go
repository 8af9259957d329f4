package jirasim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

type history struct {
	ID      string
	Created any
	Items   []changedItem
}

type changedItem struct {
	Field, FieldID       string
	From, FromString, To *string
	ToText               *string `json:"toString"`
}

// changelog pages through an issue's history.
func (s *site) changelog(id int64) []history {
	s.t.Helper()
	var all []history
	for {
		var p struct {
			Values []history
			Total  int
			IsLast bool
		}
		s.get(fmt.Sprintf("/rest/api/3/issue/%d/changelog?startAt=%d&maxResults=1000", id, len(all)), &p)
		if len(p.Values) > 100 {
			s.t.Fatalf("a page of %d", len(p.Values))
		}
		all = append(all, p.Values...)
		if p.IsLast != (len(all) == p.Total) {
			s.t.Fatalf("isLast %t after %d of %d", p.IsLast, len(all), p.Total)
		}
		if p.IsLast {
			return all
		}
	}
}

// today is what a changelog would call the present value of a field.
func (s *site) today(id int64, field string) string {
	value := s.FieldValue(id, field)
	if field == sprintField {
		var in []struct{ ID int }
		if isNull(value) {
			return ""
		}
		unquote(s.t, value, &in)
		var ids []string
		for _, sp := range in {
			ids = append(ids, fmt.Sprint(sp.ID))
		}
		return strings.Join(ids, ", ")
	}
	ref, text := changeText(s.schema.byID[field], value)
	if field == "assignee" || field == "status" || field == "priority" || field == "resolution" || field == "project" {
		text = ref
	}
	if text == nil {
		return ""
	}
	return *text
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Changes of options are told as Jira tells them: ids in brackets and names with
// bare commas between them; of cascading ones, a text with both.
func TestChangesOfOptions(t *testing.T) {
	s := newSite(t, Options{Issues: 10})
	id := s.IDs()[0]
	const berlin, paris = `{"id":"100","value":"Berlin, Germany"}`, `{"id":"101","value":"Paris"}`
	for _, tt := range []struct {
		field             step
		value, to, toText string
	}{
		{stepOptions, "[" + paris + "]", "[101]", "Paris"},
		{stepOptions, "[" + berlin + "," + paris + "]", "[100, 101]", "Berlin, Germany,Paris"},
		{stepOptions, "[]", "", ""},
		{stepCascade, `{"id":"10","value":"Asia"}`, "", "Parent values: Asia(10)"},
		{stepCascade, `{"id":"10","value":"Asia","child":{"id":"11","value":"Japan"}}`, "", "Parent values: Asia(10)Level 1 values: Japan(11)"},
		{stepCascade, "null", "", ""},
	} {
		ok(t, s.EditField(id, choiceFields[tt.field], json.RawMessage(tt.value)))
		log := s.changelog(id)
		if it := log[len(log)-1].Items[0]; it.FieldID != choiceFields[tt.field] || orEmpty(it.To) != tt.to || orEmpty(it.ToText) != tt.toText {
			t.Errorf("%s: %s, %q, %q", tt.value, it.FieldID, orEmpty(it.To), orEmpty(it.ToText))
		}
	}
}

// Every history replays: each change starts where the one before ended, and
// the last ends in today's value; times ascend between creation and update.
func TestHistoryReplays(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 500, Seed: 5, Now: c.now, Until: c.t.Add(-time.Hour)})
	r := draw(3, 4)
	for _, id := range s.IDs()[:200] {
		for range r.n(4) {
			c.advance(time.Minute)
			ok(t, s.Edit(id))
		}
		if r.one(5) {
			key := s.key(id)
			ok(t, s.Move(id, other(s, key)))
		}
		if r.one(5) {
			ok(t, s.AddToSprint(id, s.Sprints()[r.n(len(s.Sprints()))]))
		}
	}
	replayed := map[string]int{}
	longest := 0
	for _, id := range s.IDs() {
		last := map[string]string{}
		at := time.Time{}
		log := s.changelog(id)
		longest = max(longest, len(log))
		for _, h := range log {
			when, err := time.Parse(jiraTime, h.Created.(string))
			ok(t, err)
			if when.Before(at) || len(h.Items) == 0 {
				t.Fatalf("issue %d: history %s is out of order or empty", id, h.ID)
			}
			at = when
			for _, it := range h.Items {
				if it.FieldID == "" || it.Field == "Rank" {
					continue
				}
				from, to := orEmpty(it.FromString), orEmpty(it.ToText)
				if slices.Contains([]string{"assignee", "status", "priority", "resolution", "project", sprintField}, it.FieldID) {
					from, to = orEmpty(it.From), orEmpty(it.To)
				}
				if was, known := last[it.FieldID]; known && was != from {
					t.Fatalf("issue %d: %s changes from %q but was %q", id, it.FieldID, from, was)
				}
				last[it.FieldID] = to
			}
		}
		for field, value := range last {
			if field == "description" {
				continue // told as text, shown as a document
			}
			if today := s.today(id, field); today != value {
				t.Fatalf("issue %d: %s ends in %q, today it is %q", id, field, value, today)
			}
			replayed[field]++
		}
		var updated string
		unquote(t, s.FieldValue(id, "updated"), &updated)
		if up, err := time.Parse(jiraTime, updated); err != nil || at.After(up) {
			t.Fatalf("issue %d: changed at %s, updated at %s", id, at, updated)
		}
	}
	for _, field := range []string{"status", "assignee", "priority", "summary", "resolution", pointsField, sprintField, "project", "labels", "duedate", choiceFields[stepOptions], choiceFields[stepCascade]} {
		if replayed[field] == 0 {
			t.Errorf("no history of %s was replayed", field)
		}
	}
	if longest <= inlineChanges {
		t.Errorf("the longest history has %d entries: none is truncated inside its issue", longest)
	}
}

func (s *site) key(id int64) string {
	var is foundIssue
	unquote(s.t, s.Raw(id), &is)
	return is.Key
}

// Cloud shows the newest 40 inside an issue, newest first; Data Center all,
// oldest first.
func TestInlineChangelog(t *testing.T) {
	for _, d := range []string{Cloud, DataCenter} {
		s := newSite(t, Options{Deployment: d, Issues: 500})
		checked := 0
		for _, id := range s.IDs() {
			var is struct {
				Changelog struct {
					StartAt, MaxResults, Total int
					Histories                  []history
				}
			}
			path := fmt.Sprintf("/rest/api/2/issue/%d?fields=id&expand=changelog", id)
			s.get(path, &is)
			log := is.Changelog
			slot, _ := s.store.slot(id)
			v := s.viewLocked(false)
			all := v.history(&s.store.issues[slot])
			if log.Total != len(all) {
				t.Fatalf("total %d of %d", log.Total, len(all))
			}
			if len(all) <= inlineChanges {
				continue
			}
			checked++
			first, n := fmt.Sprint(all[0].id), len(all)
			if d == Cloud {
				first, n = fmt.Sprint(all[len(all)-1].id), inlineChanges
			}
			if len(log.Histories) != n || log.Histories[0].ID != first {
				t.Errorf("%s: %d entries beginning with %s, want %d with %s", d, len(log.Histories), log.Histories[0].ID, n, first)
			}
		}
		if checked == 0 {
			t.Error("no issue has a long history")
		}
	}
}

// The bulk endpoint tells what the single one tells, with created as a number,
// over any page size.
func TestChangelogBulkFetch(t *testing.T) {
	s := newSite(t, Options{Issues: 60})
	ids := s.IDs()[:40]
	var names []string
	want := map[string][]string{}
	for _, id := range ids {
		names = append(names, fmt.Sprint(id))
		for _, h := range s.changelog(id) {
			at, err := time.Parse(jiraTime, h.Created.(string))
			ok(t, err)
			want[fmt.Sprint(id)] = append(want[fmt.Sprint(id)], fmt.Sprint(h.ID, " ", at.UnixMilli()))
		}
	}
	for _, size := range []int{1, 7, 1000} {
		got := map[string][]string{}
		token := ""
		for {
			q := map[string]any{"issueIdsOrKeys": names, "maxResults": size}
			if token != "" {
				q["nextPageToken"] = token
			}
			var p struct {
				IssueChangeLogs []struct {
					IssueID         string
					ChangeHistories []struct {
						ID      string
						Created json.Number
					}
				}
				NextPageToken string
			}
			s.post("/rest/api/3/changelog/bulkfetch", mustJSON(q), &p)
			n := 0
			for _, l := range p.IssueChangeLogs {
				for _, h := range l.ChangeHistories {
					got[l.IssueID] = append(got[l.IssueID], fmt.Sprint(h.ID, " ", h.Created))
					n++
				}
			}
			if n > size {
				t.Fatalf("a page of %d, asked for %d", n, size)
			}
			if token = p.NextPageToken; token == "" {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("pages of %d differ from the single changelogs", size)
		}
	}
	var p struct {
		IssueChangeLogs []struct{ ChangeHistories []history }
	}
	s.post("/rest/api/3/changelog/bulkfetch", mustJSON(map[string]any{"issueIdsOrKeys": names, "fieldIds": []string{"status"}}), &p)
	for _, l := range p.IssueChangeLogs {
		for _, h := range l.ChangeHistories {
			if !slices.ContainsFunc(h.Items, func(it changedItem) bool { return it.FieldID == "status" }) {
				t.Fatalf("%+v does not change the status", h)
			}
		}
	}
	for _, body := range []string{`{"issueIdsOrKeys":[]}`, `{"issueIdsOrKeys":["1"],"maxResults":10001}`, `{"issueIdsOrKeys":["1"],"nextPageToken":"x"}`, `{"ids":["1"]}`} {
		s.want(s.do("POST", "/rest/api/3/changelog/bulkfetch", body), 400, nil)
	}
}
