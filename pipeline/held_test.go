package pipeline_test

import (
	"context"
	"iter"
	"sync/atomic"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// TestStagesAreEmptyInACommit: while an embedded destination commits, readers hold
// no more than the pages of those that were not waited for, a quarter of them. The
// load is whole all the same, in several commits.
func TestStagesAreEmptyInACommit(t *testing.T) {
	t.Parallel()
	const readers = 8
	b := newBench(t, jirasim.Options{Issues: 1500, Projects: 10})
	b.partition, b.commitSize = 50, 200_000
	b.options = func(o *pipeline.Options) { o.Concurrency, o.FileSize = readers, 100_000 }
	var held held
	b.between = func(s pipeline.Source) pipeline.Source { return holder{s, &held} }
	b.warehouse = func(w load.Warehouse) load.Warehouse { return watched{w, &held} }
	b.run(pipeline.Complete)
	if len(b.commits) < 4 || held.all.Load() < 2*readers {
		t.Fatalf("%d commits of %d pages tell nothing", len(b.commits), held.all.Load())
	}
	if most := held.most.Load(); most > readers/4 {
		t.Errorf("%d readers held a page in a commit, want at most %d", most, readers/4)
	}
	b.compare()
}

// held counts pages that were not released yet.
type held struct{ now, all, most atomic.Int64 }

// holder is a source that counts the pages which it gives.
type holder struct {
	pipeline.Source
	held *held
}

func (s holder) Pages(ctx context.Context, p *stages.Partition) iter.Seq2[stages.Page, error] {
	return func(yield func(stages.Page, error) bool) {
		for page, err := range s.Source.Pages(ctx, p) {
			if err == nil {
				s.held.now.Add(1)
				s.held.all.Add(1)
				release := page.Release
				page.Release = func() {
					release()
					s.held.now.Add(-1)
				}
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// watched is a destination that notes how many pages wait when a commit ends.
type watched struct {
	load.Warehouse
	held *held
}

func (w watched) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	result, err := w.Warehouse.Commit(ctx, c)
	w.held.most.Store(max(w.held.most.Load(), w.held.now.Load()))
	return result, err
}
