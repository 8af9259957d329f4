package jira

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// governor decides when a request may leave. All calls share it: what one
// learns from Jira about its limits slows the others before they are refused.
//
// A request passes two lanes, that of its endpoint and that of the site. Jira's
// burst limits hold for one endpoint, quotas and Data Center's limits for all.
type governor struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	rand  func() float64
	log   *slog.Logger
	width int
	// patience is the longest brief wait that all may be held up for.
	patience time.Duration

	site  *lane
	mu    sync.Mutex
	lanes map[string]*lane
}

func newGovernor(o Options) *governor {
	g := &governor{
		now: o.Now, sleep: o.Sleep, rand: o.Rand, log: o.Log, width: o.Concurrency, patience: o.RetryBudget,
		site: newLane(o.Concurrency), lanes: make(map[string]*lane),
	}
	if o.RequestsPerSecond > 0 {
		g.site.limit(g.now(), rate.Limit(o.RequestsPerSecond), 1)
	}
	return g
}

func (g *governor) lane(endpoint string) *lane {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.lanes[endpoint]
	if l == nil {
		l = newLane(g.width)
		g.lanes[endpoint] = l
	}
	return l
}

// permit is the right to send one request. Its holder must call done once.
type permit struct {
	endpoint, site pass
}

// admit waits until a request to endpoint may leave.
func (g *governor) admit(ctx context.Context, endpoint string) (*permit, error) {
	l := g.lane(endpoint)
	for {
		ours, err := g.pass(ctx, l)
		if err != nil {
			return nil, err
		}
		sites, err := g.pass(ctx, g.site)
		if err != nil {
			ours.leave()
			return nil, err
		}
		// While we waited for the site, our endpoint may have been paused.
		if l.paused(g.now()) <= 0 {
			return &permit{endpoint: ours, site: sites}, nil
		}
		sites.leave()
		ours.leave()
	}
}

// pass takes a slot of the lane, then waits for its pause and its rate.
func (g *governor) pass(ctx context.Context, l *lane) (pass, error) {
	generation, err := l.gate.enter(ctx)
	if err != nil {
		return pass{}, err
	}
	p := pass{lane: l, generation: generation}
	for {
		wait := l.paused(g.now())
		if wait <= 0 {
			break
		}
		// Spread those that a pause held back over a tenth of it, up to a second.
		wait += time.Duration(g.rand() * float64(min(wait/10, time.Second)))
		if err := g.sleep(ctx, wait); err != nil {
			p.leave()
			return pass{}, err
		}
	}
	if err := g.sleepIf(ctx, l.reserve(g.now())); err != nil {
		p.leave()
		return pass{}, err
	}
	return p, nil
}

func (g *governor) sleepIf(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	return g.sleep(ctx, d)
}

// done frees the slots.
func (p *permit) done() {
	p.site.leave()
	p.endpoint.leave()
}

// succeeded widens the lanes after a run of successes, but not while the site
// says that its limit is near.
func (p *permit) succeeded(nearLimit bool) {
	if !nearLimit {
		p.endpoint.lane.gate.succeeded()
		p.site.lane.gate.succeeded()
	}
}

// throttled acts on a 429. A wait that nobody is willing to sit out holds up
// nobody: whoever is refused then returns the refusal.
func (g *governor) throttled(p *permit, endpoint string, t throttle) {
	if t.scope == scopeQuota && t.wait > maxQuotaWait || t.scope != scopeQuota && t.wait > g.patience {
		return
	}
	until := g.now().Add(t.wait)
	switch t.scope {
	case scopeQuota:
		g.site.pause(until)
		g.log.Warn("jira quota is used up; all requests wait for its reset", "endpoint", endpoint, "reason", t.reason, "wait", t.wait, "until", until.UTC())
	case scopeEndpoint:
		p.endpoint.lane.pause(until)
		// If we now know how fast is too fast, that is all there is to mend;
		// fewer requests in flight would only leave the allowed rate unused.
		learned := g.learn(p, t.rate)
		p.endpoint.lane.gate.throttled(p.endpoint.generation, !learned)
	default:
		p.site.lane.pause(until)
		p.site.lane.gate.throttled(p.site.generation, true)
	}
}

// learn takes over a rate that the site states about itself, and says whether
// that made us slower.
func (g *governor) learn(p *permit, s statedRate) bool {
	if s.perSecond <= 0 {
		return false
	}
	l := p.site.lane
	if s.scope == scopeEndpoint {
		l = p.endpoint.lane
	}
	// A little below the stated rate: two clocks never agree, and a 429 costs
	// more than the difference. Half of the stated bucket may leave at once;
	// others may be drawing on it too.
	return l.limit(g.now(), rate.Limit(s.perSecond*0.98), max(1, s.bucket/2))
}

// lane is a stream of requests with a common limit.
type lane struct {
	gate gate

	mu      sync.Mutex
	until   time.Time
	limiter *rate.Limiter
}

func newLane(width int) *lane {
	return &lane{gate: gate{width: width, limit: width}}
}

func (l *lane) pause(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until.After(l.until) {
		l.until = until
	}
}

func (l *lane) paused(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until.Sub(now)
}

// limit lowers the lane's rate if it is higher, and says whether it was. What
// the user fixed is never exceeded.
func (l *lane) limit(now time.Time, limit rate.Limit, burst int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.limiter == nil:
		l.limiter = rate.NewLimiter(limit, burst)
		return true
	case limit < l.limiter.Limit():
		l.limiter.SetLimitAt(now, limit)
		l.limiter.SetBurstAt(now, burst)
		return true
	}
	return false
}

// reserve books one request and says how long to wait for its turn.
func (l *lane) reserve(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limiter == nil {
		return 0
	}
	return l.limiter.ReserveN(now, 1).DelayFrom(now)
}

// pass is a slot taken in a lane, and the state of the lane when it was taken.
type pass struct {
	lane       *lane
	generation int
}

func (p pass) leave() { p.lane.gate.leave() }
