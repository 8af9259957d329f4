package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

func (a *app) stateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "state",
		Short: "Show, clear, export or import what a pipeline remembers",
		Long: `State shows and changes what a pipeline remembers between runs. It lives in the
destination. None of these commands touches a table of issues. Of several sources
each has a state of its own.`,
		Example: `  snowdrift state show
  snowdrift state clear --yes && snowdrift run`,
		Args: exactArgs(0, "a command"),
		RunE: func(c *cobra.Command, _ []string) error {
			return usageError{fmt.Errorf("%s takes a command: show, clear, export or import", c.CommandPath())}
		},
	}
	c.AddCommand(a.stateShow(), a.stateClear(), a.stateExport(), a.stateImport())
	return c
}

func (a *app) stateShow() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show how far the pipeline has read",
		Long: `Show prints how far the pipeline has read. One that has not run yet has read
nothing, which is no error; others that the destination knows are named.`,
		Example: "  snowdrift state show",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.readingState(c.Context(), func(cfg *config.Config, s *state.State) error {
				fmt.Fprintf(a.stdout, "pipeline     %s\n", s.Pipeline)
				if s.Site == "" {
					return a.showNothing(c.Context(), cfg)
				}
				fmt.Fprintf(a.stdout, "site         %s\n", s.Site)
				query := s.Asked.Query
				if query == "" {
					query = "(all issues)"
				}
				fmt.Fprintf(a.stdout, "query        %s\nfields       %s\nfingerprint  %s\n", query, strings.Join(s.Asked.Fields, ", "), s.Asked.Fingerprint())
				if s.Load != nil {
					fmt.Fprintf(a.stdout, "first load   %d of %d partitions done\n", len(s.Load.Done), len(s.Load.Partitions))
				}
				if s.Cursor != 0 {
					fmt.Fprintf(a.stdout, "cursor       %s\n", time.UnixMilli(s.Cursor).UTC().Format("2006-01-02T15:04:05.000Z"))
				}
				fmt.Fprintf(a.stdout, "live rows    %d\ncolumns      %d of custom fields\ncommit       %s\n", s.Digest.Count, len(s.Columns), s.Commit)
				return nil
			})
		},
	}
}

// showNothing says what becomes of a pipeline that has no state. Its name, or that of the
// file or the schema, may be mistyped: what is not there is named, and so are the
// pipelines that are.
func (a *app) showNothing(ctx context.Context, cfg *config.Config) error {
	known, err := a.pipelinesThere(ctx, cfg)
	if errors.Is(err, fs.ErrNotExist) {
		what := "file " + string(cfg.Destination.DuckDB.Path)
		if _, err := os.Stat(string(cfg.Destination.DuckDB.Path)); err == nil {
			what = "schema " + cfg.Destination.DuckDB.Schema
		}
		fmt.Fprintf(a.stdout, "nothing read: there is no %s yet; the next run makes it and loads everything\n", what)
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "nothing read: the next run loads everything")
	others := slices.DeleteFunc(known, func(name string) bool { return name == cfg.Pipeline })
	if len(others) > 0 {
		fmt.Fprintf(a.stdout, "others       %s\n", strings.Join(others, ", "))
	}
	return nil
}

// pipelinesThere returns the names of the pipelines that the destination knows, in order:
// of those with a state, whether it can be read or not, and of those whose first run ended
// before it left one. The error is fs.ErrNotExist if there is no such file
// or schema.
func (a *app) pipelinesThere(ctx context.Context, cfg *config.Config) (names []string, err error) {
	w, err := a.openWarehouse(ctx, cfg, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	lacks, err := w.Lacks(ctx, table.Records())
	if err != nil {
		return nil, err
	}
	var queries []string
	for _, t := range table.Records() {
		there := !slices.ContainsFunc(lacks, func(l load.Lack) bool { return l.Table.Name == t.Name && l.Whole() })
		if there && t.Column("pipeline") != nil {
			queries = append(queries, "SELECT pipeline FROM "+t.Name)
		}
	}
	if len(queries) == 0 {
		return nil, nil
	}
	rows, err := w.Query(ctx, strings.Join(queries, " UNION "))
	if err != nil {
		return nil, err
	}
	for cells, err := range rows.All() {
		if err != nil {
			return nil, err
		}
		names = append(names, fmt.Sprint(cells[0]))
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (a *app) stateClear() *cobra.Command {
	var yes, rewrite bool
	c := &cobra.Command{
		Use: "clear", Short: "Forget what was read, so that the next run reads everything again",
		Long: `Clear forgets how far the pipeline has read. Tables stay as they are; the next
run reads everything again and finds most of it unchanged, which it does not write.
With --rewrite it writes every row: if somebody removed rows of other tables than
issues, say. Columns keep their fields. A pipeline of which no run is known in the
destination is refused.`,
		Example: "  snowdrift state clear --yes\n  snowdrift state clear --yes --rewrite",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			sites, err := a.loadSites()
			if err != nil {
				return err
			}
			return a.each(c.Context(), sites, func(a *app, cfg *config.Config) error { return a.clearState(c.Context(), cfg, yes, rewrite) })
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	c.Flags().BoolVar(&rewrite, "rewrite", false, "have the next run write rows that are as they were, too")
	return c
}

func (a *app) clearState(ctx context.Context, cfg *config.Config, yes, rewrite bool) error {
	known, err := a.pipelinesThere(ctx, cfg)
	switch {
	case err != nil:
		return err
	case len(known) == 0:
		fmt.Fprintf(a.stdout, "no pipeline has a state yet, and so has %s none to clear; the next run reads everything\n", cfg.Pipeline)
		return nil
	case !slices.Contains(known, cfg.Pipeline):
		return usageError{fmt.Errorf("nothing was cleared: no run of pipeline %s is known here; there are %s", cfg.Pipeline, strings.Join(known, ", "))}
	}
	// Nothing is open while somebody is asked: runs may write meanwhile, and what they
	// leave is cleared.
	if err := a.confirm(ctx, yes, fmt.Sprintf("Clear the state of pipeline %s? The next run reads everything again.", cfg.Pipeline)); err != nil {
		return err
	}
	return a.withState(ctx, cfg, func(s *state.State, w load.Warehouse) error {
		cleared, writes := s.Cleared(), ""
		if cleared.Rewrite = cleared.Rewrite || rewrite; cleared.Rewrite {
			writes = ", and writes all rows"
		}
		if err := saveState(ctx, w, cleared, "state clear"); err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "state of pipeline %s cleared; the next run reads everything again%s\n", s.Pipeline, writes)
		return nil
	})
}

func (a *app) stateExport() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Print the state as JSON, that of each source as an object of its own",
		Long: `Export prints the state as JSON, that of each source as an object of its own. A
pipeline that has none yet is refused: its export would be taken for one.`,
		Example: "  snowdrift state export > state.json",
		Args:    exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return a.readingState(c.Context(), func(_ *config.Config, s *state.State) error {
				if s.Commit == "" {
					return usageError{fmt.Errorf("nothing was exported: pipeline %s has no state yet; snowdrift state show says what there is", s.Pipeline)}
				}
				out := json.NewEncoder(a.stdout)
				out.SetIndent("", "  ")
				return out.Encode(s)
			})
		},
	}
}

func (a *app) stateImport() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "import FILE", Short: "Replace the state by an exported one",
		Long: `Import replaces the state by one that export printed ("-" with --yes reads standard
input).
An older state is safe: what was read since is read again. A state that is ahead
of the tables is not: issues that changed in between would be found by the
census only.`,
		Example: "  snowdrift state import state.json",
		Args:    exactArgs(1, "a file"),
		RunE: func(c *cobra.Command, args []string) error {
			if args[0] == "-" && !yes {
				return usageError{errors.New("standard input is the state, so that nobody can be asked: add --yes")}
			}
			text, err := readFileOr(args[0], a.stdin)
			if err != nil {
				return usageError{err}
			}
			sites, err := a.loadSites()
			if err != nil {
				return err
			}
			return a.importStates(c.Context(), sites, text, args[0], yes)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// importStates replaces the states of the pipelines that the text has states of.
// All of it is read before the first is replaced.
func (a *app) importStates(ctx context.Context, sites []*config.Config, text []byte, from string, yes bool) error {
	imported := map[*config.Config]*state.State{}
	in := json.NewDecoder(bytes.NewReader(text))
	for in.More() || len(imported) == 0 { // an empty file is no state
		var document json.RawMessage
		if err := in.Decode(&document); err != nil {
			return usageError{fmt.Errorf("read state: %s: %w", from, err)}
		}
		s, err := state.Parse(document)
		if err != nil {
			return usageError{err}
		}
		i := slices.IndexFunc(sites, func(cfg *config.Config) bool { return cfg.Pipeline == s.Pipeline })
		if i < 0 {
			return usageError{fmt.Errorf("%s is the state of pipeline %s, not of %s", from, s.Pipeline, pipelines(sites))}
		}
		imported[sites[i]] = s
	}
	return a.each(ctx, sites, func(a *app, cfg *config.Config) error {
		if imported[cfg] == nil {
			return nil
		}
		if err := a.confirm(ctx, yes, fmt.Sprintf("Replace the state of pipeline %s?", cfg.Pipeline)); err != nil {
			return err
		}
		return a.withState(ctx, cfg, func(s *state.State, w load.Warehouse) error {
			if err := saveState(ctx, w, imported[cfg], "state import"); err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "state of pipeline %s imported\n", s.Pipeline)
			return nil
		})
	})
}

// pipelines lists the names of the sites' pipelines.
func pipelines(sites []*config.Config) string {
	var names []string
	for _, cfg := range sites {
		names = append(names, cfg.Pipeline)
	}
	return strings.Join(names, ", ")
}

// readingState hands over the state of each site's pipeline, without a way to
// change it.
func (a *app) readingState(ctx context.Context, use func(*config.Config, *state.State) error) error {
	sites, err := a.loadSites()
	if err != nil {
		return err
	}
	return a.each(ctx, sites, func(a *app, cfg *config.Config) error {
		s, err := a.readState(ctx, cfg)
		if err != nil {
			return err
		}
		return use(cfg, s)
	})
}

// withState opens the destination and hands over the state of a pipeline, to be replaced by
// another: a damaged one is as good as none.
func (a *app) withState(ctx context.Context, cfg *config.Config, use func(*state.State, load.Warehouse) error) (err error) {
	w, err := a.openWarehouse(ctx, cfg, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	s, err := w.State(ctx, cfg.Pipeline)
	if errors.Is(err, state.ErrDamaged) { // to be replaced
		s, err = state.New(cfg.Pipeline), nil
		s.Rewrite = true // for nobody knows what the rows are of
	}
	if err != nil {
		return err
	}
	return use(s, w)
}

// saveState writes a state under the lease, with an entry in the run ledger.
func saveState(ctx context.Context, w load.Warehouse, s *state.State, what string) error {
	run, now := newRunID(), time.Now()
	if err := w.Acquire(ctx, load.Job{Pipeline: s.Pipeline, Site: s.SiteName, Run: run}); err != nil {
		return err
	}
	s.Commit = run + "/1"
	_, err := w.Commit(ctx, load.Commit{State: s, Run: state.Run{ID: run, Pipeline: s.Pipeline, Started: now, Ended: &now, Outcome: what}})
	return err
}

// confirm asks on the terminal unless yes was given.
func (a *app) confirm(ctx context.Context, yes bool, question string) error {
	if yes {
		return nil
	}
	fmt.Fprintf(a.stderr, "%s [y/N] ", question)
	line, err := a.readLine(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	if answer := strings.ToLower(strings.TrimSpace(line)); answer != "y" && answer != "yes" {
		return usageError{errors.New("nothing was changed: it was not confirmed (--yes confirms)")}
	}
	return nil
}

// readLine reads what a person types. An interruption ends the waiting for it.
func (a *app) readLine(ctx context.Context) (string, error) {
	type typed struct {
		line string
		err  error
	}
	read := make(chan typed, 1)
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		read <- typed{line, err}
	}()
	select {
	case t := <-read:
		return t.line, t.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func readFileOr(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}
