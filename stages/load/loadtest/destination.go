package loadtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// pipeline is the pipeline of most tests.
const pipeline = "jira"

// started is when all runs of the suite began.
var started = time.Date(2026, 11, 21, 22, 23, 24, 567e6, time.UTC)

// destination is a destination under test, and the run that works on it.
type destination struct {
	*testing.T
	open   func(t *testing.T) load.Warehouse
	w      load.Warehouse // nil between close and acquire
	run    state.Run
	site   string // of the runs
	tables []*table.Table
	dir    string // of the files
	files  int
	seq    int64
}

// acquire opens the destination for a run and prepares the tables, as the
// pipeline does.
func (d *destination) acquire(run string, extra ...table.Column) {
	d.Helper()
	d.acquireFor(pipeline, run, extra...)
}

// acquireFor does so for a run of any pipeline.
func (d *destination) acquireFor(pipeline, run string, extra ...table.Column) {
	d.Helper()
	d.close()
	d.w, d.tables = d.open(d.T), tables(extra...)
	d.run = state.Run{ID: run, Pipeline: pipeline, Started: started, Outcome: "running"}
	d.must(d.w.Acquire(d.Context(), d.job()))
	d.prepare(d.tables)
}

// job is that of the run.
func (d *destination) job() load.Job {
	return load.Job{Pipeline: d.run.Pipeline, Site: d.site, Run: d.run.ID}
}

func (d *destination) close() {
	d.Helper()
	if d.w == nil {
		return
	}
	w := d.w
	d.w = nil
	if err := w.Close(); err != nil {
		d.Errorf("close: %v", err)
	}
}

// prepare makes tables, and returns the names of what was not there: a table, or a
// table and its columns.
func (d *destination) prepare(tables []*table.Table) (missing []string) {
	d.Helper()
	lacks, err := d.w.Lacks(d.Context(), tables)
	d.must(err)
	d.must(d.w.Prepare(d.Context(), tables))
	for _, l := range lacks {
		name := l.Table.Name
		for _, c := range l.Columns {
			name += " " + c.Name
		}
		missing = append(missing, name)
	}
	return missing
}

func (d *destination) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// tables returns the tables of the suite: issues with a column of each type,
// and extra ones, child rows, and value errors.
func tables(extra ...table.Column) []*table.Table {
	custom := []table.Column{
		{Name: "flag", Type: table.Bool, Field: "customfield_1"},
		{Name: "points", Type: table.Float, Field: "customfield_2"},
		{Name: "day", Type: table.Date, Field: "customfield_3"},
		{Name: "moment", Type: table.Timestamp, Field: "customfield_4"},
		{Name: "doc", Type: table.JSON, Field: "customfield_5"},
		{Name: "tags", Type: table.List, Field: "customfield_6"},
	}
	system := []string{"project", "summary", "updated"}
	issues := table.Issues(append(custom, extra...), func(field string) bool { return slices.Contains(system, field) })
	return []*table.Table{issues, parts, table.ValueErrors(), options}
}

// parts is a child table.
var parts = &table.Table{
	Name: "issue_parts", Role: table.Child, Field: "parts", Each: "[]", Key: []string{table.IssueID, "position", table.Site},
	Doc: "Parts of issues; it's \"quoted\".",
	Columns: []table.Column{
		{Name: table.IssueID, Type: table.Int, Source: table.FromIssue, Doc: "Issue."},
		{Name: "position", Type: table.Int, Source: table.FromIndex, Doc: "Position."},
		{Name: "body", Type: table.Text, Doc: "Text."},
		{Name: "words", Type: table.List, Doc: "Words of the text."},
		*table.ValueErrors().Column(table.Site),
	},
}

// reading is what Jira showed of an issue at some time.
type reading struct {
	id      int64
	updated int64 // epoch milliseconds, 0 for none
	hash    int64
	cells   map[string]any // further cells: bool, int64, float64 or string
	parts   []string       // bodies of the child rows
	errors  []string       // columns that a value did not fit
}

// load stages readings, in files of their own, and commits them.
func (d *destination) load(readings ...reading) load.Result {
	d.Helper()
	d.stage(readings...)
	return d.commit(nil)
}

// commit commits what is staged.
func (d *destination) commit(s *state.State) load.Result {
	d.Helper()
	result, err := d.w.Commit(d.Context(), load.Commit{State: s, Run: d.run})
	d.must(err)
	d.noFiles()
	return result
}

// noFiles checks that the destination removed the files that it took over.
func (d *destination) noFiles() {
	d.Helper()
	left, err := os.ReadDir(d.dir)
	d.must(err)
	for _, f := range left {
		d.Errorf("left behind: %s", f.Name())
	}
}

// stage hands readings over in files.
func (d *destination) stage(readings ...reading) {
	d.Helper()
	issues, kids, errs := stages.NewRows(d.tables[0]), stages.NewRows(d.tables[1]), stages.NewRows(d.tables[2])
	for _, r := range readings {
		d.seq++
		cells := map[string]any{table.ID: r.id, "key": fmt.Sprintf("TO-%d", r.id), table.Hash: r.hash,
			table.Raw: fmt.Sprintf(`{"id":"%d","hash":%d}`, r.id, r.hash)}
		if r.updated != 0 {
			cells[table.Updated] = r.updated * 1000
		}
		maps.Copy(cells, r.cells)
		set(d.T, issues, cells, d.seq)
		for i, body := range r.parts {
			words, err := json.Marshal(strings.Fields(body))
			d.must(err)
			set(d.T, kids, map[string]any{table.IssueID: r.id, "position": int64(i), "body": body, "words": string(words)}, d.seq)
		}
		for _, column := range r.errors {
			set(d.T, errs, map[string]any{table.IssueID: r.id, "field_id": "customfield_9", "table_name": "issues",
				"column_name": column, "reason": "expected a number, found a string of 3 bytes"}, d.seq)
		}
	}
	d.handOver(issues, kids, errs)
}

// set appends a row.
func set(t *testing.T, r *stages.Rows, cells map[string]any, seq int64) {
	t.Helper()
	left := len(cells)
	for i, c := range r.Table.Staged() {
		switch v := cells[c.Name].(type) {
		case nil:
			continue
		case int64:
			r.SetInt(i, v)
		case bool:
			r.SetInt(i, map[bool]int64{true: 1}[v])
		case float64:
			r.SetFloat(i, v)
		case string:
			r.SetString(i, v)
		default:
			t.Fatalf("column %s: a cell of type %T", c.Name, v)
		}
		left--
	}
	if left != 0 {
		t.Fatalf("%s has not all the columns of %v", r.Table.Name, cells)
	}
	r.End(seq)
}

// handOver writes rows to files and stages them.
func (d *destination) handOver(rows ...*stages.Rows) {
	d.Helper()
	d.files++
	b := batch.New(batch.Options{Dir: d.dir, Prefix: fmt.Sprintf("%s-%d", strings.ReplaceAll(d.run.ID, " ", "-"), d.files),
		FileSize: 1 << 20, Format: d.w.Format()})
	for _, r := range rows {
		d.must(b.Write(r))
	}
	d.must(b.Flush())
	for _, f := range b.Closed() {
		d.must(d.w.Stage(d.Context(), f))
	}
}

// want compares the answer to a query with rows of cells as in show.
func (d *destination) want(sql string, want ...string) {
	d.Helper()
	if got := d.query(sql); !slices.Equal(got, want) {
		d.Errorf("%s\ngot  %s\nwant %s", sql, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// wantJSON compares the one cell of an answer with a document, as JSON values;
// "" is NULL.
func (d *destination) wantJSON(sql, want string) {
	d.Helper()
	answer := d.query(sql)
	if want == "" {
		if !slices.Equal(answer, []string{"NULL"}) {
			d.Errorf("%s: got %q, want NULL", sql, answer)
		}
		return
	}
	if len(answer) != 1 {
		d.Fatalf("%s: %d rows", sql, len(answer))
	}
	var g, w any
	if err := json.Unmarshal([]byte(answer[0]), &g); err != nil {
		d.Errorf("%s: got %q, want %s", sql, answer[0], want)
		return
	}
	d.must(json.Unmarshal([]byte(want), &w))
	if !reflect.DeepEqual(g, w) {
		d.Errorf("%s: got %s, want %s", sql, answer[0], want)
	}
}

// query returns the rows of an answer, each with its cells joined by a bar.
func (d *destination) query(sql string) []string {
	d.Helper()
	answer, err := d.w.Query(d.Context(), sql)
	d.must(err)
	var out []string
	for row, err := range answer.All() {
		d.must(err)
		var cells []string
		for _, v := range row {
			cells = append(cells, show(v))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

// show returns a cell as text. Drivers hand over numbers as numbers or as their
// text; both come out the same.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000Z")
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []byte:
		return string(v)
	case *big.Int:
		return v.String()
	}
	return fmt.Sprint(v)
}

// everything is all that the destination holds but times of loading.
func (d *destination) everything() []string {
	d.Helper()
	var out []string
	for _, sql := range []string{
		`SELECT id, key, summary, updated, _hash, CAST(TO_JSON(_raw) AS VARCHAR), _presence, _presence_evidence, _pipeline, _run_id, _site FROM issues ORDER BY _site, id`,
		`SELECT issue_id, position, body, CAST(TO_JSON(words) AS VARCHAR), _site FROM issue_parts ORDER BY _site, issue_id, position`,
		`SELECT issue_id, field_id, table_name, column_name, reason, _site FROM _snowdrift_value_errors ORDER BY _site, issue_id, column_name`,
		`SELECT field_id, id, name, CAST(TO_JSON(words) AS VARCHAR), _hash, _presence, _run_id, _site FROM options ORDER BY _site, field_id, id`,
		`SELECT pipeline, commit_id FROM _snowdrift_state ORDER BY pipeline`,
		`SELECT run_id, CASE outcome WHEN 'killed' THEN 'running' ELSE outcome END FROM _snowdrift_runs ORDER BY run_id`, // whoever looked says so
		`SELECT column_name, field_id, site FROM _snowdrift_columns ORDER BY column_name, site`,
	} {
		out = append(append(out, sql), d.query(sql)...)
	}
	return out
}

// unchanged checks that the destination holds what it held.
func (d *destination) unchanged(before []string) {
	d.Helper()
	if after := d.everything(); !slices.Equal(after, before) {
		d.Errorf("it changed:\nbefore %s\nafter  %s", strings.Join(before, "\n       "), strings.Join(after, "\n       "))
	}
}
