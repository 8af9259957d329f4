package sql

import (
	"fmt"
	"strings"
)

// CurrentIssues describes the view that analysts start from. It has no file: its
// columns, and so its query, follow from those of issues.
func CurrentIssues() View {
	return View{
		Name: "issues_current",
		Doc:  "Which issues are there now? One row for each live issue, with the columns of issues but for snowdrift's own.",
		Notes: "Names are those of today where the tables of what issues refer to are loaded, for renaming a status or a project changes no issue: keys begin with the present key of the project, and that of a parent is the one " +
			"that the parent has. All views have their names from here. " +
			"A field whose type changed has several columns in issues: here the first of them holds the present value, NULL where it cannot, " +
			"and the others are as in issues.",
	}
}

// IssuePoints describes the view of story points. It has no file either: which
// columns hold them differs from site to site.
func IssuePoints() View {
	return View{
		Name: "issue_points",
		Doc:  "How many story points has each issue? One row for each live issue.",
		Notes: "Points are in the fields called Story Points or Story point estimate, whatever the names of their columns: of several such fields " +
			"that are set, those of Story Points come first, then the order of the columns in issues. All views take points from here; to take them from " +
			"another field, replace this view by one of your own with the same columns.",
		Columns: []ViewColumn{
			{"issue_id", "Issue, issues.id."},
			{"points", "Story points; NULL where the issue has none, or the site has no such field."},
			{"_site", "Site of the issue."},
		},
	}
}

// Markdown returns the part of docs/TABLES.md on views.
func Markdown() []byte {
	var b strings.Builder
	b.WriteString(`
## Views

Made beside the tables unless ` + "`views: false`" + ` is set, each if the tables that it
needs are loaded; what else it reads is NULL without (jira.fields may leave it out).
Their comments in the warehouse say what is said here. All of them leave out issues
that are not live, which _presence of issues tells, and all days and weeks are UTC's.
The queries are in sql/views, those that the engines write differently in
sql/duckdb/views and sql/snowflake/views; snowdrift plan --ddl prints the statements.
A view is made anew when its text changes; one of the same name that snowdrift did
not make is left alone, so views can be replaced by others with the same columns.
Questions that they answer are in [COOKBOOK.md](COOKBOOK.md).
`)
	describe(&b, CurrentIssues())
	describe(&b, IssuePoints())
	columns(&b, IssuePoints())
	for _, name := range ViewNames() {
		v := ViewOf("duckdb", name)
		describe(&b, v)
		var needs, takes []string
		for _, r := range v.Needs {
			needs = append(needs, r.Name)
		}
		for _, r := range v.Takes {
			takes = append(takes, r.Name+" ("+strings.Join(r.Columns, ", ")+")")
		}
		if len(needs) > 0 {
			fmt.Fprintf(&b, "Needs %s.", strings.Join(needs, ", "))
		}
		if len(takes) > 0 {
			fmt.Fprintf(&b, " Takes what is there of %s.", strings.Join(takes, ", "))
		}
		b.WriteString("\n\n")
		columns(&b, v)
	}
	return []byte(b.String())
}

func columns(b *strings.Builder, v View) {
	b.WriteString("| column | |\n|---|---|\n")
	for _, c := range v.Columns {
		fmt.Fprintf(b, "| %s | %s |\n", c.Name, c.Doc)
	}
}

func describe(b *strings.Builder, v View) {
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n", v.Name, v.Doc)
	if v.Notes != "" {
		fmt.Fprintf(b, "%s\n\n", v.Notes)
	}
}
