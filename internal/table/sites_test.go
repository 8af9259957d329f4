package table

import (
	"reflect"
	"slices"
	"testing"
)

// TestSitesShareColumns: which columns the fields of a second site get.
func TestSitesShareColumns(t *testing.T) {
	field := func(id, name, typ string) Field { return Field{ID: "customfield_" + id, Name: name, Type: typ} }
	for _, tt := range []struct {
		title  string
		first  []Field
		second []Field
		want   []string // columns of the second site
	}{
		{"the same name and type", []Field{field("16", "Story Points", "number")}, []Field{field("40", "Story points", "number")}, []string{"story_points"}},
		{"all parts", []Field{field("16", "Severity", "option")}, []Field{field("40", "Severity", "option")}, []string{"severity", "severity_id"}},
		{"another type", []Field{field("16", "Story Points", "number")}, []Field{field("40", "Story Points", "string")}, []string{"story_points_40"}},
		{"fewer parts", []Field{field("16", "Severity", "option")}, []Field{field("40", "Severity", "string")}, []string{"severity_40"}},
		{"more parts", []Field{field("16", "Severity", "string")}, []Field{field("40", "Severity", "option")}, []string{"severity_40", "severity_40_id"}},
		{"the same id, another name", []Field{field("16", "Story Points", "number")}, []Field{field("16", "Team", "string")}, []string{"team"}},
		{"two of the name there", []Field{field("16", "Team", "string"), field("17", "Team", "string")}, []Field{field("40", "Team", "string")}, []string{"team"}},
		{"two of the name here", []Field{field("16", "Team", "string")}, []Field{field("40", "Team", "string"), field("41", "Team", "string")}, []string{"team_40", "team_41"}},
		{"two of the name at both, with the same ids", []Field{field("16", "Team", "string"), field("17", "Team", "string")},
			[]Field{field("16", "Team", "string"), field("17", "Team", "string")}, []string{"team_16", "team_17"}},
		{"a name that is another one's part", []Field{field("16", "Team", "option")}, []Field{field("40", "Team ID", "number")}, []string{"team_id_40"}},
		{"a part that is another one's name", []Field{field("16", "Team ID", "number")}, []Field{field("40", "Team", "option")}, []string{"team_40", "team_40_id"}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			_, ledger := Custom("a", tt.first, nil)
			got, both := Custom("b", tt.second, ledger)
			var columns []string
			for _, c := range got {
				columns = append(columns, c.Name)
			}
			if !slices.Equal(columns, tt.want) {
				t.Errorf("got %q, want %q", columns, tt.want)
			}
			if !reflect.DeepEqual(both[:len(ledger)], ledger) {
				t.Errorf("the ledger changed from %v to %v", ledger, both)
			}
			if again, same := Custom("b", tt.second, both); !reflect.DeepEqual(again, got) || !reflect.DeepEqual(same, both) {
				t.Errorf("again: %v, %v", again, same)
			}
			if _, same := Custom("a", tt.first, both); !reflect.DeepEqual(same, both) {
				t.Errorf("the first site again: %v", same)
			}
		})
	}
}

// TestSharedColumnsAreDocumentedAlike: each site's run says the same of a column
// that it shares, or they would overwrite each other's comments for ever.
func TestSharedColumnsAreDocumentedAlike(t *testing.T) {
	a, b := Field{ID: "customfield_16", Name: "Story Points", Type: "number"}, Field{ID: "customfield_40", Name: "story points", Type: "number"}
	first, ledger := Custom("emea", []Field{a}, nil)
	second, ledger := Custom("apac", []Field{b}, ledger)
	a.Name = "Renamed"
	again, _ := Custom("emea", []Field{a}, ledger)
	const want = "story points (apac customfield_40, emea customfield_16)."
	if second[0].Doc != want || again[0].Doc != want {
		t.Errorf("got %q and %q, want %q", second[0].Doc, again[0].Doc, want)
	}
	if alone := "Story Points (customfield_16, number)."; first[0].Doc != alone {
		t.Errorf("got %q, want %q", first[0].Doc, alone)
	}
}

// TestLedgersWithoutSites: those of versions that could load one site are of the
// default one.
func TestLedgersWithoutSites(t *testing.T) {
	ledger := []Assignment{{Field: "customfield_16", Type: Float, Column: "points", Name: "Points"}}
	points := []Field{{ID: "customfield_16", Name: "Points", Type: "number"}}
	if cols, same := Custom(DefaultSite, points, ledger); cols[0].Name != "points" || !reflect.DeepEqual(same, ledger) {
		t.Errorf("default site: %v, %v", cols, same)
	}
	if cols, both := Custom("b", points, ledger); cols[0].Name != "points" || len(both) != 2 || both[1].Site != "b" {
		t.Errorf("another site: %v, %v", cols, both)
	}
}
