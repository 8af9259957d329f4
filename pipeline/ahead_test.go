package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages"
)

// interrupter is a log handler that interrupts a run after the first transaction of
// those that go ahead of a commit.
type interrupter struct {
	slog.Handler
	interrupt context.CancelFunc
	ahead     bool
}

func (*interrupter) Enabled(context.Context, slog.Level) bool { return true }

func (h *interrupter) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		switch {
		case a.Key == "sql" && strings.HasPrefix(a.Value.String(), `INSERT INTO "_snowdrift_ordered"`):
			h.ahead = true
		case h.ahead && a.Key == "op" && a.Value.String() == "detach":
			h.interrupt()
			h.ahead = false
		}
		return true
	})
	return nil
}

// runAhead runs with all that can be written ahead of the commits, once undisturbed or
// interrupted after the first of it.
func (b *bench) runAhead(interrupted bool) {
	b.t.Helper()
	b.deletedRoom = 1
	if !interrupted {
		b.run(pipeline.Complete)
		return
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	b.statements = &interrupter{slog.DiscardHandler, cancel, false}
	_, err := b.try(ctx)
	b.statements = nil
	if err == nil {
		b.t.Fatal("the run was not interrupted: was anything written ahead of its commit?")
	}
}

// renamed shows an option of a field under another name, which changes no updated.
type renamed struct {
	pipeline.Source
	on *bool
}

func (r renamed) Pages(ctx context.Context, p *stages.Partition) iter.Seq2[stages.Page, error] {
	return func(yield func(stages.Page, error) bool) {
		for page, err := range r.Source.Pages(ctx, p) {
			for i := range page.Issues {
				if *r.on {
					page.Issues[i] = bytes.ReplaceAll(page.Issues[i], []byte("old name"), []byte("new name"))
				}
			}
			if !yield(page, err) {
				return
			}
		}
	}
}

// TestInterruptedAhead: a run that ends when some rows have gone ahead of its commit
// leaves a state that is true of them, whatever the rows know that rows before them did
// not: the runs that follow end where it would have.
func TestInterruptedAhead(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(b *bench, id int64, interrupted bool){
		// The field's cells are kept while it is hidden, and a null changes no digest.
		"a field is gone for a run": func(b *bench, id int64, interrupted bool) {
			field := b.addField("Effort", "text")
			b.set(id, field, `"old"`)
			b.run(pipeline.Complete)
			b.clock.move(time.Hour)
			b.set(id, field, `null`)
			b.do(func() error { return b.sim.HideField(field) })
			b.runAhead(interrupted)
			b.do(func() error { return b.sim.ShowField(field) })
			b.clock.move(time.Hour)
		},
		// The first reading is remembered as known, and is not any more.
		"an option is renamed for a run": func(b *bench, id int64, interrupted bool) {
			on := false
			b.between = func(s pipeline.Source) pipeline.Source { return renamed{s, &on} }
			field := b.addField("Effort", "text")
			b.run(pipeline.Complete)
			b.clock.move(time.Hour)
			b.set(id, field, `"old name"`)
			b.run(pipeline.Complete)
			on = true
			b.runAhead(interrupted)
			on = false
		},
		// The column has values that only the interrupted run knew of.
		"a new text becomes a number": func(b *bench, id int64, interrupted bool) {
			b.run(pipeline.Complete)
			b.clock.move(time.Hour)
			field := b.addField("Effort", "text")
			b.set(id, field, `"much"`)
			b.runAhead(interrupted)
			b.do(func() error { return b.sim.RetypeField(field, "number") })
			b.set(id, field, `5`)
		},
		"a new number becomes a text": func(b *bench, id int64, interrupted bool) {
			b.run(pipeline.Complete)
			b.clock.move(time.Hour)
			field := b.addField("Effort", "number")
			b.set(id, field, `5`)
			b.runAhead(interrupted)
			b.do(func() error { return b.sim.RetypeField(field, "text") })
			b.set(id, field, `"much"`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ends [2]string
			for i, interrupted := range []bool{false, true} {
				b := newBench(t, jirasim.Options{Issues: 30})
				id := b.sim.IDs()[2]
				story(b, id, interrupted)
				b.run(pipeline.Complete)
				cells := b.rows(fmt.Sprintf("SELECT COLUMNS('^effort') FROM issues WHERE id = %d", id))[0]
				ends[i] = fmt.Sprint(cells[len(cells)-1], // that of a former type is as it happened to be
					b.rows(`SELECT c.column_name, c.type, i.data_type FROM _snowdrift_columns c
						JOIN information_schema.columns i ON i.table_name = 'issues' AND i.column_name = c.column_name WHERE c.field_name = 'Effort' ORDER BY ALL`))
			}
			if ends[0] != ends[1] {
				t.Errorf("undisturbed %s, interrupted %s", ends[0], ends[1])
			}
		})
	}
}
