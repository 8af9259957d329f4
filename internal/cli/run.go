package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
)

func (a *app) runCommand() *cobra.Command {
	var asJSON bool
	var flags runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "Load what is new or changed, and prove that nothing is missing",
		Long: `Run brings the destination up to date with Jira: the first run loads everything
that the configuration asks for, later ones what changed. A run that is killed
is taken up again by the next. The exit code says how it ended; README lists
the codes. Of several sources each is loaded in its turn, whatever became of the
others; --json prints an object in a line for each, and the worst exit code
counts.`,
		Example: `  snowdrift run -c snowdrift.yaml
  JIRA_PROJECT=PROJ snowdrift run --json | jq .issues_read`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			sites, err := a.loadSites()
			if err != nil {
				return err
			}
			return a.each(c.Context(), sites, func(a *app, cfg *config.Config) error {
				if !asJSON {
					a.heading(cfg)
				}
				report, err := a.run(c.Context(), cfg, flags)
				a.log.Info("run ended", "run", report.RunID, "outcome", report.Outcome, "conclusion", report.Conclusion)
				return errors.Join(err, a.summarize(report, err, asJSON))
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the summary as one JSON object")
	c.Flags().BoolVar(&flags.acceptShrink, "accept-shrink", false, "believe Jira although many issues are gone at once")
	c.Flags().BoolVar(&flags.deep, "deep", false, "compare the versions of all issues now, whatever census.deep_budget says")
	return c
}

// runFlags are what the command line says of one run.
type runFlags struct{ acceptShrink, deep bool }

// deleted are the values of census.deleted.
var deleted = map[string]pipeline.Deleted{
	config.DeletedSoft: pipeline.Soft, config.DeletedHard: pipeline.Hard, config.DeletedKeep: pipeline.Keep,
}

// run opens both ends and runs the pipeline. The report is valid even if it
// came to neither.
func (a *app) run(ctx context.Context, cfg *config.Config, flags runFlags) (report pipeline.Report, err error) {
	report = pipeline.NewReport(cfg.Pipeline, newRunID(), time.Now())
	defer func() {
		if err != nil && report.Error == "" {
			report.Fail(ctx, err, time.Now())
		}
	}()
	source, client, err := a.openSource(ctx, cfg)
	if err != nil {
		return report, err
	}
	defer client.Close()
	warehouse, err := a.openWarehouse(ctx, cfg, false)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, warehouse.Close()) }()
	return a.drive(ctx, cfg, source, warehouse, report, flags)
}

// drive runs the pipeline between two open ends.
func (a *app) drive(ctx context.Context, cfg *config.Config, source *fetch.Source, warehouse load.Warehouse, before pipeline.Report, flags runFlags) (report pipeline.Report, err error) {
	report = before
	boundMemory()
	opts := pipeline.Options{
		Pipeline: cfg.Pipeline, Site: cfg.Jira.Site, RunID: before.RunID, FileSize: int64(cfg.Batch.FileSize), CommitSize: int64(cfg.Batch.CommitSize),
		CommitEvery: cfg.Batch.CommitEvery, Concurrency: cfg.Jira.Concurrency, Overlap: cfg.Jira.Overlap, Dimensions: cfg.Dimensions.Every,
		Census: !cfg.Census.Every.Never, Views: cfg.Views, CensusEvery: cfg.Census.Every.After, Deleted: deleted[cfg.Census.Deleted],
		Deep: cfg.Census.Deep.After, DeepBudget: cfg.Census.DeepBudget, DeepNow: flags.deep,
		AcceptShrink: cfg.Census.AcceptShrink.Share(), Confirmed: flags.acceptShrink,
		Progress: &pipeline.Progress{}, Log: a.log, Now: time.Now,
	}
	sweepWorkDirs(cfg, a.log)
	dir, err := newWorkDir(cfg, opts.RunID)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	opts.Dir = dir.Path
	stop := a.watch(opts.Progress)
	defer stop()
	return pipeline.Run(ctx, source, warehouse, opts)
}

// summarize prints what a run did, and turns an unproven one into an error.
func (a *app) summarize(r pipeline.Report, err error, asJSON bool) error {
	switch {
	case asJSON:
		if err := json.NewEncoder(a.stdout).Encode(r); err != nil {
			return err
		}
	case r.Site != "": // else it never began, and the error says all
		a.printReport(r)
	}
	if err == nil && r.Outcome == pipeline.Unproven {
		return unproven{r.Conclusion}
	}
	return nil
}

func (a *app) printReport(r pipeline.Report) {
	var rows int64
	for _, n := range r.Rows {
		rows += n
	}
	fmt.Fprintf(a.stdout, "run %s: %s\n", r.RunID, r.Outcome)
	for _, reason := range r.Plan {
		fmt.Fprintf(a.stdout, "  plan    %s\n", reason)
	}
	fmt.Fprintf(a.stdout, "  read    %d issues in %d requests, %s on the wire\n", r.Issues, r.Jira.Total(), bytesText(r.Jira.BytesWire))
	fmt.Fprintf(a.stdout, "  written %d rows in %d files (%s), %d commits\n", rows, r.Files, bytesText(r.FileBytes), r.Commits)
	if r.Statements > 0 {
		fmt.Fprintf(a.stdout, "  load    %d statements, %s from the first to COMMIT\n", r.Statements, time.Duration(r.LoadMillis)*time.Millisecond)
	}
	for _, presence := range slices.Sorted(maps.Keys(r.Proof.Marked)) {
		fmt.Fprintf(a.stdout, "  marked  %d issues as %s\n", r.Proof.Marked[presence], presence)
	}
	for _, l := range r.Left {
		fmt.Fprintf(a.stdout, "  left    %s as it was: %s\n", l.Table, l.Why)
	}
	for _, o := range r.Odd {
		of := ""
		if o.Field != "" {
			of = " of " + o.Field
		}
		fmt.Fprintf(a.stdout, "  odd     %d values%s did not fit %s.%s (see _snowdrift_value_errors)\n", o.Count, of, o.Table, o.Column)
	}
	if r.Conclusion != "" {
		fmt.Fprintf(a.stdout, "  proof   %s\n", r.Conclusion)
	}
	fmt.Fprintf(a.stdout, "  took    %s\n", r.Ended.Sub(r.Started).Round(time.Millisecond))
}

func bytesText(n int64) string {
	const units = "kMGTP"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	x, i := float64(n)/1000, 0
	for x >= 1000 && i < len(units)-1 {
		x, i = x/1000, i+1
	}
	return fmt.Sprintf("%.1f %cB", x, units[i])
}
