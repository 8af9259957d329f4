package duckdb

import (
	"context"

	"snowdrift/internal/table"
)

// What the steps of a commit need differs, and so does the limit that nobody stated: more
// for what is deleted and for the texts of issues, less for other tables.

// deletedMemory is what DuckDB holds of each row group of which a transaction deletes
// rows, until it ends and the file is written. After changes all over the site that is
// 43 MB for each million rows of a table, and more where row groups are smaller.
const deletedMemory = 256 << 10

// countedRows is how many rows a row group is taken to have where they are counted: half
// of what it may have, for commits leave smaller ones, and earlier versions wrote them.
func (w *Warehouse) countedRows() int { return max(wideRowGroup, w.rowGroup/2) }

// countGroups counts the row groups of tables in which there are rows of changed issues.
func (w *Warehouse) countGroups(ctx context.Context, old map[string]bool) (groups int, err error) {
	for _, t := range w.tables {
		if !old[t.Name] {
			continue
		}
		var n int
		query := w.sql().CountParts(t, w.countedRows())
		if err := w.conn.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return 0, w.fail("count what is to be deleted of", t.Name, query, err)
		}
		groups += n
	}
	return groups, nil
}

// roomToDelete raises the memory limit, until the commit is over, by what it takes to
// delete rows from so many row groups. It has to be there before: a deletion that runs
// out of memory cannot be rolled back, and not be done again before the file is attached
// anew.
func (w *Warehouse) roomToDelete(ctx context.Context, groups int) {
	deleted := int64(groups) * deletedMemory
	if w.memory.follow && deleted > w.memory.bytes/8 {
		w.memory.set(w.memory.bytes, deleted)
		w.changeLimit(ctx)
	}
}

// textMemory is what raw texts may take more for each row, by DuckDB's count, while they
// are inserted: of those of 4 to 16 KB most have a block of 20 KB each, of which only what
// they need is touched. 13,000 issues of a real site, of 6 KB on average, took 180 MB by
// that count; with 143 DuckDB wrote 500 to disk, which was a third of the CPU time.
const textMemory = 18_000

// othersMemory is what DuckDB needs for each thread, beside what it holds already, to
// insert short rows into tables with few columns; for longer ones it needs a row group of
// them more. In a staged file they take at least a fourth of their size, mostly.
const (
	othersMemory = 32_000_000
	packed       = 4
)

// withTexts is the limit while issues are inserted, and when they are committed: row
// groups that are not full are copied then.
func (w *Warehouse) withTexts() int64 {
	return w.memory.bytes + w.memory.deleted + textMemory*int64(w.rowGroup)*w.threads()
}

// limitIssues sets the memory limit for inserting issues.
func (w *Warehouse) limitIssues(ctx context.Context) {
	w.memory.lowered = false
	if w.memory.follow && w.memory.instead(w.withTexts()) {
		w.changeLimit(ctx)
	}
}

// limitOthers sets the memory limit for inserting into other tables, if it is lower: what
// DuckDB holds, the last rows of issues among it, and what that takes. With more it would
// keep what it has written of these tables in its cache, which is of no use to anybody, and
// takes CPU time, too, to get the pages from the system.
func (w *Warehouse) limitOthers(ctx context.Context) error {
	if !w.memory.follow {
		return nil
	}
	used, err := w.used(ctx)
	if err != nil {
		return err
	}
	if needed := used + w.memory.others + w.longestRows(); needed < min(w.withTexts(), w.memory.most) {
		w.memory.lowered = true
		w.memory.instead(needed)
		w.changeLimit(ctx)
	}
	return nil
}

// longestRows returns about what the staged rows of a row group take, of the table other
// than issues where they take most.
func (w *Warehouse) longestRows() (bytes int64) {
	for _, t := range w.ofIssues() {
		rows := stagedRows(w.staged[t.Name])
		if t.Role == table.Issue || rows == 0 {
			continue
		}
		group := min(rows, int64(w.rowGroup)*w.threads())
		bytes = max(bytes, packed*stagedBytes(w.staged[t.Name])*group/rows)
	}
	return bytes
}

// limitAsEver sets the memory limit that a commit begins with, when it is over.
func (w *Warehouse) limitAsEver(ctx context.Context) {
	if w.memory.follow && w.memory.set(w.memory.bytes, 0) {
		w.changeLimit(context.WithoutCancel(ctx))
	}
}
