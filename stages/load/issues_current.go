package load

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snowdrift/internal/table"
	sqlfiles "snowdrift/sql"
)

// hidden are the columns of issues that the view leaves out.
var hidden = []string{table.Raw, table.Hash, table.Presence, table.PresenceEvidence, table.Pipeline, table.RunID}

// resolved says which names the view takes from the tables of what issues refer
// to: names change there without any issue changing.
var resolved = []struct{ column, id, table, name string }{
	{"project_key", "project_id", "projects", "key"},
	{"project", "project_id", "projects", "name"},
	{"issue_type", "issue_type_id", "issue_types", "name"},
	{"status", "status_id", "statuses", "name"},
	{"status_category", "status_id", "statuses", "category"},
	{"priority", "priority_id", "priorities", "name"},
	{"resolution", "resolution_id", "resolutions", "name"},
	{"security_level", "security_level_id", "security_levels", "name"},
	{"assignee", "assignee_id", "users", "name"},
	{"reporter", "reporter_id", "users", "name"},
	{"creator", "creator_id", "users", "name"},
}

// currentIssues is the view of live issues: names as they are today, and of a
// field whose type changed the value under the first of its columns.
func currentIssues(site string, issues *table.Table, ledger []table.Assignment) View {
	about := sqlfiles.CurrentIssues()
	return View{Name: about.Name, define: func(d Dialect, have Shape) (Definition, string) {
		def := Definition{Name: about.Name, Doc: about.Doc + " " + about.Notes}
		if !have.has(issues.Name, table.ID) || !have.has(issues.Name, table.Presence) || !have.has(issues.Name, table.Site) {
			return def, issues.Name
		}
		c := newCurrent(d, have, site, issues, ledger)
		var list []string
		for _, name := range have[issues.Name] {
			if slices.Contains(hidden, name) {
				continue
			}
			list = append(list, c.cell(name)+" AS "+d.Quote(name))
			def.Columns = append(def.Columns, sqlfiles.ViewColumn{Name: name, Doc: c.doc(name)})
		}
		def.Query = "SELECT\n  " + strings.Join(list, ",\n  ") + "\nFROM " + d.Quote(issues.Name) + " i" + strings.Join(c.joins, "") +
			"\nWHERE i." + d.Quote(table.Presence) + " = 'live'"
		return def, ""
	}}
}

// current builds the select list of the view.
type current struct {
	d      Dialect
	have   Shape
	site   string
	issues *table.Table
	ledger []table.Assignment
	joins  []string

	documented *table.Table     // columns that every site has
	position   map[string]int   // of each column of issues, by which the older of two is told
	ofColumn   map[string][]int // entries of the ledger by column
	ofPart     map[part][]int   // and by what they hold
}

func newCurrent(d Dialect, have Shape, site string, issues *table.Table, ledger []table.Assignment) *current {
	c := &current{
		d: d, have: have, site: site, issues: issues, ledger: ledger, documented: table.Issues(nil, nil),
		position: map[string]int{}, ofColumn: map[string][]int{}, ofPart: map[part][]int{},
	}
	for i, column := range have[issues.Name] {
		c.position[column] = i
	}
	for i, a := range ledger {
		c.ofColumn[a.Column] = append(c.ofColumn[a.Column], i)
		c.ofPart[partOf(a)] = append(c.ofPart[partOf(a)], i)
	}
	return c
}

// cell returns the expression for a column.
func (c *current) cell(name string) string {
	plain := "i." + c.d.Quote(name)
	switch {
	case name == "key":
		return c.key("i", plain)
	case name == "parent_key" && c.have.has(c.issues.Name, "parent_id"):
		parent := c.join("i", "parent_id", c.issues.Name)
		return c.key(parent, parent+"."+c.d.Quote("key"), plain)
	}
	for _, r := range resolved {
		if r.column == name && c.have.has(c.issues.Name, r.id) && c.tells(r.table, r.name) {
			return "COALESCE(" + c.join("i", r.id, r.table) + "." + c.d.Quote(r.name) + ", " + plain + ")"
		}
	}
	return c.coalesced(name, plain)
}

// key returns the key of an issue, which changes with that of its project; where
// the project is unknown the first of the stored keys that there is.
func (c *current) key(issue string, stored ...string) string {
	if c.have.has(c.issues.Name, "project_id") && c.tells("projects", "key") {
		project := c.join(issue, "project_id", "projects")
		today := fmt.Sprintf("%s.%s || '-' || SPLIT_PART(%s, '-', -1)", project, c.d.Quote("key"), stored[0])
		stored = append([]string{today}, stored...)
	}
	if len(stored) == 1 {
		return stored[0]
	}
	return "COALESCE(" + strings.Join(stored, ", ") + ")"
}

// tells reports whether a table is there that has a name for ids.
func (c *current) tells(name, column string) bool {
	return c.have.has(name, table.ID) && c.have.has(name, table.Site) && c.have.has(name, column)
}

// join joins a table by the id in a column of an issue and returns its alias.
func (c *current) join(issue, id, name string) string {
	alias := "of_" + id
	if issue != "i" {
		alias = issue + "_" + id
	}
	join := fmt.Sprintf("\nLEFT JOIN %s %s ON %[2]s.%s = %s.%s AND %[2]s.%[6]s = %[4]s.%[6]s",
		c.d.Quote(name), alias, c.d.Quote(table.ID), issue, c.d.Quote(id), c.d.Quote(table.Site))
	if !slices.Contains(c.joins, join) {
		c.joins = append(c.joins, join)
	}
	return alias
}

// part is what a column of the ledger holds on one site.
type part struct{ site, field, suffix string }

func partOf(a table.Assignment) part { return part{a.SiteName(), a.Field, a.Suffix} }

// coalesced returns the value of a field whose type changed: on each site that of
// the column which the field fills now, else of the newest that has one. The first
// column, which plain is, has the last word. For any other column it is the column.
func (c *current) coalesced(name, plain string) string {
	others := c.others(name)
	bySite := map[string][]candidate{}
	for _, a := range others {
		if c.position[a.Column] < c.position[name] {
			return plain // name is not the first
		}
		bySite[a.SiteName()] = append(bySite[a.SiteName()], candidate{"i." + c.d.Quote(a.Column), a.Type, a.Column})
	}
	if len(bySite) == 0 {
		return plain
	}
	first := c.ledger[c.ofColumn[name][0]].Type
	var b strings.Builder
	b.WriteString("CASE")
	for _, site := range slices.Sorted(maps.Keys(bySite)) {
		for _, n := range c.newestFirst(site, append([]candidate{{plain, first, name}}, bySite[site]...)) {
			fmt.Fprintf(&b, " WHEN %s%s IS NOT NULL THEN %s", c.onlyOn(site), n.cell, c.d.convert(n.cell, n.kind, first))
		}
	}
	return b.String() + " ELSE " + plain + " END"
}

// candidate is a column that may hold a field's value.
type candidate struct {
	cell   string
	kind   table.Type
	column string
}

// newestFirst orders the columns of a field on a site, which come oldest first.
// What the field fills now is known of the site that this load reads; a field may
// have got a former type again.
func (c *current) newestFirst(site string, columns []candidate) []candidate {
	slices.Reverse(columns)
	if now := slices.IndexFunc(columns, func(n candidate) bool { return site == c.site && c.issues.Column(n.column) != nil }); now > 0 {
		filled := columns[now]
		columns = slices.Insert(slices.Delete(columns, now, now+1), 0, filled)
	}
	return columns
}

// others returns the entries of the ledger, oldest column first, for other columns
// of the table that hold, or held, what a column does.
func (c *current) others(name string) []table.Assignment {
	var found []int
	for _, i := range c.ofColumn[name] {
		for _, j := range c.ofPart[partOf(c.ledger[i])] {
			if _, there := c.position[c.ledger[j].Column]; there && c.ledger[j].Column != name {
				found = append(found, j)
			}
		}
	}
	slices.SortFunc(found, func(i, j int) int {
		return cmp.Or(cmp.Compare(c.position[c.ledger[i].Column], c.position[c.ledger[j].Column]), cmp.Compare(i, j))
	})
	var out []table.Assignment
	for _, i := range found {
		out = append(out, c.ledger[i])
	}
	return out
}

// onlyOn begins a condition with the site, unless there is no other.
func (c *current) onlyOn(site string) string {
	if !slices.ContainsFunc(c.ledger, func(a table.Assignment) bool { return a.SiteName() != site }) {
		return ""
	}
	return "i." + c.d.Quote(table.Site) + " = " + c.d.Literal(site) + " AND "
}

// doc documents a column. It follows from the ledger, and not from what this
// load brings, so that pipelines that share the table agree.
func (c *current) doc(name string) string {
	if column := c.documented.Column(name); column != nil {
		return column.Doc
	}
	var fields []string
	for _, i := range c.ofColumn[name] {
		a := c.ledger[i]
		if text := strings.Join(strings.Fields(a.Name), " ") + " (" + a.Field + ")"; !slices.Contains(fields, text) {
			fields = append(fields, text)
		}
	}
	if len(fields) == 0 {
		return "As in issues."
	}
	slices.Sort(fields)
	return strings.Join(fields, ", ") + "."
}

// convert returns an expression for a cell of one type as another; NULL where it
// cannot be read as that.
func (d Dialect) convert(cell string, from, to table.Type) string {
	if from == to {
		return cell
	}
	text := "CAST(" + cell + " AS " + d.Types[table.Text] + ")"
	if from == table.JSON || from == table.List {
		text = d.JSONText(cell)
	}
	switch to {
	case table.Text:
		return text
	case table.JSON:
		return d.ToJSON(cell)
	case table.List:
		return d.ListOf(text)
	}
	return "TRY_CAST(" + text + " AS " + d.Types[to] + ")"
}
