package engine

import (
	"context"
	"sync"
	"time"

	"snowdrift/internal/snowflaketest/sferr"
)

// lockMode tells what else may hold a table.
type lockMode uint8

const (
	shared    lockMode = iota + 1 // INSERT, COPY: many at once
	exclusive                     // UPDATE, DELETE, MERGE, DDL: alone
)

// locks is the table of table locks.
type locks struct {
	mu      sync.Mutex
	held    map[*table]map[*Session]lockMode
	waiting map[*Session]*table
	changed chan struct{} // closed and replaced on every release
}

func newLocks() *locks {
	return &locks{held: map[*table]map[*Session]lockMode{}, waiting: map[*Session]*table{}, changed: make(chan struct{})}
}

// acquire waits until s can hold t in the given mode: at most timeout, not at all
// if that is 0. A wait that could never end fails at once.
func (l *locks) acquire(ctx context.Context, s *Session, t *table, mode lockMode, timeout time.Duration) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		l.mu.Lock()
		if l.free(s, t, mode) {
			delete(l.waiting, s)
			if l.held[t] == nil {
				l.held[t] = map[*Session]lockMode{}
			}
			l.held[t][s] = max(mode, l.held[t][s])
			l.mu.Unlock()
			return nil
		}
		l.waiting[s] = t
		deadlock := l.reaches(t, s, map[*Session]bool{})
		changed := l.changed
		l.mu.Unlock()
		if deadlock || timeout <= 0 {
			return l.giveUp(s, t)
		}
		select {
		case <-changed:
		case <-timer.C:
			return l.giveUp(s, t)
		case <-ctx.Done():
			l.stopWaiting(s)
			return ctx.Err()
		}
	}
}

func (l *locks) stopWaiting(s *Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, s)
}

func (l *locks) giveUp(s *Session, t *table) error {
	l.stopWaiting(s)
	return sferr.New("000625", "57014", "Another transaction has locked table '%s' and this lock has not yet been released. "+
		"Your statement was aborted because it waited longer than LOCK_TIMEOUT or would have waited for ever.", display(t.name))
}

func (l *locks) free(s *Session, t *table, mode lockMode) bool {
	for other, m := range l.held[t] {
		if other != s && (mode == exclusive || m == exclusive) {
			return false
		}
	}
	return true
}

// reaches tells whether some holder of t waits, over any number of steps, for s.
func (l *locks) reaches(t *table, s *Session, seen map[*Session]bool) bool {
	for other := range l.held[t] {
		if other == s || seen[other] {
			continue
		}
		seen[other] = true
		next := l.waiting[other]
		if next == nil {
			continue
		}
		if _, holds := l.held[next][s]; holds || l.reaches(next, s, seen) {
			return true
		}
	}
	return false
}

// release gives up all locks of s.
func (l *locks) release(s *Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for t, by := range l.held {
		delete(by, s)
		if len(by) == 0 {
			delete(l.held, t)
		}
	}
	close(l.changed)
	l.changed = make(chan struct{})
}
