package snowflake

import (
	"context"

	"snowdrift/internal/table"
)

// Prepare makes tables and columns that are missing. When there are some, it
// takes the lease first.
func (w *Warehouse) Prepare(ctx context.Context, tables []*table.Table) (made []string, err error) {
	w.tables, w.prepared = tables, true
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		for _, t := range tables {
			if t.Role == table.Scratch {
				continue
			}
			is, err := w.prepareTable(ctx, s, t)
			if err != nil {
				return err
			}
			if is {
				made = append(made, t.Name)
			}
		}
		return nil
	})
	return made, err
}

// prepareTable reports whether it made the table.
func (w *Warehouse) prepareTable(ctx context.Context, s *session, t *table.Table) (made bool, err error) {
	have, err := columns(ctx, s, t.Name)
	if err != nil {
		return false, err
	}
	statements := missing(t, have)
	if len(statements) == 0 {
		return false, nil
	}
	if err := w.lead(ctx, s); err != nil {
		return false, err
	}
	for _, statement := range statements {
		// Another pipeline may just have added a column.
		if err := s.run(ctx, "prepare table", t.Name, statement); err != nil && number(err) != errColumnExists {
			return false, err
		}
	}
	return len(have) == 0, nil
}

// columns returns the comments of the columns that a table has, by name; none
// if there is no such table.
func columns(ctx context.Context, s *session, name string) (map[string]string, error) {
	rows, err := s.named(ctx, "read the columns of", name, "SHOW COLUMNS IN TABLE "+Dialect.Quote(name))
	if number(err) == errMissing {
		return nil, nil
	}
	have := map[string]string{}
	for _, r := range rows {
		have[r["column_name"]] = r["comment"]
	}
	return have, err
}
