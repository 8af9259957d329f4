package fetch_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
	"snowdrift/internal/jiratime"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/fetch"
	"snowdrift/state"
)

// whole is an issue as another reader sees it.
type whole struct {
	ID     string
	Fields struct {
		Comment struct {
			Total, MaxResults int
			Comments          []struct{ ID string }
		}
		Worklog struct {
			Total, MaxResults int
			Worklogs          []struct{ ID string }
		}
	}
	Changelog *struct {
		Total     int
		Histories []struct {
			ID      string
			Created json.RawMessage
			Items   []json.RawMessage
		}
	}
}

// site is a simulated site and a source that fills tables from it.
type site struct {
	*fetch.Source
	sim *jirasim.Sim
	url string
}

func newSite(t *testing.T, opts jirasim.Options, ask fetch.Options) site {
	t.Helper()
	opts.Now = func() time.Time { return now }
	sim, url := simtest.Serve(t, opts)
	client, err := jira.Dial(t.Context(), jira.Options{BaseURL: url, Login: jira.Basic{User: "loader@example.com", Secret: password("secret")}, RetryBudget: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ask.PageSize, ask.PartitionIssues, ask.Overlap, ask.Log = 200, 100_000, 10*time.Minute, slog.New(slog.DiscardHandler)
	source, err := fetch.Open(t.Context(), client, ask)
	if err != nil {
		t.Fatal(err)
	}
	return site{source, sim, url}
}

// partition is one that holds everything.
func (s site) partition() *stages.Partition {
	return &stages.Partition{Name: "everything", JQL: `created >= "1990-01-01"`, Order: "created"}
}

// issues reads a partition and returns its raw issues by id.
func (s site) issues(t *testing.T, p *stages.Partition) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for page, err := range s.Pages(t.Context(), p) {
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Issues {
			if !json.Valid(raw) {
				t.Fatalf("not JSON: %.2000s", raw)
			}
			all[decode(t, raw).ID] = bytes.Clone(raw)
		}
		page.Release()
	}
	return all
}

func decode(t *testing.T, raw []byte) (w whole) {
	t.Helper()
	raw = bytes.Replace(raw, []byte(table.AddedChangelog), []byte("changelog"), 1)
	if err := json.Unmarshal(raw, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// histories returns "id created" of an issue's changes as its own endpoint
// (Cloud) or the expanded issue (Data Center) has them, sorted.
func (s site) histories(t *testing.T, id int64, cloud bool) (all []string) {
	t.Helper()
	type history struct{ ID, Created string }
	var answer struct {
		Values    []history
		Changelog struct{ Histories []history }
	}
	ask := func(path string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.SetBasicAuth("user7", "password")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		answer.Values, answer.Changelog.Histories = nil, nil
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		for _, h := range append(answer.Values, answer.Changelog.Histories...) {
			ms, _ := jiratime.ParseMillis([]byte(`"` + h.Created + `"`))
			all = append(all, fmt.Sprint(h.ID, " ", ms))
		}
	}
	if !cloud {
		ask(fmt.Sprintf("/rest/api/2/issue/%d?expand=changelog", id))
		slices.Sort(all)
		return all
	}
	for more := true; more; more = len(answer.Values) > 0 {
		ask(fmt.Sprintf("/rest/api/3/issue/%d/changelog?startAt=%d", id, len(all)))
	}
	slices.Sort(all)
	return all
}

// crowd gives an issue more children than any answer shows.
func crowd(t *testing.T, sim *jirasim.Sim, id int64) {
	t.Helper()
	for i := range 5000 {
		if err := sim.EditField(id, "summary", json.RawMessage(strconv.Quote(fmt.Sprint("Summary ", i)))); err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			if _, err := sim.AddComment(id, fmt.Sprint("Comment ", i)); err != nil {
				t.Fatal(err)
			}
		}
		if i%16 == 0 {
			if _, err := sim.AddWorklog(id, time.Hour, fmt.Sprint("Work ", i)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Every issue leaves the stage with all its children, however it was asked for.
func TestIssuesAreWhole(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			s := newSite(t, jirasim.Options{Deployment: deployment, Issues: 250, Projects: 2, Seed: 3}, fetch.Options{Tables: []string{"default"}})
			crowded := s.sim.IDs()[123]
			crowd(t, s.sim, crowded)
			found := s.issues(t, s.partition())
			if len(found) != 250 {
				t.Errorf("%d issues, want 250", len(found))
			}
			for text, raw := range found {
				id, err := strconv.ParseInt(text, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				checkWhole(t, s, id, raw, deployment == jirasim.Cloud)
			}
			w := decode(t, found[fmt.Sprint(crowded)])
			if c, l, h := len(w.Fields.Comment.Comments), len(w.Fields.Worklog.Worklogs), len(w.Changelog.Histories); c < 700 || l < 300 || h < 5000 {
				t.Errorf("the crowded issue has %d comments, %d worklogs and %d changes", c, l, h)
			}
			for _, p := range fetch.ByID("one", []int64{crowded, crowded + 1}) {
				for id, raw := range s.issues(t, p) {
					if !bytes.Equal(raw, found[id]) {
						t.Errorf("issue %s is another one when it is asked for by id", id)
					}
				}
			}
		})
	}
}

func checkWhole(t *testing.T, s site, id int64, raw []byte, cloud bool) {
	t.Helper()
	w := decode(t, raw)
	ids := func(list []struct{ ID string }) (out []int64) {
		for _, c := range list {
			n, _ := strconv.ParseInt(c.ID, 10, 64)
			out = append(out, n)
		}
		slices.Sort(out)
		return out
	}
	comments, worklogs := s.sim.Comments(id), s.sim.Worklogs(id)
	slices.Sort(comments)
	slices.Sort(worklogs)
	if got := ids(w.Fields.Comment.Comments); !slices.Equal(got, comments) || w.Fields.Comment.Total != len(got) {
		t.Errorf("issue %d: %d of %d comments", id, len(got), len(comments))
	}
	if got := ids(w.Fields.Worklog.Worklogs); !slices.Equal(got, worklogs) || w.Fields.Worklog.Total != len(got) {
		t.Errorf("issue %d: %d of %d worklogs", id, len(got), len(worklogs))
	}
	if w.Changelog == nil {
		t.Fatalf("issue %d has no changelog", id)
	}
	var got []string
	last := int64(0)
	for _, h := range w.Changelog.Histories {
		ms, _ := jiratime.ParseMillis(h.Created)
		got = append(got, fmt.Sprint(h.ID, " ", ms))
		if cloud && ms < last {
			t.Errorf("issue %d: change %s stands behind a later one", id, h.ID)
		}
		last = ms
	}
	slices.Sort(got)
	if want := s.histories(t, id, cloud); !slices.Equal(got, want) || w.Changelog.Total != len(want) {
		t.Errorf("issue %d: changes\n%.500q, want\n%.500q", id, got, want)
	}
}

// pages is how many requests n things take.
func pages(n, size int) int { return (n + size - 1) / size }

// What children cost is exact: nothing where issues show all of them.
func TestRequestsForChildren(t *testing.T) {
	const n = 1050
	for _, tt := range []struct {
		deployment string
		tables     []string
	}{
		{jirasim.Cloud, []string{"default"}},
		{jirasim.Cloud, []string{"issues", "issue_labels"}},
		{jirasim.Cloud, []string{"issue_worklogs"}},
		{jirasim.Cloud, nil},
		{jirasim.DataCenter, []string{"default"}},
		{jirasim.DataCenter, []string{"issue_comments"}},
	} {
		t.Run(fmt.Sprint(tt.deployment, tt.tables), func(t *testing.T) {
			s := newSite(t, jirasim.Options{Deployment: tt.deployment, Issues: n, Seed: 4}, fetch.Options{Tables: tt.tables})
			s.sim.ResetRequests()
			all := slices.Contains(tt.tables, "default")
			cloud := tt.deployment == jirasim.Cloud
			want := map[string]int{}
			bytes := 0
			for _, raw := range s.issues(t, s.partition()) {
				bytes += len(raw)
				id, _ := strconv.ParseInt(decode(t, raw).ID, 10, 64)
				if c := len(s.sim.Comments(id)); cloud && all && c > 20 {
					want["issue/{key}/comment"] += pages(c, 100)
				}
				if l := len(s.sim.Worklogs(id)); (all || slices.Contains(tt.tables, "issue_worklogs")) && l > 20 {
					want["issue/{key}/worklog"]++
				}
			}
			if cloud {
				want["search/jql"] = pages(n, 100)
			} else {
				want["search"] = pages(n, 200)
			}
			got := s.sim.Counts()
			if cloud && all { // a bundle ends at 1,000 issues or 3 MB, an answer at 10,000 changes
				if logs := got["changelog/bulkfetch"]; logs < 2 || logs > bytes/(2<<20) {
					t.Errorf("%d requests for the changelogs of %d issues of %d bytes", logs, n, bytes)
				}
				delete(got, "changelog/bulkfetch")
			}
			for endpoint, requests := range got {
				if requests == 0 {
					delete(got, endpoint)
				}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("requests %v, want %v", got, want)
			}
			if len(want) < 2 && all {
				t.Errorf("the site has no issue with too many children: %v", want)
			}
		})
	}
}

// Without the tables that need them issues stay as they came.
func TestIssuesAsTheyCame(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		s := newSite(t, jirasim.Options{Deployment: deployment, Issues: 300, Seed: 5}, fetch.Options{Tables: []string{"issue_labels"}})
		found := s.issues(t, s.partition())
		s.sim.Each(func(id int64, _ string, raw []byte) bool {
			if !bytes.Equal(raw, found[fmt.Sprint(id)]) {
				t.Errorf("%s: issue %d was altered", deployment, id)
			}
			return true
		})
	}
}

// commented makes a site with an issue that has more comments and worklogs than
// it shows.
func commented(t *testing.T, opts jirasim.Options, ask fetch.Options) (site, int64) {
	t.Helper()
	opts.Issues, opts.Seed = 120, 6
	s := newSite(t, opts, ask)
	id := s.sim.IDs()[50]
	for range 30 {
		_, err := s.sim.AddComment(id, "x")
		_, again := s.sim.AddWorklog(id, time.Hour, "x")
		if err := errors.Join(err, again); err != nil {
			t.Fatal(err)
		}
	}
	return s, id
}

// failure returns the error that ends a reading.
func (s site) failure(t *testing.T) error {
	t.Helper()
	for _, err := range s.Pages(t.Context(), s.partition()) {
		if err != nil {
			return err
		}
	}
	return nil
}

// An issue that is gone by the time its comments are asked for is as gone as
// one that went before.
func TestIssueGoneMeanwhile(t *testing.T) {
	s, id := commented(t, jirasim.Options{}, fetch.Options{Tables: []string{"default"}})
	s.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if strings.Contains(r.URL.Path, fmt.Sprint("/", id, "/")) && s.sim.Raw(id) != nil {
			if err := s.sim.Delete(id); err != nil {
				t.Error(err)
			}
		}
		return nil
	})
	found := s.issues(t, s.partition())
	if _, there := found[fmt.Sprint(id)]; there || len(found) != 119 {
		t.Errorf("%d issues, the one that is gone among them: %t", len(found), there)
	}
	if u := s.Unanswered(); len(u) > 0 {
		t.Errorf("Jira did not answer for %v", u)
	}
}

// Without worklogs there is either no time tracking any more, and what the issue
// showed is what there was, or the issue is gone. What it means otherwise see TestWithheld.
func TestWorklogsGoneMeanwhile(t *testing.T) {
	s, id := commented(t, jirasim.Options{}, fetch.Options{Tables: []string{"default"}})
	gone, off := true, false
	without := func(r *http.Request) *jirasim.Fault {
		if off && jirasim.Endpoint(r) == "configuration" {
			return &jirasim.Fault{Status: http.StatusOK, Body: `{"timeTrackingEnabled":false}`}
		}
		if !strings.Contains(r.URL.Path, fmt.Sprint("/", id)) || jirasim.Endpoint(r) != "issue/{key}/worklog" {
			return nil
		}
		if gone && s.sim.Raw(id) != nil {
			if err := s.sim.Delete(id); err != nil {
				t.Error(err)
			}
		}
		return &jirasim.Fault{Status: http.StatusNotFound, Body: `{"errorMessages":["none"]}`}
	}
	s.sim.Fault(without)
	if found := s.issues(t, s.partition()); len(found) != 119 || found[fmt.Sprint(id)] != nil {
		t.Errorf("%d issues, and one is gone", len(found))
	}

	s, id = commented(t, jirasim.Options{}, fetch.Options{Tables: []string{"default"}})
	gone, off = false, true
	s.sim.Fault(without)
	found := s.issues(t, s.partition())
	if n := len(decode(t, found[fmt.Sprint(id)]).Fields.Worklog.Worklogs); len(found) != 120 || n != 20 {
		t.Errorf("%d issues, %d worklogs of the one without time tracking", len(found), n)
	}
}

// What decides the tables' contents names tables that are filled, so that one
// that comes to default makes a pipeline read everything again.
func TestAskedTables(t *testing.T) {
	s := newSite(t, jirasim.Options{Issues: 10}, fetch.Options{Tables: []string{"default"}, Fields: []string{"all", "-comment"}})
	asked := s.Asked().Tables
	if slices.Contains(asked, "default") || slices.Contains(asked, "issue_comments") || !slices.Contains(asked, "issue_sprints") || asked[0] != "issues" {
		t.Errorf("tables %q", asked)
	}
	plan, err := s.Plan(t.Context(), &state.State{Cursor: 1, Site: s.Site(), Asked: state.Asked{Query: s.Asked().Query, Fields: s.Asked().Fields, Tables: asked[:len(asked)-1]}})
	if err != nil || !plan.Load || !strings.Contains(plan.Reason, "tables added: "+asked[len(asked)-1]) {
		t.Errorf("plan %q, %v", plan.Reason, err)
	}
}
