package jira

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func testGovernor(concurrency int, perSecond float64) *governor {
	o, _, err := Options{BaseURL: "https://jira.example.com", Concurrency: concurrency, RequestsPerSecond: perSecond, Rand: func() float64 { return 0 }}.withDefaults()
	if err != nil {
		panic(err)
	}
	return newGovernor(o)
}

// crowd sends n requests at once, each through work, and waits for them.
func crowd(t *testing.T, g *governor, endpoint string, n int, work func(*permit)) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			p, err := g.admit(context.Background(), endpoint)
			if err != nil {
				t.Error(err)
				return
			}
			work(p)
			p.done()
		})
	}
	wg.Wait()
}

func TestConcurrencyIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGovernor(3, 0)
		var now, most atomic.Int64
		begin := time.Now()
		crowd(t, g, "a", 30, func(*permit) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Second)
			now.Add(-1)
		})
		if most.Load() != 3 {
			t.Errorf("%d in flight, want 3", most.Load())
		}
		if took := time.Since(begin); took != 10*time.Second {
			t.Errorf("took %s, want 10s", took)
		}
	})
}

func TestFixedRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGovernor(8, 20)
		begin := time.Now()
		crowd(t, g, "a", 201, func(*permit) { time.Sleep(300 * time.Millisecond) })
		// One at once, then one each 50 ms; the last one takes 300 ms.
		if took := time.Since(begin); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("201 requests at 20/s took %s", took)
		}
	})
}

// A rate that the site states is used to at least 95 % and never exceeded.
func TestStatedRate(t *testing.T) {
	for name, h := range map[string]http.Header{
		"data center": {"X-Ratelimit-Fillrate": {"20"}, "X-Ratelimit-Interval-Seconds": {"1"}, "X-Ratelimit-Limit": {"20"}},
		"cloud":       {"Ratelimit-Policy": {`"global-app-quota";q=65000;w=3600,"jira-burst-based";q=20;w=1`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := testGovernor(8, 0)
				begin := time.Now()
				const requests = 1000
				crowd(t, g, "a", requests, func(p *permit) {
					g.learn(p, readRate(h))
					time.Sleep(300 * time.Millisecond)
				})
				perSecond := requests / time.Since(begin).Seconds()
				if perSecond < 19 || perSecond > 20 {
					t.Errorf("%.2f requests/s of 20", perSecond)
				}
			})
		})
	}
}

func TestThrottledLanes(t *testing.T) {
	tests := []struct {
		name         string
		reason       string
		sameLane     time.Duration // wait of the endpoint that was throttled
		otherLane    time.Duration
		narrowedSite bool
		narrowedLane bool
	}{
		{"burst slows one endpoint", "jira-burst-based", 5 * time.Second, 0, false, true},
		{"quota stops everything", "jira-quota-tenant-based", 5 * time.Second, 5 * time.Second, false, false},
		{"without a reason it is the site", "", 5 * time.Second, 5 * time.Second, true, false},
		{"too many threads", "jira-max-concurrent-threads-limit", 5 * time.Second, 5 * time.Second, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := testGovernor(8, 0)
				p, err := g.admit(t.Context(), "a")
				if err != nil {
					t.Fatal(err)
				}
				g.throttled(p, "a", readThrottle(http.Header{"Ratelimit-Reason": {tt.reason}, "Retry-After": {"5"}}, time.Now()))
				p.done()
				begin := time.Now()
				crowd(t, g, "b", 1, func(*permit) {})
				if took := time.Since(begin); took != tt.otherLane {
					t.Errorf("other endpoint waited %s, want %s", took, tt.otherLane)
				}
				crowd(t, g, "a", 1, func(*permit) {})
				if took := time.Since(begin); took != tt.sameLane {
					t.Errorf("endpoint waited %s, want %s", took, tt.sameLane)
				}
				if got := g.site.gate.width < 8; got != tt.narrowedSite {
					t.Errorf("site narrowed: %v", got)
				}
				if got := g.lane("a").gate.width < 8; got != tt.narrowedLane {
					t.Errorf("lane narrowed: %v", got)
				}
			})
		})
	}
}

// Halved once for a burst of refusals, then wider by one after each run of successes.
func TestGateAdapts(t *testing.T) {
	g := &gate{width: 8, limit: 8}
	var generations []int
	for range 8 {
		n, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		generations = append(generations, n)
	}
	for _, n := range generations {
		g.throttled(n, true)
		g.leave()
	}
	if g.width != 4 {
		t.Fatalf("width %d after a burst of 429s, want 4", g.width)
	}
	for want := 5; want <= 8; want++ {
		for range growAfter {
			g.succeeded()
		}
		if g.width != want {
			t.Fatalf("width %d, want %d", g.width, want)
		}
	}
	for range 100 * growAfter {
		g.succeeded()
	}
	if g.width != 8 {
		t.Errorf("width %d beyond its limit", g.width)
	}
	for range 10 {
		n, _ := g.enter(t.Context())
		g.throttled(n, true)
		g.leave()
	}
	if g.width != 1 {
		t.Errorf("width %d, want never below 1", g.width)
	}
}

// Those that give up waiting leave nothing behind.
func TestGateCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{width: 1, limit: 1}
		if _, err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 5)
		for range 5 {
			go func() {
				_, err := g.enter(ctx)
				errs <- err
			}()
		}
		synctest.Wait()
		cancel()
		for range 5 {
			if err := <-errs; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		}
		g.leave()
		if _, err := g.enter(t.Context()); err != nil || g.inFlight != 1 || len(g.waiting) != 0 {
			t.Errorf("%d in flight, %d waiting, %v", g.inFlight, len(g.waiting), err)
		}
	})
}

// A long pause can be interrupted.
func TestPauseCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGovernor(8, 0)
		g.site.pause(time.Now().Add(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if _, err := g.admit(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if took := time.Since(begin); took != time.Second {
			t.Errorf("took %s", took)
		}
		if g.site.gate.inFlight != 0 || g.lane("a").gate.inFlight != 0 {
			t.Error("a slot is lost")
		}
	})
}

// A 429 that states the limit makes us slower, not narrower; a further one does.
func TestThrottledWithStatedLimit(t *testing.T) {
	g := testGovernor(8, 0)
	h := http.Header{"Ratelimit-Reason": {"jira-burst-based"}, "X-Ratelimit-Limit": {"20"}}
	for _, width := range []int{8, 4} {
		p, err := g.admit(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		g.throttled(p, "a", readThrottle(h, time.Now()))
		p.done()
		if l := g.lane("a"); l.gate.width != width || l.limiter.Limit() >= 20 {
			t.Errorf("width %d at %g/s, want %d", l.gate.width, l.limiter.Limit(), width)
		}
	}
}

func TestReadThrottle(t *testing.T) {
	now := time.Date(2026, 3, 26, 15, 58, 0, 0, time.UTC)
	tests := []struct {
		name string
		h    map[string]string
		want throttle
	}{
		{"seconds", map[string]string{"Retry-After": " 12 "}, throttle{wait: 12 * time.Second}},
		{"fraction", map[string]string{"Retry-After": "0.5"}, throttle{wait: 500 * time.Millisecond}},
		{"date against the site's clock", map[string]string{"Date": "Thu, 26 Mar 2026 15:00:00 GMT", "Retry-After": "Thu, 26 Mar 2026 15:00:09 GMT"}, throttle{wait: 9 * time.Second}},
		{"date that has passed", map[string]string{"Retry-After": "Thu, 26 Mar 2026 15:00:09 GMT"}, throttle{}},
		{"rubbish", map[string]string{"Retry-After": "soon", "X-RateLimit-Reset": "later"}, throttle{}},
		{"negative", map[string]string{"Retry-After": "-5"}, throttle{}},
		{"infinite", map[string]string{"Retry-After": "1e300"}, throttle{}},
		{"reset", map[string]string{"X-RateLimit-Reset": "2026-03-26T15:59:00.5Z"}, throttle{wait: time.Minute + 500*time.Millisecond}},
		{"reset elsewhere", map[string]string{"X-RateLimit-Reset": " 2026-03-26T17:59:00+02:00"}, throttle{wait: time.Minute}},
		{"reset without seconds", map[string]string{"X-RateLimit-Reset": "2026-03-26T16:00Z"}, throttle{wait: 2 * time.Minute}},
		{"Retry-After before reset", map[string]string{"Retry-After": "3", "X-RateLimit-Reset": "2026-03-26T16:00Z"}, throttle{wait: 3 * time.Second}},
		{"burst limit", map[string]string{"RateLimit-Reason": "jira-burst-based", "X-RateLimit-Limit": "350", "Retry-After": "1"},
			throttle{scope: scopeEndpoint, reason: "jira-burst-based", wait: time.Second, rate: statedRate{scopeEndpoint, 350, 350}}},
		{"quota until the hour", map[string]string{"RateLimit-Reason": "jira-cost-based"}, throttle{scope: scopeQuota, reason: "jira-cost-based", wait: 2 * time.Minute}},
		{"beta headers bind nobody", map[string]string{"Beta-Retry-After": "60", "X-Beta-RateLimit-Reset": "2026-03-26T16:00Z"}, throttle{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			for k, v := range tt.h {
				h.Set(k, v)
			}
			if got := readThrottle(h, now); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func FuzzReadThrottle(f *testing.F) {
	f.Add("7", "2026-03-26T16:00Z", "jira-burst-based", "Thu, 26 Mar 2026 15:00:09 GMT", `"jira-burst-based";q=100;w=1`, "5", "1")
	f.Fuzz(func(t *testing.T, after, reset, reason, date, policy, fill, interval string) {
		h := http.Header{"Retry-After": {after}, "X-Ratelimit-Reset": {reset}, "Ratelimit-Reason": {reason}, "Date": {date},
			"Ratelimit-Policy": {policy}, "X-Ratelimit-Fillrate": {fill}, "X-Ratelimit-Interval-Seconds": {interval}, "X-Ratelimit-Limit": {fill}}
		if got := readThrottle(h, time.Unix(1e9, 0)); got.wait < 0 {
			t.Errorf("wait %s", got.wait)
		}
		if got := readRate(h); got.perSecond < 0 {
			t.Errorf("rate %+v", got)
		}
	})
}
