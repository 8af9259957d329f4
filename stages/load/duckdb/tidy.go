package duckdb

import (
	"context"
	"os"

	"snowdrift/internal/table"
)

// Whenever DuckDB writes to a file, it looks for row groups side by side that would fit
// into fewer, and writes those anew: so the room of deleted rows is used again, and the
// few rows of many small commits come together. It takes all that it finds at once and
// holds their rows until the last one is written, which for issues, with their raw
// texts, is more than a commit of a first load takes: 200 MB more with 20,000 issues,
// 0.9 GB with 20,000 of 1,700 columns. And whatever is small beside a row group that is
// nearly full has that one written once more, so that few rows in every run cost ten
// times what they are. So a file is written without it, but for one run in several.

const (
	// noMerging is the setting that a file is written with.
	noMerging = "SET max_vacuum_tasks = 0"
	// mergeAfter is the number of row groups of the table of runs from which on row
	// groups are merged. A run adds one, and three become one.
	mergeAfter = 12
	// mergeMemory is what merging row groups gets beside what DuckDB holds already. It
	// writes the rest to disk, and takes twice the CPU time that it would with 140 MB.
	mergeMemory = 64_000_000
)

// putAway writes the rows of a small commit to where they belong. DuckDB leaves them in
// memory until the write-ahead log is large enough, and to shrink would write every
// block of every column, and every raw text, into a temporary file: 9,700 files for 200
// issues with 1,700 columns.
func (w *Warehouse) putAway(ctx context.Context) {
	if log, err := os.Stat(w.opts.Path + ".wal"); err != nil || log.Size() == 0 {
		return
	}
	if err := w.checkpoint(ctx); err != nil {
		w.opts.Log.Debug("the rows are left to DuckDB to put away", "error", err)
	}
}

func (w *Warehouse) checkpoint(ctx context.Context) error {
	return w.exec(ctx, "write what is in the log to", w.opts.Path, "CHECKPOINT "+catalog)
}

// letGo is the last that is done with a file.
func (w *Warehouse) letGo(ctx context.Context) {
	defer w.givingBack(ctx)()
	w.tidy(ctx)
	if err := w.detach(ctx); err != nil {
		w.opts.Log.Debug("the file is left to DuckDB to close", "path", w.opts.Path, "error", err)
	}
}

// tidy merges row groups if it is time. If that fails, the file is as the last commit
// left it, and a later run does it.
func (w *Warehouse) tidy(ctx context.Context) {
	due, err := w.mergingDue(ctx)
	if err == nil && due {
		err = w.mergeRowGroups(ctx)
	}
	if err != nil {
		w.opts.Log.Warn("the row groups of the file were not merged; it grows until a later run does it", "error", err)
	}
}

// mergingDue reports whether row groups are to be merged: after a run that replaced rows
// and came to its end; who interrupts one does not wait for this. Of a wide file some
// are each time, since all at once would take too much memory.
func (w *Warehouse) mergingDue(ctx context.Context) (bool, error) {
	if !w.ended || !w.deleted {
		return false, nil
	}
	if w.wide() {
		return true, nil
	}
	const query = "SELECT COUNT(DISTINCT row_group_id) FROM pragma_storage_info('_snowdrift_runs')"
	var groups int
	if err := w.conn.QueryRowContext(ctx, query).Scan(&groups); err != nil {
		return false, w.fail("count row groups of", "_snowdrift_runs", query, err)
	}
	return groups >= mergeAfter, nil
}

// mergeRowGroups merges row groups, of each table the first that can be: so many that
// about as many go as come, and few enough for a file all of whose row groups could be,
// as one that an earlier version wrote with smaller ones. What DuckDB knows of the file
// from the commits before, and has of it in its cache, would be in memory beside them. If
// somebody takes the file while it is attached anew, a later run merges them.
func (w *Warehouse) mergeRowGroups(ctx context.Context) error {
	const op = "merge row groups of"
	if alone, err := w.attachAnew(ctx, 0); err != nil || !alone {
		return err
	}
	w.shrink(ctx)
	w.unmap()
	merging := "SET max_vacuum_tasks = 1"
	if !w.wide() {
		merging = "SET max_vacuum_tasks = 16"
		if err := w.roomToMerge(ctx); err != nil {
			return err
		}
	}
	if err := w.exec(ctx, op, w.opts.Path, merging); err != nil {
		return err
	}
	// While its log is empty, DuckDB writes nothing to the file.
	if err := w.define(ctx, op, w.opts.Path, 1, []string{`CREATE TABLE "_snowdrift_nothing" (nothing BOOLEAN)`, `DROP TABLE "_snowdrift_nothing"`}); err != nil {
		return err
	}
	return w.checkpoint(ctx)
}

// roomToMerge leaves DuckDB as much memory as it holds, and mergeMemory. To know the
// rows that are left of each row group it looks at all that was deleted, and holds some
// of it. A limit that the user set is kept.
func (w *Warehouse) roomToMerge(ctx context.Context) error {
	if !w.memory.follow {
		return nil
	}
	for _, t := range w.tables {
		if t.Role == table.Scratch {
			continue
		}
		err := w.withRoom(ctx, func() error {
			return w.exec(ctx, "look at", t.Name, "SELECT COUNT(*) FROM "+Dialect.Quote(t.Name))
		})
		if err != nil {
			return err
		}
	}
	w.shrink(ctx)
	used, err := w.used(ctx)
	if err != nil {
		return err
	}
	w.memory.set(used+w.mergeMemory, 0)
	return w.setLimit(ctx)
}
