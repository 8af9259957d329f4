package table

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

func columnNames(cols []Column) map[string]string {
	names := map[string]string{}
	for _, c := range cols {
		names[c.Field+" "+string(c.Path)] = c.Name
	}
	return names
}

func TestNamesOfCustomFields(t *testing.T) {
	number := func(id, name string) Field { return Field{ID: id, Name: name, Type: "number"} }
	for _, tt := range []struct {
		title  string
		fields []Field
		want   []string // columns, in the order of the fields' ids
	}{
		{"words", []Field{number("customfield_1", "Story Points")}, []string{"story_points"}},
		{"runs of signs", []Field{number("customfield_1", " Cost (in €) / year ")}, []string{"cost_in_year"}},
		{"letters of any script", []Field{number("customfield_1", "Größe ИД")}, []string{"größe_ид"}},
		{"a sharp s survives folding", []Field{number("customfield_1", "Straße")}, []string{"straße"}},
		{"a digit first", []Field{number("customfield_1", "2nd Approver")}, []string{"field_2nd_approver"}},
		{"nothing but an emoji", []Field{number("customfield_1", "🚀")}, []string{"customfield_1"}},
		{"a reserved word", []Field{number("customfield_1", "Order"), number("customfield_2", "GROUP")}, []string{"order_", "group_"}},
		{"a system column's name", []Field{number("customfield_7", "Status")}, []string{"status_7"}},
		{"one name twice", []Field{number("customfield_10021", "Team"), number("customfield_10050", "team")}, []string{"team_10021", "team_10050"}},
		{"a part's name taken by another field",
			[]Field{{ID: "customfield_1", Name: "Team", Type: "option"}, number("customfield_2", "Team ID")},
			[]string{"team_1", "team_1_id", "team_id"}},
		{"cut after 120 bytes", []Field{number("customfield_1", strings.Repeat("long ", 60))}, []string{strings.TrimSuffix(strings.Repeat("long_", 24), "_") + "_l"}},
		{"cut between letters", []Field{number("customfield_1", "a"+strings.Repeat("é", 100))}, []string{"a" + strings.Repeat("é", 60)}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			cols, _ := Custom(DefaultSite, tt.fields, nil)
			var got []string
			for _, c := range cols {
				got = append(got, c.Name)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNamesDoNotDependOnTheOrderOfFields(t *testing.T) {
	var fields []Field
	for i, name := range []string{"Team", "team", "Team ID", "Team 10003", "Status", "🚀", "🚀", "Order", "order", "A b", "a-b", "A_B 10010", "Grösse", "GRÖSSE"} {
		types := []string{"option", "number", "string", "user"}
		fields = append(fields, Field{ID: "customfield_" + string([]byte{'1', '0', '0', byte('0' + i/10), byte('0' + i%10)}), Name: name, Type: types[i%4]})
	}
	want, wantLedger := Custom(DefaultSite, fields, nil)
	for range 1000 {
		rand.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
		got, ledger := Custom(DefaultSite, fields, nil)
		if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(ledger, wantLedger) {
			t.Fatalf("another order gave other columns:\n%v\n%v", columnNames(got), columnNames(want))
		}
	}
	seen := map[string]bool{}
	for _, c := range Issues(want, nil).Columns {
		if folded := strings.ToUpper(c.Name); seen[folded] {
			t.Errorf("column %s twice", c.Name)
		} else {
			seen[folded] = true
		}
	}
}

func TestColumnsBelongToFieldIDs(t *testing.T) {
	points := Field{ID: "customfield_10016", Name: "Story Points", Type: "number"}
	first, ledger := Custom(DefaultSite, []Field{points}, nil)

	renamed := points
	renamed.Name = "Estimate"
	cols, same := Custom(DefaultSite, []Field{renamed}, ledger)
	if cols[0].Name != "story_points" || !reflect.DeepEqual(same, ledger) {
		t.Errorf("a renamed field got column %s and ledger %v", cols[0].Name, same)
	}

	taker := Field{ID: "customfield_10099", Name: "Story Points", Type: "number"}
	cols, ledger = Custom(DefaultSite, []Field{renamed, taker}, ledger)
	if cols[0].Name != "story_points" || cols[1].Name != "story_points_10099" {
		t.Errorf("a field with a used name got %s beside %s", cols[1].Name, cols[0].Name)
	}

	retyped := points
	retyped.Type = "string"
	cols, ledger = Custom(DefaultSite, []Field{retyped, taker}, ledger)
	if cols[0].Name != "story_points_text" || cols[0].Type != Text {
		t.Errorf("a field that changed its type got %s %s", cols[0].Name, cols[0].Type)
	}
	cols, ledger = Custom(DefaultSite, []Field{points, taker}, ledger)
	if !reflect.DeepEqual(cols[0], first[0]) {
		t.Errorf("a field that changed its type back got %v, had %v", cols[0], first[0])
	}
	if len(ledger) != 3 {
		t.Errorf("the ledger has %d entries: %v", len(ledger), ledger)
	}
}

func TestPathSteps(t *testing.T) {
	outer, steps := Path("^histories.[].accountId|key").Steps()
	want := []Step{{Members: []string{"histories"}}, {Each: true}, {Members: []string{"accountId", "key"}}}
	if outer != 1 || !reflect.DeepEqual(steps, want) {
		t.Errorf("got %d %v", outer, steps)
	}
	if _, steps := Path("").Steps(); steps != nil {
		t.Errorf("empty path: %v", steps)
	}
}
