package jirasim

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Pages of either deployment add up to the truth, byte for byte.
func TestPagesAddUpToTheTruth(t *testing.T) {
	for _, d := range []string{Cloud, DataCenter} {
		s := newSite(t, Options{Deployment: d, Issues: 130, TimeZone: "Asia/Kolkata", OddValues: true})
		truth := map[string]string{}
		s.Each(func(_ int64, key string, raw []byte) bool { truth[key] = string(raw); return true })
		if len(truth) != 130 || s.Count() != 130 {
			t.Fatalf("%d issues, Count %d", len(truth), s.Count())
		}
		seen := 0
		token := ""
		for {
			q := map[string]any{"jql": "updated > 0 ORDER BY updated, key", "maxResults": 60, "fields": []string{"*all"}}
			path := "/rest/api/3/search/jql"
			if d == DataCenter {
				path, q["startAt"] = "/rest/api/2/search", seen
			} else if token != "" {
				q["nextPageToken"] = token
			}
			var p struct {
				Issues        []json.RawMessage
				NextPageToken string
				IsLast        *bool
				Total         int
			}
			s.post(path, mustJSON(q), &p)
			for _, raw := range p.Issues {
				var is foundIssue
				unquote(t, raw, &is)
				if truth[is.Key] != string(raw) {
					t.Fatalf("%s: %s is not as Each has it", d, is.Key)
				}
				x := s.do("GET", "/rest/api/2/issue/"+is.Key, "")
				if d == DataCenter && string(x.body) != string(raw) {
					t.Fatalf("%s: GET %s differs from search", d, is.Key)
				}
			}
			seen += len(p.Issues)
			token = p.NextPageToken
			if d == Cloud && (p.IsLast == nil || *p.IsLast != (token == "")) {
				t.Fatalf("isLast %v with token %q", p.IsLast, token)
			}
			if d == DataCenter && p.Total != 130 {
				t.Fatalf("total %d", p.Total)
			}
			if d == Cloud && token == "" || len(p.Issues) == 0 {
				break
			}
		}
		if seen != 130 {
			t.Errorf("%s: %d issues in all pages", d, seen)
		}
	}
}

func TestSearchJQLIsStrict(t *testing.T) {
	s := newSite(t, Options{Issues: 150})
	var first searchPage
	s.post("/rest/api/3/search/jql", `{"jql":"updated > 0","fields":["key"],"maxResults":10}`, &first)
	token := *first.NextPageToken
	for _, tt := range []struct {
		body   string
		status int
		text   string
	}{
		{`{"jql":"updated > 0"}`, 200, ""},
		{`{"jql":"updated > 0","expand":"names,schema","properties":[],"fieldsByKeys":false,"reconcileIssues":[1]}`, 200, ""},
		{`{"jql":"updated > 0","startAt":0}`, 400, "Invalid request payload"},
		{`{"JQL":"updated > 0"}`, 400, "Invalid request payload"},
		{`{"jql":"updated > 0","expand":["names"]}`, 400, "Invalid request payload"},
		{`{"jql":"updated > 0","fields":"summary"}`, 400, "Invalid request payload"},
		{`{"jql":"updated > 0"`, 400, "Invalid request payload"},
		{`{"jql":null}`, 400, "Unbounded"},
		{`{}`, 400, "Unbounded"},
		{`{"jql":"updated > 0","maxResults":null}`, 400, "between 1 and 5,000"},
		{`{"jql":"updated > 0","maxResults":0}`, 400, "between 1 and 5,000"},
		{`{"jql":"updated > 0","maxResults":5001}`, 400, "between 1 and 5,000"},
		{`{"jql":"updated > 0","maxResults":"5"}`, 400, "Invalid request payload"},
		{`{"jql":"updated > 0","nextPageToken":"garbage","maxResults":0}`, 400, "nextPageToken is invalid"}, // looked at first
		{`{"jql":"updated > 0","fields":["key"],"nextPageToken":"` + token + `"}`, 200, ""},
		{`{"jql":"updated > 1","fields":["key"],"nextPageToken":"` + token + `"}`, 400, "nextPageToken is invalid"},
		{`{"jql":"updated > 0","fields":["id"],"nextPageToken":"` + token + `"}`, 400, "nextPageToken is invalid"},
		{`{"jql":"updated > 0","fields":["key"],"nextPageToken":"` + token[:len(token)-3] + `AAA"}`, 400, "nextPageToken is invalid"},
	} {
		x := s.do("POST", "/rest/api/3/search/jql", tt.body)
		if x.StatusCode != tt.status || !strings.Contains(string(x.body), tt.text) {
			t.Errorf("%s: %d %.100s, want %d %s", tt.body, x.StatusCode, x.body, tt.status, tt.text)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		x := s.do("POST", "/rest/api/3/search/jql", `{"jql":"updated > 0"}`, "Content-Type", kind)
		if x.StatusCode != 415 || x.Header.Get("Content-Type") != problemType {
			t.Errorf("content type %q: %d %s", kind, x.StatusCode, x.Header.Get("Content-Type"))
		}
	}
	var p searchPage
	s.post("/rest/api/3/search/jql?jql=nonsense&maxResults=1", `{"jql":"updated > 0"}`, &p) // the query string of a POST is ignored
	if len(p.Issues) != defaultPage || p.Issues[0].Key != "" || p.Total != nil {
		t.Errorf("%d issues, first %+v: want 50 with ids alone and no total", len(p.Issues), p.Issues[0])
	}
	for _, path := range []string{"/rest/api/3/search?jql=x", "/rest/api/2/search", "/rest/api/latest/search"} {
		s.want(s.do("GET", path, ""), 410, nil)
		s.want(s.do("POST", path, "{}"), 410, nil)
	}
}

func TestSearchJQLByGet(t *testing.T) {
	s := newSite(t, Options{Issues: 30})
	var p searchPage
	s.get("/rest/api/3/search/jql?jql="+url.QueryEscape(`project = "TO" or updated > 0`)+"&fields=summary,updated&fields=created&maxResults=7", &p)
	if len(p.Issues) != 7 || len(p.Issues[0].Fields) != 3 {
		t.Errorf("%d issues with %d fields, want 7 with 3", len(p.Issues), len(p.Issues[0].Fields))
	}
	s.want(s.do("GET", "/rest/api/3/search/jql?jql=updated%3E0&maxResults=abc", ""), 400, nil)
	s.want(s.do("GET", "/rest/api/3/search/jql", ""), 400, nil)
}

// What is asked for decides how big a page can be.
func TestPageSizes(t *testing.T) {
	s := newSite(t, Options{Issues: 6000})
	for fields, want := range map[string]int{`["id"]`: 5000, `["key"]`: 5000, `["id","key"]`: 5000, `[]`: 5000, `["summary"]`: 100, `["id","updated"]`: 100, `["*all"]`: 100} {
		var p searchPage
		s.post("/rest/api/3/search/jql", `{"jql":"updated > 0","maxResults":5000,"fields":`+fields+`}`, &p)
		if len(p.Issues) != want {
			t.Errorf("fields %s: page of %d, want %d", fields, len(p.Issues), want)
		}
	}
	d := newSite(t, Options{Issues: 300, Deployment: DataCenter, PageCap: 120})
	var p searchPage
	d.post("/rest/api/2/search", `{"jql":"","maxResults":500,"fields":["id"]}`, &p)
	if len(p.Issues) != 120 || p.MaxResults != 120 || *p.Total != 300 {
		t.Errorf("page of %d, maxResults %d, total %d", len(p.Issues), p.MaxResults, *p.Total)
	}
	d.post("/rest/api/2/search", `{"jql":"","maxResults":0}`, &p)
	if len(p.Issues) != 0 || *p.Total != 300 {
		t.Errorf("maxResults 0: %d issues, total %d", len(p.Issues), *p.Total)
	}
	s.want(d.do("POST", "/rest/api/2/search", `{"jql":"","offset":0}`), 400, nil)
	d.want(d.do("POST", "/rest/api/2/search/jql", `{"jql":""}`), 404, nil)
	d.want(d.do("GET", "/rest/api/3/myself", ""), 404, nil)
}

func TestResultWindow(t *testing.T) {
	s := newSite(t, Options{Issues: 400, Deployment: DataCenter, ResultWindow: 200})
	s.post("/rest/api/2/search", `{"jql":"","startAt":100,"maxResults":100,"fields":["id"]}`, nil)
	x := s.do("POST", "/rest/api/2/search", `{"jql":"","startAt":101,"maxResults":100,"fields":["id"]}`)
	if x.StatusCode != 500 || !strings.Contains(string(x.body), "Search limit exceeded") {
		t.Errorf("%d %s", x.StatusCode, x.body)
	}
	s.post("/rest/api/2/search", `{"jql":"","startAt":5000,"maxResults":0}`, nil)
}

// Issues that change while pages turn: in the order of updates none is
// missed, some come twice; in pages by offset rows shift.
func TestPagesShiftWithChanges(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 300, Now: c.now, Until: c.t.Add(-time.Hour)})
	token, seen := "", map[string]int{}
	for page := 0; ; page++ {
		var p searchPage
		s.post("/rest/api/3/search/jql", mustJSON(map[string]any{"jql": "updated > 0 ORDER BY updated, key", "fields": []string{"summary"}, "maxResults": 50, "nextPageToken": token}), &p)
		for _, is := range p.Issues {
			seen[is.ID]++
		}
		if page < 5 {
			c.advance(time.Second)
			for _, id := range []int{page, 100 + page, 299 - page} {
				ok(t, s.Edit(s.IDs()[id]))
			}
		}
		if p.NextPageToken == nil {
			break
		}
		token = *p.NextPageToken
	}
	twice := 0
	for _, n := range seen {
		twice += n - 1
	}
	if len(seen) != 300 || twice == 0 {
		t.Errorf("%d of 300 issues seen, %d more than once", len(seen), twice)
	}

	d := newSite(t, Options{Issues: 100, Deployment: DataCenter, Now: c.now, Until: c.t.Add(-time.Hour)})
	var ids []string
	for len(ids) < 100 {
		var p searchPage
		d.post("/rest/api/2/search", mustJSON(map[string]any{"jql": "ORDER BY updated DESC", "fields": []string{"id"}, "maxResults": 20, "startAt": len(ids)}), &p)
		for _, is := range p.Issues {
			ids = append(ids, is.ID)
		}
		c.advance(time.Second)
		ok(t, d.Edit(d.IDs()[0]))
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) == 100 {
		t.Error("pages by offset over a changing order should repeat and miss rows")
	}
}

func TestTokensExpire(t *testing.T) {
	c := newClock()
	s := newSite(t, Options{Issues: 100, Now: c.now, Until: c.t.Add(-time.Hour)})
	var p searchPage
	s.post("/rest/api/3/search/jql", `{"jql":"updated > 0","maxResults":10}`, &p)
	next := `{"jql":"updated > 0","maxResults":10,"nextPageToken":"` + *p.NextPageToken + `"}`
	c.advance(7 * 24 * time.Hour)
	s.post("/rest/api/3/search/jql", next, nil)
	c.advance(time.Second)
	s.want(s.do("POST", "/rest/api/3/search/jql", next), 400, nil)
}

func FuzzReadToken(f *testing.F) {
	now := time.UnixMilli(1_800_000_000_000)
	f.Add(newToken(&issue{id: 7, updated: 9}, 1, now))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if is, ok := readToken(text, 1, now); ok && newToken(is, 1, now) == "" {
			t.Error("a token that reads does not write")
		}
	})
}

func TestFieldsParameter(t *testing.T) {
	s := newSite(t, Options{Issues: 5})
	key := ""
	s.Each(func(_ int64, k string, _ []byte) bool { key = k; return false })
	has := func(names ...string) func(map[string]json.RawMessage) bool {
		return func(f map[string]json.RawMessage) bool {
			return len(f) == len(names) && !slices.ContainsFunc(names, func(n string) bool { return f[n] == nil })
		}
	}
	with := func(in, out string, min int) func(map[string]json.RawMessage) bool {
		return func(f map[string]json.RawMessage) bool {
			return f[in] != nil && f[out] == nil && len(f) >= min
		}
	}
	for fields, fits := range map[string]func(map[string]json.RawMessage) bool{
		"summary": has("summary"), "summary,status": has("summary", "status"), "nosuchfield": has(),
		"*all": with("comment", "nosuch", 80), "*all,-comment": with("worklog", "comment", 80),
		"*navigable": with("summary", "comment", 60), "-summary": with("comment", "summary", 80), // GET issue starts from *all
		"*navigable,comment": with("comment", "worklog", 60), "-status,status": has(),
	} {
		var is foundIssue
		s.get("/rest/api/3/issue/"+key+"?fields="+url.QueryEscape(fields), &is)
		if !fits(is.Fields) {
			t.Errorf("fields=%s gave %d fields", fields, len(is.Fields))
		}
	}
	var p searchPage
	s.post("/rest/api/3/search/jql", `{"jql":"updated > 0","fields":["-summary"]}`, &p) // search from *navigable
	if f := p.Issues[0].Fields; f["comment"] != nil || f["summary"] != nil || len(f) < 60 {
		t.Errorf("-summary gave %d fields", len(f))
	}
}

func TestNamesAndSchema(t *testing.T) {
	s := newSite(t, Options{Issues: 5})
	var p struct {
		Names  map[string]string
		Schema map[string]struct{ Type string }
	}
	s.post("/rest/api/3/search/jql", `{"jql":"updated > 0","fields":["summary","customfield_10020"],"expand":"names,schema"}`, &p)
	if fmt.Sprint(p.Names) != "map[customfield_10020:Sprint summary:Summary]" || p.Schema["customfield_10020"].Type != "array" {
		t.Errorf("%+v", p)
	}
}

func TestBulkFetch(t *testing.T) {
	s := newSite(t, Options{Issues: 1200})
	ids := s.IDs()
	names := func(n int) []string {
		var out []string
		for _, id := range ids[:n] {
			out = append(out, fmt.Sprint(id))
		}
		slices.Reverse(out)
		return out
	}
	for _, tt := range []struct {
		n      int
		fields []string
		expand []string
		status int
	}{
		{100, []string{"*all"}, []string{"changelog"}, 200}, {101, []string{"*all"}, nil, 400}, {100, nil, nil, 200}, {101, nil, nil, 400},
		{1000, []string{"summary", "updated"}, nil, 200}, {1001, []string{"summary"}, nil, 400}, {1000, []string{"summary"}, []string{"changelog"}, 400},
		{101, []string{"comment"}, nil, 400}, {101, []string{"-comment"}, nil, 400}, {0, nil, nil, 400},
	} {
		x := s.do("POST", "/rest/api/3/issue/bulkfetch", mustJSON(map[string]any{"issueIdsOrKeys": names(tt.n), "fields": tt.fields, "expand": tt.expand}))
		if x.StatusCode != tt.status {
			t.Errorf("%d issues with %v and %v: %d, want %d", tt.n, tt.fields, tt.expand, x.StatusCode, tt.status)
		}
		var p searchPage
		if x.StatusCode == 200 {
			unquote(t, x.body, &p)
			if len(p.Issues) != tt.n || !slices.IsSortedFunc(p.Issues, func(a, b foundIssue) int { return strings.Compare(a.ID, b.ID) }) {
				t.Errorf("%d issues with %v: %d came, by ascending id", tt.n, tt.fields, len(p.Issues))
			}
		}
	}
	ok(t, s.Delete(ids[1]))
	ok(t, s.Hide(ids[2]))
	key := s.key(ids[3])
	ok(t, s.Move(ids[3], other(s, key)))
	var p struct {
		Issues      []foundIssue
		IssueErrors []any
	}
	s.post("/rest/api/3/issue/bulkfetch", mustJSON(map[string]any{"issueIdsOrKeys": []string{key, fmt.Sprint(ids[0]), fmt.Sprint(ids[1]), fmt.Sprint(ids[2]), "7", key, "NOPE-1"}}), &p)
	if len(p.Issues) != 2 || p.Issues[1].ID != fmt.Sprint(ids[3]) || p.Issues[1].Key == key || len(p.IssueErrors) != 0 {
		t.Errorf("%d issues, errors %v: want the two that are there, the moved one under its new key", len(p.Issues), p.IssueErrors)
	}
	s.want(s.do("POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["1"],"maxResults":5}`), 400, nil)
	var count struct{ Count int }
	s.post("/rest/api/3/search/approximate-count", `{"jql":"updated > 0"}`, &count)
	if count.Count != 1198 {
		t.Errorf("approximate-count says %d", count.Count)
	}
	s.want(s.do("POST", "/rest/api/3/search/approximate-count", `{"jql":""}`), 400, nil)
}

// Compressed or not, an answer is the same.
func TestAnswersAreCompressed(t *testing.T) {
	s := newSite(t, Options{Issues: 50})
	path := fmt.Sprintf("/rest/api/3/issue/%d", s.IDs()[0])
	plain, packed := s.do("GET", path, "", "Accept-Encoding", "identity"), s.do("GET", path, "", "Accept-Encoding", "gzip")
	if packed.Header.Get("Content-Encoding") != "gzip" || plain.Header.Get("Content-Encoding") != "" || len(packed.body) >= len(plain.body)/2 {
		t.Fatalf("%v with %d bytes, %v with %d", packed.Header, len(packed.body), plain.Header, len(plain.body))
	}
	z, err := gzip.NewReader(bytes.NewReader(packed.body))
	ok(t, err)
	unpacked, err := io.ReadAll(z)
	ok(t, err)
	if !bytes.Equal(unpacked, plain.body) {
		t.Error("the answers differ")
	}
}

func TestListenIsForLoopback(t *testing.T) {
	s, err := New(Options{Issues: 1})
	ok(t, err)
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:80", "nonsense"} {
		if _, _, err := s.Listen(addr); err == nil {
			t.Errorf("it listens on %s", addr)
		}
	}
	url, stop, err := s.Listen("127.0.0.1:0")
	ok(t, err)
	res, err := http.Get(url + "/rest/api/3/serverInfo")
	ok(t, err)
	ok(t, res.Body.Close())
	ok(t, stop())
	if res.StatusCode != 200 {
		t.Errorf("serverInfo: %d", res.StatusCode)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it still answers")
	}
}
