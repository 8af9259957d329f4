package jira

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

const goodField = `[{"id":"summary","name":"Summary","navigable":true,"schema":{"type":"string","system":"summary"}}]`

// fault spoils one answer.
type fault func(w http.ResponseWriter)

func failWith(status int, headers ...string) fault {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"errorMessages":["words of Jira"],"errors":{}}`))
	}
}

func hijack(write string) fault {
	return func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = conn.Write([]byte(write))
		_ = conn.Close()
	}
}

func cutGzip(w http.ResponseWriter) {
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	_, _ = zw.Write([]byte(goodField))
	_ = zw.Close()
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(packed.Bytes()[:packed.Len()-9])
}

func answerWith(headers map[string]string, body string) fault {
	return func(w http.ResponseWriter) {
		for k, v := range headers {
			w.Header().Set(k, v)
		}
		_, _ = w.Write([]byte(body))
	}
}

// Every transient fault heals when the site does, and every lasting one ends
// in an error of its kind; what is permanent is asked once.
func TestFaults(t *testing.T) {
	tests := []struct {
		name      string
		fault     fault
		kind      Kind
		transient bool
	}{
		{"400", failWith(400), KindBadRequest, false},
		{"401", failWith(401), KindAuth, false},
		{"403", failWith(403), KindForbidden, false},
		{"404", failWith(404), KindNotFound, false},
		{"410", failWith(410), KindGone, false},
		{"413", failWith(413), KindBadRequest, false},
		{"415", failWith(415), KindBadRequest, false},
		{"204", failWith(204), KindProtocol, true},
		{"408", failWith(408), KindUnavailable, true},
		{"429", failWith(429), KindThrottled, true},
		{"500", failWith(500), KindUnavailable, true},
		{"502", failWith(502), KindUnavailable, true},
		{"503 with Retry-After", failWith(503, "Retry-After", "3"), KindUnavailable, true},
		{"anonymous", failWith(200, "X-Seraph-LoginReason", "AUTHENTICATED_FAILED"), KindAuth, false},
		{"reset", hijack(""), KindUnreachable, true},
		{"cut by length", hijack("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{\"id\""), KindProtocol, true},
		{"cut chunk", hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{\"id\r\n"), KindProtocol, true},
		{"cut gzip", cutGzip, KindProtocol, true},
		{"bad gzip", answerWith(map[string]string{"Content-Encoding": "gzip"}, "no gzip at all"), KindProtocol, true},
		{"unknown encoding", answerWith(map[string]string{"Content-Encoding": "br"}, "x"), KindProtocol, true},
		{"bad JSON", answerWith(nil, `[{"id":`), KindProtocol, true},
		{"empty body", answerWith(nil, ``), KindProtocol, true},
		{"empty list", answerWith(nil, `[]`), KindProtocol, true},
		{"other JSON", answerWith(nil, `{"id":5}`), KindProtocol, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, Cloud)
			var faults, asked atomic.Int64
			s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				if faults.Add(-1) >= 0 {
					tt.fault(w)
					return
				}
				answerJSON(w, goodField)
			})
			c, clock := dial(t, s)

			faults.Store(2)
			fields, err := c.Fields(t.Context())
			if tt.transient {
				if err != nil || len(fields) != 1 || asked.Load() != 3 {
					t.Fatalf("after two faults: %d fields in %d requests, %v", len(fields), asked.Load(), err)
				}
				// The transport itself repeats a GET whose kept connection was reset.
				if got := c.Stats().Retries; got != 2 && tt.name != "reset" {
					t.Errorf("%d retries counted, want 2", got)
				}
				if got := c.Stats().Requests["field"]; got != asked.Load() {
					t.Errorf("%d requests counted, %d were made", got, asked.Load())
				}
			} else if asked.Load() != 1 {
				t.Fatalf("a permanent fault was asked %d times", asked.Load())
			}

			faults.Store(1 << 30)
			before := clock.total()
			_, err = c.Fields(t.Context())
			var e *Error
			if !errors.As(err, &e) || e.Kind != tt.kind {
				t.Fatalf("lasting fault: %v, want kind %s", err, tt.kind)
			}
			if e.Endpoint != "field" || e.Hint == "" || e.Op == "" {
				t.Errorf("bare error %+v", e)
			}
			if spent := clock.total() - before; spent > c.options.RetryBudget || !tt.transient && spent != 0 {
				t.Errorf("slept %s over one call", spent)
			}
			if e.Status >= 400 && e.Message != "words of Jira" {
				t.Errorf("message %q", e.Message)
			}
		})
	}
}

// A site that takes the request and then says nothing.
func TestStall(t *testing.T) {
	s := newSite(t, Cloud)
	var asked atomic.Int64
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1: // no header
		case 2: // half a body
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(goodField[:9]))
			w.(http.Flusher).Flush()
		default:
			answerJSON(w, goodField)
			return
		}
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	var log bytes.Buffer
	c, _ := dial(t, s, func(o *Options) { o.Log = logTo(&log) })
	c.options.RequestTimeout = 20 * time.Millisecond
	if fields, err := c.Fields(t.Context()); err != nil || len(fields) != 1 {
		t.Fatalf("%d fields, %v", len(fields), err)
	}
	if n := strings.Count(log.String(), "no complete answer within 20ms"); n != 2 {
		t.Errorf("%d stalls in the log, want 2:\n%s", n, log.String())
	}
}

func TestDelays(t *testing.T) {
	t.Run("double, with jitter", func(t *testing.T) {
		for _, random := range []float64{0, 0.5, 0.999} {
			c := &Client{options: Options{Rand: func() float64 { return random }}}
			r := retrier{client: c}
			r.delays.InitialInterval, r.delays.Multiplier, r.delays.MaxInterval = firstDelay, 2, maxDelay
			for i, want := range []float64{1, 2, 4, 8, 16, 30, 30} {
				got := r.delay(0).Seconds()
				if ratio := got / want; ratio < 0.7 || ratio > 1.3 {
					t.Errorf("random %g, delay %d: %gs, want about %gs", random, i, got, want)
				}
			}
		}
	})
	t.Run("never below Retry-After", func(t *testing.T) {
		c := &Client{options: Options{Rand: func() float64 { return 0 }}}
		r := retrier{client: c}
		r.delays.InitialInterval, r.delays.Multiplier, r.delays.MaxInterval = firstDelay, 2, maxDelay
		for range 8 {
			if got := r.delay(7 * time.Second); got < 7*time.Second {
				t.Errorf("waits %s of 7s", got)
			}
		}
	})
}

// The whole way: what a 429 asks for is what is waited.
func TestRetryAfter(t *testing.T) {
	date := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		headers []string
		atLeast time.Duration
		atMost  time.Duration
	}{
		{"seconds", []string{"Retry-After", "7"}, 7 * time.Second, 20 * time.Second},
		{"date", []string{"Date", date.Format(http.TimeFormat), "Retry-After", date.Add(9 * time.Second).Format(http.TimeFormat)}, 9 * time.Second, 25 * time.Second},
		{"reset", []string{"Date", date.Format(http.TimeFormat), "X-RateLimit-Reset", "2026-11-22T09:00:11Z", "RateLimit-Reason", "jira-burst-based"}, 11 * time.Second, 30 * time.Second},
		{"none", nil, 700 * time.Millisecond, 2 * time.Second},
		{"quota without a word", []string{"Date", "Sun, 22 Nov 2026 09:40:00 GMT", "RateLimit-Reason", "jira-quota-tenant-based"}, 20 * time.Minute, 21 * time.Minute},
		{"quota to a reset without seconds", []string{"Date", date.Format(http.TimeFormat), "X-RateLimit-Reset", "2026-11-22T10:00Z", "RateLimit-Reason", "jira-quota-global-based"}, time.Hour, 61 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, Cloud)
			var asked atomic.Int64
			s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) == 1 {
					failWith(429, tt.headers...)(w)
					return
				}
				answerJSON(w, goodField)
			})
			c, clock := dial(t, s)
			if _, err := c.Fields(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := clock.total(); got < tt.atLeast || got > tt.atMost {
				t.Errorf("waited %s, want %s to %s", got, tt.atLeast, tt.atMost)
			}
			if st := c.Stats(); st.Throttled != 1 || st.Requests["field"] != 2 {
				t.Errorf("stats %+v", st)
			}
		})
	}
}

// Data Center says Retry-After: 0 on every success.
func TestSuccessDoesNotSleep(t *testing.T) {
	s := newSite(t, DataCenter)
	s.handle("GET /rest/api/2/field", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.Header().Set("X-RateLimit-Limit", "-1")
		w.Header().Set("X-RateLimit-FillRate", "-1")
		w.Header().Set("X-RateLimit-Interval-Seconds", "1")
		answerJSON(w, goodField)
	})
	c, clock := dial(t, s)
	for range 50 {
		if _, err := c.Fields(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(clock.slept) != 0 {
		t.Errorf("slept %v", clock.slept)
	}
}

// A wait longer than the budget is not begun: it would end in the same error.
func TestBudget(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		says    string
	}{
		{"long Retry-After", []string{"Retry-After", "3600"}, "longer than we may retry"},
		{"quota far away", []string{"Retry-After", "86400", "RateLimit-Reason", "jira-quota-based"}, "quota is used up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, Cloud)
			s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) { failWith(429, tt.headers...)(w) })
			c, clock := dial(t, s)
			_, err := c.Fields(t.Context())
			if KindOf(err) != KindThrottled || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v", err)
			}
			if len(clock.slept) != 0 {
				t.Errorf("slept %v", clock.slept)
			}
		})
	}
	t.Run("a quota that never comes back", func(t *testing.T) {
		s := newSite(t, Cloud)
		s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
			failWith(429, "Retry-After", "1800", "RateLimit-Reason", "jira-quota-based")(w)
		})
		c, clock := dial(t, s)
		_, err := c.Fields(t.Context())
		if KindOf(err) != KindThrottled {
			t.Errorf("error %v", err)
		}
		if got := clock.total(); got < 2*time.Hour || got > 3*time.Hour {
			t.Errorf("waited %s", got)
		}
	})
}

// rotating is a secret that has a new value once it is refreshed.
type rotating struct {
	values    []string
	at        atomic.Int64
	refreshes atomic.Int64
}

func (r *rotating) Reveal(context.Context) (string, error) {
	return r.values[min(int(r.at.Load()), len(r.values)-1)], nil
}

func (r *rotating) Refresh(context.Context) error {
	r.refreshes.Add(1)
	r.at.Add(1)
	return nil
}

func TestRotatedSecret(t *testing.T) {
	tests := []struct {
		name     string
		values   []string
		kind     Kind // "" is success
		requests int
	}{
		{"renewed", []string{"old", "new"}, "", 2},
		{"still the old one", []string{"old"}, KindAuth, 1},
		{"renewed to another wrong one", []string{"old", "older", "new"}, KindAuth, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, Cloud)
			c, _ := dial(t, s)
			s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer new" {
					failWith(401)(w)
					return
				}
				answerJSON(w, goodField)
			})
			secret := &rotating{values: tt.values}
			c.session.login = Bearer{Token: secret}
			_, err := c.Fields(t.Context())
			if KindOf(err) != tt.kind || (err == nil) != (tt.kind == "") {
				t.Errorf("error %v, want kind %q", err, tt.kind)
			}
			if n := len(s.sent("/rest/api/3/field")); n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
			if n := secret.refreshes.Load(); n != 1 {
				t.Errorf("refreshed %d times", n)
			}
		})
	}
}

// Many calls refused together renew the login once.
func TestRenewalIsShared(t *testing.T) {
	s := newSite(t, Cloud)
	c, _ := dial(t, s)
	const callers = 8
	arrived := make(chan struct{}, callers)
	all := make(chan struct{})
	go func() {
		for range callers {
			<-arrived
		}
		close(all)
	}()
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer new" {
			answerJSON(w, goodField)
			return
		}
		arrived <- struct{}{}
		<-all // refuse none before all have come
		failWith(401)(w)
	})
	secret := &rotating{values: []string{"old", "new"}}
	c.session.login = Bearer{Token: secret}
	errs := make(chan error, callers)
	for range callers {
		go func() {
			_, err := c.Fields(t.Context())
			errs <- err
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := secret.refreshes.Load(); n != 1 {
		t.Errorf("refreshed %d times", n)
	}
}

// broken is a secret store that is down.
type broken struct{}

func (broken) Reveal(context.Context) (string, error) { return "", errors.New("the vault is sealed") }

func TestSecretTrouble(t *testing.T) {
	s := newSite(t, Cloud)
	for _, login := range []Login{Bearer{Token: broken{}}, Basic{User: "u", Secret: plain("")}, Bearer{}, nil} {
		o := testOptions(s, newClock())
		o.Login = login
		if _, err := Dial(t.Context(), o); KindOf(err) != KindAuth {
			t.Errorf("login %v: %v", login, err)
		}
	}
	for _, r := range s.requests {
		if r.path != "/rest/api/2/serverInfo" {
			t.Errorf("%s was asked without a login", r.path)
		}
	}
}

// Nothing that is printed, logged or returned holds the credential, not even
// when the other side echoes it.
func TestNoCredentialLeaks(t *testing.T) {
	s := newSite(t, Cloud)
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"message":"proxy error for %s"}`, r.Header.Get("Authorization"))
	}
	s.handle("GET /rest/api/3/field", echo)
	var log bytes.Buffer
	login := Basic{User: "user7@example.com", Secret: plain(testToken)}
	c, _ := dial(t, s, func(o *Options) { o.Log = logTo(&log); o.Login = login })
	_, err := c.Fields(t.Context())
	all := fmt.Sprintf("%v %+v %#v %v %#v %+v %s", err, err, err, login, login, Bearer{Token: plain(testToken)}, log.String())
	for _, secret := range []string{testToken, strings.TrimPrefix(basicHeader("user7@example.com", testToken), "Basic ")} {
		if strings.Contains(all, secret) {
			t.Errorf("%q shows in %s", secret, all)
		}
	}
	if !strings.Contains(all, "proxy error for ***") {
		t.Errorf("the rest of the message is gone: %v", err)
	}
}

func TestStats(t *testing.T) {
	s := newSite(t, Cloud)
	body := strings.Repeat(" ", 5000) + goodField
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(r.Header.Values("Accept-Encoding"), "gzip") {
			t.Error("gzip is not asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		_, _ = zw.Write([]byte(body))
		_ = zw.Close()
	})
	c, _ := dial(t, s)
	before := c.Stats()
	if _, err := c.Fields(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := c.Stats()
	if got := after.BytesDecoded - before.BytesDecoded; got != int64(len(body)) {
		t.Errorf("%d bytes decoded, want %d", got, len(body))
	}
	if got := after.BytesWire - before.BytesWire; got <= 0 || got > 500 {
		t.Errorf("%d bytes on the wire", got)
	}
	if after.Requests["field"] != 1 || before.Requests["field"] != 0 {
		t.Errorf("requests %v then %v", before.Requests, after.Requests)
	}
}

func TestTooLarge(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, strings.Repeat(" ", 1<<20)+goodField)
	})
	c, clock := dial(t, s, func(o *Options) { o.MaxResponseBytes = 1 << 19 })
	_, err := c.Fields(t.Context())
	if KindOf(err) != KindTooLarge || len(clock.slept) != 0 {
		t.Errorf("error %v after %d sleeps", err, len(clock.slept))
	}
}

// A query string is made of values, not glued together.
func TestQueryIsEncoded(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/issue/{id}", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"id":"7"}`) })
	c, _ := dial(t, s)
	if _, err := c.Issue(t.Context(), 7, []string{"*all", "-a&b=c"}); err != nil {
		t.Fatal(err)
	}
	q, err := url.ParseQuery(s.sent("/rest/api/3/issue/7")[0].query)
	if err != nil || q.Get("fields") != "*all,-a&b=c" {
		t.Errorf("query %v, %v", q, err)
	}
}
