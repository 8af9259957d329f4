package table

import (
	"cmp"
	"fmt"
	"strings"
)

// Markdown returns the reference of tables for analysts: what docs/TABLES.md
// holds. Types are named as in the column ledger.
func Markdown(tables []*Table) []byte {
	var b strings.Builder
	b.WriteString(`# Tables

Generated from internal/table; do not edit. Names are lower case in DuckDB and
upper case in Snowflake, where they work quoted and unquoted.

| type | DuckDB | Snowflake |
|---|---|---|
| bool | BOOLEAN | BOOLEAN |
| int | BIGINT | NUMBER(38,0) |
| float | DOUBLE | FLOAT |
| text | VARCHAR | VARCHAR |
| date | DATE | DATE |
| timestamp | TIMESTAMP WITH TIME ZONE | TIMESTAMP_TZ |
| json | JSON | VARIANT |
| list | VARCHAR[] | ARRAY |

`)
	b.WriteString("```mermaid\nerDiagram\n")
	for _, t := range tables {
		if t.Role == Child {
			fmt.Fprintf(&b, "  issues ||--o{ %s : \"%s\"\n", t.Name, IssueID)
		}
	}
	for _, r := range references {
		fmt.Fprintf(&b, "  %s ||--o{ %s : \"%s\"\n", r.to, r.from, r.column)
	}
	b.WriteString("```\n")
	for _, t := range tables {
		fmt.Fprintf(&b, "\n## %s\n\n%s", t.Name, t.Doc)
		if len(t.Key) > 0 {
			fmt.Fprintf(&b, " A row is identified by %s.", strings.Join(t.Key, ", "))
		}
		b.WriteString(price(t))
		if t.Hides != "" {
			b.WriteString(" Without the permission " + t.Hides + " Jira shows none; then the table stays as it was.")
		}
		source := "Jira field"
		if t.Role == Dimension {
			source = "read as"
		}
		fmt.Fprintf(&b, "\n\n| column | type | %s | |\n|---|---|---|---|\n", source)
		for _, c := range t.Columns {
			field := ""
			if c.Source != FromLoad {
				field = strings.TrimPrefix(strings.TrimPrefix(cmp.Or(c.Field, t.Field), "."), Added)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Name, c.Type, field, strings.ReplaceAll(c.Doc, "|", `\|`))
		}
	}
	b.WriteString(`
## Custom fields

Each custom field gives the columns below in issues, named after the field:
"Story Points" becomes story_points. Fields that share a name get their number
behind it. A column keeps its field when the field is renamed; a field that
changes its type gets a new column. jira.fields.rename gives names of your own.
Story points of all fields called so are in the view issue_points.

Lists hold texts: in columns that end in _ids the ids are texts, too, though most
single ids are integers. list_contains(sprint_ids, '7') finds sprint 7 in DuckDB,
ARRAY_CONTAINS('7'::VARIANT, sprint_ids) in Snowflake.

Rich text is plain text here. With jira.rich_text: markdown its columns hold
Markdown and their names end in _markdown; both makes both of them, in issues,
comments and worklogs. Wiki markup of Data Center stays as it is.

| kind | columns |
|---|---|
`)
	for _, k := range kinds {
		var columns []string
		for _, p := range k.Parts {
			columns = append(columns, "…"+p.Suffix+" "+p.Type.String())
		}
		fmt.Fprintf(&b, "| %s | %s |\n", k.Name, strings.Join(columns, ", "))
	}
	return []byte(b.String())
}

// price says what a table takes and how to get it.
func price(t *Table) string {
	switch {
	case t.OnRequest:
		return " Not part of default, since it takes " + t.Price + ": name it in tables."
	case t.Price != "":
		return " Reading it takes " + t.Price + "."
	}
	return ""
}

// references are what the columns of tables refer to beside issues, for the
// diagram; where several tables refer to one, the one that an analyst joins most.
var references = []struct{ to, from, column string }{
	{"projects", "issues", "project_id"}, {"issue_types", "issues", "issue_type_id"}, {"statuses", "issues", "status_id"},
	{"priorities", "issues", "priority_id"}, {"resolutions", "issues", "resolution_id"}, {"users", "issues", "assignee_id"},
	{"security_levels", "issues", "security_level_id"}, {"status_categories", "statuses", "category_id"},
	{"components", "issue_components", "component_id"}, {"versions", "issue_fix_versions", "version_id"},
	{"versions", "issue_affects_versions", "version_id"}, {"sprints", "issue_sprints", "sprint_id"},
	{"issue_link_types", "issue_links", "link_type_id"}, {"projects", "components", "project_id"}, {"projects", "versions", "project_id"},
	{"projects", "boards", "project_id"}, {"boards", "board_columns", "board_id"}, {"statuses", "board_columns", "status_id"},
	{"boards", "sprints", "board_id"}, {"groups", "group_members", "group_id"}, {"users", "group_members", "user_id"},
	{"fields", "field_options", "field_id"},
}
