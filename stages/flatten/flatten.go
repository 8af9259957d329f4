// Package flatten turns one raw issue into rows of several tables, in one pass
// over its bytes and without building values of it.
//
// What to do with a value follows from the descriptions in internal/table: New
// compiles them into a plan, Issue walks an issue's members and puts each into
// the columns that want it. A value that does not fit its column never loses
// the row: the cell is NULL, the value stays in _raw, and the case becomes a
// row of _snowdrift_value_errors.
package flatten

import (
	"bytes"
	"errors"
	"fmt"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// Flattener turns raw issues into rows. It is for one goroutine.
type Flattener struct {
	tables []*table.Table
	plan   plan
	top    *directory // of the members of an issue
	fields *directory // of its "fields"

	rows []*stages.Rows // one for each table
	seq  int64
	id   int64         // of the issue under way
	raw  []byte        // the issue under way
	sent int           // bytes of raw that Jira sent, but for the closing brace
	hash uint64        // digest of the content of the issue under way, so far
	bad  []valueError  // values of the issue under way that do not fit
	kids []childValue  // values of the issue under way that make child rows
	walk walk          // the way to the child row under way
	met  int64         // elements on such ways, so far
	mark []int         // rows of each table before the issue under way
	odd  map[Odd]int64 // how often values did not fit

	sprints sprints
}

// Odd names a column that some values did not fit.
type Odd struct{ Field, Table, Column string }

type valueError struct {
	target *target
	reason string
}

type childValue struct {
	child *child
	value []byte
	steps []table.Step // from value to the elements
}

// New returns a flattener for tables.
func New(tables []*table.Table) *Flattener {
	remembered := sprints{}
	p := compile(tables, remembered)
	return &Flattener{
		tables:  tables,
		plan:    p,
		top:     newDirectory(p.members),
		fields:  newDirectory(p.fields),
		mark:    make([]int, len(tables)),
		odd:     map[Odd]int64{},
		sprints: remembered,
	}
}

// Into directs the rows that follow into rows, one for each of the flattener's
// tables, in their order.
func (f *Flattener) Into(rows []*stages.Rows) { f.rows = rows }

// Odd returns how often values did not fit, by column, since New.
func (f *Flattener) Odd() map[Odd]int64 { return f.odd }

// Issue appends the rows of one raw issue and returns what identifies this
// reading of it. raw must be valid JSON. An issue without an id is an error:
// there is no row that it could be.
func (f *Flattener) Issue(raw []byte) (stages.Ref, error) {
	for i, r := range f.rows {
		f.mark[i] = r.Len()
	}
	f.seq++
	f.raw, f.sent, f.id, f.hash = raw, len(raw), 0, 0
	f.bad, f.kids = f.bad[:0], f.kids[:0]
	f.top.begin()
	f.fields.begin()
	var ref stages.Ref
	var id []byte
	c := rawjson.NewCursor(raw)
	c.Members(func(name []byte) {
		if string(name) == "fields" && c.Type() == rawjson.Object {
			c.Members(func(name []byte) { f.field(f.fields.find(name), &c) })
			return
		}
		value := c.Value()
		if string(name) == "id" && rawjson.IsNull(id) {
			id = value
		}
		if bytes.HasPrefix(name, addedPrefix) {
			f.sent = min(f.sent, rawjson.Offset(raw, value)-len(name)-len(`,"":`))
			if string(name) == table.AddedChangelog {
				name = changelogName
			}
		}
		if n := f.top.find(name); n.wanted != nil {
			f.value(n, value, false)
		}
	})
	var ok bool
	if f.id, ok = rawjson.Int64(id); !ok {
		f.Drop()
		return ref, errNoID
	}
	f.finish()
	if updated := f.plan.updated; updated != nil {
		ref.Updated = f.rows[updated.table].LastInt(updated.column) / 1000
	}
	ref.ID, ref.Hash = f.id, f.hash
	return ref, nil
}

var (
	addedPrefix   = []byte(table.Added)
	changelogName = []byte(table.Changelog[1:])
)

var errNoID = errors.New("flatten: Jira sent an issue without a numeric id")

// Drop takes back the rows of the issue that was flattened last.
func (f *Flattener) Drop() {
	for i, r := range f.rows {
		r.Truncate(f.mark[i])
	}
}

// Answer appends the rows of the dimensions that are read as what; value, which
// must be valid JSON, is what their Each leads into. What does not fit is only
// counted, see Odd: there is no issue in whose _raw it could be looked up.
func (f *Flattener) Answer(what string, value []byte) {
	f.seq++
	f.bad = f.bad[:0]
	sets := f.plan.sets[what]
	for i := range sets {
		f.children(&sets[i], sets[i].each, value)
	}
	f.errors()
}

// field takes one member of an issue's "fields".
func (f *Flattener) field(n *named, c *rawjson.Cursor) {
	value, again := c.Again(n.last)
	if !again {
		value = c.Value()
	}
	if n.wanted != nil {
		f.value(n, value, again)
		return
	}
	if !again {
		n.sum = n.digest(value, n.seed)
		n.remember(value)
	}
	f.hash += n.sum
}

// value takes the value of a field that some column wants; again says that it is
// n.last. Of duplicate members the first that is not null counts, in columns and
// child tables alike.
func (f *Flattener) value(n *named, value []byte, again bool) {
	w := n.wanted
	for _, p := range w.present {
		p.set(f.seq, value)
	}
	if rawjson.IsNull(value) || w.read == f.seq {
		return
	}
	w.read = f.seq
	part, way := w.content(value)
	if !again {
		n.sum = n.digest(part, n.seed)
		if way < len(w.way) {
			n.sum = n.digest(value, n.whole)
		}
		from := n.remember(value)
		for _, p := range w.paths {
			f.follow(p, from)
		}
	}
	f.hash += n.sum
	for i := range w.targets {
		f.put(&w.targets[i], value)
	}
	for i := range w.children {
		f.kids = append(f.kids, childValue{&w.children[i], part, w.children[i].each[way:]})
	}
}

// follow follows paths from value.
func (f *Flattener) follow(p *paths, value []byte) {
	if p.sprint {
		value = f.sprints.object(value)
	}
	p.reach(&p.root, value)
}

// followOnce follows paths from an element, unless the row before was made of the
// same one: of a change with its items, say.
func (f *Flattener) followOnce(p *paths, from *element) {
	if p.from != from.met {
		p.from = from.met
		f.follow(p, from.value)
	}
}

// finish sets the cells that take the whole issue, and ends the rows.
func (f *Flattener) finish() {
	for i := range f.plan.own {
		t := &f.plan.own[i]
		switch t.source {
		case table.FromRaw:
			f.rows[t.table].SetBytes(t.column, func(dst []byte) ([]byte, bool) {
				dst, changed := rawjson.AppendStorable(dst, f.raw[:f.sent])
				if f.sent < len(f.raw) {
					dst = append(dst, '}')
				}
				if changed {
					f.bad = append(f.bad, valueError{t, "the text holds half a surrogate pair or bytes that are not UTF-8, stored as U+FFFD"})
				}
				return dst, true
			})
		case table.FromHash:
			f.rows[t.table].SetInt(t.column, int64(f.hash))
		}
	}
	for i, t := range f.tables {
		if t.Role == table.Issue {
			f.rows[i].End(f.seq)
		}
	}
	for _, k := range f.kids {
		if k.child.history != nil {
			f.history(k.child, k.value, k.steps)
			continue
		}
		f.children(k.child, k.steps, k.value)
	}
	f.errors()
}

// errors makes rows of the values that did not fit.
func (f *Flattener) errors() {
	e := f.plan.errors
	for _, b := range f.bad {
		name := Odd{b.target.field, f.tables[b.target.table].Name, b.target.name}
		f.odd[name]++
		if e < 0 {
			continue
		}
		r := f.rows[e]
		r.SetInt(0, f.id)
		for i, s := range []string{name.Field, name.Table, name.Column, b.reason} {
			r.SetString(i+1, s)
		}
		r.End(f.seq)
	}
}

func (f *Flattener) misfit(t *target, value []byte, want string) {
	f.bad = append(f.bad, valueError{t, fmt.Sprintf("expected %s, found %s", want, describe(value))})
}

// describe names the kind and the size of a value, not the value: it may be
// long, and logs must not show it.
func describe(v []byte) string {
	names := map[rawjson.Type]string{rawjson.Bool: "true or false", rawjson.Number: "a number", rawjson.String: "a string",
		rawjson.Array: "an array", rawjson.Object: "an object"}
	return fmt.Sprintf("%s of %d bytes", names[rawjson.TypeOf(v)], len(v))
}
