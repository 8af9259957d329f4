package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/rawjson"
	"snowdrift/pipeline"
)

// searched returns the body of a search, and nothing of other requests.
func searched(t *testing.T, r *http.Request) string {
	if e := jirasim.Endpoint(r); e != "search" && e != "search/jql" {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return string(body)
}

// onThird does something to the site before the third page in an order comes.
func (b *bench) onThird(order string, do func() error) (done func() bool) {
	var pages atomic.Int64
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if strings.Contains(searched(b.t, r), "ORDER BY "+order) && pages.Add(1) == 3 {
			b.do(do)
		}
		return nil
	})
	return func() bool { return pages.Load() >= 3 }
}

// TestShiftingPages: an issue that is deleted while a census is taken, or edited
// while changes are read, makes the rows behind it move up on Data Center. The
// one that comes to stand where a page ended is neither gone nor unchanged.
func TestShiftingPages(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		site := jirasim.Options{Deployment: deployment, Issues: 100, PageCap: 20}
		t.Run("census, "+deployment, func(t *testing.T) {
			t.Parallel()
			if deployment == jirasim.Cloud {
				t.Skip("a census of so few issues is one page")
			}
			b := newBench(t, site)
			b.run(pipeline.Complete)
			victim := b.sim.IDs()[0]
			done := b.onThird("created", func() error { return b.sim.Delete(victim) })
			b.run(pipeline.Complete)
			if got := b.presences(); !done() || len(got) > 0 {
				t.Errorf("presences %v: the deleted issue was in the census, and no other is gone", got)
			}
			b.sim.Fault(nil)
			b.run(pipeline.Complete)
			if got, want := b.presences(), map[string]string{fmt.Sprint(victim): "deleted"}; !reflect.DeepEqual(got, want) {
				t.Errorf("presences %v, want %v", got, want)
			}
			b.compare()
		})
		t.Run("changes, "+deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, site)
			b.run(pipeline.Complete)
			ids := b.sim.IDs()
			for _, id := range ids {
				b.clock.move(10 * time.Minute)
				b.do(func() error { return b.sim.Edit(id) })
			}
			b.clock.move(time.Minute)
			done := b.onThird("updated", func() error { return b.sim.Edit(ids[5]) })
			b.run(pipeline.Complete)
			if !done() {
				t.Error("nothing happened while pages turned")
			}
			b.compare()
		})
	}
}

// TestPagesLeftOut: a site that shows no more than a part of what it counts is not
// believed. Nothing is concluded from such a census, and the cursor does not move
// behind such changes.
func TestPagesLeftOut(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"", `created >= "2000-01-01"`} {
		for _, order := range []string{"created", "updated"} {
			t.Run(order+query, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 100, Projects: 2, PageCap: 20})
				b.query.JQL = query
				b.run(pipeline.Complete)
				for _, id := range b.sim.IDs() {
					b.clock.move(10 * time.Minute)
					b.do(func() error { return b.sim.Edit(id) })
				}
				if order == "created" {
					b.run(pipeline.Complete)
				}
				before := b.state()
				b.sim.Fault(func(r *http.Request) *jirasim.Fault {
					body := searched(t, r)
					start, _ := rawjson.Int64(rawjson.Lookup([]byte(body), "startAt"))
					if strings.Contains(body, "ORDER BY "+order) && start > 30 {
						return &jirasim.Fault{EmptyPage: true}
					}
					return nil
				})
				report, err := b.try(t.Context())
				switch {
				case order == "created": // the census, when all is loaded
					if err != nil || report.Outcome != pipeline.Unproven {
						t.Errorf("%s: %v", report.Outcome, err)
					}
				case !errors.Is(err, jira.ErrShiftingRows) || report.Outcome != pipeline.Failed:
					t.Errorf("%s: %v", report.Outcome, err)
				}
				if got := b.presences(); len(got) > 0 || b.state().Cursor != before.Cursor {
					t.Errorf("presences %v, cursor %d, was %d", got, b.state().Cursor, before.Cursor)
				}
				b.sim.Fault(nil)
				b.run(pipeline.Complete)
				b.compare()
			})
		}
	}
}

// TestStaleIndex: an index that was not cleaned counts issues that are no more. A
// few do not keep a site from being loaded; of many nobody can tell whether they are.
func TestStaleIndex(t *testing.T) {
	t.Parallel()
	for count, fails := range map[int]bool{7: false, 60: true} {
		b := newBench(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 100, PageCap: 20})
		b.sim.Fault(func(r *http.Request) *jirasim.Fault {
			if strings.Contains(searched(t, r), "ORDER BY") {
				return &jirasim.Fault{TotalOff: count}
			}
			return nil
		})
		_, err := b.try(t.Context())
		if fails != errors.Is(err, jira.ErrMissingRows) || !fails && err != nil {
			t.Errorf("%d more are counted: %v", count, err)
		}
		if !fails {
			b.compare()
		}
	}
}

// passing is a source whose census passes issues over, though a search for just
// them finds them.
type passing struct {
	pipeline.Source
	lost []int64
}

func (f passing) Census(ctx context.Context) iter.Seq2[[]int64, error] {
	return shrunk(f).Census(ctx)
}

// TestPassedOver: issues that are in scope are not taken for issues that left it
// because a census does not have them, however many they are.
func TestPassedOver(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		for _, query := range []string{"", "created >= 0"} {
			t.Run(deployment+query, func(t *testing.T) {
				t.Parallel()
				b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 200, Projects: 2})
				b.query.JQL = query
				b.run(pipeline.Complete)
				lost := b.issuesOf(b.sim.Projects()[0])[:25]
				b.between = func(s pipeline.Source) pipeline.Source { return passing{s, lost} }
				b.do(func() error { return b.sim.Delete(lost[3]) }, func() error { return b.sim.Edit(lost[4]) })
				stamps := b.stamps()
				report := b.run(pipeline.Complete)
				if got, want := b.presences(), map[string]string{fmt.Sprint(lost[3]): "deleted"}; !reflect.DeepEqual(got, want) {
					t.Errorf("presences %v, want %v", got, want)
				}
				if !strings.Contains(report.Conclusion, "agree on 199 issues") {
					t.Error(report.Conclusion)
				}
				if got := b.written(stamps); len(got) != 2 {
					t.Errorf("written: %v", got)
				}
				b.compare()
				if v := b.verify(); v.Outcome != pipeline.Clean || len(v.Extra) > 0 {
					t.Errorf("verify: %s (%s)", v.Outcome, v.Conclusion)
				}

				// A row that was marked in vain is live again when its issue is in scope.
				b.do(func() error { return b.sim.Hide(lost[5]) })
				b.run(pipeline.Complete)
				b.do(func() error { return b.sim.Unhide(lost[5]) })
				b.options = func(o *pipeline.Options) { o.DeepNow = true }
				b.run(pipeline.Complete)
				b.compare()
			})
		}
	}
}

// TestInScopeCosts: a search for issues that a census does not have is made only where
// there are such, and then one for hundreds of them.
func TestInScopeCosts(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 300, Projects: 2})
		b.query.JQL = "created >= 0"
		b.run(pipeline.Complete)
		searches := func() (n int) {
			var about atomic.Int64
			b.sim.Fault(func(r *http.Request) *jirasim.Fault {
				if strings.Contains(searched(t, r), "AND (id in (") {
					about.Add(1)
				}
				return nil
			})
			b.run(pipeline.Complete)
			return int(about.Load())
		}
		if n := searches(); n != 0 {
			t.Errorf("%s: %d searches for nothing", deployment, n)
		}
		lost := b.issuesOf(b.sim.Projects()[0])
		b.between = func(s pipeline.Source) pipeline.Source { return passing{s, lost} }
		if n := searches(); n != 1 || len(lost) < 100 {
			t.Errorf("%s: %d searches for %d issues", deployment, n, len(lost))
		}
	}
}
