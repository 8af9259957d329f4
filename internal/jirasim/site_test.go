package jirasim

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// clock is a site clock that moves when told.
type clock struct{ t time.Time }

func newClock() *clock                   { return &clock{time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time          { return c.t }
func (c *clock) advance(d time.Duration) { c.t = c.t.Add(d) }

// site is a simulator behind HTTP, with a login.
type site struct {
	*Sim
	t   *testing.T
	url string
}

func newSite(t *testing.T, o Options) *site {
	t.Helper()
	sim, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim)
	t.Cleanup(srv.Close)
	return &site{Sim: sim, t: t, url: srv.URL}
}

// exchange is a request with its answer.
type exchange struct {
	*http.Response
	body []byte
	err  error // of reading the body
}

// do sends a request; body "" means none. Headers are name, value pairs.
func (s *site) do(method, path, body string, headers ...string) exchange {
	s.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, r)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Basic dTpw")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Del(headers[i])
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return exchange{Response: &http.Response{}, err: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return exchange{Response: res, body: b, err: err}
}

// get is do for a GET that must succeed; into takes the body.
func (s *site) get(path string, into any) {
	s.t.Helper()
	s.want(s.do("GET", path, ""), http.StatusOK, into)
}

func (s *site) post(path, body string, into any) {
	s.t.Helper()
	s.want(s.do("POST", path, body), http.StatusOK, into)
}

func (s *site) want(x exchange, status int, into any) {
	s.t.Helper()
	if x.err != nil || x.StatusCode != status {
		s.t.Fatalf("status %d, error %v, want %d: %.300s", x.StatusCode, x.err, status, x.body)
	}
	if into != nil {
		if err := json.Unmarshal(x.body, into); err != nil {
			s.t.Fatalf("%v in %.300s", err, x.body)
		}
	}
}

// foundIssue is what tests read of an issue.
type foundIssue struct {
	ID, Key string
	Fields  map[string]json.RawMessage
}

type searchPage struct {
	Issues        []foundIssue
	NextPageToken *string
	IsLast        *bool
	Total         *int
	MaxResults    int
}

// searchAll pages through a query, Cloud or Data Center, and returns the keys
// in order.
func (s *site) searchAll(jql string, size int) []foundIssue {
	s.t.Helper()
	var all []foundIssue
	token := ""
	for {
		q := map[string]any{"jql": jql, "maxResults": size, "fields": []string{"updated", "created", "project"}}
		path := "/rest/api/3/search/jql"
		if !s.cloud {
			path, q["startAt"] = "/rest/api/2/search", len(all)
		} else if token != "" {
			q["nextPageToken"] = token
		}
		var p searchPage
		s.post(path, mustJSON(q), &p)
		all = append(all, p.Issues...)
		switch {
		case s.cloud && p.NextPageToken != nil:
			token = *p.NextPageToken
		case s.cloud || len(p.Issues) == 0:
			return all
		}
	}
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// decodeEach hands over the truth, decoded.
func (s *site) decodeEach(fn func(id int64, key string, fields map[string]any)) {
	s.t.Helper()
	s.Each(func(id int64, key string, raw []byte) bool {
		var x struct{ Fields map[string]any }
		if err := json.Unmarshal(raw, &x); err != nil {
			s.t.Error(errors.Join(err, errors.New(string(raw))))
			return false
		}
		fn(id, key, x.Fields)
		return true
	})
}

func unquote(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%v in %.100s", err, raw)
	}
}
