package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages/load"
)

// The traps into which Jira loaders fall, each as a test from the site to the
// table. What is said of others was read in their own sources and trackers.

// TestTrap_T01_AccountTimeZone: dates in JQL are read in the zone of the account
// that asks. A loader that writes them in UTC asks an account east of it for a
// window that begins hours too late: of 104 issues one loaded 22, and was green.
func TestTrap_T01_AccountTimeZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Asia/Riyadh", "America/Los_Angeles"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 104, TimeZone: zone, NoEpochMillis: true})
			b.run(pipeline.Complete)
			for edited := range slices.Chunk(b.sim.IDs(), 52) {
				for _, id := range edited {
					b.clock.move(time.Minute)
					b.do(func() error { return b.sim.Edit(id) })
				}
				if report := b.run(pipeline.Complete); report.Rows["issues"] != 52 {
					t.Errorf("52 issues changed, rows %v", report.Rows)
				}
			}
			b.compare()
		})
	}
}

// TestTrap_T02_TwoUpdatesInTheCursorsMinute: a JQL literal knows no seconds, so
// the next window must begin with the minute that the last one ended in, and not
// after it. Nothing but that is to save the second update here: there is no
// overlap.
func TestTrap_T02_TwoUpdatesInTheCursorsMinute(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60, NoEpochMillis: true})
	b.overlap = 0
	b.run(pipeline.Complete)
	ids := b.sim.IDs()
	b.clock.move(time.Hour)
	b.clock.move(10*time.Second - time.Duration(b.clock.now().Second())*time.Second)
	b.do(func() error { return b.sim.Edit(ids[0]) })
	b.run(pipeline.Complete)
	b.clock.move(20 * time.Second)
	b.do(func() error { return b.sim.Edit(ids[1]) }, func() error { return b.sim.Edit(ids[0]) })
	if minute := b.clock.now().Sub(time.UnixMilli(b.state().Cursor).Truncate(time.Minute)); minute >= time.Minute {
		t.Fatalf("the second update is %s behind the cursor's minute: this test shows nothing", minute)
	}
	b.run(pipeline.Complete)
	b.compare()
}

// TestTrap_T03_RepeatedHour: when summer time ends an hour of local time comes
// twice. A loader that turns its cursor into a local literal inside it asks for a
// window that begins an hour late, or not, depending on the site's reading.
func TestTrap_T03_RepeatedHour(t *testing.T) {
	t.Parallel()
	for _, reading := range []string{"first", "second"} {
		t.Run(reading, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 40, TimeZone: "Europe/Berlin", NoEpochMillis: true, RepeatedHour: reading})
			b.overlap = 0
			b.clock.move(time.Date(2026, 10, 25, 0, 20, 30, 0, time.UTC).Sub(b.clock.now())) // 02:20, for the first time
			b.do(func() error { return b.sim.Edit(b.sim.IDs()[0]) })
			b.run(pipeline.Complete)
			for range 4 { // 02:40, 02:00 again, 02:20 again, 02:40 again
				b.clock.move(20 * time.Minute)
				b.do(func() error { return b.sim.Edit(b.sim.IDs()[1]) })
				b.run(pipeline.Complete)
				b.compare()
			}
		})
	}
}

// TestTrap_T04_LateIndex: an update that search shows half an hour late, or half
// a day, lies behind the cursor when it comes into sight. Loaders look back by
// minutes, or by twelve hours and hope; who compares versions finds it however
// late it is, even before search shows it.
func TestTrap_T04_LateIndex(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]time.Duration{"30 minutes": 30 * time.Minute, "13 hours": 13 * time.Hour, "30 days": 30 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lag atomic.Int64
			b := newBench(t, jirasim.Options{Issues: 60, IndexLag: func(int64) time.Duration { return time.Duration(lag.Load()) }})
			b.run(pipeline.Complete)
			lag.Store(int64(late))
			b.do(func() error { return b.sim.Edit(b.sim.IDs()[3]) })
			lag.Store(0)
			b.clock.move(15 * time.Minute)
			b.do(func() error { return b.sim.Edit(b.sim.IDs()[4]) })
			b.run(pipeline.Complete) // moves the cursor
			b.clock.move(min(late, 14*time.Hour))
			b.run(pipeline.Complete)
			if n := b.stale(); n != 1 {
				t.Fatalf("%d rows are out of date before the versions are compared: this test shows nothing", n)
			}
			b.clock.move(24 * time.Hour)
			b.run(pipeline.Complete)
			b.compare()
		})
	}
}

// TestTrap_T04_DataCenter: Data Center gives many issues at once by its search only,
// so that versions show a late update when the index has learned of it, and not
// before. That the index is behind is said.
func TestTrap_T04_DataCenter(t *testing.T) {
	t.Parallel()
	var lag atomic.Int64
	b := newBench(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 60, IndexLag: func(int64) time.Duration { return time.Duration(lag.Load()) }})
	b.run(pipeline.Complete)
	id := b.sim.IDs()[3]
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(id) })
	b.run(pipeline.Complete)
	b.clock.move(time.Hour)
	lag.Store(int64(30 * 24 * time.Hour))
	b.do(func() error { return b.sim.Edit(id) })
	lag.Store(0)
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(b.sim.IDs()[4]) }) // moves the cursor
	b.clock.move(24 * time.Hour)
	report := b.run(pipeline.Complete)
	if d := report.Proof.Deep; d == nil || d.Stale != 0 || d.Index != 1 || !strings.Contains(report.Conclusion, "index of this site is behind") || b.stale() != 1 {
		t.Errorf("%+v: %s, %d rows out of date", d, report.Conclusion, b.stale())
	}
	b.clock.move(31 * 24 * time.Hour)
	report = b.run(pipeline.Complete)
	if d := report.Proof.Deep; d == nil || d.Stale != 1 || d.Index != 0 {
		t.Errorf("when the index knows: %+v: %s", d, report.Conclusion)
	}
	b.compare()
}

// TestTrap_T05_LongHistory: an issue shows its newest 40 or 100 changes, and the
// rest has to be asked for. Loaders keep what they are shown.
func TestTrap_T05_LongHistory(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 30})
			b.tables = []string{"issue_changelog"}
			id := b.sim.IDs()[4]
			for range 500 {
				b.do(func() error { return b.sim.Edit(id) })
			}
			b.run(pipeline.Complete)
			want := map[string][]string{}
			b.wantHistories(deployment, id, want)
			if n := len(want["issue_changelog"]); n < 500 {
				t.Fatalf("the site tells of %d changes", n)
			}
			var got []string
			for _, row := range b.rows(fmt.Sprintf("SELECT %s FROM issue_changelog WHERE issue_id = %d", childQueries["issue_changelog"], id)) {
				got = append(got, strings.Join(row, "|"))
			}
			slices.Sort(got)
			slices.Sort(want["issue_changelog"])
			if !slices.Equal(got, want["issue_changelog"]) {
				t.Errorf("%d changes are loaded, of %d", len(got), len(want["issue_changelog"]))
			}
		})
	}
}

// TestTrap_T06_ManyIssues: Jira Cloud's old search, Data Center's result window
// and several loaders end at 10,000 rows without a word.
func TestTrap_T06_ManyIssues(t *testing.T) {
	t.Parallel()
	const count = 25_000
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			// In one project and one partition, so that nothing but paging can cut.
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: count, Projects: 1, PageCap: 1000})
			b.fields, b.partition = []string{"summary"}, 1_000_000
			report := b.run(pipeline.Complete)
			if report.Proof.Missing != 0 {
				t.Errorf("the scan missed %d issues", report.Proof.Missing)
			}
			b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", fmt.Sprint(count))
			b.want("SELECT COUNT(DISTINCT id) FROM issues", fmt.Sprint(count))
		})
	}
}

// TestTrap_T07_Deleted: a deleted issue is in no window of changes; loaders that
// read only those keep it for ever.
func TestTrap_T07_Deleted(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 80})
	b.run(pipeline.Complete)
	victim := b.sim.IDs()[3]
	b.do(func() error { return b.sim.Delete(victim) })
	b.run(pipeline.Complete)
	if got, want := b.presences(), map[string]string{fmt.Sprint(victim): "deleted"}; !reflect.DeepEqual(got, want) {
		t.Errorf("presences %v, want %v", got, want)
	}
	b.compare()
}

// TestTrap_T08_PermissionLost: Jira answers for a hidden issue as for a deleted
// one. A project that the account lost must not look deleted; and an expired
// login, which can be answered 200 with the view of a visitor, must conclude
// nothing at all.
func TestTrap_T08_PermissionLost(t *testing.T) {
	t.Parallel()
	t.Run("project", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, jirasim.Options{Issues: 100, Projects: 3})
		b.run(pipeline.Complete)
		project := b.sim.Projects()[1]
		want := map[string]string{}
		for _, id := range b.issuesOf(project) {
			want[fmt.Sprint(id)] = "no_access"
		}
		b.do(func() error { return b.sim.HideProject(project) })
		b.run(pipeline.Complete)
		if got := b.presences(); len(want) <= 20 || !reflect.DeepEqual(got, want) {
			t.Errorf("presences %v, want %v", got, want)
		}
		b.do(func() error { return b.sim.ShowProject(project) })
		b.run(pipeline.Complete)
		if got := b.presences(); len(got) > 0 {
			t.Errorf("presences after the project came back: %v", got)
		}
		b.compare()
	})
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run("login, "+deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 60, Email: "loader@example.com", Token: "secret", FallBackToAnonymous: true})
			b.run(pipeline.Complete)
			before := b.everything()
			b.sim.SetLogin("loader@example.com", "another")
			if _, err := b.try(t.Context()); jira.KindOf(err) != jira.KindAuth {
				t.Errorf("error %v", err)
			}
			if !reflect.DeepEqual(b.everything(), before) {
				t.Error("the tables changed")
			}
		})
	}
}

// TestTrap_T09_Moved: a move changes the key and the project of an issue. Who
// identifies issues by key has it twice, or in the wrong place.
func TestTrap_T09_Moved(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 80, Projects: 3})
	b.tables = []string{"issue_changelog"}
	b.run(pipeline.Complete)
	id := b.sim.IDs()[11]
	key := b.one(fmt.Sprintf("SELECT key FROM issues WHERE id = %d", id))
	for _, project := range []string{otherProject(b.sim, id), b.sim.Projects()[2]} {
		b.clock.move(time.Hour)
		b.do(func() error { return b.sim.Move(id, project) })
		b.run(pipeline.Complete)
		b.want(fmt.Sprintf("SELECT project_key FROM issues WHERE id = %d", id), project)
	}
	b.want("SELECT COUNT(*) FROM issues", "80")
	b.want(fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE key = '%s'", key), "0")
	b.want(fmt.Sprintf("SELECT COUNT(*) FROM issue_changelog WHERE issue_id = %d AND field = 'Key' AND from_string = '%s'", id, key), "1")
	b.compare()
}

// TestTrap_T13_BadRequest: a 400 on a query is an error of the run, wherever it
// comes. One loader logs it and ends green, without rows.
func TestTrap_T13_BadRequest(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60, PageCap: 25})
	b.query.JQL = `nosuchfield = 7`
	report, err := b.try(t.Context())
	if jira.KindOf(err) != jira.KindBadRequest || report.Outcome != pipeline.Failed {
		t.Errorf("%s: %v", report.Outcome, err)
	}
	b.query.JQL = ""
	b.run(pipeline.Complete)
	before := b.everything()
	for _, id := range b.sim.IDs() {
		b.do(func() error { return b.sim.Edit(id) })
	}
	// Two pages of changes, and two of the census.
	for k := range 4 {
		var searches atomic.Int64
		b.sim.Fault(func(r *http.Request) *jirasim.Fault {
			if jirasim.Endpoint(r) == "search/jql" && searches.Add(1) == int64(k+1) {
				return &jirasim.Fault{Status: http.StatusBadRequest, Body: `{"errorMessages":["Something is wrong with the query."]}`}
			}
			return nil
		})
		report, err := b.try(t.Context())
		if jira.KindOf(err) != jira.KindBadRequest || report.Outcome != pipeline.Failed {
			t.Errorf("400 on search %d: %s: %v", k+1, report.Outcome, err)
		}
		if k < 2 && !reflect.DeepEqual(b.everything(), before) {
			t.Errorf("400 on search %d: the tables changed", k+1)
		}
	}
	b.sim.Fault(nil)
	b.run(pipeline.Complete)
	b.compare()
}

// patience is a clock that those move who sleep.
type patience struct {
	mu    sync.Mutex
	at    time.Time
	slept []time.Duration
}

func (p *patience) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *patience) sleep(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = p.at.Add(d)
	p.slept = append(p.slept, d)
	return ctx.Err()
}

// TestTrap_T14_RetryAfter: a 429 says how long to wait. Loaders that come back
// earlier are refused again until they give up, or take the refusal for an end.
func TestTrap_T14_RetryAfter(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 60})
			waiting := &patience{at: b.clock.now()}
			b.client = func(o *jira.Options) {
				o.RetryBudget, o.Now, o.Sleep, o.Concurrency = time.Hour, waiting.now, waiting.sleep, 1
			}
			// Every endpoint refuses until seven seconds after it was first asked.
			until := map[string]time.Time{}
			early := 0
			b.sim.Fault(func(r *http.Request) *jirasim.Fault {
				endpoint, now := jirasim.Endpoint(r), waiting.now()
				allowed, asked := until[endpoint]
				if !asked {
					allowed = now.Add(7 * time.Second)
					until[endpoint] = allowed
				} else if now.Before(allowed) {
					early++
				}
				if now.Before(allowed) {
					return &jirasim.Fault{Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"7"}}, Body: `{"errorMessages":["Rate limit exceeded."]}`}
				}
				return nil
			})
			report := b.run(pipeline.Complete)
			if early > 0 || report.Jira.Throttled != int64(len(until)) || len(until) < 4 {
				t.Errorf("%d endpoints refused, %d requests came too early; %+v", len(until), early, report.Jira)
			}
			b.compare()
		})
	}
}

// TestTrap_T15_SameTokenForEver: a page token that is handed out again would be
// followed for ever. It is an error, after few requests, that loses no page.
func TestTrap_T15_SameTokenForEver(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 120, PageCap: 20})
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) != "search/jql" {
			return nil
		}
		return &jirasim.Fault{RepeatToken: true}
	})
	report, err := b.try(t.Context())
	if !errors.Is(err, jira.ErrRepeatedToken) || report.Outcome != pipeline.Failed {
		t.Errorf("%s: %v", report.Outcome, err)
	}
	if n := len(b.sim.Requests()); n > 30 {
		t.Errorf("%d requests were sent before it was noticed", n)
	}
	b.sim.Fault(nil)
	b.run(pipeline.Complete)
	b.compare()
}

// amnesia loses the answer to a commit that came to be.
type amnesia struct {
	load.Warehouse
	lost *int
}

func (a amnesia) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	result, err := a.Warehouse.Commit(ctx, c)
	if err == nil && c.State != nil {
		*a.lost++
		return load.Result{}, errSabotage
	}
	return result, err
}

// TestTrap_T16_CrashBetweenDataAndState: where rows and cursor are written one
// after the other, a crash in between loads rows twice or loses them. Here both
// change in one transaction: whether the run dies before its end or just after
// it, they agree. That a process is really killed, TestKilledLoadingDuckDB and
// TestKilledLoadingSnowflake show, at every statement.
func TestTrap_T16_CrashBetweenDataAndState(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 80})
	b.tables = []string{"issue_labels", "issue_changelog"}
	b.run(pipeline.Complete)
	for _, id := range b.sim.IDs()[:5] {
		b.do(func() error { return b.sim.Edit(id) })
	}
	b.do(func() error { _, err := b.sim.Create(b.sim.Projects()[0]); return err })

	cursor := b.state().Cursor
	b.warehouse = func(w load.Warehouse) load.Warehouse {
		return saboteur{Warehouse: w, commit: func(c load.Commit) error {
			if c.State != nil {
				return errSabotage
			}
			return nil
		}}
	}
	if _, err := b.try(t.Context()); !errors.Is(err, errSabotage) {
		t.Fatal(err)
	}
	if b.state().Cursor != cursor {
		t.Error("the cursor moved without the rows")
	}
	b.consistent()

	lost := 0
	b.warehouse = func(w load.Warehouse) load.Warehouse { return amnesia{w, &lost} }
	if _, err := b.try(t.Context()); !errors.Is(err, errSabotage) || lost == 0 {
		t.Fatalf("%d answers were lost: %v", lost, err)
	}
	if b.state().Cursor == cursor {
		t.Error("the rows were written without the cursor")
	}
	b.consistent()
	b.warehouse = nil
	stamps := b.stamps()
	b.run(pipeline.Complete)
	if again := b.written(stamps); len(again) > 0 {
		t.Errorf("written twice: %v", again)
	}
	b.want("SELECT COUNT(*) - COUNT(DISTINCT id) FROM issues", "0")
	b.want("SELECT COUNT(*) - COUNT(DISTINCT (issue_id, history_id, item_index)) FROM issue_changelog", "0")
	b.compare()
}
