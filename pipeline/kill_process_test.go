package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/secret"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/stages/load/duckdb"
	"snowdrift/stages/load/snowflake"
	"snowdrift/state"
)

// job is one run of the loader, here or in a process of its own.
type job struct {
	Site       string // URL of the simulated site
	Name       string // of the site, and of a pipeline of its own; "" is the only one
	Run        string
	Fields     []string
	Tables     []string
	Partition  int64
	CommitSize int64
	Views      bool
	Dir        string // of files on their way
	DuckDB     string // path of the file; "" for the Snowflake account at
	Port       int
	// DieAt kills the process before so many statements to DuckDB; 0 never.
	DieAt int

	between func(load.Warehouse) load.Warehouse // of the run and its destination; nil is nothing
}

// What must not be seen in any statement.
const (
	jiraToken      = "jira-canary-5ad1e0"
	snowflakeToken = "snowflake-canary-93c77f"
)

// run loads as `snowdrift run` does.
func (j job) run(ctx context.Context) (report pipeline.Report, err error) {
	source, closeSource, err := j.source(ctx)
	if err != nil {
		return report, err
	}
	defer closeSource()
	w, err := j.open(ctx)
	if err != nil {
		return report, err
	}
	if j.between != nil {
		w = j.between(w)
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return pipeline.Run(ctx, source, w, pipeline.Options{
		Pipeline: j.pipeline(), Site: j.Name, RunID: j.Run, Dir: j.Dir, FileSize: 128 << 20, CommitSize: j.CommitSize, CommitEvery: time.Hour,
		// One partition after another, so that statements come in the same order each time.
		Concurrency: 1, Overlap: overlap, Census: true, Dimensions: 24 * time.Hour, Views: j.Views, Confirmed: true, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

// source opens the site.
func (j job) source(ctx context.Context) (*fetch.Source, func(), error) {
	client, err := jira.Dial(ctx, jira.Options{
		BaseURL: j.Site, Login: jira.Basic{User: "loader@example.com", Secret: password(jiraToken)}, Concurrency: 4,
		RetryBudget: time.Nanosecond, Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		return nil, nil, err
	}
	source, err := fetch.Open(ctx, client, fetch.Options{
		Fields: j.Fields, Tables: j.Tables, PageSize: 200, PartitionIssues: j.Partition, Overlap: overlap, Log: slog.New(slog.DiscardHandler),
	})
	return source, client.Close, err
}

func (j job) pipeline() string {
	if j.Name == "" {
		return "jira"
	}
	return "jira_" + j.Name
}

// open opens the destination.
func (j job) open(ctx context.Context) (load.Warehouse, error) {
	if j.DuckDB == "" {
		return snowflake.Open(ctx, j.account())
	}
	log := slog.New(slog.DiscardHandler)
	if j.DieAt > 0 {
		log = slog.New(&assassin{Handler: slog.DiscardHandler, left: j.DieAt})
	}
	return duckdb.Open(ctx, duckdb.Options{Path: j.DuckDB, Schema: "main", MemoryLimit: "300MB", Threads: 1, Log: log})
}

// account is how the loader logs in to the test account; nothing waits.
func (j job) account() snowflake.Options {
	return snowflake.Options{
		Account: "TESTACCT", User: "LOADER", Role: "JIRA_LOADER", Warehouse: "LOAD_WH", Database: "RAW", Schema: "JIRA",
		Host: "127.0.0.1", Port: j.Port, Protocol: "http", Login: snowflake.Token{Value: secret.Plain(snowflakeToken), Access: true},
		StatementTimeout: time.Hour, LockTimeout: time.Second, Retries: 1,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, Log: slog.New(slog.DiscardHandler),
	}
}

// clearState does what `snowdrift state clear` does.
func clearState(ctx context.Context, j job) (err error) {
	w, err := j.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Acquire(ctx, load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "clear"}); err != nil {
		return err
	}
	st, err := w.State(ctx, "jira")
	if err != nil {
		return err
	}
	st = st.Cleared()
	st.Commit = "clear/1"
	_, err = w.Commit(ctx, load.Commit{State: st, Run: state.Run{ID: "clear", Pipeline: "jira", Started: time.Now(), Outcome: "state clear"}})
	return err
}

// assassin is a log handler that kills the process when one more statement than
// it lets live is about to run.
type assassin struct {
	slog.Handler
	left int
}

func (a *assassin) Enabled(context.Context, slog.Level) bool { return true }

func (a *assassin) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "statement" {
		return nil
	}
	if a.left--; a.left > 0 {
		return nil
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	select {} // until the signal arrives
}

// jobVariable tells the test binary that it is a loader, and what to load.
const jobVariable = "SNOWDRIFT_TEST_JOB"

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(jobVariable) != "":
		beLoader(os.Getenv(jobVariable))
	case os.Getenv(bulkVariable) != "":
		beBulkLoader(os.Getenv(bulkVariable))
	default:
		os.Exit(m.Run())
	}
}

// beLoader runs a job and prints its report.
func beLoader(text string) {
	var j job
	err := json.Unmarshal([]byte(text), &j)
	var report pipeline.Report
	if err == nil {
		report, err = j.run(context.Background())
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(report)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is a loader on its own.
type process struct {
	cmd      *exec.Cmd
	out, log bytes.Buffer
	gone     chan struct{}
}

// start runs a job in a process of its own.
func start(t *testing.T, j job) *process {
	t.Helper()
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(os.Args[0]), gone: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), jobVariable+"="+string(text), "TMPDIR="+j.Dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.gone)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill kills the process and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // one that has ended cannot be killed, which is as good
	<-p.gone
}

// killed waits for the end of the process and reports whether it was killed.
// Otherwise it must have ended well, and with the outcome complete.
func (p *process) killed(t *testing.T) bool {
	t.Helper()
	<-p.gone
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		return true
	}
	var report pipeline.Report
	if err := json.Unmarshal(p.out.Bytes(), &report); err != nil || !p.cmd.ProcessState.Success() || report.Outcome != pipeline.Complete {
		t.Fatalf("the loader ended %s, %s (%s)\n%s", p.cmd.ProcessState, report.Outcome, report.Conclusion, &p.log)
	}
	return false
}
