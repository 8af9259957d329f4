package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
)

// The chaos test makes worlds of random steps. SNOWDRIFT_CHAOS_STEPS is how many
// steps all worlds have together, SNOWDRIFT_CHAOS_SEED the seed of the first of
// them, those after it have the seeds that follow. A world that failed is
// made again by its seed alone.
const (
	chaosSteps = "SNOWDRIFT_CHAOS_STEPS"
	chaosSeed  = "SNOWDRIFT_CHAOS_SEED"
	worldSteps = 80 // of one world
)

// chaosNumber reads a number from the environment.
func chaosNumber(t *testing.T, name string, fallback uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

// TestChaos: whatever people do to the site, and the site, the network and the
// machine do to the runs, when all is quiet and one deep census has run, the
// warehouse is what the site is, cell by cell. On the way a run that says that
// it is complete is.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed, steps := chaosNumber(t, chaosSeed, 1), chaosNumber(t, chaosSteps, 2*worldSteps)
	total := map[string]int{}
	for done := uint64(0); done < steps; done += worldSteps {
		name := fmt.Sprint("seed ", seed)
		if !t.Run(name, func(t *testing.T) { newWorld(t, seed).live(min(worldSteps, int(steps-done)), total) }) {
			t.Logf("again: %s=%d %s=%d go test -run Chaos ./pipeline", chaosSeed, seed, chaosSteps, worldSteps)
			return
		}
		seed++
	}
	t.Logf("%d steps, seeds up to %d: %v", steps, seed-1, total)
}

// world is a site, a file, and all that happens to them.
type world struct {
	*bench
	rng  *rand.Rand
	site jirasim.Options
	lag  atomic.Int64 // of the search index
	// lagging is when the index has caught up with all changes.
	lagging time.Time
	// silent worlds have changes that leave "updated" alone: what a deep census
	// cannot see, and only reading everything again brings.
	silent bool
	// curious worlds change what is asked for between runs.
	curious bool
	// Projects that cannot be seen, or are archived.
	hidden, archived map[string]bool
	ids              []int64  // of all issues that ever were
	numbers, texts   []string // ids of fields
	log              []string
	count            map[string]int
	patient          patience
	nested           atomic.Bool // a change is being made in the middle of a run
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{rng: rand.New(rand.NewPCG(seed, 7)), silent: seed%2 == 0, curious: seed%3 == 0,
		hidden: map[string]bool{}, archived: map[string]bool{}, count: map[string]int{}}
	zones := []string{"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"}
	w.site = jirasim.Options{
		Deployment: []string{jirasim.Cloud, jirasim.DataCenter}[seed/2%2], Issues: 60, Projects: 4, Seed: seed, PageCap: 5 + w.rng.IntN(60),
		TimeZone: zones[w.rng.IntN(len(zones))], NoEpochMillis: w.rng.IntN(2) == 0, OddValues: true,
		RepeatedHour: []string{"first", "second"}[w.rng.IntN(2)],
		IndexLag:     func(int64) time.Duration { return time.Duration(w.lag.Load()) },
	}
	w.bench = newBench(t, w.site)
	w.tables, w.partition, w.commitSize = withIssues(), int64(10+w.rng.IntN(60)), 1<<30
	if w.rng.IntN(2) == 0 {
		w.commitSize = 1
	}
	if seed%5 < 2 {
		w.deletedRoom = 1 // what can be is done ahead of the commits
	}
	w.patient.at = w.clock.now()
	w.ids = w.sim.IDs()
	w.numbers, w.texts = []string{w.addField("Effort", "number")}, []string{w.addField("Remark", "text")}
	return w
}

// live makes steps, then lets the world come to rest and compares.
func (w *world) live(steps int, total map[string]int) {
	t := w.t
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("%+v; silent %t, curious %t; what happened last:\n%s", w.site, w.silent, w.curious, strings.Join(w.log[max(0, len(w.log)-40):], "\n"))
		}
		for name, n := range w.count {
			total[name] += n
		}
	}()
	for range steps {
		if t.Failed() {
			return
		}
		w.step()
	}
	w.rest()
}

// note remembers what happens.
func (w *world) note(kind, format string, args ...any) {
	w.count[kind]++
	w.log = append(w.log, fmt.Sprintf("%s %s: ", w.clock.now().UTC().Format("2006-01-02T15:04:05.000"), kind)+fmt.Sprintf(format, args...))
}

// step is one thing that happens: time passes, somebody changes the site, or a
// run comes.
func (w *world) step() {
	switch n := w.rng.IntN(100); {
	case n < 12:
		w.pass()
	case n < 18:
		w.setLag()
	case n < 78:
		w.change()
	case n < 82 && w.curious:
		w.askOtherwise()
	default:
		w.runSomehow()
	}
}

func (w *world) pass() {
	d := time.Duration(w.rng.ExpFloat64() * float64([]time.Duration{time.Second, time.Minute, time.Hour, 20 * time.Hour}[w.rng.IntN(4)]))
	w.clock.move(d)
	w.note("clock", "%s passed", d)
}

func (w *world) setLag() {
	lags := []time.Duration{0, 0, 10 * time.Second, 5 * time.Minute, 30 * time.Minute, 13 * time.Hour, 72 * time.Hour, 30 * 24 * time.Hour}
	d := lags[w.rng.IntN(len(lags))]
	w.lag.Store(int64(d))
	w.note("index lag", "%s", d)
}

// askOtherwise changes what the next runs ask for.
func (w *world) askOtherwise() {
	switch w.rng.IntN(3) {
	case 0:
		projects := w.sim.Projects()
		w.query.Projects = projects[:w.rng.IntN(len(projects))]
	case 1:
		w.fields = [][]string{nil, {"summary", "status", "labels"}, {"all", "-description"}}[w.rng.IntN(3)]
	case 2:
		w.tables = [][]string{withIssues(), {"issues"}, {"issue_labels", "issue_comments"}}[w.rng.IntN(3)]
		if w.fields != nil && w.fields[0] != "all" {
			w.tables = []string{"issues"} // others are made of fields that are not asked for
		}
	}
	if w.fields != nil && w.fields[0] != "all" && w.tables[0] != table.Default && w.tables[0] != "issues" {
		w.tables = []string{"issues"}
	}
	w.note("question", "query %v, fields %v, tables %v", w.query.Projects, w.fields, w.tables)
}

// runSomehow lets a run come, and perhaps something come in its way.
func (w *world) runSomehow() {
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	confirmed, accident := w.rng.IntN(3) > 0, ""
	w.options = func(o *pipeline.Options) {
		o.Confirmed, o.Concurrency, o.DeepNow = confirmed, 1, w.rng.IntN(10) == 0
	}
	w.client = func(o *jira.Options) {
		o.Concurrency, o.RetryBudget, o.Now, o.Sleep, o.GatewayURL = 1, time.Minute, w.patient.now, w.patient.sleep, w.url
	}
	switch w.rng.IntN(9) {
	case 0, 1:
		accident = w.wire()
	case 2:
		accident = w.meddle()
	case 3:
		accident = w.cancelAtRequest(cancel)
	case 4:
		accident = w.cancelAtStatement(cancel)
	case 5:
		accident = w.loseCommit()
	case 6:
		if w.rng.IntN(4) == 0 {
			accident = w.secondRunner()
		}
	}
	report, err := w.try(ctx)
	w.sim.Fault(nil)
	w.warehouse, w.statements = nil, nil
	w.note("run", "%s (%s) %v: %s, %d issues, missing %d, absent %d; %v", accident, report.Plan, report.Outcome, report.Conclusion, report.Issues, report.Proof.Missing, report.Proof.Absent, err)
	w.count["ended "+string(report.Outcome)]++
	if accident == "" && err != nil && !(errors.As(err, new(*fetch.Unknown)) && w.asksForHidden()) {
		w.t.Errorf("a run that nothing disturbed failed: %v", err)
	}
	w.holds(report, accident)
}

// holds wants the tables to agree with the state, and with the site where the
// run says that they do and nobody changed it meanwhile.
func (w *world) holds(report pipeline.Report, accident string) {
	w.t.Helper()
	if _, err := os.Stat(w.file); errors.Is(err, fs.ErrNotExist) {
		return // no run came so far
	}
	if w.one("SELECT COUNT(*) FROM duckdb_tables() WHERE table_name = 'issues'") == "0" {
		return
	}
	w.consistent()
	w.want("SELECT COUNT(*) - COUNT(DISTINCT id) FROM issues", "0")
	if report.Outcome != pipeline.Complete || strings.HasPrefix(accident, "meddle") || w.clock.now().Before(w.lagging) {
		return
	}
	var want []string
	w.sim.Each(func(id int64, key string, _ []byte) bool {
		if w.inScope(key) {
			want = append(want, fmt.Sprint(id))
		}
		return true
	})
	var got []string
	for _, row := range w.rows("SELECT id FROM issues WHERE _presence = 'live' ORDER BY id") {
		got = append(got, row[0])
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("a run says that it is complete (%s):\nlive rows %v\nissues    %v", report.Conclusion, got, want)
	}
}

// inScope reports whether the query asks for an issue.
func (w *world) inScope(key string) bool {
	if len(w.query.Projects) == 0 {
		return true
	}
	return slices.ContainsFunc(w.query.Projects, func(p string) bool { return strings.HasPrefix(key, p+"-") })
}

// asksForHidden reports whether the query names a project that the account
// cannot see.
func (w *world) asksForHidden() bool {
	return slices.ContainsFunc(w.query.Projects, func(p string) bool { return w.hidden[p] })
}

// wire makes the network and the site fail now and then.
func (w *world) wire() string {
	share := []float64{0.02, 0.1, 0.3}[w.rng.IntN(3)]
	seed := w.rng.Uint64()
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 1))
	w.sim.Fault(func(q *http.Request) *jirasim.Fault {
		mu.Lock()
		defer mu.Unlock()
		if r.Float64() >= share {
			return nil
		}
		f := wireFaults[r.IntN(len(wireFaults))]
		return &f
	})
	return fmt.Sprintf("wire (%v)", share)
}

var wireFaults = []jirasim.Fault{
	{Status: 429, Header: http.Header{"Retry-After": {"3"}}, Body: `{"errorMessages":["slower"]}`},
	{Status: 429, Header: http.Header{"Ratelimit-Reason": {"jira-burst-based"}, "Retry-After": {"1"}}, Body: `{}`},
	{Status: 500, Body: `{}`}, {Status: 502, Body: `<html>Bad gateway</html>`}, {Status: 503, Body: ``},
	{CutAfter: 1}, {CutAfter: 100}, {BadGzip: true}, {BadJSON: true}, {Reset: true},
	{Duplicates: true}, {EmptyPage: true}, {OmitIsLast: true}, {ShortPage: 1}, {ShortPage: 3}, {TotalOff: 3}, {TotalOff: -2},
	{Status: 403, Body: `{"errorMessages":["not today"]}`}, {Status: 400, Body: `{"errorMessages":["what?"]}`},
}

// meddle changes the site in the middle of a run.
func (w *world) meddle() string {
	every := 1 + w.rng.IntN(6)
	var n atomic.Int64
	w.sim.Fault(func(*http.Request) *jirasim.Fault {
		if n.Add(1)%int64(every) == 0 && w.nested.CompareAndSwap(false, true) {
			w.change()
			w.nested.Store(false)
		}
		return nil
	})
	return fmt.Sprintf("meddle (every %d requests)", every)
}

// cancelAtRequest ends a run when it has sent so many requests.
func (w *world) cancelAtRequest(cancel func()) string {
	at := int64(1 + w.rng.IntN(30))
	var n atomic.Int64
	w.sim.Fault(func(*http.Request) *jirasim.Fault {
		if n.Add(1) == at {
			cancel()
		}
		return nil
	})
	return fmt.Sprintf("cancelled at request %d", at)
}

// cancelAtStatement ends a run when it has sent so many statements.
func (w *world) cancelAtStatement(cancel func()) string {
	at := 1 + w.rng.IntN(200)
	w.statements = &executioner{Handler: slog.DiscardHandler, left: at, cancel: cancel}
	return fmt.Sprintf("cancelled at statement %d", at)
}

// executioner is a log handler that calls cancel when so many statements were run.
type executioner struct {
	slog.Handler
	left   int
	cancel func()
}

func (e *executioner) Enabled(context.Context, slog.Level) bool { return true }

func (e *executioner) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "statement" {
		if e.left--; e.left == 0 {
			e.cancel()
		}
	}
	return nil
}

// loseCommit refuses a commit, or loses the answer to one that came to be.
func (w *world) loseCommit() string {
	at, lost := 1+w.rng.IntN(4), 0
	if w.rng.IntN(2) == 0 {
		w.warehouse = func(to load.Warehouse) load.Warehouse { return amnesia{to, &lost} }
		return "the answer to the first commit is lost"
	}
	w.warehouse = func(to load.Warehouse) load.Warehouse {
		return saboteur{Warehouse: to, commit: func(c load.Commit) error {
			if at--; at == 0 {
				return errSabotage
			}
			return nil
		}}
	}
	return fmt.Sprintf("commit %d is refused", at)
}

// secondRunner starts another run, in a process of its own, in the middle of
// this one. It must not come to write anything.
func (w *world) secondRunner() string {
	at := int64(6 + w.rng.IntN(10))
	var n atomic.Int64
	w.sim.Fault(func(*http.Request) *jirasim.Fault {
		if n.Add(1) != at {
			return nil
		}
		second := start(w.t, job{Site: w.url, Run: "second-" + fmt.Sprint(w.runs), Tables: []string{"issues"}, Partition: 50, CommitSize: 1, Dir: w.t.TempDir(), DuckDB: w.file})
		<-second.gone
		if second.cmd.ProcessState.Success() || !strings.Contains(second.log.String(), load.ErrLeaseHeld.Error()) {
			w.t.Errorf("a second run beside the first: %s\n%s", second.cmd.ProcessState, &second.log)
		}
		return nil
	})
	return fmt.Sprintf("second runner at request %d", at)
}

// rest lets everything become quiet, runs once with a deep census, and compares
// the tables with the site. Where things changed silently everything is read
// again before.
func (w *world) rest() {
	w.t.Helper()
	w.lag.Store(0)
	w.clock.move(31 * 24 * time.Hour)
	w.fields, w.tables = nil, withIssues()
	w.client = nil
	if w.asksForHidden() { // which is an error
		w.query.Projects = nil
	}
	w.options = func(o *pipeline.Options) { o.Confirmed, o.DeepNow = true, true }
	if w.silent {
		w.clear()
	}
	report := w.run(pipeline.Complete)
	w.note("rest", "%s: %s", report.Plan, report.Conclusion)
	w.compareWorld()
	w.verifyWorld()
	if w.t.Failed() {
		return
	}
	w.options = func(o *pipeline.Options) { o.Confirmed = true }
	before := w.everything()
	if report := w.run(pipeline.Complete); len(report.Rows) > 0 || !reflect.DeepEqual(w.everything(), before) {
		w.t.Errorf("a run with nothing to do wrote %v", report.Rows)
	}
}

var errNothing = errors.New("there is nothing that could be changed so")

// withIssues selects the tables of default that are filled with the issues. What
// is read beside them is compared elsewhere, and the requests for it would only
// lengthen the script.
func withIssues() []string {
	tables := []string{table.Default}
	for _, d := range table.Dimensions() {
		tables = append(tables, "-"+d.Name)
	}
	return tables
}
