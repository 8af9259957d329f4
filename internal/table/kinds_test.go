package table

import (
	"slices"
	"strings"
	"testing"
)

// Every row of the table of kinds is the first match for the fields that it
// describes: none stands behind a more general one.
func TestEveryKindIsReachable(t *testing.T) {
	for _, k := range Kinds() {
		f := Field{ID: "customfield_1", Type: k.Type, Items: k.Items}
		if k.Custom != "" {
			f.Custom = "com.example.plugin:" + k.Custom
		}
		if got := KindOf(f); got.Name != k.Name {
			t.Errorf("a field made for the kind %s is of the kind %s", k.Name, got.Name)
		}
	}
}

func TestKindOf(t *testing.T) {
	const own = "com.atlassian.jira.plugin.system.customfieldtypes:"
	for _, tt := range []struct {
		field Field
		kind  string
	}{
		{Field{Type: "number", Custom: own + "float"}, "number"},
		{Field{Type: "string", Custom: own + "textarea"}, "text area"},
		{Field{Type: "string", Custom: own + "textfield"}, "text"},
		{Field{Type: "array", Items: "json", Custom: "com.pyxis.greenhopper.jira:gh-sprint"}, "sprint"},
		{Field{Type: "array", Items: "string", Custom: "com.pyxis.greenhopper.jira:gh-sprint"}, "sprint"}, // Data Center
		{Field{Type: "any", Custom: "com.pyxis.greenhopper.jira:gh-lexo-rank"}, "rank"},
		{Field{Type: "any", Custom: "com.atlassian.teams:rm-teams-custom-field-team"}, "team (Data Center)"},
		{Field{Type: "array", Items: "option"}, "options"},
		{Field{Type: "array", Items: "worklog"}, "JSON"},
		{Field{Type: "array"}, "JSON"},
		{Field{Type: "option", Items: "string"}, "option"},
		{Field{Type: "sd-servicelevelagreement"}, "JSON"},
		{Field{Type: "any", Custom: "no colon"}, "JSON"},
		{Field{}, "JSON"},
	} {
		if got := KindOf(tt.field).Name; got != tt.kind {
			t.Errorf("%+v is of the kind %s, want %s", tt.field, got, tt.kind)
		}
	}
}

// The parts of a kind can stand beside each other, and the first is the one
// that has the field's name.
func TestPartsOfKinds(t *testing.T) {
	names := map[string]bool{}
	for _, k := range Kinds() {
		if names[k.Name] {
			t.Errorf("two kinds are called %s", k.Name)
		}
		names[k.Name] = true
		suffixes := map[string]bool{}
		for _, p := range k.Parts {
			if suffixes[p.Suffix] {
				t.Errorf("%s: two parts with the suffix %q", k.Name, p.Suffix)
			}
			suffixes[p.Suffix] = true
			if outer, _ := p.Path.Steps(); outer != 0 {
				t.Errorf("%s: the path %s leads out of the field", k.Name, p.Path)
			}
			if each := strings.Contains(string(p.Path), "[]"); each != (p.Type == List) {
				t.Errorf("%s: the path %q of a %s", k.Name, p.Path, p.Type)
			}
		}
		if k.Parts[0].Suffix != "" {
			t.Errorf("%s: the first part has the suffix %q", k.Name, k.Parts[0].Suffix)
		}
	}
}

func TestKindsIsACopy(t *testing.T) {
	Kinds()[0].Name = "changed"
	if Kinds()[0].Name == "changed" {
		t.Error("who asks for the table of kinds can change it")
	}
}

func TestTypesHaveNamesThatLast(t *testing.T) {
	for typ, name := range map[Type]string{Bool: "bool", Int: "int", Float: "float", Text: "text", Date: "date", Timestamp: "timestamp", JSON: "json", List: "list"} {
		got, err := ParseType(name)
		if err != nil || got != typ || typ.String() != name {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "varchar", "INT"} {
		if typ, err := ParseType(name); err == nil {
			t.Errorf("%q is the type %v", name, typ)
		}
	}
}

// What load, flatten and the documentation rely on.
func TestDescriptionsAreComplete(t *testing.T) {
	for _, tb := range []*Table{Issues(nil, nil), ValueErrors(), Census(), Findings()} {
		seen := map[string]bool{}
		for _, c := range tb.Columns {
			if seen[c.Name] || c.Name != strings.ToLower(c.Name) {
				t.Errorf("%s.%s: twice, or not in lower case", tb.Name, c.Name)
			}
			seen[c.Name] = true
			if c.Type == 0 || !strings.HasSuffix(c.Doc, ".") {
				t.Errorf("%s.%s: no type, or no sentence about it", tb.Name, c.Name)
			}
			if tb.Role == Issue && (c.Source == FromValue) == (c.Field == "") {
				t.Errorf("%s.%s: source and field contradict each other", tb.Name, c.Name)
			}
		}
		for _, k := range tb.Key {
			if tb.Column(k) == nil {
				t.Errorf("%s: the key has %s, the table has not", tb.Name, k)
			}
		}
		if tb.Doc == "" || len(tb.Key) == 0 {
			t.Errorf("%s: no key or no doc", tb.Name)
		}
	}
}

func TestIssuesHaveTheSelectedFields(t *testing.T) {
	custom := []Column{{Name: "points", Type: Float, Field: "customfield_1"}}
	issues := Issues(custom, func(field string) bool { return field == "status" })
	var names []string
	for _, c := range issues.Columns {
		names = append(names, c.Name)
	}
	want := []string{ID, "key", "status", "status_id", "status_category", "points", Raw, Hash, Presence, PresenceEvidence, Pipeline, RunID, LoadedAt, Site}
	if !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	for _, c := range issues.Staged() {
		if slices.Contains([]string{Presence, PresenceEvidence, Pipeline, RunID, LoadedAt, Site}, c.Name) {
			t.Errorf("%s is set by the load and part of a file", c.Name)
		}
	}
}
