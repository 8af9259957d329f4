package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

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
			cfg, err := a.loadConfig(nil)
			if err != nil {
				return err
			}
			return a.printPlan(c.Context(), cfg, only)
		},
	}
	c.Flags().BoolVar(&only.ddl, "ddl", false, "print nothing but the statements for an empty destination")
	c.Flags().BoolVar(&only.load, "load", false, "print nothing but the statements of a load into Snowflake")
	return c
}

// planOnly says which SQL is to be printed instead of the plan.
type planOnly struct{ ddl, load bool }

// statements returns the SQL that was asked for.
func (o planOnly) statements(cfg *config.Config, tables []*table.Table, ledger []table.Assignment) (out []string, err error) {
	snow := cfg.Destination.Type == config.DestinationSnowflake
	if o.load && !snow {
		return nil, usageError{fmt.Errorf("--load is for Snowflake; %s reads the files itself", cfg.Destination.Type)}
	}
	switch {
	case o.ddl && snow:
		out = append(snowflake.DDL(cfg.Pipeline, tables), viewDDL(cfg, snowflake.Dialect, tables, ledger)...)
	case o.ddl:
		out = append(duckdb.DDL(tables), viewDDL(cfg, duckdb.Dialect, tables, ledger)...)
	}
	if o.load {
		out = append(out, snowflake.Sequence(cfg.Pipeline, cfg.Jira.Site, tables)...)
	}
	return out, nil
}

// viewDDL returns the statements for the views, if the configuration wants them.
func viewDDL(cfg *config.Config, d load.Dialect, tables []*table.Table, ledger []table.Assignment) []string {
	if !cfg.Views {
		return nil
	}
	return load.ViewDDL(d, tables, load.Views(cfg.Jira.Site, tables[0], ledger))
}

func (a *app) printPlan(ctx context.Context, cfg *config.Config, only planOnly) error {
	source, client, err := a.openSource(ctx, cfg)
	if err != nil {
		return err
	}
	defer client.Close()
	sqlOnly := only.ddl || only.load
	before := state.New(cfg.Pipeline)
	if !sqlOnly || cfg.Destination.Type != config.DestinationSnowflake {
		if before, err = a.readState(ctx, cfg); err != nil {
			return err
		}
	}
	if err := before.Claim(cfg.Jira.Site); err != nil {
		return err
	}
	tables, ledger, err := pipeline.Tables(cfg.Jira.Site, source.Fields(), before.Columns)
	if err != nil {
		return err
	}
	if sqlOnly {
		statements, err := only.statements(cfg, tables, ledger)
		for _, s := range statements {
			fmt.Fprintf(a.stdout, "%s;\n", s)
		}
		return err
	}
	plan, err := source.Plan(ctx, before)
	if err != nil {
		return err
	}
	site := client.Site()
	fmt.Fprintf(a.stdout, "site        %s (%s %s), as %s, time zone %s\n", site.BaseURL, site.Deployment, site.Version, site.User.Name, site.TimeZone)
	fmt.Fprintf(a.stdout, "plan        %s\n\n", plan.Reason)
	a.printPartitions(cfg, plan)
	due := pipeline.Due(source.Fields().Dimensions, before, cfg.Dimensions.Every, source.Now())
	a.printCosts(source, plan, due)
	issues := tables[0]
	fmt.Fprintf(a.stdout, "\ntables\n  %s: %d columns, %d of them for custom fields", issues.Name, len(issues.Columns), custom(issues))
	if n := len(ledger) - len(before.Columns); n > 0 {
		fmt.Fprintf(a.stdout, ", %d new", n)
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

// pageGuess is how many full issues Jira sends in a page, whatever is asked for
// (JIRA_FACTS §2).
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
	if !cfg.Census.Every.Never {
		fmt.Fprintf(a.stdout, ", and %d for the census", max((issues+4999)/5000, 1))
	}
	fmt.Fprintln(a.stdout)
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

func custom(t *table.Table) int {
	n := 0
	system := len(table.Issues(nil, nil).Columns)
	if len(t.Columns) > system {
		n = len(t.Columns) - system
	}
	return n
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
