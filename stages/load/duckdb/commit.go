package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Commit loads all staged files and writes state and ledger.
func (w *Warehouse) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	started := time.Now()
	defer w.givingBack(ctx)()
	var result load.Result
	issues := w.table(table.Issue)
	if c.Discard {
		if err := w.forget(slices.Collect(maps.Keys(w.staged))...); err != nil {
			return result, err
		}
	}
	if issues == nil && len(w.staged) > 0 {
		return result, w.fail("commit", "", "", errNotPrepared)
	}
	if err := w.forgetRowGroups(ctx); err != nil {
		return result, err
	}
	if err := w.views(ctx, issues); err != nil {
		return result, err
	}
	err := w.transaction(ctx, "commit", func() error {
		result = load.Result{Rows: map[string]int64{}}
		if err := w.checkFence(ctx, c.Run.Pipeline); err != nil {
			return err
		}
		if err := w.merge(ctx, c, issues, result.Rows); err != nil {
			return err
		}
		if err := w.dimensions(ctx, c, result.Rows); err != nil {
			return err
		}
		if issues != nil {
			if err := w.digest(ctx, issues, c.Run.Pipeline, &result.Digest); err != nil {
				return err
			}
		}
		if c.State != nil {
			c.State.Digest = result.Digest
			if err := w.saveState(ctx, c.State); err != nil {
				return err
			}
		}
		return w.saveRun(ctx, c.Run)
	})
	if err != nil {
		return load.Result{}, err
	}
	w.ended = c.Run.CameToItsEnd()
	w.putAway(ctx)
	w.shrink(ctx)
	result.Took = time.Since(started)
	return result, w.forget(slices.Collect(maps.Keys(w.staged))...)
}

var errNotPrepared = errors.New("no table of issues was prepared")

// views makes the staged files readable under their stage names. It comes
// before the transaction, like all DDL.
func (w *Warehouse) views(ctx context.Context, issues *table.Table) error {
	if issues != nil {
		if err := w.exec(ctx, "commit", issues.Name, Dialect.CreateChanged()); err != nil {
			return err
		}
	}
	for _, files := range w.staged {
		t := files[0].Table
		if err := w.view(ctx, load.StageName(t), files); err != nil {
			return err
		}
		for _, p := range w.parts(t) {
			if err := w.view(ctx, p.stage, p.files); err != nil {
				return err
			}
		}
	}
	return nil
}

// view makes files readable under a name.
func (w *Warehouse) view(ctx context.Context, name string, files []stages.File) error {
	paths, err := pathList(files)
	if err != nil {
		return w.fail("commit", name, "", err)
	}
	return w.exec(ctx, "commit", name, fmt.Sprintf("CREATE OR REPLACE TEMPORARY VIEW %s AS SELECT * FROM read_parquet(%s)", Dialect.Quote(name), paths))
}

func (w *Warehouse) checkFence(ctx context.Context, pipeline string) error {
	n, err := w.affect(ctx, "check the lease", "", `UPDATE "_snowdrift_lease" SET "acquired" = "acquired" WHERE "pipeline" = ? AND "run_id" = ? AND "fence" = ?`,
		pipeline, w.job.Run, w.fence)
	if err == nil && n != 1 {
		err = w.fail("check the lease", pipeline, "", load.ErrLeaseLost)
	}
	return err
}

// merge writes the rows of the staged files.
func (w *Warehouse) merge(ctx context.Context, c load.Commit, issues *table.Table, rows map[string]int64) error {
	if issues != nil && len(w.staged[issues.Name]) > 0 {
		if err := w.replace(ctx, c, issues, rows); err != nil {
			return err
		}
	}
	if len(w.staged[table.Findings().Name]) == 0 {
		return nil
	}
	if c.Remove {
		if err := w.remove(ctx, rows); err != nil {
			return err
		}
	}
	n, err := w.affect(ctx, "commit", issues.Name, w.sql().SetPresence(issues), c.Run.ID)
	rows[issues.Name] += n
	return err
}

// remove removes the rows of issues that are found to be deleted, from every
// table that is there.
func (w *Warehouse) remove(ctx context.Context, rows map[string]int64) error {
	w.deleted = true
	for _, t := range slices.Concat(w.tables, load.Unprepared(w.tables)) {
		have, err := w.columns(ctx, t.Name)
		if err != nil {
			return err
		}
		if !t.OfIssues() || len(have) == 0 {
			continue
		}
		_, withSite := have[table.Site]
		n, err := w.affect(ctx, "commit", t.Name, w.sql().RemoveFound(t, withSite))
		if err != nil {
			return err
		}
		if n > 0 {
			rows[t.Name] += n
		}
	}
	return nil
}

// dimensions writes the dimensions that were read.
func (w *Warehouse) dimensions(ctx context.Context, c load.Commit, rows map[string]int64) error {
	for _, t := range w.tables {
		if t.Role != table.Dimension || !slices.Contains(c.Dimensions, t.Name) {
			continue
		}
		for _, statement := range w.sql().ReplaceDimension(t, len(w.staged[t.Name]) > 0) {
			n, err := w.affect(ctx, "commit", t.Name, statement, c.Run.ID)
			if err != nil {
				return err
			}
			rows[t.Name] += n
		}
	}
	return nil
}

// digest sums up a pipeline's live rows. The ids are summed up here: DuckDB's
// arithmetic with integers of that size takes ten times as long as to hand them
// over, and it is done in every commit.
func (w *Warehouse) digest(ctx context.Context, issues *table.Table, pipeline string, d *state.Digest) error {
	err := w.each(ctx, w.sql().LiveIDs(issues), []any{pipeline}, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		d.Add(id)
		return err
	})
	if err != nil {
		return w.fail("sum up the ids in", issues.Name, "", err)
	}
	return nil
}

// replace writes the staged rows of changed issues, in all tables that have
// rows of issues. Rows are deleted and inserted: DuckDB's MERGE would hold wide
// rows in memory, where this streams them from the files to the table.
func (w *Warehouse) replace(ctx context.Context, c load.Commit, issues *table.Table, rows map[string]int64) error {
	pick, args := w.sql().FindChanged(issues, c.Run.Pipeline, c.Rewrite)
	changed, err := w.affect(ctx, "commit", issues.Name, pick, args...)
	if err != nil || changed == 0 {
		return err
	}
	old, err := w.outdated(ctx, issues)
	if err != nil {
		return err
	}
	var kept []string
	if old[issues.Name] {
		if kept, err = w.keep(ctx, issues); err != nil {
			return err
		}
	}
	if err := w.deleteRows(ctx, old, rows); err != nil {
		return err
	}
	w.shrinkFor(ctx, w.staged)
	all := changed == stagedRows(w.staged[issues.Name])
	for _, t := range w.ofIssues() {
		if len(w.staged[t.Name]) == 0 {
			continue
		}
		var args []any
		var columns []string
		if t == issues {
			args, columns = []any{c.Run.Pipeline, c.Run.ID}, kept
		}
		var inserted int64
		if all {
			inserted, err = w.insertAll(ctx, t, columns, args)
		} else {
			inserted, err = w.affect(ctx, "commit", t.Name, w.sql().InsertRows(t, columns), args...)
		}
		if err != nil {
			return err
		}
		w.wrote(t, inserted)
		rows[t.Name] = max(rows[t.Name], inserted)
	}
	return nil
}

// deleteRows deletes the rows of changed issues from the tables that may have some.
func (w *Warehouse) deleteRows(ctx context.Context, old map[string]bool, rows map[string]int64) error {
	if err := w.roomToDelete(ctx, old); err != nil {
		return err
	}
	for _, t := range w.ofIssues() {
		rows[t.Name] = 0
		if !old[t.Name] {
			continue
		}
		w.deleted = true
		n, err := w.affect(ctx, "commit", t.Name, w.sql().DeleteRows(t))
		if err != nil {
			return err
		}
		rows[t.Name] = n
	}
	return nil
}

// ofIssues returns the tables whose rows belong to issues.
func (w *Warehouse) ofIssues() (tables []*table.Table) {
	for _, t := range w.tables {
		if t.OfIssues() {
			tables = append(tables, t)
		}
	}
	return tables
}

// stagedRows counts the rows of files.
func stagedRows(files []stages.File) (n int64) {
	for _, f := range files {
		n += f.Rows
	}
	return n
}

// keep saves the cells of columns that this load does not bring, and returns
// the columns.
func (w *Warehouse) keep(ctx context.Context, issues *table.Table) ([]string, error) {
	have, err := w.columns(ctx, issues.Name)
	if err != nil {
		return nil, err
	}
	var kept []string
	for name := range have {
		if issues.Column(name) == nil {
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	if len(kept) == 0 {
		return nil, nil
	}
	return kept, w.exec(ctx, "commit", issues.Name, w.sql().KeepColumns(issues, kept))
}

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
	have, err := w.columns(ctx, "_snowdrift_state")
	if err != nil || len(have) == 0 {
		return s, err
	}
	rows, err := w.conn.QueryContext(ctx, `SELECT CAST("document" AS VARCHAR) FROM "_snowdrift_state" WHERE "pipeline" = ?`, pipeline)
	if err != nil {
		return nil, w.fail("read state of", pipeline, "", err)
	}
	defer rows.Close()
	for rows.Next() {
		var document string
		if err := rows.Scan(&document); err != nil {
			return nil, w.fail("read state of", pipeline, "", err)
		}
		if s, err = state.Parse([]byte(document)); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, w.fail("read state of", pipeline, "", err)
	}
	s.Columns, err = w.ledger(ctx)
	return s, err
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
