package table

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/realdata"
)

// The fields of a real site with hundreds of them get readable names, each its
// own, in whatever order Jira lists them. Messages hold counts and ids only.
func TestNamesOfRealFields(t *testing.T) {
	sites := 0
	for _, line := range realdata.Lines(t, realdata.Path(t, "responses", "redhat_misc.jsonl")) {
		var answer struct {
			URL  string
			Body json.RawMessage
		}
		if json.Unmarshal(line, &answer) != nil || !strings.HasSuffix(answer.URL, "/field") {
			continue
		}
		var list []struct {
			ID, Name string
			Custom   bool
			Schema   struct{ Type, Items, Custom string }
		}
		if json.Unmarshal(answer.Body, &list) != nil {
			continue // a refusal
		}
		var fields []Field
		for _, f := range list {
			if f.Custom {
				fields = append(fields, Field{ID: f.ID, Name: f.Name, Type: f.Schema.Type, Items: f.Schema.Items, Custom: f.Schema.Custom})
			}
		}
		if sites++; sites == 1 {
			checkNames(t, fields)
		}
	}
	if sites == 0 {
		t.Error("no list of fields was found")
	}
}

func checkNames(t *testing.T, fields []Field) {
	t.Helper()
	columns, ledger := Custom(DefaultSite, fields, nil)
	seen := map[string]bool{}
	for _, c := range Issues(columns, nil).Columns {
		if seen[strings.ToUpper(c.Name)] {
			t.Errorf("a second column with the name of that of %s", c.Field)
		}
		seen[strings.ToUpper(c.Name)] = true
	}
	byID, numbered := 0, 0
	for _, a := range ledger {
		number := a.Field[strings.LastIndexByte(a.Field, '_'):]
		switch {
		case strings.HasPrefix(a.Column, "customfield_"):
			byID++
		case strings.Contains(a.Column, number):
			numbered++
		}
		if len(a.Column) > maxName+20 || CheckName(strings.TrimSuffix(a.Column, "_")) != nil && !reserved[strings.TrimSuffix(a.Column, "_")] && a.Column[len(a.Column)-1] != '_' {
			t.Errorf("the name of the column of %s does not work unquoted", a.Field)
		}
	}
	if byID > 0 || numbered > len(ledger)/5 {
		t.Errorf("of %d columns %d are called by the id of their field and %d need its number", len(ledger), byID, numbered)
	}
	t.Logf("%d fields, %d columns, %d with a number behind the name", len(fields), len(ledger), numbered)
	for range 100 {
		rand.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		if again, _ := Custom(DefaultSite, fields, nil); !reflect.DeepEqual(again, columns) {
			t.Fatal("another order of fields gave other columns")
		}
	}
}
