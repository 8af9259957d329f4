package snowflake

import (
	"context"

	"snowdrift/internal/table"
)

// Lacks returns the names of those tables that are not there.
func (w *Warehouse) Lacks(ctx context.Context, tables []*table.Table) (names []string, err error) {
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		names = nil
		return w.eachTable(ctx, s, tables, func(t *table.Table, have map[string]column) error {
			if len(have) == 0 {
				names = append(names, t.Name)
			}
			return nil
		})
	})
	return names, err
}

// Prepare makes tables and columns that are missing. When there are some, it
// takes the lease first.
func (w *Warehouse) Prepare(ctx context.Context, tables []*table.Table) error {
	w.tables, w.prepared = tables, true
	return w.with(ctx, func(ctx context.Context, s *session) error {
		return w.eachTable(ctx, s, tables, func(t *table.Table, have map[string]column) error {
			return w.prepareTable(ctx, s, t, have)
		})
	})
}

// eachTable hands over the tables with the columns that they have, of which Snowflake is
// asked unless that was just now.
func (w *Warehouse) eachTable(ctx context.Context, s *session, tables []*table.Table, do func(t *table.Table, have map[string]column) error) (err error) {
	if w.shown == nil {
		if w.shown, err = showColumns(ctx, s); err != nil {
			return err
		}
	}
	// Beyond the limit it is not known whose are missing.
	have, all := catalog(w.shown), len(w.shown) < shownColumns
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

// prepareTable brings a table with the columns have to its description.
func (w *Warehouse) prepareTable(ctx context.Context, s *session, t *table.Table, have map[string]column) error {
	if err := w.dropMistyped(ctx, s, t, have); err != nil {
		return err
	}
	statements := missing(t, have)
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
	comments := map[string]string{}
	for name, c := range have {
		comments[name] = c.comment
	}
	return comments, err
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
