package jira

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestFields(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, `[{"id":"customfield_10020","key":"customfield_10020","name":"Sprint \ud800","custom":true,"orderable":true,"navigable":true,
			"clauseNames":["cf[10020]","Sprint"],"schema":{"type":"array","items":"json","custom":"com.pyxis.greenhopper.jira:gh-sprint","customId":10020},
			"scope":{"type":"PROJECT","project":{"id":"10001"}}},
			{"id":"thumbnail","name":"Images"}]`)
	})
	c, _ := dial(t, s)
	got, err := c.Fields(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Field{
		{ID: "customfield_10020", Key: "customfield_10020", Name: "Sprint \uFFFD", Custom: true, Navigable: true, ClauseNames: []string{"cf[10020]", "Sprint"},
			Schema: FieldSchema{Type: "array", Items: "json", Custom: "com.pyxis.greenhopper.jira:gh-sprint", CustomID: 10020}},
		{ID: "thumbnail", Name: "Images"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestProjectsCloud(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/project/search", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("startAt") {
		case "0": // a page shorter than asked for
			answerJSON(w, `{"startAt":0,"maxResults":2,"total":3,"isLast":false,"values":[
				{"id":"10000","key":"ED","name":"Ed","insight":{"totalIssueCount":25,"lastIssueUpdateTime":"2026-11-20T10:11:12.345+0100"}},
				{"id":"10001","key":"OLD","name":"Old","archived":true}]}`)
		case "2": // pages shifted: one comes twice
			answerJSON(w, `{"startAt":2,"maxResults":2,"total":3,"isLast":true,"values":[
				{"id":"10001","key":"OLD","name":"Old","archived":true},
				{"id":"10002","key":"OR","name":"Or \"x\"","insight":{"lastIssueUpdateTime":"soon"}}]}`)
		default:
			t.Errorf("asked for %s", r.URL.RawQuery)
		}
	})
	c, _ := dial(t, s)
	got, err := c.Projects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Project{
		{ID: 10000, Key: "ED", Name: "Ed", IssueCount: 25},
		{ID: 10001, Key: "OLD", Name: "Old", Archived: true, IssueCount: -1},
		{ID: 10002, Key: "OR", Name: `Or "x"`, IssueCount: -1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	q, _ := url.ParseQuery(s.sent("/rest/api/3/project/search")[0].query)
	if fmt.Sprint(q["status"], q["expand"], q["maxResults"]) != "[live archived] [insight] [100]" {
		t.Errorf("query %v", q)
	}
}

func TestProjectsDataCenter(t *testing.T) {
	s := newSite(t, DataCenter)
	s.handle("GET /rest/api/2/project", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("includeArchived") != "true" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		answerJSON(w, `[{"id":"10000","key":"TO","name":"To","archived":true}]`)
	})
	c, _ := dial(t, s)
	got, err := c.Projects(t.Context())
	if err != nil || len(got) != 1 || got[0] != (Project{ID: 10000, Key: "TO", Name: "To", Archived: true, IssueCount: -1}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// An answer without a list is an error and never "no projects".
func TestProjectsRefusesOddAnswers(t *testing.T) {
	for deployment, bodies := range map[Deployment][]string{
		Cloud:      {`{}`, `{"values":null}`, `{"values":[{"id":"x"}]}`, `{"startAt":100,"values":[]}`, `[]`},
		DataCenter: {`{}`, `null`, `[{"id":"x"}]`, `[7]`},
	} {
		for _, body := range bodies {
			s := newSite(t, deployment)
			odd := func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, body) }
			s.handle("GET /rest/api/3/project/search", odd)
			s.handle("GET /rest/api/2/project", odd)
			c, _ := dial(t, s)
			if _, err := c.Projects(t.Context()); KindOf(err) != KindProtocol || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %s: %v", deployment, body, err)
			}
		}
	}
}
