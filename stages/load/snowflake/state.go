package snowflake

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

const (
	selectState  = `SELECT "COMMIT_ID", TO_JSON("DOCUMENT") FROM "_SNOWDRIFT_STATE" WHERE "PIPELINE" = ?`
	selectStates = `SELECT "PIPELINE", TO_JSON("DOCUMENT") FROM "_SNOWDRIFT_STATE" ORDER BY "PIPELINE"`
	selectCommit = `SELECT "COMMIT_ID" FROM "_SNOWDRIFT_STATE" WHERE "PIPELINE" = ?`
	// selectLedger does not name its columns, since SITE is missing where no
	// version that knows it has written yet.
	selectLedger = `SELECT * FROM "_SNOWDRIFT_COLUMNS" ORDER BY "COLUMN_NAME"`

	// addSite brings the column ledger of earlier versions up to date. NULL is
	// table.DefaultSite.
	addSite = `ALTER TABLE "_SNOWDRIFT_COLUMNS" ADD COLUMN IF NOT EXISTS "SITE" VARCHAR`

	// putState changes a state only if it is the one that the run knows. Its
	// parameters are pipeline, new commit id, document and known commit id;
	// NULL for the last takes any.
	putState = `MERGE INTO "_SNOWDRIFT_STATE" t
USING (SELECT CAST(? AS VARCHAR) AS "PIPELINE", CAST(? AS VARCHAR) AS "COMMIT_ID", PARSE_JSON(?) AS "DOCUMENT", CAST(? AS VARCHAR) AS "KNOWN") s
ON t."PIPELINE" = s."PIPELINE"
WHEN MATCHED AND t."COMMIT_ID" = COALESCE(s."KNOWN", t."COMMIT_ID")
  THEN UPDATE SET "COMMIT_ID" = s."COMMIT_ID", "DOCUMENT" = s."DOCUMENT", "UPDATED_AT" = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN INSERT ("PIPELINE", "COMMIT_ID", "DOCUMENT", "UPDATED_AT") VALUES (s."PIPELINE", s."COMMIT_ID", s."DOCUMENT", CURRENT_TIMESTAMP())`

	// putColumns adds to the column ledger. Its parameter is the list of
	// assignments as JSON.
	putColumns = `INSERT INTO "_SNOWDRIFT_COLUMNS" ("TABLE_NAME", "COLUMN_NAME", "FIELD_ID", "PART", "TYPE", "FIELD_NAME", "SITE")
SELECT 'issues', f."VALUE":"column"::VARCHAR, f."VALUE":"field"::VARCHAR, COALESCE(f."VALUE":"suffix"::VARCHAR, ''), f."VALUE":"type"::VARCHAR, f."VALUE":"name"::VARCHAR, f."VALUE":"site"::VARCHAR
FROM (SELECT PARSE_JSON(?) AS "LIST") x, LATERAL FLATTEN(INPUT => x."LIST") f`

	// putRun writes an entry of the run ledger. Its parameters are run id,
	// pipeline, start, end, outcome and report.
	putRun = `MERGE INTO "_SNOWDRIFT_RUNS" t
USING (SELECT CAST(? AS VARCHAR) AS "RUN_ID", CAST(? AS VARCHAR) AS "PIPELINE",
  TO_TIMESTAMP_TZ(CAST(? AS VARCHAR), 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM') AS "STARTED", TO_TIMESTAMP_TZ(CAST(? AS VARCHAR), 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM') AS "ENDED",
  CAST(? AS VARCHAR) AS "OUTCOME", PARSE_JSON(?) AS "REPORT") s
ON t."RUN_ID" = s."RUN_ID"
WHEN MATCHED THEN UPDATE SET "ENDED" = s."ENDED", "OUTCOME" = s."OUTCOME", "REPORT" = s."REPORT"
WHEN NOT MATCHED THEN INSERT ("RUN_ID", "PIPELINE", "STARTED", "ENDED", "OUTCOME", "REPORT")
VALUES (s."RUN_ID", s."PIPELINE", s."STARTED", s."ENDED", s."OUTCOME", s."REPORT")`
)

// State returns the state of a pipeline: from the hint, or if there is none
// from its table, which wakes the warehouse. So does a column ledger to which
// another pipeline has added since the hint was written.
func (w *Warehouse) State(ctx context.Context, pipeline string) (st *state.State, err error) {
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		if st, err = w.readHint(ctx, s, pipeline); err == nil && st == nil {
			st, err = w.readState(ctx, s, pipeline)
		} else if err == nil {
			err = w.refreshLedger(ctx, s, st)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	w.know(st)
	return st, nil
}

// know remembers what the next commit starts from.
func (w *Warehouse) know(st *state.State) {
	commit := st.Commit
	w.commitID = &commit
	w.knowLedger(st.Columns)
}

func (w *Warehouse) knowLedger(columns []table.Assignment) {
	w.ledger = table.LedgerKeys(columns)
}

// readState reads the tables of state and columns.
func (w *Warehouse) readState(ctx context.Context, s *session, pipeline string) (*state.State, error) {
	st := state.New(pipeline)
	err := s.each(ctx, "read state of", pipeline, selectState, []any{pipeline}, func(rows *sql.Rows) (err error) {
		var commit, document string
		if err := rows.Scan(&commit, &document); err != nil {
			return err
		}
		if st, err = state.Parse([]byte(document)); err != nil {
			return load.BadState(pipeline, err)
		}
		return nil
	})
	if number(err) == errMissing { // nothing was ever written here
		return st, nil
	}
	if err != nil {
		return nil, err
	}
	st.Columns, err = readLedger(ctx, s)
	return st, err
}

// States returns the states of all pipelines, without their columns. It wakes the
// warehouse.
func (w *Warehouse) States(ctx context.Context) (all []*state.State, err error) {
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		all = nil
		err := s.each(ctx, "read the states", "", selectStates, nil, func(rows *sql.Rows) error {
			var pipeline, document string
			if err := rows.Scan(&pipeline, &document); err != nil {
				return err
			}
			st, err := state.Parse([]byte(document))
			if err != nil {
				return load.BadState(pipeline, err)
			}
			all = append(all, st)
			return nil
		})
		if number(err) == errMissing { // nothing was ever written here
			return nil
		}
		return err
	})
	return all, err
}

const readingLedger = "read the column ledger"

// readLedger reads the column ledger. It is empty where it is missing: another
// run may be making our tables, or was killed while it did, and to drop it is
// how names of columns are chosen anew.
func readLedger(ctx context.Context, s *session) ([]table.Assignment, error) {
	rows, err := s.named(ctx, readingLedger, "", selectLedger)
	if number(err) == errMissing {
		return nil, nil
	}
	var columns []table.Assignment
	for _, r := range rows {
		kind, err := table.ParseType(r["TYPE"])
		if err != nil {
			return nil, fail(readingLedger, r["COLUMN_NAME"], selectLedger, err)
		}
		columns = append(columns, table.Assignment{Site: r["SITE"], Field: r["FIELD_ID"], Suffix: r["PART"], Type: kind,
			Column: r["COLUMN_NAME"], Name: r["FIELD_NAME"]})
	}
	return columns, err
}

// refreshLedger reads the column ledger if a hint's is not all of it. Since
// entries are only ever added, the number of rows tells, which SHOW knows
// without a warehouse.
func (w *Warehouse) refreshLedger(ctx context.Context, s *session, st *state.State) error {
	rows, found, err := s.countRows(ctx, readingLedger, "", "_SNOWDRIFT_COLUMNS")
	if err != nil || !found || rows == strconv.Itoa(len(st.Columns)) {
		return err
	}
	st.Columns, err = readLedger(ctx, s)
	w.renewal = st.Clone()
	return err
}

// saveState writes state and column ledger, in the transaction.
func (w *Warehouse) saveState(ctx context.Context, s *session, st *state.State) error {
	if err := w.saveColumns(ctx, s, st.Columns); err != nil {
		return err
	}
	bare := *st
	bare.Columns = nil // they have a table of their own
	document, err := json.Marshal(bare)
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	var known any
	if w.commitID != nil {
		known = *w.commitID
	}
	n, err := s.affect(ctx, "save state", st.Pipeline, putState, st.Pipeline, st.Commit, string(document), known)
	if err == nil && n != 1 {
		err = fail("save state", st.Pipeline, "", fmt.Errorf("%w: the state is no longer that of commit %v, from which this run set out; run again", load.ErrLeaseLost, known))
	}
	return err
}

// added returns the assignments that the ledger does not have.
func (w *Warehouse) added(columns []table.Assignment) []table.Assignment {
	return table.NotIn(w.ledger, columns)
}

// saveColumns adds the columns that are new.
func (w *Warehouse) saveColumns(ctx context.Context, s *session, columns []table.Assignment) error {
	added := w.added(columns)
	if len(added) == 0 {
		return nil
	}
	list, err := json.Marshal(added)
	if err != nil {
		return fmt.Errorf("save the column ledger: %w", err)
	}
	return s.run(ctx, "save the column ledger", "", putColumns, string(list))
}

// instant is the text of a time as putRun reads it.
const instant = "2006-01-02 15:04:05.000000 -0700"

func saveRun(ctx context.Context, s *session, r state.Run) error {
	report := "{}"
	if len(r.Report) > 0 {
		report = string(r.Report)
	}
	var ended any
	if r.Ended != nil {
		ended = r.Ended.Format(instant)
	}
	return s.run(ctx, "save the run", r.ID, putRun, r.ID, r.Pipeline, r.Started.Format(instant), ended, r.Outcome, report)
}

// timeoutOfRead bounds the look at what became of a commit.
const timeoutOfRead = 5 * time.Minute

// committed finds out, in a new session, whether a commit happened whose answer
// was lost.
func (w *Warehouse) committed(ctx context.Context, id string) (yes bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeoutOfRead)
	defer cancel()
	err = w.with(ctx, func(ctx context.Context, s *session) error {
		return s.each(ctx, "find out what became of commit", id, selectCommit, []any{w.job.Pipeline}, func(rows *sql.Rows) error {
			var last string
			err := rows.Scan(&last)
			yes = last == id
			return err
		})
	})
	return yes, err
}
