package loadtest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// prepareTwice: making what is there does nothing, and the tables are empty.
func prepareTwice(d *destination) {
	before := d.everything()
	if made := d.prepare(d.tables); len(made) > 0 {
		d.Errorf("made again: %v", made)
	}
	d.unchanged(before)
	extra := table.Table{Name: "issue_extras", Role: table.Child, Field: "extras", Each: "[]", Key: parts.Key, Columns: parts.Columns, Doc: "More of them."}
	if made := d.prepare(append(d.tables, &extra)); !slices.Equal(made, []string{extra.Name}) {
		d.Errorf("made %v", made)
	}
	d.load(reading{id: 1, hash: 1, updated: 1000, parts: []string{"a"}})
	before = d.everything()
	d.prepare(d.tables)
	d.unchanged(before)
	wider := append(tables(later), &extra) // a column more
	for _, want := range [][]string{{"issues " + later.Name}, nil} {
		if made := d.prepare(wider); !slices.Equal(made, want) {
			d.Errorf("made %v, want %v", made, want)
		}
	}
	if len(d.w.DDL(d.tables)) == 0 {
		d.Error("DDL says nothing")
	}
}

// firstCommit: rows of all tables, with what the load itself knows.
func firstCommit(d *destination) {
	result := d.load(
		reading{id: 10, updated: 1000, hash: 5, cells: map[string]any{"summary": "one"}, parts: []string{"a b", ""}},
		reading{id: 11, hash: -6, errors: []string{"points"}})
	d.wantRows(result.Rows, map[string]int64{"issues": 2, "issue_parts": 2, "_snowdrift_value_errors": 1})
	d.want(`SELECT id, key, summary, updated, _hash, _presence, _presence_evidence, _pipeline, _run_id FROM issues ORDER BY id`,
		"10|TO-10|one|1970-01-01T00:00:01.000Z|5|live|NULL|jira|run 1",
		"11|TO-11|NULL|NULL|-6|live|NULL|jira|run 1")
	d.want(`SELECT issue_id, position, body, CAST(TO_JSON(words) AS VARCHAR) FROM issue_parts ORDER BY issue_id, position`,
		`10|0|a b|["a","b"]`, "10|1||[]")
	d.want(`SELECT issue_id, column_name FROM _snowdrift_value_errors`, "11|points")
	d.want(`SELECT COUNT(*) FROM issues WHERE _loaded_at IS NULL`, "0")
}

// wantRows compares what was written, tables without a row left out.
func (d *destination) wantRows(got, want map[string]int64) {
	d.Helper()
	got = maps.Clone(got)
	maps.DeleteFunc(got, func(_ string, n int64) bool { return n == 0 })
	if !maps.Equal(got, want) {
		d.Errorf("wrote %v, want %v", got, want)
	}
}

// sameAgain: a commit that brings what is there writes nothing.
func sameAgain(d *destination) {
	readings := []reading{{id: 1, updated: 1000, hash: 1, parts: []string{"a"}, errors: []string{"points"}}, {id: 2, hash: 2}}
	first := d.load(readings...)
	stamps := `SELECT id, _loaded_at, _run_id FROM issues ORDER BY id`
	before, all := d.query(stamps), d.everything()
	again := d.load(readings...)
	d.wantRows(again.Rows, nil)
	d.want(stamps, before...)
	d.unchanged(all)
	if again.Digest != first.Digest {
		d.Errorf("digest %v, before %v", again.Digest, first.Digest)
	}
	d.acquire("run 2") // nor does another run
	d.wantRows(d.load(readings...).Rows, nil)
	d.want(stamps, before...)
}

// versions: which reading of an issue may replace the row that is there.
func versions(d *destination) {
	const at = 1732877091123
	cases := []struct {
		title        string
		row, reading reading
		replaces     bool
	}{
		{"newer", reading{updated: at, hash: 1}, reading{updated: at + 1, hash: 2}, true},
		{"older", reading{updated: at, hash: 1}, reading{updated: at - 1, hash: 2}, false},
		{"as old, other content", reading{updated: at, hash: 1}, reading{updated: at, hash: 2}, true},
		{"as old, same content", reading{updated: at, hash: 1}, reading{updated: at, hash: 1}, false},
		{"newer, same content", reading{updated: at, hash: 1}, reading{updated: at + 1, hash: 1}, true},
		{"without a time", reading{updated: at, hash: 1}, reading{hash: 2}, false},
		{"a time at last", reading{hash: 1}, reading{updated: at, hash: 2}, true},
		{"never a time", reading{hash: 1}, reading{hash: 2}, true},
	}
	var rows, readings []reading
	var want []string
	for i, c := range cases {
		c.row.id, c.row.cells, c.row.parts = int64(i), map[string]any{"summary": "old " + c.title}, []string{"old"}
		c.reading.id, c.reading.cells, c.reading.parts = int64(i), map[string]any{"summary": "new " + c.title}, []string{"new"}
		rows, readings = append(rows, c.row), append(readings, c.reading)
		if c.replaces {
			want = append(want, "new "+c.title+"|new")
		} else {
			want = append(want, "old "+c.title+"|old")
		}
	}
	d.load(rows...)
	d.wantRows(d.load(readings...).Rows, map[string]int64{"issues": 5, "issue_parts": 5})
	d.want(`SELECT i.summary, p.body FROM issues i JOIN issue_parts p ON p.issue_id = i.id ORDER BY i.id`, want...)
}

// twoReadings: of several readings in one commit the newest counts, and the
// child rows come from the same one.
func twoReadings(d *destination) {
	read := func(id, updated, hash int64, text string) reading {
		return reading{id: id, updated: updated, hash: hash, cells: map[string]any{"summary": text}, parts: []string{text, text}, errors: []string{text}}
	}
	d.stage(read(1, 1000, 1, "old"), read(1, 2000, 2, "new"), // the newer one last
		read(2, 2000, 2, "new"), read(2, 1000, 1, "old"), // … first
		read(3, 1000, 1, "old"), read(3, 1000, 2, "new"), // equal times: the one read last
		read(4, 1000, 1, "new"), read(4, 1000, 1, "new"), // word for word the same
		read(5, 0, 1, "old"), read(5, 1, 2, "new"), // no time is the oldest
		read(6, 1000, 1, "old"))
	d.stage(read(6, 1000, 2, "new"), read(1, 1500, 3, "old")) // in files of their own
	result := d.commit(nil)
	d.wantRows(result.Rows, map[string]int64{"issues": 6, "issue_parts": 12, "_snowdrift_value_errors": 6})
	d.want(`SELECT COUNT(*), COUNT(DISTINCT id) FROM issues WHERE summary = 'new'`, "6|6")
	d.want(`SELECT COUNT(*), COUNT(DISTINCT issue_id) FROM issue_parts WHERE body = 'new'`, "12|6")
	d.want(`SELECT COUNT(*), COUNT(DISTINCT issue_id) FROM _snowdrift_value_errors WHERE column_name = 'new'`, "6|6")
	d.want(`SELECT COUNT(*) FROM issue_parts`, "12")
}

// childrenAreASet: child rows of an issue that is written are replaced as a
// set; those of all others stay.
func childrenAreASet(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1, parts: []string{"a", "b", "c"}}, reading{id: 2, updated: 1, hash: 1, parts: []string{"x"}},
		reading{id: 3, updated: 1, hash: 1})
	rows := `SELECT issue_id, body FROM issue_parts ORDER BY issue_id, position`
	d.load(reading{id: 1, updated: 2, hash: 2, parts: []string{"c", "d"}}, reading{id: 3, updated: 2, hash: 2, parts: []string{"new"}})
	d.want(rows, "1|c", "1|d", "2|x", "3|new")
	result := d.load(reading{id: 1, updated: 3, hash: 3})
	d.wantRows(result.Rows, map[string]int64{"issues": 1, "issue_parts": 2})
	d.want(rows, "2|x", "3|new")
	d.load(reading{id: 2, updated: 0, hash: 9}) // not written, so its child rows stay
	d.want(rows, "2|x", "3|new")
}

// valueErrorsAreASet: a value that fits again is no longer listed.
func valueErrorsAreASet(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1, errors: []string{"points", "day"}}, reading{id: 2, updated: 1, hash: 1, errors: []string{"moment"}})
	rows := `SELECT issue_id, column_name FROM _snowdrift_value_errors ORDER BY issue_id, column_name`
	d.want(rows, "1|day", "1|points", "2|moment")
	d.load(reading{id: 1, updated: 2, hash: 2, errors: []string{"points"}})
	d.want(rows, "1|points", "2|moment")
	d.load(reading{id: 1, updated: 3, hash: 3}, reading{id: 2, updated: 2, hash: 2})
	d.want(rows)
}

// later is a column that a site gets later.
var later = table.Column{Name: "later", Type: table.List, Field: "customfield_77", Doc: "It's later; \"L\" \\ (customfield_77)."}

// columnsAddedLater: rows that are there have NULL in a new column.
func columnsAddedLater(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1, cells: map[string]any{"summary": "old"}})
	d.acquire("run 2", later)
	rows := `SELECT id, summary, CAST(TO_JSON(later) AS VARCHAR), _run_id FROM issues ORDER BY id`
	d.want(rows, "1|old|NULL|run 1")
	d.load(reading{id: 2, updated: 1, hash: 1, cells: map[string]any{later.Name: `["x"]`}})
	d.want(rows, "1|old|NULL|run 1", `2|NULL|["x"]|run 2`)
	d.load(reading{id: 1, updated: 1, hash: 2, cells: map[string]any{later.Name: `[]`}})
	d.want(rows, "1|NULL|[]|run 2", `2|NULL|["x"]|run 2`)
}

// mistypedColumns: an empty column gives way to one of the type that is asked for,
// whatever the two are, and values of that type fit it. With values it stays as it is,
// and nothing is loaded into it.
func mistypedColumns(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1, cells: map[string]any{"summary": "old"}})
	seen := map[string]bool{}
	for _, kind := range []table.Type{table.List, table.Bool, table.Int, table.Float, table.Date, table.Timestamp, table.JSON, table.Text,
		table.Float, table.List, table.JSON, table.Int, table.Text} {
		column := later
		column.Type = kind
		d.tables = tables(column)
		d.prepare(d.tables)
		answer, err := d.w.Query(d.Context(), `SELECT later FROM issues`)
		d.must(err)
		seen[answer.Types()[0]] = true
		for row, err := range answer.All() {
			d.must(err)
			if row[0] != nil {
				d.Errorf("a new column holds %v", row[0])
			}
		}
	}
	if len(seen) != 8 {
		d.Errorf("the column was of the types %v, want 8", seen)
	}
	d.load(reading{id: 2, updated: 1, hash: 1, cells: map[string]any{later.Name: "large"}})
	rows := `SELECT id, summary, later FROM issues ORDER BY id`
	d.want(rows, "1|old|NULL", "2|NULL|large")
	column := later
	column.Type = table.Float
	err := d.w.Prepare(d.Context(), tables(column))
	var refusal *load.Error
	if !errors.As(err, &refusal) || refusal.On != "issues" || !strings.Contains(err.Error(), "column later") || refusal.Hint == "" {
		d.Errorf("texts in a column for numbers: %v", err)
	}
	d.want(rows, "1|old|NULL", "2|NULL|large")
}

// columnsNotInTheLoad: a column that a load does not bring keeps its cells, also
// in rows that are written.
func columnsNotInTheLoad(d *destination) {
	d.acquire("run 1", later)
	d.load(reading{id: 1, updated: 1, hash: 1, cells: map[string]any{later.Name: `["kept"]`}},
		reading{id: 2, updated: 1, hash: 1, cells: map[string]any{later.Name: `["kept, too"]`}})
	d.acquire("run 2")
	d.load(reading{id: 1, updated: 2, hash: 2, cells: map[string]any{"summary": "new"}}, reading{id: 3, updated: 1, hash: 1})
	d.want(`SELECT id, summary, CAST(TO_JSON(later) AS VARCHAR) FROM issues ORDER BY id`,
		`1|new|["kept"]`, `2|NULL|["kept, too"]`, "3|NULL|NULL")
}

// types: what each type holds, at its edges.
func types(d *destination) {
	instant := func(s string) int64 {
		at, err := time.Parse(time.RFC3339, s)
		d.must(err)
		return at.UnixMicro()
	}
	cells := map[int64]map[string]any{
		1: {},
		2: {"summary": "", "flag": false, "points": 0.0, "day": int64(0), "moment": int64(0), "doc": "{}", "tags": "[]"},
		3: {"summary": "NUL \x00, é, 😀, 'quotes\" and \\ back\r\nslashes", "flag": true, "points": -1.5e-300, "day": int64(-719162),
			"moment": instant("0001-01-01T00:00:00.000Z"), "doc": `{"a":[1,{"b":null}],"ü":"\u0000 \ud83d\ude00"}`, "tags": `["a, b","\"","\\","","é😀"]`},
		4: {"points": 1.7976931348623157e308, "day": int64(2932896), "moment": instant("9999-12-31T23:59:59.999Z"), "doc": `[]`, "project_id": int64(1<<63 - 1)},
		5: {"points": 0.1, "day": int64(19782), "moment": instant("2024-10-27T02:30:00.123Z"), "doc": `"text"`, "project_id": int64(-1)},
		6: {"doc": `12`}, 7: {"doc": `null`},
	}
	var readings []reading
	for id := int64(1); id <= int64(len(cells)); id++ {
		readings = append(readings, reading{id: id, updated: 1, hash: id, cells: cells[id]})
	}
	d.load(readings...)
	d.want(`SELECT id, summary, CAST(flag AS VARCHAR), points, day, moment, project_id FROM issues WHERE id <= 5 ORDER BY id`,
		"1|NULL|NULL|NULL|NULL|NULL|NULL",
		"2||false|0|1970-01-01T00:00:00.000Z|1970-01-01T00:00:00.000Z|NULL",
		"3|"+cells[3]["summary"].(string)+"|true|-1.5e-300|0001-01-01T00:00:00.000Z|0001-01-01T00:00:00.000Z|NULL",
		"4|NULL|NULL|1.7976931348623157e+308|9999-12-31T00:00:00.000Z|9999-12-31T23:59:59.999Z|9223372036854775807",
		"5|NULL|NULL|0.1|2024-02-29T00:00:00.000Z|2024-10-27T02:30:00.123Z|-1")
	for id, c := range cells {
		for _, column := range []string{"doc", "tags"} {
			want, _ := c[column].(string)
			d.wantJSON(`SELECT CAST(TO_JSON(`+column+`) AS VARCHAR) FROM issues WHERE id = `+show(id), want)
		}
	}
}
