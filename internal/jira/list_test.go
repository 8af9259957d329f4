package jira

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestList(t *testing.T) {
	values := List{Paging: ByOffset, PageSize: 50, Member: "values"}
	bare := List{Paging: ByOffset, PageSize: 1000, Query: url.Values{"username": {"."}}}
	for _, tt := range []struct {
		title   string
		list    List
		answers []string // one after the other; the last one for ever
		want    []string
		queries []string
		err     error  // that it ends with
		says    string // or what its error says
	}{
		{"an answer as it stands", List{}, []string{" \n{\"a\": [1 ]}\n"}, []string{`{"a": [1 ]}`}, []string{""}, nil, ""},
		{"a member of one", List{Member: "levels"}, []string{`{"levels":[{"id":1}],"x":2}`}, []string{`[{"id":1}]`}, []string{""}, nil, ""},
		{"a member that shows all it counts", List{Member: "groups"}, []string{`{"total":1,"groups":[{"name":"a"}]}`}, []string{`[{"name":"a"}]`}, []string{""}, nil, ""},
		{"a member that shows less", List{Member: "groups"}, []string{`{"total":3,"groups":[{"name":"a"}]}`}, nil, nil, nil, "shows 1 of 3"},
		{"a member that is not there", List{Member: "groups"}, []string{`{"total":0}`}, nil, nil, nil, "holds no list"},
		{"no list", bare, []string{`{"errorMessages":[]}`}, nil, nil, nil, "holds no list"},
		{"no JSON", List{}, []string{`{"a":`}, nil, nil, nil, "not JSON"},
		{"until the last", values, []string{`{"startAt":0,"isLast":false,"total":1,"values":[1,2]}`, `{"startAt":2,"isLast":true,"values":[3]}`},
			[]string{"[1,2]", "[3]"}, []string{"maxResults=50&startAt=0", "maxResults=50&startAt=2"}, nil, ""},
		{"until the total", values, []string{`{"total":3,"values":[1,2]}`, `{"total":3,"values":[3]}`},
			[]string{"[1,2]", "[3]"}, []string{"maxResults=50&startAt=0", "maxResults=50&startAt=2"}, nil, ""},
		{"until an empty page", values, []string{`{"isLast":false,"values":[1]}`, `{"isLast":false,"values":[]}`},
			[]string{"[1]"}, []string{"maxResults=50&startAt=0", "maxResults=50&startAt=1"}, nil, ""},
		{"nothing", values, []string{`{"isLast":true,"values":[]}`}, nil, []string{"maxResults=50&startAt=0"}, nil, ""},
		{"another page", values, []string{`{"startAt":0,"values":[1]}`, `{"startAt":0,"values":[2]}`}, []string{"[1]"}, nil, ErrWrongPage, ""},
		{"arrays, until an empty one", bare, []string{`[1,2]`, `[3]`, `[]`}, []string{"[1,2]", "[3]"},
			[]string{"maxResults=1000&startAt=0&username=.", "maxResults=1000&startAt=2&username=.", "maxResults=1000&startAt=3&username=."}, nil, ""},
		{"one page for ever", bare, []string{`[1,2]`}, []string{"[1,2]"}, nil, ErrWrongPage, ""},
		{"numbered pages", List{Paging: ByNumber, PageSize: 2, Member: "options"}, []string{`{"total":3,"options":[1,2]}`, `{"total":3,"options":[3]}`},
			[]string{"[1,2]", "[3]"}, []string{"maxResults=2&page=1", "maxResults=2&page=2"}, nil, ""},
	} {
		t.Run(tt.title, func(t *testing.T) {
			const path = "/rest/api/3/thing"
			s := newSite(t, Cloud)
			s.handle("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
				answerJSON(w, tt.answers[min(len(s.sent(path)), len(tt.answers))-1])
			})
			c, _ := dial(t, s)
			tt.list.Op, tt.list.Endpoint, tt.list.Path = "list things", "thing", "/thing"
			var got []string
			var err error
			for raw, e := range c.List(t.Context(), tt.list) {
				if err = e; err == nil {
					got = append(got, string(raw))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			failed := tt.err != nil || tt.says != ""
			if (err != nil) != failed || tt.err != nil && !errors.Is(err, tt.err) || failed && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v", err)
			}
			var queries []string
			for _, r := range s.sent(path) {
				queries = append(queries, r.query)
			}
			if tt.queries != nil && !slices.Equal(queries, tt.queries) {
				t.Errorf("asked for %q, want %q", queries, tt.queries)
			}
		})
	}
}

// TestListOfAnotherAPI: a path from /rest/ on is taken as it is, and the query
// of a List is not changed.
func TestListOfAnotherAPI(t *testing.T) {
	const path = "/rest/agile/1.0/board"
	s := newSite(t, DataCenter)
	s.handle("GET "+path, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"isLast":true,"values":[1]}`) })
	c, _ := dial(t, s)
	l := List{Op: "list boards", Endpoint: "board", Path: path, Paging: ByOffset, PageSize: 50, Member: "values", Query: url.Values{"type": {"scrum"}}}
	for _, err := range c.List(t.Context(), l) {
		fail(t, err)
	}
	if sent := s.sent(path); len(sent) != 1 || sent[0].query != "maxResults=50&startAt=0&type=scrum" || len(l.Query) != 1 {
		t.Errorf("asked for %v with %v left", sent, l.Query)
	}
}
