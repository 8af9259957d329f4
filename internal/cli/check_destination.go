package cli

import (
	"context"
	"errors"
	"fmt"

	"snowdrift/internal/config"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load/duckdb"
	"snowdrift/stages/load/snowflake"
	"snowdrift/state"
)

// checkDestination reports whether the destination can be asked for states.
func (a *app) checkDestination(ctx context.Context, d *doctor, cfg *config.Config) bool {
	dir, err := newWorkDir(cfg, "check")
	if err != nil {
		d.fail("batch.dir", err)
		return false // a rehearsal needs it too
	}
	if err := errors.Join(a.rehearse(ctx, cfg, dir.Path), dir.Remove()); err != nil {
		d.fail("destination", err)
		return false
	}
	if cfg.Destination.Type == config.DestinationDuckDB {
		d.ok("destination", "destination duckdb can be read and written")
	} else {
		d.ok("destination", "destination snowflake: a file was put, copied, read back and merged, and all of it rolled back")
	}
	return true
}

// rehearse tries a load without leaving anything, with files in dir: a DuckDB file
// that is not there yet must not be there afterwards.
func (a *app) rehearse(ctx context.Context, cfg *config.Config, dir string) error {
	if cfg.Destination.Type == config.DestinationDuckDB {
		return duckdb.Rehearse(ctx, a.duckdbOptions(cfg), dir)
	}
	opts, err := snowflakeOptions(ctx, cfg, a.log)
	if err != nil {
		return err
	}
	file, err := rehearsalFile(dir)
	if err != nil {
		return err
	}
	return snowflake.Rehearse(ctx, opts, file)
}

// rehearsalFile writes a file as a load does.
func rehearsalFile(dir string) (stages.File, error) {
	b := batch.New(batch.Options{Dir: dir, Prefix: "check", FileSize: 1 << 20})
	if err := errors.Join(b.Write(snowflake.Samples()), b.Flush()); err != nil {
		return stages.File{}, err
	}
	return b.Closed()[0], nil
}

// checkState says what the destination remembers of the pipeline, and whether its tables
// take what the source has; without one only the state is looked at.
func (a *app) checkState(ctx context.Context, d *doctor, cfg *config.Config, source *fetch.Source) {
	var s *state.State
	var err error
	if source != nil {
		s, err = a.look(ctx, cfg, source)
	} else {
		s, err = a.readState(ctx, cfg)
	}
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
