package loadtest

import (
	"maps"
	"reflect"
	"slices"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// acquireAt takes the destination over for a run of a site, whose pipeline bears
// its first letter.
func (d *destination) acquireAt(site, run string, extra ...table.Column) {
	d.Helper()
	d.site = site
	d.acquireFor(pipeline+"_"+site[:1], run, extra...)
}

// rowsOfSites are the rows of all tables, with their sites.
const (
	issuesOfSites = `SELECT _site, id, summary, CAST(TO_JSON(tags) AS VARCHAR), _presence, _pipeline, _run_id FROM issues ORDER BY _site, id`
	partsOfSites  = `SELECT _site, issue_id, position, body FROM issue_parts ORDER BY _site, issue_id, position`
	errorsOfSites = `SELECT _site, issue_id, column_name FROM _snowdrift_value_errors ORDER BY _site, issue_id, column_name`
)

// sites: two sites with the same ids, in whatever is done to one of them, leave
// the rows of the other alone.
func sites(d *destination) {
	both := func(site, text string, hash int64) []reading {
		cells := map[string]any{"summary": site + " " + text, "tags": `["` + site + `"]`}
		return []reading{
			{id: 10001, updated: 1000 + hash, hash: hash, cells: cells, parts: []string{site + " a", site + " b"}, errors: []string{"day"}},
			{id: 10002, updated: 1000 + hash, hash: hash, cells: cells, parts: []string{site + " c"}},
		}
	}
	d.acquireAt("a", "run 2")
	d.load(both("a", "old", 1)...)
	d.acquireAt("b's", "run 3") // the same contents but for the texts, and the same versions
	result := d.load(both("b's", "old", 1)...)
	d.wantRows(result.Rows, map[string]int64{"issues": 2, "issue_parts": 3, "_snowdrift_value_errors": 1})
	d.wantDigest(result.Digest, 10001, 10002)
	d.want(issuesOfSites, `a|10001|a old|["a"]|live|jira_a|run 2`, `a|10002|a old|["a"]|live|jira_a|run 2`,
		`b's|10001|b's old|["b's"]|live|jira_b|run 3`, `b's|10002|b's old|["b's"]|live|jira_b|run 3`)
	d.want(partsOfSites, "a|10001|0|a a", "a|10001|1|a b", "a|10002|0|a c", "b's|10001|0|b's a", "b's|10001|1|b's b", "b's|10002|0|b's c")
	d.want(errorsOfSites, "a|10001|day", "b's|10001|day")

	d.acquireAt("a", "run 4")
	d.wantRows(d.load(both("a", "old", 1)...).Rows, nil)
	d.load(reading{id: 10001, updated: 2000, hash: 2, cells: map[string]any{"summary": "a new"}, parts: []string{"a z"}})
	d.mark(map[int64]string{10002: "deleted"})
	d.wantDigest(d.commit(nil).Digest, 10001)
	d.want(issuesOfSites, `a|10001|a new|NULL|live|jira_a|run 4`, `a|10002|a old|["a"]|deleted|jira_a|run 4`,
		`b's|10001|b's old|["b's"]|live|jira_b|run 3`, `b's|10002|b's old|["b's"]|live|jira_b|run 3`)
	d.want(partsOfSites, "a|10001|0|a z", "a|10002|0|a c", "b's|10001|0|b's a", "b's|10001|1|b's b", "b's|10002|0|b's c")
	d.want(errorsOfSites, "b's|10001|day")

	// An older version than that of the other site is the newest of its own, and
	// a column that a load does not bring is kept for the site that it is of.
	d.acquireAt("b's", "run 5", later)
	d.load(reading{id: 10001, updated: 1500, hash: 3, cells: map[string]any{"summary": "b's new", later.Name: `["b's"]`}})
	d.acquireAt("a", "run 6")
	d.load(reading{id: 10001, updated: 3000, hash: 4, cells: map[string]any{"summary": "a newest"}})
	d.acquireAt("b's", "run 7")
	d.load(reading{id: 10001, updated: 3000, hash: 5, cells: map[string]any{"summary": "b's newest"}})
	d.want(`SELECT _site, summary, CAST(TO_JSON(later) AS VARCHAR) FROM issues WHERE id = 10001 ORDER BY _site`,
		"a|a newest|NULL", `b's|b's newest|["b's"]`)
}

// censusOfASite: the census of a site says nothing of the rows of another, be
// they of the same pipeline.
func censusOfASite(d *destination) {
	project := func(id, project int64) reading {
		return reading{id: id, updated: 1, hash: 1, cells: map[string]any{"project_id": project}}
	}
	d.acquireAt("a", "run 2")
	d.load(project(1, 10), project(2, 10), project(3, 20))
	d.acquireAt("b", "run 3")
	d.load(project(2, 10), project(4, 10))
	d.census(1, 2)
	got, err := d.w.Diff(d.Context())
	d.must(err)
	if !slices.Equal(got.Missing, []int64{1}) || !slices.Equal(got.Absent, []load.Absent{{ID: 4, ProjectID: 10, Key: "TO-4", Updated: 1, Presence: table.Live}}) || !maps.Equal(got.Live, map[int64]int64{10: 2}) {
		d.Errorf("site b: %+v", got)
	}
	d.site = "a"
	d.acquireFor(pipeline+"_b", "run 4")
	d.census(1, 2, 3)
	got, err = d.w.Diff(d.Context())
	d.must(err)
	if want := map[string]int64{pipeline + "_a": 3}; !maps.Equal(got.Others, want) || len(got.Missing) != 3 || len(got.Absent)+len(got.Live) != 0 {
		d.Errorf("site a, asked for by the pipeline of b: %+v", got)
	}
}

// removalAtASite: what is deleted at one site stays at the other, whose ids are
// the same; a table from before there were sites is no obstacle.
func removalAtASite(d *destination) {
	labels := *table.Children()[slices.IndexFunc(table.Children(), func(c table.ChildTable) bool { return c.Name == "issue_labels" })].Table
	labels.Columns = withoutSite(labels.Columns)
	d.prepare([]*table.Table{&labels})
	for _, site := range []string{"a", "b"} {
		d.acquireAt(site, "run of "+site)
		d.load(reading{id: 1, updated: 5, hash: 1, parts: []string{site}, errors: []string{"day"}}, reading{id: 2, updated: 5, hash: 1, parts: []string{site}})
	}
	d.mark(map[int64]string{1: "deleted"})
	result, err := d.w.Commit(d.Context(), load.Commit{Run: d.run, Remove: true})
	d.must(err)
	d.wantRows(result.Rows, map[string]int64{"issues": 1, "issue_parts": 1, "_snowdrift_value_errors": 1})
	d.wantDigest(result.Digest, 2)
	d.want(`SELECT _site, id, _presence FROM issues ORDER BY _site, id`, "a|1|live", "a|2|live", "b|2|live")
	d.want(partsOfSites, "a|1|0|a", "a|2|0|a", "b|2|0|b")
	d.want(errorsOfSites, "a|1|day")
}

// comparisonAtASite: what is compared with Jira are the rows of the site alone.
func comparisonAtASite(d *destination) {
	of := func(site string, updated int64) []reading {
		return []reading{{id: 1, updated: updated, hash: 1, cells: map[string]any{"summary": site}, parts: []string{site}, errors: []string{"day"}}}
	}
	d.acquireAt("a", "run 2")
	d.load(of("a", 5)...)
	d.acquireAt("b", "run 3")
	d.load(of("b", 6)...)
	d.inspect()
	d.compareWith(of("b", 6))
	d.compareWith(of("a", 5), "issues/1//updated", "issues/1//summary", "issue_parts/1/0/body", "issue_parts/1/0/words")
	var want state.Digest
	want.AddVersion(1, 6)
	if got, strays, err := d.w.Versions(d.Context()); err != nil || got != want || len(strays) > 0 {
		d.Errorf("digest %v, want %v; strays %v, %v", got, want, strays, err)
	}
}

func withoutSite(columns []table.Column) []table.Column {
	return slices.DeleteFunc(slices.Clone(columns), func(c table.Column) bool { return c.Name == table.Site })
}

// tablesWithoutSites: tables of versions that knew one site get the column.
func tablesWithoutSites(d *destination) {
	var old []*table.Table
	for _, t := range d.tables {
		before := *t
		before.Name += "_before"
		before.Columns = withoutSite(t.Columns)
		old = append(old, &before)
	}
	d.prepare(old)
	for i, t := range old {
		t.Columns = d.tables[i].Columns
	}
	d.prepare(old)
	d.prepare(old)
	for _, t := range old {
		d.want(`SELECT COUNT(_site) FROM `+t.Name, "0")
	}
}

// columnLedgerOfSites: two sites can have an entry for one column.
func columnLedgerOfSites(d *destination) {
	a := table.Assignment{Site: "a", Field: "customfield_2", Type: table.Float, Column: "points", Name: "Points"}
	b := a
	b.Site, b.Field, b.Name = "b", "customfield_7", "points"
	s := state.New(pipeline)
	s.Columns = []table.Assignment{a}
	d.commit(s)
	d.acquireAt("b", "run 2")
	other, err := d.w.State(d.Context(), d.run.Pipeline)
	d.must(err)
	other.Columns = append(other.Columns, b)
	d.commit(other)
	want := []table.Assignment{a, b}
	d.site = table.DefaultSite
	d.acquire("run 3") // whose state was written before there was the other entry
	if got := d.state().Columns; !reflect.DeepEqual(got, want) {
		d.Errorf("got %v, want %v", got, want)
	}
	d.commit(d.state())
	d.want(`SELECT site, column_name, field_id FROM _snowdrift_columns ORDER BY site`, "a|points|customfield_2", "b|points|customfield_7")
}
