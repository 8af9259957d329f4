package load

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"snowdrift/internal/table"
	sqlfiles "snowdrift/sql"
)

// View is a query that a destination keeps under a name, for analysts. Its text
// depends on what tables and columns the destination has.
type View struct {
	Name string
	// define says how the view looks in a destination; lacks names what is
	// missing for it there.
	define func(d Dialect, have Shape) (def Definition, lacks string)
}

// Shape is what a destination has: the columns of its tables and views in their
// order, names in lower case.
type Shape map[string][]string

func (s Shape) has(relation, column string) bool { return slices.Contains(s[relation], column) }

// Definition is a view as a destination is to have it.
type Definition struct {
	Name    string
	Doc     string
	Columns []sqlfiles.ViewColumn
	Query   string
	reads   []string // names of what it reads, as far as views are among them
	mark    string
}

// Views returns the views, each behind those that it reads. issues describes the
// table as a load of the site fills it; ledger holds the columns of all sites.
func Views(site string, issues *table.Table, ledger []table.Assignment) []View {
	out := []View{currentIssues(site, issues, ledger), issuePoints(site, issues, ledger)}
	for _, name := range sqlfiles.ViewNames() {
		out = append(out, View{Name: name, define: func(d Dialect, have Shape) (Definition, string) {
			return fit(d, sqlfiles.ViewOf(d.Name, name), have)
		}})
	}
	return out
}

// markForm is the end of the comment of every view that snowdrift made: by it a
// later run knows whether the view is still as it would make it.
var markForm = regexp.MustCompile(` \[snowdrift [0-9a-f]{12}\]$`)

// comment is the view's comment in the destination.
func (def Definition) comment() string { return def.marked(def.mark) }

// unfinished is the mark of a view that has not all of its comments yet.
const unfinished = "000000000000"

func (def Definition) marked(mark string) string { return def.Doc + " [snowdrift " + mark + "]" }

// Outdated returns the definitions of the views that a destination lacks or has
// in an older form. comments are those of the views that it has, by name. A view
// without our mark is somebody else's: it is left alone, and serves the views
// that read it. A view that cannot be made, because the destination has not what
// it needs, is left as it is, too.
func Outdated(d Dialect, views []View, have Shape, comments map[string]string) []Definition {
	var out []Definition
	marks := map[string]string{}
	for _, v := range views {
		comment, there := comments[v.Name]
		def, lacks := v.define(d, have)
		if lacks != "" || there && !markForm.MatchString(comment) {
			continue
		}
		def.mark = fingerprint(d, def, marks)
		marks[v.Name] = def.mark
		have[v.Name] = nil
		for _, c := range def.Columns {
			have[v.Name] = append(have[v.Name], c.Name)
		}
		if comment != def.comment() {
			out = append(out, def)
		}
	}
	return out
}

// fingerprint identifies a definition and those of the views that it reads: a
// view is made anew after them.
func fingerprint(d Dialect, def Definition, marks map[string]string) string {
	h := sha256.New()
	for _, s := range append(d.CreateView(def), def.reads...) {
		fmt.Fprintf(h, "%s\x00%s\x00", s, marks[s])
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// CreateView returns the statements that make a view, or replace it. Where there
// are several, the first two belong into one transaction: a view without its
// comment would be taken for somebody else's. The last says that the view is as it
// is to be; should it never come, the next run makes the view anew.
func (d Dialect) CreateView(def Definition) []string {
	name := d.Quote(def.Name)
	if d.Comments {
		var columns []string
		for _, c := range def.Columns {
			columns = append(columns, "\n  "+d.Quote(c.Name)+" COMMENT "+d.Literal(c.Doc))
		}
		// Who may read the view that is replaced may read the new one.
		return []string{"CREATE OR REPLACE VIEW " + name + " (" + strings.Join(columns, ",") + "\n) COPY GRANTS COMMENT = " + d.Literal(def.comment()) + " AS\n" + def.Query}
	}
	comment := func(text string) string { return "COMMENT ON VIEW " + name + " IS " + d.Literal(text) }
	out := []string{"CREATE OR REPLACE VIEW " + name + " AS\n" + def.Query, comment(def.marked(unfinished))}
	for _, c := range def.Columns {
		out = append(out, "COMMENT ON COLUMN "+name+"."+d.Quote(c.Name)+" IS "+d.Literal(c.Doc))
	}
	return append(out, comment(def.comment()))
}

// ViewDDL returns the statements that make the views in a destination that has
// the tables and nothing else.
func ViewDDL(d Dialect, tables []*table.Table, views []View) []string {
	have := Shape{}
	for _, t := range tables {
		for _, c := range t.Columns {
			have[t.Name] = append(have[t.Name], c.Name)
		}
	}
	var out []string
	for _, def := range Outdated(d, views, have, nil) {
		out = append(out, d.CreateView(def)...)
	}
	return out
}

// fit fits the view of a file to what a destination has: what the view takes and
// does not find becomes NULL.
func fit(d Dialect, v sqlfiles.View, have Shape) (Definition, string) {
	def := Definition{Name: v.Name, Doc: strings.TrimSpace(v.Doc + " " + v.Notes), Columns: v.Columns, Query: v.Query}
	needed := map[string][]string{}
	for _, r := range v.Needs {
		for _, c := range r.Columns {
			if !have.has(r.Name, c) {
				return def, r.Name + "." + c
			}
		}
		needed[r.Name] = r.Columns
		def.reads = append(def.reads, r.Name)
	}
	for _, r := range v.Takes {
		if stand, whole := standIn(d, r, needed[r.Name], have); !whole {
			read := regexp.MustCompile(`\b(FROM|JOIN) ` + r.Name + `\b`)
			def.Query = read.ReplaceAllString(def.Query, "${1} "+stand)
		}
	}
	return def, ""
}

// standIn returns a subquery that gives the columns of a relation, those that the
// destination lacks as NULL, without rows where it has no such relation. whole
// says that nothing is lacking.
func standIn(d Dialect, r sqlfiles.Relation, needed []string, have Shape) (query string, whole bool) {
	whole = true
	var list []string
	for _, c := range needed {
		list = append(list, d.Quote(c))
	}
	for i, c := range r.Columns {
		if have.has(r.Name, c) {
			list = append(list, d.Quote(c))
			continue
		}
		whole = false
		kind, err := table.ParseType(r.Types[i])
		if err != nil {
			panic("load: the views are part of the binary: " + r.Name + "." + c + ": " + err.Error())
		}
		list = append(list, "CAST(NULL AS "+d.Types[kind]+") AS "+d.Quote(c))
	}
	query = "(SELECT " + strings.Join(list, ", ")
	if _, there := have[r.Name]; !there {
		return query + " LIMIT 0)", false
	}
	return query + " FROM " + d.Quote(r.Name) + ")", whole
}

// ViewError adds to a destination's refusal of a view what to do about it, if nobody
// knows better.
func ViewError(err error) error {
	var e *Error
	if errors.As(err, &e) && e.Hint == "" {
		e.Hint = "grant the right to make views (Snowflake: CREATE VIEW on the schema), move away what else has that name, give a view of your own the columns that ours has, or set views: false"
	}
	return err
}
