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
func issuePoints(issues *table.Table, ledger []table.Assignment) View {
	about := sqlfiles.IssuePoints()
	return View{Name: about.Name, define: func(d Dialect, have Shape) (Definition, string) {
		def := Definition{Name: about.Name, Doc: about.Doc + " " + about.Notes, Columns: about.Columns}
		if !have.has(issues.Name, table.ID) || !have.has(issues.Name, table.Presence) || !have.has(issues.Name, table.Site) {
			return def, issues.Name
		}
		points := "CAST(NULL AS " + d.Types[table.Float] + ")"
		if cells := pointsCells(d, have, issues, ledger); len(cells) == 1 {
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
// then those of estimates, each in the order of the columns.
func pointsCells(d Dialect, have Shape, issues *table.Table, ledger []table.Assignment) []string {
	var points, estimates []string
	for _, name := range have[issues.Name] {
		match, kind := pointsColumn.FindStringSubmatch(name), table.Type(0)
		if c := issues.Column(name); c != nil {
			kind = c.Type
		}
		for _, a := range ledger {
			if a.Column != name {
				continue
			}
			kind = a.Type
			if match == nil {
				match = pointsField.FindStringSubmatch(a.Name)
			}
		}
		if match == nil || !slices.Contains([]table.Type{table.Float, table.Int, table.Text}, kind) {
			continue
		}
		cell := d.convert("i."+d.Quote(name), kind, table.Float)
		if match[1] == "" {
			points = append(points, cell)
		} else {
			estimates = append(estimates, cell)
		}
	}
	return append(points, estimates...)
}
