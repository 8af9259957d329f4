package duckdb

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"snowdrift/stages"
)

// How often memory is given back during a commit: DuckDB's; the program's own pages; and
// what the stages before took, for those readers that were still asking when it began.
// The last takes a run of the garbage collector.
const (
	flushEvery   = 250 * time.Millisecond
	unmapEvery   = 100 * time.Millisecond
	collectEvery = time.Second
)

// givingBack gives free memory back to the system, now and until it is stopped.
// The stages before rest while DuckDB works, so that their share comes now. With
// one thread DuckDB does not do it by itself: what its allocators kept of an INSERT
// that might use 120 MB was another 60.
func (w *Warehouse) givingBack(ctx context.Context) (stop func()) {
	debug.FreeOSMemory()
	ctx, cancel := context.WithCancel(ctx)
	var ticking sync.WaitGroup
	ticking.Go(func() { every(ctx, flushEvery, func() { w.flushAllocators(ctx) }) }) // waits while DuckDB ends a transaction
	ticking.Go(func() { every(ctx, unmapEvery, w.letGoOfProgram) })
	ticking.Go(func() { every(ctx, collectEvery, debug.FreeOSMemory) })
	return func() {
		cancel()
		ticking.Wait()
		w.program.Store(nil)
	}
}

// every does something again and again until the context ends.
func every(ctx context.Context, period time.Duration, do func()) {
	t := time.NewTicker(period)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			do()
		case <-ctx.Done():
			return
		}
	}
}

// flushAllocators has DuckDB give back what its allocators keep, which it does
// whenever it is told its limit, the one that it has being no exception.
func (w *Warehouse) flushAllocators(ctx context.Context) {
	if err := w.tellLimit(ctx); err != nil && ctx.Err() == nil {
		w.opts.Log.Debug("DuckDB keeps its free memory", "error", err)
	}
}

// idleMemory is what DuckDB may keep of the file when it gives its cache back: what it
// reads of a large one would else fill it.
const idleMemory = "8MB"

// shrink makes DuckDB give back the blocks that it caches: after a commit, for the
// stages before need the memory now, and before it loads much, for what it read of
// the tables until then is the more the larger they are. That it cannot is no
// reason to fail, and is what the limit is put back for. It takes a connection of
// its own, so that no error of it touches a transaction.
func (w *Warehouse) shrink(ctx context.Context) {
	full := w.memory.get()
	if full == "" {
		return
	}
	for _, size := range []string{idleMemory, full} {
		if _, err := w.db.ExecContext(context.WithoutCancel(ctx), limit(size)); err != nil {
			w.opts.Log.Debug("DuckDB keeps its memory", "error", err)
		}
	}
}

// large is the size of staged files from which on it is worth to shrink before.
const large = 4 << 20

// shrinkFor shrinks if the staged files are large or the file is wide. It has to come
// before the first of them is inserted: the last rows of an INSERT, which fill no row
// group, stay in memory until the commit, and would have to be spilled.
func (w *Warehouse) shrinkFor(ctx context.Context, staged map[string][]stages.File) {
	var size int64
	for _, files := range staged {
		size += stagedBytes(files)
	}
	if size >= large || w.wide() {
		w.shrink(ctx)
		w.unmap()
	}
}

// unmap lets go of the program's own pages, and from then on again and again as long as
// memory is given back. That it cannot is no reason to fail.
func (w *Warehouse) unmap() {
	p, err := thisProgram()
	if err != nil {
		w.opts.Log.Debug("the program's pages stay mapped", "error", err)
		return
	}
	w.program.Store(&p)
	w.letGoOfProgram()
}

func (w *Warehouse) letGoOfProgram() {
	p := w.program.Load()
	if p == nil {
		return
	}
	if err := p.letGo(); err != nil {
		w.opts.Log.Debug("the program's pages stay mapped", "error", err)
		w.program.Store(nil)
	}
}
