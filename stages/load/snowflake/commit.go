package snowflake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// attempts is how often a commit is tried before the run gives up.
const attempts = 5

// backoff is the wait after the n-th try that failed: 2 s, 4 s, 8 s, …
func backoff(n int) time.Duration { return time.Second << n }

// openCommit is a COMMIT of which no answer came.
type openCommit struct{ error }

func (e openCommit) Unwrap() error { return e.error }

// Commit loads all staged files and writes state and ledger. With neither files
// nor state it does nothing unless the run has written something before.
func (w *Warehouse) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	began, before := time.Now(), w.statements.Load()
	if c.Discard {
		if err := w.discard(ctx); err != nil {
			return load.Result{}, err
		}
	}
	files, err := w.uploads.wait()
	if err != nil {
		return load.Result{}, err
	}
	if c.State == nil && len(files) == 0 && !w.written {
		return load.Result{}, nil
	}
	result, err := w.persist(ctx, c, files)
	if err != nil {
		return load.Result{}, err
	}
	result.Took = time.Since(began)
	if c.State != nil {
		w.know(c.State)
	}
	w.afterCommit(ctx, c, files)
	w.uploads.forget()
	clear(w.copied)
	result.Statements = w.statements.Load() - before
	return result, nil
}

// persist tries until the commit happened, or an error shows that it did not
// and will not, or nobody can say.
func (w *Warehouse) persist(ctx context.Context, c load.Commit, files map[string][]stagedFile) (load.Result, error) {
	var sent *load.Result // what a COMMIT without an answer would have written
	for n := 1; ; n++ {
		result, err := w.attempt(ctx, c, files)
		var open openCommit
		switch {
		case err == nil:
			return result, nil
		case errors.As(err, &open):
			sent = &result
			w.abandon()
		case lost(err):
			w.abandon()
		case number(err) != errLocked && !(sent != nil && errors.Is(err, load.ErrLeaseLost)):
			return load.Result{}, err
		}
		if sent != nil {
			happened, readErr := w.happened(ctx, c)
			if readErr != nil {
				return load.Result{}, fail("commit", w.job.Pipeline, "COMMIT", fmt.Errorf("%w: %w; then: %w", load.ErrUnknown, err, readErr))
			}
			if happened {
				w.opts.Log.Warn("the answer to COMMIT was lost, and it happened", "error", err)
				return *sent, nil
			}
		}
		if n == attempts || ctx.Err() != nil || errors.Is(err, load.ErrLeaseLost) {
			return load.Result{}, err
		}
		w.opts.Log.Warn("commit failed, trying again", "error", err, "attempt", n)
		if err := w.opts.Wait(ctx, backoff(n)); err != nil {
			return load.Result{}, err
		}
	}
}

// happened finds out what became of a commit whose answer was lost. One without
// a state can be done again whatever became of it.
func (w *Warehouse) happened(ctx context.Context, c load.Commit) (bool, error) {
	if c.State == nil {
		return false, nil
	}
	return w.committed(ctx, c.State.Commit)
}

// attempt goes once from the files on the stage to COMMIT. An openCommit means
// that it is not known whether that happened; after other errors it did not.
func (w *Warehouse) attempt(ctx context.Context, c load.Commit, files map[string][]stagedFile) (load.Result, error) {
	s, err := w.session(ctx)
	if err != nil {
		return load.Result{}, err
	}
	// All DDL, which would commit, and all that can be seen without harm.
	if err := w.lead(ctx, s); err != nil {
		return load.Result{}, err
	}
	if err := w.copy(ctx, s, files); err != nil {
		return load.Result{}, err
	}
	if issues := w.table(table.Issue); issues != nil && len(files[issues.Name]) > 0 {
		if err := s.run(ctx, "load", issues.Name, Dialect.CreateChanged()); err != nil {
			return load.Result{}, err
		}
	}
	if c.State != nil {
		if err := w.beforeState(ctx, s, c.State); err != nil {
			return load.Result{}, err
		}
	}
	if err := s.run(ctx, "commit", w.job.Pipeline, "BEGIN"); err != nil {
		return load.Result{}, err
	}
	result, err := w.write(ctx, s, c, files)
	if err == nil {
		err = context.Cause(ctx)
	}
	// From here on the context no longer counts: the transaction ends now, one
	// way or the other.
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		if rollback := s.run(ctx, "roll back", w.job.Pipeline, "ROLLBACK"); rollback != nil {
			w.opts.Log.Debug("ROLLBACK failed; the end of the session rolls back", "error", rollback)
			w.abandon()
		}
		return load.Result{}, err
	}
	if err := s.run(ctx, "commit", w.job.Pipeline, "COMMIT"); err != nil {
		return result, openCommit{err}
	}
	return result, nil
}

// beforeState does what the writing of a state needs and the transaction must
// not hold.
func (w *Warehouse) beforeState(ctx context.Context, s *session, st *state.State) error {
	if w.ledger == nil {
		columns, err := readLedger(ctx, s)
		if err != nil {
			return err
		}
		w.knowLedger(columns)
	}
	if len(w.added(st.Columns)) > 0 {
		if err := s.run(ctx, "prepare", "_snowdrift_columns", addSite); err != nil {
			return err
		}
	}
	return w.markHint(ctx, s)
}

// afterCommit tidies up. The commit has happened, so nothing here can fail it.
func (w *Warehouse) afterCommit(ctx context.Context, c load.Commit, files map[string][]stagedFile) {
	ctx = context.WithoutCancel(ctx)
	s, err := w.session(ctx)
	if err != nil {
		w.opts.Log.Warn("nothing was tidied up after the commit", "error", err)
		return
	}
	if c.State != nil {
		if err := w.writeHint(ctx, s, c.State); err != nil {
			w.opts.Log.Warn("the hint of the state could not be written; the next run wakes the warehouse to read it", "error", err)
		}
	}
	if len(files) == 0 {
		return
	}
	// What stays behind does no harm: a later run sweeps the stage. Temporary tables
	// are replaced by the next commit, and end with the session.
	if err := w.removeRun(ctx, s, w.job.Run); err != nil {
		w.opts.Log.Warn("the files were not removed from the stage after the commit", "error", err)
	}
	if !w.swept {
		w.swept = true
		if err := w.sweep(ctx, s); err != nil {
			w.opts.Log.Warn("the stage was not swept", "error", err)
		}
	}
}
