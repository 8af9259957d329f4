package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// gather reads all rows of some pages, each as "issue:raw".
func gather(pages iter.Seq2[*Children, error]) (rows []string, err error) {
	for page, err := range pages {
		if err != nil {
			return rows, err
		}
		for _, c := range page.Rows {
			rows = append(rows, fmt.Sprintf("%d:%s", c.Issue, c.Raw))
		}
		page.Release()
	}
	return rows, nil
}

// list writes objects with the ids from first on.
func list(first, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`{"id":"%d"}`, first+i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestComments(t *testing.T) {
	for _, tt := range []struct {
		title      string
		deployment Deployment
		answers    []string // one after the other; the last one for ever
		want       int      // comments
		requests   []string // queries
		err        error
	}{
		{"none", Cloud, []string{`{"comments":[],"total":0,"startAt":0}`}, 0, []string{"maxResults=100&startAt=0"}, nil},
		{"one page", Cloud, []string{`{"comments":` + list(1, 3) + `,"total":3,"startAt":0}`}, 3, []string{"maxResults=100&startAt=0"}, nil},
		{"fewer on a page than asked for", Cloud,
			[]string{`{"comments":` + list(1, 30) + `,"total":50,"startAt":0}`, `{"startAt":30,"comments":` + list(31, 20) + `,"total":50}`},
			50, []string{"maxResults=100&startAt=0", "maxResults=100&startAt=30"}, nil},
		{"the total counts some that we may not see", Cloud,
			[]string{`{"comments":` + list(1, 30) + `,"total":50,"startAt":0}`, `{"comments":[],"total":50,"startAt":30}`},
			30, []string{"maxResults=100&startAt=0", "maxResults=100&startAt=30"}, nil},
		{"one added meanwhile", Cloud,
			[]string{`{"comments":` + list(1, 2) + `,"total":3,"startAt":0}`, `{"comments":` + list(3, 2) + `,"total":4,"startAt":2}`},
			4, []string{"maxResults=100&startAt=0", "maxResults=100&startAt=2"}, nil},
		{"data center", DataCenter, []string{`{"comments":` + list(1, 150) + `,"total":150,"maxResults":1048576,"startAt":0}`}, 150, []string{"maxResults=1000&startAt=0"}, nil},
		{"always the first page", Cloud, []string{`{"comments":` + list(1, 2) + `,"total":9,"startAt":0}`}, 2, nil, ErrWrongPage},
	} {
		t.Run(tt.title, func(t *testing.T) {
			s := newSite(t, tt.deployment)
			path := "/rest/api/3/issue/7/comment"
			if tt.deployment == DataCenter {
				path = "/rest/api/2/issue/7/comment"
			}
			s.handle("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
				answerJSON(w, tt.answers[min(len(s.sent(path)), len(tt.answers))-1])
			})
			c, _ := dial(t, s)
			rows, err := gather(c.Comments(t.Context(), 7))
			if len(rows) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%d comments and %v, want %d and %v", len(rows), err, tt.want, tt.err)
			}
			for i, row := range rows {
				if row != fmt.Sprintf(`7:{"id":"%d"}`, i+1) {
					t.Errorf("comment %d is %s", i, row)
				}
			}
			var queries []string
			for _, r := range s.sent(path) {
				queries = append(queries, r.query)
			}
			if tt.requests != nil && !reflect.DeepEqual(queries, tt.requests) {
				t.Errorf("asked %q, want %q", queries, tt.requests)
			}
		})
	}
}

// Without a list or a total nothing can be concluded from an answer.
func TestCommentsThatAreNone(t *testing.T) {
	for _, answer := range []string{`{}`, `{"comments":[{"id":"1"}]}`, `{"total":0}`, `[]`, `{"comments":["a"],"total":1}`, `{"comments":{},"total":0}`,
		`{"comments":[],"total":0}x`, `{"comments":[{"id":"1"`} {
		s := newSite(t, Cloud)
		s.handle("GET /rest/api/3/issue/7/comment", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, answer) })
		c, _ := dial(t, s)
		if rows, err := gather(c.Comments(t.Context(), 7)); KindOf(err) != KindProtocol || len(rows) > 0 {
			t.Errorf("%s: %v, %v", answer, rows, err)
		}
	}
}

func TestWorklogs(t *testing.T) {
	s := newSite(t, DataCenter)
	s.handle("GET /rest/api/2/issue/7/worklog", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, `{"startAt":0,"maxResults":2,"total":5,"worklogs":[{"id":"1"},{"id":"2"}]}`)
	})
	c, _ := dial(t, s)
	rows, err := gather(c.Worklogs(t.Context(), 7))
	if err != nil || len(rows) != 2 {
		t.Errorf("%v, %v", rows, err)
	}
	if sent := s.sent("/rest/api/2/issue/7/worklog"); len(sent) != 1 || sent[0].query != "" {
		t.Errorf("Data Center sends all worklogs at once; asked %d times, %q", len(sent), sent[0].query)
	}
}

func TestNoSuchIssue(t *testing.T) {
	s := newSite(t, Cloud)
	c, _ := dial(t, s)
	if _, err := gather(c.Worklogs(t.Context(), 7)); KindOf(err) != KindNotFound {
		t.Errorf("worklogs without time tracking: %v", err)
	}
	if _, err := gather(c.Comments(t.Context(), 7)); KindOf(err) != KindNotFound {
		t.Errorf("comments of an issue that is gone: %v", err)
	}
	s.handle("GET /rest/api/3/issue/8/worklog", func(w http.ResponseWriter, _ *http.Request) { failWith(403)(w) })
	if _, err := gather(c.Worklogs(t.Context(), 8)); KindOf(err) != KindForbidden {
		t.Errorf("worklogs that are forbidden: %v", err)
	}
}

const changelogPath = "/rest/api/3/changelog/bulkfetch"

func TestChangelogs(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("POST "+changelogPath, func(w http.ResponseWriter, _ *http.Request) {
		sent := s.sent(changelogPath)
		var body struct{ NextPageToken string }
		_ = json.Unmarshal(sent[len(sent)-1].body, &body)
		answerJSON(w, map[string]string{
			"": `{"issueChangeLogs":[{"issueId":"1","changeHistories":[{"id":"10","created":1759080993142}]},
				{"changeHistories":[{"id":"20"}],"issueId":2}],"nextPageToken":"a"}`,
			"a": `{"issueChangeLogs":[],"nextPageToken":"b"}`,
			"b": `{"issueChangeLogs":[{"issueId":"2","changeHistories":[{"id":"21","created":"2025-10-15T05:59:45.000+0000"},{"id":"22"}]}],"nextPageToken":null}`,
		}[body.NextPageToken])
	})
	c, _ := dial(t, s)
	rows, err := gather(c.Changelogs(t.Context(), idRange(1, 3)))
	want := []string{`1:{"id":"10","created":1759080993142}`, `2:{"id":"20"}`, `2:{"id":"21","created":"2025-10-15T05:59:45.000+0000"}`, `2:{"id":"22"}`}
	if err != nil || !reflect.DeepEqual(rows, want) {
		t.Errorf("got %q, %v", rows, err)
	}
	if body := string(s.sent(changelogPath)[1].body); body != `{"issueIdsOrKeys":["1","2","3"],"maxResults":10000,"nextPageToken":"a"}` {
		t.Errorf("asked %s", body)
	}
}

func TestChangelogsOfManyIssues(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("POST "+changelogPath, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"issueChangeLogs":[]}`) })
	c, _ := dial(t, s)
	for n, requests := range map[int64]int{0: 0, 1: 1, 1000: 1, 1001: 2} {
		before := len(s.sent(changelogPath))
		if _, err := gather(c.Changelogs(t.Context(), idRange(1, n))); err != nil {
			t.Error(err)
		}
		if got := len(s.sent(changelogPath)) - before; got != requests {
			t.Errorf("%d issues took %d requests, want %d", n, got, requests)
		}
	}
}

// An answer above the limit is asked for again in smaller pages.
func TestChangelogsInSmallerPages(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("POST "+changelogPath, func(w http.ResponseWriter, _ *http.Request) {
		sent := s.sent(changelogPath)
		var body struct{ MaxResults int }
		_ = json.Unmarshal(sent[len(sent)-1].body, &body)
		answerJSON(w, fmt.Sprintf(`{"issueChangeLogs":[{"issueId":"1","changeHistories":[{"id":"%d","x":"%s"}]}]}`, body.MaxResults, strings.Repeat("x", body.MaxResults)))
	})
	c, _ := dial(t, s, func(o *Options) { o.MaxResponseBytes = 1000 })
	rows, err := gather(c.Changelogs(t.Context(), idRange(1, 1)))
	if err != nil || len(rows) != 1 || !strings.HasPrefix(rows[0], `1:{"id":"100",`) || len(s.sent(changelogPath)) != 3 {
		t.Errorf("%d rows, %v, %d requests", len(rows), err, len(s.sent(changelogPath)))
	}
}

func TestChangelogsThatNeverEnd(t *testing.T) {
	for answer, want := range map[string]error{
		`{"issueChangeLogs":[{"issueId":"1","changeHistories":[]}],"nextPageToken":"same"}`: ErrRepeatedToken,
		`{"issueChangeLogs":[],"nextPageToken":"%d"}`:                                       ErrEmptyPages,
	} {
		s := newSite(t, Cloud)
		s.handle("POST "+changelogPath, func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, strings.Replace(answer, "%d", fmt.Sprint(len(s.sent(changelogPath))), 1))
		})
		c, _ := dial(t, s)
		if _, err := gather(c.Changelogs(t.Context(), idRange(1, 1))); !errors.Is(err, want) || KindOf(err) != KindProtocol {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestChangelogsThatAreNone(t *testing.T) {
	for _, answer := range []string{`{}`, `{"issueChangeLogs":[{"changeHistories":[{"id":"1"}]}]}`, `{"issueChangeLogs":[{"issueId":"x","changeHistories":[]}]}`,
		`{"issueChangeLogs":[{"issueId":"1","changeHistories":[1]}]}`} {
		s := newSite(t, Cloud)
		s.handle("POST "+changelogPath, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, answer) })
		c, _ := dial(t, s)
		if rows, err := gather(c.Changelogs(t.Context(), idRange(1, 1))); KindOf(err) != KindProtocol || len(rows) > 0 {
			t.Errorf("%s: %v, %v", answer, rows, err)
		}
	}
}

// FuzzSplitChildren: whatever is taken from a page is valid JSON and part of it.
func FuzzSplitChildren(f *testing.F) {
	f.Add([]byte(`{"startAt":0,"total":2,"comments":[{"id":"1","body":"\ud800"},{"id":1e400}]}`), false)
	f.Add([]byte(`{"issueChangeLogs":[{"issueId":"1","changeHistories":[{"id":"10"}]}],"nextPageToken":"a"}`), true)
	f.Add([]byte(`{"issueChangeLogs":[{"changeHistories":[{}],"issueId":7,"x":[[]]}]}`), true)
	f.Fuzz(func(t *testing.T, body []byte, logs bool) {
		p := childPage{issue: 3, list: "comments", startAt: -1, total: -1}
		if logs {
			p = childPage{list: "issueChangeLogs", startAt: -1, total: -1}
		}
		if err := p.split(body); err != nil {
			return
		}
		for _, row := range p.rows {
			if checkObject(row.Raw) != nil || row.Issue <= 0 {
				t.Errorf("%d %q", row.Issue, row.Raw)
			}
		}
	})
}
