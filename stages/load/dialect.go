package load

import (
	"fmt"
	"strings"

	"snowdrift/internal/table"
)

// Dialect is where the SQL of the destinations differs.
type Dialect struct {
	Name string // of the folder of its files in package sql
	// Fold turns our lower-case names into the destination's.
	Fold func(string) string
	// Types are the column types.
	Types map[table.Type]string
	// Stored turns an expression of a staged column, which is text for JSON
	// and List, into what the table's column takes.
	Stored func(t table.Type, expr string) string
	// Compared turns an expression of a column into one that can be compared
	// with IS DISTINCT FROM and shown as text.
	Compared func(t table.Type, expr string) string
	// Millis turns an instant into epoch milliseconds.
	Millis func(expr string) string
	// OwnErrors is the condition of value errors that the destination adds to
	// what the flattener found; "" if it adds none.
	OwnErrors string
	// Wide is the type in which the digest's arithmetic is exact.
	Wide string
	// Backslash says that a backslash in a literal begins an escape.
	Backslash bool
	// Now is the expression for the current instant.
	Now string
	// Comments says that a definition takes COMMENT, which saves a statement
	// for each column.
	Comments bool
	// JSONText, ToJSON and ListOf turn an expression of a JSON or List column
	// into its JSON text, one of any type into a JSON document, and a text into a
	// list of one.
	JSONText, ToJSON, ListOf func(expr string) string
}

// Quote quotes an identifier of ours. It is the only place where identifiers
// become SQL.
func (d Dialect) Quote(name string) string {
	return `"` + strings.ReplaceAll(d.Fold(name), `"`, `""`) + `"`
}

// Literal quotes a text, for statements that take no parameters.
func (d Dialect) Literal(s string) string {
	if d.Backslash {
		s = strings.ReplaceAll(s, `\`, `\\`)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// StageName is the name under which the staged rows of a table can be read.
func StageName(t *table.Table) string { return "_stage_" + t.Name }

// Changed is the temporary table of the issue readings that a commit writes.
const Changed = "_snowdrift_changed"

// Ordered is the temporary table of changed readings in the order of their rows, see
// OrderChanged.
const Ordered = "_snowdrift_ordered"

// Kept is the temporary table of cells that a commit keeps, see KeepColumns.
const Kept = "_snowdrift_kept"

// CreateTable returns the statement that makes t if it is missing.
func (d Dialect) CreateTable(t *table.Table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE TABLE IF NOT EXISTS %s (", d.Quote(t.Name))
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "\n  %s %s", d.Quote(c.Name), d.Types[c.Type])
		if isKey(t, c.Name) {
			b.WriteString(" NOT NULL")
		}
		b.WriteString(d.comment(c))
	}
	b.WriteString("\n)")
	if d.Comments {
		b.WriteString(" COMMENT = " + d.Literal(t.Doc))
	}
	return b.String()
}

// comment returns what documents a column in its definition, if the dialect has
// that.
func (d Dialect) comment(c table.Column) string {
	if !d.Comments {
		return ""
	}
	return " COMMENT " + d.Literal(c.Doc)
}

// Documentation returns the statements that document a table, of which columns have
// other comments than they should: have are those of the columns that are there.
func (d Dialect) Documentation(t *table.Table, have map[string]string) []string {
	var out []string
	for _, c := range t.Columns {
		if comment, there := have[d.Fold(c.Name)]; there && comment != c.Doc {
			out = append(out, d.CommentOnColumn(t, c))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return append([]string{d.CommentOnTable(t)}, out...) // first: who is killed in between begins again
}

func isKey(t *table.Table, column string) bool {
	for _, k := range t.Key {
		if k == column {
			return true
		}
	}
	return false
}

// AddColumn returns the statement that adds a column if it is missing. One that
// fills the rows that are there, by a default, must be missing: Snowflake takes
// DEFAULT and IF NOT EXISTS only one without the other.
func (d Dialect) AddColumn(t *table.Table, c table.Column) string {
	when, fill := " IF NOT EXISTS", ""
	if c.Fill != "" {
		when, fill = "", " DEFAULT "+d.Literal(c.Fill)
	}
	return fmt.Sprintf("ALTER TABLE %s ADD COLUMN%s %s %s%s%s", d.Quote(t.Name), when, d.Quote(c.Name), d.Types[c.Type], fill, d.comment(c))
}

// CommentOnTable and CommentOnColumn return the statements that document a
// table and its columns in the destination's catalogue.
func (d Dialect) CommentOnTable(t *table.Table) string {
	return fmt.Sprintf("COMMENT ON TABLE %s IS %s", d.Quote(t.Name), d.Literal(t.Doc))
}

// CommentOnColumn returns the statement that documents one column.
func (d Dialect) CommentOnColumn(t *table.Table, c table.Column) string {
	return fmt.Sprintf("COMMENT ON COLUMN %s.%s IS %s", d.Quote(t.Name), d.Quote(c.Name), d.Literal(c.Doc))
}
