package pipeline_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/rawjson"
	"snowdrift/pipeline"
	"snowdrift/stages"
)

// presences returns what the table says of issues that are not live.
func (b *bench) presences() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	for _, row := range b.rows("SELECT id, _presence FROM issues WHERE _presence <> 'live' AND _presence_evidence IS NOT NULL") {
		out[row[0]] = row[1]
	}
	return out
}

// issuesOf returns the ids of a project's issues.
func (b *bench) issuesOf(project string) []int64 {
	b.t.Helper()
	var ids []int64
	b.sim.Each(func(id int64, key string, _ []byte) bool {
		if strings.HasPrefix(key, project+"-") {
			ids = append(ids, id)
		}
		return true
	})
	return ids
}

// TestPresence: what is gone from Jira's answers is marked by what can be known
// of it, keeps its row, and is live again when it comes back.
func TestPresence(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 200, Projects: 4})
			b.run(pipeline.Complete)
			projects := b.sim.Projects()
			kept := b.issuesOf(projects[0])
			secret, frozen := b.issuesOf(projects[1]), b.issuesOf(projects[2])
			b.do(
				func() error { return b.sim.Delete(kept[0]) },
				func() error { return b.sim.HideProject(projects[1]) },
				func() error { return b.sim.ArchiveProject(projects[2]) },
			)
			b.options = func(o *pipeline.Options) { o.Confirmed = true }
			report := b.run(pipeline.Complete)
			want := map[string]string{fmt.Sprint(kept[0]): "deleted"}
			for _, id := range secret {
				want[fmt.Sprint(id)] = "no_access"
			}
			for _, id := range frozen {
				want[fmt.Sprint(id)] = "archived"
			}
			if got := b.presences(); !reflect.DeepEqual(got, want) {
				t.Errorf("presences\n got %v\nwant %v", got, want)
			}
			if got := report.Proof.Marked; got["deleted"] != 1 || got["no_access"] != int64(len(secret)) || got["archived"] != int64(len(frozen)) {
				t.Errorf("report: %v", got)
			}
			b.want("SELECT COUNT(*) FROM issues", "200")
			b.compare()

			stamps := b.stamps()
			b.run(pipeline.Complete)
			if got := b.written(stamps); len(got) > 0 {
				t.Errorf("what was marked is written again: %v", got)
			}
			b.do(func() error { return b.sim.ShowProject(projects[1]) }, func() error { return b.sim.RestoreProject(projects[2]) })
			report = b.run(pipeline.Complete)
			if got, want := b.presences(), map[string]string{fmt.Sprint(kept[0]): "deleted"}; !reflect.DeepEqual(got, want) {
				t.Errorf("after they came back: %v", got)
			}
			if report.Proof.Missing != len(secret)+len(frozen) {
				t.Errorf("proof: %+v", report.Proof)
			}
			b.compare()
		})
	}
}

// TestPresenceOfOneIssue: an issue that is hidden looks like one that is
// deleted, and the evidence says so; one that is archived can still be read by
// id, and says of itself on Data Center that it is. Both come back.
func TestPresenceOfOneIssue(t *testing.T) {
	t.Parallel()
	for deployment, filed := range map[string]string{jirasim.Cloud: "out_of_scope", jirasim.DataCenter: "archived"} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 100})
			b.run(pipeline.Complete)
			ids := b.sim.IDs()
			b.do(func() error { return b.sim.Hide(ids[5]) }, func() error { return b.sim.Archive(ids[6]) })
			b.run(pipeline.Complete)
			if got, want := b.presences(), map[string]string{fmt.Sprint(ids[5]): "deleted", fmt.Sprint(ids[6]): filed}; !reflect.DeepEqual(got, want) {
				t.Errorf("presences %v, want %v", got, want)
			}
			b.want(fmt.Sprintf("SELECT contains(_presence_evidence, 'hidden from the account by an issue security level') FROM issues WHERE id = %d", ids[5]), "true")
			b.do(func() error { return b.sim.Unhide(ids[5]) }, func() error { return b.sim.Unarchive(ids[6]) })
			b.run(pipeline.Complete)
			if got := b.presences(); len(got) > 0 {
				t.Errorf("presences after they came back: %v", got)
			}
			b.compare()
		})
	}
}

// TestShrinkBrake: when much is gone at once nothing is believed until somebody
// says so.
func TestShrinkBrake(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 200, Projects: 2})
	b.run(pipeline.Complete)
	victims := b.issuesOf(b.sim.Projects()[0])[:21]
	for _, id := range victims {
		b.do(func() error { return b.sim.Delete(id) })
	}
	before := b.everything()
	report := b.run(pipeline.Unproven)
	if report.Proof.Held != 21 || report.Proof.Absent != 21 || !strings.Contains(report.Conclusion, "--accept-shrink") {
		t.Errorf("report: %+v: %s", report.Proof, report.Conclusion)
	}
	if !reflect.DeepEqual(b.everything(), before) {
		t.Error("issues were marked although the brake held")
	}
	b.want("SELECT outcome FROM _snowdrift_runs ORDER BY run_id DESC LIMIT 1", "unproven")
	b.options = func(o *pipeline.Options) { o.Confirmed = true }
	report = b.run(pipeline.Complete)
	if report.Proof.Marked["deleted"] != 21 {
		t.Errorf("report: %+v", report.Proof)
	}
	b.compare()
}

// TestKeep: rows of issues that are gone may be kept as they are; the report
// says so.
func TestKeep(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.options = func(o *pipeline.Options) { o.Deleted = pipeline.Keep }
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.Delete(b.sim.IDs()[0]) })
	report := b.run(pipeline.Complete)
	if report.Proof.Kept != 1 || !strings.Contains(report.Conclusion, "1 issues that are gone and kept") {
		t.Errorf("%+v: %s", report.Proof, report.Conclusion)
	}
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", "60")
}

// TestRemove: rows of issues that are deleted may be removed, with their
// children; what may only be hidden keeps its row.
func TestRemove(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 200, Projects: 4})
	b.tables = []string{"issue_labels"}
	b.options = func(o *pipeline.Options) { o.Deleted = pipeline.Hard }
	b.run(pipeline.Complete)
	projects := b.sim.Projects()
	hidden := len(b.issuesOf(projects[1]))
	id := b.one("SELECT MIN(issue_id) FROM issue_labels JOIN issues ON id = issue_id WHERE project_key = '" + projects[0] + "'")
	var n int64
	if _, err := fmt.Sscan(id, &n); err != nil {
		t.Fatal(err)
	}
	b.do(func() error { return b.sim.Delete(n) }, func() error { return b.sim.HideProject(projects[1]) })
	b.tables = nil // a table that is no longer asked for must keep no rows either
	report := b.run(pipeline.Complete)
	if report.Proof.Marked["deleted"] != 1 || report.Proof.Marked["no_access"] != int64(hidden) {
		t.Errorf("report: %+v", report.Proof)
	}
	b.want("SELECT COUNT(*) FROM issues", "199")
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'no_access'", fmt.Sprint(hidden))
	b.want("SELECT COUNT(*) FROM issue_labels WHERE issue_id = "+id, "0")
	b.compare()
}

// TestCensusError: nothing is concluded from a census that failed.
func TestCensusError(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120, PageCap: 50})
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.Delete(b.sim.IDs()[0]) })
	before, digest := b.everything(), b.state().Digest
	searches := 0
	b.sim.Fault(refuse(func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/search/jql") {
			searches++
		}
		return searches == 2 // the first asks for changes
	}))
	report, err := b.try(t.Context())
	if jira.KindOf(err) != jira.KindForbidden || !strings.Contains(err.Error(), "census") || report.Outcome != pipeline.Failed {
		t.Errorf("%s: %v", report.Outcome, err)
	}
	if got := b.everything(); !reflect.DeepEqual(got, before) || b.state().Digest != digest {
		t.Error("a failed census changed the tables")
	}
	b.sim.Fault(nil)
	b.run(pipeline.Complete)
	b.compare()
}

// TestWithoutCensus: a run that is not to prove anything says that it didn't.
func TestWithoutCensus(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.options = func(o *pipeline.Options) { o.Census = false }
	report := b.run(pipeline.Complete)
	if report.Proof.Census.Count != 0 || !strings.Contains(report.Conclusion, "no census") {
		t.Errorf("%+v: %s", report.Proof, report.Conclusion)
	}
	b.compare()
}

// TestShrunkIndex: when the search does not find much that can still be read by id
// as it was, it is the search that is doubted, unless it asks for more than projects.
func TestShrunkIndex(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 200, Projects: 2})
			b.run(pipeline.Complete)
			before := b.presences()
			lost := b.issuesOf(b.sim.Projects()[0])[:21]
			b.between = func(s pipeline.Source) pipeline.Source { return shrunk{s, lost} }
			report := b.run(pipeline.Unproven)
			if report.Proof.Held != 21 || !strings.Contains(report.Conclusion, "index") {
				t.Errorf("report: %+v: %s", report.Proof, report.Conclusion)
			}
			if got := b.presences(); !reflect.DeepEqual(got, before) {
				t.Errorf("issues were marked although the brake held: %v", got)
			}
			b.options = func(o *pipeline.Options) { o.Confirmed = true }
			if report := b.run(pipeline.Complete); report.Proof.Marked["out_of_scope"] != 21 {
				t.Errorf("report: %+v", report.Proof)
			}
			b.options, b.between = nil, nil
			b.run(pipeline.Complete)
			b.compare()
			b.between = func(s pipeline.Source) pipeline.Source { return shrunk{s, lost[:20]} }
			if report := b.run(pipeline.Complete); report.Proof.Marked["out_of_scope"] != 20 {
				t.Errorf("report: %+v", report.Proof)
			}
			b.between = nil
			b.run(pipeline.Complete)
			b.compare()
		})
	}
}

// TestShrunkQuery: a query of one's own may leave many issues out at once without
// any of them changing.
func TestShrunkQuery(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 200, Projects: 2})
	b.query.JQL = "created >= 0"
	b.run(pipeline.Complete)
	lost := b.issuesOf(b.sim.Projects()[0])[:21]
	b.between = func(s pipeline.Source) pipeline.Source { return shrunk{s, lost} }
	if report := b.run(pipeline.Complete); report.Proof.Marked["out_of_scope"] != 21 {
		t.Errorf("report: %+v: %s", report.Proof, report.Conclusion)
	}
}

// shrunk is a source whose census leaves issues out, as an index does that is being
// built anew.
type shrunk struct {
	pipeline.Source
	lost []int64
}

func (f shrunk) Census(ctx context.Context) iter.Seq2[[]int64, error] {
	return func(yield func([]int64, error) bool) {
		for ids, err := range f.Source.Census(ctx) {
			found := slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(f.lost, id) })
			if !yield(found, err) {
				return
			}
		}
	}
}

func (f shrunk) InScope(ctx context.Context, ids []int64) (map[int64]bool, error) {
	return f.Source.InScope(ctx, slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return slices.Contains(f.lost, id) }))
}

// forgetful is a source whose searches leave an issue out, as an index does that
// has lost a document.
type forgetful struct {
	pipeline.Source
	id int64
}

func (f forgetful) Pages(ctx context.Context, p *stages.Partition) iter.Seq2[stages.Page, error] {
	return func(yield func(stages.Page, error) bool) {
		for page, err := range f.Source.Pages(ctx, p) {
			if p.JQL != "" {
				page.Issues = slices.DeleteFunc(page.Issues, func(raw []byte) bool {
					id, _ := rawjson.Int64(rawjson.Lookup(raw, "id"))
					return id == f.id
				})
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// TestMissedByTheLoad: what the search for issues did not give, the census finds.
func TestMissedByTheLoad(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120})
	b.between = func(s pipeline.Source) pipeline.Source { return forgetful{s, b.sim.IDs()[17]} }
	report := b.run(pipeline.Complete)
	if report.Proof.Missing != 1 {
		t.Errorf("proof: %+v", report.Proof)
	}
	b.compare()
}
