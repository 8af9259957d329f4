// Package table describes every table and column of the warehouse, once. DDL
// for both dialects, the Arrow schema, COPY and MERGE, the flattener's work and
// the documentation are derived from these descriptions.
//
// A description says where each cell comes from in a raw Jira issue, so that
// the flattener needs no code of its own for a table:
//
//	{Name: "status_id", Type: Int, Field: "status", Path: "id", …}
//
// The columns of issues that hold Jira's system fields are written down here
// (issues.go); those of custom fields follow from the site's field list by the
// table of kinds (kinds.go) and get their names in names.go. Column names are
// lower case; a dialect may fold them.
package table

import (
	"fmt"
	"slices"
	"strings"
)

// Type is what a column holds. The zero Type is no type.
type Type uint8

// The column types and how each travels in a Parquet file.
const (
	_         Type = iota
	Bool           // BOOLEAN
	Int            // INT64
	Float          // DOUBLE
	Text           // UTF8, at most MaxText bytes
	Date           // DATE, days since 1970-01-01
	Timestamp      // TIMESTAMP(MICROS, UTC), the instant exact to the millisecond
	JSON           // UTF8 holding one JSON document
	List           // UTF8 holding a JSON array of strings
)

// MaxText is the longest text, in bytes, that fits a Text cell: Snowflake's
// VARCHAR without a length holds 16,777,216 bytes.
const MaxText = 16 << 20

var typeNames = [...]string{Bool: "bool", Int: "int", Float: "float", Text: "text", Date: "date",
	Timestamp: "timestamp", JSON: "json", List: "list"}

// String returns the type's name in the column ledger.
func (t Type) String() string { return typeNames[t] }

// UTF8 reports whether cells of the type travel as texts.
func (t Type) UTF8() bool { return t == Text || t == JSON || t == List }

// ParseType is the inverse of String.
func ParseType(s string) (Type, error) {
	for t, name := range typeNames {
		if name == s && s != "" {
			return Type(t), nil
		}
	}
	return 0, fmt.Errorf("unknown column type %q", s)
}

// MarshalText writes the type's name.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the type's name.
func (t *Type) UnmarshalText(b []byte) (err error) {
	*t, err = ParseType(string(b))
	return err
}

// Source says where a column's cells come from.
type Source uint8

// The sources of cells.
const (
	FromValue   Source = iota // the value at Field and Path
	FromIssue                 // the id of the issue that the row belongs to
	FromIndex                 // the row's position in the array it comes from, from 0
	FromRaw                   // the whole raw issue
	FromHash                  // the digest of the issue's content, see flatten
	FromErrors                // the value errors of the issue, see flatten
	FromHistory               // worked out of the changelog, see flatten
	FromLoad                  // set by the load itself, never part of a file
)

// Form says how the value at a column's Field is to be read before its Path
// applies.
type Form uint8

// The forms of values.
const (
	Plain        Form = iota // as the JSON stands
	RichText                 // Atlassian Document Format or wiki text, to plain text
	RichMarkdown             // the same, to Markdown; wiki text as it stands
	Sprint                   // a sprint object, or Greenhopper's string for one
	Document                 // Atlassian Document Format as it stands; text is no document and gives NULL
)

// Column describes one column.
type Column struct {
	Name   string
	Type   Type
	Source Source
	// Field is the Jira field whose value the column holds: "status",
	// "customfield_10016". A leading dot names a member of the issue beside
	// "fields": ".key".
	Field string
	// Path leads from the field's value to the cell; in a child table, from
	// the element that the row is made of.
	Path Path
	Form Form
	// Fill is the text that rows which were there before the column get in it
	// when it is added; "" leaves them NULL.
	Fill string
	Doc  string // what an analyst needs to know, one sentence
}

// Role says how rows of a table replace earlier ones.
type Role uint8

// The roles of tables.
const (
	// Issue rows are identified by the issue id; a newer version replaces an
	// older one.
	Issue Role = iota
	// Child rows belong to an issue and are replaced as a set with it.
	Child
	// Dimension rows are what the site has now, as a set: what is no longer
	// among it is marked as gone, and rows that did not change stay as they are.
	Dimension
	// Scratch tables exist during a load only.
	Scratch
	// Record tables are snowdrift's own, see Records.
	Record
)

// Table describes one table.
type Table struct {
	Name string
	Role Role
	// Field and Each lead to the array whose elements become the rows of a
	// child table or a dimension; Only, if set, says which of them do. An
	// element without one of the Key's cells becomes none.
	Field string
	Each  Path
	Only  Only
	Key   []string // names of the columns that identify a row
	// History lists the fields that a table of values over time tells of.
	History []Tracked
	Columns []Column
	Doc     string
	// OnRequest says that Default does not stand for the table, Price what
	// reading it takes beside the pages of issues, in words; "" for nothing.
	OnRequest bool
	Price     string
	// Hides is the permission without which Jira answers with no row rather
	// than with a refusal; a dimension without a row is then not believed.
	Hides string
}

// Only selects elements by a text that they have as a member. The zero Only
// selects all.
type Only struct{ Member, Value string }

// OfIssues reports whether the rows of t belong to issues.
func (t *Table) OfIssues() bool { return t.Role == Issue || t.Role == Child }

// Column returns the column called name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Union returns the tables of all sets, those of a name as one: with the columns
// of the first set that has it, and behind them what the others add.
func Union(sets ...[]*Table) []*Table {
	var out []*Table
	for _, t := range slices.Concat(sets...) {
		i := slices.IndexFunc(out, func(o *Table) bool { return o.Name == t.Name })
		if i < 0 {
			whole := *t
			whole.Columns = slices.Clone(t.Columns)
			out = append(out, &whole)
			continue
		}
		for _, c := range t.Columns {
			if out[i].Column(c.Name) == nil {
				out[i].Columns = append(out[i].Columns, c)
			}
		}
	}
	return out
}

// Staged returns the columns that are part of the table's files, in file order.
// Every file has one column more than these, Seq, in the last place.
func (t *Table) Staged() []Column {
	var cols []Column
	for _, c := range t.Columns {
		if c.Source != FromLoad {
			cols = append(cols, c)
		}
	}
	return cols
}

// Seq is the column that every file ends with: a number that counts issues as
// they were read. All rows made from one reading of an issue share it, so that
// of two readings in one load the tables take their rows from the same one.
const Seq = "_seq"

// Path leads from a JSON value to values in it: member names separated by
// dots; "a|b" takes the first member that is there and not null; a step "[]"
// goes through the elements of an array. The empty Path is the value itself. A
// leading "^" starts from the element one array further out.
type Path string

// Step is one step of a Path: the elements of an array, or one of the members.
type Step struct {
	Each    bool
	Members []string
}

// Steps parses the path. outer counts its leading carets.
func (p Path) Steps() (outer int, steps []Step) {
	s := string(p)
	for strings.HasPrefix(s, "^") {
		outer, s = outer+1, s[1:]
	}
	if s == "" {
		return outer, nil
	}
	for _, part := range strings.Split(s, ".") {
		if part == "[]" {
			steps = append(steps, Step{Each: true})
			continue
		}
		steps = append(steps, Step{Members: strings.Split(part, "|")})
	}
	return outer, steps
}
