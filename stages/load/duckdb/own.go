package duckdb

import (
	"context"
	"database/sql"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// A first load has nothing to replace. To look for it all the same, in every commit and
// every table, would read the ids of all rows that are there, and DuckDB would keep
// something of each of their row groups. Nor can it be told from issues alone: rows of
// child tables may be left whose issues somebody removed by hand. So the load begins
// by looking which tables are empty: what comes into them is its own. Of issues it keeps
// the ids that it has committed: of a million up to 2 MB, more only if they are a hundred apart.

// lookForOwn finds the child tables that have no rows, and whether that of issues has none
// of the site. From then on they only have rows of issues that this process committed,
// and that issues has; that of issues may have others of other sites.
func (w *Warehouse) lookForOwn(ctx context.Context) error {
	for _, t := range w.tables {
		if _, known := w.own[t.Name]; known || !t.OfIssues() {
			continue
		}
		query := "SELECT 1 FROM " + Dialect.Quote(t.Name)
		if t.Role == table.Issue && t.Column(table.Site) != nil {
			query += " WHERE " + Dialect.Quote(table.Site) + " = " + Dialect.Literal(w.job.Site)
		}
		rows, err := w.any(ctx, t, query+" LIMIT 1")
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
	w.committed.Clear()
}

// arrive returns the ids of the staged issues, and whether none of them has rows anywhere:
// then they need not be looked for. Where the tables are not the load's own it returns
// neither.
func (w *Warehouse) arrive(ctx context.Context, issues *table.Table) (ids *roaring64.Bitmap, fresh bool, err error) {
	if issues == nil || len(w.staged[issues.Name]) == 0 || !w.own[issues.Name] {
		return nil, false, nil
	}
	ids, fresh = roaring64.New(), true
	query := "SELECT " + Dialect.Quote(table.ID) + " FROM " + Dialect.Quote(load.StageName(issues))
	err = w.each(ctx, query, nil, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		fresh = ids.CheckedAdd(uint64(id)) && fresh // not twice: one of the readings would be older
		return err
	})
	if err != nil {
		return nil, false, w.fail("look at", issues.Name, query, err)
	}
	for _, t := range w.ofIssues() {
		fresh = fresh && w.own[t.Name]
	}
	return ids, fresh && !ids.Intersects(w.committed), nil
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
