package duckdb

import "context"

// Whenever DuckDB writes to a file, it looks for row groups side by side that would fit
// into fewer, and writes those anew: so the room of deleted rows is used again, and the
// few rows of many small commits come together. It takes all that it finds at once and
// holds their rows until the last one is written, which for issues, with their raw
// texts, is more than a commit of a first load takes: 200 MB more with 20,000 issues,
// 0.9 GB with 20,000 of 1,700 columns. And after a first load, which leaves a row group
// that is not full with every commit, there is next to nothing to gain. So it is done
// when other runs close the file, and with little memory.

// noMerging is the setting that a file is written with until it is closed.
const noMerging = "SET max_vacuum_tasks = 0"

// mergeMemory is what merging row groups gets beside what DuckDB holds already. It
// writes the rest to disk, and takes twice the CPU time that it would with 140 MB.
const mergeMemory = 64_000_000

// tidy closes the file, and has DuckDB merge row groups with it unless the run only
// added rows. If that fails, the file is as the last commit left it, and whoever opens
// it next does what was left to do.
func (w *Warehouse) tidy(ctx context.Context) error {
	if !w.opts.ReadOnly && (w.deleted || !w.added) {
		if err := w.merging(ctx); err != nil {
			return err
		}
	}
	return w.detach(ctx)
}

// merging turns the merging of row groups on. Of a wide file they are two or more of
// each table; each commit adds one, so about as many go as come.
func (w *Warehouse) merging(ctx context.Context) error {
	const op = "merge row groups"
	if w.wide() {
		return w.exec(ctx, op, w.opts.Path, "SET max_vacuum_tasks = 1")
	}
	if err := w.exec(ctx, op, w.opts.Path, "RESET max_vacuum_tasks"); err != nil || !w.memory.follow {
		return err
	}
	w.shrink(ctx)
	const query = "SELECT CAST(SUM(memory_usage_bytes) AS BIGINT) FROM duckdb_memory()"
	var used int64
	if err := w.conn.QueryRowContext(ctx, query).Scan(&used); err != nil {
		return w.fail(op, w.opts.Path, query, err)
	}
	w.memory.set(min(w.memory.bytes, used+w.mergeMemory))
	return w.exec(ctx, op, w.opts.Path, limit(w.memory.get()))
}
