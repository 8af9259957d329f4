package load

import (
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
	sqlfiles "snowdrift/sql"
)

// described are all tables that a load may make.
func described() (out []*table.Table) {
	out = append(out, table.Issues(nil, nil), table.ValueErrors())
	for _, c := range table.Children() {
		out = append(out, c.Table)
	}
	return append(out, table.Dimensions()...)
}

// TestViewsRead: what views read are columns of tables, of the types that they
// take them for, or of other views.
func TestViewsRead(t *testing.T) {
	tables := described()
	find := func(name string) *table.Table {
		if i := slices.IndexFunc(tables, func(t *table.Table) bool { return t.Name == name }); i >= 0 {
			return tables[i]
		}
		return nil
	}
	for _, name := range append(sqlfiles.ViewNames(), sqlfiles.CurrentIssues().Name, sqlfiles.IssuePoints().Name) {
		if find(name) != nil || strings.HasPrefix(name, "_snowdrift_") {
			t.Errorf("a table is called %s, as a view", name)
		}
	}
	for _, name := range sqlfiles.ViewNames() {
		v := sqlfiles.ViewOf("duckdb", name)
		for _, r := range slices.Concat(v.Needs, v.Takes) {
			source := find(r.Name)
			if r.Name == sqlfiles.CurrentIssues().Name { // which has the columns of issues
				source = tables[0]
			}
			if source == nil {
				of := sqlfiles.IssuePoints()
				if r.Name != of.Name {
					of = sqlfiles.ViewOf("duckdb", r.Name) // panics if there is none
				}
				for _, c := range r.Columns {
					if !slices.ContainsFunc(of.Columns, func(o sqlfiles.ViewColumn) bool { return o.Name == c }) {
						t.Errorf("%s reads %s.%s, which is not there", name, r.Name, c)
					}
				}
				continue
			}
			for i, c := range r.Columns {
				column := source.Column(c)
				if column == nil {
					t.Errorf("%s reads %s.%s, which is not there", name, r.Name, c)
					continue
				}
				if r.Types != nil && r.Types[i] != column.Type.String() {
					t.Errorf("%s takes %s.%s for %s, and it is %s", name, r.Name, c, r.Types[i], column.Type)
				}
			}
		}
	}
}
