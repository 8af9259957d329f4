package jirasim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	s := newSite(t, Options{Issues: 120, Now: newClock().now}) // tokens tell when they were made
	const path, body = "/rest/api/3/search/jql", `{"jql":"updated > 0","fields":["summary"],"maxResults":50}`
	good := s.do("POST", path, body)
	s.want(good, 200, nil)
	for name, tt := range map[string]struct {
		fault Fault
		check func(x exchange) bool
	}{
		"status": {Fault{Status: 503, Header: http.Header{"Retry-After": {"7"}}, Body: "busy"}, func(x exchange) bool {
			return x.StatusCode == 503 && x.Header.Get("Retry-After") == "7" && string(x.body) == "busy"
		}},
		"cut":      {Fault{CutAfter: 100}, func(x exchange) bool { return errors.Is(x.err, io.ErrUnexpectedEOF) }},
		"bad gzip": {Fault{BadGzip: true}, func(x exchange) bool { return x.err != nil }},
		"bad json": {Fault{BadJSON: true}, func(x exchange) bool { return x.err == nil && x.StatusCode == 200 && !json.Valid(x.body) }},
		"reset":    {Fault{Reset: true}, func(x exchange) bool { return x.err != nil && x.StatusCode == 0 }},
		"empty page": {Fault{EmptyPage: true}, func(x exchange) bool {
			var p searchPage
			return json.Unmarshal(x.body, &p) == nil && len(p.Issues) == 0 && p.NextPageToken != nil
		}},
		"duplicates": {Fault{Duplicates: true}, func(x exchange) bool {
			var p searchPage
			return json.Unmarshal(x.body, &p) == nil && len(p.Issues) == 100 && p.Issues[0].ID == p.Issues[1].ID
		}},
		"no isLast": {Fault{OmitIsLast: true}, func(x exchange) bool {
			var p searchPage
			return json.Unmarshal(x.body, &p) == nil && len(p.Issues) == 50 && p.IsLast == nil
		}},
		"short page": {Fault{ShortPage: 3}, func(x exchange) bool {
			var p searchPage
			return json.Unmarshal(x.body, &p) == nil && len(p.Issues) == 3 && p.NextPageToken != nil
		}},
	} {
		s.Fault(func(r *http.Request) *Fault {
			if r.URL.Path != path {
				return nil
			}
			return &tt.fault
		})
		if x := s.do("POST", path, body); !tt.check(x) {
			t.Errorf("%s: %d %v %.100s", name, x.StatusCode, x.err, x.body)
		}
		s.want(s.do("GET", "/rest/api/3/myself", ""), 200, nil)
	}
	s.Fault(nil)
	if x := s.do("POST", path, body); string(x.body) != string(good.body) {
		t.Error("after the faults the answer is another")
	}
}

// A token that is handed out again, for ever.
func TestRepeatedToken(t *testing.T) {
	s := newSite(t, Options{Issues: 100})
	ask := func(token string) string {
		var p searchPage
		s.post("/rest/api/3/search/jql", mustJSON(map[string]any{"jql": "updated > 0", "maxResults": 20, "nextPageToken": token}), &p)
		return *p.NextPageToken
	}
	s.Fault(func(*http.Request) *Fault { return &Fault{RepeatToken: true} })
	first := ask("")
	if second := ask(first); second != first || ask(second) != first {
		t.Error("the token changed")
	}
}

// Paging goes on behind an empty page that had a token.
func TestEmptyPageGoesOn(t *testing.T) {
	for _, order := range []string{"updated", "updated DESC"} {
		s := newSite(t, Options{Issues: 100})
		n := 0
		s.Fault(func(*http.Request) *Fault { n++; return &Fault{EmptyPage: n%2 == 1} })
		if got := s.searchAll("updated > 0 ORDER BY "+order, 30); len(got) != 100 {
			t.Errorf("%s: %d issues", order, len(got))
		}
	}
}

func TestTotalThatLies(t *testing.T) {
	s := newSite(t, Options{Deployment: DataCenter, Issues: 20})
	s.Fault(func(*http.Request) *Fault { return &Fault{TotalOff: -5} })
	var p searchPage
	s.post("/rest/api/2/search", `{"jql":"","maxResults":100}`, &p)
	if *p.Total != 15 || len(p.Issues) != 20 {
		t.Errorf("total %d with %d issues", *p.Total, len(p.Issues))
	}
}

func TestStallEndsWithTheClient(t *testing.T) {
	s := newSite(t, Options{Issues: 1})
	started := make(chan struct{})
	s.Fault(func(*http.Request) *Fault { close(started); return &Fault{Stall: true} })
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/rest/api/3/myself", nil)
	ok(t, err)
	done := make(chan error, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(req)
		if err == nil {
			res.Body.Close()
		}
		done <- err
	}()
	<-started
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestStallInTheBody(t *testing.T) {
	s := newSite(t, Options{Issues: 5})
	s.Fault(func(*http.Request) *Fault { return &Fault{Stall: true, CutAfter: 10} })
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+"/rest/api/3/serverInfo", nil)
	ok(t, err)
	res, err := http.DefaultTransport.RoundTrip(req)
	ok(t, err)
	defer res.Body.Close()
	first := make([]byte, 10)
	if n, err := io.ReadFull(res.Body, first); n != 10 || err != nil {
		t.Errorf("%d bytes, %v", n, err)
	}
	cancel()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("the rest: %v", err)
	}
}

func TestJournal(t *testing.T) {
	s := newSite(t, Options{Issues: 5})
	s.get("/rest/api/3/myself", nil)
	s.get("/rest/api/3/issue/10001/comment", nil)
	s.do("GET", "/rest/api/3/nowhere", "")
	s.do("PUT", "/rest/api/3/myself", "{}")
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.Method+" "+r.Endpoint+" "+http.StatusText(r.Status))
	}
	want := "GET myself OK|GET issue/{key}/comment OK|GET unknown Not Found|PUT unknown Method Not Allowed"
	if strings.Join(got, "|") != want {
		t.Errorf("%s", strings.Join(got, "|"))
	}
	if c := s.Counts(); c["myself"] != 1 || c["unknown"] != 2 || len(c) != 3 {
		t.Errorf("%v", c)
	}
	s.ResetRequests()
	if len(s.Requests()) != 0 || len(s.Counts()) != 0 {
		t.Error("the journal is not empty")
	}
}

func TestRateLimit(t *testing.T) {
	for _, d := range []string{Cloud, DataCenter} {
		c := newClock()
		s := newSite(t, Options{Deployment: d, Issues: 1, RateLimit: 5, Now: c.now, Until: c.t})
		ask := func() exchange { return s.do("GET", "/rest/api/2/myself", "") }
		for i := range 5 {
			x := ask()
			if x.StatusCode != 200 || x.Header.Get("X-RateLimit-Limit") != "5" || (d == DataCenter) != (x.Header.Get("Retry-After") == "0") {
				t.Errorf("%s: request %d: %d %v", d, i, x.StatusCode, x.Header)
			}
		}
		x := ask()
		if x.StatusCode != 429 || x.Header.Get("Retry-After") != "1" || x.Header.Get("X-RateLimit-Remaining") != "0" || (d == Cloud) != (x.Header.Get("RateLimit-Reason") == "jira-burst-based") {
			t.Errorf("%s: %d %v", d, x.StatusCode, x.Header)
		}
		c.advance(200 * time.Millisecond)
		if a, b := ask(), ask(); a.StatusCode != 200 || b.StatusCode != 429 {
			t.Errorf("%s: after a fifth of a second: %d, then %d", d, a.StatusCode, b.StatusCode)
		}
	}
}

// Changes while many read: for the race detector, and no answer is broken.
func TestChangesWhileServing(t *testing.T) {
	s := newSite(t, Options{Issues: 200, IndexLag: func(id int64) time.Duration { return time.Duration(id%3) * time.Millisecond }})
	ids := s.IDs()
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := range 6 {
				if got := s.searchAll("project is not empty ORDER BY updated, key", 90); len(got) < 150 {
					t.Errorf("reader %d: %d issues", w, len(got))
				}
				s.do("POST", "/rest/api/3/issue/bulkfetch", `{"issueIdsOrKeys":["10001","10004"],"fields":["*all"],"expand":["changelog"]}`)
				s.Raw(ids[i])
			}
		})
	}
	wg.Go(func() {
		for i := range 150 {
			id := ids[50+i%100]
			errs := []error{s.Edit(id), s.SilentEdit(id), s.Hide(id), s.Unhide(id), s.RenameSprint(1, strings.Repeat("x", i)), s.RenameField(pointsField, "Points"), s.Archive(id), s.Unarchive(id)}
			_, err := s.AddComment(id, "c")
			if err := errors.Join(append(errs, err)...); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}
