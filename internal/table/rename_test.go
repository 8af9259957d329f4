package table

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func namesOf(cols []Column) (names []string) {
	for _, c := range cols {
		names = append(names, c.Name)
	}
	return names
}

// A name that the user gives is that of the column, with all parts.
func TestGivenNames(t *testing.T) {
	points := Field{ID: "customfield_10016", Name: "Story point estimate", Type: "number", Column: "story_points"}
	other := Field{ID: "customfield_10026", Name: "Story Points", Type: "number"}
	squad := Field{ID: "customfield_3", Name: "Team", Type: "option", Column: "squad"}
	cols, ledger := Custom(DefaultSite, []Field{points, other, squad}, nil)
	if got := namesOf(cols); !slices.Equal(got, []string{"squad", "squad_id", "story_points", "story_points_10026"}) {
		t.Errorf("columns %q", got)
	}
	if !slices.ContainsFunc(ledger, func(a Assignment) bool { return a.Column == "story_points" && a.Name == "Story point estimate" }) {
		t.Errorf("ledger %+v", ledger)
	}
	again, same := Custom(DefaultSite, []Field{squad, points, other}, ledger)
	if !reflect.DeepEqual(again, cols) || !reflect.DeepEqual(same, ledger) {
		t.Errorf("asked again: %q", namesOf(again))
	}
	points.Column = "" // taken back: the column stays
	if kept, _ := Custom(DefaultSite, []Field{points, other, squad}, ledger); !reflect.DeepEqual(kept, cols) {
		t.Errorf("without the name: %q", namesOf(kept))
	}
}

// A field that has a column already gets a second one, and both are filled.
func TestGivenNameOfAFieldThatHasAColumn(t *testing.T) {
	f := Field{ID: "customfield_10016", Name: "Story point estimate", Type: "number"}
	_, ledger := Custom(DefaultSite, []Field{f}, nil)
	f.Column = "story_points"
	cols, ledger := Custom(DefaultSite, []Field{f}, ledger)
	if got := namesOf(cols); !slices.Equal(got, []string{"story_point_estimate", "story_points"}) || len(ledger) != 2 {
		t.Errorf("columns %q, ledger %+v", got, ledger)
	}
	f.Type = "string"
	cols, ledger = Custom(DefaultSite, []Field{f}, ledger)
	if got := namesOf(cols); !slices.Equal(got, []string{"story_points_text"}) || len(ledger) != 3 {
		t.Errorf("as a text: columns %q, ledger %+v", got, ledger)
	}
}

func TestCheckNames(t *testing.T) {
	named := func(id, column, typ string) Field { return Field{ID: id, Name: "F", Type: typ, Column: column} }
	ledger := []Assignment{{Field: "customfield_9", Type: Float, Column: "cost", Name: "Cost"}, {Field: "customfield_9", Suffix: "_id", Type: Int, Column: "team_id", Name: "Team ID"}}
	for _, tt := range []struct {
		title  string
		fields []Field
		want   string // "" is no error
	}{
		{"free names", []Field{named("customfield_1", "a", "number"), named("customfield_2", "b", "number")}, ""},
		{"its own column", []Field{named("customfield_9", "cost", "number")}, ""},
		{"a column of Jira's own", []Field{named("customfield_1", "status", "number")}, "issues has a column status of its own"},
		{"a Markdown column", []Field{named("customfield_1", "description_markdown", "number")}, "issues has a column description_markdown"},
		{"a column of another field", []Field{named("customfield_1", "cost", "number")}, "the column cost holds customfield_9 (Cost) and keeps it"},
		{"a part that another field has", []Field{named("customfield_1", "team", "option")}, "the column team_id holds customfield_9"},
		{"a part that another one wants", []Field{named("customfield_1", "a", "option"), named("customfield_2", "a_id", "number")}, "would also be one of customfield_1"},
	} {
		t.Run(tt.title, func(t *testing.T) {
			err := CheckNames(DefaultSite, tt.fields, ledger)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"story_points", "größe", "a1"} {
		if err := CheckName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "_x", "Story", "a b", "a-b", "1a", "order", strings.Repeat("a", 200), "🚀", `a"b`} {
		if CheckName(name) == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

// Rich text that is to be something else, too, has its columns beside each other.
func TestMarkdownBesideText(t *testing.T) {
	f := Field{ID: "customfield_1", Name: "Notes", Type: "string", Custom: "x:textarea"}
	for _, order := range [][]RichTexts{{PlainText, BothTexts}, {MarkdownText, BothTexts}, {PlainText, MarkdownText, BothTexts}} {
		var cols []Column
		var ledger []Assignment
		for _, f.Text = range order {
			cols, ledger = Custom(DefaultSite, []Field{f}, ledger)
		}
		if got := namesOf(cols); !slices.Equal(got, []string{"notes", "notes_markdown"}) {
			t.Errorf("%q: %q", order, got)
		}
	}
}

// What rich text is made of, in columns of Jira's own and of custom fields.
func TestRichTexts(t *testing.T) {
	notes := Field{ID: "customfield_1", Name: "Notes", Type: "string", Custom: "x:textarea"}
	for _, tt := range []struct {
		text RichTexts
		want []string
	}{
		{PlainText, []string{"description", "notes", "body", "body_raw"}},
		{MarkdownText, []string{"description_markdown", "notes_markdown", "body_markdown", "body_raw"}},
		{BothTexts, []string{"description", "description_markdown", "notes", "notes_markdown", "body", "body_markdown", "body_raw"}},
	} {
		notes.Text = tt.text
		custom, _ := Custom(DefaultSite, []Field{notes}, nil)
		cols := append(Issues(custom, nil).WithText(tt.text).Columns, comments().WithText(tt.text).Columns...)
		var got []string
		for _, c := range cols {
			if strings.HasPrefix(c.Name, "description") || strings.HasPrefix(c.Name, "notes") || strings.HasPrefix(c.Name, "body") {
				got = append(got, c.Name)
			}
			if md := strings.HasSuffix(c.Name, markdown); md != (c.Form == RichMarkdown) || md && !strings.HasPrefix(c.Name, "notes") && !strings.Contains(c.Doc, "Markdown") {
				t.Errorf("%s: form %d, %s", c.Name, c.Form, c.Doc)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}
