package jirasim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEveryEndpointAnswers(t *testing.T) {
	for _, d := range []string{Cloud, DataCenter} {
		c := newClock()
		s := newSite(t, Options{Deployment: d, Issues: 300, Now: c.now, Until: c.t.Add(-time.Hour)})
		for _, path := range everyPath(s) {
			method, target, _ := strings.Cut(path, " ")
			target, body, _ := strings.Cut(target, " ")
			if x := s.do(method, target, body); x.StatusCode != 200 || !json.Valid(x.body) || len(x.body) < 5 {
				t.Errorf("%s: %s: %d %.200s", d, path, x.StatusCode, x.body)
			}
		}
		for _, e := range s.Endpoints() {
			if s.Counts()[e] == 0 && !(undocumented[e] && s.cloud) {
				t.Errorf("%s: %s was not asked", d, e)
			}
		}
	}
}

type named struct {
	ID, Name, Value, GroupID string
	Active                   bool
}

// all pages through a list of values.
func (s *site) all(path string) []named {
	s.t.Helper()
	var out []named
	for {
		sign := "?"
		if strings.Contains(path, "?") {
			sign = "&"
		}
		var p struct {
			Values []named
			Total  int
			IsLast bool
		}
		s.get(fmt.Sprintf("%s%sstartAt=%d&maxResults=3", path, sign, len(out)), &p)
		if out = append(out, p.Values...); p.IsLast || len(p.Values) == 0 {
			if len(out) != p.Total {
				s.t.Errorf("%s: %d of %d", path, len(out), p.Total)
			}
			return out
		}
	}
}

func set(all []named, of func(named) string) map[string]bool {
	m := map[string]bool{}
	for _, v := range all {
		m[of(v)] = true
	}
	return m
}

// What issues mention, the lists of the site have: options, versions,
// components, boards and their columns, sprints, groups.
func TestListsHaveWhatIssuesMention(t *testing.T) {
	s := newSite(t, Options{Issues: 400})
	byID := func(v named) string { return v.ID }
	contexts := s.all("/rest/api/3/field/customfield_10035/context")
	options := set(s.all("/rest/api/3/field/customfield_10035/context/"+contexts[0].ID+"/option"), byID)
	s.want(s.do("GET", "/rest/api/3/field/customfield_10035/context/1/option", ""), 404, nil)
	s.want(s.do("GET", "/rest/api/3/field/customfield_1/context", ""), 404, nil)
	if len(s.all("/rest/api/3/field/customfield_10026/context/"+s.all("/rest/api/3/field/customfield_10026/context")[0].ID+"/option")) != 0 {
		t.Error("a number has options")
	}
	lists := map[string]map[string]bool{}
	sprints := map[string]bool{}
	for i, key := range s.Projects() {
		lists["versions "+key] = set(s.all("/rest/api/3/project/"+key+"/version"), byID)
		lists["components "+key] = set(s.all("/rest/api/3/project/"+key+"/component"), byID)
		if i != kanbanBoard {
			var p struct{ Values []struct{ ID int } }
			for start := 0; start == 0 || len(p.Values) > 0; start += len(p.Values) {
				s.get(fmt.Sprintf("/rest/agile/1.0/board/%d/sprint?startAt=%d", i+1, start), &p)
				for _, sp := range p.Values {
					sprints[fmt.Sprint(sp.ID)] = true
				}
			}
		}
	}
	mentioned := 0
	check := func(id int64, what string, list any, known map[string]bool) {
		values, _ := list.([]any)
		for _, v := range values {
			mentioned++
			if ref := fmt.Sprint(v.(map[string]any)["id"]); !known[ref] {
				t.Errorf("issue %d: %s %s is in no list", id, what, ref)
			}
		}
	}
	s.decodeEach(func(id int64, key string, f map[string]any) {
		project, _, _ := strings.Cut(key, "-")
		check(id, "option", f["customfield_10035"], options)
		check(id, "version", f["fixVersions"], lists["versions "+project])
		check(id, "component", f["components"], lists["components "+project])
		check(id, "sprint", f[sprintField], sprints)
	})
	if mentioned < 400 {
		t.Errorf("only %d mentions", mentioned)
	}
	people := set(s.all("/rest/api/3/group/member?groupId="+s.all("/rest/api/3/group/bulk")[1].GroupID), func(v named) string { return fmt.Sprint(v.Active) })
	if len(people) != 1 || !people["true"] {
		t.Errorf("members that are asked for without inactive ones: %v", people)
	}
	s.want(s.do("GET", "/rest/api/3/group/member?groupname=nosuch", ""), 404, nil)
	if got := s.all("/rest/api/3/field/search?type=custom"); len(got) < 50 {
		t.Errorf("%d custom fields", len(got))
	}
}

func TestBoards(t *testing.T) {
	s := newSite(t, Options{Issues: 50})
	var statuses []named
	s.get("/rest/api/3/status", &statuses)
	known := set(statuses, func(v named) string { return v.ID })
	var config struct {
		ColumnConfig struct {
			Columns []struct{ Statuses []named }
		}
		Estimation struct{ Field struct{ FieldID string } }
	}
	s.get("/rest/agile/1.0/board/1/configuration", &config)
	columns := 0
	for _, c := range config.ColumnConfig.Columns {
		for _, st := range c.Statuses {
			columns++
			if !known[st.ID] {
				t.Errorf("status %s of a column is in no list", st.ID)
			}
		}
	}
	if columns != len(statuses) || config.Estimation.Field.FieldID != pointsField {
		t.Errorf("%d statuses in columns of %d, estimation by %s", columns, len(statuses), config.Estimation.Field.FieldID)
	}
	for query, want := range map[string]int{"": 5, "?type=kanban": 1, "?type=scrum": 4, "?projectKeyOrId=snow": 1, "?projectKeyOrId=10001&type=scrum": 1} {
		var p struct {
			Values []struct{ ID int }
			Total  int
		}
		s.get("/rest/agile/1.0/board"+query, &p)
		if p.Total != want || len(p.Values) != want {
			t.Errorf("boards%s: %d, want %d", query, p.Total, want)
		}
	}
	s.want(s.do("GET", "/rest/agile/1.0/sprint/1", ""), 200, nil)
	s.want(s.do("GET", "/rest/agile/1.0/sprint/99999", ""), 404, nil)
	ok(t, s.HideProject("SNOW"))
	s.want(s.do("GET", "/rest/agile/1.0/board/1/sprint", ""), 404, nil)
	s.want(s.do("GET", "/rest/agile/1.0/sprint/1", ""), 404, nil)
	s.want(s.do("GET", "/rest/api/3/project/SNOW", ""), 404, nil)
}

// Who watches and votes is as many as the issue counts.
func TestWatchersAndVotes(t *testing.T) {
	s := newSite(t, Options{Issues: 50})
	total := 0
	for _, id := range s.IDs() {
		var shown, listed struct {
			WatchCount, Votes int
			Watchers, Voters  []any
		}
		unquote(t, s.FieldValue(id, "watches"), &shown)
		s.get(fmt.Sprintf("/rest/api/3/issue/%d/watchers", id), &listed)
		if shown.WatchCount != len(listed.Watchers) || listed.WatchCount != shown.WatchCount {
			t.Errorf("issue %d: %d watchers, %d listed", id, shown.WatchCount, len(listed.Watchers))
		}
		unquote(t, s.FieldValue(id, "votes"), &shown)
		s.get(fmt.Sprintf("/rest/api/3/issue/%d/votes", id), &listed)
		if shown.Votes != len(listed.Voters) {
			t.Errorf("issue %d: %d votes, %d listed", id, shown.Votes, len(listed.Voters))
		}
		total += shown.Votes + shown.WatchCount
	}
	if total == 0 {
		t.Error("nobody watches or votes")
	}
}

func TestDataCenterUsers(t *testing.T) {
	s := newSite(t, Options{Deployment: DataCenter, Issues: 1})
	for query, want := range map[string]int{"username=.&maxResults=1000": 21, "username=.&maxResults=1000&includeInactive=true": 24, "username=user24&includeInactive=true": 1, "username=user24": 0, "username=.&includeActive=false&includeInactive=true": 3, "username=.&startAt=20": 1} {
		var users []named
		s.get("/rest/api/2/user/search?"+query, &users)
		if len(users) != want {
			t.Errorf("%s: %d users, want %d", query, len(users), want)
		}
	}
	s.want(s.do("GET", "/rest/api/2/user/search", ""), 400, nil)
}

func TestProjectFilters(t *testing.T) {
	s := newSite(t, Options{Issues: 20, Projects: 130})
	if all := s.all("/rest/api/3/project/search"); len(all) != 130 {
		t.Errorf("%d projects", len(all))
	}
	for query, want := range map[string]int{"id=10000&id=10001": 2, "keys=snow&keys=OR": 2, "query=proj": 129, "query=sNo": 1, "status=archived": 0} {
		if got := s.all("/rest/api/3/project/search?" + query); len(got) != want {
			t.Errorf("%s: %d projects, want %d", query, len(got), want)
		}
	}
	var p struct{ MaxResults int }
	s.get("/rest/api/3/project/search?maxResults=1000", &p)
	if p.MaxResults != 100 {
		t.Errorf("a page of %d projects", p.MaxResults)
	}
}

// Latency is waited out, and given up with the client.
func TestLatency(t *testing.T) {
	s := newSite(t, Options{Issues: 1, Latency: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/rest/api/3/serverInfo", nil)
	ok(t, err)
	s.Fault(func(*http.Request) *Fault { cancel(); return nil })
	if res, err := http.DefaultTransport.RoundTrip(req); !errors.Is(err, context.Canceled) {
		t.Errorf("%v %v", res, err)
	}
}
