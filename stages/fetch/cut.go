package fetch

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"snowdrift/stages"
	"snowdrift/state"
)

const (
	// window is what Data Center pages through at most, unless configured
	// otherwise; a partition stays well below it, for it may grow while it is read.
	window = 5000
	// leastPartition is the size below which a partition is not cut only to be
	// read in parallel: its first and last page cost more than that gains.
	leastPartition = 500
	// partitionsEach is the number of partitions that each reader gets, about.
	// The pages of a partition come one after the other, so that towards the end
	// of a load readers have nothing to do; the more partitions, the shorter that
	// is, and the more pages are not full.
	partitionsEach = 6
	// narrowest is the shortest range of creation time that is still cut:
	// literals count in minutes.
	narrowest = 2 * time.Minute
	// mostPieces is the number of pieces that a slice is cut into at once,
	// piecesAgain that of a piece in which too many issues were found: they may
	// well be of one moment, as after an import, and each count halves the way.
	mostPieces  = 64
	piecesAgain = 4
)

// partitionSize returns the number of issues in one partition, about: what the
// user set at most, and less if there would not be enough partitions for all
// readers.
func (s *Source) partitionSize(ctx context.Context) (int64, error) {
	most := s.opts.PartitionIssues
	if !s.onCloud() {
		most = min(most, window)
	}
	total, known := int64(0), s.Whole()
	for _, p := range s.scoped() {
		total += p.IssueCount
		known = known && p.IssueCount >= 0
	}
	if !known && s.opts.Readers > 1 {
		var err error
		if total, _, err = s.count(ctx, s.scope); err != nil {
			return 0, err
		}
	}
	if s.opts.Readers <= 1 {
		return most, nil
	}
	return min(most, max(leastPartition, total/int64(s.opts.Readers*partitionsEach))), nil
}

// partitions cuts slices into partitions of about the size, the largest first:
// what is read last should not keep one reader busy for long.
func (s *Source) partitions(ctx context.Context, st *state.State, whole []slice, size int64) ([]*stages.Partition, error) {
	parts, err := inParallel(ctx, whole, func(ctx context.Context, part slice) ([]*stages.Partition, error) {
		return s.cut(ctx, st, part, size)
	})
	slices.SortStableFunc(parts, func(a, b *stages.Partition) int { return int(b.Expected - a.Expected) })
	return parts, err
}

// inParallel does work for all slices at once and joins what comes of it, in
// their order. The client bounds the requests.
func inParallel[T any](ctx context.Context, parts []slice, work func(context.Context, slice) ([]T, error)) ([]T, error) {
	g, ctx := errgroup.WithContext(ctx)
	results := make([][]T, len(parts))
	for i, part := range parts {
		g.Go(func() (err error) {
			results[i], err = work(ctx, part)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(results...), nil
}

// cut returns the partitions of a slice. One with too many issues is cut by
// creation time into pieces that would have the size if issues came evenly;
// those that have too many nevertheless are cut again, and neighbours that have
// few are put together. Every piece but one costs a count: the last has what
// the others have not.
func (s *Source) cut(ctx context.Context, st *state.State, part slice, size int64) ([]*stages.Partition, error) {
	if part.issues < 0 {
		n, _, err := s.count(ctx, s.clause(st, part))
		if err != nil {
			return nil, err
		}
		part.issues = n
	}
	enough := size + size/4 // equal pieces are never quite equal
	if part.issues > enough && part.from.IsZero() {
		oldest, _, err := s.edge(ctx, part.within(s.scope), "created", "ASC")
		if err != nil {
			return nil, err
		}
		part.from, part.to = time.UnixMilli(oldest), s.Now()
	}
	if part.issues <= enough || part.to.Sub(part.from) < narrowest {
		return []*stages.Partition{{Name: part.String(), JQL: s.bounded(s.clause(st, part)), Order: "created", Expected: part.issues}}, nil
	}
	pieces := part.pieces(size)
	counted, err := inParallel(ctx, pieces[:len(pieces)-1], func(ctx context.Context, piece slice) ([]int64, error) {
		n, _, err := s.count(ctx, s.clause(st, piece))
		return []int64{n}, err
	})
	if err != nil {
		return nil, err
	}
	rest := part.issues
	for i, n := range counted {
		pieces[i].issues = n
		rest -= n
	}
	pieces[len(counted)].issues = max(rest, 0)
	return inParallel(ctx, together(pieces, size), func(ctx context.Context, piece slice) ([]*stages.Partition, error) {
		return s.cut(ctx, st, piece, size)
	})
}

// pieces cuts a slice into equal ranges of creation time, as many as its issues
// would fill partitions of the size.
func (p slice) pieces(size int64) []slice {
	span := p.to.Sub(p.from)
	most := int64(mostPieces)
	if !p.openStart || !p.openEnd {
		most = piecesAgain
	}
	n := min((p.issues+size-1)/size, most, int64(span/(narrowest/2)))
	var out []slice
	from := p.from
	for i := range n {
		piece := p
		piece.from, piece.openStart = from, p.openStart && i == 0
		if i < n-1 {
			piece.to, piece.openEnd = p.from.Add(span/time.Duration(n)*time.Duration(i+1)).Truncate(time.Minute), false
		}
		from = piece.to
		out = append(out, piece)
	}
	return out
}

// together joins neighbouring pieces that have no more issues than the size.
func together(pieces []slice, size int64) []slice {
	out := pieces[:1]
	for _, piece := range pieces[1:] {
		last := &out[len(out)-1]
		if last.issues+piece.issues <= size {
			last.to, last.openEnd, last.issues = piece.to, piece.openEnd, last.issues+piece.issues
			continue
		}
		out = append(out, piece)
	}
	return out
}
