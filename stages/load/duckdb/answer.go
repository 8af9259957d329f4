package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"snowdrift/stages/load"
)

// Query runs one statement that reads. JSON comes as its text, lists, structs and maps come
// as JSON, and what Go has no value for comes as DuckDB's own text: DuckDB is asked for
// these, since the driver would round numbers of JSON, mix up members and refuse some types.
// It does in answers that cannot be described, those of PRAGMA and EXPLAIN.
func (w *Warehouse) Query(ctx context.Context, query string) (load.Rows, error) {
	names, err := w.names(query)
	if err != nil {
		return nil, w.fail("query", "", query, err)
	}
	asked := w.asked(ctx, query)
	run := query
	if asked.readable != "" {
		run = asked.readable
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
		parsed := parseType(kind)
		if asked.readable != "" {
			name = asked.names[i]
			if parsed = parseType(asked.types[i]); parsed.kind != "" || !slices.Contains(read, parsed.name) {
				kind = asked.types[i]
			}
		}
		if len(names) == len(types) {
			name = names[i]
		}
		a.columns, a.types, a.parsed = append(a.columns, name), append(a.types, kind), append(a.parsed, parsed)
	}
	return a, nil
}

// names returns the names of the columns, of which a description makes different ones, and
// refuses several statements, of which the driver would run all. PIVOT is several to DuckDB,
// but has no semicolon between them; of it names knows none.
func (w *Warehouse) names(query string) (names []string, err error) {
	err = w.conn.Raw(func(c any) error {
		// Prepare, unlike PrepareContext, runs nothing.
		statement, err := c.(*duckdb.Conn).Prepare(query)
		if err != nil {
			if strings.Contains(err.Error(), "multi-statement") && strings.Contains(trimmed(query), ";") {
				return load.ErrSeveralStatements
			}
			return nil // running it says what is wrong with it
		}
		prepared := statement.(*duckdb.Stmt)
		n, err := prepared.ColumnCount()
		for i := 0; i < n && err == nil; i++ {
			var name string
			name, err = prepared.ColumnName(i)
			names = append(names, name)
		}
		return errors.Join(err, prepared.Close())
	})
	return names, err
}

func trimmed(query string) string { return strings.TrimRight(query, "; \t\r\n") }

// asked is what DuckDB says of the columns of a query.
type asked struct {
	names, types []string
	readable     string // the query for the same rows as the driver can read them; "" for the query itself
}

// asked describes a query; readable is "" if the driver can read its answer, or if it
// cannot be described.
func (w *Warehouse) asked(ctx context.Context, query string) asked {
	query = trimmed(query)
	found, err := w.describe(ctx, query)
	if last := strings.LastIndexByte(query, ';'); err != nil && last >= 0 {
		after := strings.TrimSpace(query[last+1:])
		if strings.HasPrefix(after, "--") || strings.HasPrefix(after, "/*") {
			found, err = w.describe(ctx, query[:last])
		}
	}
	if err != nil {
		return asked{}
	}
	return found
}

// describe asks for the columns of one statement that has rows.
func (w *Warehouse) describe(ctx context.Context, statement string) (a asked, err error) {
	from := "FROM (\n" + statement + "\n) AS q"
	var columns, cells []string
	asIs := true
	err = w.each(ctx, "DESCRIBE "+from, nil, func(rows *sql.Rows) error {
		var name, kind string
		var more any
		if err := rows.Scan(&name, &kind, &more, &more, &more, &more); err != nil {
			return err
		}
		column := fmt.Sprint("c", len(columns))
		cell := column
		if readable := parseType(kind).readable(); readable != kind {
			cell, asIs = "CAST("+column+" AS "+readable+")", false
		}
		a.names, a.types = append(a.names, name), append(a.types, kind)
		columns, cells = append(columns, column), append(cells, cell)
		return nil
	})
	if !asIs {
		a.readable = "SELECT " + strings.Join(cells, ", ") + " " + from + "(" + strings.Join(columns, ", ") + ")"
	}
	return a, err
}

type answer struct {
	rows    *sql.Rows
	columns []string
	types   []string
	parsed  []sqlType
}

func (a *answer) Columns() []string { return a.columns }

func (a *answer) Types() []string { return a.types }

func (a *answer) All() iter.Seq2[[]any, error] {
	return load.Cells(a.rows, len(a.columns), func(cells []any) {
		for i, t := range a.parsed {
			if t.kind != "" && cells[i] != nil {
				cells[i] = string(t.appendJSON(nil, cells[i]))
			}
		}
	})
}
