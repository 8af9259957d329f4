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
	return int64(bytes) * w.threads()
}

// threads are those that each need as much memory as one.
func (w *Warehouse) threads() int64 { return int64(max(1, w.opts.Threads)) }

// memoryLimit is what DuckDB may use. Who gives memory back looks at its size from a
// goroutine of its own.
type memoryLimit struct {
	mu      sync.Mutex // of size
	size    string     // as DuckDB reads it; "" is DuckDB's own
	follow  bool       // nobody stated it, so it follows from what is needed
	bytes   int64      // size, if it follows, but for the steps of a commit
	deleted int64      // what a commit needs for the rows that it deletes
	lowered bool       // see limitOthers
	others  int64      // see othersMemory
	most    int64      // what was stated, or the share of the machine that DuckDB allows itself
}

func (m *memoryLimit) get() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.size
}

// set sets the limit, and reports whether that changes it.
func (m *memoryLimit) set(bytes, deleted int64) (changed bool) {
	m.bytes, m.deleted, m.lowered = min(bytes, m.most), deleted, false
	return m.instead(bytes + deleted)
}

// instead takes so many bytes for the limit until one is set, and reports whether that
// changes it.
func (m *memoryLimit) instead(bytes int64) (changed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	size := fmt.Sprintf("%dMB", min(bytes, m.most)/1_000_000)
	changed, m.size = size != m.size, size
	return changed
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
	w.memory.others = othersMemory * w.threads()
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
// is why something failed; or, if that was lowered for other tables, what they get beside
// what is held. w.conn may be in a transaction that failed, and be rolled back next.
func (w *Warehouse) moreRoom(ctx context.Context, err error) bool {
	m := &w.memory
	switch {
	case !outOfMemory(err) || !m.follow:
		return false
	case m.lowered:
		m.others *= 2
		m.lowered = false
		m.instead(w.withTexts())
	case m.bytes < m.most:
		m.set(2*m.bytes, m.deleted)
	default:
		return false
	}
	w.opts.Log.Info("DuckDB gets more memory", "limit", m.get())
	return w.changeLimit(context.WithoutCancel(ctx))
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
