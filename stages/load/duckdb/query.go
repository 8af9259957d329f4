package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

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

// Query runs SQL that reads.
func (w *Warehouse) Query(ctx context.Context, query string) (load.Rows, error) {
	rows, err := w.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, w.fail("query", "", query, err)
	}
	columns, err := rows.Columns()
	if err != nil {
		return nil, errors.Join(w.fail("query", "", query, err), rows.Close())
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, errors.Join(w.fail("query", "", query, err), rows.Close())
	}
	return &answer{rows: rows, columns: columns, types: types}, nil
}

type answer struct {
	rows    *sql.Rows
	columns []string
	types   []*sql.ColumnType
}

func (a *answer) Columns() []string { return a.columns }

func (a *answer) Types() []string {
	var names []string
	for _, t := range a.types {
		names = append(names, t.DatabaseTypeName())
	}
	return names
}

func (a *answer) All() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		defer a.rows.Close()
		cells := make([]any, len(a.columns))
		into := make([]any, len(a.columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		for a.rows.Next() {
			if err := a.rows.Scan(into...); err != nil {
				yield(nil, fmt.Errorf("read the answer: %w", err))
				return
			}
			if !yield(cells, nil) {
				return
			}
		}
		if err := a.rows.Err(); err != nil {
			yield(nil, fmt.Errorf("read the answer: %w", err))
		}
	}
}
