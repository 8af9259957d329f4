package duckdb

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"snowdrift/stages"
)

// How often free memory is given back during a commit: DuckDB's, and what the
// stages before took, for those readers that were still asking when it began.
// The latter takes a run of the garbage collector.
const (
	flushEvery   = 250 * time.Millisecond
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
	ticking.Go(func() {
		flush, collect := time.NewTicker(flushEvery), time.NewTicker(collectEvery)
		defer flush.Stop()
		defer collect.Stop()
		for {
			select {
			case <-flush.C:
				w.flushAllocators(ctx)
			case <-collect.C:
				debug.FreeOSMemory()
			case <-ctx.Done():
				return
			}
		}
	})
	return func() {
		cancel()
		ticking.Wait()
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

// unmap lets go of the program's own pages, see letGoOfProgram. That it cannot is no
// reason to fail.
func (w *Warehouse) unmap() {
	if err := letGoOfProgram(); err != nil {
		w.opts.Log.Debug("the program's pages stay mapped", "error", err)
	}
}
