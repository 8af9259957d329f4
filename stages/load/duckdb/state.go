package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

func (w *Warehouse) saveState(ctx context.Context, s *state.State) error {
	if err := w.saveColumns(ctx, s.Columns); err != nil {
		return err
	}
	bare := *s
	bare.Columns = nil // they have a table of their own
	document, err := json.Marshal(bare)
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if err := w.exec(ctx, "save state", s.Pipeline, `DELETE FROM "_snowdrift_state" WHERE "pipeline" = ?`, s.Pipeline); err != nil {
		return err
	}
	return w.exec(ctx, "save state", s.Pipeline, `INSERT INTO "_snowdrift_state" VALUES (?, ?, ?, now())`, s.Pipeline, s.Commit, string(document))
}

// putColumns adds to the column ledger. Its parameter is the list of assignments
// as JSON.
const putColumns = `INSERT INTO "_snowdrift_columns"
SELECT 'issues', a."column", a."field", COALESCE(a."suffix", ''), a."type", a."name", a."site"
FROM (SELECT unnest(from_json(CAST(? AS JSON), '[{"column":"VARCHAR","field":"VARCHAR","suffix":"VARCHAR","type":"VARCHAR","name":"VARCHAR","site":"VARCHAR"}]')) AS a)`

// saveColumns adds the columns that are new.
func (w *Warehouse) saveColumns(ctx context.Context, columns []table.Assignment) error {
	known, err := w.ledger(ctx)
	if err != nil {
		return err
	}
	added := table.NotIn(table.LedgerKeys(known), columns)
	if len(added) == 0 {
		return nil
	}
	list, err := json.Marshal(added)
	if err != nil {
		return fmt.Errorf("save the column ledger: %w", err)
	}
	return w.exec(ctx, "save the column ledger", "", putColumns, string(list))
}

func (w *Warehouse) saveRun(ctx context.Context, r state.Run) error {
	if err := w.exec(ctx, "save the run", r.ID, `DELETE FROM "_snowdrift_runs" WHERE "run_id" = ?`, r.ID); err != nil {
		return err
	}
	report := "{}"
	if len(r.Report) > 0 {
		report = string(r.Report)
	}
	return w.exec(ctx, "save the run", r.ID, `INSERT INTO "_snowdrift_runs" VALUES (?, ?, ?, ?, ?, ?)`,
		r.ID, r.Pipeline, r.Started, r.Ended, r.Outcome, report)
}

// State returns the state of a pipeline.
func (w *Warehouse) State(ctx context.Context, pipeline string) (*state.State, error) {
	s := state.New(pipeline)
	documents, err := w.documents(ctx, pipeline)
	if err != nil || documents == nil {
		return s, err
	}
	for _, d := range documents {
		if s, err = state.Parse(d.text); err != nil {
			return nil, load.BadState(pipeline, err)
		}
	}
	s.Columns, err = w.ledger(ctx)
	return s, err
}

// States returns the states of all pipelines, without their columns.
func (w *Warehouse) States(ctx context.Context) (all []*state.State, err error) {
	documents, err := w.documents(ctx, "")
	for _, d := range documents {
		s, err := state.Parse(d.text)
		if err != nil {
			return nil, load.BadState(d.pipeline, err)
		}
		all = append(all, s)
	}
	return all, err
}

// document is a state as it is stored.
type document struct {
	pipeline string
	text     []byte
}

// documents returns the states of a pipeline, or of all if it has no name; nil if
// nothing was ever written to the file.
func (w *Warehouse) documents(ctx context.Context, pipeline string) ([]document, error) {
	const query = `SELECT "pipeline", CAST("document" AS VARCHAR) FROM "_snowdrift_state" WHERE ? IN ('', "pipeline") ORDER BY "pipeline"`
	have, err := w.columns(ctx, "_snowdrift_state")
	if err != nil || len(have) == 0 {
		return nil, err
	}
	documents := []document{}
	err = w.each(ctx, query, []any{pipeline}, func(rows *sql.Rows) error {
		var d document
		err := rows.Scan(&d.pipeline, &d.text)
		documents = append(documents, d)
		return err
	})
	if err != nil {
		return nil, w.fail("read state of", pipeline, query, err)
	}
	return documents, nil
}

// ledger returns the column ledger. A file that an earlier version wrote, and
// that is only read now, has no sites in it.
func (w *Warehouse) ledger(ctx context.Context) ([]table.Assignment, error) {
	have, err := w.columns(ctx, "_snowdrift_columns")
	if err != nil {
		return nil, err
	}
	site := "NULL"
	if _, there := have["site"]; there {
		site = Dialect.Quote("site")
	}
	rows, err := w.conn.QueryContext(ctx, `SELECT "field_id", "part", "type", "column_name", "field_name", COALESCE(`+site+`, '') FROM "_snowdrift_columns" ORDER BY "column_name", 6`)
	if err != nil {
		return nil, w.fail("read the column ledger", "", "", err)
	}
	defer rows.Close()
	var columns []table.Assignment
	for rows.Next() {
		var a table.Assignment
		var typ string
		if err := rows.Scan(&a.Field, &a.Suffix, &typ, &a.Column, &a.Name, &a.Site); err != nil {
			return nil, w.fail("read the column ledger", "", "", err)
		}
		if a.Type, err = table.ParseType(typ); err != nil {
			return nil, w.fail("read the column ledger", a.Column, "", err)
		}
		columns = append(columns, a)
	}
	return columns, rows.Err()
}
