package pipeline_test

import (
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
)

// TestHeldOnDataCenter: where many are gone at once, and nobody has confirmed it, a few of
// them are asked for in each run, and all when somebody does.
func TestHeldOnDataCenter(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 400, Projects: 2})
	b.run(pipeline.Complete)
	hidden := b.issuesOf(b.sim.Projects()[0])
	for _, id := range hidden {
		b.do(func() error { return b.sim.Hide(id) })
	}
	const each = "issue/{id}"
	for range 2 {
		if r := b.run(pipeline.Unproven); r.Proof.Held != int64(len(hidden)) || r.Jira.Requests[each] > 60 {
			t.Errorf("%d of %d are held, after %d requests for one", r.Proof.Held, len(hidden), r.Jira.Requests[each])
		}
	}
	b.options = func(o *pipeline.Options) { o.Confirmed = true }
	if r := b.run(pipeline.Complete); r.Proof.Marked["deleted"] != int64(len(hidden)) || r.Jira.Requests[each] < int64(len(hidden)) {
		t.Errorf("%v are marked, after %d requests for one of %d", r.Proof.Marked, r.Jira.Requests[each], len(hidden))
	}
}

// TestBrakeIsNoLottery: of issues of which the oldest are deleted and the others moved out
// of scope, too few are suspicious to be held, though too many are absent.
func TestBrakeIsNoLottery(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 1400, Projects: 2})
	b.query.Projects = b.sim.Projects()[:1]
	b.run(pipeline.Complete)
	ids := b.issuesOf(b.sim.Projects()[0])
	accepted := len(ids) / 10
	deleted, moved := ids[:accepted-5], ids[accepted-5:accepted+25]
	if len(deleted) < 51 {
		t.Fatalf("%d issues are too few", len(ids))
	}
	for _, id := range deleted {
		b.do(func() error { return b.sim.Delete(id) })
	}
	for _, id := range moved {
		b.do(func() error { return b.sim.Move(id, b.sim.Projects()[1]) })
	}
	if r := b.run(pipeline.Complete); r.Proof.Marked["deleted"] != int64(len(deleted)) || r.Proof.Marked["out_of_scope"] != int64(len(moved)) {
		t.Errorf("marked %v, want %d deleted and %d moved", r.Proof.Marked, len(deleted), len(moved))
	}
}

// TestQueryOfNothing: a query that finds nothing marks no row, until somebody confirms it;
// the right one goes on from there.
func TestQueryOfNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(b *bench){
		"a slip": func(b *bench) {
			b.query = fetch.Query{}
			b.do(func() error { return b.sim.Edit(b.sim.IDs()[0]) })
			b.run(pipeline.Complete)
			b.compare()
		},
		"meant": func(b *bench) {
			b.options = func(o *pipeline.Options) { o.Confirmed = true }
			b.run(pipeline.Complete)
			b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'out_of_scope'", "30")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 30})
			b.run(pipeline.Complete)
			b.query = fetch.Query{JQL: "project = NOPE"}
			for range 2 {
				report := b.run(pipeline.Unproven)
				if report.Proof.Held != 30 || !strings.HasPrefix(report.Conclusion, "no issue matches the query") {
					t.Errorf("held %d: %s", report.Proof.Held, report.Conclusion)
				}
				b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", "30")
			}
			end(b)
		})
	}
}
