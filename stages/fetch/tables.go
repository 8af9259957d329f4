package fetch

import (
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/table"
)

// BadTables is a list of tables that the user has to mend.
type BadTables struct{ Err error }

func (e *BadTables) Error() string { return "tables: " + e.Err.Error() }
func (e *BadTables) Unwrap() error { return e.Err }

// chooseTables decides which tables are filled. A child table is made of a
// field, so it needs that field to be loaded: one that is named without it is
// a contradiction and an error; one that table.Default stands for is left out,
// with a word in the log, since default means what there is. What an earlier
// run loaded into a table that is left out stays as it was.
func (s *Source) chooseTables() error {
	children, dimensions, err := table.Choose(s.opts.Tables)
	if err != nil {
		return &BadTables{err}
	}
	s.fields.Dimensions = dimensions
	for _, c := range children {
		if c.Plugin != "" {
			c.Field = s.fields.ofPlugin(c.Plugin)
		}
		missing := s.fields.without(c)
		switch {
		case missing == "":
			s.fields.Children = append(s.fields.Children, c.Table)
		case slices.Contains(s.opts.Tables, c.Name):
			return &BadTables{fmt.Errorf("%s is made of %s: add the field to jira.fields or take the table out of tables", c.Name, missing)}
		default:
			s.opts.Log.Info("table left out: "+missing, "table", c.Name)
		}
	}
	return nil
}

// without says which field a table lacks; "" if none.
func (sel Selection) without(c table.ChildTable) string {
	switch {
	case c.Plugin != "" && c.Field == "":
		return "the field of " + c.Plugin + ", which the site does not have or jira.fields does not select"
	case c.Field[0] != '.' && !sel.Has(c.Field):
		return "the field " + c.Field + ", which jira.fields does not select"
	}
	return ""
}

// ofPlugin returns the id of the selected field of a plugin, "" if there is
// none; of several the oldest.
func (sel Selection) ofPlugin(name string) string {
	var ids []string
	for _, f := range sel.Custom {
		if f.Schema.Custom[strings.LastIndexByte(f.Schema.Custom, ':')+1:] == name {
			ids = append(ids, f.ID)
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return slices.MinFunc(ids, byNumber)
}

// fills reports whether a table that is made of a field is filled.
func (sel Selection) fills(field string) bool {
	return slices.ContainsFunc(sel.Children, func(t *table.Table) bool { return t.Field == field })
}

// tablesOf are the names of the tables that are made of a field.
func (sel Selection) tablesOf(field string) (names []string) {
	for _, t := range sel.Children {
		if t.Field == field {
			names = append(names, t.Name)
		}
	}
	return names
}

// tableNames are the names of the tables that are filled.
func (sel Selection) tableNames() []string {
	names := []string{"issues"}
	for _, t := range sel.Children {
		names = append(names, t.Name)
	}
	return names
}

// Cost is what a table takes beyond the pages of issues.
type Cost struct {
	Table    string
	Requests int64  // about; 0: see Why
	Why      string // in words
}

// Costs returns what the tables take to read so many issues, in so many
// partitions.
func (s *Source) Costs(issues int64, partitions int) []Cost {
	var costs []Cost
	if s.fields.fills(table.Changelog) && s.onCloud() {
		together := int64(s.limits.issues)
		n := max((issues+together-1)/together, int64(partitions))
		costs = append(costs, Cost{strings.Join(s.fields.tablesOf(table.Changelog), ", "), n, fmt.Sprintf("one for every %d issues, or for fewer if they are large or changed often", together)})
	}
	for _, r := range remarks {
		if s.fields.fills(r.field) {
			costs = append(costs, Cost{r.table, 0, "one or more for each issue that has more than it shows"})
		}
	}
	for _, t := range s.fields.Children {
		if t.Price != "" {
			costs = append(costs, Cost{t.Name, issues, t.Price})
		}
	}
	return costs
}

// DimensionCosts returns what the given dimensions take to read, as far as the
// site's projects tell.
func (s *Source) DimensionCosts(dimensions []*table.Table) []Cost {
	projects := int64(len(s.projects))
	pages := int64(1)
	if s.onCloud() {
		pages = max((projects+99)/100, 1)
	}
	known := map[string]int64{"projects": pages, "components": projects, "versions": projects, "security_levels": projects}
	var costs []Cost
	for _, t := range dimensions {
		n := known[t.Name]
		if t.Price == table.OneRequest {
			n = 1
		}
		costs = append(costs, Cost{t.Name, n, t.Price})
	}
	return costs
}
