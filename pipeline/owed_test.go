package pipeline_test

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// withholding answers whenever it is asked for the comments of some issues that it cannot.
func withholding(ids ...int64) func(*http.Request) *jirasim.Fault {
	return func(r *http.Request) *jirasim.Fault {
		for _, id := range ids {
			if strings.HasSuffix(r.URL.Path, fmt.Sprintf("/issue/%d/comment", id)) {
				return &jirasim.Fault{Status: 500, Body: "{}"}
			}
		}
		return nil
	}
}

// owing is a site of which two issues have more comments than they show.
func owing(t *testing.T) (b *bench, id, other int64) {
	t.Helper()
	b = newBench(t, jirasim.Options{Issues: 60, Projects: 2})
	b.tables = []string{"issue_comments"}
	id, other = b.sim.IDs()[7], b.sim.IDs()[8]
	b.remark(id, 30)
	b.remark(other, 30)
	return b, id, other
}

// TestOwed: an issue whose comments Jira does not show holds nothing else up, and comes
// when Jira shows them, though it has not changed since: with a census, with one that is
// not due, and without.
func TestOwed(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]func(*pipeline.Options){
		"census":        func(o *pipeline.Options) { o.Deep = 0 },
		"not due":       func(o *pipeline.Options) { o.Deep, o.CensusEvery = 0, 1000*time.Hour },
		"without":       func(o *pipeline.Options) { o.Deep, o.Census = 0, false },
		"deleted: keep": func(o *pipeline.Options) { o.Deep, o.Deleted = 0, pipeline.Keep },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, id, other := owing(t)
			b.options = options
			row := fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE id = %d", id)
			b.sim.Fault(withholding(id))
			for range 2 { // also where it is no longer read with the others
				if r := b.run(pipeline.Unproven); !strings.Contains(r.Conclusion, fmt.Sprintf("for 1 issues, such as %d", id)) {
					t.Error(r.Conclusion)
				}
				b.want(row, "0")
				b.want("SELECT COUNT(*) FROM issues", "59")
			}
			b.sim.Fault(nil)
			b.run(pipeline.Complete)
			b.compareIDs()
			b.want(fmt.Sprintf("SELECT COUNT(*) >= 30 FROM issue_comments WHERE issue_id = %d", id), "true")

			b.sim.Fault(withholding(id))
			b.behind(id, other)
			for range 2 {
				b.run(pipeline.Unproven)
				if n := b.stale(); n != 1 {
					t.Errorf("%d rows are out of date, want that of the issue that does not come", n)
				}
			}
			b.sim.Fault(nil)
			b.run(pipeline.Complete)
			b.current()
			if owed := b.state().Owed; owed != nil {
				t.Errorf("owed: %d", owed)
			}
			commits := len(b.commits)
			if b.run(pipeline.Complete); len(b.commits) > commits && name != "census" {
				t.Error("a run that found nothing new committed")
			}
		})
	}
}

// TestOwedIsRemembered: the commit with which the cursor moves on says what is owed, though
// the run comes to no end after it.
func TestOwedIsRemembered(t *testing.T) {
	t.Parallel()
	b, id, other := owing(t)
	b.run(pipeline.Complete)
	comments, census := withholding(id), noCensus(t)
	b.sim.Fault(func(r *http.Request) *jirasim.Fault { return cmp.Or(comments(r), census(r)) })
	b.behind(id, other)
	if _, err := b.try(t.Context()); err == nil {
		t.Fatal("a run without a census came to its end")
	}
	if n := b.stale(); n != 1 {
		t.Errorf("%d rows are out of date, want one", n)
	}
	b.sim.Fault(nil)
	b.options = func(o *pipeline.Options) { o.Deep, o.Census = 0, false }
	b.run(pipeline.Complete)
	b.current()
}

// TestOwedElsewhere: what has left the scope since is owed no more.
func TestOwedElsewhere(t *testing.T) {
	t.Parallel()
	b, id, _ := owing(t)
	b.options = func(o *pipeline.Options) { o.Deep, o.Census = 0, false }
	elsewhere := otherProject(b.sim, id)
	b.query.Projects = slices.DeleteFunc(slices.Clone(b.sim.Projects()), func(key string) bool { return key == elsewhere })
	b.sim.Fault(withholding(id))
	b.run(pipeline.Unproven)
	b.do(func() error { return b.sim.Move(id, elsewhere) })
	b.sim.Fault(nil)
	b.run(pipeline.Complete)
	b.want(fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE id = %d", id), "0")
	if owed := b.state().Owed; owed != nil {
		t.Errorf("owed: %d", owed)
	}
}
