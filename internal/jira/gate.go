package jira

import (
	"context"
	"slices"
	"sync"
)

// growAfter is the run of successes after which a gate lets one more request in.
const growAfter = 20

// gate bounds the requests in flight. The bound adapts as TCP's does: halved
// when Jira throttles, one wider after a run of successes.
type gate struct {
	limit int // never wider than this

	mu         sync.Mutex
	width      int
	inFlight   int
	run        int             // successes since the width last changed
	generation int             // counts the bursts that were refused
	waiting    []chan struct{} // first come, first served
}

// enter waits for a slot. It returns the generation under which it was given.
func (g *gate) enter(ctx context.Context) (int, error) {
	g.mu.Lock()
	if err := ctx.Err(); err != nil {
		g.mu.Unlock()
		return 0, context.Cause(ctx)
	}
	if g.inFlight < g.width && len(g.waiting) == 0 {
		g.inFlight++
		generation := g.generation
		g.mu.Unlock()
		return generation, nil
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()

	select {
	case <-turn:
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.generation, nil
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		if i := slices.Index(g.waiting, turn); i >= 0 {
			g.waiting = slices.Delete(g.waiting, i, i+1)
		} else { // the slot was given at the same moment
			g.inFlight--
			g.wake()
		}
		return 0, context.Cause(ctx)
	}
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	g.wake()
}

func (g *gate) succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.width == g.limit {
		return
	}
	if g.run++; g.run >= growAfter {
		g.run = 0
		g.width++
		g.wake()
	}
}

// throttled halves the width, once for all requests that were in flight
// together: the others of a refused burst carry an older generation. Without
// narrow the burst is only noted, because something else was done about it.
func (g *gate) throttled(generation int, narrow bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.run = 0
	if generation != g.generation {
		return
	}
	g.generation++
	if narrow {
		g.width = max(1, g.width/2)
	}
}

// wake gives free slots to those that wait. The lock is held.
func (g *gate) wake() {
	for g.inFlight < g.width && len(g.waiting) > 0 {
		close(g.waiting[0])
		g.waiting = slices.Delete(g.waiting, 0, 1)
		g.inFlight++
	}
}
