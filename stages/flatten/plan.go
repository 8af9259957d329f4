package flatten

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/zeebo/xxh3"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// plan says which columns want the value of which field.
type plan struct {
	members map[string]*wanted // of the issue itself, beside "fields"
	fields  map[string]*wanted // of "fields"
	sets    map[string][]child // dimensions, by what they are read from
	own     []target           // columns that hold no value of a field
	updated *target            // where the issue's updated lands
	errors  int                // index of the table of value errors, -1 if none
}

// wanted is a field that has columns, child tables, or both.
type wanted struct {
	seed     uint64 // digest of what is made of the field
	read     int64  // sequence number of the issue in which it was met last
	targets  []target
	paths    []*paths // of targets
	children []child
	present  []*present // where histories want the value
	tracked  []table.Tracked
	way      []table.Step // to the array that all is made of, if there are child tables only
}

// target is one column.
type target struct {
	table  int // index of the table
	column int // index in its rows
	name   string
	field  string
	typ    table.Type
	source table.Source
	form   table.Form
	key    bool // part of the key of a child table or dimension
	outer  int  // how many arrays further out the path starts
	steps  []table.Step
	paths  *paths // follow the steps, if it is no list
	path   int    // which of them is this target's
}

// child is a table whose rows are the elements of an array in a field, or in an
// answer of Jira.
type child struct {
	table   int
	each    []table.Step
	only    table.Only
	targets []target
	paths   []*paths   // of targets
	inner   *paths     // the one of them that starts from the element, if every element becomes a row
	rows    target     // stands for all columns in value errors
	history *historian // makes the rows, of all elements together; nil: one row for each element
}

func compile(tables []*table.Table, sprints sprints) plan {
	p := plan{members: map[string]*wanted{}, fields: map[string]*wanted{}, sets: map[string][]child{}, errors: -1}
	for i, t := range tables {
		cells := targets(i, t)
		switch {
		case t.Role == table.Child && t.Field == "":
			p.errors = i
		case t.Role == table.Child:
			w := p.want(t.Field)
			c := childOf(i, t, cells)
			if t.History != nil {
				c.history = p.track(t.History, cells)
				c.history.sprints = sprints
			}
			w.children = append(w.children, c)
		case t.Role == table.Dimension:
			p.sets[t.Field] = append(p.sets[t.Field], childOf(i, t, cells))
		default:
			for _, c := range cells {
				if c.source != table.FromValue {
					p.own = append(p.own, c)
					continue
				}
				if c.name == table.Updated {
					p.updated = &c
				}
				w := p.want(c.field)
				w.targets = append(w.targets, c)
			}
		}
	}
	for _, fields := range []map[string]*wanted{p.members, p.fields} {
		for _, w := range fields {
			w.seed = w.digest(tables)
			w.paths = pathsOf(w.targets)
			if len(w.targets) == 0 {
				w.way = w.oneWay()
			}
		}
	}
	return p
}

// track makes what replays the history of fields, and has their present values
// brought to it.
func (p *plan) track(fields []table.Tracked, targets []target) *historian {
	h := newHistorian(fields, targets)
	for i, f := range fields {
		if f.Member != "" {
			w := p.want(f.Member)
			w.present = append(w.present, &h.present[i])
			w.tracked = append(w.tracked, f)
		}
	}
	created := p.want("created")
	created.present = append(created.present, &h.created)
	return h
}

// targets are the columns of table i that its files hold.
func targets(i int, t *table.Table) []target {
	var cells []target
	for j, c := range t.Staged() {
		outer, steps := c.Path.Steps()
		cells = append(cells, target{table: i, column: j, name: c.Name, field: c.Field, typ: c.Type,
			source: c.Source, form: c.Form, key: t.Role != table.Issue && slices.Contains(t.Key, c.Name), outer: outer, steps: steps})
	}
	return cells
}

func childOf(i int, t *table.Table, cells []target) child {
	for j := range cells {
		cells[j].field = t.Field
	}
	_, each := t.Each.Steps()
	c := child{table: i, each: each, only: t.Only, targets: cells, paths: pathsOf(cells), rows: target{table: i, name: "*", field: t.Field}}
	if at := slices.IndexFunc(c.paths, func(p *paths) bool { return p.outer == 0 && !p.sprint }); at >= 0 && c.only.Member == "" {
		c.inner = c.paths[at]
	}
	return c
}

// version goes into the digest of every field that has a column. It is raised
// when the flattener makes other cells of the same values, so that rows are
// written again when they are read again.
const version = 1

// historyVersion is the same for the rows of issue_field_history, and no more than
// that: where the table is not loaded, nothing is written again.
const historyVersion = 2

// digest sums up the columns that a field's value goes into.
func (w *wanted) digest(tables []*table.Table) uint64 {
	var text []byte
	add := func(targets []target) {
		for _, t := range targets {
			text = fmt.Appendf(text, "%s.%s %v %v %v %v\n", tables[t.table].Name, t.name, t.typ, t.form, t.outer, t.steps)
		}
	}
	add(w.targets)
	for _, c := range w.children {
		text = fmt.Appendf(text, "%v\n", c.each)
		if c.only != (table.Only{}) {
			text = fmt.Appendf(text, "%v\n", c.only)
		}
		add(c.targets)
		if c.history != nil {
			text = fmt.Appendf(text, "history %d\n", historyVersion)
		}
	}
	for _, f := range w.tracked {
		text = fmt.Appendf(text, "%v %v %v\n", f.Shape, f.Writing, f.Unchanged)
	}
	return xxh3.HashSeed(text, version)
}

// content returns the part of a field's value that its tables are made of, and how
// many steps of the way lead to it. What stands around the array of a child table,
// how many elements there are and where the page of them began, depends on how they
// were read. A value that does not lead to the array is all content, no step away.
func (w *wanted) content(value []byte) (part []byte, steps int) {
	part = value
	for _, s := range w.way {
		if rawjson.TypeOf(part) != rawjson.Object {
			return value, 0
		}
		part = member(part, s)
	}
	return part, len(w.way)
}

// oneWay returns the steps to the array that the child tables are made of, if all
// are made of the same one.
func (w *wanted) oneWay() []table.Step {
	for _, c := range w.children {
		if !reflect.DeepEqual(c.each, w.children[0].each) {
			return nil
		}
	}
	if len(w.children) == 0 {
		return nil
	}
	return direct(w.children[0].each)
}

// direct returns the steps before the first array.
func direct(steps []table.Step) []table.Step {
	if i := slices.IndexFunc(steps, func(s table.Step) bool { return s.Each }); i >= 0 {
		return steps[:i]
	}
	return steps
}

// want returns the entry for a field; a leading dot names a member of the issue.
func (p *plan) want(field string) *wanted {
	where := p.fields
	if field[0] == '.' {
		where, field = p.members, field[1:]
	}
	if where[field] == nil {
		where[field] = &wanted{}
	}
	return where[field]
}
