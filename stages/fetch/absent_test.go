package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/rawjson"
)

// remarked opens a site for comments and worklogs.
func remarked(t *testing.T, opts jirasim.Options) (*jirasim.Sim, *Source) {
	t.Helper()
	sim, s := simulated(t, opts)
	s.fields.Children, s.opts.Tables = nil, []string{"issue_comments", "issue_worklogs"}
	if err := s.chooseTables(); err != nil {
		t.Fatal(err)
	}
	return sim, s
}

// remarked yields the pages with all remarks.
func (s *Source) remarked(ctx context.Context, pages iter.Seq2[*jira.Page, error]) iter.Seq2[*jira.Page, error] {
	return edited(pages, func(issues [][]byte) error { return s.addRemarks(ctx, issues) })
}

// answersWithout yields the pages of a search with issues that came without what strip
// takes off, or with null in its place.
func answersWithout(t *testing.T, s *Source, null bool, strip func(id int64, project string) []string) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		for page, err := range s.client.Search(t.Context(), jira.Search{JQL: `created >= "1990-01-01" ORDER BY created ASC, key ASC`, Fields: []string{"*all"}, Expand: s.expand(), PageSize: 100}) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i, raw := range page.Issues {
				key := string(rawjson.AppendString(nil, rawjson.Lookup(raw, "key")))
				project, _, _ := strings.Cut(key, "-")
				for _, member := range strip(look(raw).id, project) {
					page.Issues[i] = cutMember(t, page.Issues[i], member, null)
				}
			}
			if !yield(page, nil) {
				return
			}
		}
	}
}

// cutMember takes a member out of an issue, or of its fields.
func cutMember(t *testing.T, raw []byte, member string, null bool) []byte {
	t.Helper()
	object := rawjson.Lookup(raw, "fields")
	if member == "changelog" {
		object = raw
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil || all[member] == nil {
		t.Errorf("no member %s to take out: %v", member, err)
	}
	if delete(all, member); null {
		all[member] = json.RawMessage("null")
	}
	less, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(raw, object, less, 1)
}

// shows wants issues to show remarks as the site has them.
func shows(t *testing.T, sim *jirasim.Sim, issues map[int64]string) {
	t.Helper()
	for id, raw := range issues {
		if !json.Valid([]byte(raw)) {
			t.Fatalf("not JSON: %.1000s", raw)
		}
		is := look([]byte(raw))
		for k, want := range [][]int64{sim.Comments(id), sim.Worklogs(id)} {
			var got []int64
			rawjson.Elements(rawjson.Lookup(is.remarks[k], remarks[k].list), func(e []byte) bool {
				n, _ := rawjson.Int64(rawjson.Lookup(e, "id"))
				got = append(got, n)
				return true
			})
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("issue %d shows %d %s of %d", id, len(got), remarks[k].list, len(want))
			}
		}
	}
}

// A member that failed to load is absent, and not null (JIRA_FACTS §3): an issue
// that came without its comments is asked for them, and does not lose its rows.
func TestAbsentRemarks(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			sim, s := remarked(t, jirasim.Options{Deployment: deployment, Issues: 150, Seed: 3})
			ids := sim.IDs()
			count := func(strip func(id int64, project string) []string) (requests int) {
				sim.ResetRequests()
				_, issues := everything(t, s.remarked(t.Context(), answersWithout(t, s, false, strip)))
				if len(issues) != 150 {
					t.Errorf("%d issues", len(issues))
				}
				shows(t, sim, issues)
				for endpoint, n := range sim.Counts() {
					if strings.HasPrefix(endpoint, "issue/") {
						requests += n
					}
				}
				return requests
			}
			none := count(func(int64, string) []string { return nil })
			some := count(func(id int64, _ string) []string {
				if id == ids[20] || id == ids[99] {
					return []string{"comment", "worklog"}
				}
				return nil
			})
			if some <= none || some > none+8 { // one for each table, and one where it has nothing for the issue
				t.Errorf("%d requests, %d where nothing is absent", some, none)
			}
			count(func(int64, string) []string { return []string{"comment"} })
		})
	}
}

// null is an answer: there is nothing to ask.
func TestNullRemarks(t *testing.T) {
	sim, s := remarked(t, jirasim.Options{Issues: 60, Seed: 3})
	sim.ResetRequests()
	_, issues := everything(t, s.remarked(t.Context(), answersWithout(t, s, true, func(int64, string) []string { return []string{"comment", "worklog"} })))
	if n := len(sim.Requests()); n != 1 || len(issues) != 60 {
		t.Errorf("%d requests, %d issues", n, len(issues))
	}
}

// Where time tracking is off no issue has worklogs, which one request tells; and
// where projects hide them, a few.
func TestAbsentEverywhere(t *testing.T) {
	everywhere := func(int64, string) []string { return []string{"worklog"} }
	requests := func(sim *jirasim.Sim, s *Source, strip func(int64, string) []string) map[string]int {
		sim.ResetRequests()
		if _, issues := everything(t, s.remarked(t.Context(), answersWithout(t, s, false, strip))); len(issues) != 900 {
			t.Errorf("%d issues", len(issues))
		}
		return sim.Counts()
	}
	t.Run("time tracking is off", func(t *testing.T) {
		sim, s := remarked(t, jirasim.Options{Issues: 900, NoTimeTracking: true})
		got := requests(sim, s, func(int64, string) []string { return nil })
		if got["configuration"] != 1 || got["issue/{key}/worklog"] != 0 {
			t.Errorf("requests %v", got)
		}
	})
	empty := func(sim *jirasim.Sim, more func(*http.Request) *jirasim.Fault) {
		sim.Fault(func(r *http.Request) *jirasim.Fault {
			if jirasim.Endpoint(r) == "issue/{key}/worklog" {
				return &jirasim.Fault{Status: http.StatusOK, Body: `{"startAt":0,"maxResults":5000,"total":0,"worklogs":[]}`}
			}
			return more(r)
		})
	}
	for name, refused := range map[string]bool{"worklogs are hidden": false, "the configuration, too": true} {
		t.Run(name, func(t *testing.T) {
			sim, s := remarked(t, jirasim.Options{Issues: 900, Projects: 3})
			empty(sim, func(r *http.Request) *jirasim.Fault {
				if refused && jirasim.Endpoint(r) == "configuration" {
					return &jirasim.Fault{Status: http.StatusForbidden, Body: `{}`}
				}
				return nil
			})
			got := requests(sim, s, everywhere)
			if n := got["issue/{key}/worklog"]; n < 3*believed || n > 3*(believed+issuesAtOnce) || got["configuration"] != 1 {
				t.Errorf("requests %v", got)
			}
		})
	}
	t.Run("in one project", func(t *testing.T) {
		sim, s := remarked(t, jirasim.Options{Issues: 900, Projects: 3})
		hidden := sim.Projects()[0]
		empty(sim, func(*http.Request) *jirasim.Fault { return nil })
		shown := 0
		got := requests(sim, s, func(id int64, project string) []string {
			if project == hidden {
				return []string{"worklog"}
			}
			if shown++; shown%20 == 0 {
				return []string{"worklog"}
			}
			return nil
		})
		// One issue that came without is asked for as often as it happens where others show theirs.
		if n, least := got["issue/{key}/worklog"], shown/20+believed; n < least || n > least+issuesAtOnce+20 {
			t.Errorf("requests %v; %d issues show worklogs", got, shown)
		}
	})
	t.Run("the site is in trouble", func(t *testing.T) {
		sim, s := remarked(t, jirasim.Options{Issues: 30})
		sim.Fault(func(r *http.Request) *jirasim.Fault {
			if jirasim.Endpoint(r) == "configuration" {
				return &jirasim.Fault{Status: http.StatusForbidden, Body: `{}`}
			}
			if jirasim.Endpoint(r) == "issue/{key}/worklog" {
				return &jirasim.Fault{Status: http.StatusForbidden, Body: `{}`}
			}
			return nil
		})
		var last error
		for _, err := range s.remarked(t.Context(), answersWithout(t, s, false, everywhere)) {
			last = err
		}
		if jira.KindOf(last) != jira.KindForbidden {
			t.Errorf("worklogs were refused: %v", last)
		}
	})
}

// Data Center shows a changelog inside the issue only: one that came without is
// asked for again, and is no issue without history.
func TestAbsentChangelog(t *testing.T) {
	for _, null := range []bool{false, true} {
		sim, s := simulated(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 120, Seed: 4})
		odd := map[int64]bool{sim.IDs()[7]: true, sim.IDs()[80]: true}
		strip := func(id int64, _ string) []string {
			if odd[id] {
				return []string{"changelog"}
			}
			return nil
		}
		_, want := everything(t, s.withChangelogs(t.Context(), answersWithout(t, s, false, func(int64, string) []string { return nil })))
		_, got := everything(t, s.withChangelogs(t.Context(), answersWithout(t, s, null, strip)))
		for id := range odd {
			if !bytes.Equal(look([]byte(got[id])).changelog, look([]byte(want[id])).changelog) || !json.Valid([]byte(got[id])) {
				t.Errorf("issue %d: %.300s", id, got[id])
			}
		}
		if len(got) != 120 {
			t.Errorf("%d issues", len(got))
		}

		gone, withheld := sim.IDs()[7], sim.IDs()[80]
		if err := sim.Delete(gone); err != nil {
			t.Fatal(err)
		}
		pages := func(yield func(*jira.Page, error) bool) {
			yield(&jira.Page{Issues: [][]byte{[]byte(`{"id":"` + strconv.FormatInt(gone, 10) + `"}`), []byte(want[sim.IDs()[0]])}}, nil)
		}
		if _, left := everything(t, s.withChangelogs(t.Context(), pages)); len(left) != 1 {
			t.Errorf("%d issues, and one of two is gone", len(left))
		}

		sim.Fault(func(r *http.Request) *jirasim.Fault {
			if strings.HasSuffix(r.URL.Path, fmt.Sprint("/issue/", withheld)) {
				return &jirasim.Fault{Status: http.StatusNotFound, Body: "{}"} // and its search finds it
			}
			return nil
		})
		_, left := everything(t, s.withChangelogs(t.Context(), answersWithout(t, s, null, strip)))
		if u := s.Unanswered(); len(left) != 118 || left[withheld] != "" || len(u) != 1 || u[withheld] == "" {
			t.Errorf("%d issues, unanswered %v", len(left), u)
		}

		sim.Fault(func(r *http.Request) *jirasim.Fault {
			if strings.HasPrefix(jirasim.Endpoint(r), "issue/") {
				return &jirasim.Fault{Status: http.StatusOK, Body: fmt.Sprintf(`{"id":"%d","changelog":null}`, sim.IDs()[0])}
			}
			return nil
		})
		odd[sim.IDs()[0]] = true
		var last error
		for _, err := range s.withChangelogs(t.Context(), answersWithout(t, s, null, strip)) {
			last = err
		}
		if jira.KindOf(last) != jira.KindProtocol || !strings.Contains(last.Error(), fmt.Sprint(sim.IDs()[0])) {
			t.Errorf("a site that shows no changelog at all: %v", last)
		}
	}
}
