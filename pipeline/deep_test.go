package pipeline_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// lateEdit edits an issue so that search shows it after the lag, and moves the
// cursor past it.
func (b *bench) lateEdit(lag *atomic.Int64, late time.Duration, id, other int64) {
	b.t.Helper()
	lag.Store(int64(late))
	b.do(func() error { return b.sim.Edit(id) })
	lag.Store(0)
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(other) })
	b.run(pipeline.Complete)
}

// stale counts live rows that are older than their issue.
func (b *bench) stale() int {
	b.t.Helper()
	n := 0
	rows := map[string]string{}
	for _, row := range b.rows("SELECT id, epoch_ms(updated) FROM issues WHERE _presence = 'live'") {
		rows[row[0]] = row[1]
	}
	b.sim.Each(func(id int64, key string, raw []byte) bool {
		if truth(b.t, id, key, raw)[12] != rows[fmt.Sprint(id)] {
			n++
		}
		return true
	})
	return n
}

// TestDeepCensus: a change that search shows when nobody looks there any more,
// or never, is found by the versions of the issues: within the time that was
// configured, or at once when somebody asks.
func TestDeepCensus(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deployment string
		lag, wait  time.Duration
		now        bool
	}{
		"cloud, shown by now":       {deployment: jirasim.Cloud, lag: 13 * time.Hour, wait: 20 * time.Hour},
		"cloud, not shown yet":      {deployment: jirasim.Cloud, lag: 30 * 24 * time.Hour, wait: 20 * time.Hour},
		"cloud, asked for":          {deployment: jirasim.Cloud, lag: 30 * 24 * time.Hour, now: true},
		"data center, shown by now": {deployment: jirasim.DataCenter, lag: 13 * time.Hour, wait: 20 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lag atomic.Int64
			b := newBench(t, jirasim.Options{Deployment: tt.deployment, Issues: 120, IndexLag: func(int64) time.Duration { return time.Duration(lag.Load()) }})
			b.run(pipeline.Complete)
			id, other := b.sim.IDs()[3], b.sim.IDs()[4]
			b.lateEdit(&lag, tt.lag, id, other)
			b.clock.move(15 * time.Hour)
			if report := b.run(pipeline.Complete); report.Proof.Deep != nil || b.stale() != 1 {
				t.Fatalf("before it is due: %+v, %d rows out of date", report.Proof, b.stale())
			}
			b.clock.move(tt.wait)
			b.options = func(o *pipeline.Options) { o.DeepNow = tt.now }
			rows := b.stamps()
			report := b.run(pipeline.Complete)
			if d := report.Proof.Deep; d == nil || d.Compared != 120 || d.Stale != 1 || !d.Whole || !strings.Contains(report.Conclusion, "the versions of 120 were compared, 1 rows were out of date") {
				t.Errorf("report: %+v: %s", d, report.Conclusion)
			}
			if got := b.written(rows); len(got) != 1 || !got[fmt.Sprint(id)] {
				t.Errorf("written: %v", got)
			}
			b.compare()
			b.options = nil
			if report := b.run(pipeline.Complete); report.Proof.Deep != nil || b.state().Deep.Proven != b.clock.now().Truncate(time.Millisecond).UnixMilli() {
				t.Errorf("again: %+v, state %+v", report.Proof.Deep, b.state().Deep)
			}
		})
	}
}

// TestDeepBudget: a round is spread over runs, goes on where it stood, begins
// again when it is due, and says when it falls behind.
func TestDeepBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 2_500})
	b.fields = []string{"summary"}
	b.options = func(o *pipeline.Options) { o.DeepBudget = 1 }
	b.run(pipeline.Complete)
	began := b.state().Deep.Proven
	b.clock.move(18 * time.Hour)
	due := b.clock.now().UnixMilli()
	for i, want := range []pipeline.DeepProof{
		{Compared: 1000, Budget: 1}, {Compared: 1000, Budget: 1},
		{Compared: 500, Budget: 1, Whole: true, Behind: ""},
	} {
		b.sim.ResetRequests()
		report := b.run(pipeline.Complete)
		if report.Proof.Deep == nil || *report.Proof.Deep != want {
			t.Errorf("run %d: %+v, want %+v", i, report.Proof.Deep, want)
		}
		asked := 0
		for _, q := range b.sim.Requests() {
			if strings.HasSuffix(q.Path, "/issue/bulkfetch") {
				asked++
			}
		}
		if asked != 1 {
			t.Errorf("run %d: %d requests for versions", i, asked)
		}
		b.clock.move(time.Hour)
	}
	if d := b.state().Deep; d.Proven != due || d.Began != 0 || d.Through != 0 || d.Proven <= began {
		t.Errorf("after a round: %+v, want it proven at %d", d, due)
	}
	b.clock.move(25 * time.Hour)
	report := b.run(pipeline.Complete)
	if d := report.Proof.Deep; d == nil || d.Behind == "" || !strings.Contains(report.Conclusion, "census.deep_budget") {
		t.Errorf("late: %+v: %s", d, report.Conclusion)
	}
}

// TestDeepCensusError: versions that could not be read prove nothing, and the
// next run asks for them again.
func TestDeepCensusError(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.run(pipeline.Complete)
	b.clock.move(20 * time.Hour)
	before, deep := b.everything(), b.state().Deep
	b.sim.Fault(refuse(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/bulkfetch") }))
	if _, err := b.try(t.Context()); err == nil || !strings.Contains(err.Error(), "deep census") {
		t.Errorf("error %v", err)
	}
	if got := b.everything(); len(got) != len(before) || b.state().Deep != deep {
		t.Errorf("state %+v, want %+v", b.state().Deep, deep)
	}
	b.sim.Fault(nil)
	if report := b.run(pipeline.Complete); report.Proof.Deep == nil {
		t.Error("no deep census after one that failed")
	}
}

// TestCensusEvery: within the time a proof counts, runs rely on it, and say so;
// one that fails is repeated until it succeeds.
func TestCensusEvery(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 200, Projects: 2})
	b.options = func(o *pipeline.Options) { o.CensusEvery = 6 * time.Hour }
	b.run(pipeline.Complete)
	first := b.clock.now()
	b.clock.move(5 * time.Hour)
	victims := b.issuesOf(b.sim.Projects()[0])[:21]
	for _, id := range victims {
		b.do(func() error { return b.sim.Delete(id) })
	}
	report := b.run(pipeline.Complete)
	if report.Proof.Census.Count != 0 || !strings.Contains(report.Conclusion, "not proven in this run: census and table last agreed at "+first.UTC().Format(time.RFC3339)) {
		t.Errorf("%+v: %s", report.Proof, report.Conclusion)
	}
	b.clock.move(time.Hour)
	for range 2 { // the brake holds until somebody confirms it
		if report := b.run(pipeline.Unproven); report.Proof.Held != 21 {
			t.Errorf("%+v: %s", report.Proof, report.Conclusion)
		}
	}
	b.options = func(o *pipeline.Options) { o.CensusEvery, o.Confirmed = 6*time.Hour, true }
	b.run(pipeline.Complete)
	b.clock.move(5 * time.Hour)
	if report := b.run(pipeline.Complete); report.Proof.Census.Count != 0 {
		t.Errorf("a census again: %+v", report.Proof)
	}
	b.compare()
}
