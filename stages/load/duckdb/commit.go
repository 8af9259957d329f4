package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Commit loads all staged files and writes state and ledger.
func (w *Warehouse) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	started := time.Now()
	defer w.givingBack(ctx)()
	var result load.Result
	issues := w.table(table.Issue)
	if c.Discard {
		if err := w.forget(slices.Collect(maps.Keys(w.staged))...); err != nil {
			return result, err
		}
	}
	if issues == nil && len(w.staged) > 0 {
		return result, w.fail("commit", "", "", errNotPrepared)
	}
	if err := w.forgetRowGroups(ctx); err != nil {
		return result, err
	}
	if err := w.views(ctx, issues); err != nil {
		return result, err
	}
	ids, fresh, err := w.arrive(ctx, issues)
	if err != nil {
		return result, err
	}
	defer w.limitAsEver(ctx)
	result, err = w.commit(ctx, c, issues, fresh, nil)
	if errors.Is(err, errSpread) {
		var ahead tally
		if ahead, err = w.replaceAhead(ctx, c, issues); err == nil {
			result, err = w.commit(ctx, c, issues, false, ahead)
		}
	}
	if err != nil {
		w.disown() // it may have happened for all that
		return load.Result{}, err
	}
	if ids != nil {
		w.committed.Or(ids)
	}
	w.ended = c.Run.CameToItsEnd()
	w.putAway(ctx)
	w.shrink(ctx)
	result.Took = time.Since(started)
	if err := w.forget(slices.Collect(maps.Keys(w.staged))...); err != nil { // the commit has happened: nothing here can fail it
		w.opts.Log.Warn("the files were not removed after the commit", "error", err)
	}
	return result, nil
}

// commit is the transaction of a commit. fresh is that no staged issue has rows, see
// arrive. ahead is what was written ahead of it; nil is that nothing was, and then it fails
// with errSpread where something should be.
func (w *Warehouse) commit(ctx context.Context, c load.Commit, issues *table.Table, fresh bool, ahead tally) (result load.Result, err error) {
	err = w.transaction(ctx, "commit", func() error {
		result = load.Result{Rows: map[string]int64{}}
		if err := w.checkFence(ctx, c.Run.Pipeline); err != nil {
			return err
		}
		if err := w.merge(ctx, c, issues, fresh, ahead, result.Rows); err != nil {
			return err
		}
		if err := w.dimensions(ctx, c, result.Rows); err != nil {
			return err
		}
		if issues != nil {
			if err := w.digest(ctx, issues, c.Run.Pipeline, &result.Digest); err != nil {
				return err
			}
		}
		if c.State != nil {
			c.State.Digest = result.Digest
			if err := w.saveState(ctx, c.State); err != nil {
				return err
			}
		}
		return w.saveRun(ctx, c.Run)
	})
	return result, err
}

var errNotPrepared = errors.New("no table of issues was prepared")

// views makes the staged files readable under their stage names. It comes
// before the transaction, like all DDL.
func (w *Warehouse) views(ctx context.Context, issues *table.Table) error {
	if issues != nil {
		if err := w.clearChanged(ctx, issues); err != nil {
			return err
		}
	}
	for _, files := range w.staged {
		t := files[0].Table
		if err := w.view(ctx, load.StageName(t), files); err != nil {
			return err
		}
		for _, p := range w.parts(t) {
			if err := w.view(ctx, p.stage, p.files); err != nil {
				return err
			}
		}
	}
	return nil
}

// view makes files readable under a name.
func (w *Warehouse) view(ctx context.Context, name string, files []stages.File) error {
	paths, err := pathList(files)
	if err != nil {
		return w.fail("commit", name, "", err)
	}
	return w.exec(ctx, "commit", name, fmt.Sprintf("CREATE OR REPLACE TEMPORARY VIEW %s AS SELECT * FROM read_parquet(%s)", Dialect.Quote(name), paths))
}

func (w *Warehouse) checkFence(ctx context.Context, pipeline string) error {
	n, err := w.affect(ctx, "check the lease", "", `UPDATE "_snowdrift_lease" SET "acquired" = "acquired" WHERE "pipeline" = ? AND "run_id" = ? AND "fence" = ?`,
		pipeline, w.job.Run, w.fence)
	if err == nil && n != 1 {
		err = w.fail("check the lease", pipeline, "", load.ErrLeaseLost)
	}
	return err
}

// merge writes the rows of the staged files.
func (w *Warehouse) merge(ctx context.Context, c load.Commit, issues *table.Table, fresh bool, ahead tally, rows map[string]int64) error {
	if issues != nil && len(w.staged[issues.Name]) > 0 {
		written, err := w.replace(ctx, c, issues, fresh, ahead == nil)
		if err != nil {
			return err
		}
		written.add(ahead)
		for name, n := range written {
			rows[name] = max(n.deleted, n.inserted)
		}
	}
	if len(w.staged[table.Findings().Name]) == 0 {
		return nil
	}
	if c.Remove {
		if err := w.remove(ctx, rows); err != nil {
			return err
		}
	}
	n, err := w.affect(ctx, "commit", issues.Name, w.sql().SetPresence(issues), c.Run.ID)
	rows[issues.Name] += n
	return err
}

// remove removes the rows of issues that are found to be deleted, from every
// table that is there.
func (w *Warehouse) remove(ctx context.Context, rows map[string]int64) error {
	w.deleted = true
	for _, t := range slices.Concat(w.tables, load.Unprepared(w.tables)) {
		have, err := w.columns(ctx, t.Name)
		if err != nil {
			return err
		}
		if !t.OfIssues() || len(have) == 0 {
			continue
		}
		_, withSite := have[table.Site]
		n, err := w.affect(ctx, "commit", t.Name, w.sql().RemoveFound(t, withSite))
		if err != nil {
			return err
		}
		if n > 0 {
			rows[t.Name] += n
		}
	}
	return nil
}

// dimensions writes the dimensions that were read.
func (w *Warehouse) dimensions(ctx context.Context, c load.Commit, rows map[string]int64) error {
	for _, t := range w.tables {
		if t.Role != table.Dimension || !slices.Contains(c.Dimensions, t.Name) {
			continue
		}
		for _, statement := range w.sql().ReplaceDimension(t, len(w.staged[t.Name]) > 0, c.Rewrite) {
			n, err := w.affect(ctx, "commit", t.Name, statement, c.Run.ID)
			if err != nil {
				return err
			}
			rows[t.Name] += n
		}
	}
	return nil
}

// digest sums up a pipeline's live rows. The ids are summed up here: DuckDB's
// arithmetic with integers of that size takes ten times as long as to hand them
// over, and it is done in every commit.
func (w *Warehouse) digest(ctx context.Context, issues *table.Table, pipeline string, d *state.Digest) error {
	err := w.each(ctx, w.sql().LiveIDs(issues), []any{pipeline}, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		d.Add(id)
		return err
	})
	if err != nil {
		return w.fail("sum up the ids in", issues.Name, "", err)
	}
	return nil
}

// changes are the readings that a transaction writes, and what they replace.
type changes struct {
	readings int64
	old      map[string]bool // tables that may have rows of their issues
	groups   int             // row groups with such rows
}

// tally counts the rows that were deleted from and inserted into each table.
type tally map[string]struct{ deleted, inserted int64 }

// add adds the counts of another.
func (t tally) add(o tally) {
	for name, n := range o {
		n.deleted += t[name].deleted
		n.inserted += t[name].inserted
		t[name] = n
	}
}

// replace writes the staged rows of changed issues, of all if they are fresh: to look for
// those that the table has already would have DuckDB hold something of each column of all
// its row groups while it inserts. If it is divisible, it fails with
// errSpread where rows are to be deleted all over the file. What is read once more is
// not: it comes in the order of its rows.
func (w *Warehouse) replace(ctx context.Context, c load.Commit, issues *table.Table, fresh, divisible bool) (written tally, err error) {
	if fresh {
		return w.replaceChanged(ctx, c, issues, changes{readings: stagedRows(w.staged[issues.Name])})
	}
	pick, args := w.sql().FindChanged(issues, c.Run.Pipeline, c.Rewrite)
	var ch changes
	if ch.readings, err = w.affect(ctx, "commit", issues.Name, pick, args...); err != nil || ch.readings == 0 {
		return tally{}, err
	}
	if ch.old, err = w.outdated(ctx, issues); err != nil {
		return nil, err
	}
	if ch.groups, err = w.countGroups(ctx, ch.old); err != nil {
		return nil, err
	}
	if divisible && !c.Rewrite && ch.groups > w.mostGroups() {
		return nil, errSpread
	}
	return w.replaceChanged(ctx, c, issues, ch)
}

// replaceChanged writes the staged rows of the readings that were picked, in all tables
// that have rows of issues. Rows are deleted and inserted: DuckDB's MERGE would hold
// wide rows in memory, where this streams them from the files to the table.
func (w *Warehouse) replaceChanged(ctx context.Context, c load.Commit, issues *table.Table, ch changes) (written tally, err error) {
	var kept []string
	if ch.old[issues.Name] {
		if kept, err = w.keep(ctx, issues); err != nil {
			return nil, err
		}
	}
	w.roomToDelete(ctx, ch.groups)
	if written, err = w.deleteRows(ctx, ch.old); err != nil {
		return nil, err
	}
	w.shrinkFor(ctx, w.staged)
	all := ch.readings == stagedRows(w.staged[issues.Name])
	return written, w.insertRows(ctx, c, all, kept, written)
}

// insertRows adds the staged rows of the readings that were picked, all being that every
// one was. Issues come first, and what is kept of their rows.
func (w *Warehouse) insertRows(ctx context.Context, c load.Commit, all bool, kept []string, written tally) (err error) {
	limited := false
	for _, t := range w.ofIssues() {
		if len(w.staged[t.Name]) == 0 {
			continue
		}
		var args []any
		var columns []string
		if t.Role == table.Issue {
			args, columns = []any{c.Run.Pipeline, c.Run.ID}, kept
			w.limitIssues(ctx)
		} else if !limited {
			if err := w.limitOthers(ctx); err != nil {
				return err
			}
			limited = true
		}
		n := written[t.Name]
		if all {
			n.inserted, err = w.insertAll(ctx, t, columns, args)
		} else {
			n.inserted, err = w.affect(ctx, "commit", t.Name, w.sql().InsertRows(t, columns), args...)
		}
		if err != nil {
			return err
		}
		w.wrote(t, n.inserted)
		written[t.Name] = n
	}
	w.limitIssues(ctx)
	return nil
}

// deleteRows deletes the rows of changed issues from the tables that may have some.
func (w *Warehouse) deleteRows(ctx context.Context, old map[string]bool) (written tally, err error) {
	written = tally{}
	for _, t := range w.ofIssues() {
		n := written[t.Name]
		if old[t.Name] {
			w.deleted = true
			if n.deleted, err = w.affect(ctx, "commit", t.Name, w.sql().DeleteRows(t)); err != nil {
				return nil, err
			}
		}
		written[t.Name] = n
	}
	return written, nil
}

// ofIssues returns the tables whose rows belong to issues.
func (w *Warehouse) ofIssues() (tables []*table.Table) {
	for _, t := range w.tables {
		if t.OfIssues() {
			tables = append(tables, t)
		}
	}
	return tables
}

// stagedRows counts the rows of files.
func stagedRows(files []stages.File) (n int64) {
	for _, f := range files {
		n += f.Rows
	}
	return n
}

// stagedBytes counts the bytes of files.
func stagedBytes(files []stages.File) (n int64) {
	for _, f := range files {
		n += f.Bytes
	}
	return n
}

// keep saves the cells of columns that this load does not bring, and returns
// the columns.
func (w *Warehouse) keep(ctx context.Context, issues *table.Table) ([]string, error) {
	have, err := w.columns(ctx, issues.Name)
	if err != nil {
		return nil, err
	}
	var kept []string
	for name := range have {
		if issues.Column(name) == nil {
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	if len(kept) == 0 {
		return nil, nil
	}
	return kept, w.exec(ctx, "commit", issues.Name, w.sql().KeepColumns(issues, kept))
}
