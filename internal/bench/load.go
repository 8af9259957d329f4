package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"

	"snowdrift/internal/cli"
	"snowdrift/pipeline"
)

const (
	// secretVariable holds the token, which the simulator does not look at.
	secretVariable = "SNOWDRIFT_BENCH_TOKEN"
	// profileVariable names the file for the CPU profile of a part.
	profileVariable = "SNOWDRIFT_BENCH_PROFILE"
)

// program is snowdrift itself.
func program(args []string, stdout, stderr io.Writer) error {
	if code := cli.Main(args, stdout, stderr); code != 0 {
		return fmt.Errorf("snowdrift %s ended with code %d", args[0], code)
	}
	return nil
}

// profiled does work, with a CPU profile if the environment wants one.
func profiled(work func() error) (err error) {
	path := os.Getenv(profileVariable)
	if path == "" {
		return work()
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	defer func() {
		pprof.StopCPUProfile()
		err = errors.Join(err, out.Close())
	}()
	return work()
}

// loaded is what a load left behind.
type loaded struct {
	Usage
	report pipeline.Report
	file   string // the database
}

// size returns the size of the database file.
func (l loaded) size() (int64, error) {
	info, err := os.Stat(l.file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// load runs `snowdrift run` from the site into a database of the name, which
// goes on from what is in it. tables is what the configuration says of them, set
// are further keys of it.
func (b *bench) load(ctx context.Context, s *site, name, tables string, set ...string) (l loaded, err error) {
	work := filepath.Join(b.dir, "work")
	if err := os.MkdirAll(work, 0o700); err != nil {
		return l, err
	}
	l.file = filepath.Join(b.dir, name+".duckdb")
	args := []string{"run", "--json", "--log-level", "warn",
		"--set", "jira.url=" + s.url, "--set", "jira.auth.email=bench@example.com", "--set", "jira.auth.api_token=env:" + secretVariable,
		"--set", "tables=" + tables, "--set", "destination.duckdb.path=" + l.file, "--set", "batch.dir=" + work}
	for _, s := range append(set, b.set...) {
		args = append(args, "--set", s)
	}
	env := []string{secretVariable + "=bench"}
	if b.profile != "" {
		if err := os.MkdirAll(b.profile, 0o700); err != nil {
			return l, err
		}
		env = append(env, profileVariable+"="+filepath.Join(b.profile, name+".pprof"))
	}
	fmt.Fprintf(b.log, "load %s\n", name)
	stdout, usage, err := b.part(ctx, env, args...)
	if err != nil {
		return l, err
	}
	l.Usage = usage
	if err := json.Unmarshal(stdout, &l.report); err != nil {
		return l, fmt.Errorf("the report of %s: %w", name, err)
	}
	if l.report.Outcome != pipeline.Complete {
		return l, fmt.Errorf("the load %s ended %s: %s", name, l.report.Outcome, l.report.Conclusion)
	}
	return l, nil
}

// fresh is load into new databases, as often as is to be repeated.
func (b *bench) fresh(ctx context.Context, s *site, name, tables string) (best loaded, err error) {
	for n := range b.repeat {
		l, err := b.load(ctx, s, fmt.Sprintf("%s-%d", name, n+1), tables)
		if err != nil {
			return best, err
		}
		if err := b.checked(ctx, s, l, tables); err != nil {
			return best, err
		}
		// The least CPU time, for others' work only adds to it; the most memory.
		peak := max(best.Peak, l.Peak)
		if best.CPU == 0 || l.CPU < best.CPU {
			best = l
		}
		best.Peak = peak
	}
	return best, nil
}

// checked checks what a load left, and removes it.
func (b *bench) checked(ctx context.Context, s *site, l loaded, tables string) error {
	return errors.Join(check(ctx, s, l, tables), os.Remove(l.file))
}
