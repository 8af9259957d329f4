package table

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// CheckName reports why a column of a custom field must not be called so.
func CheckName(name string) error {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return fmt.Errorf("is no name for a column: letters, digits behind the first, and _ make one that works unquoted")
		}
	}
	switch {
	case name == "" || strings.HasPrefix(name, "_"):
		return fmt.Errorf("is no name for a column: it must begin with a letter")
	case name != strings.ToLower(name):
		return fmt.Errorf("is not in lower case; write %s (Snowflake shows it in upper case)", strings.ToLower(name))
	case reserved[name]:
		return fmt.Errorf("is a reserved word, which works quoted only; choose another name, such as %s_", name)
	case len(name) > maxName:
		return fmt.Errorf("is longer than %d bytes", maxName)
	}
	return nil
}

// CheckNames reports the first name given to a field (Field.Column) that a
// column has already: one of Jira's own fields, or of another field in the
// ledger. Columns keep their fields, so somebody has to choose another name.
// Fields of several sites can be given one name if their types are the same.
func CheckNames(site string, fields []Field, ledger []Assignment) error {
	system := Issues(nil, nil).WithText(BothTexts)
	wanted := map[string]string{}
	for _, f := range fields {
		if f.Column == "" {
			continue
		}
		for _, p := range f.parts() {
			name := f.Column + p.Suffix
			if system.Column(name) != nil {
				return fmt.Errorf("%s for %s: issues has a column %s of its own; choose another name", f.Column, f.ID, name)
			}
			for _, a := range ledger {
				if a.Column == name && a.SiteName() == site && a.Field != f.ID {
					return fmt.Errorf("%s for %s: the column %s holds %s (%s) and keeps it; choose another name", f.Column, f.ID, name, a.Field, oneLine(a.Name))
				}
				if a.Column == name && a.SiteName() != site && a.Type != p.Type {
					return fmt.Errorf("%s for %s: the column %s holds %s of the site %s, which is a %s and not a %s; choose another name", f.Column, f.ID, name, a.Field, a.SiteName(), a.Type, p.Type)
				}
			}
			if other := wanted[name]; other != "" {
				return fmt.Errorf("%s for %s: the column %s would also be one of %s; choose another name", f.Column, f.ID, name, other)
			}
			wanted[name] = f.ID
		}
	}
	return nil
}

// withNames returns the ledger with the columns of fields that are given a name. A
// name that a column of the field with another type has is left to choose, as
// for every field that changed its type.
func withNames(site string, fields []Field, ledger []Assignment) []Assignment {
	for _, f := range fields {
		if f.Column == "" {
			continue
		}
		for _, p := range f.parts() {
			name := f.Column + p.Suffix
			if !slices.ContainsFunc(ledger, func(a Assignment) bool { return a.SiteName() == site && a.Column == name }) {
				ledger = append(ledger, Assignment{Site: site, Field: f.ID, Suffix: p.Suffix, Type: p.Type, Name: f.Name, Column: name})
			}
		}
	}
	return ledger
}

// columnsOf returns the entries of the ledger for a part of a field, in the order
// of their names.
func columnsOf(site string, f Field, p Part, ledger []Assignment) (have []Assignment) {
	for _, a := range ledger {
		if a.SiteName() == site && a.Field == f.ID && a.Suffix == p.Suffix && a.Type == p.Type {
			have = append(have, a)
		}
	}
	slices.SortFunc(have, func(a, b Assignment) int { return strings.Compare(a.Column, b.Column) })
	return have
}
