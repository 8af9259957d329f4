package duckdb

import (
	"context"
	"database/sql"

	"snowdrift/internal/table"
)

// A first load has nothing to delete. To look for it all the same, in every commit and
// every table, would read the ids of all rows that are there, and DuckDB would keep
// something of each of their row groups. Nor can it be told from issues alone: rows of
// child tables may be left whose issues somebody removed by hand. So the load begins
// by looking which tables are empty: what comes into them is its own.

// lookForOwn finds the child tables that have no rows. From then on they only have
// rows of issues that this process committed, and that issues has.
func (w *Warehouse) lookForOwn(ctx context.Context) error {
	for _, t := range w.tables {
		if _, known := w.own[t.Name]; known || t.Role != table.Child {
			continue
		}
		rows, err := w.any(ctx, t, "SELECT 1 FROM "+Dialect.Quote(t.Name)+" LIMIT 1")
		if err != nil {
			return err
		}
		w.own[t.Name] = !rows
	}
	return nil
}

// disown notes that somebody else may have written to the tables.
func (w *Warehouse) disown() {
	for name := range w.own {
		w.own[name] = false
	}
}

// outdated returns the tables that may have rows of changed issues.
func (w *Warehouse) outdated(ctx context.Context, issues *table.Table) (map[string]bool, error) {
	rows, err := w.any(ctx, issues, w.sql().AnyRow(issues))
	if err != nil {
		return nil, err
	}
	old := map[string]bool{}
	for _, t := range w.ofIssues() {
		if rows || t.Role == table.Child && !w.own[t.Name] {
			old[t.Name] = true
		}
	}
	return old, nil
}

// any reports whether a query of a table has a row.
func (w *Warehouse) any(ctx context.Context, t *table.Table, query string) (found bool, err error) {
	err = w.each(ctx, query, nil, func(*sql.Rows) error { found = true; return nil })
	if err != nil {
		return false, w.fail("look at", t.Name, query, err)
	}
	return found, nil
}
