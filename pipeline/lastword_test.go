package pipeline_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// patient is a destination that notes whether anybody waits for ever for its entry of
// the run ledger.
type patient struct {
	load.Warehouse
	forever *[]bool
}

func (p patient) note(ctx context.Context) {
	_, bounded := ctx.Deadline()
	*p.forever = append(*p.forever, !bounded || ctx.Err() != nil)
}

func (p patient) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	if c.State == nil {
		p.note(ctx)
	}
	return p.Warehouse.Commit(ctx, c)
}

func (p patient) Record(ctx context.Context, r state.Run) (bool, error) {
	p.note(ctx)
	return p.Warehouse.Record(ctx, r)
}

// TestLastWord: what a run or a verification writes when it has ended is written
// though it was interrupted, and not waited for without end.
func TestLastWord(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 20})
	var forever []bool
	b.warehouse = func(w load.Warehouse) load.Warehouse { return patient{w, &forever} }
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.Edit(b.sim.IDs()[0]) })
	ctx, interrupt := context.WithCancel(t.Context())
	b.warehouse = func(w load.Warehouse) load.Warehouse {
		return saboteur{Warehouse: patient{w, &forever}, commit: func(c load.Commit) error {
			if c.State != nil {
				interrupt()
				return ctx.Err()
			}
			return nil
		}}
	}
	if report, err := b.try(ctx); report.Outcome != pipeline.Interrupted {
		t.Errorf("outcome %s: %v", report.Outcome, err)
	}
	source, err := b.source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := b.open(true)
	defer w.Close()
	if _, err := pipeline.Verify(t.Context(), source, patient{w, &forever}, pipeline.VerifyOptions{
		Pipeline: "jira", RunID: "verify", Dir: t.TempDir(), FileSize: 128 << 20, Concurrency: 1, AcceptShrink: 0.1,
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}); err != nil {
		t.Fatal(err)
	}
	if len(forever) != 3 || forever[0] || forever[1] || forever[2] {
		t.Errorf("waited for ever, or not at all, of a run, an interrupted one, a verification: %v", forever)
	}
}
