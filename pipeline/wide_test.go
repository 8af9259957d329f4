package pipeline_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// TestWideSite: a site with 1,000 custom fields, which make 1,700 columns, loads
// with the settings that a user has who sets nothing; so do changes, and a run
// that asks for a few fields only and so has the cells of all others to keep.
func TestWideSite(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 300, ExtraCustomFields: 1000})
	b.memory = ""
	b.run(pipeline.Complete)
	b.compare()
	cells := b.cellsOfFields()
	if len(cells) < 1000 {
		t.Fatalf("%d columns of custom fields, want at least 1000", len(cells))
	}
	b.compareCells(cells)

	b.editSome(3)
	if report := b.run(pipeline.Complete); report.Rows["issues"] < 100 {
		t.Errorf("%d rows were written, want the 100 that changed", report.Rows["issues"])
	}
	b.compare()
	cells = b.cellsOfFields()
	b.compareCells(cells)

	b.editSome(4)
	b.fields = []string{"summary", "status", "project", "issuetype", "created", "updated"}
	b.run(pipeline.Complete)
	if kept := b.cellsOfFields(); fmt.Sprint(kept) != fmt.Sprint(cells) {
		t.Errorf("cells of fields that the last run did not ask for have changed:\n got %v\nwant %v", kept, cells)
	}
}

// editSome changes every issue in so many.
func (b *bench) editSome(every int) {
	b.clock.move(time.Hour)
	for i, id := range b.sim.IDs() {
		if i%every == 0 {
			b.do(func() error { return b.sim.Edit(id) })
		}
	}
	b.clock.move(time.Minute)
}

// cellsOfFields counts the cells that are not NULL in the first column of each
// custom field, by field.
func (b *bench) cellsOfFields() map[string]string {
	b.t.Helper()
	columns := b.rows(`SELECT field_id, column_name FROM _snowdrift_columns WHERE field_id LIKE 'customfield%' AND part = '' ORDER BY 1`)
	var list []string
	for _, c := range columns {
		list = append(list, `COUNT("`+c[1]+`")`)
	}
	cells := map[string]string{}
	for i, n := range b.rows("SELECT " + strings.Join(list, ", ") + " FROM issues")[0] {
		cells[columns[i][0]] = n
	}
	return cells
}

// compareCells holds the numbers of cells against the site.
func (b *bench) compareCells(cells map[string]string) {
	b.t.Helper()
	want := map[string]int{}
	b.sim.Each(func(_ int64, _ string, raw []byte) bool {
		var issue struct{ Fields map[string]json.RawMessage }
		b.do(func() error { return json.Unmarshal(raw, &issue) })
		for id, value := range issue.Fields {
			if text := string(value); text != "null" {
				want[id]++
			}
		}
		return true
	})
	for id, n := range cells {
		if n != fmt.Sprint(want[id]) {
			b.t.Errorf("%s cells of %s, the site has %d values", n, id, want[id])
		}
	}
}
