package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"snowdrift/internal/jirasim"
)

func (a *app) sim() *cobra.Command {
	var opts jirasim.Options
	var listen string
	c := &cobra.Command{
		Use:   "sim",
		Short: "Serve a simulated Jira, for trying things out",
		Long: `Sim serves the Jira simulator on a loopback address until it is interrupted. It
generates issues, or serves real ones from files with one raw issue in a line.
Any login is accepted.`,
		Example: `  snowdrift sim --issues 20000
  snowdrift sim --data issues.jsonl.gz --deployment datacenter`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if opts.Deployment != jirasim.Cloud && opts.Deployment != jirasim.DataCenter {
				return usageError{fmt.Errorf("--deployment %q: use cloud or datacenter", opts.Deployment)}
			}
			if opts.Issues < 0 {
				return usageError{fmt.Errorf("--issues %d: it cannot be less than 0", opts.Issues)}
			}
			sim, err := jirasim.New(opts)
			if err != nil {
				return usageError{err}
			}
			if len(opts.Data) > 0 && sim.Count() == 0 {
				return usageError{fmt.Errorf("--data: there is no issue in %s; each line has to be one as Jira gives it, with id and key", strings.Join(opts.Data, ", "))}
			}
			url, stop, err := sim.Listen(listen)
			if err != nil {
				return usageError{err}
			}
			fmt.Fprintf(a.stdout, "Jira simulator (%s) with %d issues at %s\n", opts.Deployment, sim.Count(), url)
			<-c.Context().Done()
			return stop()
		},
	}
	flags := c.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:0", "loopback address; port 0 picks one")
	flags.IntVar(&opts.Issues, "issues", 0, "issues to generate (default 500, none with --data)")
	flags.IntVar(&opts.Projects, "projects", 0, "projects to generate them in (default 5)")
	flags.Uint64Var(&opts.Seed, "seed", 1, "what to generate: equal seeds give equal sites")
	flags.StringSliceVar(&opts.Data, "data", nil, "files of raw issues, .jsonl or .jsonl.gz")
	flags.StringVar(&opts.Deployment, "deployment", jirasim.Cloud, "cloud or datacenter")
	flags.StringVar(&opts.TimeZone, "time-zone", "UTC", "of the API user")
	flags.IntVar(&opts.ExtraCustomFields, "extra-fields", 0, "custom fields to add")
	flags.BoolVar(&opts.OddValues, "odd-values", false, "put values that are hard to load into 1 % of the issues")
	flags.DurationVar(&opts.Latency, "latency", 0, "of every answer")
	flags.Float64Var(&opts.RateLimit, "rate-limit", 0, "requests per second, beyond which it answers 429")
	return c
}
