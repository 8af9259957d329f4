package jira

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func idRange(first, last int64) (ids []int64) {
	for id := first; id <= last; id++ {
		ids = append(ids, id)
	}
	return ids
}

func TestBulkFetchCloud(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("POST /rest/api/3/issue/bulkfetch", func(w http.ResponseWriter, _ *http.Request) {
		requests := s.sent("/rest/api/3/issue/bulkfetch")
		body := decodeBody[bulkFetchBody](t, requests[len(requests)-1])
		var found []string
		for _, id := range body.IssueIDsOrKeys {
			if id != "13" { // gone: it silently does not come
				found = append(found, fmt.Sprintf(`{"id":%q}`, id))
			}
		}
		answerJSON(w, `{"issueErrors":[],"issues":[`+strings.Join(found, ",")+`]}`)
	})
	c, _ := dial(t, s)
	got, err := collect(c.BulkFetch(t.Context(), idRange(1, 250), nil))
	if err != nil || len(got) != 249 || slices.Contains(got, `{"id":"13"}`) {
		t.Errorf("%d issues, %v", len(got), err)
	}
	requests := s.sent("/rest/api/3/issue/bulkfetch")
	if len(requests) != 3 {
		t.Errorf("%d requests, want 3", len(requests))
	}
	if body := decodeBody[bulkFetchBody](t, requests[0]); len(body.IssueIDsOrKeys) != 100 || body.Fields[0] != "*all" {
		t.Errorf("request %+v", body)
	}
	if got, err := collect(c.BulkFetch(t.Context(), nil, nil)); len(got) != 0 || err != nil || len(s.sent("/rest/api/3/issue/bulkfetch")) != 3 {
		t.Errorf("no ids: %d issues, %v", len(got), err)
	}
}

// A thousand issues are asked for at once when little is asked of each, and on
// a site that refuses so many a hundred from there on.
func TestBulkFetchSlim(t *testing.T) {
	for _, limit := range []int{slimSize, bulkSize} {
		s := newSite(t, Cloud)
		s.handle("POST /rest/api/3/issue/bulkfetch", func(w http.ResponseWriter, _ *http.Request) {
			requests := s.sent("/rest/api/3/issue/bulkfetch")
			ids := decodeBody[bulkFetchBody](t, requests[len(requests)-1]).IssueIDsOrKeys
			if len(ids) > limit {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			answerJSON(w, `{"issues":[{"id":"`+strings.Join(ids, `"},{"id":"`)+`"}]}`)
		})
		c, _ := dial(t, s)
		fields := []string{"updated"}
		got, err := collect(c.BulkFetch(t.Context(), idRange(1, 2500), fields))
		if err != nil || len(got) != 2500 {
			t.Errorf("limit %d: %d issues, %v", limit, len(got), err)
		}
		want := map[int]int{slimSize: 3, bulkSize: 1 + 25}[limit]
		if n := len(s.sent("/rest/api/3/issue/bulkfetch")); n != want || c.Together(fields) != limit {
			t.Errorf("limit %d: %d requests, want %d; then %d together", limit, n, want, c.Together(fields))
		}
	}
	c := &Client{}
	if c.Together([]string{"updated", "labels"}) != bulkSize || c.Together([]string{"*all"}) != bulkSize || c.Together([]string{"id"}, "changelog") != bulkSize {
		t.Error("a thousand whole issues together")
	}
}

// Issues that are too large together are fetched apart.
func TestBulkFetchHalvesLargePages(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("POST /rest/api/3/issue/bulkfetch", func(w http.ResponseWriter, _ *http.Request) {
		requests := s.sent("/rest/api/3/issue/bulkfetch")
		var found []string
		for _, id := range decodeBody[bulkFetchBody](t, requests[len(requests)-1]).IssueIDsOrKeys {
			found = append(found, fmt.Sprintf(`{"id":%q,"text":%q}`, id, strings.Repeat("x", 300)))
		}
		answerJSON(w, `{"issues":[`+strings.Join(found, ",")+`]}`)
	})
	c, _ := dial(t, s, func(o *Options) { o.MaxResponseBytes = 1000 })
	got, err := collect(c.BulkFetch(t.Context(), idRange(1, 10), nil))
	if err != nil || len(got) != 10 {
		t.Errorf("%d issues, %v", len(got), err)
	}
	c.bodies.limit = 100
	if _, err := collect(c.BulkFetch(t.Context(), idRange(1, 2), nil)); KindOf(err) != KindTooLarge {
		t.Errorf("one issue above the limit: %v", err)
	}
}

// A Data Center refuses a list of ids if one of them does not exist, or leaves
// that one out: both lead to the issues that are there.
func TestBulkFetchDataCenter(t *testing.T) {
	gone := map[string]bool{"13": true, "77": true, "101": true}
	archived := map[string]bool{"40": true}
	tests := []struct {
		name   string
		strict bool
	}{
		{"warns", false},
		{"refuses", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, DataCenter)
			s.handle("POST /rest/api/2/search", func(w http.ResponseWriter, _ *http.Request) {
				requests := s.sent("/rest/api/2/search")
				body := decodeBody[dataCenterSearch](t, requests[len(requests)-1])
				if body.ValidateQuery {
					t.Error("the query is to be validated")
				}
				list := strings.TrimSuffix(strings.TrimPrefix(body.JQL, "id in ("), ") ORDER BY key ASC")
				ids := strings.Split(list, ", ")
				if tt.strict && slices.ContainsFunc(ids, func(id string) bool { return gone[id] || archived[id] }) {
					failWith(400)(w)
					return
				}
				ids = slices.DeleteFunc(ids, func(id string) bool { return gone[id] || archived[id] })
				total := len(ids)
				const cap = 30 // a site that clips pages below our chunk
				start := min(int(body.StartAt), total)
				var found []string
				for _, id := range ids[start:min(total, start+cap)] {
					found = append(found, fmt.Sprintf(`{"id":%q}`, id))
				}
				answerJSON(w, fmt.Sprintf(`{"startAt":%d,"maxResults":%d,"total":%d,"issues":[%s],"warningMessages":["id"]}`,
					start, cap, total, strings.Join(found, ",")))
			})
			s.handle("GET /rest/api/2/issue/{id}", func(w http.ResponseWriter, r *http.Request) {
				if id := r.PathValue("id"); archived[id] {
					answerJSON(w, "\n"+fmt.Sprintf(`{"id":%q,"fields":{"archiveddate":"x"}}`, id)+"\n")
					return
				}
				failWith(404)(w)
			})
			c, _ := dial(t, s)
			got, err := collect(c.BulkFetch(t.Context(), idRange(1, 120), []string{"summary"}))
			if err != nil {
				t.Fatal(err)
			}
			want := 120 - len(gone)
			if !tt.strict {
				want -= len(archived) // the search does not know them, and nothing tells
			}
			if len(got) != want {
				t.Errorf("%d issues, want %d", len(got), want)
			}
			before := len(s.sent("/rest/api/2/search"))
			if before > 70 {
				t.Errorf("%d searches", before)
			}
			if got, err := collect(c.BulkFetch(t.Context(), idRange(1, 12), []string{"summary"})); len(got) != 12 || err != nil || len(s.sent("/rest/api/2/search")) != before+1 {
				t.Errorf("where all come: %d issues in %d searches, %v", len(got), len(s.sent("/rest/api/2/search"))-before, err)
			}
		})
	}
}

func TestBulkFetchErrors(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("POST /rest/api/3/issue/bulkfetch", func(w http.ResponseWriter, _ *http.Request) { failWith(400)(w) })
	c, _ := dial(t, s)
	got, err := collect(c.BulkFetch(t.Context(), idRange(1, 150), nil))
	if KindOf(err) != KindBadRequest || len(got) != 0 || len(s.sent("/rest/api/3/issue/bulkfetch")) != 1 {
		t.Errorf("%d issues, %v", len(got), err)
	}
}

func TestIssue(t *testing.T) {
	s := newSite(t, Cloud)
	for id, body := range map[string]string{"1": ` {"id":"1","names":5} `, "2": `{"id":"2"`, "3": `[]`, "4": `{"id":"4"}{}`} {
		s.handle("GET /rest/api/3/issue/"+id, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, body) })
	}
	s.handle("GET /rest/api/3/issue/5", func(w http.ResponseWriter, _ *http.Request) { failWith(404)(w) })
	c, _ := dial(t, s)
	page, err := c.Issue(t.Context(), 1, nil)
	if err != nil || len(page.Issues) != 1 || string(page.Issues[0]) != `{"id":"1","names":5}` {
		t.Errorf("page %+v, %v", page, err)
	}
	for id, kind := range map[int64]Kind{2: KindProtocol, 3: KindProtocol, 4: KindProtocol, 5: KindNotFound} {
		if _, err := c.Issue(t.Context(), id, nil); KindOf(err) != kind {
			t.Errorf("issue %d: %v, want %s", id, err, kind)
		}
	}
}
