package jirasim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"snowdrift/internal/realdata"
)

// TestAnswersFollowTheSpecification holds one answer of every endpoint against
// Atlassian's own OpenAPI documents.
func TestAnswersFollowTheSpecification(t *testing.T) {
	// The documents say date-time; Jira writes offsets without a colon, and
	// the days of versions.
	openapi3.DefineStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
		var err error
		for _, layout := range []string{jiraTime, time.DateOnly, time.RFC3339Nano} {
			if _, err = time.Parse(layout, s); err == nil {
				return nil
			}
		}
		return err
	}))
	for _, tt := range []struct {
		deployment string
		files      []string
	}{
		{Cloud, []string{"jira-cloud-platform-v3.openapi.json", "jira-cloud-software.openapi.json"}},
		{DataCenter, []string{"jira-datacenter.openapi.json"}},
	} {
		t.Run(tt.deployment, func(t *testing.T) {
			var specs []*openapi3.T
			for _, f := range tt.files {
				spec, err := openapi3.NewLoader().LoadFromFile(realdata.Path(t, "spec", f))
				ok(t, err)
				correct(spec)
				specs = append(specs, spec)
			}
			c := newClock()
			s := newSite(t, Options{Deployment: tt.deployment, Issues: 300, Now: c.now, Until: c.t.Add(-time.Hour)})
			for _, path := range everyPath(s) {
				method, path, _ := strings.Cut(path, " ")
				path, body, _ := strings.Cut(path, " ")
				x := s.do(method, path, body)
				if x.StatusCode != http.StatusOK {
					t.Errorf("%s %s: %d %.200s", method, path, x.StatusCode, x.body)
					continue
				}
				err := checkAnswer(specs, method, path, x)
				var at *openapi3.SchemaError
				switch {
				case errors.As(err, &at): // without the schema, which is long
					t.Errorf("%s %s: %s: %s", method, path, strings.Join(at.JSONPointer(), "/"), at.Reason)
				case err != nil:
					t.Errorf("%s %s: %v", method, path, err)
				}
			}
			for _, endpoint := range s.Endpoints() {
				if s.Counts()[endpoint] == 0 && !(undocumented[endpoint] && s.cloud) {
					t.Errorf("no answer of %s was checked", endpoint)
				}
			}
		})
	}
}

// correct amends a document where real answers are known to differ from it.
func correct(spec *openapi3.T) {
	schemas := spec.Components.Schemas
	property := func(schema, name string) *openapi3.Schema { return schemas[schema].Value.Properties[name].Value }
	for _, name := range []string{"ChangeDetails", "ChangeItemBean", "HistoryItem", "ChangelogItem"} {
		if s := schemas[name]; s != nil { // null: the field was or became empty
			for _, p := range s.Value.Properties {
				p.Value.Nullable = true
			}
		}
	}
	if schemas["IssueChangeLog"] != nil { // bulk fetches give created in milliseconds
		one := *property("IssueChangeLog", "changeHistories").Items.Value
		one.Properties = maps.Clone(one.Properties)
		one.Properties["created"] = openapi3.NewInt64Schema().NewRef()
		property("IssueChangeLog", "changeHistories").Items = one.NewRef()
	}
	// Fields hold whatever their types make of them.
	property("IssueBean", "fields").AdditionalProperties = openapi3.AdditionalProperties{Schema: openapi3.NewSchema().WithNullable().NewRef()}
	if board := spec.Paths.Find("/rest/agile/1.0/board/{boardId}/configuration"); board != nil { // seen on sites
		location := board.Get.Responses.Status(200).Value.Content["application/json"].Schema.Value.Properties["location"].Value
		location.AllOf, location.AdditionalProperties = nil, openapi3.AdditionalProperties{Schema: openapi3.NewSchema().NewRef()}
	}
	if s := schemas["Project"]; s != nil && s.Value.Properties != nil { // what expand=projectKeys returns is told in words only
		s.Value.Properties["projectKeys"] = openapi3.NewArraySchema().WithItems(openapi3.NewStringSchema()).NewRef()
	}
	if s := schemas["ServerInformation"]; s != nil { // sites tell their locale
		s.Value.Properties["defaultLocale"] = openapi3.NewObjectSchema().WithAnyAdditionalProperties().NewRef()
	}
}

// everyPath is a request for every endpoint that has a 200.
func everyPath(s *site) []string {
	id := s.IDs()[5]
	paths := []string{
		"GET /rest/api/2/serverInfo", "GET /rest/api/2/myself", "GET /rest/api/2/field", "GET /rest/api/2/configuration",
		fmt.Sprintf("GET /rest/api/2/issue/%d?expand=changelog,names,schema", id),
		fmt.Sprintf("GET /rest/api/2/issue/%d/comment", id), fmt.Sprintf("GET /rest/api/2/issue/%d/worklog", id),
		fmt.Sprintf("GET /rest/api/2/issue/%d/watchers", id), fmt.Sprintf("GET /rest/api/2/issue/%d/votes", id),
		"GET /rest/api/2/worklog/updated?since=0", "GET /rest/api/2/worklog/deleted?since=0",
		fmt.Sprintf(`POST /rest/api/2/worklog/list {"ids":[%d]}`, s.anyWorklog()),
		"GET /rest/api/2/status", "GET /rest/api/2/statuscategory", "GET /rest/api/2/priority", "GET /rest/api/2/resolution",
		"GET /rest/api/2/issuetype", "GET /rest/api/2/issueLinkType", "GET /rest/api/2/project/SNOW",
		"GET /rest/api/2/project/SNOW/components", "GET /rest/api/2/project/SNOW/versions", "GET /rest/api/2/project/SNOW/version",
		"GET /rest/api/2/project/SNOW/securitylevel",
		"GET /rest/agile/1.0/board", "GET /rest/agile/1.0/board/1/sprint", "GET /rest/agile/1.0/board/1/configuration", "GET /rest/agile/1.0/sprint/1",
		"GET /rest/api/2/group/member?groupname=developers",
		fmt.Sprintf("GET /rest/api/2/issue/%d/remotelink", s.linkedIssue()),
	}
	if !s.cloud {
		return append(paths, "GET /rest/api/2/project", "GET /rest/api/2/search?jql=&maxResults=5&fields=*all",
			`POST /rest/api/2/search {"jql":"order by key","maxResults":20,"fields":["*all"],"expand":["names","schema","changelog"],"validateQuery":true}`,
			"GET /rest/api/2/user/search?username=.", "GET /rest/api/2/groups/picker", "GET /rest/api/2/customFields/10030/options")
	}
	for i := range paths {
		paths[i] = strings.Replace(paths[i], "/rest/api/2/", "/rest/api/3/", 1)
	}
	return append(paths, "GET /rest/api/3/project/search?expand=insight,projectKeys",
		"GET /rest/api/3/search/jql?jql=updated%20%3E%200&fields=*all&maxResults=20&expand=names,schema,changelog",
		`POST /rest/api/3/search/jql {"jql":"updated > 0 order by key","fields":["*all"],"maxResults":20,"expand":"names,schema,changelog"}`,
		`POST /rest/api/3/search/approximate-count {"jql":"updated > 0"}`,
		fmt.Sprintf(`POST /rest/api/3/issue/bulkfetch {"issueIdsOrKeys":["%d","TO-1"],"fields":["*all"],"expand":["changelog"]}`, id),
		fmt.Sprintf("GET /rest/api/3/issue/%d/changelog", id),
		fmt.Sprintf(`POST /rest/api/3/changelog/bulkfetch {"issueIdsOrKeys":["%d"]}`, id),
		fmt.Sprintf(`POST /rest/api/3/comment/list {"ids":[%d]}`, s.anyComment()),
		"GET /rest/api/3/project/SNOW/component", "GET /rest/api/3/users/search",
		"GET /rest/api/3/user/bulk?accountId="+url.QueryEscape(s.cat.users[1].id), "GET /rest/api/3/group/bulk", "GET /rest/api/3/label",
		"GET /rest/api/3/field/search", "GET /rest/api/3/field/customfield_10033/context",
		fmt.Sprintf("GET /rest/api/3/field/customfield_10033/context/%d/option", 10_000+s.schema.byID["customfield_10033"].serial))
}

func (s *site) anyWorklog() int64 { return s.anyChild((*Sim).Worklogs) }
func (s *site) anyComment() int64 { return s.anyChild((*Sim).Comments) }

func (s *site) anyChild(of func(*Sim, int64) []int64) int64 {
	for _, id := range s.IDs() {
		if children := of(s.Sim, id); len(children) > 0 {
			return children[0]
		}
	}
	s.t.Fatal("no issue has one")
	return 0
}

// linkedIssue is an issue with remote links.
func (s *site) linkedIssue() int64 {
	for _, id := range s.IDs() {
		if x := s.do("GET", fmt.Sprintf("/rest/api/2/issue/%d/remotelink", id), ""); len(x.body) > 2 {
			return id
		}
	}
	s.t.Fatal("no issue has one")
	return 0
}

// undocumented: search is gone from Cloud, tenant_info has no contract.
var undocumented = map[string]bool{"search": true, "_edge/tenant_info": true}

// checkAnswer finds the operation in one of the documents and validates.
func checkAnswer(specs []*openapi3.T, method, target string, x exchange) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	for _, spec := range specs {
		path := u.Path
		if spec.Paths.Find("/api/2/search") != nil { // Data Center's document leaves /rest to its server
			path = strings.TrimPrefix(path, "/rest")
		}
		template, item := findPath(spec, path, method)
		if item == nil {
			continue
		}
		req, err := http.NewRequest(method, target, nil)
		if err != nil {
			return err
		}
		op := item.GetOperation(method)
		if x.body[0] == '[' { // Data Center's document says of lists what their elements are
			if media := op.Responses.Status(200).Value.Content["application/json"]; media.Schema.Value.Type.Is("object") {
				media.Schema = openapi3.NewArraySchema().WithItems(media.Schema.Value).NewRef()
			}
		}
		in := &openapi3filter.RequestValidationInput{Request: req, Route: &routers.Route{Spec: spec, Path: template, PathItem: item, Method: method, Operation: op}}
		header := x.Header.Clone()
		header.Set("Content-Type", "application/json")
		return openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: x.StatusCode, Header: header, Body: io.NopCloser(bytes.NewReader(x.body)),
			Options: &openapi3filter.Options{IncludeResponseStatus: true},
		})
	}
	return fmt.Errorf("no document knows the operation")
}

// findPath matches a path against the templates; literal segments win.
func findPath(spec *openapi3.T, path, method string) (string, *openapi3.PathItem) {
	best, score := "", -1
	have := strings.Split(path, "/")
	for template, item := range spec.Paths.Map() {
		want := strings.Split(template, "/")
		if len(want) != len(have) || item.GetOperation(method) == nil {
			continue
		}
		literal, fits := 0, true
		for i := range want {
			switch {
			case want[i] == have[i]:
				literal++
			case !strings.HasPrefix(want[i], "{"):
				fits = false
			}
		}
		if fits && literal > score {
			best, score = template, literal
		}
	}
	if score < 0 {
		return "", nil
	}
	return best, spec.Paths.Find(best)
}
