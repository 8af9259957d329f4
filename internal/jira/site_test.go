package jira

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A site is a Jira that answers what the test says.
type site struct {
	*httptest.Server
	deployment Deployment
	mux        *http.ServeMux

	mu       sync.Mutex
	requests []recorded
}

type recorded struct {
	method, path, query string
	header              http.Header
	body                []byte
}

func newSite(t *testing.T, d Deployment) *site {
	t.Helper()
	s := &site{deployment: d, mux: http.NewServeMux()}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	s.handle("GET /rest/api/2/serverInfo", func(w http.ResponseWriter, _ *http.Request) {
		if d == Cloud {
			answerJSON(w, `{"version":"1001.0.0-SNAPSHOT","deploymentType":"Cloud","serverTime":"2026-11-22T10:00:30.000+0100"}`)
			return
		}
		answerJSON(w, `{"version":"10.3.1","deploymentType":"Server","serverTime":"2026-11-22T09:00:30.000+0000"}`)
	})
	s.handle("GET /rest/api/3/myself", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, `{"accountId":"acc-7","displayName":"User 7","emailAddress":"user7@example.com","timeZone":"Europe/Berlin"}`)
	})
	s.handle("GET /rest/api/2/myself", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, `{"name":"user7","key":"JIRAUSER7","displayName":"User 7","timeZone":"Asia/Kolkata"}`)
	})
	return s
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mu.Lock()
	s.requests = append(s.requests, recorded{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Clone(), body})
	s.mu.Unlock()
	s.mux.ServeHTTP(w, r)
}

// handle sets what is answered to pattern; the last setting of a pattern holds.
func (s *site) handle(pattern string, h http.HandlerFunc) {
	mux := http.NewServeMux()
	mux.HandleFunc(pattern, h)
	old := s.mux
	mux.Handle("/", old)
	s.mux = mux
}

// sent gives the requests to a path.
func (s *site) sent(path string) []recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []recorded
	for _, r := range s.requests {
		if r.path == path {
			list = append(list, r)
		}
	}
	return list
}

func answerJSON(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = io.WriteString(w, text)
}

// A clock stands still but for the sleeps, which it counts.
type clock struct {
	mu    sync.Mutex
	at    time.Time
	slept []time.Duration
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func (c *clock) total() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum time.Duration
	for _, d := range c.slept {
		sum += d
	}
	return sum
}

// plain is a secret for tests.
type plain string

func (p plain) Reveal(context.Context) (string, error) { return string(p), nil }

const testToken = "canary-token-5f1d"

func testOptions(s *site, c *clock) Options {
	return Options{
		BaseURL: s.URL,
		Login:   Basic{User: "user7@example.com", Secret: plain(testToken)},
		Now:     c.now, Sleep: c.sleep, Rand: func() float64 { return 0.5 },
	}
}

func dial(t *testing.T, s *site, change ...func(*Options)) (*Client, *clock) {
	t.Helper()
	c := newClock()
	o := testOptions(s, c)
	for _, f := range change {
		f(&o)
	}
	client, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(client.Close)
	return client, c
}

// collect reads a whole search.
func collect(pages func(func(*Page, error) bool)) (issues []string, err error) {
	for page, e := range pages {
		if e != nil {
			return issues, e
		}
		for _, issue := range page.Issues {
			issues = append(issues, string(issue))
		}
		page.Release()
	}
	return issues, nil
}

// decodeBody reads a recorded request.
func decodeBody[T any](t *testing.T, r recorded) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("request body %q: %v", r.body, err)
	}
	return v
}

// issueList writes small issues with ids from first to last.
func issueList(first, last int) string {
	var parts []string
	for id := first; id <= last; id++ {
		parts = append(parts, fmt.Sprintf(`{"id":"%d"}`, id))
	}
	return "[" + strings.Join(parts, ",") + "]"
}

func basicHeader(user, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+secret))
}

// logTo collects a log, to look for what must not be in it.
func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
