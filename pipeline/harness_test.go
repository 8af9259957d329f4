package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
	"snowdrift/internal/jiratime"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/stages/load/duckdb"
	"snowdrift/state"
)

// bench is a simulated site, a DuckDB file, and a way to load one into the
// other as often as a test wants.
type bench struct {
	t     *testing.T
	sim   *jirasim.Sim
	clock *clock
	url   string
	file  string
	runs  int

	// What the next runs ask for; see fetch.Options and pipeline.Options.
	query       fetch.Query
	fields      []string
	names       map[string]string
	text        table.RichTexts
	tables      []string // none: issues alone
	partition   int64
	commitSize  int64
	overlap     time.Duration
	memory      string // DuckDB's limit; "" is what it gets by default
	deletedRoom int64  // see duckdb.Options
	options     func(*pipeline.Options)
	client      func(*jira.Options)
	statements  slog.Handler // sees the statements to DuckDB; nil: nobody
	// between and warehouse, if set, put something between the pipeline and
	// its source or destination.
	between   func(pipeline.Source) pipeline.Source
	warehouse func(load.Warehouse) load.Warehouse
	commits   []load.Result // of all runs
}

// clock is the site's: it stands still until a test moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newBench(t *testing.T, opts jirasim.Options) *bench {
	t.Helper()
	b := &bench{t: t, clock: &clock{at: time.Date(2026, 7, 1, 9, 30, 15, 250e6, time.UTC)}, partition: 20_000, commitSize: 1 << 30, overlap: overlap, memory: "300MB"}
	opts.Now = b.clock.now
	b.sim, b.url = simtest.Serve(t, opts)
	b.file = filepath.Join(t.TempDir(), "jira.duckdb")
	return b
}

type password string

func (p password) Reveal(context.Context) (string, error) { return string(p), nil }

func (b *bench) source(ctx context.Context) (*fetch.Source, error) {
	opts := jira.Options{
		BaseURL: b.url, Login: jira.Basic{User: "loader@example.com", Secret: password("secret")}, Concurrency: 4,
		// A call that fails is given up at once: how it is retried is tested in package jira.
		RetryBudget: time.Nanosecond, Sleep: func(context.Context, time.Duration) error { return nil },
	}
	if b.client != nil {
		b.client(&opts)
	}
	client, err := jira.Dial(ctx, opts)
	if err != nil {
		return nil, err
	}
	b.t.Cleanup(client.Close)
	return fetch.Open(ctx, client, fetch.Options{
		Query: b.query, Fields: b.fields, Names: b.names, Text: b.text, Tables: b.tables, PageSize: 200,
		PartitionIssues: b.partition, Overlap: b.overlap, Log: slog.New(slog.DiscardHandler),
	})
}

const overlap = 10 * time.Minute

// try loads, as `snowdrift run` does.
func (b *bench) try(ctx context.Context) (report pipeline.Report, err error) {
	b.t.Helper()
	b.runs++
	source, err := b.source(ctx)
	if err != nil {
		return report, err
	}
	var w load.Warehouse = b.open(false)
	defer func() { err = errors.Join(err, w.Close()) }()
	opts := pipeline.Options{
		Pipeline: "jira", RunID: fmt.Sprintf("run-%03d", b.runs), Dir: b.t.TempDir(),
		FileSize: 128 << 20, CommitSize: b.commitSize, CommitEvery: time.Hour, Concurrency: 4, Overlap: b.overlap,
		Census: true, Dimensions: 24 * time.Hour, Deep: 24 * time.Hour, DeepBudget: 50, AcceptShrink: 0.10, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	if b.options != nil {
		b.options(&opts)
	}
	through := load.Warehouse(witness{w, b})
	if b.warehouse != nil {
		through = b.warehouse(through)
	}
	from := pipeline.Source(source)
	if b.between != nil {
		from = b.between(from)
	}
	report, err = pipeline.Run(ctx, from, through, opts)
	if left, globErr := filepath.Glob(filepath.Join(opts.Dir, "*")); globErr != nil || (err == nil && len(left) > 0) {
		b.t.Errorf("the run left files on their way behind: %v %v", left, globErr)
	}
	return report, err
}

// run loads, and wants it to end with the outcome.
func (b *bench) run(want pipeline.Outcome) pipeline.Report {
	b.t.Helper()
	report, err := b.try(b.t.Context())
	if err != nil {
		b.t.Fatalf("run %d: %v", b.runs, err)
	}
	if report.Outcome != want {
		b.t.Fatalf("run %d ended %s (%s), not %s", b.runs, report.Outcome, report.Conclusion, want)
	}
	return report
}

// witness remembers what every commit did.
type witness struct {
	load.Warehouse
	bench *bench
}

func (w witness) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	result, err := w.Warehouse.Commit(ctx, c)
	if err == nil && c.State != nil {
		w.bench.commits = append(w.bench.commits, result)
	}
	return result, err
}

func (b *bench) open(readOnly bool) *duckdb.Warehouse {
	b.t.Helper()
	log := b.statements
	if log == nil || readOnly {
		log = slog.DiscardHandler
	}
	w, err := duckdb.Open(context.Background(), duckdb.Options{
		Path: b.file, Schema: "main", MemoryLimit: b.memory, DeletedRoom: b.deletedRoom, Threads: 1, ReadOnly: readOnly, Log: slog.New(log),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

// rows returns the answer to a query; every cell as text, NULL as "∅".
func (b *bench) rows(sql string) [][]string {
	b.t.Helper()
	w := b.open(true)
	defer w.Close()
	answer, err := w.Query(context.Background(), sql)
	if err != nil {
		b.t.Fatal(err)
	}
	var out [][]string
	for cells, err := range answer.All() {
		if err != nil {
			b.t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			if row[i] = fmt.Sprint(c); c == nil {
				row[i] = "∅"
			}
		}
		out = append(out, row)
	}
	return out
}

// one returns the only cell of an answer.
func (b *bench) one(sql string) string {
	b.t.Helper()
	rows := b.rows(sql)
	if len(rows) != 1 || len(rows[0]) != 1 {
		b.t.Fatalf("%s: %d rows", sql, len(rows))
	}
	return rows[0][0]
}

func (b *bench) want(sql, want string) {
	b.t.Helper()
	if got := b.one(sql); got != want {
		b.t.Errorf("%s\n got %s\nwant %s", sql, got, want)
	}
}

// columnsOfIssues are the columns that compare holds against the truth, as text.
const columnsOfIssues = `id, key, project_id, project_key, summary, status, status_id, issue_type, assignee, priority, resolution,
	epoch_ms(created), epoch_ms(updated), epoch_ms(resolved), CAST(due_date AS VARCHAR), CAST(to_json(labels) AS VARCHAR), CAST(_raw AS VARCHAR)`

// compare holds the live rows against the site, issue by issue.
func (b *bench) compare() {
	b.t.Helper()
	rows := map[string][]string{}
	for _, row := range b.rows("SELECT " + columnsOfIssues + " FROM issues WHERE _presence = 'live'") {
		if rows[row[0]] != nil {
			b.t.Errorf("issue %s has two rows", row[0])
		}
		rows[row[0]] = row
	}
	count, wrong := 0, 0
	b.sim.Each(func(id int64, key string, raw []byte) bool {
		count++
		row := rows[fmt.Sprint(id)]
		if row == nil {
			b.t.Errorf("issue %d (%s) has no live row", id, key)
			wrong++
			return wrong < 5
		}
		want := truth(b.t, id, key, raw)
		last := len(want) - 1
		if !reflect.DeepEqual(row[:last], want[:last]) {
			b.t.Errorf("issue %d\n got %q\nwant %q", id, row[:last], want[:last])
			wrong++
		}
		if !sameJSON(b.t, row[last], want[last]) {
			b.t.Errorf("issue %d: _raw is another JSON value than the site's", id)
			wrong++
		}
		return wrong < 5
	})
	if wrong == 0 && len(rows) != count {
		b.t.Errorf("%d live rows of %d issues", len(rows), count)
	}
}

// truth is the row that columnsOfIssues should give for an issue.
func truth(t *testing.T, id int64, key string, raw []byte) []string {
	t.Helper()
	type named struct{ ID, Key, Name, DisplayName string }
	var issue struct {
		Fields struct {
			Project, Status, IssueType, Assignee, Priority, Resolution *named
			Summary                                                    *string
			Created, Updated, ResolutionDate                           json.RawMessage
			DueDate                                                    *string
			Labels                                                     *[]string
		}
	}
	if err := json.Unmarshal(raw, &issue); err != nil {
		t.Fatalf("issue %d: %v", id, err)
	}
	f := issue.Fields
	name := func(n *named) string {
		switch {
		case n == nil:
			return "∅"
		case n.DisplayName != "":
			return n.DisplayName // of a user, whose name on Data Center is the login
		}
		return n.Name
	}
	text := func(s *string) string {
		if s == nil {
			return "∅"
		}
		return *s
	}
	millis := func(v json.RawMessage) string {
		if ms, ok := jiratime.ParseMillis(v); ok {
			return fmt.Sprint(ms)
		}
		return "∅"
	}
	labels := "∅"
	if f.Labels != nil {
		list, err := json.Marshal(*f.Labels)
		if err != nil {
			t.Fatal(err)
		}
		labels = string(list)
	}
	return []string{
		fmt.Sprint(id), key, f.Project.ID, f.Project.Key, text(f.Summary), name(f.Status), f.Status.ID, name(f.IssueType), name(f.Assignee),
		name(f.Priority), name(f.Resolution), millis(f.Created), millis(f.Updated), millis(f.ResolutionDate), text(f.DueDate), labels, string(raw),
	}
}

// sameJSON compares JSON values; numbers by their text.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	if a == b {
		return true
	}
	decode := func(s string) (v any) {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Errorf("not JSON: %v", err)
		}
		return v
	}
	return reflect.DeepEqual(decode(a), decode(b))
}

// everything is the content of the data tables, but for the stamps of who wrote
// a row and when.
func (b *bench) everything() [][]string {
	b.t.Helper()
	return append(
		b.rows("SELECT to_json(i) FROM (SELECT * EXCLUDE (_run_id, _loaded_at) FROM issues) i ORDER BY i.id"),
		b.rows("SELECT * FROM _snowdrift_value_errors ORDER BY ALL")...)
}

// stamps tell which rows were written since.
func (b *bench) stamps() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for _, row := range b.rows("SELECT id, _run_id || ' ' || _loaded_at FROM issues") {
		out[row[0]] = row[1]
	}
	return out
}

// written returns the ids whose rows were written since the stamps were taken.
func (b *bench) written(before map[string]string) map[string]bool {
	b.t.Helper()
	out := map[string]bool{}
	for id, stamp := range b.stamps() {
		if before[id] != stamp {
			out[id] = true
		}
	}
	return out
}

func (b *bench) state() *state.State {
	b.t.Helper()
	w := b.open(true)
	defer w.Close()
	s, err := w.State(context.Background(), "jira")
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// clear does what `snowdrift state clear` does.
func (b *bench) clear(change ...func(*state.State)) {
	b.t.Helper()
	w := b.open(false)
	defer w.Close()
	ctx := context.Background()
	s, err := w.State(ctx, "jira")
	if err != nil {
		b.t.Fatal(err)
	}
	if err := w.Acquire(ctx, load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "clear"}); err != nil {
		b.t.Fatal(err)
	}
	cleared := s.Cleared()
	for _, c := range change {
		c(cleared)
	}
	if _, err := w.Commit(ctx, load.Commit{State: cleared, Run: state.Run{ID: "clear", Pipeline: "jira", Started: time.Now(), Outcome: "state clear"}}); err != nil {
		b.t.Fatal(err)
	}
}

// do calls steps that change the site, a second after the change before.
func (b *bench) do(steps ...func() error) {
	b.t.Helper()
	for _, step := range steps {
		b.clock.move(time.Second)
		if err := step(); err != nil {
			b.t.Fatal(err)
		}
	}
}
