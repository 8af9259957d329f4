package jira

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

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
			s.handle("GET /rest/api/3/project/search", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"values":[],"isLast":true}`) })
			if _, err := c.Projects(t.Context()); err != nil {
				t.Errorf("another call: %v", err)
			}
			if len(clock.slept) != 0 {
				t.Errorf("slept %v, a wait that nobody sits out holds up nobody", clock.slept)
			}
			if c.Stats().Retries != 0 {
				t.Errorf("%d retries counted, none was made", c.Stats().Retries)
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

// TestBudgetInAQueue: the time in which all calls wait for a quota is not that of a call
// which was told of another trouble before.
func TestBudgetInAQueue(t *testing.T) {
	s := newSite(t, Cloud)
	var asked atomic.Int64
	c, clock := dial(t, s)
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
		switch asked.Add(1) {
		case 1: // and meanwhile another call is told of the quota
			c.governor.site.pause(clock.now().Add(time.Hour))
			failWith(500)(w)
		case 2:
			failWith(500)(w)
		default:
			answerJSON(w, goodField)
		}
	})
	if _, err := c.Fields(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := clock.total(); got < time.Hour {
		t.Errorf("waited %s", got)
	}
}

// TestAwayForAll: a site that says with a 503 how long it is away is left alone by all.
func TestAwayForAll(t *testing.T) {
	s := newSite(t, Cloud)
	var asked atomic.Int64
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			failWith(503, "Retry-After", "40")(w)
			return
		}
		answerJSON(w, goodField)
	})
	c, clock := dial(t, s)
	before := clock.now()
	if _, err := c.Fields(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.governor.site.until.Sub(before); got < 40*time.Second || got > 41*time.Second {
		t.Errorf("the site is paused for %s", got)
	}
	if g := &c.governor.site.gate; g.limit != g.width {
		t.Errorf("%d of %d requests may be in flight afterwards", g.limit, g.width)
	}
}
