package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/adf"
	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/stages/load/duckdb"
	"snowdrift/stages/load/snowflake"
)

// oddFields are fields whose names trip loaders.
func oddFields() (fields []jira.Field) {
	for i, name := range []string{
		"Team", "team", "TEAM", "Team ID", "Team 20002", "Status", "Order", "order", "Select", "🚀", "🚀 🚀", "🚀 Launch", "2nd approver", "2nd  Approver",
		strings.Repeat("A very long name ", 20), strings.Repeat("A very long name ", 20) + "!", strings.Repeat("ß", 300), "", "   ", "_raw", "id", "Issue_ID",
		`He said "no"; DROP TABLE x --`, "a\nb", "Größe", "GRÖSSE", "Customer ID", "Customer-ID", "Description markdown", "名前", "field 2nd approver",
	} {
		types := [][3]string{{"option", "", ""}, {"number", "", ""}, {"string", "", "x:textarea"}, {"user", "", ""}, {"array", "option", ""}}[i%5]
		fields = append(fields, customField(20_000+i, name, types[0], types[1], types[2]))
	}
	return fields
}

// The order in which a site lists its fields decides nothing.
func TestDDLDoesNotDependOnTheOrderOfFields(t *testing.T) {
	fields := oddFields()
	ddl := func() string {
		tables, _, err := pipeline.Tables(table.DefaultSite, fetch.Selection{Custom: fields}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(append(duckdb.DDL(tables), snowflake.DDL(tables, "jira")...), ";\n")
	}
	want := ddl()
	for range 1000 {
		rand.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		if ddl() != want {
			t.Fatal("another order of fields gave other statements")
		}
	}
}

// Odd names become columns of both destinations, each with its own field.
func TestOddNamesOfFields(t *testing.T) {
	b := newBoth(t)
	fields := oddFields()
	m := &madeUp{fields: fields, issues: map[int64]string{}}
	for i, f := range fields {
		value := []string{`{"id":"%d","value":"v"}`, `%d`, `"%d"`, `{"key":"%d"}`, `[{"id":"%d","value":"v"}]`}[i%5]
		m.issues[int64(20_000+i)] = fmt.Sprintf(`%q:`+value, f.ID, 20_000+i)
	}
	b.load(m)
	tables, ledger, err := pipeline.Tables(table.DefaultSite, m.Fields(), nil)
	if err != nil {
		t.Fatal(err)
	}
	columns := b.describe()
	for name, have := range columns {
		if len(have) != len(tables[0].Columns) {
			t.Errorf("%s has %d columns, want %d", name, len(have), len(tables[0].Columns))
		}
	}
	var filled []string
	for _, a := range ledger {
		filled = append(filled, fmt.Sprintf(`MAX(CASE WHEN "%s" IS NOT NULL THEN id END), COUNT("%[1]s")`, a.Column))
	}
	b.each(func(name string, w load.Warehouse) {
		query := "SELECT " + strings.Join(filled, ", ") + " FROM issues"
		if name == "Snowflake" {
			query = strings.ToUpper(query)
		}
		row := allRows(t, w, query)[0]
		for i, a := range ledger {
			if id, n := fmt.Sprint(row[2*i]), fmt.Sprint(row[2*i+1]); n != "0" && (n != "1" || "customfield_"+id != a.Field) {
				t.Errorf("%s: %s, the column of %s, is filled for %s issues, one of them %s", name, a.Column, a.Field, n, id)
			}
			if a.Suffix == "_id" || a.Suffix == "_ids" || a.Type == table.Float {
				if fmt.Sprint(row[2*i+1]) != "1" {
					t.Errorf("%s: %s, the column of %s, is empty", name, a.Column, a.Field)
				}
			}
		}
	})
}

// What becomes of columns when fields are renamed, retyped, deleted and made
// again between runs: no value is lost, and SQL of the first day goes on to work.
func TestFieldsChangeBetweenRuns(t *testing.T) {
	b := newBoth(t)
	const first = `SELECT story_points, notes FROM issues WHERE id IN (1, 2) ORDER BY id`
	points, notes := customField(10016, "Story Points", "number", "", ""), customField(10030, "Notes", "string", "", "")
	m := &madeUp{fields: []jira.Field{points, notes}}
	step := func(title, query, want string) {
		t.Helper()
		b.load(m)
		for _, q := range [][2]string{{query, want}, {first, ""}} {
			b.query(q[0], func(name string, rows [][]any) {
				got := strings.ReplaceAll(fmt.Sprint(rows), "<nil>", "∅")
				if q[1] != "" && got != q[1] {
					t.Errorf("%s, %s: %s\n got %s\nwant %s", title, name, q[0], got, q[1])
				}
				if len(rows) != 2 {
					t.Errorf("%s, %s: the query of the first day finds %v", title, name, rows)
				}
			})
		}
	}

	m.issues = map[int64]string{1: `"customfield_10016":3.0,"customfield_10030":"a"`, 2: `"customfield_10016":5`}
	step("first load", first, "[[3 a] [5 ∅]]")

	points.Name = "Estimate"
	m.fields = []jira.Field{notes, points}
	m.issues[2] = `"customfield_10016":8`
	step("renamed", first, "[[3 a] [8 ∅]]")
	for name, columns := range b.describe() {
		if c := columns["story_points"].comment; !strings.Contains(c, "Estimate") || !strings.Contains(c, "customfield_10016") {
			t.Errorf("%s: the comment on a renamed field's column is %q", name, c)
		}
	}

	points.Schema.Type = "string"
	m.fields = []jira.Field{points, notes}
	m.issues[1] = `"customfield_10016":"L","customfield_10030":"a"`
	step("retyped", `SELECT story_points, estimate_text FROM issues ORDER BY id`, "[[3 L] [8 8]]")

	m.fields = []jira.Field{notes}
	m.issues[1], m.issues[2] = `"customfield_10030":"b"`, `"customfield_10030":"c"`
	step("deleted", `SELECT story_points, estimate_text, notes FROM issues ORDER BY id`, "[[3 L b] [8 8 c]]")

	again := customField(10099, "Story Points", "number", "", "")
	m.fields = []jira.Field{again, notes}
	m.issues[1] = `"customfield_10099":13,"customfield_10030":"b"`
	step("made again", `SELECT story_points, story_points_10099, notes FROM issues ORDER BY id`, "[[3 13 b] [8 ∅ c]]")

	points.Schema.Type = "number"
	m.fields = []jira.Field{again, points, notes}
	m.issues[2] = `"customfield_10016":21,"customfield_10030":"c"`
	step("its type again", `SELECT story_points, estimate_text, story_points_10099, notes FROM issues ORDER BY id`, "[[3 L 13 b] [21 8 ∅ c]]")
}

// A name that is given later makes a second column, filled for every issue; the
// first stays and is filled too.
func TestNameGivenLater(t *testing.T) {
	b := newBench(t, jirasim.Options{Issues: 120, Seed: 11})
	b.run(pipeline.Complete)
	const both = "SELECT count(story_point_estimate), count(points), count(*) FILTER (points IS DISTINCT FROM story_point_estimate) FROM issues"
	b.names = map[string]string{"points": "Story point estimate"}
	report := b.run(pipeline.Complete)
	if len(report.Plan) == 0 || !strings.Contains(report.Plan[0], "names given: points: customfield_10016") {
		t.Errorf("the plan says %q", report.Plan)
	}
	if got := b.rows(both)[0]; got[0] == "0" || got[0] != got[1] || got[2] != "0" {
		t.Errorf("cells in the first and the second column, and different ones: %v", got)
	}
	b.names = nil
	id := b.sim.IDs()[3]
	b.do(func() error { return b.sim.EditField(id, "customfield_10016", []byte("77")) })
	if report = b.run(pipeline.Complete); strings.Contains(fmt.Sprint(report.Plan), "everything") {
		t.Errorf("a name taken back makes a run read everything again: %q", report.Plan)
	}
	b.want(fmt.Sprintf("SELECT points || ' ' || story_point_estimate FROM issues WHERE id = %d", id), "77.0 77.0")
	b.names = map[string]string{"status": "customfield_10016"}
	if _, err := b.try(t.Context()); err == nil || !strings.Contains(err.Error(), "issues has a column status of its own") {
		t.Errorf("a name that is taken: %v", err)
	}
}

// Rich text becomes what is asked for, everywhere, also of issues that were
// loaded otherwise before.
func TestRichTextChoice(t *testing.T) {
	b := newBench(t, jirasim.Options{Issues: 80, Seed: 12})
	b.tables = []string{"issue_comments", "issue_worklogs"}
	b.run(pipeline.Complete)
	b.text = table.BothTexts
	b.run(pipeline.Complete)
	n := 0
	for _, row := range b.rows("SELECT description, description_markdown, CAST(_raw AS VARCHAR) FROM issues WHERE description IS NOT NULL") {
		n += b.wantTexts(rawjson.Lookup(rawjson.Lookup([]byte(row[2]), "fields"), "description"), row[0], row[1])
	}
	for _, query := range []string{
		"SELECT body_raw, body, body_markdown FROM issue_comments WHERE body IS NOT NULL",
		"SELECT comment_raw, comment, comment_markdown FROM issue_worklogs WHERE comment IS NOT NULL",
	} {
		for _, row := range b.rows(strings.Replace(query, "_raw", "_raw::VARCHAR", 1)) {
			n += b.wantTexts([]byte(row[0]), row[1], row[2])
		}
	}
	if n < 50 {
		t.Errorf("%d texts compared", n)
	}
	b.want("SELECT count(*) FROM issues WHERE sample_textarea IS DISTINCT FROM NULL AND sample_textarea_markdown IS NULL", "0")
	if reflect.DeepEqual(b.rows("SELECT description FROM issues ORDER BY id"), b.rows("SELECT description_markdown FROM issues ORDER BY id")) {
		t.Error("Markdown is plain text")
	}
}

// wantTexts compares both renderings of a document.
func (b *bench) wantTexts(doc []byte, plain, markdown string) int {
	b.t.Helper()
	text, md := adf.Valid(doc).AppendText(nil), adf.Valid(doc).AppendMarkdown(nil)
	if string(text) != plain || string(md) != markdown {
		b.t.Errorf("of a document of %d bytes: plain text %q, want %q; Markdown %q, want %q", len(doc), plain, text, markdown, md)
	}
	return 1
}
