package flatten

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
)

var update = flag.Bool("update", false, "rewrite what testdata/kinds.jsonl wants")

// kindCase is a line of testdata/kinds.jsonl: a field as Jira's /field has it, a
// value as an issue has it (absent when the line has none), and what becomes of
// it: a line for each column, "column type cell", and one for each value error,
// "! column: reason".
type kindCase struct {
	Title string          `json:"title"`
	Field kindField       `json:"field"`
	Value json.RawMessage `json:"value,omitempty"`
	Want  []string        `json:"want"`
}

type kindField struct {
	ID     string `json:"id"`
	Type   string `json:"type,omitempty"`
	Items  string `json:"items,omitempty"`
	Custom string `json:"custom,omitempty"`
}

// columns returns the field's columns as issues has them.
func (f kindField) columns() []table.Column {
	if strings.HasPrefix(f.ID, "customfield_") {
		cols, _ := table.Custom(table.DefaultSite, []table.Field{{ID: f.ID, Name: "F", Type: f.Type, Items: f.Items, Custom: f.Custom}}, nil)
		return cols
	}
	return slices.DeleteFunc(table.Issues(nil, nil).Columns, func(c table.Column) bool { return c.Field != f.ID })
}

// outcome flattens an issue that has the case's value and nothing else.
func (c kindCase) outcome(t *testing.T) []string {
	t.Helper()
	cols := c.Field.columns()
	if len(cols) == 0 {
		t.Fatalf("no column for field %+v", c.Field)
	}
	id := table.Column{Name: table.ID, Type: table.Int, Field: ".id"}
	raw := `{"id":"1","fields":{}}`
	if len(c.Value) > 0 {
		raw = fmt.Sprintf(`{"id":"1","fields":{%q:%s}}`, c.Field.ID, c.Value)
	}
	rows := flattenAll(t, []*table.Table{{Name: "issues", Columns: append(cols, id)}, table.ValueErrors()}, raw)
	if n := rows["issues"].Len(); n != 1 {
		t.Errorf("%d rows: the issue must never be lost", n)
	}
	var out []string
	for _, col := range cols {
		out = append(out, fmt.Sprintf("%s %s %s", col.Name, col.Type, cell(rows["issues"], col.Name, 0)))
	}
	for _, e := range cells(rows[table.ValueErrors().Name], "column_name", "reason") {
		out = append(out, fmt.Sprintf("! %s: %s", strings.Trim(e[0], `"`), strings.Trim(e[1], `"`)))
	}
	return out
}

// Every kind of value that Jira is known to send, and what becomes of it.
func TestKinds(t *testing.T) {
	path := filepath.Join("testdata", "kinds.jsonl")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rewritten bytes.Buffer
	lines := bytes.Split(bytes.TrimSpace(file), []byte("\n"))
	titles := map[string]bool{}
	for n, line := range lines {
		var c kindCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatalf("%s:%d: %v", path, n+1, err)
		}
		if titles[c.Title] {
			t.Errorf("%s:%d: a second case called %q", path, n+1, c.Title)
		}
		titles[c.Title] = true
		t.Run(c.Title, func(t *testing.T) {
			got := c.outcome(t)
			if !*update && !slices.Equal(got, c.Want) {
				t.Errorf("%s:%d:\ngot  %s\nwant %s", path, n+1, strings.Join(got, "\n     "), strings.Join(c.Want, "\n     "))
			}
			c.Want = got
		})
		rewritten.Write(c.line(t))
	}
	if len(lines) < 60 {
		t.Errorf("%d cases, want 60 or more", len(lines))
	}
	if *update {
		if err := os.WriteFile(path, rewritten.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// line returns the case as a line of the file, the value byte for byte: that is
// what the case is about.
func (c kindCase) line(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	part := func(name string, v any) {
		fmt.Fprintf(&b, "%q: ", name)
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
		b.WriteString(", ")
	}
	b.WriteByte('{')
	part("title", c.Title)
	part("field", c.Field)
	if len(c.Value) > 0 {
		fmt.Fprintf(&b, `"value": %s, `, c.Value)
	}
	part("want", c.Want)
	b.Truncate(b.Len() - 2)
	return append(b.Bytes(), "}\n"...)
}

// Each row of the table of kinds has at least one case.
func TestKindsCoverTheTableOfKinds(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "kinds.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	covered := map[string]bool{}
	for line := range bytes.Lines(file) {
		var c kindCase
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Value) > 0 && string(c.Value) != "null" {
			covered[table.KindOf(table.Field{Type: c.Field.Type, Items: c.Field.Items, Custom: c.Field.Custom}).Name] = true
		}
	}
	for _, k := range table.Kinds() {
		if !covered[k.Name] {
			t.Errorf("no case for %s", k.Name)
		}
	}
}

// The limits are in bytes of the text, not of its JSON.
func TestTextsBeyondTheLimit(t *testing.T) {
	field := kindField{ID: "summary"}
	fits := strings.Repeat("x", table.MaxText-1000) + strings.Repeat(`\n`, 1000)
	for _, tt := range []struct {
		title, json string
		fits        bool
	}{
		{"16 MiB of text in more of JSON", `"` + fits + `"`, true},
		{"one byte more", `"` + fits + `x"`, false},
	} {
		t.Run(tt.title, func(t *testing.T) {
			got := kindCase{Field: field, Value: json.RawMessage(tt.json)}.outcome(t)
			refused := got[0] == "summary text NULL" && strings.HasPrefix(got[len(got)-1], "! summary: expected a text of at most 16 MiB, found a string of ")
			if refused == tt.fits {
				t.Errorf("got %.100q …", got)
			}
		})
	}
}
