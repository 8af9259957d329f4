package duckdb

import (
	"cmp"
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

// Query runs SQL that reads. JSON comes as its text, and lists of JSON as lists of texts:
// the driver would make Go values of it, and round numbers or fail on those that are too
// large for one. So it does with JSON inside of structs and maps, and in the last of
// several statements, which cannot be asked for its columns alone.
func (w *Warehouse) Query(ctx context.Context, query string) (load.Rows, error) {
	columns := w.jsonColumns(ctx, query)
	run := query
	if columns != nil {
		run = columns.asText
	}
	rows, err := w.conn.QueryContext(ctx, run)
	if err != nil {
		return nil, w.fail("query", "", query, err)
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, errors.Join(w.fail("query", "", query, err), rows.Close())
	}
	a := &answer{rows: rows}
	for i, t := range types {
		name, kind := t.Name(), t.DatabaseTypeName()
		if columns != nil {
			name, kind = columns.names[i], cmp.Or(columns.json[i], kind)
		}
		a.columns, a.types = append(a.columns, name), append(a.types, kind)
	}
	return a, nil
}

// jsonColumns are the columns of a query of which some are JSON.
type jsonColumns struct {
	names  []string
	json   []string // JSON, JSON[] and so on, or "" for what is none
	asText string   // the query for the same rows with texts for JSON
}

// jsonColumns describes a query, and returns nil if no column is JSON or if it cannot be
// described.
func (w *Warehouse) jsonColumns(ctx context.Context, query string) *jsonColumns {
	query = strings.TrimRight(query, "; \t\r\n")
	found, err := w.describe(ctx, query)
	if last := strings.LastIndexByte(query, ';'); err != nil && last >= 0 {
		after := strings.TrimSpace(query[last+1:])
		if strings.HasPrefix(after, "--") || strings.HasPrefix(after, "/*") {
			found, err = w.describe(ctx, query[:last])
		}
	}
	if err != nil || !slices.ContainsFunc(found.json, func(kind string) bool { return kind != "" }) {
		return nil
	}
	return &found
}

// describe asks for the columns of one statement that has rows.
func (w *Warehouse) describe(ctx context.Context, statement string) (c jsonColumns, err error) {
	from := "FROM (\n" + statement + "\n) AS q"
	var columns, cells []string
	err = w.each(ctx, "DESCRIBE "+from, nil, func(rows *sql.Rows) error {
		var name, kind string
		var more any
		if err := rows.Scan(&name, &kind, &more, &more, &more, &more); err != nil {
			return err
		}
		column := fmt.Sprint("c", len(columns))
		cell, json := column, ""
		if list, is := strings.CutPrefix(kind, "JSON"); is {
			cell, json = "CAST("+column+" AS VARCHAR"+list+")", kind
		}
		c.names, c.json = append(c.names, name), append(c.json, json)
		columns, cells = append(columns, column), append(cells, cell)
		return nil
	})
	c.asText = "SELECT " + strings.Join(cells, ", ") + " " + from + "(" + strings.Join(columns, ", ") + ")"
	return c, err
}

type answer struct {
	rows    *sql.Rows
	columns []string
	types   []string // as the driver names them
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
