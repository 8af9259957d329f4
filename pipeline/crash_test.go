package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// saboteur stands before a destination and may refuse.
type saboteur struct {
	load.Warehouse
	stage  func(stages.File) error
	commit func(load.Commit) error
}

func (s saboteur) Stage(ctx context.Context, f stages.File) error {
	if s.stage != nil {
		if err := s.stage(f); err != nil {
			return err
		}
	}
	return s.Warehouse.Stage(ctx, f)
}

func (s saboteur) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	if s.commit != nil {
		if err := s.commit(c); err != nil {
			return load.Result{}, err
		}
	}
	return s.Warehouse.Commit(ctx, c)
}

var errSabotage = errors.New("sabotage")

// failingAfter stands before a destination that refuses what comes after so many commits,
// but for the last word.
func failingAfter(n int) func(load.Warehouse) load.Warehouse {
	commits := 0
	return func(w load.Warehouse) load.Warehouse {
		return saboteur{Warehouse: w, commit: func(c load.Commit) error {
			if commits++; c.State != nil && commits > n {
				return errSabotage
			}
			return nil
		}}
	}
}

// consistent holds the tables against the state: state and rows change together.
func (b *bench) consistent() {
	b.t.Helper()
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", fmt.Sprint(b.state().Digest.Count))
}

// TestResume: a first load that failed is taken up again where it stood; only
// partitions that were open are read.
func TestResume(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 3000, PageCap: 40})
	b.partition, b.commitSize = 120, 1
	b.warehouse = failingAfter(3)
	report, err := b.try(t.Context())
	if !errors.Is(err, errSabotage) || report.Outcome != pipeline.Failed {
		t.Fatalf("%s: %v", report.Outcome, err)
	}
	b.consistent()
	b.want("SELECT outcome FROM _snowdrift_runs", "failed")
	st := b.state()
	if st.Load == nil || st.Cursor != 0 {
		t.Fatalf("the state does not speak of a load under way: %+v", st)
	}
	b.warehouse = nil
	b.sim.ResetRequests()
	report = b.run(pipeline.Complete)
	if want := fmt.Sprintf("first load goes on, %d of %d partitions are done", len(st.Load.Done), len(st.Load.Partitions)); report.Plan[0] != want {
		t.Errorf("plan %q, want %q", report.Plan, want)
	}
	open := int64(0)
	for _, p := range st.Load.Open() {
		open += p.Expected
	}
	if len(st.Load.Done) == 0 || open == 0 || open == 3000 {
		t.Fatalf("the load failed too early or too late to show anything: %d of %d partitions done", len(st.Load.Done), len(st.Load.Partitions))
	}
	if again := report.Issues; again < open || again > open+20 {
		t.Errorf("%d issues were read, of %d in open partitions", again, open)
	}
	b.compare()
}

// TestNothingHalfDone: wherever a run ends, tables and state agree and nothing of
// what was not committed is there; the next run mends it.
func TestNothingHalfDone(t *testing.T) {
	t.Parallel()
	for name, sabotage := range map[string]func(b *bench, cancel context.CancelFunc){
		"cancelled while reading": func(b *bench, cancel context.CancelFunc) {
			searches := 0
			b.sim.Fault(func(r *http.Request) *jirasim.Fault {
				if strings.HasSuffix(r.URL.Path, "/search/jql") {
					if searches++; searches == 3 {
						cancel()
					}
				}
				return nil
			})
		},
		"Jira fails while reading": func(b *bench, _ context.CancelFunc) {
			searches := 0
			b.sim.Fault(refuse(func(r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/search/jql") {
					searches++
				}
				return searches > 2
			}))
		},
		"cancelled before the commit": func(b *bench, cancel context.CancelFunc) {
			b.warehouse = func(w load.Warehouse) load.Warehouse {
				return saboteur{Warehouse: w, commit: func(c load.Commit) error {
					if c.State != nil {
						cancel()
					}
					return nil
				}}
			}
		},
		"the commit is refused": func(b *bench, _ context.CancelFunc) {
			b.warehouse = func(w load.Warehouse) load.Warehouse {
				return saboteur{Warehouse: w, commit: func(c load.Commit) error {
					if c.State != nil {
						return errSabotage
					}
					return nil
				}}
			}
		},
		"staging is refused": func(b *bench, _ context.CancelFunc) {
			b.warehouse = func(w load.Warehouse) load.Warehouse {
				return saboteur{Warehouse: w, stage: func(stages.File) error { return errSabotage }}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 120, PageCap: 40})
			b.run(pipeline.Complete)
			for _, id := range b.sim.IDs()[:100] {
				b.do(func() error { return b.sim.Edit(id) })
			}
			rows, st := b.everything(), b.state()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			sabotage(b, cancel)
			report, err := b.try(ctx)
			if err == nil {
				t.Fatal("the run ended well")
			}
			want := pipeline.Failed
			if ctx.Err() != nil {
				want = pipeline.Interrupted
			}
			if report.Outcome != want || report.Error == "" || report.Ended.IsZero() {
				t.Errorf("report %s %q: want %s", report.Outcome, report.Error, want)
			}
			if !reflect.DeepEqual(b.everything(), rows) {
				t.Error("rows changed although nothing was committed")
			}
			if !reflect.DeepEqual(b.state(), st) {
				t.Error("the state changed although nothing was committed")
			}
			b.want("SELECT outcome FROM _snowdrift_runs WHERE run_id = 'run-002'", string(want))
			b.sim.Fault(nil)
			b.warehouse = nil
			b.run(pipeline.Complete)
			b.compare()
		})
	}
}

// TestTypeChangedBeforeTheFirstCommit: a run that ended before its first commit
// left columns of which the ledger does not know. That their field has another
// type when the next one comes must not stop it.
func TestTypeChangedBeforeTheFirstCommit(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 40})
	field, id := b.addField("Effort", "number"), b.sim.IDs()[3]
	b.warehouse = func(w load.Warehouse) load.Warehouse {
		return saboteur{Warehouse: w, stage: func(stages.File) error { return errSabotage }}
	}
	if _, err := b.try(t.Context()); !errors.Is(err, errSabotage) {
		t.Fatal(err)
	}
	b.want("SELECT data_type FROM duckdb_columns() WHERE table_name = 'issues' AND column_name = 'effort'", "DOUBLE")
	b.warehouse = nil
	b.do(func() error { return b.sim.RetypeField(field, "text") })
	b.set(id, field, `"large"`)
	b.run(pipeline.Complete)
	b.want(fmt.Sprintf("SELECT effort FROM issues WHERE id = %d", id), "large")
	b.compare()
}

// TestRepeatedRows: rows that Jira sends twice in a page are loaded once.
func TestRepeatedRows(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 150})
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if !strings.HasSuffix(r.URL.Path, "/search/jql") {
			return nil
		}
		return &jirasim.Fault{Duplicates: true}
	})
	b.run(pipeline.Complete)
	b.compare()
}
