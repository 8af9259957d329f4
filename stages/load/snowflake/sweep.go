package snowflake

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// sweepAge is how old the youngest file of a run has to be before it is held to
// be left behind by a run that was killed. No run stages for so long without a
// commit.
const sweepAge = 24 * time.Hour

// sweep removes the files of runs that were killed. The lease is held: no other
// run of this pipeline commits, and the age leaves those alone that only read.
func (w *Warehouse) sweep(ctx context.Context, s *session) error {
	rows, err := s.named(ctx, "look for files left behind on", stageOf(w.job.Pipeline), "LIST "+runs(w.job.Pipeline))
	if err != nil {
		return err
	}
	if len(orphans(rows, w.job.Run, distant)) == 0 { // usual
		return nil
	}
	now, err := serverTime(ctx, s)
	if err != nil {
		return err
	}
	var errs []error
	for _, run := range orphans(rows, w.job.Run, now) {
		w.opts.Log.Info("removing files that a killed run left on the stage", "run", run)
		errs = append(errs, w.removeRun(ctx, s, run))
	}
	return errors.Join(errs...)
}

// distant is later than any file.
var distant = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// serverTime returns the time of the clock that LIST shows.
func serverTime(ctx context.Context, s *session) (now time.Time, err error) {
	err = s.each(ctx, "read the clock", "", "SELECT CURRENT_TIMESTAMP()", nil, func(rows *sql.Rows) error { return rows.Scan(&now) })
	return now, err
}

// orphans returns the runs, but for our own, whose files in LIST's answer are
// all older than sweepAge. A time that cannot be read counts as young.
func orphans(rows []map[string]string, own string, now time.Time) []string {
	youngest := map[string]time.Time{}
	var order []string
	for _, r := range rows {
		_, path, found := strings.Cut(r["name"], "/run/")
		run, _, inside := strings.Cut(path, "/")
		if !found || !inside || run == directory(own) {
			continue
		}
		modified, err := time.Parse(time.RFC1123, r["last_modified"])
		if err != nil {
			modified = now
		}
		before, known := youngest[run]
		if !known {
			order = append(order, run)
		}
		if modified.After(before) {
			youngest[run] = modified
		}
	}
	var out []string
	for _, run := range order {
		if now.Sub(youngest[run]) > sweepAge {
			out = append(out, run)
		}
	}
	return out
}
