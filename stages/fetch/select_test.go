package fetch

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
)

var someProjects = []jira.Project{
	{ID: 10000, Key: "SNOW", Name: "Snow removal"},
	{ID: 10001, Key: "OR", Name: "Operations Room"},
	{ID: 10002, Key: "TO", Name: "and"},
	{ID: 10003, Key: "UE", Name: `Über "alles" \ Änderungen`},
	{ID: 10004, Key: "NUM", Name: "10000"},
	{ID: 10005, Key: "SWAP", Name: "SNOW"},
}

func TestQuery(t *testing.T) {
	for name, tt := range map[string]struct {
		query Query
		want  string // the clause
		fails string // or what the error says
	}{
		"everything":                 {Query{}, "", ""},
		"by key":                     {Query{Projects: []string{"SNOW"}}, "project in (10000)", ""},
		"by key, in lower case":      {Query{Projects: []string{"snow"}}, "project in (10000)", ""},
		"a reserved word is a key":   {Query{Projects: []string{"OR", "TO"}}, "project in (10001, 10002)", ""},
		"a reserved word is a name":  {Query{Projects: []string{"and"}}, "project in (10002)", ""},
		"by name":                    {Query{Projects: []string{"snow removal"}}, "project in (10000)", ""},
		"a name in need of quotes":   {Query{Projects: []string{`Über "alles" \ Änderungen`}}, "project in (10003)", ""},
		"by id, which wins of names": {Query{Projects: []string{"10000"}}, "project in (10000)", ""},
		"each once, by number":       {Query{Projects: []string{"10003", "OR", "UE", "or"}}, "project in (10001, 10003)", ""},
		"a key wins of a name":       {Query{Projects: []string{"SNOW"}}, "project in (10000)", ""},
		"all conditions": {Query{Projects: []string{"SNOW"}, StatusCategories: []string{"Done", "new"}, UpdatedAfter: "2023-10-01", CreatedAfter: "2022-01-31"},
			`project in (10000) AND statusCategory in (3, 2) AND updated >= "2023-10-01" AND created >= "2022-01-31"`, ""},
		"JQL is taken as it is":      {Query{JQL: `summary ~ "a OR b" OR project = "ÄÖ"`}, `summary ~ "a OR b" OR project = "ÄÖ"`, ""},
		"unknown project":            {Query{Projects: []string{"SNWO"}}, "", `Jira has no project "SNWO", or does not show it to this account; similar: SNOW`},
		"nothing like it":            {Query{Projects: []string{"completely different"}}, "", `or does not show it to this account`},
		"injection":                  {Query{Projects: []string{`SNOW") OR project = ("TO`}}, "", "Jira has no project"},
		"unknown category":           {Query{StatusCategories: []string{"Doing"}}, "", `"Doing" is unknown`},
		"no day":                     {Query{UpdatedAfter: "yesterday"}, "", `updated_after: "yesterday" is not a day`},
		"JQL with order":             {Query{JQL: "project = X order by key"}, "", "remove ORDER BY"},
		"JQL with half a quote":      {Query{JQL: `summary ~ "a`}, "", "JQL column 11"},
		"JQL with half parentheses":  {Query{JQL: `(a = b`}, "", "never closed"},
		"JQL that closes ours":       {Query{JQL: `a = b) OR (c = d`}, "", "never opened"},
		"JQL with a quoted ORDER BY": {Query{JQL: `summary ~ "order by"`}, `summary ~ "order by"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := tt.query.resolve(someProjects)
			if tt.fails == "" {
				if err != nil || c.String() != tt.want {
					t.Errorf("got %q, %v; want %q", c, err, tt.want)
				}
				return
			}
			var unknown *Unknown
			var bad *BadQuery
			if err == nil || !strings.Contains(err.Error(), tt.fails) || !errors.As(err, &unknown) && !errors.As(err, &bad) {
				t.Errorf("error %v, want %q", err, tt.fails)
			}
		})
	}
}

// TestQueryStaysTogether: whatever a query says, the window restricts all of it.
func TestQueryStaysTogether(t *testing.T) {
	c, err := Query{JQL: "a = 1 OR b = 2"}.resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := jql.And(c, byProjects([]string{"7"})).String(), "(a = 1 OR b = 2) AND (project in (7))"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

var someFields = []jira.Field{
	{ID: "summary", Name: "Summary", Navigable: true},
	{ID: "status", Name: "Status", Navigable: true},
	{ID: "project", Name: "Project", Navigable: true},
	{ID: "created", Name: "Created", Navigable: true},
	{ID: "updated", Name: "Updated", Navigable: true},
	{ID: "comment", Name: "Comment"},
	{ID: "customfield_2", Name: "Team", Custom: true, Navigable: true},
	{ID: "customfield_10", Name: "Team", Custom: true},
	{ID: "customfield_3", Key: "story-points", Name: "Story Points", Custom: true, Navigable: true},
}

func TestSelectFields(t *testing.T) {
	for name, tt := range map[string]struct {
		entries []string
		request []string
		custom  []string
		has     []string
		hasNot  []string
	}{
		"nothing said is all": {nil, []string{"*all"}, []string{"customfield_2", "customfield_10", "customfield_3"}, []string{"comment", "anything"}, nil},
		"all":                 {[]string{"all"}, []string{"*all"}, []string{"customfield_2", "customfield_10", "customfield_3"}, []string{"comment"}, nil},
		"all and more is all": {[]string{"summary", "all", "*navigable"}, []string{"*all"}, []string{"customfield_2", "customfield_10", "customfield_3"}, []string{"comment"}, nil},
		"all but one":         {[]string{"all", "-Comment"}, []string{"*all", "-comment"}, []string{"customfield_2", "customfield_10", "customfield_3"}, []string{"summary"}, []string{"comment"}},
		"exclusions alone":    {[]string{"-customfield_2", "-comment"}, []string{"*all", "-comment", "-customfield_2"}, []string{"customfield_10", "customfield_3"}, []string{"summary"}, []string{"customfield_2"}},
		"navigable":           {[]string{"*navigable"}, []string{"*navigable", "created", "project", "updated"}, []string{"customfield_2", "customfield_3"}, []string{"status", "created"}, []string{"comment", "customfield_10"}},
		"navigable and more":  {[]string{"*navigable", "comment"}, []string{"*navigable", "comment", "created", "project", "updated"}, []string{"customfield_2", "customfield_3"}, []string{"status", "comment"}, []string{"customfield_10"}},
		"ids and names":       {[]string{"summary", "Story points"}, []string{"created", "customfield_3", "project", "summary", "updated"}, []string{"customfield_3"}, []string{"summary", "project"}, []string{"status"}},
		"by key":              {[]string{"story-points"}, []string{"created", "customfield_3", "project", "updated"}, []string{"customfield_3"}, nil, []string{"summary"}},
		"twice is once":       {[]string{"summary", "Summary"}, []string{"created", "project", "summary", "updated"}, nil, []string{"summary"}, nil},
		"taken and left out":  {[]string{"summary", "status", "-status"}, []string{"created", "project", "status", "summary", "updated", "-status"}, nil, []string{"summary"}, []string{"status"}},
	} {
		t.Run(name, func(t *testing.T) {
			sel, err := selectFields(someFields, tt.entries)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(sel.Request, tt.request) {
				t.Errorf("request %q, want %q", sel.Request, tt.request)
			}
			var custom []string
			for _, f := range sel.Custom {
				custom = append(custom, f.ID)
			}
			if !reflect.DeepEqual(custom, tt.custom) {
				t.Errorf("custom fields %q, want %q", custom, tt.custom)
			}
			for _, id := range tt.has {
				if !sel.Has(id) {
					t.Errorf("%s is not selected", id)
				}
			}
			for _, id := range tt.hasNot {
				if sel.Has(id) {
					t.Errorf("%s is selected", id)
				}
			}
		})
	}
}

func TestSelectFieldsRefused(t *testing.T) {
	for entry, want := range map[string]string{
		"Sumary":       `Jira has no field "Sumary", or does not show it to this account; similar: Summary, summary`,
		"-Coment":      `similar: Comment, comment`,
		"points":       `similar: Story Points`,
		"Team":         `the field name "Team" is not unique: name one of the ids customfield_2, customfield_10`,
		"-updated":     `"updated" cannot be left out`,
		"-Project":     `"Project" cannot be left out`,
		"qqqqqqqqqqqq": `Jira has no field "qqqqqqqqqqqq", or does not show it to this account`,
	} {
		_, err := selectFields(someFields, []string{entry})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", entry, err, want)
		}
	}
	if _, err := selectFields(someFields, []string{"qqqqqqqqqqqq"}); strings.Contains(err.Error(), "similar") {
		t.Errorf("what is not like anything got a hint: %v", err)
	}
}
