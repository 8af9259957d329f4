package pipeline

import (
	"context"
	"sync"

	"snowdrift/stages"
)

// admission says how many readers may ask Jira at once: all of them while what
// they read is taken at once, and fewer while it waits. Waiting pages are what
// most of the stages' memory goes to, and more of them make nothing faster.
//
// Before an embedded destination commits, which takes all the memory that the
// stages can spare, they are emptied: held readers ask for nothing more, and when
// most of them wait, one is told to mark the end of what is to be committed.
type admission struct {
	mu      sync.Mutex
	most    int // readers
	asking  int // readers that wait for Jira
	waiting int // pages that were not released yet
	held    bool
	marked  bool // since it was held
	changed chan struct{}
}

// heavy is how many readers a waiting page keeps from asking.
const heavy = 3

// perStraggler is how many readers there are for each that is not waited for before a
// commit: one whose request takes minutes must not keep all others.
const perStraggler = 4

func newAdmission(readers int) *admission {
	return &admission{most: readers, changed: make(chan struct{})}
}

// ask waits until a reader may ask for a page. mark tells it to send the mark
// first, and to ask again.
func (a *admission) ask(ctx context.Context) (mark bool, err error) {
	for {
		a.mu.Lock()
		switch {
		case a.held && !a.marked && a.asking <= a.most/perStraggler:
			a.marked = true
			a.mu.Unlock()
			return true, nil
		case !a.held && a.asking+heavy*a.waiting < a.most:
			a.asking++
			a.mu.Unlock()
			return false, nil
		}
		changed := a.changed
		a.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// answered says that a reader got a page, which waits until it is released.
func (a *admission) answered(page stages.Page) stages.Page {
	release := page.Release
	page.Release = func() {
		release()
		a.change(func() { a.waiting-- })
	}
	a.change(func() { a.waiting++ })
	return page
}

// done says that a reader that asked has passed its page on, or has come to the
// end of its partition.
func (a *admission) done() { a.change(func() { a.asking-- }) }

// hold keeps readers from asking until resume.
func (a *admission) hold() { a.change(func() { a.held = true }) }

// resume lets readers ask again.
func (a *admission) resume() { a.change(func() { a.held, a.marked = false, false }) }

// change changes something, and has those look who wait.
func (a *admission) change(what func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	what()
	close(a.changed)
	a.changed = make(chan struct{})
}
