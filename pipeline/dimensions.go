package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/flatten"
	"snowdrift/state"
)

// Due returns the dimensions that are to be read again at now, being as old as
// every, or never read.
func Due(dimensions []*table.Table, st *state.State, every time.Duration, now time.Time) []*table.Table {
	return slices.DeleteFunc(slices.Clone(dimensions), func(t *table.Table) bool {
		read, known := st.Dimensions[t.Name]
		return known && now.Sub(time.UnixMilli(read)) < every
	})
}

// dimensions reads the dimensions that are due, each as a whole, and stages them
// for the next commit. There will be one, since the state says when they were
// read. One that Jira does not show stays as it was: the report says why.
func (r *run) dimensions(ctx context.Context) error {
	due := Due(r.source.Fields().Dimensions, r.state, r.Dimensions, r.source.Now())
	for len(due) > 0 {
		what := due[0].Field // which several tables may be made of
		var same []*table.Table
		for _, t := range due {
			if t.Field == what {
				same = append(same, t)
			}
		}
		due = slices.DeleteFunc(due, func(t *table.Table) bool { return t.Field == what })
		err := r.replace(ctx, what, same)
		var refused *fetch.Refused
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		for _, t := range same {
			if refused != nil {
				r.leave(t, refused.Error())
			}
			if refused == nil || !refused.Passing {
				r.tried(t)
			}
		}
	}
	return nil
}

// tried notes that a dimension is not due again soon.
func (r *run) tried(t *table.Table) {
	r.note(func(st *state.State) {
		if st.Dimensions == nil {
			st.Dimensions = map[string]int64{}
		}
		st.Dimensions[t.Name] = r.source.Now().UnixMilli()
	})
}

func (r *run) leave(t *table.Table, why string) {
	r.Log.Warn("table stays as it was: it could not be read", "table", t.Name, "error", why)
	r.report.Left = append(r.report.Left, Left{Table: t.Name, Why: why})
}

// replace reads the tables that are made of the same answers, and stages them
// once all of it has come. A table without a row, where Jira shows none to those
// who lack a permission, is left as it was.
func (r *run) replace(ctx context.Context, what string, tables []*table.Table) error {
	b := batch.New(batch.Options{Dir: r.Dir, Prefix: r.RunID + "-d", FileSize: r.FileSize, Format: r.warehouse.Format()})
	f := flatten.New(tables)
	rows, err := r.answers(ctx, what, tables, f, b)
	if err != nil {
		return errors.Join(err, b.Discard())
	}
	r.report.odd(f)
	for _, file := range b.Closed() {
		if err := r.warehouse.Stage(ctx, file); err != nil {
			return err
		}
		r.report.staged(file)
		r.Progress.staged(file)
	}
	for _, t := range tables {
		if rows[t.Name] == 0 && t.Hides != "" {
			r.leave(t, "Jira shows none, as it does to an account without the permission "+t.Hides)
			continue
		}
		r.replaced = append(r.replaced, t.Name)
	}
	return nil
}

// answers writes what Jira answers into files of the tables, and returns the
// number of rows of each.
func (r *run) answers(ctx context.Context, what string, tables []*table.Table, f *flatten.Flattener, b *batch.Batcher) (map[string]int, error) {
	set := newSet(tables)
	f.Into(set)
	count := map[string]int{}
	write := func() error {
		for _, rows := range set {
			count[rows.Table.Name] += rows.Len()
			if err := b.Write(rows); err != nil {
				return err
			}
			rows.Reset()
		}
		return nil
	}
	for value, err := range r.source.Answers(ctx, what) {
		if err != nil {
			return nil, err
		}
		f.Answer(what, value)
		if size(set) < ChunkBytes {
			continue
		}
		if err := write(); err != nil {
			return nil, err
		}
	}
	if err := write(); err != nil {
		return nil, err
	}
	return count, b.Flush()
}
