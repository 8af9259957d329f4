package pipeline_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// emptied returns an issue that has labels, a sprint and a value of the field.
func (b *bench) emptied(field string) int64 {
	b.t.Helper()
	for _, id := range b.sim.IDs() {
		have := true
		for _, f := range []string{"labels", "customfield_10020", field} {
			v := string(b.sim.FieldValue(id, f))
			have = have && v != "" && v != "null" && v != "[]"
		}
		if have {
			return id
		}
	}
	b.t.Fatal("no issue has everything")
	return 0
}

// TestTrap_T17_FieldReturns: a field or table that is taken out of the configuration
// keeps what was loaded. When it is asked for again, an issue that lost the value
// meanwhile is none that has it; its cell and rows must not stay for ever.
func TestTrap_T17_FieldReturns(t *testing.T) {
	t.Parallel()
	for name, without := range map[string]struct{ fields, tables []string }{
		"fields and tables": {[]string{"summary"}, []string{"issues"}},
		"tables alone":      {nil, []string{"issues"}},
		"excluded fields":   {[]string{"all", "-labels", "-Effort", "-Sprint"}, []string{"issues"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Issues: 60})
			field := b.addField("Effort", "text")
			for i, id := range b.sim.IDs() {
				b.set(id, field, fmt.Sprintf(`"size %d"`, i))
			}
			fields, tables := []string{"summary", "labels", "Sprint", field}, []string{"issue_labels", "issue_sprints"}
			id := b.emptied(field)
			b.fields, b.tables = fields, tables
			b.run(pipeline.Complete)
			b.fields, b.tables = without.fields, without.tables
			if b.fields == nil {
				b.fields = fields
			}
			b.run(pipeline.Complete)
			b.clock.move(time.Hour)
			b.set(id, field, `null`)
			b.set(id, "labels", `[]`)
			b.set(id, "customfield_10020", `null`)
			b.run(pipeline.Complete)
			b.clock.move(time.Hour)
			b.do(func() error { return b.sim.Edit(b.sim.IDs()[20]) })
			b.run(pipeline.Complete)
			b.fields, b.tables = fields, tables
			report := b.run(pipeline.Complete)
			if got := b.cellOf(id, "effort"); got != "∅" {
				t.Errorf("Jira has nothing in the field, the table %q; plan %q", got, report.Plan)
			}
			for _, table := range tables {
				b.want(fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE issue_id = %d", table, id), "0")
			}
			b.want("SELECT COUNT(*) FROM issues WHERE effort IS NULL", "1")
			if v := b.verify(); v.Outcome != pipeline.Clean || v.Deep.Issues != 60 {
				t.Errorf("verify: %s (%s) of %d issues", v.Outcome, v.Conclusion, v.Deep.Issues)
			}
			b.clock.move(time.Hour)
			if report = b.run(pipeline.Complete); !strings.HasPrefix(report.Plan[0], "changes since") {
				t.Errorf("the next run reads again: %q", report.Plan)
			}
		})
	}
}

// TestTrap_T17_FieldReturnsAfterClear: a clear forgets what was read and keeps the
// rows, with the cells of fields that were left before it.
func TestTrap_T17_FieldReturnsAfterClear(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	field := b.addField("Effort", "text")
	id := b.sim.IDs()[7]
	b.set(id, field, `"large"`)
	b.fields = []string{"summary", field}
	b.run(pipeline.Complete)
	b.fields = []string{"summary"}
	b.clear()
	b.clock.move(time.Hour)
	b.set(id, field, `null`)
	b.run(pipeline.Complete)
	b.clock.move(time.Hour)
	b.clear()
	b.fields = []string{"summary", field}
	b.run(pipeline.Complete)
	if got := b.cellOf(id, "effort"); got != "∅" {
		t.Errorf("Jira has nothing in the field, the table %q", got)
	}
}

// TestTrap_T17_FieldBecomesVisible: with all fields, nothing is added to the
// selection when the account comes to see a field more. It is wanted of all issues
// all the same; and one that was hidden for a while is as stale as one that was
// left out.
func TestTrap_T17_FieldBecomesVisible(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, jirasim.Options{Deployment: deployment, Issues: 60})
			field := b.addField("Effort", "text")
			for i, id := range b.sim.IDs()[:40] {
				b.set(id, field, fmt.Sprintf(`"size %d"`, i))
			}
			for _, id := range b.sim.IDs()[40:] {
				b.set(id, field, `null`)
			}
			b.do(func() error { return b.sim.HideField(field) })
			b.clock.move(time.Hour)
			b.run(pipeline.Complete)
			b.do(func() error { return b.sim.Edit(b.sim.IDs()[20]) })
			b.run(pipeline.Complete)

			b.do(func() error { return b.sim.ShowField(field) })
			b.clock.move(time.Hour)
			report := b.run(pipeline.Complete)
			b.want("SELECT COUNT(effort) FROM issues", "40")
			if report.Issues > 42 || !strings.Contains(report.Plan[0], "fields seen for the first time, or in another type: "+field) {
				t.Errorf("%d issues were read: %q", report.Issues, report.Plan)
			}
			if v := b.verify(); v.Outcome != pipeline.Clean || v.Mixed || v.Deep.Issues != 60 {
				t.Errorf("verify: %s (%s) of %d issues, mixed: %t", v.Outcome, v.Conclusion, v.Deep.Issues, v.Mixed)
			}
			if report = b.run(pipeline.Complete); !strings.HasPrefix(report.Plan[0], "changes since") || report.Rows["issues"] > 0 {
				t.Errorf("the next run: %q, rows %v", report.Plan, report.Rows)
			}

			// It goes and comes back, and is emptied meanwhile.
			b.clock.move(100 * time.Hour)
			b.do(func() error { return b.sim.Edit(b.sim.IDs()[50]) })
			b.run(pipeline.Complete)
			b.do(func() error { return b.sim.HideField(field) })
			b.run(pipeline.Complete)
			b.clock.move(100 * time.Hour)
			id := b.sim.IDs()[3]
			b.do(func() error { return b.sim.ShowField(field) })
			b.set(id, field, `null`)
			b.do(func() error { return b.sim.HideField(field) })
			b.run(pipeline.Complete)
			b.do(func() error { return b.sim.ShowField(field) })
			b.clock.move(time.Hour)
			report = b.run(pipeline.Complete)
			if got := b.cellOf(id, "effort"); got != "∅" {
				t.Errorf("Jira has nothing in the field, the table %q; plan %q", got, report.Plan)
			}
			b.want("SELECT COUNT(effort) FROM issues", "39")
			if report.Issues > 45 {
				t.Errorf("%d issues were read: %q", report.Issues, report.Plan)
			}
		})
	}
}

// TestNewFieldWithoutValues: a field that is made anew costs one request more, and
// reads nothing.
func TestNewFieldWithoutValues(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 60})
	b.run(pipeline.Complete)
	b.clock.move(time.Hour)
	b.sim.ResetRequests()
	b.run(pipeline.Complete)
	idle := len(b.sim.Requests())
	field := b.addField("Effort", "text")
	for _, id := range b.sim.IDs() { // the simulator has values in it at once
		b.set(id, field, `null`)
	}
	b.do(func() error { return b.sim.HideField(field) })
	b.run(pipeline.Complete) // what changed by that
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(b.sim.IDs()[0]) })
	b.run(pipeline.Complete)
	b.do(func() error { return b.sim.ShowField(field) })
	b.sim.ResetRequests()
	report := b.run(pipeline.Complete)
	if n := len(b.sim.Requests()); n != idle+1 || report.Rows["issues"] > 0 {
		t.Errorf("%d requests, %d in an idle run; rows %v; plan %q", n, idle, report.Rows, report.Plan)
	}
}
