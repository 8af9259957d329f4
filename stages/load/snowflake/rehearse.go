package snowflake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// scratch names what a rehearsal makes: a table, and a temporary stage.
const scratch = "_snowdrift_check"

// Rehearse tries what a load does and leaves nothing behind: a file of the
// Samples is PUT to a stage and copied into a temporary table, and its values read
// back; rows are merged into a table and deleted, and what is there of the
// pipeline's tables is written without a change, in a transaction that is rolled
// back. It wakes the warehouse. The file stays.
func Rehearse(ctx context.Context, opts Options, file stages.File) (err error) {
	w, err := newWarehouse(opts)
	if err != nil {
		return err
	}
	w.dir = filepath.Dir(file.Path)
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.with(ctx, func(ctx context.Context, s *session) (err error) {
		const op = "rehearse a load: make a table in schema"
		t := table.Findings()
		t.Name = scratch
		if err := s.run(ctx, op, w.opts.Schema, Dialect.CreateTable(t)); err != nil {
			return err
		}
		defer func() {
			// Whatever became of the rehearsal, and of its context.
			err = errors.Join(err, s.run(context.WithoutCancel(ctx), "rehearse a load: drop table", scratch, "DROP TABLE IF EXISTS "+Dialect.Quote(scratch)))
		}()
		if err := w.rehearseCopy(ctx, s, file); err != nil {
			return err
		}
		if err := w.rehearseValues(ctx, s); err != nil {
			return err
		}
		return w.rehearseMerge(ctx, s, file.Table)
	})
}

// rehearseCopy brings the file into a temporary table.
func (w *Warehouse) rehearseCopy(ctx context.Context, s *session, file stages.File) error {
	if err := s.run(ctx, "rehearse a load: make a stage in schema", w.opts.Schema, "CREATE OR REPLACE TEMPORARY STAGE "+Dialect.Quote(scratch)); err != nil {
		return err
	}
	place := "@" + Dialect.Quote(scratch) + "/"
	if err := put(ctx, s, file, place); err != nil {
		return err
	}
	if err := s.run(ctx, "rehearse a load: make a temporary table in schema", w.opts.Schema, createStaged(file.Table)); err != nil {
		return err
	}
	statement := copyInto(file.Table, place, []string{filepath.Base(file.Path)})
	rows, err := s.named(ctx, "rehearse a load: copy", file.Table.Name, statement)
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0]["rows_loaded"] != fmt.Sprint(file.Rows) {
		return fail("rehearse a load: copy", file.Table.Name, statement, fmt.Errorf("COPY of %d rows answered %v", file.Rows, rows))
	}
	return nil
}

// rehearseMerge writes in a transaction, and rolls it back.
func (w *Warehouse) rehearseMerge(ctx context.Context, s *session, staged *table.Table) error {
	own, from := Dialect.Quote(scratch), Dialect.Quote(load.StageName(staged))
	id := Dialect.Quote(table.ID)
	statements := []struct{ on, sql string }{
		{scratch, "MERGE INTO " + own + " t USING " + from + " s ON t." + id + " = s." + id + " WHEN MATCHED THEN UPDATE SET " + id + " = s." + id + " WHEN NOT MATCHED THEN INSERT (" + id + ") VALUES (s." + id + ")"},
		{scratch, "DELETE FROM " + own + " WHERE " + id + " >= 0"},
	}
	for _, t := range []*table.Table{table.Issues(nil, nil), table.ValueErrors()} {
		have, err := columns(ctx, s, t.Name)
		if err != nil {
			return err
		}
		if len(have) > 0 {
			name, key := Dialect.Quote(t.Name), Dialect.Quote(t.Key[0])
			statements = append(statements, struct{ on, sql string }{t.Name, "UPDATE " + name + " SET " + key + " = " + key + " WHERE 1 = 0"},
				struct{ on, sql string }{t.Name, "DELETE FROM " + name + " WHERE 1 = 0"},
				struct{ on, sql string }{t.Name, "INSERT INTO " + name + " SELECT * FROM " + name + " WHERE 1 = 0"})
		}
	}
	if err := s.run(ctx, "rehearse a load", scratch, "BEGIN"); err != nil {
		return err
	}
	var failed error
	for _, st := range statements {
		if failed = s.run(ctx, "rehearse a load: write", st.on, st.sql); failed != nil {
			break
		}
	}
	return errors.Join(failed, s.run(context.WithoutCancel(ctx), "rehearse a load", scratch, "ROLLBACK"))
}
