package jirasim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

type remarkPage struct {
	Comments, Worklogs []struct {
		ID, IssueID      string
		Body             json.RawMessage
		TimeSpentSeconds int64
		Started          string
	}
	Total, StartAt, MaxResults int
}

func (p remarkPage) ids() []int64 {
	var ids []int64
	for _, m := range append(p.Comments, p.Worklogs...) {
		n := json.Number(m.ID)
		id, _ := n.Int64()
		ids = append(ids, id)
	}
	return ids
}

// What an issue shows inline is the beginning of what the endpoint delivers in
// pages, and total tells the truth.
func TestInlineChildrenAreABeginning(t *testing.T) {
	for _, d := range []string{Cloud, DataCenter} {
		s := newSite(t, Options{Deployment: d, Issues: 250})
		capped := map[string]int{}
		for _, id := range s.IDs() {
			for _, kind := range []string{"comment", "worklog"} {
				var inline remarkPage
				unquote(t, s.FieldValue(id, kind), &inline)
				var all []int64
				for {
					var p remarkPage
					s.get(fmt.Sprintf("/rest/api/2/issue/%d/%s?startAt=%d&maxResults=50", id, kind, len(all)), &p)
					all = append(all, p.ids()...)
					if len(all) >= p.Total || len(p.ids()) == 0 {
						break
					}
				}
				shown := inline.ids()
				if !slices.Equal(shown, all[:len(shown)]) || inline.Total != len(all) {
					t.Fatalf("%s: %s of %d: %d inline of %d, endpoint has %d", d, kind, id, len(shown), inline.Total, len(all))
				}
				if len(shown) < len(all) {
					capped[kind]++
					if len(shown) != inlineRemarks {
						t.Errorf("%s: %s capped at %d", d, kind, len(shown))
					}
				}
				if !slices.Equal(all, map[string]func(int64) []int64{"comment": s.Comments, "worklog": s.Worklogs}[kind](id)) {
					t.Fatalf("%s: the oracle has other %ss", d, kind)
				}
			}
		}
		if capped["worklog"] == 0 || (capped["comment"] == 0) != (d == DataCenter) {
			t.Errorf("%s: truncated inline: %v", d, capped)
		}
	}
}

func TestCommentsComeAndGo(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 30, Now: c.now, Until: c.t.Add(-time.Hour)})
	var id int64
	for _, i := range s.IDs() {
		if len(s.Comments(i)) > 2 {
			id = i
		}
	}
	was := s.Comments(id)
	updated := string(s.FieldValue(id, "updated"))
	added, err := s.AddComment(id, "Fresh\nand new")
	ok(t, err)
	if now := s.Comments(id); !slices.Equal(now, append(slices.Clone(was), added)) || string(s.FieldValue(id, "updated")) == updated {
		t.Errorf("%v after adding to %v", now, was)
	}
	ok(t, s.EditComment(id, added, "Changed"))
	if !strings.Contains(string(s.FieldValue(id, "comment")), `"Changed"`) {
		t.Error("the new text does not show")
	}
	ok(t, s.DeleteComment(id, was[1]))
	ok(t, s.DeleteComment(id, added))
	if now := s.Comments(id); !slices.Equal(now, slices.Delete(slices.Clone(was), 1, 2)) {
		t.Errorf("%v left of %v", now, was)
	}
	for _, err := range []error{s.DeleteComment(id, was[1]), s.DeleteComment(id, 1), s.EditComment(id, was[0], "x"), s.DeleteComment(1, 1)} {
		if err == nil {
			t.Error("an impossible change of a comment was accepted")
		}
	}
	var page struct{ Values []struct{ ID string } }
	s.post("/rest/api/3/comment/list", fmt.Sprintf(`{"ids":[%d,%d,%d]}`, was[0], was[1], added), &page)
	if len(page.Values) != 1 || page.Values[0].ID != fmt.Sprint(was[0]) {
		t.Errorf("comment/list: %+v, want the one that is left", page.Values)
	}
	var newest remarkPage
	s.get(fmt.Sprintf("/rest/api/3/issue/%d/comment?orderBy=-created", id), &newest)
	left := s.Comments(id)
	slices.Reverse(left)
	if !slices.Equal(newest.ids(), left) {
		t.Errorf("orderBy=-created: %v, want %v", newest.ids(), left)
	}
}

// The feeds tell what was logged and deleted, without the last minute.
func TestWorklogFeeds(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 50, Now: c.now, Until: c.t.Add(-time.Hour)})
	id := s.IDs()[0]
	start := c.t.UnixMilli()
	type feed struct {
		Values       []struct{ WorklogID, UpdatedTime int64 }
		Since, Until int64
		LastPage     bool
		NextPage     string
	}
	read := func(kind string) feed {
		var f feed
		s.get(fmt.Sprintf("/rest/api/3/worklog/%s?since=%d", kind, start), &f)
		return f
	}
	c.advance(time.Second)
	logged, err := s.AddWorklog(id, 90*time.Minute, "did it")
	ok(t, err)
	if f := read("updated"); len(f.Values) != 0 || f.Until != start || !f.LastPage {
		t.Errorf("within the minute: %+v", f)
	}
	c.advance(time.Minute)
	f := read("updated")
	if len(f.Values) != 1 || f.Values[0].WorklogID != logged || f.Until != start+1000 {
		t.Errorf("after a minute: %+v", f)
	}
	var list []struct {
		ID               string
		TimeSpentSeconds int64
	}
	s.post("/rest/api/3/worklog/list", fmt.Sprintf(`{"ids":[%d,1]}`, logged), &list)
	if len(list) != 1 || list[0].TimeSpentSeconds != 5400 {
		t.Errorf("worklog/list: %+v", list)
	}
	var tracking struct{ TimeSpentSeconds int64 }
	unquote(t, s.FieldValue(id, "timetracking"), &tracking)
	if tracking.TimeSpentSeconds < 5400 {
		t.Errorf("timetracking: %+v", tracking)
	}
	ok(t, s.DeleteWorklog(id, logged))
	c.advance(time.Minute)
	if f := read("deleted"); len(f.Values) != 1 || f.Values[0].WorklogID != logged {
		t.Errorf("deleted: %+v", f)
	}
	if f := read("updated"); len(f.Values) != 0 {
		t.Errorf("a deleted worklog is told as updated: %+v", f)
	}
}

// A feed of more than a page goes on where it stopped.
func TestWorklogFeedPages(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 3000, Now: c.now, Until: c.t.Add(-time.Hour)})
	want := map[int64]bool{}
	for _, id := range s.IDs() {
		for _, w := range s.Worklogs(id) {
			want[w] = true
		}
	}
	got, since, pages := map[int64]bool{}, int64(0), 0
	for {
		var f struct {
			Values   []struct{ WorklogID int64 }
			Until    int64
			LastPage bool
		}
		s.get(fmt.Sprintf("/rest/api/3/worklog/updated?since=%d", since), &f)
		for _, v := range f.Values {
			got[v.WorklogID] = true
		}
		pages++
		if since = f.Until; f.LastPage {
			break
		}
	}
	if len(got) != len(want) || pages < 3 {
		t.Errorf("%d worklogs in %d pages, want %d in several", len(got), pages, len(want))
	}
}

func TestWorklogWindow(t *testing.T) {
	s := newSite(t, Options{Issues: 200})
	for _, id := range s.IDs() {
		var all, some remarkPage
		s.get(fmt.Sprintf("/rest/api/3/issue/%d/worklog", id), &all)
		if len(all.Worklogs) < 2 {
			continue
		}
		at, err := time.Parse(jiraTime, all.Worklogs[0].Started)
		ok(t, err)
		s.get(fmt.Sprintf("/rest/api/3/issue/%d/worklog?startedAfter=%d", id, at.UnixMilli()), &some)
		if len(some.Worklogs) >= len(all.Worklogs) {
			t.Errorf("startedAfter leaves %d of %d", len(some.Worklogs), len(all.Worklogs))
		}
		return
	}
	t.Error("no issue has two worklogs")
}

// Both ends of a link tell of it under one id.
func TestLinksHaveTwoEnds(t *testing.T) {
	s := newSite(t, Options{Issues: 200})
	type link struct {
		ID                        string
		InwardIssue, OutwardIssue *struct{ ID, Key string }
	}
	ends := map[string][]string{}
	keys := map[string]string{}
	for _, id := range s.IDs() {
		var links []link
		unquote(t, s.FieldValue(id, "issuelinks"), &links)
		keys[fmt.Sprint(id)] = s.key(id)
		for _, l := range links {
			if (l.InwardIssue == nil) == (l.OutwardIssue == nil) {
				t.Fatalf("link %s has not exactly one side", l.ID)
			}
			other := l.InwardIssue
			if other == nil {
				other = l.OutwardIssue
			}
			ends[l.ID] = append(ends[l.ID], fmt.Sprint(id), other.ID)
		}
	}
	if len(ends) == 0 {
		t.Fatal("no links")
	}
	for id, e := range ends {
		if len(e) != 4 || e[0] != e[3] || e[1] != e[2] || keys[e[0]] == "" || keys[e[1]] == "" {
			t.Errorf("link %s: %v", id, e)
		}
	}
}

// Sub-tasks and parents agree.
func TestParentsAndSubtasks(t *testing.T) {
	s := newSite(t, Options{Issues: 500})
	parents, kids := map[string]string{}, map[string]string{}
	for _, id := range s.IDs() {
		var typ struct{ Subtask bool }
		unquote(t, s.FieldValue(id, "issuetype"), &typ)
		var parent *struct{ ID, Key string }
		if raw := s.FieldValue(id, "parent"); len(raw) > 0 {
			unquote(t, raw, &parent)
		}
		if typ.Subtask {
			if parent == nil {
				t.Fatalf("sub-task %d has no parent", id)
			}
			parents[fmt.Sprint(id)] = parent.ID
		}
		var subtasks []struct{ ID string }
		unquote(t, s.FieldValue(id, "subtasks"), &subtasks)
		for _, k := range subtasks {
			kids[k.ID] = fmt.Sprint(id)
		}
	}
	if len(parents) == 0 || fmt.Sprint(parents) != fmt.Sprint(kids) {
		t.Errorf("%d sub-tasks have parents, %d are listed by theirs", len(parents), len(kids))
	}
}

func TestDimensionsCoverIssues(t *testing.T) {
	s := newSite(t, Options{Issues: 300})
	known := map[string]map[string]bool{}
	for name, path := range map[string]string{"status": "status", "priority": "priority", "issuetype": "issuetype", "resolution": "resolution"} {
		var values []struct{ ID string }
		s.get("/rest/api/3/"+path, &values)
		known[name] = map[string]bool{}
		for _, v := range values {
			known[name][v.ID] = true
		}
	}
	s.decodeEach(func(id int64, _ string, f map[string]any) {
		for name, ids := range known {
			if ref := fact(f, name+".id"); ref != "" && !ids[ref] {
				t.Errorf("issue %d: %s %s is in no list", id, name, ref)
			}
		}
	})
	var users []struct {
		AccountID string
		Active    bool
	}
	var got, inactive int
	for {
		s.get(fmt.Sprintf("/rest/api/3/users/search?startAt=%d&maxResults=10", got), &users)
		if len(users) == 0 {
			break
		}
		for _, u := range users {
			if !u.Active {
				inactive++
			}
		}
		got += len(users)
	}
	if got != len(s.cat.users) || inactive == 0 {
		t.Errorf("%d users, %d inactive", got, inactive)
	}
}
