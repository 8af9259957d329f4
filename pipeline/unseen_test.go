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

// Issues that Jira does not show for a while change meanwhile, and the cursor moves on
// over their changes. Each of these tests ends with a run that says that it is complete.

// current wants every live row to be of the version that its issue has.
func (b *bench) current() {
	b.t.Helper()
	if n := b.stale(); n > 0 {
		b.t.Errorf("run %d: %d live rows are older than their issues", b.runs, n)
	}
}

// behind edits an issue, and after it another one that moves the cursor.
func (b *bench) behind(id, other int64) {
	b.t.Helper()
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(id) })
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(other) })
}

// TestHeldAndShownAgain: so many were gone that nothing was concluded.
func TestHeldAndShownAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 200, Projects: 2})
	b.options = func(o *pipeline.Options) { o.Deep = 0 }
	b.run(pipeline.Complete)
	hidden, other := b.issuesOf(b.sim.Projects()[0])[:30], b.issuesOf(b.sim.Projects()[1])[0]
	for _, id := range hidden {
		b.do(func() error { return b.sim.Hide(id) })
	}
	b.run(pipeline.Unproven)
	b.behind(hidden[3], other)
	b.run(pipeline.Unproven)
	if got := b.state().Unseen; len(got) != len(hidden) {
		t.Errorf("%d issues are remembered, want %d", len(got), len(hidden))
	}
	for _, id := range hidden {
		b.do(func() error { return b.sim.Unhide(id) })
	}
	b.run(pipeline.Complete)
	b.current()
	if got := b.state().Unseen; got != nil {
		t.Errorf("%d issues are remembered when all are seen", len(got))
	}
}

// TestKeptAndShownAgain: rows stay as they are, whatever becomes of their issues.
func TestKeptAndShownAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60, Projects: 2})
	b.options = func(o *pipeline.Options) { o.Deleted = pipeline.Keep }
	b.run(pipeline.Complete)
	ids := b.sim.IDs()
	b.do(func() error { return b.sim.Hide(ids[3]) })
	b.run(pipeline.Complete)
	b.behind(ids[3], ids[4])
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.Unhide(ids[3]) })
	b.run(pipeline.Complete)
	b.current()

	p := b.sim.Projects() // the same by the query
	b.query.Projects = p[:1]
	b.run(pipeline.Complete)
	b.behind(b.issuesOf(p[1])[2], b.issuesOf(p[0])[2])
	b.run(pipeline.Complete)
	b.query.Projects = nil
	b.run(pipeline.Complete)
	b.current()
}

// noCensus is a site that answers no census.
func noCensus(t *testing.T) func(r *http.Request) *jirasim.Fault {
	return func(r *http.Request) *jirasim.Fault {
		if strings.Contains(searched(t, r), "ORDER BY created") {
			return &jirasim.Fault{Status: 503, Body: "{}"}
		}
		return nil
	}
}

// TestQueryThereAndBack: no census came of the query in between.
func TestQueryThereAndBack(t *testing.T) {
	t.Parallel()
	for name, cleared := range map[string]bool{"loaded": false, "cleared": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 60, Projects: 2})
			b.options = func(o *pipeline.Options) { o.Deep = 0 }
			b.run(pipeline.Complete)
			p := b.sim.Projects()
			if cleared {
				b.clear()
			}
			b.query.Projects = p[:1]
			b.behind(b.issuesOf(p[1])[2], b.issuesOf(p[0])[2])
			b.sim.Fault(noCensus(t))
			if _, err := b.try(t.Context()); err == nil {
				t.Fatal("a run without a census came to its end")
			}
			b.sim.Fault(nil)
			b.query.Projects = nil
			b.run(pipeline.Complete)
			b.current()
		})
	}
}

// TestOtherQueryAfterClear: rows of another scope are marked without a question, also
// where everything is read again, and where nobody wants a census.
func TestOtherQueryAfterClear(t *testing.T) {
	t.Parallel()
	for name, census := range map[string]bool{"never": false, "run": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 200, Projects: 2})
			b.options = func(o *pipeline.Options) { o.Census, o.Deep = census, 0 }
			b.run(pipeline.Complete)
			p := b.sim.Projects()
			b.clear()
			b.query.Projects = p[:1]
			b.run(pipeline.Complete)
			b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live' AND project_key = '"+p[1]+"'", "0")
			b.want("SELECT DISTINCT _presence FROM issues WHERE project_key = '"+p[1]+"'", "out_of_scope")
			if b.state().Unsettled {
				t.Error("a census was taken, and another one is asked for")
			}
		})
	}
}

// TestOtherQueryDuringLoad: the same where a first load was broken off.
func TestOtherQueryDuringLoad(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 3000, PageCap: 40, Projects: 2})
	b.options = func(o *pipeline.Options) { o.Census, o.Deep = false, 0 }
	b.partition, b.commitSize = 120, 1
	b.warehouse = failingAfter(3)
	if _, err := b.try(t.Context()); err == nil || b.state().Load == nil {
		t.Fatalf("the load was not broken off: %v", err)
	}
	b.warehouse = nil
	first := b.one("SELECT project_key FROM issues ORDER BY id LIMIT 1")
	for _, p := range b.sim.Projects() {
		if p != first {
			b.query.Projects = []string{p}
		}
	}
	b.run(pipeline.Complete)
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live' AND project_key = '"+first+"'", "0")
}

// TestDeepCensusWithoutAnAnswer: Jira did not answer for an issue when its version was to
// be compared.
func TestDeepCensusWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	var lag atomic.Int64
	b := newBench(t, jirasim.Options{Issues: 120, IndexLag: func(int64) time.Duration { return time.Duration(lag.Load()) }})
	b.run(pipeline.Complete)
	id, other := b.sim.IDs()[3], b.sim.IDs()[4]
	b.lateEdit(&lag, 30*24*time.Hour, id, other)
	b.clock.move(20 * time.Hour)
	b.sim.Fault(failing(true, id))
	b.run(pipeline.Unproven)
	if b.stale() == 0 {
		t.Fatal("no row is old: nothing is shown by this")
	}
	b.sim.Fault(nil)
	b.clock.move(time.Hour)
	b.run(pipeline.Complete)
	b.current()
}

// TestProjectWithAnotherKey: its issues have other keys, too, and no search tells.
func TestProjectWithAnotherKey(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60, Projects: 2})
	b.tables = []string{"issues", "projects"}
	b.run(pipeline.Complete)
	before, other := b.sim.Projects()[0], b.sim.Projects()[1]
	count := b.one("SELECT COUNT(*) FROM issues WHERE project_key = '" + before + "'")
	stamps := b.stamps()
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.RekeyProject(before, "NEWKEY") })
	r := b.run(pipeline.Complete)
	if want := "projects with another key: " + before + " is NEWKEY now"; !strings.Contains(r.Plan[0], want) {
		t.Errorf("plan %q, want %q in it", r.Plan, want)
	}
	b.want("SELECT COUNT(*) FROM issues WHERE project_key = 'NEWKEY'", count)
	b.want("SELECT COUNT(*) FROM issues WHERE project_key NOT IN ('NEWKEY', '"+other+"')", "0")
	keys := map[string]string{}
	for _, row := range b.rows("SELECT id, key FROM issues") {
		keys[row[0]] = row[1]
	}
	b.sim.Each(func(id int64, key string, _ []byte) bool {
		if got := keys[fmt.Sprint(id)]; got != key {
			t.Errorf("issue %d has the key %s, and its row %s", id, key, got)
		}
		return true
	})
	if n := len(b.written(stamps)); fmt.Sprint(n) != count {
		t.Errorf("%d rows were written for %s issues of the project", n, count)
	}
	if r := b.run(pipeline.Complete); len(r.Plan) != 1 || !strings.HasPrefix(r.Plan[0], "changes since") {
		t.Errorf("the next run's plan is %q", r.Plan)
	}
}
