package snowflake

import (
	"context"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// Lacks returns what is not there of the tables.
func (w *Warehouse) Lacks(ctx context.Context, tables []*table.Table) (lacks []load.Lack, err error) {
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		lacks, w.shown = nil, nil
		return w.eachTable(ctx, s, tables, func(t *table.Table, have map[string]column) error {
			l, some := load.Lacking(t, len(have), func(name string) bool {
				_, there := have[Dialect.Fold(name)]
				return there
			})
			if some {
				lacks = append(lacks, l)
			}
			_, err := emptyMistyped(ctx, s, t, have)
			return err
		})
	})
	return lacks, err
}

// Prepare makes tables and columns that are missing. When there are some, it
// takes the lease first.
func (w *Warehouse) Prepare(ctx context.Context, tables []*table.Table) error {
	if w.prepared { // what was shown then is old
		w.shown = nil
	}
	w.tables, w.prepared = tables, true
	return w.with(ctx, func(ctx context.Context, s *session) error {
		if err := w.documentRecords(ctx, s); err != nil {
			return err
		}
		return w.eachTable(ctx, s, tables, func(t *table.Table, have map[string]column) error {
			if err := w.dropMistyped(ctx, s, t, have); err != nil {
				return err
			}
			return w.define(ctx, s, t, missing(t, have))
		})
	})
}

// documentRecords comments on the tables of our own records, as far as earlier versions
// made them: lead makes them with comments.
func (w *Warehouse) documentRecords(ctx context.Context, s *session) error {
	have, err := w.catalog(ctx, s)
	if err != nil {
		return err
	}
	for _, t := range table.Records() {
		if err := w.define(ctx, s, t, Dialect.Documentation(t, comments(have[Dialect.Fold(t.Name)]))); err != nil {
			return err
		}
	}
	return nil
}

// eachTable hands over the tables with the columns that they have.
func (w *Warehouse) eachTable(ctx context.Context, s *session, tables []*table.Table, do func(t *table.Table, have map[string]column) error) error {
	have, err := w.catalog(ctx, s)
	if err != nil {
		return err
	}
	all := len(w.shown) < shownColumns // beyond the limit it is not known whose are missing
	for _, t := range tables {
		if t.Role == table.Scratch {
			continue
		}
		name := Dialect.Fold(t.Name)
		if !all {
			if have[name], err = described(ctx, s, t.Name); err != nil {
				return err
			}
		}
		if err := do(t, have[name]); err != nil {
			return err
		}
	}
	return nil
}

// catalog returns the columns that there are, by table and name. Snowflake is asked for
// them unless nothing was made since it was.
func (w *Warehouse) catalog(ctx context.Context, s *session) (_ map[string]map[string]column, err error) {
	if w.shown == nil {
		if w.shown, err = showColumns(ctx, s); err != nil {
			return nil, err
		}
	}
	return catalog(w.shown), nil
}

// define runs the statements that bring a table to its description.
func (w *Warehouse) define(ctx context.Context, s *session, t *table.Table, statements []string) error {
	if len(statements) == 0 {
		return nil
	}
	w.shown = nil
	if err := w.lead(ctx, s); err != nil {
		return err
	}
	for _, statement := range statements {
		// Another pipeline may just have added a column.
		if err := s.run(ctx, "prepare table", t.Name, statement); err != nil && number(err) != errColumnExists {
			return err
		}
	}
	return nil
}

// column is what SHOW COLUMNS says of a column.
type column struct {
	kind    table.Type // 0 for one that snowdrift gives to no column
	comment string
}

// described returns the columns that a table has, by name; none if there is no such
// table.
func described(ctx context.Context, s *session, name string) (map[string]column, error) {
	rows, err := s.named(ctx, "read the columns of", name, "SHOW COLUMNS IN TABLE "+Dialect.Quote(name))
	if number(err) == errMissing {
		return nil, nil
	}
	return catalog(rows)[Dialect.Fold(name)], err
}

// columns returns the comments of the columns that a table has, by name; none
// if there is no such table.
func columns(ctx context.Context, s *session, name string) (map[string]string, error) {
	have, err := described(ctx, s, name)
	return comments(have), err
}

// comments returns the comments of columns, by name.
func comments(have map[string]column) map[string]string {
	out := map[string]string{}
	for name, c := range have {
		out[name] = c.comment
	}
	return out
}

// shownColumns is the number of columns beyond which SHOW COLUMNS is silent
// (sql-reference/sql/show-columns).
const shownColumns = 10_000

// showColumns reads the columns of all tables and views of the schema, without a
// warehouse.
func showColumns(ctx context.Context, s *session) ([]map[string]string, error) {
	return s.named(ctx, "read the columns of", "all tables", "SHOW COLUMNS IN SCHEMA")
}

// catalog returns the columns that SHOW COLUMNS answered, by table and name.
func catalog(rows []map[string]string) map[string]map[string]column {
	out := map[string]map[string]column{}
	for _, r := range rows {
		name := r["table_name"]
		if out[name] == nil {
			out[name] = map[string]column{}
		}
		out[name][r["column_name"]] = column{typeOf(r["data_type"]), r["comment"]}
	}
	return out
}
