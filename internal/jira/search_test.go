package jira

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// pages answers each request for a page with the next text, the last for ever.
func pages(texts ...string) http.HandlerFunc {
	var at atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		i := min(int(at.Add(1)), len(texts)) - 1
		answerJSON(w, texts[i])
	}
}

func TestSearchCloud(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("POST /rest/api/3/search/jql", pages(
		`{"issues":[{"id":"1"},{"id":"2"}],"nextPageToken":"t1","isLast":false}`,
		`{"isLast":false,"nextPageToken":"t2","issues":[]}`,
		`{"nextPageToken":"t3","isLast":true,"issues":[{"id":"2"}]}`, // isLast is not to be believed
		`{"nextPageToken":null,"issues":[{"id":"3"},{"id":"3"}]}`,
	))
	c, _ := dial(t, s)
	got, err := collect(c.Search(t.Context(), Search{JQL: "project = 1", Fields: []string{"*all", "-comment"}, PageSize: 9999, Expand: []string{"names", "schema"}}))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"1"} {"id":"2"} {"id":"2"} {"id":"3"} {"id":"3"}`; strings.Join(got, " ") != want {
		t.Errorf("issues %v, want %s", got, want)
	}
	for i, r := range s.sent("/rest/api/3/search/jql") {
		want := map[string]any{"jql": "project = 1", "maxResults": 5000.0, "fields": []any{"*all", "-comment"}, "expand": "names,schema"}
		if i > 0 {
			want["nextPageToken"] = fmt.Sprintf("t%d", i)
		}
		if body := decodeBody[map[string]any](t, r); fmt.Sprint(body) != fmt.Sprint(want) {
			t.Errorf("request %d: %v, want %v", i, body, want)
		}
		if ct := r.header.Get("Content-Type"); ct != "application/json" {
			t.Errorf("content type %q", ct)
		}
	}
}

// T15 and its relatives: paging that would never end, or end too early.
func TestSearchCloudPagingFaults(t *testing.T) {
	page := func(issues, token string) string {
		return fmt.Sprintf(`{"issues":[%s],"isLast":false,"nextPageToken":%q}`, issues, token)
	}
	tests := []struct {
		name   string
		pages  []string
		is     error
		issues int
	}{
		{"the same token for ever", []string{page(`{"id":"1"}`, "t")}, ErrRepeatedToken, 2},
		{"a circle of tokens", []string{page(`{"id":"1"}`, "a"), page(`{"id":"2"}`, "b"), page(`{"id":"3"}`, "a")}, ErrRepeatedToken, 3},
		{"empty pages without end", []string{page(`{"id":"1"}`, "a"), page("", "b"), page("", "c"), page("", "d"), page("", "e"), page(`{"id":"2"}`, "f")}, ErrEmptyPages, 1},
		{"three empty pages are borne", []string{page("", "a"), page("", "b"), page("", "c"), page(`{"id":"1"}`, "d"), page("", "e"), `{"issues":[]}`}, nil, 1},
		{"more to come but no token", []string{`{"issues":[{"id":"1"}],"isLast":false}`}, ErrMissingToken, 0},
		{"no list", []string{`{"isLast":true}`}, nil, -1},
		{"null list", []string{`{"issues":null,"isLast":true}`}, nil, -1},
		{"no object in the list", []string{`{"issues":[null],"isLast":true}`}, nil, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, Cloud)
			s.handle("POST /rest/api/3/search/jql", pages(tt.pages...))
			c, _ := dial(t, s)
			got, err := collect(c.Search(t.Context(), Search{JQL: "x"}))
			if tt.is == nil && tt.issues >= 0 {
				if err != nil || len(got) != tt.issues {
					t.Fatalf("%d issues, %v", len(got), err)
				}
				return
			}
			if KindOf(err) != KindProtocol || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %v", err, tt.is)
			}
			if len(got) != max(0, tt.issues) {
				t.Errorf("%d issues before the error, want %d", len(got), tt.issues)
			}
		})
	}
}

func TestSearchErrors(t *testing.T) {
	t.Run("refused token", func(t *testing.T) {
		s := newSite(t, Cloud)
		s.handle("POST /rest/api/3/search/jql", func(w http.ResponseWriter, r *http.Request) {
			if len(s.sent("/rest/api/3/search/jql")) > 1 {
				failWith(400)(w)
				return
			}
			answerJSON(w, `{"issues":[{"id":"1"}],"nextPageToken":"t"}`)
		})
		c, _ := dial(t, s)
		got, err := collect(c.Search(t.Context(), Search{JQL: "x"}))
		if KindOf(err) != KindBadRequest || !strings.Contains(err.Error(), "page token") || len(got) != 1 {
			t.Errorf("%d issues, %v", len(got), err)
		}
	})
	t.Run("stopping early asks no more", func(t *testing.T) {
		s := newSite(t, Cloud)
		s.handle("POST /rest/api/3/search/jql", pages(`{"issues":[{"id":"1"}],"nextPageToken":"t"}`))
		c, _ := dial(t, s)
		for page, err := range c.Search(t.Context(), Search{JQL: "x"}) {
			if err != nil {
				t.Fatal(err)
			}
			page.Release()
			page.Release() // twice is harmless
			break
		}
		if n := len(s.sent("/rest/api/3/search/jql")); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
	t.Run("a cut page is asked for again", func(t *testing.T) {
		s := newSite(t, Cloud)
		s.handle("POST /rest/api/3/search/jql", pages(`{"issues":[{"id":"1"}`, `{"issues":[{"id":"1"}],"warnings":[{"type":"JQL_FUNCTION_LIMIT_EXCEEDED","details":"x"}]}`))
		c, _ := dial(t, s)
		for page, err := range c.Search(t.Context(), Search{JQL: "x"}) {
			if err != nil || len(page.Issues) != 1 || page.Total != -1 || len(page.Warnings) != 1 || !strings.Contains(page.Warnings[0], "JQL_FUNCTION_LIMIT_EXCEEDED") {
				t.Errorf("page %+v, %v", page, err)
			}
		}
	})
}

// A dcIndex is a Data Center with a number of issues that are searched by offset.
type dcIndex struct {
	t      *testing.T
	site   *site
	issues int
	cap    int                   // issues delivered at most
	window int                   // startAt+maxResults above it is a 500
	total  func(startAt int) int // nil tells the truth
	empty  map[int]bool          // requests, from 1 on, that are answered by no issue
}

func (d *dcIndex) search(w http.ResponseWriter, r *http.Request) {
	requests := d.site.sent("/rest/api/2/search")
	body := decodeBody[dataCenterSearch](d.t, requests[len(requests)-1])
	if d.window > 0 && int(body.StartAt)+body.MaxResults > d.window {
		failWith(500)(w)
		return
	}
	n := min(body.MaxResults, d.cap, max(0, d.issues-int(body.StartAt)))
	if d.empty[len(requests)] {
		n = 0
	}
	total := d.issues
	if d.total != nil {
		total = d.total(int(body.StartAt))
	}
	answerJSON(w, fmt.Sprintf(`{"startAt":%d,"maxResults":%d,"total":%d,"issues":%s}`,
		body.StartAt, min(body.MaxResults, d.cap), total, issueList(int(body.StartAt)+1, int(body.StartAt)+n)))
}

func TestSearchDataCenter(t *testing.T) {
	tests := []struct {
		name     string
		index    dcIndex
		pageSize int
		issues   int
		requests int
		is       error
	}{
		{"nothing", dcIndex{cap: 100}, 100, 0, 1, nil},
		{"one short page", dcIndex{issues: 7, cap: 100}, 100, 7, 1, nil},
		{"clipped pages advance by what came", dcIndex{issues: 250, cap: 100}, 1000, 250, 3, nil},
		{"full last page is followed by a look", dcIndex{issues: 200, cap: 100}, 100, 200, 3, nil},
		{"total too small", dcIndex{issues: 250, cap: 100, total: func(int) int { return 100 }}, 100, 250, 3, nil},
		{"total too large", dcIndex{issues: 150, cap: 100, total: func(int) int { return 9999 }}, 100, 150, 8, ErrMissingRows},
		{"an empty page in the middle", dcIndex{issues: 250, cap: 100, empty: map[int]bool{2: true}}, 100, 250, 5, nil},
		{"empty pages, and an empty one in the end", dcIndex{issues: 200, cap: 100, empty: map[int]bool{1: true, 2: true, 4: true, 5: true}}, 100, 200, 8, nil},
		{"below the window", dcIndex{issues: 9_999, cap: 1000, window: 10_000}, 1000, 9_999, 11, nil},
		{"page over the window's end is shortened", dcIndex{issues: 9_990, cap: 300, window: 10_000}, 300, 9_990, 34, nil},
		{"beyond the window", dcIndex{issues: 10_001, cap: 1000, window: 10_000}, 1000, 10_000, 12, ErrResultWindow},
		{"no window on an older release", dcIndex{issues: 10_001, cap: 1000}, 1000, 10_001, 12, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, DataCenter)
			tt.index.t, tt.index.site = t, s
			s.handle("POST /rest/api/2/search", tt.index.search)
			c, clock := dial(t, s)
			got, err := collect(c.Search(t.Context(), Search{JQL: "x", PageSize: tt.pageSize, Expand: []string{"changelog"}}))
			if !errors.Is(err, tt.is) || err != nil && tt.is == nil {
				t.Fatalf("error %v, want %v", err, tt.is)
			}
			for i, issue := range got {
				if want := fmt.Sprintf(`{"id":"%d"}`, i+1); issue != want {
					t.Fatalf("issue %d is %s", i, issue)
				}
			}
			requests := s.sent("/rest/api/2/search")
			if len(got) != tt.issues || len(requests) != tt.requests {
				t.Errorf("%d issues in %d requests, want %d in %d", len(got), len(requests), tt.issues, tt.requests)
			}
			if len(clock.slept) != 0 {
				t.Errorf("slept %v", clock.slept)
			}
			body := decodeBody[dataCenterSearch](t, requests[0])
			if body.Fields[0] != "*all" || body.Expand[0] != "changelog" || !body.ValidateQuery {
				t.Errorf("request %+v", body)
			}
		})
	}
	t.Run("a proxy that forgets startAt", func(t *testing.T) {
		s := newSite(t, DataCenter)
		s.handle("POST /rest/api/2/search", pages(`{"startAt":0,"maxResults":1,"total":9,"issues":[{"id":"1"}]}`))
		c, _ := dial(t, s)
		if got, err := collect(c.Search(t.Context(), Search{JQL: "x"})); !errors.Is(err, ErrWrongPage) || len(got) != 1 {
			t.Errorf("%d issues, %v", len(got), err)
		}
	})
}

func TestCount(t *testing.T) {
	t.Run("cloud", func(t *testing.T) {
		s := newSite(t, Cloud)
		s.handle("POST /rest/api/3/search/approximate-count", pages(`{}`, `{"count":153}`))
		c, _ := dial(t, s)
		if n, exact, err := c.Count(t.Context(), "project = 1"); n != 153 || exact || err != nil {
			t.Errorf("%d %v %v", n, exact, err)
		}
	})
	t.Run("data center", func(t *testing.T) {
		s := newSite(t, DataCenter)
		index := dcIndex{t: t, site: s, issues: 42, cap: 100}
		s.handle("POST /rest/api/2/search", index.search)
		c, _ := dial(t, s)
		if n, exact, err := c.Count(t.Context(), "project = 1"); n != 42 || !exact || err != nil {
			t.Errorf("%d %v %v", n, exact, err)
		}
		if body := decodeBody[map[string]any](t, s.sent("/rest/api/2/search")[0]); body["maxResults"] != 0.0 {
			t.Errorf("request %v", body)
		}
	})
}
