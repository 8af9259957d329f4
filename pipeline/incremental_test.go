package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
)

// TestIdleRun: a run without changes costs a handful of requests and writes
// nothing.
func TestIdleRun(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 250})
			b.run(pipeline.Complete)
			rows, commits := b.stamps(), len(b.commits)
			state := b.state()
			b.sim.ResetRequests()
			report := b.run(pipeline.Complete)
			if rewritten := b.written(rows); len(rewritten) > 0 {
				t.Errorf("%d rows were rewritten", len(rewritten))
			}
			if len(b.commits) != commits || len(report.Rows) != 0 || report.Files != 0 {
				t.Errorf("an idle run wrote: %d commits, rows %v, %d files", len(b.commits)-commits, report.Rows, report.Files)
			}
			if !reflect.DeepEqual(b.state(), state) {
				t.Errorf("an idle run changed the state from\n%+v to\n%+v", state, b.state())
			}
			// One page of the census holds so few ids.
			if n := len(b.sim.Requests()); n > 6+1 {
				t.Errorf("an idle run took %d requests: %v", n, b.sim.Counts())
			}
			if report.Jira.Total() != int64(len(b.sim.Requests())) {
				t.Errorf("the report tells of %d requests, the site of %d", report.Jira.Total(), len(b.sim.Requests()))
			}
		})
	}
}

// TestChangedBytes: a run after changes reads the issues that changed and hardly
// a byte more; what an idle run reads, the census above all, is taken off.
func TestChangedBytes(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 2000})
	b.run(pipeline.Complete)
	read := func() (n int64) {
		b.sim.ResetRequests()
		b.run(pipeline.Complete)
		for _, r := range b.sim.Requests() {
			n += r.Bytes
		}
		return n
	}
	b.clock.move(time.Hour)
	idle := read()
	var changed int64
	for i, id := range b.sim.IDs() {
		if i%100 == 0 {
			b.do(func() error { return b.sim.Edit(id) })
			changed += int64(len(b.sim.Raw(id)))
		}
	}
	b.clock.move(time.Minute)
	if n := read() - idle; n < changed || n > changed*11/10 {
		t.Errorf("%d bytes were read of 20 issues that changed, which have %d", n, changed)
	}
}

// TestChanges: ten edited and five created issues are exactly what is written.
func TestChanges(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]jirasim.Options{
		"cloud":            {Issues: 250, TimeZone: "Asia/Kathmandu"},
		"cloud, minutes":   {Issues: 250, TimeZone: "Asia/Kathmandu", NoEpochMillis: true},
		"data center":      {Deployment: jirasim.DataCenter, Issues: 250, TimeZone: "America/Sao_Paulo"},
		"index lags 5 min": {Issues: 250, IndexLag: func(int64) time.Duration { return 5 * time.Minute }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, opts)
			b.run(pipeline.Complete)
			rows := b.stamps()
			want := map[string]bool{}
			for _, id := range b.sim.IDs()[100:110] {
				b.do(func() error { return b.sim.Edit(id) })
				want[fmt.Sprint(id)] = true
			}
			for range 5 {
				b.do(func() error {
					id, err := b.sim.Create(b.sim.Projects()[0])
					want[fmt.Sprint(id)] = true
					return err
				})
			}
			b.clock.move(5 * time.Minute)
			report := b.run(pipeline.Complete)
			if got := b.written(rows); !reflect.DeepEqual(got, want) {
				t.Errorf("written %v, want %v", got, want)
			}
			if report.Rows["issues"] != 15 {
				t.Errorf("the report tells of %v rows, want 15 of issues", report.Rows)
			}
			b.compare()
			// The overlap is read again and costs no write.
			rows = b.stamps()
			report = b.run(pipeline.Complete)
			if got := b.written(rows); len(got) > 0 || report.Issues < 15 {
				t.Errorf("%d issues read again, written %v", report.Issues, got)
			}
		})
	}
}

// TestLateIndex: an issue that the index shows later than the overlap is found
// by no scan, but by the census.
func TestLateIndex(t *testing.T) {
	t.Parallel()
	var lag atomic.Int64
	b := newBench(t, jirasim.Options{Issues: 120, IndexLag: func(int64) time.Duration { return time.Duration(lag.Load()) }})
	b.run(pipeline.Complete)
	lag.Store(int64(13 * time.Hour))
	b.do(func() error { _, err := b.sim.Create(b.sim.Projects()[0]); return err })
	lag.Store(0)
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(b.sim.IDs()[3]) })
	b.run(pipeline.Complete) // moves the cursor past the issue that nobody saw yet
	b.want("SELECT COUNT(*) FROM issues", "120")
	b.clock.move(13 * time.Hour)
	report := b.run(pipeline.Complete)
	if report.Proof.Missing != 1 {
		t.Errorf("proof: %+v", report.Proof)
	}
	b.compare()
}

// TestSilentEdit: a change that leaves "updated" alone is seen when its issue is
// read, by its content, and not when it isn't.
func TestSilentEdit(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120})
	recent, old := b.sim.IDs()[7], b.sim.IDs()[8]
	b.do(func() error { return b.sim.Edit(recent) }) // brings it into the overlap
	b.run(pipeline.Complete)
	rows := b.stamps()
	b.do(func() error { return b.sim.SilentEdit(recent) }, func() error { return b.sim.SilentEdit(old) })
	b.run(pipeline.Complete)
	if got, want := b.written(rows), map[string]bool{fmt.Sprint(recent): true}; !reflect.DeepEqual(got, want) {
		t.Errorf("written %v, want %v", got, want)
	}
	rows = b.stamps()
	b.clear()
	b.run(pipeline.Complete)
	if got, want := b.written(rows), map[string]bool{fmt.Sprint(old): true}; !reflect.DeepEqual(got, want) {
		t.Errorf("after a clear: written %v, want %v", got, want)
	}
	b.compare()
}

// TestMove: an issue that moves keeps its row.
func TestMove(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120})
	b.run(pipeline.Complete)
	id := b.sim.IDs()[11]
	key := b.one(fmt.Sprintf("SELECT key FROM issues WHERE id = %d", id))
	to := b.sim.Projects()[0]
	if strings.HasPrefix(key, to+"-") {
		to = b.sim.Projects()[1]
	}
	b.do(func() error { return b.sim.Move(id, to) })
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issues", "120")
	b.want(fmt.Sprintf("SELECT project_key FROM issues WHERE id = %d", id), to)
	b.compare()
}

// TestMoveOutOfScope: an issue that left the loaded projects is found out of
// scope, since Jira still shows it, and live again when it comes back.
func TestMoveOutOfScope(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120})
	home, away := b.sim.Projects()[0], b.sim.Projects()[1]
	b.query = fetch.Query{Projects: []string{home}}
	b.run(pipeline.Complete)
	id := b.one("SELECT MIN(id) FROM issues")
	var n int64
	if _, err := fmt.Sscan(id, &n); err != nil {
		t.Fatal(err)
	}
	b.do(func() error { return b.sim.Move(n, away) })
	report := b.run(pipeline.Complete)
	b.want("SELECT _presence FROM issues WHERE id = "+id, "out_of_scope")
	if report.Proof.Marked["out_of_scope"] != 1 {
		t.Errorf("proof: %+v", report.Proof)
	}
	b.do(func() error { return b.sim.Move(n, home) })
	b.run(pipeline.Complete)
	b.want("SELECT _presence FROM issues WHERE id = "+id, "live")
}

// TestClear: after a clear everything is read again, and the tables are what
// they were; at no commit are there fewer rows.
func TestClear(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 600, OddValues: true})
	b.partition, b.commitSize = 60, 1
	b.run(pipeline.Complete)
	before, stamps, commits := b.everything(), b.stamps(), len(b.commits)
	b.clear()
	b.sim.ResetRequests()
	report := b.run(pipeline.Complete)
	if report.Issues < 600 {
		t.Errorf("%d issues were read again, want all 600", report.Issues)
	}
	if got := b.everything(); !reflect.DeepEqual(got, before) {
		t.Errorf("the tables differ after a clear: %d rows, were %d", len(got), len(before))
	}
	if got := b.written(stamps); len(got) > 0 {
		t.Errorf("%d rows were rewritten", len(got))
	}
	if len(b.commits) == commits {
		t.Fatal("nothing was committed: this test shows nothing")
	}
	for i, c := range b.commits[commits:] {
		if c.Digest.Count != 600 {
			t.Errorf("after commit %d there were %d live rows", i+1, c.Digest.Count)
		}
	}
}

// TestChangedQuestion: a changed query or field list is explained and read again.
func TestChangedQuestion(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 150})
	projects := b.sim.Projects()
	b.query = fetch.Query{Projects: projects[:1]}
	b.fields = []string{"summary", "status"}
	b.run(pipeline.Complete)
	narrow := b.one("SELECT COUNT(*) FROM issues")
	b.want("SELECT COUNT(*) FROM duckdb_columns() WHERE table_name = 'issues' AND column_name = 'priority'", "0")

	b.query.Projects = projects[:2]
	report := b.run(pipeline.Complete)
	if !strings.Contains(report.Plan[0], "the query changed from «project in (10000)» to «project in (10000, 10001)»") {
		t.Errorf("plan: %q", report.Plan)
	}
	wide := b.one("SELECT COUNT(*) FROM issues WHERE _presence = 'live'")
	if wide == narrow {
		t.Errorf("a second project brought no row more than %s", narrow)
	}

	b.fields = append(b.fields, "priority")
	report = b.run(pipeline.Complete)
	if !strings.Contains(report.Plan[0], "fields added: priority") || report.Rows["issues"] == 0 {
		t.Errorf("plan: %q, rows %v", report.Plan, report.Rows)
	}
	b.want("SELECT COUNT(*) FROM issues WHERE priority IS NULL", "0")

	b.fields = b.fields[:2]
	report = b.run(pipeline.Complete)
	if !strings.Contains(report.Plan[0], "fields no longer asked for: priority") {
		t.Errorf("plan: %q", report.Plan)
	}
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live' AND priority IS NULL", "0") // never emptied

	b.query.Projects = projects[:1]
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", narrow)
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'out_of_scope' AND _presence_evidence IS NOT NULL",
		b.one("SELECT COUNT(*) FROM issues WHERE project_key = '"+projects[1]+"'"))
}

// TestScope: what follows from a change of what is asked for costs no more than
// it has to. A narrower query marks rows and reads none; a wider one fetches what
// the census finds missing; fields and tables that are new are read for the
// issues that have them, those that are no longer asked for not at all.
func TestScope(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 400, Projects: 4})
	b.fields = []string{"summary", "status"}
	b.run(pipeline.Complete)
	b.clock.move(time.Hour)
	projects := b.sim.Projects()
	count := func(where string) int {
		var n int
		if _, err := fmt.Sscan(b.one("SELECT COUNT(*) FROM issues WHERE "+where), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	step := func(name, plan string, read int) pipeline.Report {
		t.Helper()
		report := b.run(pipeline.Complete)
		if !strings.Contains(report.Plan[0], plan) {
			t.Errorf("%s: plan %q, want %q", name, report.Plan, plan)
		}
		// What changed within the overlap is read in any case: the newest issue.
		if n := int(report.Issues); n < read || n > read+2 {
			t.Errorf("%s: %d issues were read, want %d", name, n, read)
		}
		b.compareIDs()
		return report
	}

	b.query = fetch.Query{Projects: projects[:1]}
	inside := count("project_key = '" + projects[0] + "'")
	report := step("narrower", "rows that are out of scope now are marked", 0)
	if got := report.Proof.Marked["out_of_scope"]; got != int64(400-inside) {
		t.Errorf("narrower: %d rows are marked, want %d", got, 400-inside)
	}
	if n := report.Jira.Total(); n > 12 {
		t.Errorf("narrower: %d requests: %v", n, report.Jira.Requests)
	}

	b.query = fetch.Query{Projects: projects[:2]}
	second := count("project_key = '" + projects[1] + "'")
	// A proof of the narrow scope does not count for the wide one.
	b.options = func(o *pipeline.Options) { o.CensusEvery = 6 * time.Hour }
	if report := step("wider", "issues that the census finds missing are fetched by id", second); report.Proof.Missing != second {
		t.Errorf("wider: %+v, want %d missing", report.Proof, second)
	}
	b.options = nil

	have := b.sim.Count() // all issues have a priority; labels only some
	labelled := 0
	b.sim.Each(func(_ int64, key string, raw []byte) bool {
		var issue struct{ Fields struct{ Labels []string } }
		if err := json.Unmarshal(raw, &issue); err != nil {
			t.Fatal(err)
		}
		if inScope := strings.HasPrefix(key, projects[0]+"-") || strings.HasPrefix(key, projects[1]+"-"); inScope && len(issue.Fields.Labels) > 0 {
			labelled++
		}
		return true
	})
	if labelled == 0 || labelled == have {
		t.Fatalf("%d issues have labels: this test shows nothing", labelled)
	}
	b.fields = append(b.fields, "labels")
	step("a field more", "issues that have what is new are read again: fields added: labels", labelled)
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live' AND len(labels) > 0", fmt.Sprint(labelled))
	b.tables = []string{"issue_labels"}
	step("a table more", "issues that have what is new are read again: tables added: issue_labels", labelled)
	b.want("SELECT COUNT(DISTINCT issue_id) FROM issue_labels", fmt.Sprint(labelled))
	b.fields = append(b.fields, "creator")
	step("a field that cannot be asked for", "everything is read again", inside+second)
	b.fields, b.tables = []string{"summary"}, nil
	if report := step("less of all", "nothing is read for that", 0); report.Rows["issues"] > 2 {
		t.Errorf("less: %v", report.Rows)
	}
	b.query, b.fields = fetch.Query{}, []string{"all"}
	step("all", "everything is read again", 400)
	b.compare()
}

// compareIDs wants the live rows to be those of the issues in scope.
func (b *bench) compareIDs() {
	b.t.Helper()
	want := 0
	b.sim.Each(func(_ int64, key string, _ []byte) bool {
		in := len(b.query.Projects) == 0
		for _, p := range b.query.Projects {
			in = in || strings.HasPrefix(key, p+"-")
		}
		if in {
			want++
		}
		return true
	})
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", fmt.Sprint(want))
}

// TestOtherSite: ids of two sites never mix.
func TestOtherSite(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 50})
	b.run(pipeline.Complete)
	before := b.everything()
	other := newBench(t, jirasim.Options{Issues: 60, Seed: 7})
	other.file = b.file
	if _, err := other.try(t.Context()); !errors.Is(err, fetch.ErrOtherSite) || !strings.Contains(err.Error(), "state clear") {
		t.Errorf("error %v", err)
	}
	if !reflect.DeepEqual(b.everything(), before) {
		t.Error("a refused run changed the tables")
	}
}

// TestEmptySite: no issues are a complete load too, and the first one that is
// created later is found.
func TestEmptySite(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 20, Projects: 2})
			b.query = fetch.Query{JQL: "summary ~ somethingThatNobodyWrote"}
			b.run(pipeline.Complete)
			b.want("SELECT COUNT(*) FROM issues", "0")
			b.run(pipeline.Complete)
			b.do(func() error {
				return b.sim.EditField(b.sim.IDs()[0], "summary", json.RawMessage(`"somethingThatNobodyWrote"`))
			})
			b.run(pipeline.Complete)
			b.want("SELECT COUNT(*) FROM issues", "1")
		})
	}
}

// TestOddValues: values that fit nowhere are counted and listed, and cost no row.
func TestOddValues(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 1500, OddValues: true})
	report := b.run(pipeline.Complete)
	b.compare()
	listed := map[string]int64{}
	for _, row := range b.rows("SELECT field_id || ' ' || column_name, COUNT(*) FROM _snowdrift_value_errors GROUP BY ALL") {
		var n int64
		if _, err := fmt.Sscan(row[1], &n); err != nil {
			t.Fatal(err)
		}
		listed[row[0]] = n
	}
	counted := map[string]int64{}
	for _, o := range report.Odd {
		counted[o.Field+" "+o.Column] = o.Count
	}
	if len(counted) < 5 || !reflect.DeepEqual(counted, listed) {
		t.Errorf("counted %v, listed %v", counted, listed)
	}
	b.want("SELECT COUNT(*) FROM _snowdrift_value_errors e WHERE NOT EXISTS (FROM issues i WHERE i.id = e.issue_id)", "0")
}

// refuse makes the site answer 403 to the requests that match.
func refuse(match func(*http.Request) bool) func(*http.Request) *jirasim.Fault {
	return func(r *http.Request) *jirasim.Fault {
		if !match(r) {
			return nil
		}
		return &jirasim.Fault{Status: http.StatusForbidden, Body: `{"errorMessages":["not today"]}`}
	}
}
