package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"snowdrift/internal/config"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load/duckdb"
)

// checkDestination reports whether the destination can be asked for states.
func (a *app) checkDestination(ctx context.Context, d *doctor, cfg *config.Config) bool {
	dir, err := workDir(cfg, "check")
	if err == nil {
		err = os.RemoveAll(dir)
	}
	if err != nil {
		d.fail("batch.dir", err)
		return false // a rehearsal needs it too
	}
	if err := a.rehearse(ctx, cfg); err != nil {
		d.fail("destination", err)
		return false
	}
	if cfg.Destination.Type == config.DestinationDuckDB {
		d.ok("destination", "destination duckdb can be read and written")
	} else {
		d.ok("destination", "destination %s: logged in, and the state can be read; a load is not rehearsed", cfg.Destination.Type)
	}
	return true
}

// rehearse tries a load into a DuckDB file without leaving anything: one that is
// not there yet must not be there afterwards, so it is not opened. Of Snowflake
// it tries the login and reads the state.
func (a *app) rehearse(ctx context.Context, cfg *config.Config) (err error) {
	if cfg.Destination.Type == config.DestinationDuckDB {
		return duckdb.Rehearse(ctx, a.duckdbOptions(cfg), string(cfg.Batch.Dir))
	}
	w, err := a.openWarehouse(ctx, cfg, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	_, err = w.State(ctx, cfg.Pipeline)
	return err
}

// checkState says what the destination remembers of the pipeline.
func (a *app) checkState(ctx context.Context, d *doctor, cfg *config.Config) {
	s, err := a.readState(ctx, cfg)
	switch {
	case err != nil:
		d.fail("state", err)
	case s.Site == "":
		d.ok("state", "state: pipeline %s has loaded nothing yet", s.Pipeline)
	case s.Site != cfg.Jira.URL:
		d.fail("state", fmt.Errorf("%w: pipeline %s was loaded from %s; use another pipeline and schema, or, if the site only changed its address, run snowdrift state clear", fetch.ErrOtherSite, s.Pipeline, s.Site))
	default:
		d.ok("state", "state: pipeline %s, %d live issues", s.Pipeline, s.Digest.Count)
	}
}
