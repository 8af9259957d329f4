package loadtest

import (
	"encoding/json"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// options is a dimension whose rows two columns identify.
var options = &table.Table{
	Name: "options", Role: table.Dimension, Field: "options", Each: "[]", Key: []string{"field_id", table.ID, table.Site},
	Doc: "Options.",
	Columns: []table.Column{
		{Name: "field_id", Type: table.Text, Path: "field", Doc: "Field."},
		{Name: table.ID, Type: table.Int, Path: "id", Doc: "Id."},
		{Name: "name", Type: table.Text, Path: "name", Doc: "Name."},
		{Name: "words", Type: table.List, Path: "words", Doc: "Words of the name."},
		{Name: table.Hash, Type: table.Int, Source: table.FromHash, Doc: "Digest."},
		{Name: table.Presence, Type: table.Text, Source: table.FromLoad, Doc: "Presence."},
		{Name: table.RunID, Type: table.Text, Source: table.FromLoad, Doc: "Run."},
		{Name: table.LoadedAt, Type: table.Timestamp, Source: table.FromLoad, Doc: "When."},
		*table.ValueErrors().Column(table.Site),
	},
}

// option is a row of it.
type option struct {
	field string
	id    int64
	name  string
}

// replaceOptions commits options as all that there are.
func (d *destination) replaceOptions(all ...option) load.Result {
	d.Helper()
	d.stageOptions(all...)
	result, err := d.w.Commit(d.Context(), load.Commit{Run: d.run, State: d.nextState(), Dimensions: []string{options.Name}})
	d.must(err)
	d.noFiles()
	return result
}

func (d *destination) stageOptions(all ...option) {
	d.Helper()
	rows := stages.NewRows(options)
	for _, o := range all {
		d.seq++
		words, err := json.Marshal(strings.Fields(o.name))
		d.must(err)
		hash := int64(0)
		for _, c := range o.name {
			hash = hash*31 + int64(c)
		}
		set(d.T, rows, map[string]any{"field_id": o.field, table.ID: o.id, "name": o.name, "words": string(words), table.Hash: hash}, d.seq)
	}
	if len(all) > 0 {
		d.handOver(rows)
	}
}

// nextState is one that was not committed yet.
func (d *destination) nextState() *state.State {
	d.Helper()
	s := state.New(d.run.Pipeline)
	s.Commit = d.run.ID + "/" + show(d.files)
	return s
}

// dimensionsAreWhole: what a dimension no longer has is marked and stays, what
// comes back lives again, and what did not change is not written.
func dimensionsAreWhole(d *destination) {
	rows := `SELECT field_id, id, name, CAST(TO_JSON(words) AS VARCHAR), _presence, _run_id FROM options ORDER BY field_id, id`
	d.load(reading{id: 1, updated: 1, hash: 1, parts: []string{"a"}})
	d.wantRows(d.replaceOptions(option{"f", 1, "one"}, option{"f", 2, "two words"}, option{"g", 1, "three"}).Rows, map[string]int64{"options": 3})
	d.want(rows, `f|1|one|["one"]|live|run 1`, `f|2|two words|["two","words"]|live|run 1`, `g|1|three|["three"]|live|run 1`)
	d.want(`SELECT COUNT(*) FROM options WHERE _loaded_at IS NULL`, "0")

	d.acquire("run 2") // renamed, as it was, gone, new
	d.wantRows(d.replaceOptions(option{"f", 1, "uno"}, option{"f", 2, "two words"}, option{"g", 2, "four"}).Rows, map[string]int64{"options": 3})
	second := []string{`f|1|uno|["uno"]|live|run 2`, `f|2|two words|["two","words"]|live|run 1`, `g|1|three|["three"]|gone|run 2`, `g|2|four|["four"]|live|run 2`}
	d.want(rows, second...)

	d.acquire("run 3")
	d.wantRows(d.replaceOptions(option{"f", 1, "uno"}, option{"f", 2, "two words"}, option{"g", 2, "four"}).Rows, nil)
	d.want(rows, second...)
	d.load(reading{id: 2, updated: 1, hash: 1}) // another commit, in which the dimension was not read
	d.want(rows, second...)

	d.acquire("run 4") // back as it was when it went
	d.wantRows(d.replaceOptions(option{"g", 1, "three"}).Rows, map[string]int64{"options": 4})
	d.want(rows, `f|1|uno|["uno"]|gone|run 4`, `f|2|two words|["two","words"]|gone|run 4`, `g|1|three|["three"]|live|run 4`, `g|2|four|["four"]|gone|run 4`)

	d.acquire("run 5") // nothing is left
	d.wantRows(d.replaceOptions().Rows, map[string]int64{"options": 1})
	d.want(`SELECT COUNT(*) FROM options WHERE _presence = 'live'`, "0")
	d.want(`SELECT issue_id, body FROM issue_parts`, "1|a")
}

// dimensionsTwice: of an element that came twice the last counts, beside rows of
// issues in the same commit; and what is discarded has no effect.
func dimensionsTwice(d *destination) {
	d.stage(reading{id: 1, updated: 1, hash: 1, parts: []string{"a"}})
	d.stageOptions(option{"f", 1, "old"}, option{"f", 2, "same"})
	d.wantRows(d.replaceOptions(option{"f", 1, "new"}, option{"f", 2, "same"}).Rows, map[string]int64{"issues": 1, "issue_parts": 1, "options": 2})
	d.want(`SELECT id, name FROM options ORDER BY id`, "1|new", "2|same")

	d.stageOptions(option{"f", 3, "never"})
	_, err := d.w.Commit(d.Context(), load.Commit{Run: d.run, Discard: true})
	d.must(err)
	d.noFiles()
	d.want(`SELECT id, name, _presence FROM options ORDER BY id`, "1|new|live", "2|same|live")
}

// dimensionsOfSites: what one site has says nothing of another.
func dimensionsOfSites(d *destination) {
	rows := `SELECT _site, field_id, id, name, _presence, _run_id FROM options ORDER BY _site, field_id, id`
	d.acquireAt("a", "run 2")
	d.replaceOptions(option{"f", 1, "one"}, option{"f", 2, "two"})
	d.acquireAt("b's", "run 3")
	d.wantRows(d.replaceOptions(option{"f", 1, "one"}, option{"f", 3, "three"}).Rows, map[string]int64{"options": 2})
	d.want(rows, "a|f|1|one|live|run 2", "a|f|2|two|live|run 2", "b's|f|1|one|live|run 3", "b's|f|3|three|live|run 3")
	d.acquireAt("a", "run 4")
	d.wantRows(d.replaceOptions(option{"f", 2, "zwei"}).Rows, map[string]int64{"options": 2})
	d.acquireAt("b's", "run 5")
	d.wantRows(d.replaceOptions().Rows, map[string]int64{"options": 2})
	d.want(rows, "a|f|1|one|gone|run 4", "a|f|2|zwei|live|run 4", "b's|f|1|one|gone|run 5", "b's|f|3|three|gone|run 5")
}
