package loadtest

import (
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// inspect opens the destination again, for reading.
func (d *destination) inspect(extra ...table.Column) []*table.Table {
	d.Helper()
	d.close()
	d.w = d.open(d.T)
	d.tables = tables(extra...)
	there, err := d.w.Inspect(d.Context(), load.Job{Pipeline: d.run.Pipeline, Site: d.site, Run: "verify 1"}, d.tables)
	d.must(err)
	return there
}

// compareWith stages readings and wants the differences, as "table/issue/row/column".
func (d *destination) compareWith(readings []reading, want ...string) []load.Difference {
	d.Helper()
	d.stage(readings...)
	same := func(stored, jira []byte) bool { return strings.Contains(string(jira), "as before") }
	got, err := d.w.Compare(d.Context(), same)
	d.must(err)
	d.noFiles()
	var names []string
	for _, g := range got {
		names = append(names, fmt.Sprintf("%s/%d/%s/%s", g.Table, g.Issue, g.Row, g.Column))
	}
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		d.Errorf("differences %q, want %q", names, want)
	}
	return got
}

// compare: each type of cell, child rows as sets, value errors, and documents
// are compared; nothing that was staged for it is written.
func compare(d *destination) {
	cells := map[string]any{"summary": "it's", "flag": true, "points": 1.5, "day": int64(19782), "moment": int64(1732877091123000),
		"doc": `{"a":[1,{"b":null}]}`, "tags": `["x","y, z"]`, "project_id": int64(1<<63 - 1), table.Raw: `{"id":"1","n":1}`}
	before := []reading{
		{id: 1, updated: 5, hash: 1, cells: cells, parts: []string{"a", "b"}, errors: []string{"day"}},
		{id: 2, updated: 5, hash: 2, parts: []string{"c"}},
		{id: 3, updated: 5, hash: 3},
	}
	d.load(before...)
	d.inspect()
	d.compareWith(before)
	d.compareWith(before[2:])
	changed := map[string]any{"summary": "its", "flag": false, "points": 1.25, "day": int64(19783), "moment": int64(1732877091124000),
		"doc": `{"a":[1,{"b":0}]}`, "tags": `["x","y","z"]`, "project_id": int64(1<<63 - 2), table.Raw: `{"id":"1","n":2}`}
	got := d.compareWith([]reading{{id: 1, updated: 5, hash: 1, cells: changed, parts: []string{"a", "b"}, errors: []string{"day"}}},
		"issues/1//summary", "issues/1//flag", "issues/1//points", "issues/1//day", "issues/1//moment", "issues/1//doc", "issues/1//tags", "issues/1//project_id", "issues/1//_raw")
	for _, g := range got {
		if g.Column == "summary" && (g.Stored != "it's" || g.Jira != "its") {
			d.Errorf("%+v", g)
		}
	}
	got = d.compareWith([]reading{{id: 3, updated: 6, hash: 4, cells: map[string]any{"summary": strings.Repeat("ü", 500)}}},
		"issues/3//updated", "issues/3//_hash", "issues/3//summary", "issues/3//_raw")
	if last := got[slices.IndexFunc(got, func(g load.Difference) bool { return g.Column == "summary" })]; last.Stored != "NULL" || len([]rune(last.Jira)) != 100 {
		d.Errorf("%+v", last)
	}
	d.compareWith([]reading{{id: 1, updated: 5, hash: 1, cells: cells, parts: []string{"a", "B", "c"}, errors: []string{"moment"}}, {id: 2, updated: 5, hash: 2}},
		"issue_parts/1/1/body", "issue_parts/1/1/words", "issue_parts/1/2/", "issue_parts/2/0/", "_snowdrift_value_errors/1/customfield_9, day/", "_snowdrift_value_errors/1/customfield_9, moment/")
	d.compareWith(append(before[:1:1], before[0]), "issue_parts/1/0/", "issue_parts/1/1/", "_snowdrift_value_errors/1/customfield_9, day/") // twice as many
	d.compareWith([]reading{{id: 3, updated: 5, hash: 3, cells: map[string]any{table.Raw: `{"as before":1}`}}})                             // same says so
	d.acquire("run 2")
	d.want(`SELECT id, summary, _run_id FROM issues ORDER BY id`, "1|it's|run 1", "2|NULL|run 1", "3|NULL|run 1")
	d.want(`SELECT COUNT(*) FROM issue_parts`, "3")
}

// inspect: what is not there is not made, and not compared.
func inspect(d *destination) {
	d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{"a"}})
	there := d.inspect(later)
	if len(there) != len(d.tables) || there[0].Column(later.Name) != nil || len(there[0].Columns) != len(d.tables[0].Columns)-1 {
		d.Errorf("there are %d tables, of issues %d columns", len(there), len(there[0].Columns))
	}
	d.tables = there
	d.compareWith([]reading{{id: 1, updated: 5, hash: 1, parts: []string{"a"}}})
}

// inspectNothing: a destination that nothing was loaded into has no tables.
func inspectNothing(d *destination) {
	empty := &destination{T: d.T, open: d.open}
	d.close()
	empty.w = d.open(d.T)
	defer empty.close()
	there, err := empty.w.Inspect(d.Context(), load.Job{Pipeline: "never", Site: d.site, Run: "verify 1"}, []*table.Table{table.Findings()})
	if err != nil || len(there) > 0 {
		d.Errorf("%v, %v", there, err)
	}
}

// versionDigest: what the destination computes of ids and versions is what
// state.Digest.AddVersion does, for rows that are live.
func versionDigest(d *destination) {
	readings := []reading{{id: 1, updated: 1732877091123, hash: 1}, {id: 2, updated: -62135596800000, hash: 1}, {id: 3, hash: 1},
		{id: 1<<63 - 1, updated: 253402300799999, hash: 1}, {id: state.Prime, updated: 1, hash: 1}, {id: 9, updated: 9, hash: 1}}
	d.load(readings...)
	d.mark(map[int64]string{9: "deleted"})
	d.commit(nil)
	d.inspect()
	var want state.Digest
	for _, r := range readings[:5] {
		want.AddVersion(r.id, r.updated)
	}
	got, strays, err := d.w.Versions(d.Context())
	d.must(err)
	if got != want || len(strays) > 0 {
		d.Errorf("digest %v, want %v; strays %v", got, want, strays)
	}
	other := want
	other.Sum = 0
	other.Count = 0
	for _, r := range readings[:5] {
		other.AddVersion(r.id, r.updated+1)
	}
	if other == want {
		d.Error("the digest is the same for other versions")
	}
}
