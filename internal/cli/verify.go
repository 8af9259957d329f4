package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// verifyFlags are what the command line says of one verification.
type verifyFlags struct {
	deep    string
	seed    uint64
	history bool
	asJSON  bool
}

func (a *app) verify() *cobra.Command {
	var flags verifyFlags
	c := &cobra.Command{
		Use:   "verify",
		Short: "Compare Jira with the tables, and name every row that differs",
		Long: `Verify compares the issues that Jira has with the rows of the table, by id and
version, and names every row that is missing, too many or of another version.
With --deep it reads issues again and compares all cells and child rows.
With --history it lists, by issue and field, what contradicts itself in Jira's own
history (issue_field_history): a change that tells of another value before than
the changes before it left, an issue with another value than its last change
left, and changes that are older than the issue. These are no differences between
Jira and the tables.

It reads only. A DuckDB file is opened for reading, so that no entry of the run
ledger tells of the verification; on Snowflake one does, and scratch tables are
temporary.

What changed in Jira since the last run is listed apart and is no difference.
The exit code is 0 if there are no differences, 7 if there are, 6 if it could
not be told.`,
		Example: `  snowdrift verify
  snowdrift verify --deep 500 --json
  snowdrift verify --history
  snowdrift verify --deep all`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			deep, err := flags.issues()
			if err != nil {
				return err
			}
			if !c.Flags().Changed("seed") {
				flags.seed = uint64(rand.Uint32())
			}
			sites, err := a.loadSites()
			if err != nil {
				return err
			}
			return a.each(c.Context(), sites, func(a *app, cfg *config.Config) error {
				if !flags.asJSON {
					a.heading(cfg)
				}
				return a.runVerify(c.Context(), cfg, deep, flags)
			})
		},
	}
	c.Flags().StringVar(&flags.deep, "deep", "", "read so many issues again, or all, and compare every cell")
	c.Flags().Uint64Var(&flags.seed, "seed", 0, "choose the issues of --deep by this number, as an earlier verification printed it")
	c.Flags().BoolVar(&flags.history, "history", false, "list what contradicts itself in the history of fields")
	c.Flags().BoolVar(&flags.asJSON, "json", false, "print the result as one JSON object")
	return c
}

// issues reads --deep.
func (f verifyFlags) issues() (int, error) {
	switch f.deep {
	case "":
		return 0, nil
	case "all":
		return pipeline.DeepAll, nil
	}
	n, err := strconv.Atoi(f.deep)
	if err != nil || n < 1 {
		return 0, usageError{fmt.Errorf("--deep %q: give a number of issues, or all", f.deep)}
	}
	return n, nil
}

// runVerify opens both ends, the destination for reading, and compares them.
func (a *app) runVerify(ctx context.Context, cfg *config.Config, deep int, flags verifyFlags) (err error) {
	source, client, err := a.openSource(ctx, cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	warehouse, err := a.openWarehouse(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, warehouse.Close()) }()
	opts := pipeline.VerifyOptions{
		Pipeline: cfg.Pipeline, Site: cfg.Jira.Site, RunID: newRunID(), FileSize: int64(cfg.Batch.FileSize), Concurrency: cfg.Jira.Concurrency,
		Deleted: deleted[cfg.Census.Deleted], AcceptShrink: cfg.Census.AcceptShrink.Share(),
		Deep: deep, Seed: flags.seed, History: flags.history, Progress: &pipeline.Progress{}, Log: a.log, Now: time.Now,
	}
	sweepWorkDirs(cfg, a.log)
	dir, err := newWorkDir(cfg, opts.RunID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	opts.Dir = dir.Path
	stop := a.watch(opts.Progress)
	v, err := pipeline.Verify(ctx, source, warehouse, opts)
	stop()
	if flags.asJSON {
		if err := json.NewEncoder(a.stdout).Encode(v); err != nil {
			return err
		}
	} else {
		a.printVerification(v)
	}
	return verdict(v, err)
}

// differing is a verification that found differences, undecided one that could
// not tell.
type differing struct{ why string }

func (e differing) Error() string { return "Jira and the tables differ: " + e.why }

type undecided struct {
	why string
	err error // may be nil
}

func (e undecided) Error() string {
	return "it could not be told whether Jira and the tables differ: " + e.why
}
func (e undecided) Unwrap() error { return e.err }

// verdict turns a verification into an error, nil if it is clean. What Jira
// refuses while it is compared leaves it undecided, unless the query has to be
// mended.
func verdict(v pipeline.Verification, err error) error {
	var refused *jira.Error
	var badQuery *fetch.BadQuery
	switch {
	case errors.As(err, &badQuery):
		return err
	case errors.As(err, &refused):
		return undecided{err.Error(), err}
	case err != nil:
		return err
	case v.Outcome == pipeline.Undecided:
		return undecided{why: v.Conclusion}
	case v.Outcome == pipeline.Differing:
		return differing{v.Conclusion}
	}
	return nil
}

// printVerification prints it for people, a line for each row that differs.
func (a *app) printVerification(v pipeline.Verification) {
	out := func(word, format string, args ...any) {
		fmt.Fprintf(a.stdout, "  %-8s "+format+"\n", append([]any{word}, args...)...)
	}
	fmt.Fprintf(a.stdout, "verify %s: %s\n", v.RunID, v.Outcome)
	out("jira", "%s", side(v.Census))
	out("table", "%s", side(v.Table))
	for _, m := range v.Missing {
		out("missing", "issue %d: in Jira since %s at the latest, no live row", m.ID, instant(m.Updated))
	}
	for _, e := range v.Extra {
		out("extra", "issue %d (%s): a live row, not in Jira: %s, %s", e.ID, e.Key, e.Presence, e.Evidence)
	}
	for _, s := range v.Stale {
		out("stale", "issue %d (%s): the row is of %s, Jira's of %s", s.ID, s.Key, instant(s.Row), instant(s.Jira))
	}
	for _, s := range v.Newer {
		out("newer", "issue %d (%s): the row is of %s, Jira's of %s", s.ID, s.Key, instant(s.Row), instant(s.Jira))
	}
	for _, s := range v.Strays {
		out("stray", "issue %d (%s): %d rows that no load writes: an issue twice, or without presence or pipeline", s.ID, s.Key, s.Rows)
	}
	if v.Deep != nil {
		for _, d := range v.Deep.Differences {
			out("differs", "issue %d (%s), %s: table %q, Jira %q", d.Issue, d.Key, place(d), d.Stored, d.Jira)
		}
		out("cells", "%d issues read again and compared (--seed %d)", v.Deep.Issues, v.Deep.Seed)
	}
	if v.History != nil {
		for _, c := range v.History.Contradictions {
			out("history", "issue %d (%s), %s, since %s: %s", c.Issue, c.Key, c.Field, instant(c.Since), contradicts(c))
		}
		out("history", "%d rows contradict Jira's own history", len(v.History.Contradictions))
	}
	if len(v.Changed) > 0 {
		out("changed", "%d issues since the last run (%s), no differences: %v", len(v.Changed), instant(v.Since), v.Changed)
	}
	out("result", "%s", v.Conclusion)
	if !v.Written {
		out("ledger", "no entry: the destination was opened for reading")
	}
}

// contradicts says in what a row of the history contradicts others.
func contradicts(c load.Contradiction) string {
	var ways []string
	if c.FromDiffers {
		ways = append(ways, fmt.Sprintf("change %d tells of another value before than the changes before it left", c.Change))
	}
	if c.TodayDiffers {
		ways = append(ways, "the issue has another value now")
	}
	if c.TooEarly {
		ways = append(ways, "the issue was created later")
	}
	return strings.Join(ways, "; ")
}

func side(d state.Digest) string { return fmt.Sprintf("%d issues, digest %d", d.Count, d.Sum) }

// place names the cell or child row of a difference.
func place(d pipeline.CellDifference) string {
	s := d.Table
	if d.Column != "" {
		s += "." + d.Column
	}
	if d.Row != "" {
		s += " of row " + d.Row
	}
	return s
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
