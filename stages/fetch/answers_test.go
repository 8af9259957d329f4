package fetch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// TestEveryDimensionIsAnswered: each has a way to be read, of which it makes
// sense of the first value, and none has a way that nothing takes.
func TestEveryDimensionIsAnswered(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		_, s := simulated(t, jirasim.Options{Deployment: deployment, Issues: 5, Projects: 5})
		taken := map[string]bool{}
		for _, d := range table.Dimensions() {
			taken[d.Field] = true
			first := true
			for value, err := range s.Answers(t.Context(), d.Field) {
				if err != nil {
					t.Fatalf("%s: %s: %v", deployment, d.Name, err)
				}
				if !json.Valid(value) {
					t.Errorf("%s: %s is read from what is no JSON: %.200s", deployment, d.Name, value)
				}
				first = false
			}
			if first {
				t.Errorf("%s: nothing came for %s", deployment, d.Name)
			}
		}
		if len(taken) != len(answers) {
			t.Errorf("%d ways to read %d sources of dimensions", len(answers), len(taken))
		}
	}
	_, s := simulated(t, jirasim.Options{Issues: 1})
	for _, err := range s.Answers(t.Context(), "nothing") {
		if err == nil {
			t.Error("nothing can be read")
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, tt := range []struct {
		kind             jira.Kind
		refused, passing bool
	}{
		{jira.KindForbidden, true, false}, {jira.KindNotFound, true, false}, {jira.KindBadRequest, true, false}, {jira.KindAuth, true, false},
		{jira.KindUnavailable, true, true}, {jira.KindProtocol, true, true},
		{jira.KindUnreachable, false, false}, {jira.KindThrottled, false, false}, {jira.KindCredential, false, false},
	} {
		err := refusal(fmt.Errorf("list things: %w", &jira.Error{Kind: tt.kind}))
		var r *Refused
		if got := errors.As(err, &r); got != tt.refused || got && r.Passing != tt.passing || jira.KindOf(err) != tt.kind {
			t.Errorf("%s: %#v", tt.kind, err)
		}
	}
}

// TestSprintsOfBoards: a board that does not support sprints, for whatever
// reason, is passed over; one that is refused refuses all.
func TestSprintsOfBoards(t *testing.T) {
	for status, fails := range map[int]bool{http.StatusBadRequest: false, http.StatusUnprocessableEntity: false, http.StatusNotFound: false, http.StatusForbidden: true} {
		sim, s := simulated(t, jirasim.Options{Issues: 5})
		sim.Fault(func(r *http.Request) *jirasim.Fault {
			if r.URL.Path == "/rest/agile/1.0/board/1/sprint" {
				return &jirasim.Fault{Status: status}
			}
			return nil
		})
		var others bool
		var failed error
		for value, err := range s.Answers(t.Context(), "sprints") {
			failed = err
			others = others || bytes.Contains(value, []byte(`"originBoardId":2`))
			if bytes.Contains(value, []byte(`"originBoardId":1,`)) {
				t.Errorf("%d: board 1 has sprints", status)
			}
		}
		if others == fails || (failed != nil) != fails {
			t.Errorf("%d: other boards have sprints: %t, error %v", status, others, failed)
		}
	}
}

// TestExtras: remote links, watchers and votes are appended to an issue; where
// Jira does not show them the issue comes without, and the log has one word.
func TestExtras(t *testing.T) {
	sim, s := simulated(t, jirasim.Options{Issues: 30})
	var log bytes.Buffer
	s.opts.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.opts.Tables = []string{"issue_remote_links", "issue_watchers", "issue_votes"}
	s.fields.Children = nil
	if err := s.chooseTables(); err != nil {
		t.Fatal(err)
	}
	hidden := sim.IDs()[3]
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		switch {
		case strings.HasSuffix(r.URL.Path, "/votes"):
			return &jirasim.Fault{Status: http.StatusNotFound}
		case strings.HasSuffix(r.URL.Path, fmt.Sprintf("/%d/watchers", hidden)):
			return &jirasim.Fault{Status: http.StatusForbidden}
		}
		return nil
	})
	sim.ResetRequests()
	issues := 0
	for page, err := range s.Pages(t.Context(), &stages.Partition{Name: "all", JQL: `created >= "1990-01-01"`, Order: "created"}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Issues {
			issues++
			var is map[string]json.RawMessage
			if err := json.Unmarshal(raw, &is); err != nil {
				t.Fatal(err)
			}
			_, links := is[table.RemoteLinks[1:]]
			_, watchers := is[table.Watchers[1:]]
			_, votes := is[table.Votes[1:]]
			if !links || watchers == (string(is["id"]) == fmt.Sprintf(`"%d"`, hidden)) || votes {
				t.Errorf("issue %s has links %t, watchers %t, votes %t", is["id"], links, watchers, votes)
			}
		}
		page.Release()
	}
	if counts := sim.Counts(); issues != 30 || counts["issue/{key}/remotelink"] != 30 || counts["issue/{key}/watchers"] != 30 || counts["issue/{key}/votes"] != 30 {
		t.Errorf("%d issues, requests %v", issues, counts)
	}
	if n := strings.Count(log.String(), "Jira does not show this"); n != 2 {
		t.Errorf("%d words in the log:\n%s", n, log.String())
	}
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		if strings.HasSuffix(r.URL.Path, "/votes") {
			return &jirasim.Fault{Status: http.StatusBadRequest}
		}
		return nil
	})
	var failed error
	for _, err := range s.Pages(t.Context(), &stages.Partition{Name: "all", JQL: `created >= "1990-01-01"`, Order: "created"}) {
		failed = err
	}
	if jira.KindOf(failed) != jira.KindBadRequest {
		t.Errorf("an answer that says nothing about the issue: %v", failed)
	}
}

// TestAnswersFollowTheSpecification holds every request for dimensions, and for
// what is read of an issue by itself, against Atlassian's own documents.
func TestAnswersFollowTheSpecification(t *testing.T) {
	data := os.Getenv("SNOWDRIFT_REAL_DATA")
	if data == "" {
		t.Skip("SNOWDRIFT_REAL_DATA does not name a folder with spec/*.openapi.json")
	}
	for _, tt := range []struct {
		deployment, prefix string
		files              []string
	}{
		{jirasim.Cloud, "", []string{"jira-cloud-platform-v3.openapi.json", "jira-cloud-software.openapi.json"}},
		{jirasim.DataCenter, "/rest", []string{"jira-datacenter.openapi.json"}},
	} {
		t.Run(tt.deployment, func(t *testing.T) {
			sim, s := simulated(t, jirasim.Options{Deployment: tt.deployment, Issues: 3})
			var mu sync.Mutex
			asked := map[string]url.Values{} // by path
			sim.Fault(func(r *http.Request) *jirasim.Fault {
				mu.Lock()
				defer mu.Unlock()
				asked[r.URL.Path] = r.URL.Query()
				return nil
			})
			for what := range answers {
				for _, err := range s.Answers(t.Context(), what) {
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			raw := fmt.Appendf(nil, `{"id":"%d"}`, sim.IDs()[0])
			if _, err := s.readExtras(t.Context(), raw, []string{"remotelink", "watchers", "votes"}); err != nil {
				t.Fatal(err)
			}
			known := documented(t, data, tt.files)
			for path, query := range asked {
				parameters, found := known(strings.TrimPrefix(path, tt.prefix))
				if !found {
					t.Errorf("%s is in no document", path)
					continue
				}
				for name := range query {
					if !slices.Contains(parameters, name) {
						t.Errorf("%s: the parameter %s is not declared, but %s", path, name, parameters)
					}
				}
			}
			if len(asked) < 15 {
				t.Errorf("only %d resources were asked for", len(asked))
			}
		})
	}
}

// documented returns what tells the declared query parameters of GET of a path.
func documented(t *testing.T, data string, files []string) func(path string) ([]string, bool) {
	t.Helper()
	type resource struct {
		path       *regexp.Regexp
		parameters []string
	}
	var all []resource
	for _, name := range files {
		spec, err := openapi3.NewLoader().LoadFromFile(filepath.Join(data, "spec", name))
		if err != nil {
			t.Fatal(err)
		}
		for path, item := range spec.Paths.Map() {
			if item.Get == nil {
				continue
			}
			r := resource{path: regexp.MustCompile("^" + regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")}
			for _, p := range item.Get.Parameters {
				r.parameters = append(r.parameters, p.Value.Name)
			}
			all = append(all, r)
		}
	}
	return func(path string) (parameters []string, found bool) {
		for _, r := range all {
			if r.path.MatchString(path) {
				parameters, found = append(parameters, r.parameters...), true
			}
		}
		return parameters, found
	}
}
