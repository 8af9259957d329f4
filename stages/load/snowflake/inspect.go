package snowflake

import (
	"context"
	"database/sql"
	"errors"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Inspect looks at what is there of the tables, without a warehouse.
func (w *Warehouse) Inspect(ctx context.Context, job load.Job, tables []*table.Table) ([]*table.Table, error) {
	if err := w.Acquire(ctx, job); err != nil { // which only notes them
		return nil, err
	}
	err := w.with(ctx, func(ctx context.Context, s *session) error {
		w.tables = nil
		for _, t := range tables {
			have, err := columns(ctx, s, t.Name)
			if err != nil {
				return err
			}
			if len(have) == 0 {
				continue
			}
			there, err := Dialect.Present(t, have)
			if err != nil {
				return err
			}
			w.tables = append(w.tables, there)
		}
		return nil
	})
	return w.tables, err
}

// Versions returns the digest of the pipeline's live rows by id and updated.
func (w *Warehouse) Versions(ctx context.Context) (d state.Digest, strays []load.Stray, err error) {
	const op = "sum up"
	issues := w.table(table.Issue)
	if issues == nil {
		return d, nil, fail(op, "issues", "", errors.New("there is no such table"))
	}
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		strays = nil
		if err := s.each(ctx, op, issues.Name, w.sql().VersionDigest(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
			return rows.Scan(&d.Count, &d.Sum)
		}); err != nil {
			return err
		}
		return s.each(ctx, op, issues.Name, w.sql().StrayRows(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
			stray, err := load.ScanStray(rows)
			strays = append(strays, stray)
			return err
		})
	})
	return d, strays, err
}

// Compare loads the staged rows into temporary tables and compares them with
// those of the same issues.
func (w *Warehouse) Compare(ctx context.Context, same func(stored, jira []byte) bool) (out []load.Difference, err error) {
	const op = "compare with Jira"
	files, err := w.uploads.wait()
	if err != nil {
		return nil, err
	}
	if w.table(table.Issue) == nil {
		return nil, fail(op, "issues", "", errors.New("there is no such table"))
	}
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		out = nil
		if err := w.copy(ctx, s, files); err != nil {
			return err
		}
		for _, t := range w.tables {
			if len(files[t.Name]) > 0 {
				continue
			}
			if err := s.run(ctx, op, t.Name, createStaged(t)); err != nil {
				return err
			}
		}
		for _, c := range w.sql().Comparisons(w.tables) {
			if err := s.each(ctx, op, c.Table.Name, c.SQL, nil, func(rows *sql.Rows) error {
				found, err := c.Read(rows, same)
				out = append(out, found...)
				return err
			}); err != nil {
				return err
			}
		}
		if len(files) == 0 {
			return nil
		}
		return w.removeRun(ctx, s, w.job.Run)
	})
	if err != nil {
		return nil, err
	}
	w.uploads.forget()
	clear(w.copied)
	return out, nil
}

// Contradictions returns what contradicts itself in the history of fields.
func (w *Warehouse) Contradictions(ctx context.Context) (out []load.Contradiction, err error) {
	issues, history := load.Histories(w.tables)
	if issues == nil || history == nil {
		return nil, nil
	}
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		out = nil
		return s.each(ctx, "look for contradictions in", history.Name, w.sql().Contradictions(issues, history), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
			c, err := load.ScanContradiction(rows)
			out = append(out, c)
			return err
		})
	})
	return out, err
}

// Record writes an entry of the run ledger. It needs no lease: nobody else
// writes this entry.
func (w *Warehouse) Record(ctx context.Context, r state.Run) (bool, error) {
	return true, w.with(ctx, func(ctx context.Context, s *session) error { return saveRun(ctx, s, r) })
}
