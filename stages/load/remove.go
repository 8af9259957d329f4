package load

import (
	"slices"

	"snowdrift/internal/table"
)

// RemoveFound returns the statement that removes the rows of t that belong to
// issues which the staged findings hold to be deleted. A table without the
// column _site, since nobody has prepared it for long, has rows of the default
// site.
func (q Statements) RemoveFound(t *table.Table, withSite bool) string {
	site := "{_site}"
	if !withSite {
		site = q.Literal(table.DefaultSite)
	}
	return q.fill(`DELETE FROM {table} WHERE {`+issueOf(t)+`} IN (
  SELECT {id} FROM `+q.Quote(StageName(table.Findings()))+` WHERE {_presence} = 'deleted') AND `+site+` = {'site'}`, t)
}

// Unprepared returns the child tables that are not among those prepared. The
// destination may have them from loads that were asked for more.
func Unprepared(prepared []*table.Table) []*table.Table {
	var others []*table.Table
	for _, c := range table.Children() {
		if !slices.ContainsFunc(prepared, func(t *table.Table) bool { return t.Name == c.Name }) {
			others = append(others, c.Table)
		}
	}
	return others
}
