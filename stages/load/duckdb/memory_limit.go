package duckdb

import (
	"context"
	"fmt"
)

// What DuckDB needs to load a table, by its own count, for each thread. It sets
// aside 2,048 cells of each column in every step of a statement, the row group
// that is being filled, and what a column's Parquet reader needs, however few cells
// have a value: little of this is ever touched. A load of 1,700 columns failed with
// 210 KB of them each, and spilled with 240 KB.
const (
	leastMemory  = 120_000_000
	columnMemory = 330_000
)

// need returns the memory limit for a table of so many columns.
func (w *Warehouse) need(columns int) string {
	bytes := max(leastMemory, columns*columnMemory) * max(1, w.opts.Threads)
	return fmt.Sprintf("%dMB", bytes/1_000_000)
}

// makeRoom raises the memory limit to what a table of so many columns needs. One
// that the user set is kept to.
func (w *Warehouse) makeRoom(ctx context.Context, columns int) error {
	if w.opts.MemoryLimit != "" || w.opts.ReadOnly {
		return nil
	}
	w.memory = w.need(columns)
	return w.exec(ctx, "set the memory limit", "", limit(w.memory))
}

// limit returns the statement that sets DuckDB's memory limit.
func limit(size string) string { return "SET memory_limit = " + Dialect.Literal(size) }
