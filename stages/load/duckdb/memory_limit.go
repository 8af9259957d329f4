package duckdb

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// What DuckDB needs to load a table, by its own count, for each thread. Of each column
// it sets aside 2,048 cells in every step of a statement and what its Parquet reader
// needs, and the cells of the row group that is being filled, however few of them have
// a value: little of this is ever touched. A row group has raw texts besides. With less
// it spills, which takes many times the CPU time of the load: 20,000 issues of 378
// columns took 14 seconds with 128 MB, and 4.7 with 200 MB. With 210 KB for each of
// 1,700 columns in row groups of 2,048 rows it failed.
const (
	leastMemory  = 55_000_000
	columnMemory = 200_000
	rowMemory    = 10_000
	cellMemory   = 50
)

// need returns the bytes that a table of so many columns needs.
func (w *Warehouse) need(columns int) int64 {
	bytes := leastMemory + columns*columnMemory + w.rowGroup*(rowMemory+columns*cellMemory)
	return int64(bytes) * int64(max(1, w.opts.Threads))
}

// memoryLimit is what DuckDB may use. Who gives memory back looks at it from a
// goroutine of its own.
type memoryLimit struct {
	mu      sync.Mutex
	size    string // as DuckDB reads it; "" is DuckDB's own
	follow  bool   // nobody stated it, so it follows from what is needed
	bytes   int64  // size, if it follows, without what is deleted
	deleted int64  // what a commit needs for the rows that it deletes
	most    int64  // what was stated, or the share of the machine that DuckDB allows itself
}

func (m *memoryLimit) get() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size
}

func (m *memoryLimit) set(bytes, deleted int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes, m.deleted = min(bytes, m.most), deleted
	m.size = fmt.Sprintf("%dMB", min(bytes+deleted, m.most)/1_000_000)
}

// limitMemory sets the limit that the file is opened with.
func (w *Warehouse) limitMemory(ctx context.Context) error {
	if w.memory.size = w.opts.MemoryLimit; w.memory.size != "" {
		if err := w.setLimit(ctx); err != nil {
			return err
		}
	}
	const most = "SELECT parse_formatted_bytes(current_setting('memory_limit'))"
	if err := w.conn.QueryRowContext(ctx, most).Scan(&w.memory.most); err != nil {
		return w.fail("read the memory limit", "", most, err)
	}
	if w.memory.follow = w.memory.size == "" && !w.opts.ReadOnly; !w.memory.follow {
		return nil
	}
	w.memory.set(w.need(0), 0)
	return w.setLimit(ctx)
}

// setLimit tells DuckDB its memory limit.
func (w *Warehouse) setLimit(ctx context.Context) error {
	return w.exec(ctx, "set the memory limit", "", limit(w.memory.get()))
}

// used returns what DuckDB holds, by its own count.
func (w *Warehouse) used(ctx context.Context) (bytes int64, err error) {
	const query = "SELECT CAST(COALESCE(SUM(memory_usage_bytes), 0) AS BIGINT) FROM duckdb_memory()"
	if err := w.conn.QueryRowContext(ctx, query).Scan(&bytes); err != nil {
		return 0, w.fail("look at the memory", "", query, err)
	}
	return bytes, nil
}

// makeRoom raises the memory limit to what a table of so many columns needs. One that
// the user set is kept to.
func (w *Warehouse) makeRoom(ctx context.Context, columns int) error {
	if !w.memory.follow {
		return nil
	}
	w.memory.set(max(w.memory.bytes, w.need(columns)), 0)
	return w.setLimit(ctx)
}

// withRoom does some work, and again as long as DuckDB gets more room for it.
func (w *Warehouse) withRoom(ctx context.Context, work func() error) error {
	for {
		if err := work(); err == nil || !w.moreRoom(ctx, err) {
			return err
		}
	}
}

// moreRoom doubles DuckDB's memory limit, up to what it would allow itself, if that
// is why something failed. w.conn may be in a transaction that failed.
func (w *Warehouse) moreRoom(ctx context.Context, err error) bool {
	if !outOfMemory(err) || !w.memory.follow || w.memory.bytes >= w.memory.most {
		return false
	}
	w.memory.set(2*w.memory.bytes, w.memory.deleted)
	w.opts.Log.Info("DuckDB gets more memory", "limit", w.memory.get())
	return w.changeLimit(ctx)
}

// changeLimit tells DuckDB a limit that has changed in the middle of a commit.
func (w *Warehouse) changeLimit(ctx context.Context) bool {
	size := w.memory.get()
	w.opts.Log.Debug("another memory limit", "limit", size)
	if err := w.tellLimit(ctx); err != nil {
		w.opts.Log.Warn("DuckDB did not get another memory limit", "limit", size, "error", err)
		return false
	}
	return true
}

// tellLimit is setLimit beside w.conn, which is busy, and whose transaction an error does
// not touch then. It holds the lock, lest an older limit comes after a newer one.
func (w *Warehouse) tellLimit(ctx context.Context) error {
	w.memory.mu.Lock()
	defer w.memory.mu.Unlock()
	if w.memory.size == "" {
		return nil
	}
	_, err := w.db.ExecContext(ctx, limit(w.memory.size))
	return err
}

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

// deletedAll lowers the memory limit again when a commit is over.
func (w *Warehouse) deletedAll(ctx context.Context) {
	if w.memory.follow && w.memory.deleted > 0 {
		w.memory.set(w.memory.bytes, 0)
		w.changeLimit(context.WithoutCancel(ctx))
	}
}

// outOfMemory reports whether DuckDB came to its limit. It has no codes; this is how its
// OutOfMemoryException begins, and a COMMIT that failed of one says how much was used.
func outOfMemory(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "Out of Memory Error") || strings.Contains(text, "Failed to commit: ") && strings.Contains(text, " used)")
}

// limit returns the statement that sets DuckDB's memory limit.
func limit(size string) string { return "SET memory_limit = " + Dialect.Literal(size) }
