package pipeline_test

import (
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
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
