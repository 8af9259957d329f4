package jira

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"snowdrift/internal/realdata"
)

// TestRequestsFollowTheSpecification sends every request that this package can
// make, and holds it against Atlassian's own OpenAPI documents.
func TestRequestsFollowTheSpecification(t *testing.T) {
	for _, tt := range []struct {
		deployment Deployment
		file       string
		prefix     string // of our paths, which the document leaves to its server URL
	}{
		{Cloud, "jira-cloud-platform-v3.openapi.json", ""},
		{DataCenter, "jira-datacenter.openapi.json", "/rest"},
	} {
		t.Run(string(tt.deployment), func(t *testing.T) {
			spec, err := openapi3.NewLoader().LoadFromFile(realdata.Path(t, "spec", tt.file))
			if err != nil {
				t.Fatal(err)
			}
			s := newSite(t, tt.deployment)
			for pattern, text := range map[string]string{
				"POST /rest/api/3/search/jql":               `{"issues":[{"id":"1"}],"nextPageToken":"t"}`,
				"POST /rest/api/3/issue/bulkfetch":          `{"issues":[]}`,
				"POST /rest/api/3/search/approximate-count": `{"count":1}`,
				"GET /rest/api/3/project/search":            `{"values":[],"isLast":true}`,
				"GET /rest/api/2/project":                   `[]`,
				"POST /rest/api/2/search":                   `{"issues":[],"total":0}`,
				"GET /rest/api/3/field":                     goodField,
				"GET /rest/api/2/field":                     goodField,
				"GET /rest/api/3/issue/{id}":                `{"id":"1"}`,
				"GET /rest/api/3/issue/{id}/comment":        `{"comments":[],"total":0}`,
				"GET /rest/api/2/issue/{id}/comment":        `{"comments":[],"total":0}`,
				"GET /rest/api/3/issue/{id}/worklog":        `{"worklogs":[],"total":0}`,
				"GET /rest/api/2/issue/{id}/worklog":        `{"worklogs":[],"total":0}`,
				"POST /rest/api/3/changelog/bulkfetch":      `{"issueChangeLogs":[{"issueId":"1","changeHistories":[{}]}],"nextPageToken":"t"}`,
				"GET /rest/api/2/issue/{id}":                `{"id":"1"}`,
			} {
				s.handle(pattern, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, text) })
			}
			makeEveryCall(t, s)
			for _, r := range s.requests {
				checkRequest(t, spec, tt.prefix, r)
			}
		})
	}
}

func makeEveryCall(t *testing.T, s *site) {
	t.Helper()
	c, _ := dial(t, s)
	_, err := c.Fields(t.Context())
	fail(t, err)
	_, err = c.Projects(t.Context())
	fail(t, err)
	_, _, err = c.Count(t.Context(), "project = 1")
	fail(t, err)
	_, err = c.Issue(t.Context(), 1, []string{"summary"})
	fail(t, err)
	_, err = c.Issue(t.Context(), 1, nil, "changelog")
	fail(t, err)
	_, err = collect(c.BulkFetch(t.Context(), []int64{1, 2}, nil))
	fail(t, err)
	_, err = gather(c.Comments(t.Context(), 1))
	fail(t, err)
	_, err = gather(c.Worklogs(t.Context(), 1))
	fail(t, err)
	if s.deployment == Cloud {
		_, _ = gather(c.Changelogs(t.Context(), []int64{1, 2})) // ends with a repeated token: two requests
	}
	full := Search{JQL: "project = 1", Fields: []string{"*all"}, PageSize: 200, Expand: []string{"names", "schema"}}
	for range c.Search(t.Context(), full) { // ends with a repeated token on Cloud: two requests
	}
	_, _ = collect(c.Search(t.Context(), Search{JQL: "project = 1"}))
}

func fail(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// checkRequest requires path, method, query and body to be declared.
func checkRequest(t *testing.T, spec *openapi3.T, prefix string, r recorded) {
	t.Helper()
	path := strings.TrimPrefix(r.path, prefix)
	if prefix == "" { // the Cloud document is that of v3; serverInfo is asked as v2 on purpose
		path = strings.Replace(path, "/rest/api/2/", "/rest/api/3/", 1)
	}
	path = strings.Replace(path, "/issue/1", "/issue/{issueIdOrKey}", 1)
	item := spec.Paths.Find(path)
	if item == nil || item.GetOperation(r.method) == nil {
		t.Errorf("%s %s is not in the document", r.method, path)
		return
	}
	operation := item.GetOperation(r.method)
	query, err := url.ParseQuery(r.query)
	fail(t, err)
	for name := range query {
		if operation.Parameters.GetByInAndName("query", name) == nil {
			t.Errorf("%s %s: the parameter %q is not declared", r.method, path, name)
		}
	}
	if operation.RequestBody == nil {
		if len(r.body) > 0 {
			t.Errorf("%s %s: a body is not declared", r.method, path)
		}
		return
	}
	schema := operation.RequestBody.Value.Content.Get("application/json").Schema.Value
	var value map[string]any
	fail(t, json.Unmarshal(r.body, &value))
	if err := schema.VisitJSON(value); err != nil {
		t.Errorf("%s %s: %s: %v", r.method, path, r.body, err)
	}
	for name := range value { // also where the schema forgets to forbid others
		if schema.Properties[name] == nil {
			t.Errorf("%s %s: the member %q is not declared", r.method, path, name)
		}
	}
}
