package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/internal/jira/jql"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/stages/load/duckdb"
	"snowdrift/stages/load/snowflake"
	"snowdrift/state"
)

func (a *app) plan() *cobra.Command {
	var only planOnly
	c := &cobra.Command{
		Use:   "plan",
		Short: "Say what a run would do, without reading issues or writing",
		Long: `Plan prints why and what the next run would read, the JQL of each partition, about
how many requests that takes, and the statements that would make tables and
columns. With --ddl or --load it prints SQL alone, for an empty destination; of
Snowflake it asks nothing then.`,
		Example: `  snowdrift plan -c snowdrift.yaml
  snowdrift plan --ddl > tables.sql`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			sites, err := a.loadSites()
			if err != nil {
				return err
			}
			if only.ddl || only.load {
				return a.printStatements(c.Context(), sites, only)
			}
			var l ledger
			return a.each(c.Context(), sites, func(a *app, cfg *config.Config) error { return a.printPlan(c.Context(), cfg, &l) })
		},
	}
	c.Flags().BoolVar(&only.ddl, "ddl", false, "print nothing but the statements for an empty destination")
	c.Flags().BoolVar(&only.load, "load", false, "print nothing but the statements of a load into Snowflake")
	return c
}

// planOnly says which SQL is to be printed instead of the plan.
type planOnly struct{ ddl, load bool }

// printStatements prints SQL for the tables of all sites together.
func (a *app) printStatements(ctx context.Context, sites []*config.Config, only planOnly) error {
	snow := sites[0].Destination.Type == config.DestinationSnowflake
	if only.load && !snow {
		return usageError{fmt.Errorf("--load is for Snowflake; %s reads the files itself", sites[0].Destination.Type)}
	}
	var l ledger
	var sources []*fetch.Source
	err := a.each(ctx, sites, func(a *app, cfg *config.Config) (err error) {
		source, client, err := a.openSource(ctx, cfg)
		if err != nil {
			return err
		}
		defer client.Close()
		before := state.New(cfg.Pipeline)
		if !snow {
			if before, err = a.readState(ctx, cfg); err != nil {
				return err
			}
		}
		sources = append(sources, source)
		_, _, err = l.tables(cfg, source, before)
		return err
	})
	if err != nil {
		return err // statements for some of the sites would be wrong for all of them
	}
	statements, err := only.statements(sites, sources, l)
	for _, s := range statements {
		fmt.Fprintf(a.stdout, "%s;\n", s)
	}
	return err
}

// statements returns the SQL that was asked for; the ledger has the columns of
// all sites.
func (o planOnly) statements(sites []*config.Config, sources []*fetch.Source, l ledger) (out []string, err error) {
	var sets [][]*table.Table
	var pipelines []string
	for i, cfg := range sites {
		tables, _, err := l.tables(cfg, sources[i], state.New(cfg.Pipeline))
		if err != nil {
			return nil, err
		}
		sets, pipelines = append(sets, tables), append(pipelines, cfg.Pipeline)
	}
	snow := sites[0].Destination.Type == config.DestinationSnowflake
	switch {
	case o.ddl && snow:
		union := table.Union(sets...)
		out = append(snowflake.DDL(union, pipelines...), viewDDL(sites[0], snowflake.Dialect, union, l)...)
	case o.ddl:
		union := table.Union(sets...)
		out = append(duckdb.DDL(union), viewDDL(sites[0], duckdb.Dialect, union, l)...)
	}
	if o.load {
		for i, cfg := range sites {
			out = append(out, snowflake.Sequence(cfg.Pipeline, cfg.Jira.Site, sets[i])...)
		}
	}
	return out, nil
}

// viewDDL returns the statements for the views, if the configuration wants them.
func viewDDL(cfg *config.Config, d load.Dialect, tables []*table.Table, l ledger) []string {
	if !cfg.Views {
		return nil
	}
	return load.ViewDDL(d, tables, load.Views(cfg.Jira.Site, tables[0], l.columns))
}

func (a *app) printPlan(ctx context.Context, cfg *config.Config, l *ledger) error {
	source, client, err := a.openSource(ctx, cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	before, err := a.look(ctx, cfg, source)
	if err != nil {
		return err
	}
	tables, added, err := l.tables(cfg, source, before)
	if err != nil {
		return err
	}
	plan, err := source.Plan(ctx, before)
	if err != nil {
		return err
	}
	a.heading(cfg)
	site := client.Site()
	fmt.Fprintf(a.stdout, "site        %s (%s %s), as %s, time zone %s\n", site.BaseURL, site.Deployment, site.Version, site.User.Name, site.TimeZone)
	fmt.Fprintf(a.stdout, "plan        %s\n\n", plan.Reason)
	a.printPartitions(cfg, plan)
	due := pipeline.Due(source.Fields().Dimensions, before, cfg.Dimensions.Every, source.Now())
	a.printCosts(source, plan, due)
	issues := tables[0]
	fmt.Fprintf(a.stdout, "\ntables\n  %s: %d columns, %d of them for custom fields", issues.Name, len(issues.Columns), custom(issues))
	if added > 0 {
		fmt.Fprintf(a.stdout, ", %d new", added)
	}
	for _, t := range slices.Concat(source.Fields().Children, source.Fields().Dimensions) {
		fmt.Fprintf(a.stdout, "\n  %s", t.Name)
		if t.Role == table.Dimension && !slices.Contains(due, t) {
			fmt.Fprintf(a.stdout, ": read less than %s ago, not this time", cfg.Dimensions.Every)
		}
	}
	fmt.Fprintf(a.stdout, "\n  statements: snowdrift plan --ddl\n")
	return nil
}

// pageGuess is how many full issues Jira sends in a page, whatever is asked for: as
// many as Cloud was seen to send as soon as a field beside id and key was wanted.
const pageGuess = 100

func (a *app) printPartitions(cfg *config.Config, plan fetch.Plan) {
	var issues, requests int64
	for _, p := range plan.Partitions {
		size := int64(min(cfg.Jira.PageSize, pageGuess))
		expected := "number of issues unknown"
		if p.Expected >= 0 {
			issues += p.Expected
			requests += max((p.Expected+size-1)/size, 1)
			expected = fmt.Sprintf("about %d issues", p.Expected)
		} else {
			requests++
		}
		fmt.Fprintf(a.stdout, "partition   %s (%s)\n            %s %s\n", p.Name, expected, p.JQL, jql.OrderBy(p.Order, "key"))
	}
	fmt.Fprintf(a.stdout, "\nrequests    about %d for %d issues in %d partitions", requests, issues, len(plan.Partitions))
	if !cfg.Census.Every.Never || plan.State.Unsettled {
		inScope := max(issues, plan.State.Digest.Count+plan.Missing-plan.Leaving)
		fmt.Fprintf(a.stdout, ", and %d for the census", max((inScope+4999)/5000, 1))
	}
	fmt.Fprintln(a.stdout)
	if plan.Missing > 0 {
		fmt.Fprintf(a.stdout, "            about %d more for issues that the census will find missing\n", (plan.Missing+pageGuess-1)/pageGuess)
	}
	if plan.Leaving > 0 {
		fmt.Fprintf(a.stdout, "            about %d more for what became of rows that are out of scope\n", (plan.Leaving+999)/1000)
	}
}

// printCosts says what tables take beyond the pages of issues, dimensions if
// they are due.
func (a *app) printCosts(source *fetch.Source, plan fetch.Plan, due []*table.Table) {
	var issues int64
	for _, p := range plan.Partitions {
		issues += max(p.Expected, 0)
	}
	for _, c := range append(source.Costs(issues, len(plan.Partitions)), source.DimensionCosts(due)...) {
		if c.Requests > 0 {
			fmt.Fprintf(a.stdout, "            about %d more for %s: %s\n", c.Requests, c.Table, c.Why)
		} else {
			fmt.Fprintf(a.stdout, "            more for %s: %s\n", c.Table, c.Why)
		}
	}
}

// custom counts the columns of custom fields, each of the several that one may have.
func custom(t *table.Table) int {
	n := 0
	for _, c := range t.Columns {
		if c.Source == table.FromValue && strings.HasPrefix(c.Field, "customfield_") {
			n++
		}
	}
	return n
}

// look returns the state that a run would begin from, and refuses what the run would
// refuse of the destination, without writing anything.
func (a *app) look(ctx context.Context, cfg *config.Config, source *fetch.Source) (before *state.State, err error) {
	w, err := a.openWarehouse(ctx, cfg, true)
	if errors.Is(err, fs.ErrNotExist) {
		return state.New(cfg.Pipeline), nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	survey, err := pipeline.Look(ctx, source, w, cfg.Pipeline, cfg.Jira.Site)
	if err != nil {
		return nil, err
	}
	before, _ = survey.Left(source.Asked(), a.log)
	before = before.Clone()
	before.Columns = survey.Saved.Columns
	return before, nil
}

// readState reads the state without writing anything; that of a pipeline that
// never ran if the destination is not there yet.
func (a *app) readState(ctx context.Context, cfg *config.Config) (s *state.State, err error) {
	w, err := a.openWarehouse(ctx, cfg, true)
	if errors.Is(err, fs.ErrNotExist) {
		return state.New(cfg.Pipeline), nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.State(ctx, cfg.Pipeline)
}
