// Package cli is snowdrift's command line: a file for each command, the
// progress display, and the one place where errors become exit codes.
//
// Standard output carries what was asked for (tables, summaries, JSON), so that
// it can be piped; logs, progress and errors go to standard error.
package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
)

// Main runs the command line and returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	keepPrivate()
	a := &app{stdin: os.Stdin, stdout: stdout, stderr: stderr}
	return a.main(args)
}

func (a *app) main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), stopSignals()...)
	defer stop()
	pipes := make(chan os.Signal, 1) // else to write to who has gone would end the process where it stands
	signal.Notify(pipes, syscall.SIGPIPE)
	defer signal.Stop(pipes)
	out := &output{to: a.stdout}
	a.stdout, a.handBack = out, stop
	a.stdin = bufio.NewReader(a.stdin) // one for all questions: each reads ahead
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	a.calm()
	for _, cfg := range a.configs {
		err = errors.Join(err, cfg.Close())
	}
	if errors.Is(out.err, syscall.EPIPE) { // as head does, which has seen enough
		if err == nil || errors.Is(err, out.err) && !errors.As(err, new(siteErrors)) {
			return exitNoReader
		}
	} else if !errors.Is(err, out.err) {
		err = errors.Join(err, out.err)
	}
	code := exitCode(ctx, err)
	if err != nil {
		a.sayFailed(err, code)
	}
	return code
}

// stopSignals are the signals that end a command in order. A SIGHUP that nohup keeps
// from us stays ignored.
func stopSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// sayFailed is the last that a command says, in the form of its log.
func (a *app) sayFailed(err error, code int) {
	if a.logFormat == "json" {
		slog.New(slog.NewJSONHandler(a.stderr, nil)).Error("snowdrift failed", "error", err.Error(), "exit_code", code)
		return
	}
	fmt.Fprintf(a.stderr, "snowdrift: %v\n", err)
}

// output passes on what is printed, and keeps the first error: commands that print
// text do not look at each line's.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.to.Write(p)
	if err != nil {
		o.err = fmt.Errorf("print the answer: %w", err)
	}
	return n, o.err
}

// app is what all commands share.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	configPath     string
	logLevel       string
	logFormat      string
	set            []string // key=value
	site           string   // name of the only source to work on, "" for all
	log            *slog.Logger
	configs        []*config.Config // to be closed at the end
	handBack       func()           // lets the next signal end the process
	calm           func() bool      // takes back what the first signal is to do
	gateway        string           // of Jira Cloud in tests; "" is Atlassian's
	// adjust, if set, gives tests a client with clocks and wires of their own.
	adjust func(*jira.Options)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "snowdrift",
		Short: "Load a company's Jira into its warehouse, complete and proven",
		Long: `snowdrift loads the issues of a Jira site into DuckDB or Snowflake, keeps them
current, and proves after every run that nothing is missing.

Start with "snowdrift demo", which needs no Jira, no account and no network.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          knownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := a.setLog(); err != nil {
				return err
			}
			a.calm = context.AfterFunc(c.Context(), func() {
				a.handBack()
				a.log.Info("interrupted: what is under way is ended in order; a second signal ends at once")
			})
			return nil
		},
		SuggestionsMinimumDistance: 2,
	}
	a.calm = func() bool { return false }
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configPath, "config", "c", "", "configuration file (default snowdrift.yaml, if it is there)")
	flags.StringVar(&a.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&a.logFormat, "log-format", "text", "text or json")
	flags.StringArrayVar(&a.set, "set", nil, "set a configuration key, as in --set jira.page_size=100")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if unknown := knownCommand(c, c.Flags().Args()); c == root && unknown != nil {
			return unknown
		}
		return usageError{fmt.Errorf("%w; see: %s --help", err, c.CommandPath())}
	})
	root.AddCommand(a.demo(), a.siteFlag(a.runCommand()), a.siteFlag(a.verify()), a.siteFlag(a.plan()), a.siteFlag(a.check()), a.setup(), a.siteFlag(a.stateCommand()), a.query(), a.siteFlag(a.fields()), a.sim(), a.siteFlag(a.auth()), a.configCommand(), a.version())
	return root
}

// setLog makes the logger that the flags ask for.
func (a *app) setLog() error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(a.logLevel)); err != nil {
		return usageError{fmt.Errorf("--log-level %q: use debug, info, warn or error", a.logLevel)}
	}
	opts := &slog.HandlerOptions{Level: level}
	switch a.logFormat {
	case "text":
		a.log = slog.New(slog.NewTextHandler(a.stderr, opts))
	case "json":
		a.log = slog.New(slog.NewJSONHandler(a.stderr, opts))
	default:
		return usageError{fmt.Errorf("--log-format %q: use text or json", a.logFormat)}
	}
	return nil
}

// knownCommand is where what is no command ends: with the root.
func knownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	mend := "; see: " + root.CommandPath() + " --help"
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		mend = fmt.Sprintf("; did you mean %q?", strings.Join(near, " or "))
	}
	return usageError{fmt.Errorf("unknown command %q%s", args[0], mend)}
}

// exactArgs is cobra.ExactArgs with our exit code.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s takes %s; see: %s --help", c.CommandPath(), what, c.CommandPath())}
		}
		return nil
	}
}
