package pipeline_test

import (
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// TestClockWasWrong: what a run noted by a clock that was years ahead keeps nothing from
// being due when it is right again.
func TestClockWasWrong(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60, Projects: 2})
	b.tables = []string{"issues", "projects"}
	b.options = func(o *pipeline.Options) { o.CensusEvery = 6 * time.Hour }
	b.run(pipeline.Complete)
	const wrong = 10 * 365 * 24 * time.Hour
	b.clock.move(wrong)
	b.run(pipeline.Complete)
	b.clock.move(-wrong)
	b.clock.move(48 * time.Hour)
	gone := b.sim.IDs()[3]
	b.do(func() error { return b.sim.Delete(gone) })
	r := b.run(pipeline.Complete)
	if r.Proof.Census.Count == 0 || r.Proof.Deep == nil || r.Proof.Marked["deleted"] != 1 {
		t.Errorf("two days later: census %+v, deep census %+v, marked %v", r.Proof.Census, r.Proof.Deep, r.Proof.Marked)
	}
	if at, now := time.UnixMilli(b.state().Dimensions["projects"]), b.clock.now(); at.After(now) || now.Sub(at) > time.Minute {
		t.Errorf("projects were read at %s, and it is %s", at, now)
	}
}
