package pipeline

import (
	"context"
	"sync"

	"snowdrift/stages"
)

// admission says how many readers may ask Jira at once: all of them while what
// they read is taken at once, and fewer while it waits. Waiting pages are what
// most of the stages' memory goes to, and more of them make nothing faster.
type admission struct {
	mu      sync.Mutex
	most    int // readers
	asking  int // readers that wait for Jira
	waiting int // pages that were not released yet
	changed chan struct{}
}

// heavy is how many readers a waiting page keeps from asking.
const heavy = 3

func newAdmission(readers int) *admission {
	return &admission{most: readers, changed: make(chan struct{})}
}

// ask waits until a reader may ask for a page.
func (a *admission) ask(ctx context.Context) error {
	for {
		a.mu.Lock()
		if a.asking+heavy*a.waiting < a.most {
			a.asking++
			a.mu.Unlock()
			return nil
		}
		changed := a.changed
		a.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// answered says that a reader got a page, which waits until it is released.
func (a *admission) answered(page stages.Page) stages.Page {
	release := page.Release
	page.Release = func() {
		release()
		a.change(0, -1)
	}
	a.change(-1, 1)
	return page
}

// ended says that a reader that asked has come to the end of its partition.
func (a *admission) ended() { a.change(-1, 0) }

func (a *admission) change(asking, waiting int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asking += asking
	a.waiting += waiting
	close(a.changed)
	a.changed = make(chan struct{})
}
