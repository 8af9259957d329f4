package fetch

import (
	"fmt"
	"maps"
	"slices"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
)

// name notes the names that the user gives to columns of custom fields, each
// with the id or name of its field. A field that the site does not have is an
// *Unknown; one that has no column of its own, or two names, a *BadQuery.
func (sel *Selection) name(all []jira.Field, names map[string]string) error {
	sel.names = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		f, err := findField(all, names[name])
		if err != nil {
			return err
		}
		switch other := sel.names[f.ID]; {
		case !f.Custom:
			return &BadQuery{Err: fmt.Errorf("jira.fields.rename: %s is not a custom field, and its columns have the same names at every site", f.ID)}
		case !sel.Has(f.ID):
			return &BadQuery{Err: fmt.Errorf("jira.fields.rename: %s is to be the name of %s, which jira.fields does not select", name, f.ID)}
		case other != "":
			return &BadQuery{Err: fmt.Errorf("jira.fields.rename: %s and %s are both to be names of %s; keep one", other, name, f.ID)}
		}
		sel.names[f.ID] = name
	}
	return nil
}

// nameList lists the names, for the state.
func (sel Selection) nameList() []string {
	var list []string
	for id, name := range sel.names {
		list = append(list, name+": "+id)
	}
	slices.Sort(list)
	return list
}

// TableFields returns the selected custom fields as internal/table wants them.
func (sel Selection) TableFields() []table.Field {
	var out []table.Field
	for _, f := range sel.Custom {
		out = append(out, table.Field{ID: f.ID, Name: f.Name, Former: sel.Former[f.ID], Type: f.Schema.Type, Items: f.Schema.Items, Custom: f.Schema.Custom,
			Column: sel.names[f.ID], Text: sel.Text})
	}
	return out
}
