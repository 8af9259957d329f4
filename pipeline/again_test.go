package pipeline_test

import (
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// TestTrap_MarkedForEver: what is held to be gone may have been something else,
// or become it, while no census lists it: hidden alone for a while, then shown
// out of scope or in an archive; out of scope, then deleted. Its mark is judged
// again by id, and is not when Jira is silent about it and that says nothing new.
func TestTrap_MarkedForEver(t *testing.T) {
	t.Parallel()
	for deployment, filed := range map[string]string{jirasim.Cloud: "out_of_scope", jirasim.DataCenter: "archived"} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 200, Projects: 4})
			b.options = func(o *pipeline.Options) { o.Confirmed = true }
			b.run(pipeline.Complete)
			projects := b.sim.Projects()
			frozen, secret, left := b.issuesOf(projects[1]), b.issuesOf(projects[2]), b.issuesOf(projects[3])
			b.do(
				func() error { return b.sim.Hide(frozen[0]) },
				func() error { return b.sim.Hide(frozen[1]) },
				func() error { return b.sim.Hide(left[0]) },
				func() error { return b.sim.HideProject(projects[2]) },
			)
			b.run(pipeline.Complete)
			b.query.Projects = projects[:2]
			b.run(pipeline.Complete)

			b.do(
				func() error { return b.sim.ArchiveProject(projects[1]) },
				func() error { return b.sim.Unhide(frozen[0]) },
				func() error { return b.sim.ShowProject(projects[2]) },
				func() error { return b.sim.Delete(secret[0]) },
				func() error { return b.sim.Unhide(left[0]) },
				func() error { return b.sim.Delete(left[1]) },
				func() error { return b.sim.Archive(left[2]) },
				func() error { return b.sim.Edit(left[3]) }, // its row stays as it was when it left
			)
			b.run(pipeline.Complete)
			want := map[string]string{}
			for _, id := range frozen[2:] {
				want[fmt.Sprint(id)] = "archived"
			}
			for _, id := range secret {
				want[fmt.Sprint(id)] = "no_access"
			}
			for _, id := range left[1:] {
				want[fmt.Sprint(id)] = "out_of_scope"
			}
			for _, id := range []int64{frozen[0], frozen[1], left[0]} {
				want[fmt.Sprint(id)] = "deleted"
			}
			b.wantPresences("without a deep census", want)

			b.options = func(o *pipeline.Options) { o.Confirmed, o.DeepNow = true, true }
			report := b.run(pipeline.Complete)
			for _, id := range secret {
				want[fmt.Sprint(id)] = "out_of_scope"
			}
			want[fmt.Sprint(secret[0])], want[fmt.Sprint(left[1])] = "deleted", "deleted"
			want[fmt.Sprint(left[0])], want[fmt.Sprint(left[2])] = "out_of_scope", filed
			if deployment == jirasim.Cloud { // the search of Data Center shows nothing of an archive
				want[fmt.Sprint(frozen[0])] = "archived"
			}
			b.wantPresences("after a deep census", want)
			if report.Proof.Again != int64(len(want)) || !strings.Contains(report.Conclusion, fmt.Sprintf("%d rows that are not live were judged again", len(want))) {
				t.Errorf("report: %+v: %s, want %d", report.Proof, report.Conclusion, len(want))
			}
			for id, says := range map[int64]string{
				left[0]: "still returns it by id", left[1]: "not returned by id, while its project " + projects[3],
				secret[0]: "hidden from the account by an issue security level", frozen[1]: "hidden from the account by an issue security level",
			} {
				b.want(fmt.Sprintf("SELECT contains(_presence_evidence, '%s') FROM issues WHERE id = %d", says, id), "true")
			}

			stamps := b.stamps()
			b.run(pipeline.Complete)
			if got := b.written(stamps); len(got) > 0 {
				t.Errorf("judged again without anything new, and written: %v", got)
			}

			// An archive that is opened shows what was deleted in it, and a project that
			// is hidden hides what was out of scope.
			b.do(
				func() error { return b.sim.Delete(frozen[2]) },
				func() error { return b.sim.RestoreProject(projects[1]) },
				func() error { return b.sim.HideProject(projects[3]) },
			)
			b.run(pipeline.Complete)
			for _, id := range frozen {
				delete(want, fmt.Sprint(id))
			}
			for _, id := range left {
				if want[fmt.Sprint(id)] == "out_of_scope" {
					want[fmt.Sprint(id)] = "no_access"
				}
			}
			want[fmt.Sprint(frozen[1])], want[fmt.Sprint(frozen[2])] = "deleted", "deleted"
			b.wantPresences("after another", want)
		})
	}
}

func (b *bench) wantPresences(when string, want map[string]string) {
	b.t.Helper()
	got := b.presences()
	for id := range maps.Keys(want) {
		if got[id] != want[id] {
			b.t.Errorf("%s: issue %s is %q, want %q", when, id, got[id], want[id])
		}
	}
	if len(got) != len(want) {
		b.t.Errorf("%s: %d issues are marked, want %d", when, len(got), len(want))
	}
}

// TestTrap_MarkedAndMovedOn: an issue that is found again elsewhere is read again
// before it is judged, so that its row tells where it is, and it is judged by
// the project that it is in now.
func TestTrap_MarkedAndMovedOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120, Projects: 4})
	b.run(pipeline.Complete)
	projects := b.sim.Projects()
	id := b.issuesOf(projects[0])[0]
	b.query.Projects = projects[:1]
	b.do(func() error { return b.sim.Move(id, projects[1]) }) // and the row with it
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.Move(id, projects[2]) }, func() error { return b.sim.ArchiveProject(projects[1]) })
	b.options = func(o *pipeline.Options) { o.DeepNow = true }
	b.run(pipeline.Complete)
	state := fmt.Sprintf("SELECT _presence || ' ' || project_key FROM issues WHERE id = %d", id)
	b.want(state, "out_of_scope "+projects[2])
	b.do(func() error { return b.sim.ArchiveProject(projects[2]) })
	b.run(pipeline.Complete)
	b.want(state, "archived "+projects[2])
	b.want(fmt.Sprintf("SELECT contains(_presence_evidence, 'its project %s is archived') FROM issues WHERE id = %d", projects[2], id), "true")
}

// TestTrap_MovedIntoAnArchive: an issue that went into an archive can be read by
// id, on Data Center by itself only, and its row tells where it is.
func TestTrap_MovedIntoAnArchive(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 60, Projects: 3})
			b.run(pipeline.Complete)
			projects := b.sim.Projects()
			id := b.issuesOf(projects[0])[0]
			b.do(func() error { return b.sim.Move(id, projects[1]) }, func() error { return b.sim.ArchiveProject(projects[1]) })
			b.run(pipeline.Complete)
			b.want(fmt.Sprintf("SELECT _presence || ' ' || project_key FROM issues WHERE id = %d", id), "archived "+projects[1])
			b.want(fmt.Sprintf("SELECT contains(_presence_evidence, 'its project %s is archived') FROM issues WHERE id = %d", projects[1], id), "true")
		})
	}
}

// TestShrinkBrakeOfTheMarked: if much of what was out of scope seems deleted at
// once, it is believed as little as of live rows, and asked again until it is
// confirmed.
func TestShrinkBrakeOfTheMarked(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120, Projects: 2})
	b.run(pipeline.Complete)
	projects := b.sim.Projects()
	b.query.Projects = projects[:1]
	b.run(pipeline.Complete)
	hidden := b.issuesOf(projects[1])[:21]
	for _, id := range hidden {
		b.do(func() error { return b.sim.Hide(id) })
	}
	before := b.presences()
	b.clock.move(20 * time.Hour) // a round is due
	for range 2 {
		if report := b.run(pipeline.Unproven); report.Proof.Held != 21 || !strings.Contains(report.Conclusion, "--accept-shrink") {
			t.Errorf("report: %+v: %s", report.Proof, report.Conclusion)
		}
		if got := b.presences(); !reflect.DeepEqual(got, before) {
			t.Error("issues were marked although the brake held")
		}
	}
	b.options = func(o *pipeline.Options) { o.Confirmed = true }
	if report := b.run(pipeline.Complete); report.Proof.Marked["deleted"] != 21 {
		t.Errorf("report: %+v", report.Proof)
	}
	b.options = nil
	if report := b.run(pipeline.Complete); report.Proof.Again != 0 {
		t.Errorf("when all were judged: %+v", report.Proof)
	}
}

// TestMarkedWithinTheBudget: rows that are not live are asked about with what
// the versions leave of the budget, in the order of their ids, over as many runs
// as it takes, and then not before the next round.
func TestMarkedWithinTheBudget(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 2_500, Projects: 2})
	b.fields = []string{"summary"}
	b.options = func(o *pipeline.Options) { o.DeepBudget = 2 }
	b.run(pipeline.Complete)
	projects := b.sim.Projects()
	b.do(func() error { return b.sim.HideProject(projects[0]) })
	live := len(b.issuesOf(projects[1]))
	b.run(pipeline.Complete)
	marked := 2_500 - live
	if live > 1000 || marked <= 1000 {
		t.Fatalf("%d live, %d marked: one request is meant to suffice for the first only", live, marked)
	}
	b.clock.move(18 * time.Hour)
	for i, want := range []struct {
		versions, again int64
		requests        int
	}{{int64(live), 1000, 2}, {0, int64(marked) - 1000, 1}, {}} {
		b.sim.ResetRequests()
		report := b.run(pipeline.Complete)
		var versions int64
		if report.Proof.Deep != nil {
			versions = report.Proof.Deep.Compared
		}
		if versions != want.versions || report.Proof.Again != want.again {
			t.Errorf("run %d: %d versions were compared and %d rows judged again, want %+v", i, versions, report.Proof.Again, want)
		}
		asked := 0
		for _, q := range b.sim.Requests() {
			if strings.HasSuffix(q.Path, "/issue/bulkfetch") {
				asked++
			}
		}
		if asked != want.requests {
			t.Errorf("run %d: %d requests by id, want %d", i, asked, want.requests)
		}
		if i == 1 && len(report.Rows) > 0 {
			t.Errorf("nothing new, and written: %v", report.Rows)
		}
	}
}

// TestKeepJudgesNothing: who keeps the rows of what is gone as they are has no
// marks that could be judged again.
func TestKeepJudgesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.run(pipeline.Complete)
	id := b.sim.IDs()[0]
	b.do(func() error { return b.sim.Hide(id) })
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.Unhide(id) }, func() error { return b.sim.Archive(id) })
	b.options = func(o *pipeline.Options) { o.Deleted, o.DeepNow = pipeline.Keep, true }
	if report := b.run(pipeline.Complete); report.Proof.Again != 0 {
		t.Errorf("report: %+v", report.Proof)
	}
	b.wantPresences("kept", map[string]string{fmt.Sprint(id): "deleted"})
}
