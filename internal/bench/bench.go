package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"snowdrift/internal/cli"
)

// options are what the flags say.
type options struct {
	issues  []int
	set     []string
	fields  int
	nights  int
	extra   int
	repeat  int
	volume  int64
	latency time.Duration
	rate    float64
	dir     string
	profile string
}

// scenario is something that can be measured.
type scenario struct {
	name, what string
	run        func(*bench, context.Context) error
}

// scenarios are all of them, in the order of the default run.
var scenarios = []scenario{
	{"stages", "flatten + Arrow + Parquet on one core, against reading the JSON", (*bench).stages},
	{"load", "first loads into DuckDB, issues alone and all tables, against the floors", (*bench).loads},
	{"growth", "one first load of each size, issues alone and all tables: cost of an issue and memory against the first size", (*bench).growth},
	{"wide", "a first load of a site with 1,000 custom fields", (*bench).wide},
	{"parallel", "a first load with latency, and one with a rate limit, against the ideal", (*bench).parallel},
	{"requests", "requests and bytes of a first load, an idle run, and one after changes", (*bench).requests},
	{"nights", "runs one after another, each after 1 % of the issues changed", (*bench).nightly},
}

// bench is one run of the benchmark.
type bench struct {
	options
	out     io.Writer // the tables
	log     io.Writer // what is under way
	program string    // that the parts are started from, see install
}

// Main runs the benchmark, or the part of it that the first argument names, and
// returns the exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "sim":
			return cli.Main(args, stdout, stderr)
		case "run":
			return measured(stderr, func() error { return profiled(func() error { return program(args, stdout, stderr) }) })
		case "floor":
			return measured(stderr, func() error { return profiled(func() error { return floor(args[1:], stdout) }) })
		case "stages":
			return measured(stderr, func() error { return profiled(func() error { return oneCore(args[1:], stdout) }) })
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 2
	}
	fmt.Fprintf(stderr, "snowdrift-bench: %v\n", err)
	return 1
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b := &bench{out: stdout, log: stderr}
	flags := flag.NewFlagSet("snowdrift-bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	issues := flags.String("issues", "9800", "sizes of the site, separated by commas")
	set := flags.String("set", "", "configuration keys of the loads, as in destination.duckdb.threads=2,batch.commit_size=64MB")
	flags.IntVar(&b.fields, "fields", 1000, "custom fields of the wide site")
	flags.IntVar(&b.nights, "nights", 40, "runs of the nights scenario")
	flags.IntVar(&b.extra, "nights-fields", 0, "custom fields that its site has beside its own")
	flags.IntVar(&b.repeat, "repeat", 3, "times that each load and floor is run; the cheapest counts")
	flags.Int64Var(&b.volume, "volume", 700, "MB of JSON that each stage works through on one core")
	flags.DurationVar(&b.latency, "latency", 300*time.Millisecond, "of each answer, in the parallel scenario")
	flags.Float64Var(&b.rate, "rate", 20, "requests per second that the site allows, in the parallel scenario")
	flags.StringVar(&b.dir, "dir", "", "where loads go (default: a temporary directory)")
	flags.StringVar(&b.profile, "profile", "", "directory for CPU profiles of the loads")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "snowdrift-bench [flags] [scenario…]\n\nScenarios (default: all):")
		for _, s := range scenarios {
			fmt.Fprintf(stderr, "  %-9s %s\n", s.name, s.what)
		}
		fmt.Fprintln(stderr, "\nFlags:")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	for _, text := range strings.Split(*issues, ",") {
		n, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
		if err != nil || n < 1 {
			return fmt.Errorf("-issues %q: write numbers above 0, separated by commas", *issues)
		}
		b.issues = append(b.issues, n)
	}
	if *set != "" {
		b.set = strings.Split(*set, ",")
	}
	return b.all(ctx, flags.Args())
}

// fill prints a sheet to which every size of the site adds rows.
func (b *bench) fill(t *sheet, add func(issues int) error) error {
	for _, n := range b.issues {
		if err := add(n); err != nil {
			return err
		}
	}
	return t.print()
}

// all runs the scenarios that are named, every one if none is.
func (b *bench) all(ctx context.Context, names []string) (err error) {
	for _, name := range names {
		if !slices.ContainsFunc(scenarios, func(s scenario) bool { return s.name == name }) {
			return fmt.Errorf("there is no scenario %q; -help lists them", name)
		}
	}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "snowdrift-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	}
	remove, err := b.install()
	if err != nil {
		return fmt.Errorf("copy the program: %w", err)
	}
	defer func() { err = errors.Join(err, remove()) }()
	for _, s := range scenarios {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		if err := s.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}
