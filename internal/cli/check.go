package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/stages/fetch"
)

func (a *app) check() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "check",
		Short: "Try everything that a run needs, and say what to mend",
		Long: `Check reads the configuration, every secret that it names, Jira as a load reads
it, and the destination as a load writes it, and says in a line each what it
found: ✓ is good, ! works but should be looked at, ✗ is to be mended. It goes on
after a failure where it can. It changes nothing in Jira and leaves nothing in the
destination; on Snowflake it wakes the warehouse. The exit code is that of the
first failure.`,
		Example: `  snowdrift check -c snowdrift.yaml
  snowdrift check --format json | jq '.findings[] | select(.status != "ok")'`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usageError{fmt.Errorf("--format %q: use text or json", format)}
			}
			d := &doctor{lines: a.stdout}
			if format == "json" {
				d.lines = io.Discard
			}
			a.examine(c.Context(), d)
			if format == "json" {
				if err := d.report(c.Context(), a.stdout); err != nil {
					return err
				}
			}
			return d.verdict()
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// examine goes through everything that a run needs, in the order of a run.
func (a *app) examine(ctx context.Context, d *doctor) {
	cfg, err := a.loadConfig(nil)
	if err == nil {
		err = cfg.RequireVariables()
	}
	if err != nil {
		d.fail("configuration", err)
		return
	}
	file := cfg.File()
	if file == "" {
		file = "without a file: from environment, flags and defaults"
	}
	d.ok("configuration", "configuration %s", file)
	for _, w := range cfg.Warnings() {
		found, mend := cutMend(w, nil)
		d.warn("configuration", found, mend)
	}
	sites, err := a.chosen(cfg)
	if err != nil {
		d.fail("configuration", err)
		return
	}
	d.secrets(ctx, cfg)
	sources := map[*config.Config]*fetch.Source{} // those that can be read
	for _, site := range sites {
		d.of = site.SourceName()
		sources[site] = a.checkJira(ctx, d, site)
	}
	d.of = ""
	if !a.checkDestination(ctx, d, sites[0]) {
		return
	}
	for _, site := range sites {
		d.of = site.SourceName()
		a.checkState(ctx, d, site, sources[site])
	}
}

// A finding is one line of check.
type finding struct {
	Site   string `json:"site,omitempty"` // of several sources, the one it is about
	Check  string `json:"check"`          // what was tried: configuration, secret, Jira, …
	Status string `json:"status"`         // ok, warning or failed
	Found  string `json:"found"`
	Mend   string `json:"mend,omitempty"` // what to do about it
}

// The states of a finding, with their marks.
const (
	fine    = "ok"
	warning = "warning"
	failed  = "failed"
)

var marks = map[string]string{fine: "✓", warning: "!", failed: "✗"}

// doctor collects findings, and shows them as they come.
type doctor struct {
	lines    io.Writer
	of       string // of several sources, the one that is looked at
	findings []finding
	failures []error
}

func (d *doctor) add(f finding) {
	f.Site = d.of
	d.findings = append(d.findings, f)
	text := f.Found
	if f.Status == failed {
		text = f.Check + ": " + text
	}
	if f.Mend != "" {
		text += "; " + f.Mend
	}
	if f.Site != "" {
		text = f.Site + ": " + text
	}
	fmt.Fprintf(d.lines, "%s %s\n", marks[f.Status], text)
}

func (d *doctor) ok(check, format string, args ...any) {
	d.add(finding{Check: check, Status: fine, Found: fmt.Sprintf(format, args...)})
}

func (d *doctor) warn(check, found, mend string) {
	d.add(finding{Check: check, Status: warning, Found: found, Mend: mend})
}

// fail notes an error; each problem of a configuration has a line of its own.
func (d *doctor) fail(check string, err error) {
	d.failures = append(d.failures, err)
	var bad *config.Error
	if errors.As(err, &bad) {
		for _, p := range bad.Problems {
			found, mend := cutMend(p.String(), p.Err)
			d.add(finding{Check: check, Status: failed, Found: found, Mend: mend})
		}
		return
	}
	found, mend := cutMend(err.Error(), err)
	d.add(finding{Check: check, Status: failed, Found: found, Mend: mend})
}

// verdict is the first failure, which decides the exit code.
func (d *doctor) verdict() error {
	switch n := len(d.failures); n {
	case 0:
		return nil
	case 1:
		return checkFailed{"a check failed", d.failures[0]}
	default:
		return checkFailed{fmt.Sprintf("%d checks failed", n), d.failures[0]}
	}
}

// checkFailed does not repeat what the lines have said.
type checkFailed struct {
	text  string
	first error
}

func (e checkFailed) Error() string { return e.text }
func (e checkFailed) Unwrap() error { return e.first }

// report prints all findings as one JSON object.
func (d *doctor) report(ctx context.Context, w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(struct {
		OK       bool      `json:"ok"`
		ExitCode int       `json:"exit_code"`
		Findings []finding `json:"findings"`
	}{len(d.failures) == 0, exitCode(ctx, d.verdict()), d.findings})
}
