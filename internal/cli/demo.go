package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/internal/jirasim"
)

func (a *app) demo() *cobra.Command {
	var dir string
	var issues int
	c := &cobra.Command{
		Use:   "demo",
		Short: "Load a simulated Jira into a DuckDB file and ask it three questions",
		Long: `Demo starts the built-in Jira simulator on a loopback address, loads it into a
DuckDB file through the real pipeline, changes some issues, loads again what
changed, and asks the questions that an analyst asks. It needs no configuration
and no network.`,
		Example: `  snowdrift demo
  snowdrift demo --dir /tmp/demo --issues 20000`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if issues < 100 {
				return usageError{errors.New("--issues: the demo changes some issues and needs at least 100")}
			}
			return a.runDemo(c.Context(), dir, issues)
		},
	}
	c.Flags().StringVar(&dir, "dir", "snowdrift-demo", "directory for the DuckDB file and its configuration")
	c.Flags().IntVar(&issues, "issues", 2000, "issues to simulate")
	return c
}

func (a *app) runDemo(ctx context.Context, dir string, issues int) (err error) {
	sim, err := jirasim.New(jirasim.Options{Issues: issues, Seed: 1})
	if err != nil {
		return err
	}
	url, stop, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	cfg, err := demoConfig(ctx, dir, url)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "1. A simulated Jira with %d issues, loaded into %s\n\n", sim.Count(), cfg.Destination.DuckDB.Path)
	if err := a.demoRun(ctx, cfg, sim); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\n2. Ten issues edited, five created, one deleted; loaded again, only what changed\n\n")
	if err := changeSome(sim); err != nil {
		return err
	}
	if err := a.demoRun(ctx, cfg, sim); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\n3. What an analyst asks\n")
	if err := a.askQuestions(ctx, cfg); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nAsk your own:\n  snowdrift query -c %s \"SELECT key, summary FROM issues LIMIT 5\"\n", filepath.Join(dir, config.DefaultFile))
	return nil
}

// demoMark begins the configuration that the demo writes, by which the next
// demo knows that the directory is its own.
const demoMark = "# Written by snowdrift demo, which replaces it and jira.duckdb beside it.\n"

// demoConfig writes a configuration for the simulator and reads it, blind to
// the environment. Files of an earlier demo are replaced; others are not.
func demoConfig(ctx context.Context, dir, url string) (*config.Config, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, usageError{err}
	}
	file, database := filepath.Join(dir, config.DefaultFile), filepath.Join(dir, "jira.duckdb")
	old, err := os.ReadFile(file)
	switch {
	case err == nil && !bytes.HasPrefix(old, []byte(demoMark)):
		return nil, usageError{fmt.Errorf("%s is not the demo's: name another directory with --dir", file)}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, usageError{err}
	case err == nil:
		for _, file := range []string{database, database + ".wal"} { // a demo that was killed leaves its log
			if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, usageError{err}
			}
		}
	default:
		if _, err := os.Stat(database); err == nil {
			return nil, usageError{fmt.Errorf("%s is not the demo's: name another directory with --dir", database)}
		}
	}
	text := demoMark + fmt.Sprintf(`jira:
  url: %s
  auth: {method: basic, email: demo@example.com, api_token: "literal:demo"}
tables: default
destination:
  type: duckdb
  duckdb: {path: jira.duckdb}
`, url)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, usageError{err}
	}
	nothing := func(string) (string, bool) { return "", false }
	return config.Loader{Environment: nothing}.Load(ctx, file, nil)
}

// demoRun loads, and holds the table against the simulator's own count.
func (a *app) demoRun(ctx context.Context, cfg *config.Config, sim *jirasim.Sim) error {
	report, err := a.run(ctx, cfg, runFlags{})
	if err := errors.Join(err, a.summarize(report, err, false)); err != nil {
		return err
	}
	if live := report.Proof.Table.Count; live != int64(sim.Count()) {
		return fmt.Errorf("the simulator has %d issues and the table %d", sim.Count(), live)
	}
	return nil
}

// changeSome changes the site as people do.
func changeSome(sim *jirasim.Sim) error {
	ids := sim.IDs()
	for i := range 10 {
		if err := sim.Edit(ids[i*len(ids)/10]); err != nil {
			return err
		}
	}
	var project string
	sim.Each(func(_ int64, key string, _ []byte) bool {
		project, _, _ = strings.Cut(key, "-")
		return false
	})
	for range 5 {
		if _, err := sim.Create(project); err != nil {
			return err
		}
	}
	return sim.Delete(ids[len(ids)-1]) // none of those that were edited
}

// questions are what every team asks of its Jira first.
var questions = []struct{ title, sql string }{
	{"Where is the open work?", `
SELECT project, COUNT(*) FILTER (status_category = 'new') AS to_do,
  COUNT(*) FILTER (status_category = 'indeterminate') AS in_progress,
  COUNT(*) FILTER (status_category = 'done') AS done
FROM issues WHERE _presence = 'live' GROUP BY project ORDER BY project`},
	{"How long do issues take, from creation to resolution?", `
SELECT issue_type, COUNT(*) AS resolved,
  ROUND(MEDIAN(date_diff('hour', created, resolved)) / 24, 1) AS median_days,
  ROUND(QUANTILE_CONT(date_diff('hour', created, resolved), 0.85) / 24, 1) AS p85_days
FROM issues WHERE resolved IS NOT NULL AND _presence = 'live' GROUP BY issue_type ORDER BY resolved DESC`},
	{"Who has most on their plate?", `
SELECT COALESCE(assignee, '(nobody)') AS assignee, COUNT(*) AS open_issues, MIN(created)::DATE AS oldest
FROM issues WHERE resolved IS NULL AND _presence = 'live' GROUP BY ALL ORDER BY open_issues DESC, assignee LIMIT 5`},
}

func (a *app) askQuestions(ctx context.Context, cfg *config.Config) error {
	warehouse, err := a.openWarehouse(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer warehouse.Close()
	for _, q := range questions {
		fmt.Fprintf(a.stdout, "\n%s\n", q.title)
		rows, err := warehouse.Query(ctx, q.sql)
		if err != nil {
			return err
		}
		if err := printTable(a.stdout, rows); err != nil {
			return err
		}
	}
	return nil
}
