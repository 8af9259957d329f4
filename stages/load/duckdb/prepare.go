package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"

	"snowdrift/internal/table"
	sqlfiles "snowdrift/sql"
	"snowdrift/stages/load"
)

// Lacks returns what is not there of the tables.
func (w *Warehouse) Lacks(ctx context.Context, tables []*table.Table) (lacks []load.Lack, err error) {
	catalog, err := w.catalog(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		if t.Role == table.Scratch {
			continue
		}
		have := catalog[t.Name]
		if l, some := load.Lacking(t, len(have), func(name string) bool { return have[name].kind != "" }); some {
			lacks = append(lacks, l)
		}
		if _, err := w.emptyMistyped(ctx, t, have); err != nil {
			return nil, err
		}
	}
	return lacks, nil
}

// Prepare makes tables and columns that are missing.
func (w *Warehouse) Prepare(ctx context.Context, tables []*table.Table) error {
	w.tables = tables
	catalog, err := w.catalog(ctx)
	if err != nil {
		return err
	}
	if err := w.document(ctx, catalog); err != nil {
		return err
	}
	widest := 0
	for _, t := range tables {
		if t.Role == table.Scratch {
			continue
		}
		have := catalog[t.Name]
		widest = max(widest, columnsOf(t, have))
		if err := w.dropMistyped(ctx, t, have); err != nil {
			return err
		}
		if err := w.define(ctx, "prepare table", t.Name, len(t.Columns), missing(t, have)); err != nil {
			return err
		}
	}
	w.fitRowGroups(widest)
	if err := w.makeRoom(ctx, widest); err != nil {
		return err
	}
	return w.lookForOwn(ctx)
}

// columnsOf counts the columns that a table has once those that are missing are
// made.
func columnsOf(t *table.Table, have map[string]column) int {
	n := len(t.Columns)
	for name := range have {
		if t.Column(name) == nil {
			n++
		}
	}
	return n
}

// keptColumns bounds how many statements of a definition make a transaction. One
// for each of them takes half as long again. But until it ends, DuckDB keeps the
// whole table as it was before each of them, 400 bytes for a column: 1,700 comments
// on as many columns in one transaction took 1 GB, outside its memory limit.
const keptColumns = 30_000

// define runs the statements that define a table or view with so many columns, the
// first two in one transaction.
func (w *Warehouse) define(ctx context.Context, op, on string, columns int, statements []string) error {
	for some := range slices.Chunk(statements, max(2, keptColumns/max(1, columns))) {
		err := w.transaction(ctx, op, func() error { return w.script(ctx, op, on, some) })
		if err != nil {
			return err
		}
	}
	return nil
}

// script runs statements that return nothing. They are handed over as one query: for
// each statement that is executed by itself the driver has a goroutine wait for its
// end, which for a comment on a column takes half as long as the comment.
func (w *Warehouse) script(ctx context.Context, op, on string, statements []string) error {
	for _, s := range statements {
		w.opts.Log.Debug("statement", "op", op, "on", on, "sql", s)
	}
	if err := w.each(ctx, strings.Join(statements, "\n;\n"), nil, func(*sql.Rows) error { return nil }); err != nil {
		return w.fail(op, on, statements[0], err)
	}
	return nil
}

// column is what the file says of a column.
type column struct{ kind, comment string }

// eachColumn hands over the columns of all tables and views, or of those of a name,
// each relation's in their order.
func (w *Warehouse) eachColumn(ctx context.Context, of string, take func(relation, name string, c column)) error {
	const query = `SELECT table_name, column_name, data_type, COALESCE(comment, '') FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = current_schema() AND ? IN ('', table_name)
ORDER BY table_name, column_index`
	err := w.each(ctx, query, []any{of}, func(rows *sql.Rows) error {
		var relation, name string
		var c column
		err := rows.Scan(&relation, &name, &c.kind, &c.comment)
		take(relation, name, c)
		return err
	})
	if err != nil {
		return w.fail("read the columns of", cmp.Or(of, "all tables"), query, err)
	}
	return nil
}

// catalog returns the columns of all tables and views, by name.
func (w *Warehouse) catalog(ctx context.Context) (map[string]map[string]column, error) {
	have := map[string]map[string]column{}
	err := w.eachColumn(ctx, "", func(relation, name string, c column) {
		if have[relation] == nil {
			have[relation] = map[string]column{}
		}
		have[relation][name] = c
	})
	return have, err
}

// columns returns the comments of the columns that a table has, by name.
func (w *Warehouse) columns(ctx context.Context, name string) (map[string]string, error) {
	have := map[string]string{}
	err := w.eachColumn(ctx, name, func(_, name string, c column) { have[name] = c.comment })
	return have, err
}

// document comments the tables of our own records, and their columns, of which there
// are few.
func (w *Warehouse) document(ctx context.Context, have map[string]map[string]column) error {
	var statements []string
	for _, t := range table.Records() {
		statements = append(statements, Dialect.Documentation(t, comments(have[t.Name]))...)
	}
	return w.define(ctx, "document", "our records", 1, statements)
}

// comments returns those of columns, by name.
func comments(have map[string]column) map[string]string {
	out := map[string]string{}
	for name, c := range have {
		out[name] = c.comment
	}
	return out
}

// emptyMistyped returns the columns of another type than their description says that
// hold nothing. One with values is refused if its type tells that it was made for
// others, see madeForOthers.
func (w *Warehouse) emptyMistyped(ctx context.Context, t *table.Table, have map[string]column) (empty []table.Column, err error) {
	for _, c := range t.Columns {
		kind := have[c.Name].kind
		if kind == "" || kind == Dialect.Types[c.Type] {
			continue
		}
		var values int64
		count := "SELECT COUNT(" + Dialect.Quote(c.Name) + ") FROM " + Dialect.Quote(t.Name)
		if err := w.conn.QueryRowContext(ctx, count).Scan(&values); err != nil {
			return nil, w.fail("look at column "+c.Name+" of", t.Name, count, err)
		}
		switch {
		case values == 0:
			empty = append(empty, c)
		case madeForOthers(kind, c.Type):
			return nil, Dialect.Mistyped(t, c, kind)
		}
	}
	return empty, nil
}

// dropMistyped removes, of the table and of have, columns of another type than their
// description says, if they hold nothing. A run that ended before its first commit
// leaves columns of which the ledger does not know; when their field then changes its
// type, the new column gets the name of the old one.
func (w *Warehouse) dropMistyped(ctx context.Context, t *table.Table, have map[string]column) error {
	empty, err := w.emptyMistyped(ctx, t, have)
	if err != nil {
		return err
	}
	for _, c := range empty {
		delete(have, c.Name)
		drop := "ALTER TABLE " + Dialect.Quote(t.Name) + " DROP COLUMN " + Dialect.Quote(c.Name)
		if err := w.exec(ctx, "prepare table", t.Name, drop); err != nil {
			return err
		}
	}
	return nil
}

// madeForOthers reports whether a type is that of columns for other values than those
// of t. One that snowdrift gives to no column, such as HUGEINT, somebody chose, as a
// VARCHAR for JSON, which is a text here.
func madeForOthers(kind string, t table.Type) bool {
	if kind == Dialect.Types[table.Text] && t == table.JSON {
		return false
	}
	for other, name := range Dialect.Types {
		if name == kind {
			return !load.Alike(other, t)
		}
	}
	return false
}

// missing returns the statements that bring a table with the columns have to
// its description.
func missing(t *table.Table, have map[string]column) []string {
	var out []string
	if len(have) == 0 {
		out = append(out, Dialect.CreateTable(t), Dialect.CommentOnTable(t))
	}
	for _, c := range t.Columns {
		is, there := have[c.Name]
		if !there && len(have) > 0 {
			out = append(out, Dialect.AddColumn(t, c))
		}
		if is.comment != c.Doc {
			out = append(out, Dialect.CommentOnColumn(t, c))
		}
	}
	return out
}

// DDL returns the statements that Prepare would run on an empty file.
func (w *Warehouse) DDL(tables []*table.Table) []string { return DDL(tables) }

// DDL returns the statements that make the tables in an empty file.
func DDL(tables []*table.Table) []string {
	out := sqlfiles.Statements("duckdb/meta.sql")
	for _, t := range table.Records() {
		none := map[string]string{}
		for _, c := range t.Columns {
			none[c.Name] = ""
		}
		out = append(out, Dialect.Documentation(t, none)...)
	}
	for _, t := range tables {
		if t.Role != table.Scratch {
			out = append(out, missing(t, nil)...)
		}
	}
	return out
}
