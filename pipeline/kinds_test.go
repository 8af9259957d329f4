package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// TestKindsInBothDestinations loads the golden table of field values, which the
// flattener is tested by (stages/flatten/testdata/kinds.jsonl), into both
// destinations, and holds every cell and the type of every column against it.
func TestKindsInBothDestinations(t *testing.T) {
	cases := goldenKinds(t)
	m := &madeUp{issues: map[int64]string{}}
	for _, c := range cases {
		if c.custom() {
			m.fields = append(m.fields, customField(c.number, c.name(), c.Field.Type, c.Field.Items, c.Field.Custom))
		}
		m.issues[int64(c.number)] = c.members()
	}
	b := newBoth(t)
	b.load(m)
	columns := b.describe()
	checked := 0
	b.each(func(name string, w load.Warehouse) {
		for _, c := range cases {
			checked += c.check(t, name, w, columns[name])
		}
	})
	if len(cases) < 60 || checked < 2*len(cases) {
		t.Errorf("%d cases and %d cells", len(cases), checked)
	}
}

// goldenKind is a line of the golden table.
type goldenKind struct {
	number int
	Title  string
	Field  struct{ ID, Type, Items, Custom string }
	Value  json.RawMessage
	Want   []string // column, type, cell
}

func goldenKinds(t *testing.T) (cases []goldenKind) {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "stages", "flatten", "testdata", "kinds.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(file) {
		c := goldenKind{number: 20_000 + len(cases)}
		if err := json.Unmarshal(line, &c); err != nil {
			t.Fatal(err)
		}
		if c.Field.ID[0] != '.' { // what every issue has is tested everywhere
			cases = append(cases, c)
		}
	}
	return cases
}

func (c goldenKind) custom() bool { return strings.HasPrefix(c.Field.ID, "customfield_") }

// name is that of the case's field: every case has one of its own.
func (c goldenKind) name() string { return fmt.Sprintf("F %d", c.number) }

// members are the fields of the case's issue.
func (c goldenKind) members() string {
	id := c.Field.ID
	if c.custom() {
		id = fmt.Sprintf("customfield_%d", c.number)
	}
	if len(c.Value) == 0 {
		return ""
	}
	return strconv.Quote(id) + ":" + string(c.Value)
}

// check compares the case's cells and the types of their columns, and returns
// how many there were.
func (c goldenKind) check(t *testing.T, destination string, w load.Warehouse, columns map[string]described) (n int) {
	t.Helper()
	for _, want := range c.Want {
		if strings.HasPrefix(want, "! ") {
			continue // a value error: the cell is NULL, as another line says
		}
		p := strings.SplitN(want, " ", 3)
		column, text := p[0], p[2]
		if c.custom() {
			column = fmt.Sprintf("f_%d", c.number) + strings.TrimPrefix(column, "f")
		}
		kind, err := table.ParseType(p[1])
		if err != nil {
			t.Fatal(err)
		}
		if got := columns[column].kind; got != ddlNames[destination][kind] {
			t.Errorf("%s, %s: %s is %s, want %s", destination, c.Title, column, got, ddlNames[destination][kind])
		}
		selected := `"` + column + `"`
		switch {
		case destination == "Snowflake":
			selected = strings.ToUpper(selected)
		case kind == table.JSON, kind == table.List:
			selected = "CAST(to_json(" + selected + ") AS VARCHAR)"
		}
		got := allRows(t, w, fmt.Sprintf("SELECT %s FROM issues WHERE id = %d", selected, c.number))
		if destination == "Snowflake" && strings.Contains(c.Title, "beyond a double") { // no document for a VARIANT, which keeps its text
			text = strconv.Quote(text)
		}
		if len(got) != 1 || cell(kind, got[0][0]) != goldenCell(t, kind, text) {
			t.Errorf("%s, %s: %s holds %v, want %s", destination, c.Title, column, got, text)
		}
		n++
	}
	return n
}

// goldenCell writes a cell of the golden table as cell does.
func goldenCell(t *testing.T, kind table.Type, text string) string {
	t.Helper()
	switch {
	case text == "NULL":
		return "∅"
	case kind == table.Text:
		plain, err := strconv.Unquote(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return plain
	case kind == table.JSON, kind == table.List:
		return canonical(text)
	case kind == table.Timestamp:
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return cell(kind, at)
	}
	return text
}
