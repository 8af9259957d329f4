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
	b.WriteString("```\n")
	for _, t := range tables {
		fmt.Fprintf(&b, "\n## %s\n\n%s", t.Name, t.Doc)
		if len(t.Key) > 0 {
			fmt.Fprintf(&b, " A row is identified by %s.", strings.Join(t.Key, ", "))
		}
		b.WriteString("\n\n| column | type | Jira field | |\n|---|---|---|---|\n")
		for _, c := range t.Columns {
			field := strings.TrimPrefix(cmp.Or(c.Field, t.Field), ".")
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.Name, c.Type, field, strings.ReplaceAll(c.Doc, "|", `\|`))
		}
	}
	b.WriteString(`
## Custom fields

Each custom field gives the columns below in issues, named after the field:
"Story Points" becomes story_points. Fields that share a name get their number
behind it. A column keeps its field when the field is renamed; a field that
changes its type gets a new column.

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
