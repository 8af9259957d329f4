package duckdb

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Inspect looks at what is there of the tables. What comes after it lives in
// temporary views, which are no part of the file.
func (w *Warehouse) Inspect(ctx context.Context, job load.Job, tables []*table.Table) ([]*table.Table, error) {
	w.job, w.tables = job, nil
	widest := 0
	for _, t := range tables {
		have, err := w.columns(ctx, t.Name)
		if err != nil {
			return nil, err
		}
		if len(have) == 0 {
			continue
		}
		there, err := Dialect.Present(t, have)
		if err != nil {
			return nil, err
		}
		w.tables, widest = append(w.tables, there), max(widest, len(there.Columns))
	}
	return w.tables, w.makeRoom(ctx, widest)
}

// Versions returns the digest of the pipeline's live rows by id and updated.
func (w *Warehouse) Versions(ctx context.Context) (d state.Digest, strays []load.Stray, err error) {
	issues := w.table(table.Issue)
	if issues == nil {
		return d, nil, w.fail("sum up", "", "", errNotPrepared)
	}
	if err := w.conn.QueryRowContext(ctx, w.sql().VersionDigest(issues), w.job.Pipeline).Scan(&d.Count, &d.Sum); err != nil {
		return d, nil, w.fail("sum up", issues.Name, "", err)
	}
	err = w.each(ctx, w.sql().StrayRows(issues), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
		stray, err := load.ScanStray(rows)
		strays = append(strays, stray)
		return err
	})
	if err != nil {
		return d, nil, w.fail("look for strays in", issues.Name, "", err)
	}
	return d, strays, nil
}

// Compare compares the staged rows with those of the same issues in the tables.
func (w *Warehouse) Compare(ctx context.Context, same func(stored, jira []byte) bool) ([]load.Difference, error) {
	const op = "compare with Jira"
	issues := w.table(table.Issue)
	if issues == nil {
		return nil, w.fail(op, "", "", errNotPrepared)
	}
	if err := w.views(ctx, issues); err != nil {
		return nil, err
	}
	for _, t := range w.tables {
		if len(w.staged[t.Name]) > 0 {
			continue
		}
		view := fmt.Sprintf("CREATE OR REPLACE TEMPORARY VIEW %s AS %s", Dialect.Quote(load.StageName(t)), Dialect.Nothing(t))
		if err := w.exec(ctx, op, t.Name, view); err != nil {
			return nil, err
		}
	}
	var out []load.Difference
	for _, c := range w.sql().Comparisons(w.tables) {
		err := w.each(ctx, c.SQL, nil, func(rows *sql.Rows) error {
			found, err := c.Read(rows, same)
			out = append(out, found...)
			return err
		})
		if err != nil {
			return nil, w.fail(op, c.Table.Name, c.SQL, err)
		}
	}
	return out, w.forget(slices.Collect(maps.Keys(w.staged))...)
}

// Contradictions returns what contradicts itself in the history of fields.
func (w *Warehouse) Contradictions(ctx context.Context) (out []load.Contradiction, err error) {
	issues, history := load.Histories(w.tables)
	if issues == nil || history == nil {
		return nil, nil
	}
	query := w.sql().Contradictions(issues, history)
	err = w.each(ctx, query, []any{w.job.Pipeline}, func(rows *sql.Rows) error {
		c, err := load.ScanContradiction(rows)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, w.fail("look for contradictions in", history.Name, query, err)
	}
	return out, nil
}

// Record writes an entry of the run ledger, unless the file is open for reading.
func (w *Warehouse) Record(ctx context.Context, r state.Run) (bool, error) {
	if w.opts.ReadOnly {
		return false, nil
	}
	return true, w.transaction(ctx, "save the run", func() error { return w.saveRun(ctx, r) })
}
