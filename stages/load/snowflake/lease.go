package snowflake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	sqlfiles "snowdrift/sql"
	"snowdrift/stages/load"
)

// takeLease returns the statement that takes the lease if it is free, ours, or
// left behind for longer than a run may. The clock is the server's. Its
// parameters are pipeline and run id.
func takeLease(expiry time.Duration) string {
	return fmt.Sprintf(`MERGE INTO "_SNOWDRIFT_LEASE" t
USING (SELECT CAST(? AS VARCHAR) AS "PIPELINE", CAST(? AS VARCHAR) AS "RUN_ID") s
ON t."PIPELINE" = s."PIPELINE"
WHEN MATCHED AND (t."RUN_ID" = '' OR t."RUN_ID" = s."RUN_ID" OR t."ACQUIRED" < DATEADD(second, -%d, CURRENT_TIMESTAMP()))
  THEN UPDATE SET "RUN_ID" = s."RUN_ID", "FENCE" = t."FENCE" + 1, "ACQUIRED" = CURRENT_TIMESTAMP()
WHEN NOT MATCHED THEN INSERT ("PIPELINE", "RUN_ID", "FENCE", "ACQUIRED") VALUES (s."PIPELINE", s."RUN_ID", 1, CURRENT_TIMESTAMP())`,
		int64(expiry.Seconds()))
}

// readLease returns the statement that tells who holds the lease, and whether it
// was left behind. Its parameter is the pipeline.
func readLease(expiry time.Duration) string {
	return fmt.Sprintf(`SELECT "RUN_ID", "FENCE", "ACQUIRED", "ACQUIRED" < DATEADD(second, -%d, CURRENT_TIMESTAMP()) FROM "_SNOWDRIFT_LEASE" WHERE "PIPELINE" = ?`,
		int64(expiry.Seconds()))
}

const (
	// checkFence also moves the time from which the lease expires. Its
	// parameters are pipeline, run id and fence, as those of freeLease.
	checkFence = `UPDATE "_SNOWDRIFT_LEASE" SET "ACQUIRED" = CURRENT_TIMESTAMP() WHERE "PIPELINE" = ? AND "RUN_ID" = ? AND "FENCE" = ?`
	// closeRuns says of runs that ended without a word what became of them: who
	// holds the lease knows that no other run is at work. Its parameters are
	// pipeline and run id.
	closeRuns = `UPDATE "_SNOWDRIFT_RUNS" SET "OUTCOME" = 'killed' WHERE "PIPELINE" = ? AND "OUTCOME" = 'running' AND "RUN_ID" <> ?`
	freeLease = `UPDATE "_SNOWDRIFT_LEASE" SET "RUN_ID" = '' WHERE "PIPELINE" = ? AND "RUN_ID" = ? AND "FENCE" = ?`
	// dropLease removes the rows of a run that did not get the lease alone. Its
	// parameters are pipeline and run id.
	dropLease = `DELETE FROM "_SNOWDRIFT_LEASE" WHERE "PIPELINE" = ? AND "RUN_ID" = ?`
)

const takingLease = "take the lease"

// lead makes the tables of our own records, if they are missing, and takes the
// lease, once in a run.
func (w *Warehouse) lead(ctx context.Context, s *session) error {
	switch {
	case w.fence != 0:
		return nil
	case w.job.Run == "":
		return fail(takingLease, "", "", errors.New("Acquire was not called"))
	}
	if err := w.makeRecords(ctx, s); err != nil {
		return err
	}
	// Reading first: the MERGE of a lease that another run holds would wait for
	// its transaction.
	before, err := w.holders(ctx, s)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(before, func(h holder) bool { return h.run != "" && h.run != w.job.Run && !h.expired }) {
		return w.held(before)
	}
	n, err := s.affect(ctx, takingLease, w.job.Pipeline, takeLease(w.opts.Lease), w.job.Pipeline, w.job.Run)
	if number(err) == errLocked {
		return &load.Error{Op: takingLease, On: w.job.Pipeline, Err: fmt.Errorf("%w: %v", load.ErrLeaseHeld, err),
			Hint: "its transaction holds the table of leases: wait for it to end; Snowflake ends one that nobody goes on with within ten minutes"}
	}
	if err != nil {
		return err
	}
	after, err := w.holders(ctx, s)
	if err != nil {
		return err
	}
	// Two runs that are the pipeline's first may both have inserted a row. Who
	// sees two takes its own away: left there, they would be in everybody's way
	// for ever.
	if n != 1 || len(after) != 1 || after[0].run != w.job.Run {
		if slices.ContainsFunc(after, func(h holder) bool { return h.run == w.job.Run }) {
			if err := s.run(ctx, takingLease, w.job.Pipeline, dropLease, w.job.Pipeline, w.job.Run); err != nil {
				return err
			}
		}
		return w.held(after)
	}
	w.fence, w.written = after[0].fence, true
	return s.run(ctx, "close the entries of killed runs", w.job.Pipeline, closeRuns, w.job.Pipeline, w.job.Run)
}

// holder is a row of the table of leases.
type holder struct {
	run      string // "" when it is free
	fence    int64
	acquired time.Time
	expired  bool
}

// holders reads the pipeline's rows: one, unless it is new or two runs have just
// made one each.
func (w *Warehouse) holders(ctx context.Context, s *session) (out []holder, err error) {
	err = s.each(ctx, takingLease, w.job.Pipeline, readLease(w.opts.Lease), []any{w.job.Pipeline}, func(rows *sql.Rows) error {
		var h holder
		err := rows.Scan(&h.run, &h.fence, &h.acquired, &h.expired)
		out = append(out, h)
		return err
	})
	return out, err
}

// held says that another run holds the lease.
func (w *Warehouse) held(by []holder) error {
	var runs []string
	var last time.Time
	for _, h := range by {
		runs = append(runs, h.run)
		if h.acquired.After(last) {
			last = h.acquired
		}
	}
	return &load.Error{Op: takingLease, On: w.job.Pipeline, Err: fmt.Errorf("%w: run %v", load.ErrLeaseHeld, runs),
		Hint: fmt.Sprintf("wait for it to end; if it was killed, its lease ends at %s", last.Add(w.opts.Lease).UTC().Format(time.RFC3339))}
}

// makeRecords makes the tables of our own records that are missing.
func (w *Warehouse) makeRecords(ctx context.Context, s *session) error {
	rows, err := s.named(ctx, "prepare", "", `SHOW TABLES LIKE '_SNOWDRIFT_%' IN SCHEMA`)
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, r := range rows {
		have[r["name"]] = true
	}
	if have["_SNOWDRIFT_STATE"] && have["_SNOWDRIFT_RUNS"] && have["_SNOWDRIFT_COLUMNS"] && have["_SNOWDRIFT_LEASE"] {
		return nil
	}
	for _, statement := range sqlfiles.Statements("snowflake/meta.sql") {
		if err := s.run(ctx, "prepare", "", statement); err != nil {
			return err
		}
	}
	return nil
}

// checkFence fails unless the lease is still ours. Being an update in the
// transaction, it also keeps others from taking the lease before COMMIT.
func (w *Warehouse) checkFence(ctx context.Context, s *session) error {
	const op = "check the lease"
	n, err := s.affect(ctx, op, w.job.Pipeline, checkFence, w.job.Pipeline, w.job.Run, w.fence)
	if err == nil && n != 1 {
		w.fence = 0
		err = fail(op, w.job.Pipeline, "", load.ErrLeaseLost)
	}
	return err
}

// release gives the lease up.
func (w *Warehouse) release(ctx context.Context, s *session) error {
	return s.run(ctx, "give up the lease", w.job.Pipeline, freeLease, w.job.Pipeline, w.job.Run, w.fence)
}
