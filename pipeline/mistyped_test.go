package pipeline_test

import (
	"errors"
	"fmt"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// TestTwoDestinationsTypeChangedBeforeTheFirstCommit: a run that ended before its
// first commit left columns, and views of them, of which the ledger does not know.
// That their field has another type when the next one comes must not stop it, and
// no column may have another type than the ledger says: a number fits a text.
func TestTwoDestinationsTypeChangedBeforeTheFirstCommit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, after string
		value         string
		kind          table.Type
		shown         string
	}{
		{"number", "text", `"large"`, table.Text, "large"},
		{"text", "number", `3.5`, table.Float, "3.5"},
	} {
		t.Run(c.before+" to "+c.after, func(t *testing.T) {
			t.Parallel()
			w := newTwins(t, jirasim.Options{Issues: 40})
			field, id := w.site.addField("Effort", c.before), w.site.sim.IDs()[3]
			for _, j := range []job{w.duck, w.snow} {
				j.Run, j.Dir = "run-000", t.TempDir()
				j.between = func(to load.Warehouse) load.Warehouse {
					return saboteur{Warehouse: to, stage: func(stages.File) error { return errSabotage }}
				}
				if _, err := j.run(t.Context()); !errors.Is(err, errSabotage) {
					t.Fatal(err)
				}
			}
			w.site.do(func() error { return w.site.sim.RetypeField(field, c.after) })
			w.site.set(id, field, c.value)
			w.load() // which compares types and cells of both
			for name, j := range map[string]job{"DuckDB": w.duck, "Snowflake": w.snow} {
				to, err := j.open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, from := range []string{"issues", "issues_current"} {
					got := allRows(t, to, fmt.Sprintf("SELECT effort FROM %s WHERE id = %d", from, id))
					if len(got) != 1 || cell(c.kind, got[0][0]) != c.shown {
						t.Errorf("%s, %s: effort is %v, want %s", name, from, got, c.shown)
					}
				}
				if err := to.Close(); err != nil {
					t.Error(err)
				}
			}
			w.idle()
			w.innocent()
		})
	}
}
