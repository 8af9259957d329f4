package duckdb

import (
	"context"
	"database/sql"
	"errors"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// Rows of changed issues may lie all over a large file, and DuckDB holds deletedMemory of
// each row group that a transaction deletes from, until it ends and the file is written:
// 1.8 GB with 42 million rows. So a commit that would take more than deletedRoom is undone
// before it has deleted anything, and most of it is done ahead of it, in transactions that
// go through the file from its beginning to its end: the rows of an issue lie at about
// the same place in all tables, so each row group is touched once or twice.
//
// What goes ahead are newer readings of live rows of the run's own pipeline, and with the
// first of them a state that is true with any number of them: it knows their fields and
// columns, and says nothing of how far the reading has come. A run that ends in between
// reads these issues again and finds that they are as they should be.

// deletedRoom is what DuckDB may hold of deleted rows in one transaction, if it may use
// four times as much in all. Each transaction takes two seconds of 42 million rows, most of
// them to look for rows and to write what the file knows of its row groups: with half the
// room a run that replaced 1 % of the issues took 53 CPU seconds and 530 MB, with this 34
// and 610, with twice as much 23 and 780, undivided 17 and 2,180.
const deletedRoom = 256 << 20

// leastAhead is the share of the issues that a transaction at least replaces, wherever
// their rows lie: there are no more transactions than that.
const leastAhead = 64

// errSpread says that a commit is to delete rows from more row groups than it should.
var errSpread = errors.New("the rows to be deleted lie all over the file")

// mostGroups is the number of row groups that one transaction may delete from.
func (w *Warehouse) mostGroups() int {
	return int(min(w.opts.DeletedRoom, w.memory.most/4) / deletedMemory)
}

// replaceAhead replaces rows of changed issues ahead of the commit, and returns what it
// wrote.
func (w *Warehouse) replaceAhead(ctx context.Context, c load.Commit, issues *table.Table) (written tally, err error) {
	var stretches []stretch
	err = w.withRoom(ctx, func() (err error) { stretches, err = w.stretches(ctx, c, issues); return err })
	if err != nil {
		return nil, err
	}
	old := map[string]bool{}
	for _, t := range w.ofIssues() {
		old[t.Name] = true
	}
	if len(stretches) > 0 {
		w.opts.Log.Info("rows are replaced all over the file, in several transactions", "transactions", len(stretches))
	}
	written = tally{}
	for i, s := range stretches {
		var replaced tally
		err := w.transaction(ctx, "commit", func() (err error) {
			if err := w.checkFence(ctx, c.Run.Pipeline); err != nil {
				return err
			}
			if i == 0 && c.Before != nil {
				if err := w.saveState(ctx, c.Before); err != nil { // and the columns
					return err
				}
			}
			for _, statement := range w.sql().TakeOrdered(s.from, s.to) {
				if err := w.exec(ctx, "commit", issues.Name, statement); err != nil {
					return err
				}
			}
			replaced, err = w.replaceChanged(ctx, c, issues, changes{int64(s.to - s.from), old, s.groups})
			return err
		})
		if err != nil {
			return nil, err
		}
		written.add(replaced)
		w.putAway(ctx)
		alone, err := w.attachAnew(ctx, attachFor) // to forget what was touched of each column
		if err != nil {
			return nil, err
		}
		w.limitAsEver(ctx)
		if !alone { // there may be newer readings of what is left: the commit looks again
			break
		}
	}
	return written, w.clearChanged(ctx, issues)
}

// clearChanged makes the temporary table of the readings that were picked, without any.
func (w *Warehouse) clearChanged(ctx context.Context, issues *table.Table) error {
	return w.exec(ctx, "commit", issues.Name, Dialect.CreateChanged())
}

// stretch is a part of the changed issues, in the order of their rows.
type stretch struct {
	from, to int // places in that order, to being the first that is not in it
	groups   int // row groups that they have rows in
}

// stretches divides the changed issues that can go ahead by where their rows are.
func (w *Warehouse) stretches(ctx context.Context, c load.Commit, issues *table.Table) ([]stretch, error) {
	if err := w.clearChanged(ctx, issues); err != nil {
		return nil, err
	}
	pick, args := w.sql().FindChanged(issues, c.Run.Pipeline, false)
	if err := w.exec(ctx, "commit", issues.Name, pick, args...); err != nil {
		return nil, err
	}
	if err := w.exec(ctx, "commit", issues.Name, Dialect.CreateOrdered()); err != nil {
		return nil, err
	}
	n, err := w.affect(ctx, "commit", issues.Name, w.sql().OrderChanged(issues), c.Run.Pipeline)
	if err != nil || n == 0 {
		return nil, err
	}
	var spans []span
	for _, t := range w.ofIssues() {
		query := w.sql().OrderedSpans(t, w.countedRows())
		err := w.each(ctx, query, nil, func(rows *sql.Rows) error {
			var s span
			err := rows.Scan(&s.first, &s.last)
			spans = append(spans, s)
			return err
		})
		if err != nil {
			return nil, w.fail("look for what is to be deleted of", t.Name, query, err)
		}
	}
	return divide(spans, int(n), w.mostGroups()), nil
}

// span is a row group: the first and the last of the changed issues with rows in it.
type span struct{ first, last int }

// divide divides n issues into stretches that have rows in no more than most row groups,
// unless they would be too many.
func divide(spans []span, n, most int) (stretches []stretch) {
	begin, end := make([]int, n), make([]int, n) // row groups, by their first and last issue
	for _, s := range spans {
		begin[s.first]++
		end[s.last]++
	}
	least := (n + leastAhead - 1) / leastAhead
	s, open := stretch{}, 0 // row groups that have begun before an issue and not ended
	for i := range n {
		if s.groups+begin[i] > most && i-s.from >= least {
			s.to = i
			stretches = append(stretches, s)
			s = stretch{from: i, groups: open}
		}
		s.groups += begin[i]
		open += begin[i] - end[i]
	}
	s.to = n
	return append(stretches, s)
}
