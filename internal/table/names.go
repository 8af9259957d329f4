package table

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Assignment is an entry of the column ledger: which part of which field of
// which site a column of issues holds. A column once assigned keeps its field,
// its type and its name for ever. Fields of several sites can share a column;
// of one site it holds one field.
type Assignment struct {
	// Site is the name of the site; "" is DefaultSite, as in ledgers of versions
	// that could load no other.
	Site   string `json:"site,omitempty"`
	Field  string `json:"field"`            // customfield_10016
	Suffix string `json:"suffix,omitempty"` // the part, see Part
	Type   Type   `json:"type"`
	Column string `json:"column"`
	Name   string `json:"name"` // the field's display name when the column was made
}

// SiteName returns the name of the site.
func (a Assignment) SiteName() string { return cmp.Or(a.Site, DefaultSite) }

// LedgerKey identifies an entry of the column ledger.
type LedgerKey struct{ Site, Column string }

// Key returns what identifies the entry: of one site a column holds one field.
func (a Assignment) Key() LedgerKey { return LedgerKey{a.SiteName(), a.Column} }

// LedgerKeys returns what identifies the entries of a ledger.
func LedgerKeys(ledger []Assignment) map[LedgerKey]bool {
	keys := map[LedgerKey]bool{}
	for _, a := range ledger {
		keys[a.Key()] = true
	}
	return keys
}

// NotIn returns those of the assignments that a ledger with the keys does not have.
func NotIn(keys map[LedgerKey]bool, assignments []Assignment) (added []Assignment) {
	for _, a := range assignments {
		if !keys[a.Key()] {
			added = append(added, a)
		}
	}
	return added
}

// Custom returns the columns of issues for the custom fields of a site, and the
// ledger with the assignments that had to be made. It depends on the sets of
// fields and of assignments, never on their order. A renamed field keeps its
// column; a field whose type changed gets a new one, and takes the old one up
// again when the type changes back. A field that is called as one of another
// site and has the same parts shares its columns, which analysts expect of one
// story_points; which of two sites that differ gets the plain name is up to
// which was loaded first. A field that is given a name (Field.Column) when it has
// a column already gets a second one, and both are filled: who asks for the
// first goes on to find what he found.
func Custom(site string, fields []Field, ledger []Assignment) ([]Column, []Assignment) {
	fields = slices.Clone(fields)
	slices.SortFunc(fields, func(a, b Field) int {
		return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), strings.Compare(a.ID, b.ID))
	})
	ledger = withNames(site, fields, slices.Clone(ledger))
	names := newNames(site, ledger)
	for _, f := range fields {
		if !names.knows(f) {
			names.wanted[baseName(f)]++
		}
	}
	var cols []Column
	for _, f := range fields {
		base := ""
		for _, p := range f.parts() {
			have := columnsOf(site, f, p, ledger)
			if len(have) == 0 {
				if base == "" {
					base = names.beside(f, p)
				}
				if base == "" {
					base = names.choose(f)
				}
				have = []Assignment{{Site: site, Field: f.ID, Suffix: p.Suffix, Type: p.Type, Name: f.Name, Column: base + p.Suffix}}
				ledger = append(ledger, have...)
				names.taken[base+p.Suffix] = true
			}
			for _, a := range have {
				cols = append(cols, Column{
					Name: a.Column, Type: p.Type, Field: f.ID, Path: p.Path, Form: p.Form,
					Doc: names.document(a, f),
				})
			}
		}
	}
	return cols, ledger
}

// names chooses names that nothing else has.
type names struct {
	site      string
	ledger    []Assignment
	taken     map[string]bool         // by a column of this site, or one of all sites
	elsewhere map[string][]Assignment // to fields of other sites, by column
	field     map[string]bool         // has a column already
	wanted    map[string]int          // by how many fields without a column
}

func newNames(site string, ledger []Assignment) names {
	n := names{site: site, ledger: ledger, taken: map[string]bool{}, elsewhere: map[string][]Assignment{}, field: map[string]bool{}, wanted: map[string]int{}}
	for _, c := range Issues(nil, nil).WithText(BothTexts).Columns {
		n.taken[c.Name] = true
	}
	for _, a := range ledger {
		if a.SiteName() != site {
			n.elsewhere[a.Column] = append(n.elsewhere[a.Column], a)
			continue
		}
		n.taken[a.Column] = true
		n.field[a.Field] = true
	}
	return n
}

func (n names) knows(f Field) bool { return n.field[f.ID] }

// choose returns a name under which all parts of f are free. Fields that want
// the same name all get their number behind it, so that none of them depends on
// which was seen first.
func (n names) choose(f Field) string {
	base := baseName(f)
	number := "_" + f.ID[strings.LastIndexByte(f.ID, '_')+1:]
	if n.knows(f) { // its type changed: say so in the new column's name
		base += "_" + f.parts()[0].Type.String()
	}
	if n.wanted[base] < 2 && n.free(base, f) {
		return base
	}
	for base += number; !n.free(base, f); {
		base += number
	}
	return base
}

// beside returns the name that the columns of f have, if a part that is new can
// be one of them: Markdown beside plain text. Else it returns "".
func (n names) beside(f Field, p Part) string {
	for _, q := range append(f.parts(), KindOf(f).Parts...) {
		for _, a := range columnsOf(n.site, f, q, n.ledger) {
			if base := strings.TrimSuffix(a.Column, a.Suffix); !n.taken[base+p.Suffix] {
				return base
			}
		}
	}
	return ""
}

func (n names) free(base string, f Field) bool {
	for _, p := range f.parts() {
		if n.taken[base+p.Suffix] || (p.Suffix != "" && n.wanted[base+p.Suffix] > 0) {
			return false
		}
	}
	return n.shareable(base, f)
}

// shareable reports whether the columns hold, of other sites, nothing but
// fields that are called like f and have the same parts.
func (n names) shareable(base string, f Field) bool {
	parts := f.parts()
	for _, p := range parts {
		for _, a := range n.elsewhere[base+p.Suffix] {
			if baseName(Field{ID: a.Field, Name: a.Name}) != baseName(f) || !maps.Equal(n.held(a, base), held(parts)) {
				return false
			}
		}
	}
	return true
}

// held returns the types of the columns of base that the field of a holds, by
// suffix.
func (n names) held(a Assignment, base string) map[string]Type {
	types := map[string]Type{}
	for _, b := range n.ledger {
		if b.SiteName() == a.SiteName() && b.Field == a.Field && b.Column == base+b.Suffix {
			types[b.Suffix] = b.Type
		}
	}
	return types
}

func held(parts []Part) map[string]Type {
	types := map[string]Type{}
	for _, p := range parts {
		types[p.Suffix] = p.Type
	}
	return types
}

// document says what the column of an assignment holds: the field, or those of
// all sites that share it. Then it follows from the ledger alone, so that each
// site's run says the same.
func (n names) document(a Assignment, f Field) string {
	shared := n.elsewhere[a.Column]
	if len(shared) == 0 {
		return fmt.Sprintf("%s (%s, %s).", oneLine(f.Name), f.ID, KindOf(f).Name)
	}
	all := append([]Assignment{a}, shared...)
	slices.SortFunc(all, func(a, b Assignment) int {
		return cmp.Or(strings.Compare(a.SiteName(), b.SiteName()), strings.Compare(a.Field, b.Field))
	})
	var fields []string
	for _, a := range all {
		fields = append(fields, a.SiteName()+" "+a.Field)
	}
	return fmt.Sprintf("%s (%s).", oneLine(all[0].Name), strings.Join(fields, ", "))
}

// maxName keeps names, with suffixes and numbers, well below the 255
// characters that Snowflake allows.
const maxName = 120

// baseName turns a display name into a lower-case column name that works
// unquoted wherever letters allow it: runs of anything but letters and digits
// become one underscore, a leading digit and reserved words are evaded, and a
// name of which nothing is left (an emoji) falls back to the field's id.
func baseName(f Field) string {
	if f.Column != "" {
		return f.Column
	}
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKC.String(f.Name) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('_')
			gap = false
		}
		b.WriteString(strings.ToLower(strings.ToUpper(string(r))))
		if b.Len() >= maxName {
			break
		}
	}
	name := b.String()
	first, _ := utf8.DecodeRuneInString(name)
	switch {
	case name == "":
		return strings.ToLower(f.ID)
	case unicode.IsDigit(first) || unicode.Is(unicode.Mn, first):
		return "field_" + name
	case reserved[name]:
		return name + "_"
	}
	return name
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
