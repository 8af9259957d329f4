package load

import (
	"regexp"
	"slices"
	"strings"

	"snowdrift/internal/table"
	sqlfiles "snowdrift/sql"
)

// Story points are in fields called so: sites have several of them, and each has
// a column of its own. In columns and in names of fields an estimate is told from
// points by the group.
var (
	pointsColumn = regexp.MustCompile(`^story_points?(_estimate)?(_\d+)*$`)
	pointsField  = regexp.MustCompile(`(?i)^\s*story[\s_-]*points?([\s_-]+estimate)?\s*$`)
)

// issuePoints is the view of the points of live issues.
func issuePoints(site string, issues *table.Table, ledger []table.Assignment) View {
	about := sqlfiles.IssuePoints()
	return View{Name: about.Name, define: func(d Dialect, have Shape) (Definition, string) {
		def := Definition{Name: about.Name, Doc: about.Doc + " " + about.Notes, Columns: about.Columns}
		if !have.has(issues.Name, table.ID) || !have.has(issues.Name, table.Presence) || !have.has(issues.Name, table.Site) {
			return def, issues.Name
		}
		points := "CAST(NULL AS " + d.Types[table.Float] + ")"
		if cells := pointsCells(newCurrent(d, have, site, issues, ledger)); len(cells) == 1 {
			points = cells[0]
		} else if len(cells) > 1 {
			points = "COALESCE(" + strings.Join(cells, ", ") + ")"
		}
		def.Query = "SELECT i." + d.Quote(table.ID) + " AS " + d.Quote(table.IssueID) + ", " + points + " AS " + d.Quote("points") +
			", i." + d.Quote(table.Site) + " AS " + d.Quote(table.Site) +
			"\nFROM " + d.Quote(issues.Name) + " i\nWHERE i." + d.Quote(table.Presence) + " = 'live'"
		return def, ""
	}}
}

// pointsCells returns the columns that hold points, as numbers: those of points,
// then those of estimates, each in the order of the columns. What a field held
// before its type changed comes behind what it holds now.
func pointsCells(c *current) []string {
	var points, estimates []string
	for _, name := range c.have[c.issues.Name] {
		match, kind := pointsColumn.FindStringSubmatch(name), table.Type(0)
		if column := c.issues.Column(name); column != nil {
			kind = column.Type
		}
		for _, i := range c.ofColumn[name] {
			a := c.ledger[i]
			kind = a.Type
			if match == nil && a.Suffix == "" {
				match = pointsField.FindStringSubmatch(a.Name)
			}
		}
		if match == nil || !slices.Contains([]table.Type{table.Float, table.Int, table.Text}, kind) {
			continue
		}
		cell := c.d.convert(c.coalesced(name, "i."+c.d.Quote(name)), kind, table.Float)
		if match[1] == "" {
			points = append(points, cell)
		} else {
			estimates = append(estimates, cell)
		}
	}
	return append(points, estimates...)
}
