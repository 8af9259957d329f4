package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

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

// Query runs SQL that reads. JSON comes as its text: the driver would make Go values of
// it, and round numbers or fail on those that are too large for one.
func (w *Warehouse) Query(ctx context.Context, query string) (load.Rows, error) {
	a := &answer{}
	if asText := w.jsonAsText(ctx, query, a); asText != "" {
		query = asText
	}
	var err error
	if a.rows, err = w.conn.QueryContext(ctx, query); err != nil {
		return nil, w.fail("query", "", query, err)
	}
	if a.columns != nil {
		return a, nil
	}
	if err := a.describe(); err != nil {
		return nil, errors.Join(w.fail("query", "", query, err), a.rows.Close())
	}
	return a, nil
}

// jsonAsText returns a query for the same rows with the texts of JSON, and describes the
// answer, if it has any. What cannot be asked for its columns has none.
func (w *Warehouse) jsonAsText(ctx context.Context, query string, a *answer) string {
	query = "FROM (\n" + strings.TrimRight(query, "; \t\r\n") + "\n) AS q"
	var names, types, columns, cells []string
	err := w.each(ctx, "DESCRIBE "+query, nil, func(rows *sql.Rows) error {
		var name, kind string
		var more any
		if err := rows.Scan(&name, &kind, &more, &more, &more, &more); err != nil {
			return err
		}
		column := fmt.Sprint("c", len(names))
		cell := column
		if suffix, is := strings.CutPrefix(kind, "JSON"); is {
			cell = "CAST(" + column + " AS VARCHAR" + suffix + ")"
		}
		names, types, columns, cells = append(names, name), append(types, kind), append(columns, column), append(cells, cell)
		return nil
	})
	if err != nil || slices.Equal(columns, cells) {
		return ""
	}
	a.columns, a.types = names, types
	return "SELECT " + strings.Join(cells, ", ") + " " + query + "(" + strings.Join(columns, ", ") + ")"
}

type answer struct {
	rows    *sql.Rows
	columns []string
	types   []string // as DuckDB names them
}

// describe takes names and types from the driver.
func (a *answer) describe() error {
	columns, err := a.rows.ColumnTypes()
	for _, c := range columns {
		a.columns, a.types = append(a.columns, c.Name()), append(a.types, c.DatabaseTypeName())
	}
	return err
}

func (a *answer) Columns() []string { return a.columns }

func (a *answer) Types() []string { return a.types }

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
