package state

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// full is a state in which everything is set.
func full() *State {
	yes, rows := true, int64(3)
	return &State{
		Version: Version, Pipeline: "jira", Site: "https://jira.example.com",
		Asked:    Asked{Query: `project = "TO"`, Fields: []string{"*all", "-comment"}, Tables: []string{"issues"}, Names: []string{"points: customfield_10016"}, Text: "both"},
		SiteName: "emea", Names: map[string][]string{"customfield_10016": {"Estimate"}}, Unsettled: true, Settled: 1732877091121, Unseen: NewIDs(10002, 10007), Owed: NewIDs(10003), Keys: map[int64]string{10100: "TO"}, Mixed: true, Rewrite: true, Rows: &rows, Kinds: map[string]string{"customfield_10016": "number"}, Left: map[string]int64{"labels": 1732877091122}, Proven: 1732877091124, Deep: Deep{Proven: 1732877091125, Gone: 10001},
		Load:   &Load{Since: 1732877091123, Partitions: []*stages.Partition{{Name: "TO 2020", JQL: "project = 1", Expected: 12}, {Name: "TO 2021", JQL: "project = 1 AND created >= 2021-01-01", Expected: -1}}, Done: []string{"TO 2020"}},
		Cursor: 1732877091123,
		Recent: []stages.Ref{{ID: 1<<63 - 1, Updated: 253402300799999, Hash: 1<<64 - 1}, {ID: 2, Hash: 1}},
		// Numbers beyond 2^53 are those that a detour through float64 would change.
		Digest: Digest{Count: 2, Sum: Prime - 1}, EpochMillis: &yes, Commit: "r1.3", Dimensions: map[string]int64{"projects": 1732877091123, "users": 0},
		Columns: []table.Assignment{{Site: "emea", Field: "customfield_10016", Type: table.Float, Column: "story_points", Name: "Story Points"}, {Field: "customfield_10020", Suffix: "_ids", Type: table.List, Column: "sprint_ids", Name: "Sprint"}},
	}
}

func TestStateSurvivesExportAndImport(t *testing.T) {
	for _, s := range []*State{full(), New("jira")} {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, s) {
			t.Errorf("got  %+v\nwant %+v", got, s)
		}
	}
}

// A field that is added to State without a thought about full would make the
// tests above look at zero values.
func TestFullStateHasEverything(t *testing.T) {
	v := reflect.ValueOf(*full())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("full() leaves %s out", v.Type().Field(i).Name)
		}
	}
	for asked, i := v.FieldByName("Asked"), 0; i < asked.NumField(); i++ {
		if asked.Field(i).IsZero() {
			t.Errorf("full() leaves Asked.%s out", asked.Type().Field(i).Name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                               "read state: it is not one that snowdrift wrote: unexpected end",
		`[]`:                              "read state:",
		`{"pipeline":"jira"}`:             "not one that snowdrift wrote: it has no version",
		`{}`:                              "not one that snowdrift wrote",
		`{"version":2,"pipeline":"jira"}`: "use the newer snowdrift",
		`{"version":2,"columns":7}`:       "use the newer snowdrift", // its form is its own
		`{"owed":{"a":1},"version":2}`:    "use the newer snowdrift",
		`{"version":1}`:                   "names no pipeline",
		`{"version":1,"pipeline":"jira","columns":[{"type":"blob"}]}`: `unknown column type "blob"`,
	} {
		s, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%s) = %v, %v; want an error with %q", text, s, err, want)
		}
	}
}

func TestClearedKeepsWhatIsOfTheRows(t *testing.T) {
	want := New("jira")
	want.Columns, want.Names, want.SiteName = full().Columns, full().Names, full().SiteName
	want.Asked, want.Kinds, want.Left, want.Rewrite, want.Unsettled = full().Asked, full().Kinds, full().Left, true, true
	if got := full().Cleared(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestClaim(t *testing.T) {
	old := full()
	old.SiteName = "" // written by a version that knew no names
	for _, tt := range []struct {
		title string
		state *State
		name  string
		want  string // SiteName then; "" for a refusal
	}{
		{"never ran", New("jira"), "emea", "emea"},
		{"the same", full(), "emea", "emea"},
		{"another", full(), "apac", ""},
		{"another, cleared", full().Cleared(), "apac", ""},
		{"the same, cleared", full().Cleared(), "emea", "emea"},
		{"old", old, "apac", ""},
		{"old and cleared", old.Cleared(), "apac", ""},
		{"old and cleared, default name", old.Cleared(), table.DefaultSite, table.DefaultSite},
	} {
		err := tt.state.Claim(tt.name)
		switch {
		case tt.want == "" && !errors.Is(err, ErrOtherName):
			t.Errorf("%s: %v", tt.title, err)
		case tt.want != "" && (err != nil || tt.state.SiteName != tt.want):
			t.Errorf("%s: %q, %v", tt.title, tt.state.SiteName, err)
		}
	}
	before := old.Clone()
	if err := old.Claim(table.DefaultSite); err != nil || !reflect.DeepEqual(old, before) {
		t.Errorf("the default name changed an old state to %+v, %v", old, err) // and made a commit of an idle run
	}
}

func TestNoteName(t *testing.T) {
	s := full()
	s.NoteName("customfield_10016", "Story Points") // its column says so
	s.NoteName("customfield_10016", "Estimate")     // known
	if !reflect.DeepEqual(s, full()) {
		t.Errorf("got %+v", s)
	}
	old := New("jira") // written by a version that knew no names of sites
	old.Site, old.Columns = "https://jira.example.com", []table.Assignment{{Field: "customfield_10016", Name: "Story Points"}}
	if old.NoteName("customfield_10016", "Story Points"); old.Names != nil {
		t.Errorf("the name of a column was noted: %v", old.Names)
	}
	s.NoteName("customfield_10016", "Size")
	s.NoteName("customfield_99", "Size")
	if want := map[string][]string{"customfield_10016": {"Estimate", "Size"}, "customfield_99": {"Size"}}; !reflect.DeepEqual(s.Names, want) {
		t.Errorf("got %v, want %v", s.Names, want)
	}
}

func TestCloneSharesNothingThatChanges(t *testing.T) {
	s := full()
	c := s.Clone()
	if !reflect.DeepEqual(c, s) {
		t.Fatalf("got %+v, want %+v", c, s)
	}
	c.Recent[0].ID = 7
	c.Columns[0].Column = "other"
	c.Load.Done = append(c.Load.Done[:0], "TO 2021")
	c.NoteName("customfield_10016", "Size")
	c.NoteName("customfield_10020", "Iteration")
	c.Kinds["customfield_10020"], c.Left["labels"] = "sprint", 7
	c.Load.Since = 7
	c.Cursor = 7
	if !reflect.DeepEqual(s, full()) {
		t.Errorf("a change of the clone changed the original: %+v", s)
	}
}

func TestOpenPartitions(t *testing.T) {
	l := full().Load
	if open := l.Open(); len(open) != 1 || open[0] != l.Partitions[1] {
		t.Errorf("got %v, want the second partition", open)
	}
	l.Done = append(l.Done, "TO 2021", "one that is not there any more")
	if open := l.Open(); len(open) != 0 {
		t.Errorf("got %v, want none", open)
	}
}

func TestChangesOfWhatIsAsked(t *testing.T) {
	before := Asked{Query: "project = 1", Fields: []string{"summary", "status"}, Tables: []string{"issues"}}
	for _, tt := range []struct {
		title string
		after Asked
		want  []string
	}{
		{"nothing", before, nil},
		{"another order", Asked{Query: "project = 1", Fields: []string{"status", "summary"}, Tables: []string{"issues"}}, nil},
		{"the query", Asked{Query: "project = 2", Fields: before.Fields, Tables: before.Tables},
			[]string{"the query changed from «project = 1» to «project = 2»"}},
		{"no query", Asked{Fields: before.Fields, Tables: before.Tables},
			[]string{"the query changed from «project = 1» to all issues"}},
		{"fields and tables", Asked{Query: "project = 1", Fields: []string{"status", "labels", "votes"}, Tables: []string{"issues", "users"}},
			[]string{"fields added: labels, votes", "fields no longer asked for: summary", "tables added: users"}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			if got := tt.after.Changes(before); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFingerprintTellsQuestionsApart(t *testing.T) {
	asked := []Asked{
		{}, {Query: "a"}, {Fields: []string{"a"}}, {Tables: []string{"a"}},
		{Fields: []string{"a", "b"}}, {Fields: []string{"a,b"}}, {Query: "a", Fields: []string{"b"}},
	}
	seen := map[string]int{}
	for i, a := range asked {
		f := a.Fingerprint()
		if j, there := seen[f]; there {
			t.Errorf("%+v and %+v have the fingerprint %s", a, asked[j], f)
		}
		seen[f] = i
		if f != a.Fingerprint() {
			t.Errorf("%+v has two fingerprints", a)
		}
	}
}
