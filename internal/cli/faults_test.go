package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
	"snowdrift/pipeline"
)

// Run with SNOWDRIFT_FAULTS=all to try each fault on each call; unset, every
// faultStride-th is tried. -update rewrites the golden file and tries them all.
const (
	faultsVariable = "SNOWDRIFT_FAULTS"
	faultStride    = 11
	faultsGolden   = "testdata/faults.golden"
)

var update = flag.Bool("update", false, "rewrite golden files")

// faultKind is what can come of a request, and how often: once, for ever, or
// both in turn. What is never tried again need not come twice.
type faultKind struct {
	name    string
	fault   jirasim.Fault
	forever bool
	once    bool
}

// faultDate is when the answers of faults say that they were given: limits that
// are reset at an instant are meant by it.
var faultDate = time.Date(2026, 7, 1, 9, 40, 0, 0, time.UTC)

func faultKinds() []faultKind {
	status := func(code int, header ...string) jirasim.Fault {
		f := jirasim.Fault{Status: code, Header: http.Header{"Date": {faultDate.Format(http.TimeFormat)}}, Body: `{"errorMessages":["Trouble was asked for."]}`}
		for i := 0; i < len(header); i += 2 {
			f.Header[header[i]] = []string{header[i+1]}
		}
		return f
	}
	in := func(d time.Duration) string { return faultDate.Add(d).Format(time.RFC3339) }
	kinds := []faultKind{
		{name: "429", fault: status(429), once: true, forever: true},
		{name: "429 Retry-After", fault: status(429, "Retry-After", "7"), once: true},
		{name: "429 X-RateLimit-Reset", fault: status(429, "X-Ratelimit-Reset", in(9*time.Second)), once: true},
		{name: "429 burst", fault: status(429, "Ratelimit-Reason", "jira-burst-based", "Retry-After", "5"), once: true},
		{name: "429 quota", fault: status(429, "Ratelimit-Reason", "jira-quota-tenant-based"), once: true, forever: true},
		{name: "500", fault: status(500), once: true, forever: true},
		{name: "503", fault: status(503), once: true, forever: true},
		{name: "cut", fault: jirasim.Fault{CutAfter: 1}, once: true, forever: true},
		{name: "bad gzip", fault: jirasim.Fault{BadGzip: true}, once: true, forever: true},
		{name: "bad JSON", fault: jirasim.Fault{BadJSON: true}, once: true, forever: true},
		{name: "stall", fault: jirasim.Fault{Stall: true}, once: true, forever: true},
		{name: "reset", fault: jirasim.Fault{Reset: true}, once: true, forever: true},
	}
	for _, code := range []int{400, 401, 403, 404, 410} {
		kinds = append(kinds, faultKind{name: fmt.Sprint(code), fault: status(code), forever: true})
	}
	return kinds
}

// callAt is a request of a run: the n-th to an endpoint.
type callAt struct {
	endpoint string
	n        int
}

func (c callAt) String() string { return fmt.Sprintf("%s #%d", c.endpoint, c.n) }

// faultBench is a site, and a file that a run begins with.
type faultBench struct {
	t     *testing.T
	sim   *jirasim.Sim
	url   string
	start string   // the file; there is none before a first load
	calls []callAt // of a run that nobody disturbs
	truth []string // the tables after it
	login []string // settings
	wire  *impatience
	// Time tracking is off for one issue: its list of worklogs is empty, though
	// it shows some.
	untracked int64
}

// always is what the site answers besides faults.
func (b *faultBench) always(r *http.Request) *jirasim.Fault {
	if jirasim.Endpoint(r) != "issue/{key}/worklog" || r.PathValue("key") != fmt.Sprint(b.untracked) {
		return nil
	}
	return &jirasim.Fault{Status: http.StatusOK, Body: `{"startAt":0,"maxResults":20,"total":0,"worklogs":[]}`}
}

// newFaultBench makes a site on which a later run has something to ask of every
// endpoint: an issue with more comments and worklogs than it shows, whose
// worklogs turn out to be none, one that is gone, and one that the scan cannot
// find and the census misses.
func newFaultBench(t *testing.T, deployment string) *faultBench {
	t.Helper()
	at := time.Date(2026, 7, 1, 9, 30, 15, 0, time.UTC)
	sim, url := simtest.Serve(t, jirasim.Options{Deployment: deployment, Issues: 8, Projects: 1, Seed: 5, Now: func() time.Time { return at }})
	ids := sim.IDs()
	b := &faultBench{t: t, sim: sim, url: url, start: filepath.Join(t.TempDir(), "start.duckdb"), wire: &impatience{}, untracked: ids[2],
		login: []string{"jira.auth.email=loader@example.com", "jira.auth.api_token=env:SECRET"}}
	if deployment == jirasim.DataCenter {
		b.login = []string{"jira.auth.user=loader", "jira.auth.password=env:SECRET"}
	}
	sim.Fault(b.always)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(sim.Hide(ids[1]))
	if o := b.run(b.start); o.code != exitDone {
		t.Fatalf("the first run ended with %d: %s", o.code, o.stderr)
	}
	at = at.Add(time.Hour)
	for i := range 25 {
		_, err := sim.AddComment(ids[2], fmt.Sprint("Comment ", i))
		check(err)
		_, err = sim.AddWorklog(ids[2], time.Hour, fmt.Sprint("Work ", i))
		check(err)
	}
	check(sim.Delete(ids[4]))
	check(sim.Unhide(ids[1]))
	at = at.Add(time.Hour)
	return b
}

// fresh is the same site before a first load.
func (b *faultBench) fresh() *faultBench {
	f := *b
	f.start = ""
	return &f
}

// undisturbed runs without any fault, holds the tables against the site, and
// remembers both them and what was asked.
func (b *faultBench) undisturbed() {
	b.t.Helper()
	b.sim.ResetRequests()
	file := b.copy()
	if o := b.run(file); o.code != exitDone {
		b.t.Fatalf("a run that nobody disturbs ended with %d: %s", o.code, o.stderr)
	}
	seen := map[string]int{}
	for _, r := range b.sim.Requests() {
		seen[r.Endpoint]++
		b.calls = append(b.calls, callAt{r.Endpoint, seen[r.Endpoint]})
	}
	b.truth = b.tables(file)
	var want []string
	b.sim.Each(func(id int64, key string, raw []byte) bool {
		var issue struct {
			Fields struct{ Summary, Updated string }
		}
		if err := json.Unmarshal(raw, &issue); err != nil {
			b.t.Fatal(err)
		}
		updated, err := time.Parse("2006-01-02T15:04:05.000-0700", issue.Fields.Updated)
		if err != nil {
			b.t.Fatal(err)
		}
		worklogs := len(b.sim.Worklogs(id))
		if id == b.untracked {
			worklogs = min(worklogs, 20) // which the issue shows
		}
		want = append(want, fmt.Sprintf("%d|%s|%s|%d|%d|%d", id, key, issue.Fields.Summary, updated.UnixMilli(), len(b.sim.Comments(id)), worklogs))
		return true
	})
	got := b.query(file, `SELECT concat_ws('|', id, key, summary, epoch_ms(updated), (SELECT COUNT(*) FROM issue_comments WHERE issue_id = i.id),
		(SELECT COUNT(*) FROM issue_worklogs WHERE issue_id = i.id)) FROM issues i WHERE _presence = 'live' ORDER BY id`)
	if !slices.Equal(got, want) {
		b.t.Fatalf("tables\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// copy returns the path of a file for one run.
func (b *faultBench) copy() string {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "jira.duckdb")
	if b.start == "" {
		return file
	}
	content, err := os.ReadFile(b.start)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return file
}

// tables are the rows of all data tables, but for the stamps of who wrote a row
// and when.
func (b *faultBench) tables(file string) []string {
	b.t.Helper()
	var parts []string
	for _, name := range []string{"issues", "issue_comments", "issue_worklogs", "issue_changelog", "_snowdrift_value_errors"} {
		columns := "*"
		if name == "issues" {
			columns = "* EXCLUDE (_run_id, _loaded_at)"
		}
		parts = append(parts, "SELECT '"+name+" ' || CAST(to_json(x) AS VARCHAR) AS line FROM (SELECT "+columns+" FROM "+name+") x")
	}
	return b.query(file, strings.Join(parts, " UNION ALL ")+" ORDER BY line")
}

// query returns the lines of an answer of one column.
func (b *faultBench) query(file, sql string) []string {
	b.t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	if code := a.main([]string{"query", "--set", "destination.duckdb.path=" + file, "--format", "json", sql}); code != exitDone {
		b.t.Fatalf("query: %s", &stderr)
	}
	var lines []string
	for d := json.NewDecoder(&stdout); ; {
		var row map[string]string
		if err := d.Decode(&row); err == io.EOF {
			return lines
		} else if err != nil {
			b.t.Fatal(err)
		}
		for _, cell := range row {
			lines = append(lines, cell)
		}
	}
}

// faultOutcome is how a run ended, and how long it would have waited.
type faultOutcome struct {
	outcome
	report pipeline.Report
	waited time.Duration
}

// message is the line that says why a run failed, or what it concluded.
func (o faultOutcome) message(url string) string {
	text := o.report.Conclusion
	if o.code != exitDone {
		text = strings.TrimPrefix(o.last(), "snowdrift: ")
	}
	text = strings.ReplaceAll(text, url, "SITE")
	text = addresses.ReplaceAllString(text, "127.0.0.1:PORT")
	return offsets.ReplaceAllString(text, "at byte N")
}

// What differs from one run, or one content of the site, to another.
var (
	addresses = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	offsets   = regexp.MustCompile(`at byte \d+`)
)

// run runs snowdrift with the client's clock in our hands.
func (b *faultBench) run(file string) faultOutcome {
	b.t.Helper()
	var stdout, stderr bytes.Buffer
	clock := &faultClock{at: faultDate}
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, adjust: func(o *jira.Options) {
		o.Now, o.Sleep, o.Rand = clock.now, clock.sleep, func() float64 { return 0.5 }
		b.wire.RoundTripper = jira.NewTransport(1)
		o.Transport, o.GatewayURL = b.wire, b.url
	}}
	args := []string{"run", "--json", "--log-level", "error"}
	for _, s := range append(b.login, "jira.url="+b.url, "jira.concurrency=1", "jira.search.type=JQL", `jira.search.jql=created >= "2001-01-01"`,
		"jira.fields=[summary,comment,worklog]", "tables=[issues,issue_comments,issue_worklogs,issue_changelog]",
		"destination.duckdb.path="+file, "batch.dir="+b.t.TempDir()) {
		args = append(args, "--set", s)
	}
	code := a.main(args)
	o := faultOutcome{outcome: outcome{code, stdout.String(), stderr.String()}, waited: clock.at.Sub(faultDate)}
	if err := json.Unmarshal(stdout.Bytes(), &o.report); err != nil {
		b.t.Fatalf("%v in %q; %s", err, &stdout, &stderr)
	}
	return o
}

// disturbed runs with a fault at a call, and from then on if it is for ever.
func (b *faultBench) disturbed(file string, c callAt, kind faultKind, forever bool) faultOutcome {
	b.t.Helper()
	var mu sync.Mutex
	count := 0
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		mu.Lock()
		defer mu.Unlock()
		if jirasim.Endpoint(r) != c.endpoint {
			return b.always(r)
		}
		if count++; count < c.n || count > c.n && !forever {
			return b.always(r)
		}
		if kind.fault.Stall {
			b.wire.giveUp()
		}
		return &kind.fault
	})
	defer b.sim.Fault(b.always)
	return b.run(file)
}

// impatience gives up the request under way when it is told to, as the client's
// time-out does, which is in real time.
type impatience struct {
	http.RoundTripper
	mu     sync.Mutex
	cancel context.CancelFunc
}

func (i *impatience) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	i.mu.Lock()
	i.cancel = cancel
	i.mu.Unlock()
	answer, err := i.RoundTripper.RoundTrip(r.WithContext(ctx))
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return nil, context.DeadlineExceeded
	}
	return answer, err
}

func (i *impatience) giveUp() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cancel()
}

// faultClock is a clock that those move who sleep.
type faultClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *faultClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *faultClock) sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return ctx.Err()
}

// targets are the calls to disturb: the first two to each endpoint, which are
// for different purposes where an endpoint serves several. Of those that another
// run makes too, only searches count.
func (b *faultBench) targets(but []callAt) (out []callAt) {
	for _, c := range b.calls {
		search := strings.HasPrefix(c.endpoint, "search")
		if c.n <= 2 && (search || !slices.Contains(but, c)) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b callAt) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// TestFaults tries every kind of trouble on every endpoint that a run calls. A
// golden table says with which code and words the run ends; and whatever it
// says, a run ends with 0 only where the tables are complete, and what it leaves
// behind otherwise the next run mends.
func TestFaults(t *testing.T) {
	t.Setenv("SECRET", "of-the-simulator")
	golden, all := readFaults(t), os.Getenv(faultsVariable) == "all" || *update
	got := map[string]string{}
	at := 0
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		later := newFaultBench(t, deployment)
		later.undisturbed()
		first := later.fresh()
		first.undisturbed()
		for _, part := range []struct {
			name    string
			bench   *faultBench
			targets []callAt
		}{{"later run", later, later.targets(nil)}, {"first load", first, first.targets(later.calls)}} {
			for _, c := range part.targets {
				for _, kind := range faultKinds() {
					for _, forever := range []bool{false, true} {
						if forever && !kind.forever || !forever && !kind.once {
							continue
						}
						if at++; !all && at%faultStride != 0 {
							continue
						}
						name := fmt.Sprintf("%s, %s | %s | %s", deployment, part.name, c, kind.name)
						if kind.once && kind.forever {
							name += map[bool]string{false: " once", true: " for ever"}[forever]
						}
						got[name] = part.bench.try(name, c, kind, forever)
						if !all && got[name] != golden[name] {
							t.Errorf("%s\n got %s\nwant %s", name, got[name], golden[name])
						}
					}
				}
			}
		}
	}
	if *update {
		writeFaults(t, got)
	} else if all && !reflect.DeepEqual(got, golden) {
		for _, name := range slices.Sorted(maps.Keys(golden)) {
			if got[name] != golden[name] {
				t.Errorf("%s\n got %s\nwant %s", name, got[name], golden[name])
			}
		}
		t.Errorf("%d lines, want %d", len(got), len(golden))
	}
}

// try runs with a fault and returns the rest of its line in the table.
func (b *faultBench) try(name string, c callAt, kind faultKind, forever bool) string {
	b.t.Helper()
	file := b.copy()
	o := b.disturbed(file, c, kind, forever)
	switch {
	case o.code == exitDone:
		if !slices.Equal(b.tables(file), b.truth) {
			b.t.Errorf("%s: the run ended with 0 and the tables are not complete", name)
		}
	case o.report.Commits > 0:
		if again := b.run(file); again.code != exitDone || !slices.Equal(b.tables(file), b.truth) {
			b.t.Errorf("%s: the next run ended with %d and did not mend what this one left: %s", name, again.code, again.stderr)
		}
	}
	return fmt.Sprintf("%d %s, waited %s | %s", o.code, o.report.Outcome, o.waited, o.message(b.url))
}

func readFaults(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(faultsGolden)
	if err != nil && !*update {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.SplitN(strings.TrimSuffix(line, "\n"), " | ", 4)
		if len(cells) != 4 {
			t.Fatalf("%s: %q", faultsGolden, line)
		}
		lines[strings.Join(cells[:3], " | ")] = cells[3]
	}
	return lines
}

func writeFaults(t *testing.T, lines map[string]string) {
	t.Helper()
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		fmt.Fprintf(&out, "%s | %s\n", name, lines[name])
	}
	if err := os.WriteFile(faultsGolden, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
