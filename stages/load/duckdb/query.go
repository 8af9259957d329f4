package duckdb

import (
	"context"
	"database/sql"
	"errors"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Live sums up the ids of the pipeline's live rows.
func (w *Warehouse) Live(ctx context.Context, last *state.State) (d state.Digest, known bool, err error) {
	issues := w.table(table.Issue)
	if issues == nil {
		return d, false, w.fail("sum up", "", "", errNotPrepared)
	}
	err = w.digest(ctx, issues, last.Pipeline, &d)
	return d, err == nil, err
}

// Diff compares the staged census with the pipeline's rows.
func (w *Warehouse) Diff(ctx context.Context) (load.Diff, error) {
	d := load.NewDiff()
	issues := w.table(table.Issue)
	if issues == nil {
		return d, w.fail("compare with the census", "", "", errNotPrepared)
	}
	if len(w.staged[table.Census().Name]) == 0 {
		return d, w.fail("compare with the census", issues.Name, "", errors.New("no census was staged"))
	}
	if err := w.views(ctx, issues); err != nil {
		return d, err
	}
	err := w.each(ctx, w.sql().MissingIDs(issues), []any{w.job.Pipeline}, d.ScanMissing)
	if err != nil {
		return d, w.fail("compare with the census", issues.Name, "", err)
	}
	err = w.each(ctx, w.sql().AbsentIDs(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
		a, err := load.ScanAbsent(rows)
		d.Absent = append(d.Absent, a)
		return err
	})
	if err != nil {
		return d, w.fail("compare with the census", issues.Name, "", err)
	}
	err = w.each(ctx, w.sql().StaleRows(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
		stale, err := load.ScanStale(rows)
		d.Stale = append(d.Stale, stale)
		return err
	})
	if err != nil {
		return d, w.fail("compare with the census", issues.Name, "", err)
	}
	err = w.each(ctx, w.sql().LiveByProject(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
		var project, n int64
		err := rows.Scan(&project, &n)
		d.Live[project] = n
		return err
	})
	if err != nil {
		return d, w.fail("compare with the census", issues.Name, "", err)
	}
	return d, w.forget(table.Census().Name)
}

// Gone returns the pipeline's rows that are not live.
func (w *Warehouse) Gone(ctx context.Context, from int64, limit int) (gone []load.Absent, err error) {
	issues := w.table(table.Issue)
	if issues == nil {
		return nil, w.fail("list rows that are not live", "", "", errNotPrepared)
	}
	err = w.each(ctx, w.sql().GoneRows(issues, limit), []any{w.job.Pipeline, from}, func(rows *sql.Rows) error {
		a, err := load.ScanAbsent(rows)
		gone = append(gone, a)
		return err
	})
	if err != nil {
		return nil, w.fail("list rows that are not live", issues.Name, "", err)
	}
	return gone, nil
}

func (w *Warehouse) each(ctx context.Context, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := w.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
