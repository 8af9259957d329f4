package fetch_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/stages/fetch"
)

// about reports whether a request is for a resource of an issue, or for that of several
// among which it is.
func about(t *testing.T, r *http.Request, endpoint string, id int64) bool {
	t.Helper()
	if jirasim.Endpoint(r) != endpoint {
		return false
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return strings.Contains(r.URL.Path, fmt.Sprint("/", id)) || strings.Contains(string(body), fmt.Sprintf("%q", fmt.Sprint(id)))
}

// TestWithheld: an issue of which Jira does not show the children is left out, asked for
// no more, and said to be unanswered. All others come as they are.
func TestWithheld(t *testing.T) {
	none := []byte(`{"errorMessages":["none"]}`)
	for name, c := range map[string]struct {
		deployment, endpoint string
		tables               []string
		status               int
	}{
		"comments are not there": {jirasim.Cloud, "issue/{key}/comment", []string{"default"}, http.StatusNotFound},
		"comments fail":          {jirasim.Cloud, "issue/{key}/comment", []string{"default"}, http.StatusInternalServerError},
		"worklogs are not there": {jirasim.Cloud, "issue/{key}/worklog", []string{"default"}, http.StatusNotFound},
		"changelogs fail":        {jirasim.Cloud, "changelog/bulkfetch", []string{"default"}, http.StatusInternalServerError},
		"votes fail":             {jirasim.Cloud, "issue/{key}/votes", []string{"issue_votes"}, http.StatusInternalServerError},
		"votes fail on-premises": {jirasim.DataCenter, "issue/{key}/votes", []string{"issue_votes"}, http.StatusInternalServerError},
	} {
		t.Run(name, func(t *testing.T) {
			s, id := commented(t, jirasim.Options{Deployment: c.deployment}, fetch.Options{Tables: c.tables})
			undisturbed := s.issues(t, s.partition())
			var asked atomic.Int64
			s.sim.Fault(func(r *http.Request) *jirasim.Fault {
				if !about(t, r, c.endpoint, id) {
					return nil
				}
				asked.Add(1)
				return &jirasim.Fault{Status: c.status, Body: string(none)}
			})
			for range 2 {
				found := s.issues(t, s.partition())
				for other, raw := range undisturbed {
					if there := found[other]; (other == fmt.Sprint(id)) != (there == nil) || there != nil && !bytes.Equal(there, raw) {
						t.Errorf("issue %s: %d bytes, undisturbed %d", other, len(there), len(raw))
					}
				}
				if u := s.Unanswered(); len(u) != 1 || !strings.Contains(u[id], fmt.Sprint(c.status)) {
					t.Errorf("unanswered: %v", u)
				}
			}
			if n := asked.Load(); n == 0 || n > 8 { // 120 issues have seven halves
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// TestManyWithheld: when children of many issues do not come it is not the issues that are
// at fault, and the reading ends.
func TestManyWithheld(t *testing.T) {
	for _, endpoint := range []string{"changelog/bulkfetch", "issue/{key}/votes"} {
		s := newSite(t, jirasim.Options{Issues: 300, Seed: 6}, fetch.Options{Tables: []string{"issue_changelog", "issue_votes"}})
		var asked atomic.Int64
		s.sim.Fault(func(r *http.Request) *jirasim.Fault {
			if jirasim.Endpoint(r) != endpoint {
				return nil
			}
			asked.Add(1)
			return &jirasim.Fault{Status: http.StatusInternalServerError, Body: "{}"}
		})
		if err := s.failure(t); jira.KindOf(err) != jira.KindUnavailable {
			t.Errorf("%s: %v", endpoint, err)
		}
		if n := len(s.Unanswered()); n != 20 || asked.Load() > 60 {
			t.Errorf("%s: %d issues are left out, asked %d times", endpoint, n, asked.Load())
		}
	}
}
