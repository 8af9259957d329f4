package load

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/table"
)

// Difference is a cell in which a row and what Jira shows differ, or a row of a
// child table that only one of them has: then Column is empty. The values are
// shortened.
type Difference struct {
	Issue  int64  `json:"issue"`
	Table  string `json:"table"`
	Row    string `json:"row,omitempty"` // key of the row in a child table
	Column string `json:"column,omitempty"`
	Stored string `json:"stored"` // what the table has
	Jira   string `json:"jira"`   // what Jira shows
}

// Comparison is a query for the differences between staged rows and the rows of
// the same issues in a table.
type Comparison struct {
	Table   *table.Table
	SQL     string
	columns []table.Column
	whole   bool // the column is a whole document, compared by meaning
}

// compareAtOnce is how many columns one query compares; a site can have a
// thousand.
const compareAtOnce = 200

// Comparisons returns the queries that compare the staged rows of all tables.
// What the load itself puts into a row is not compared.
func (q Statements) Comparisons(tables []*table.Table) []Comparison {
	i := slices.IndexFunc(tables, func(t *table.Table) bool { return t.Role == table.Issue })
	if i < 0 {
		return nil
	}
	issues := tables[i]
	var out []Comparison
	cells := slices.DeleteFunc(issues.Staged(), func(c table.Column) bool { return c.Source == table.FromRaw })
	for part := range slices.Chunk(cells, compareAtOnce) {
		out = append(out, Comparison{Table: issues, SQL: q.compareIssues(issues, part), columns: part})
	}
	if raw := issues.Column(table.Raw); raw != nil {
		out = append(out, Comparison{Table: issues, SQL: q.compareDocuments(issues), columns: []table.Column{*raw}, whole: true})
	}
	for _, t := range tables {
		if t.Role != table.Child {
			continue
		}
		only := ""
		if t.Name == table.ValueErrors().Name {
			only = q.errorsOf(tables)
		}
		out = append(out, Comparison{Table: t, SQL: q.compareChildren(t, issues, only), columns: t.Staged()})
	}
	return out
}

// pair returns the condition under which the cells of a column differ, and the
// two expressions that show them then.
func (q Statements) pair(c table.Column, stored, jira string) (differs string, shown [2]string) {
	stored, jira = q.Compared(c.Type, stored), q.Compared(c.Type, jira)
	differs = stored + " IS DISTINCT FROM " + jira
	for i, cell := range []string{stored, jira} {
		shown[i] = fmt.Sprintf("CASE WHEN %s THEN COALESCE(SUBSTR(CAST(%s AS VARCHAR), 1, %d), 'NULL') END", differs, cell, shownLength)
	}
	return differs, shown
}

// shownLength is the number of characters of a value that are shown.
const shownLength = 100

// compareIssues compares columns of issues.
func (q Statements) compareIssues(issues *table.Table, columns []table.Column) string {
	var list, conditions []string
	for _, c := range columns {
		name := q.Quote(c.Name)
		differs, shown := q.pair(c, "t."+name, q.Stored(c.Type, "r."+name))
		list, conditions = append(list, shown[0], shown[1]), append(conditions, differs)
	}
	return q.fill(`SELECT t.{id}, '', 0, 0,
  `+strings.Join(list, ",\n  ")+`
FROM {stage} r JOIN {issues} t ON t.{id} = r.{id} AND t.{_site} = {'site'}
WHERE `+strings.Join(conditions, "\n  OR ")+`
ORDER BY 1`, issues)
}

// compareDocuments returns the documents that are not letter for letter the
// same.
func (q Statements) compareDocuments(issues *table.Table) string {
	stored, jira := q.Compared(table.JSON, "t.{_raw}"), q.Compared(table.JSON, q.Stored(table.JSON, "r.{_raw}"))
	return q.fill(`SELECT t.{id}, `+stored+`, `+jira+`
FROM {stage} r JOIN {issues} t ON t.{id} = r.{id} AND t.{_site} = {'site'}
WHERE `+stored+` IS DISTINCT FROM `+jira+`
ORDER BY 1`, issues)
}

// errorsOf returns the condition that a note of a value that did not fit is about
// a column that is compared. The others are of columns that were asked for when
// the row was written.
func (q Statements) errorsOf(tables []*table.Table) string {
	var of []string
	for _, t := range tables {
		if !t.OfIssues() {
			continue
		}
		names := []string{"'*'"}
		for _, c := range t.Columns {
			names = append(names, q.Literal(c.Name))
		}
		of = append(of, "{table_name} = "+q.Literal(t.Name)+" AND {column_name} IN ("+strings.Join(names, ", ")+")")
	}
	condition := " AND (" + strings.Join(of, "\n  OR ") + ")"
	if q.OwnErrors != "" {
		condition += " AND NOT (" + q.OwnErrors + ")"
	}
	return condition
}

// compareChildren compares the child rows of the staged issues as sets, of those
// of the table only some where a condition is given. Rows with the same key are
// numbered, so that one too many is found.
func (q Statements) compareChildren(t, issues *table.Table, only string) string {
	var keys, on, row, stored, list, conditions []string
	for _, k := range t.Key {
		if k == table.Site { // no part of the staged rows
			continue
		}
		name := q.Quote(k)
		keys, on = append(keys, name), append(on, "a."+name+" = b."+name)
		if k != table.IssueID {
			row = append(row, "CAST(COALESCE(a."+name+", b."+name+") AS VARCHAR)")
		}
	}
	for _, c := range t.Staged() {
		name := q.Quote(c.Name)
		stored = append(stored, q.Stored(c.Type, name)+" AS "+name)
		differs, shown := q.pair(c, "a."+name, "b."+name)
		list, conditions = append(list, shown[0], shown[1]), append(conditions, differs)
	}
	key := strings.Join(keys, ", ")
	number := ", ROW_NUMBER() OVER (PARTITION BY " + key + " ORDER BY " + key + ") AS {_seq}"
	return q.fill(`SELECT COALESCE(a.{issue_id}, b.{issue_id}), `+strings.Join(row, " || ', ' || ")+`,
  CASE WHEN b.{_seq} IS NULL THEN 1 ELSE 0 END, CASE WHEN a.{_seq} IS NULL THEN 1 ELSE 0 END,
  `+strings.Join(list, ",\n  ")+`
FROM (
  SELECT *`+number+` FROM {table} WHERE {issue_id} IN (SELECT {id} FROM `+q.Quote(StageName(issues))+`) AND {_site} = {'site'}`+only+`
) a FULL OUTER JOIN (
  SELECT *`+number+` FROM (SELECT `+strings.Join(stored, ", ")+` FROM {stage}) s
) b ON `+strings.Join(on, " AND ")+` AND a.{_seq} = b.{_seq}
WHERE a.{_seq} IS NULL OR b.{_seq} IS NULL OR `+strings.Join(conditions, "\n  OR ")+`
ORDER BY 1, 2`, t)
}

// Read reads a row of the query's answer. same says whether two documents that
// differ by letter mean the same.
func (c Comparison) Read(rows *sql.Rows, same func(stored, jira []byte) bool) ([]Difference, error) {
	if c.whole {
		return c.readDocuments(rows, same)
	}
	var issue, onlyStored, onlyJira int64
	var row string
	cells := make([]sql.NullString, 2*len(c.columns))
	into := []any{&issue, &row, &onlyStored, &onlyJira}
	for i := range cells {
		into = append(into, &cells[i])
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	d := Difference{Issue: issue, Table: c.Table.Name, Row: row}
	switch {
	case onlyStored == 1:
		d.Stored, d.Jira = "a row", "no such row"
		return []Difference{d}, nil
	case onlyJira == 1:
		d.Stored, d.Jira = "no such row", "a row"
		return []Difference{d}, nil
	}
	var out []Difference
	for i, column := range c.columns {
		if stored, jira := cells[2*i], cells[2*i+1]; stored.Valid {
			d.Column, d.Stored, d.Jira = column.Name, shorten(stored.String), shorten(jira.String)
			out = append(out, d)
		}
	}
	return out, nil
}

func (c Comparison) readDocuments(rows *sql.Rows, same func(stored, jira []byte) bool) ([]Difference, error) {
	var issue int64
	var stored, jira sql.RawBytes
	if err := rows.Scan(&issue, &stored, &jira); err != nil {
		return nil, err
	}
	if stored != nil && jira != nil && same(stored, jira) {
		return nil, nil
	}
	d := Difference{Issue: issue, Table: c.Table.Name, Column: c.columns[0].Name}
	d.Stored, d.Jira = around(stored, jira)
	return []Difference{d}, nil
}

// around shows two texts from a little before where they begin to differ.
func around(a, b []byte) (string, string) {
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	from := max(at-shownLength/4, 0)
	show := func(text []byte) string {
		if text == nil {
			return "NULL"
		}
		part := strings.ToValidUTF8(string(text[from:min(from+shownLength, len(text))]), "")
		if from > 0 {
			part = "…" + part
		}
		if from+shownLength < len(text) {
			part += "…"
		}
		return part
	}
	return show(a), show(b)
}

// shorten marks a value that was cut.
func shorten(s string) string {
	if r := []rune(s); len(r) >= shownLength {
		return string(r[:shownLength-1]) + "…"
	}
	return s
}

// Present returns what a destination has of a table: have are its columns by
// their names there. One that an earlier version made, and no run of this one
// has prepared, cannot be asked for the rows of a site.
func (d Dialect) Present(t *table.Table, have map[string]string) (*table.Table, error) {
	there := *t
	there.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c table.Column) bool {
		_, found := have[d.Fold(c.Name)]
		return !found
	})
	if t.Column(table.Site) != nil && there.Column(table.Site) == nil {
		return nil, &Error{Op: "look at", On: t.Name, Err: errors.New("it has no column _site, since an earlier version of snowdrift made it"), Hint: "load once with this version: snowdrift run"}
	}
	return &there, nil
}

// Nothing returns the query for no rows in the form of staged rows of t.
func (d Dialect) Nothing(t *table.Table) string {
	var list []string
	for _, c := range t.Staged() {
		kind := d.Types[c.Type]
		if c.Type == table.List || c.Type == table.JSON {
			kind = d.Types[table.Text]
		}
		list = append(list, "CAST(NULL AS "+kind+") AS "+d.Quote(c.Name))
	}
	return "SELECT " + strings.Join(list, ", ") + " WHERE 1 = 0"
}
