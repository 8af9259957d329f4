package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
)

// siteFlag adds the flag by which a command works on one of several sites.
func (a *app) siteFlag(c *cobra.Command) *cobra.Command {
	c.PersistentFlags().StringVar(&a.site, "site", "", "of several sources, only the one of this name")
	return c
}

// loadSites reads the configuration and returns that of each site to work on:
// all of them, or the one that --site names.
func (a *app) loadSites() ([]*config.Config, error) {
	cfg, err := a.loadConfig(nil)
	if err != nil {
		return nil, err
	}
	return a.chosen(cfg)
}

func (a *app) chosen(cfg *config.Config) ([]*config.Config, error) {
	sites := cfg.Sites()
	if a.site == "" {
		return sites, nil
	}
	var names []string
	for _, one := range sites {
		if one.Jira.Site == a.site {
			return []*config.Config{one}, nil
		}
		names = append(names, one.Jira.Site)
	}
	return nil, usageError{fmt.Errorf("--site %q: the configuration has %s", a.site, strings.Join(names, ", "))}
}

// loadSite is loadSites for what can be done for one site only.
func (a *app) loadSite() (*config.Config, error) {
	sites, err := a.loadSites()
	if err != nil {
		return nil, err
	}
	if len(sites) > 1 {
		return nil, usageError{errors.New("there are several sources: say which one by --site NAME")}
	}
	return sites[0], sites[0].RequireVariables()
}

// each works on the sites, one after the other. One that fails does not keep the
// others from their turn, but an interruption does.
func (a *app) each(ctx context.Context, sites []*config.Config, work func(*app, *config.Config) error) error {
	var failed siteErrors
	for _, cfg := range sites {
		name := cfg.SourceName()
		if name == "" {
			return work(a, cfg)
		}
		there := *a
		there.log = a.log.With("site", name)
		if err := work(&there, cfg); err != nil {
			failed = append(failed, fmt.Errorf("site %s: %w", name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return failed
}

// heading says which of several sites the output below it is about.
func (a *app) heading(cfg *config.Config) {
	if name := cfg.SourceName(); name != "" {
		fmt.Fprintf(a.stdout, "site %s\n", name)
	}
}

// siteErrors are the errors of sites that failed.
type siteErrors []error

func (e siteErrors) Error() string {
	var lines []string
	for _, err := range e {
		lines = append(lines, err.Error())
	}
	return strings.Join(lines, "\n")
}

func (e siteErrors) Unwrap() []error { return e }

// worst are the exit codes, the worst first: what went wrong altogether before
// what was loaded and is not proven.
var worst = []int{exitInterrupted, exitInternal, exitUsage, exitDestination, exitJira, exitLease, exitDiffers, exitUnproven, exitDone}

// exitCode is that of the site that fared worst.
func (e siteErrors) exitCode(ctx context.Context) int {
	code := exitDone
	for _, err := range e {
		if c := exitCode(ctx, err); slices.Index(worst, c) < slices.Index(worst, code) {
			code = c
		}
	}
	return code
}
