package pipeline_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/load"
)

// oddValue is what a field is set to, in JSON, and the cell that it gives: ∅
// where it fits nowhere, and then it is listed with what was expected.
type oddValue struct {
	kind, value, cell, expected string
	// text: Snowflake's PARSE_JSON refuses the issue, so that _raw is its text
	// there, which is listed too.
	text bool
}

const (
	aNumber = "a number that a double can hold"
	aText   = "a text of at most 16 MiB"
	anEra   = "a date and time of the years 1 to 9999"
	huge    = "huge" // stands for a text above the limit
	twice   = "twice"
)

// oddValues are those of which loaders are known to die, or to drop the row.
var oddValues = []oddValue{
	{kind: "number", value: `""`, cell: "∅", expected: aNumber},
	{kind: "number", value: `1e400`, cell: "∅", expected: aNumber, text: true},
	{kind: "number", value: `"seven"`, cell: "∅", expected: aNumber},
	{kind: "number", value: `{"a":1}`, cell: "∅", expected: aNumber},
	{kind: "number", value: `12345678901234567890`, cell: "1.2345678901234567e+19"},
	{kind: "number", value: twice, cell: "7", text: true},
	{kind: "date", value: `"51502-01-01"`, cell: "∅", expected: "a date of the years 1 to 9999"},
	{kind: "date", value: `"2026-02-30"`, cell: "∅", expected: "a date of the years 1 to 9999"},
	{kind: "datetime", value: `"51502-03-04T05:06:07.000+0000"`, cell: "∅", expected: anEra},
	{kind: "datetime", value: `""`, cell: "∅", expected: anEra},
	{kind: "text", value: `"a\u0000b"`, cell: "a\x00b"},
	{kind: "text", value: `["a"]`, cell: "∅", expected: aText},
	{kind: "text", value: huge, cell: "∅", expected: aText},
	{kind: "text", value: `7`, cell: "7"},
	{kind: "option", value: `"no object"`, cell: "∅", expected: "an object"},
	{kind: "option", value: `[]`, cell: "∅", expected: "an object"},
	{kind: "user", value: `7`, cell: "∅", expected: "an object"},
	{kind: "options", value: `"no array"`, cell: "∅", expected: "an array of texts"},
	// Half of a surrogate pair can be stored nowhere, neither in the cell nor in
	// _raw, where the loss is listed.
	{kind: "text", value: `"half \ud83d a pair"`, cell: "half \ufffd a pair"},
}

// TestOddValuesBothDestinations: whatever stands in a field, the row is kept,
// the value stays in _raw, and where it fits no cell the cell is NULL and the
// case is listed in _snowdrift_value_errors; what is listed is what the run's
// report counts.
func TestOddValuesBothDestinations(t *testing.T) {
	t.Parallel()
	w := newTwins(t, jirasim.Options{Issues: 60, Projects: 2, Seed: 9})
	fields := map[string]string{}
	for _, v := range oddValues {
		if fields[v.kind] == "" {
			fields[v.kind] = w.site.addField("Odd "+v.kind, v.kind)
		}
	}
	ids := w.site.sim.IDs()
	for i, v := range oddValues {
		value := v.value
		switch value {
		case huge:
			value = `"` + strings.Repeat("x", table.MaxText+1) + `"`
		case twice: // as members of one issue
			value = `7,"` + fields[v.kind] + `":8`
		}
		w.site.set(ids[i], fields[v.kind], value)
	}
	// The changes since the load began are read twice, and counted so: let them
	// be none of these.
	w.site.clock.move(time.Hour)
	w.site.do(func() error { return w.site.sim.Edit(ids[len(oddValues)]) })
	for name, j := range map[string]job{"duckdb": w.duck, "snowflake": w.snow} {
		j.Run, j.Dir, j.Tables = "run-001", t.TempDir(), []string{"issues"}
		report, err := j.run(t.Context())
		if err != nil || report.Outcome != pipeline.Complete {
			t.Fatalf("%s ended %s: %v", name, report.Outcome, err)
		}
		to, err := j.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(allRows(t, to, "SELECT COUNT(*) FROM issues WHERE _presence = 'live'")); got != fmt.Sprintf("[[%d]]", len(ids)) {
			t.Errorf("%s: %s rows of %d issues", name, got, len(ids))
		}
		for i, v := range oddValues {
			odd{t, name, to, ids[i], fields[v.kind]}.holds(v)
		}
		counted, listed := map[string]string{}, map[string]string{}
		for _, o := range report.Odd {
			counted[o.Table+"."+strings.ToLower(o.Column)] = fmt.Sprint(o.Count)
		}
		for _, row := range allRows(t, to, "SELECT table_name, LOWER(column_name), COUNT(*) FROM _snowdrift_value_errors GROUP BY 1, 2") {
			listed[fmt.Sprintf("%s.%s", row[0], row[1])] = fmt.Sprint(row[2])
		}
		if name == "snowflake" { // found by the destination, behind the report's back
			delete(listed, "issues._raw")
			delete(counted, "issues._raw")
		}
		if !reflect.DeepEqual(counted, listed) {
			t.Errorf("%s: counted %v, listed %v", name, counted, listed)
		}
		if err := to.Close(); err != nil {
			t.Error(err)
		}
	}
}

// odd is the cell of an odd value.
type odd struct {
	t     *testing.T
	name  string
	to    load.Warehouse
	id    int64
	field string
}

func (o odd) holds(v oddValue) {
	o.t.Helper()
	where := fmt.Sprintf("%s: %s %s", o.name, v.kind, v.value)
	column := "odd_" + v.kind
	if o.name == "snowflake" {
		column = strings.ToUpper(column)
	}
	kind := table.Text
	if v.kind == "number" {
		kind = table.Float
	}
	rows := allRows(o.t, o.to, fmt.Sprintf(`SELECT "%s" FROM issues WHERE id = %d`, column, o.id))
	if len(rows) != 1 {
		o.t.Fatalf("%s: %d rows", where, len(rows))
	}
	if got := cell(kind, rows[0][0]); got != v.cell {
		o.t.Errorf("%s: the cell is %q, want %q", where, short(got), v.cell)
	}
	var reasons, raws []string
	for _, row := range allRows(o.t, o.to, fmt.Sprintf("SELECT LOWER(column_name), reason FROM _snowdrift_value_errors WHERE issue_id = %d AND LOWER(column_name) IN ('odd_%s', '_raw')", o.id, v.kind)) {
		if row[0] == "_raw" {
			raws = append(raws, fmt.Sprint(row[1]))
			continue
		}
		reasons = append(reasons, fmt.Sprint(row[1]))
	}
	if listed := len(reasons) == 1 && strings.Contains(reasons[0], "expected "+v.expected); listed != (v.expected != "") || len(reasons) > 1 {
		o.t.Errorf("%s: listed as %q, want %q", where, reasons, v.expected)
	}
	if want := v.text && o.name == "snowflake" || strings.Contains(v.value, `\ud83d`); want != (len(raws) == 1) {
		o.t.Errorf("%s: _raw is listed as %q", where, raws)
	}
	document := "CAST(_raw AS VARCHAR)"
	if o.name == "snowflake" {
		document = "TO_JSON(_RAW)"
	}
	raw := fmt.Sprint(allRows(o.t, o.to, fmt.Sprintf("SELECT %s FROM issues WHERE id = %d", document, o.id))[0][0])
	if !strings.Contains(raw, o.field) {
		o.t.Errorf("%s: _raw lacks %s", where, o.field)
	}
	switch want := strings.Trim(v.value, `"`); {
	case v.value == huge:
		if len(raw) < table.MaxText {
			o.t.Errorf("%s: _raw has %d bytes", where, len(raw))
		}
	case v.value != twice && !strings.Contains(v.value, `\`) && !strings.Contains(raw, want):
		o.t.Errorf("%s: the value is not in _raw", where)
	}
}
