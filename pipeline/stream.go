package pipeline

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"

	"golang.org/x/sync/errgroup"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/state"
)

const (
	// ChunkBytes is the size at which rows leave the flattener.
	ChunkBytes = 3 << 20
	// rowSets is the number of sets of row buffers: one being filled, one being
	// written.
	rowSets = 2
)

// stream sends partitions through the stages and commits what comes out. The
// first error ends all of it.
func (r *run) stream(ctx context.Context, partitions []*stages.Partition) error {
	g, ctx := errgroup.WithContext(ctx)
	pages := make(chan stages.Page, 2)
	chunks := make(chan stages.Chunk, 1)
	cuts := make(chan stages.Cut, 1)
	readers := newAdmission(r.Concurrency)
	r.asOf = r.source.Now().Add(r.Now().Sub(r.begun))
	r.Progress.expect(partitions)
	g.Go(func() error { return closing(pages, r.fetch(ctx, readers, partitions, pages)) })
	g.Go(func() error { return closing(chunks, r.flatten(ctx, pages, chunks)) })
	g.Go(func() error { return closing(cuts, r.batch(ctx, readers, chunks, cuts)) })
	g.Go(func() error { return r.load(ctx, readers, cuts) })
	return g.Wait()
}

// closing closes the channel of a stage that has ended well. One that failed
// leaves it open: what came through it must not be taken for everything.
func closing[T any](ch chan T, err error) error {
	if err == nil {
		close(ch)
	}
	return err
}

// receive yields what comes through the channel until it is closed, or the
// error of the context.
func receive[T any](ctx context.Context, from <-chan T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			select {
			case v, open := <-from:
				if !open || !yield(v, nil) {
					return
				}
			case <-ctx.Done():
				var none T
				yield(none, context.Cause(ctx))
				return
			}
		}
	}
}

// send sends v unless the context ends first.
func send[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fetch reads the partitions, several at once, and marks the end of each. Whoever
// takes a page releases it, or nothing more is read.
func (r *run) fetch(ctx context.Context, readers *admission, partitions []*stages.Partition, pages chan<- stages.Page) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(r.Concurrency)
	for _, p := range partitions {
		g.Go(func() error {
			if err := ask(ctx, readers, pages); err != nil {
				return err
			}
			for page, err := range r.source.Pages(ctx, p) {
				if err != nil {
					return err
				}
				r.Progress.page(page)
				if err := send(ctx, pages, readers.answered(page)); err != nil {
					return err
				}
				readers.done()
				if err := ask(ctx, readers, pages); err != nil {
					return err
				}
			}
			readers.done()
			return send(ctx, pages, stages.Page{Partition: p, Last: true, Release: func() {}})
		})
	}
	return g.Wait()
}

// ask waits until a reader may ask for a page, and sends the mark of a commit's
// end if it is the one that has to.
func ask(ctx context.Context, readers *admission, pages chan<- stages.Page) error {
	mark, err := readers.ask(ctx)
	for ; mark && err == nil; mark, err = readers.ask(ctx) {
		if err := send(ctx, pages, stages.Page{Cut: true, Release: func() {}}); err != nil {
			return err
		}
	}
	return err
}

// chunksInTime is how many chunks come, full or not, in the time after which a commit is
// due: when it is, is seen with a chunk.
const chunksInTime = 10

// flatten turns pages into chunks of rows. Readings that the last run had
// already are dropped here, so that the overlap costs nothing downstream.
func (r *run) flatten(ctx context.Context, pages <-chan stages.Page, chunks chan<- stages.Chunk) error {
	known := map[int64]uint64{}
	for _, ref := range r.state.Recent {
		known[ref.ID] = ref.Hash
	}
	sets := make(chan []*stages.Rows, rowSets)
	for range rowSets {
		sets <- newSet(r.tables)
	}
	chunk, err := r.newChunk(ctx, sets)
	if err != nil {
		return err
	}
	file := fill{rows: r.warehouse.Format().IssueRows}
	passed := r.Now()
	pass := func() (err error) {
		if err = send(ctx, chunks, chunk); err == nil {
			chunk, err = r.newChunk(ctx, sets)
		}
		passed = r.Now()
		return err
	}
	for page, err := range receive(ctx, pages) {
		if err != nil {
			return err
		}
		for _, raw := range page.Issues {
			ref, err := r.flattener.Issue(raw)
			if err != nil {
				return err
			}
			r.Progress.issue()
			switch p := page.Partition; {
			case p.Changes:
				chunk.Read = append(chunk.Read, ref)
				if hash, seen := known[ref.ID]; seen && hash == ref.Hash {
					r.flattener.Drop()
				}
			case p.IDs != nil:
				project, _ := rawjson.Int64(rawjson.Lookup(rawjson.Lookup(rawjson.Lookup(raw, "fields"), "project"), "id"))
				chunk.Returned = append(chunk.Returned, stages.Return{ID: ref.ID, ProjectID: project})
			}
			chunk.Full = file.issue()
			if size(chunk.Rows) < ChunkBytes && !chunk.Full {
				continue
			}
			if err := pass(); err != nil {
				return err
			}
		}
		page.Release()
		if page.Last {
			chunk.Done = append(chunk.Done, page.Partition)
		}
		switch {
		case page.Cut:
			chunk.Cut = true
			file.cut()
		case r.Now().Sub(passed) < r.CommitEvery/chunksInTime:
			continue
		}
		if err := pass(); err != nil {
			return err
		}
	}
	return send(ctx, chunks, chunk)
}

func newSet(tables []*table.Table) []*stages.Rows {
	var set []*stages.Rows
	for _, t := range tables {
		set = append(set, stages.NewRows(t))
	}
	return set
}

// newChunk waits for a set of rows that is free and directs the flattener there.
func (r *run) newChunk(ctx context.Context, sets chan []*stages.Rows) (stages.Chunk, error) {
	select {
	case set := <-sets:
		r.flattener.Into(set)
		return stages.Chunk{Rows: set, Release: func() {
			for _, rows := range set {
				rows.Reset()
			}
			sets <- set
		}}, nil
	case <-ctx.Done():
		return stages.Chunk{}, context.Cause(ctx)
	}
}

func size(set []*stages.Rows) int {
	n := 0
	for _, rows := range set {
		n += rows.Size()
	}
	return n
}

// batch writes chunks into files, passes closed files on, and says when a
// commit is due. That of an embedded destination begins when the readers were
// held and what they had read has come.
func (r *run) batch(ctx context.Context, readers *admission, chunks <-chan stages.Chunk, cuts chan<- stages.Cut) (err error) {
	format := r.warehouse.Format()
	due := r.CommitSize
	if format.CommitSize > 0 {
		due = min(due, format.CommitSize)
	}
	b := batch.New(batch.Options{Dir: r.Dir, Prefix: r.RunID, FileSize: r.FileSize, Format: format})
	c := cutter{files: b, out: cuts, format: format}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.discard())
		}
	}()
	began := r.Now()
	for chunk, err := range receive(ctx, chunks) {
		if err != nil {
			return err
		}
		if err := r.write(b, chunk); err != nil {
			return err
		}
		chunk.Release()
		if err := c.take(ctx, chunk); err != nil {
			return err
		}
		switch isDue := c.size() >= due || c.filled() || r.Now().Sub(began) >= r.CommitEvery; {
		case chunk.Cut, isDue && !format.Embedded:
		case isDue:
			readers.hold()
			continue
		default:
			continue
		}
		if err := c.end(ctx, false); err != nil {
			return err
		}
		began = r.Now()
	}
	return c.end(ctx, true)
}

// write appends the rows of a chunk to their files.
func (r *run) write(b *batch.Batcher, chunk stages.Chunk) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	for _, rows := range chunk.Rows {
		if err := b.Write(rows); err != nil {
			return err
		}
	}
	return nil
}

// load stages files as they come and commits when a cut ends.
func (r *run) load(ctx context.Context, readers *admission, cuts <-chan stages.Cut) error {
	staged := false
	for cut, err := range receive(ctx, cuts) {
		if err != nil {
			return err
		}
		for _, f := range cut.Files {
			if err := r.warehouse.Stage(ctx, f); err != nil {
				return err
			}
			staged = true
			r.report.staged(f)
			r.Progress.staged(f)
		}
		if !cut.Commit {
			continue
		}
		r.returned = append(r.returned, cut.Returned...)
		next := advance(r.state, cut, r.Overlap, r.asOf)
		if r.source.CutShort() != nil && r.state.Cursor > 0 { // then not all changes have come
			next.Cursor = r.state.Cursor
		}
		next.Owed = state.NewIDs(slices.Concat(next.Owed, r.unanswered())...)
		if staged || !reflect.DeepEqual(next, r.saved) {
			if err := r.commit(ctx, next); err != nil {
				return err
			}
			staged = false
		}
		readers.resume()
	}
	return nil
}
