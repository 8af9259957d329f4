package fetch

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
)

func TestChoiceOfTables(t *testing.T) {
	field := func(id, custom string) jira.Field {
		return jira.Field{ID: id, Name: id, Custom: custom != "", Navigable: id != "comment", Schema: jira.FieldSchema{Custom: custom}}
	}
	site := []jira.Field{field("comment", ""), field("labels", ""), field("worklog", ""), field("project", ""), field("created", ""), field("updated", ""),
		field("customfield_10020", "com.pyxis.greenhopper.jira:gh-sprint"), field("customfield_9", "com.pyxis.greenhopper.jira:gh-sprint")}
	for _, tt := range []struct {
		title          string
		fields, tables []string
		has, lacks     string // tables
		fails          string
	}{
		{"none", nil, nil, "", "issue_labels", ""},
		{"issues alone", nil, []string{"issues"}, "", "issue_labels", ""},
		{"default", nil, []string{table.Default}, "issue_comments issue_labels issue_sprints issue_changelog", "", ""},
		{"a list", nil, []string{"issue_labels", "issues"}, "issue_labels", "issue_comments issue_changelog", ""},
		{"default without a field", []string{"all", "-comment"}, []string{table.Default}, "issue_labels issue_worklogs issue_changelog", "issue_comments", ""},
		{"default with what is navigable", []string{"*navigable"}, []string{table.Default}, "issue_labels", "issue_comments", ""},
		{"default with few fields", []string{"labels"}, []string{table.Default}, "issue_labels issue_changelog", "issue_comments issue_sprints", ""},
		{"a table without its field", []string{"labels"}, []string{"issue_comments"}, "", "", "issue_comments is made of the field comment, which jira.fields does not select: add the field"},
		{"default and a table without its field", []string{"-comment"}, []string{table.Default, "issue_comments"}, "", "", "issue_comments is made of the field comment"},
		{"sprints without their field", []string{"labels"}, []string{"issue_sprints"}, "", "", "the field of gh-sprint, which the site does not have or jira.fields does not select"},
		{"an unknown table", nil, []string{"issue_comment"}, "", "", `tables: names an unknown table "issue_comment"; known are issues, issue_comments, `},
	} {
		t.Run(tt.title, func(t *testing.T) {
			fields, err := selectFields(site, tt.fields)
			if err != nil {
				t.Fatal(err)
			}
			s := &Source{opts: Options{Tables: tt.tables, Log: slog.New(slog.DiscardHandler)}, fields: fields}
			err = s.chooseTables()
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			names := " " + strings.Join(s.fields.tableNames(), " ") + " "
			for _, name := range strings.Fields(tt.has) {
				if !strings.Contains(names, " "+name+" ") {
					t.Errorf("%s is not among%s", name, names)
				}
			}
			for _, name := range strings.Fields(tt.lacks) {
				if strings.Contains(names, " "+name+" ") {
					t.Errorf("%s is among%s", name, names)
				}
			}
			for _, c := range s.fields.Children {
				if c.Name == "issue_sprints" && c.Field != "customfield_9" {
					t.Errorf("sprints come from %q", c.Field)
				}
			}
		})
	}
}

func TestCosts(t *testing.T) {
	for deployment, want := range map[string]string{
		jirasim.Cloud:      "[{issue_changelog 3 one for every 1000 issues, or for fewer if they are large or changed often}]",
		jirasim.DataCenter: "[]",
	} {
		_, s := simulated(t, jirasim.Options{Deployment: deployment, Issues: 1})
		if got := fmt.Sprint(s.Costs(2001, 2)); got != want {
			t.Errorf("%s: %s", deployment, got)
		}
	}
}

// TestDimensionCosts: what the site's projects tell is exact, and the rest is in
// words.
func TestDimensionCosts(t *testing.T) {
	for deployment, projects := range map[string]int64{jirasim.Cloud: 2, jirasim.DataCenter: 1} {
		_, s := simulated(t, jirasim.Options{Deployment: deployment, Issues: 1, Projects: 130})
		got := map[string]int64{}
		for _, c := range s.DimensionCosts(table.Dimensions()) {
			got[c.Table] = c.Requests
			if c.Why == "" {
				t.Errorf("%s: no reason", c.Table)
			}
		}
		for name, want := range map[string]int64{"projects": projects, "versions": 130, "components": 130, "security_levels": 130, "fields": 1, "statuses": 1, "sprints": 0, "users": 0} {
			if n, there := got[name]; n != want || !there {
				t.Errorf("%s: %s takes %d requests, want %d", deployment, name, n, want)
			}
		}
	}
}
