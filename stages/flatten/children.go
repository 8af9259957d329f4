package flatten

import (
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// maxArrays is the number of nested arrays that lead to the rows of a child
// table at most.
const maxArrays = 4

// walk is the way to the element that a child row is made of.
type walk struct {
	elements [maxArrays]element
	depth    int
}

type element struct {
	value []byte
	index int64
	met   int64 // a number that no other element has
}

// children makes a row of the child table of every element that steps lead to
// in value. Where there is something else than the arrays and objects on the
// way, the rows that it might have meant are a value error.
func (f *Flattener) children(c *child, steps []table.Step, value []byte) {
	for i, s := range steps {
		if rawjson.IsNull(value) {
			return
		}
		if !s.Each {
			if rawjson.TypeOf(value) != rawjson.Object {
				f.misfit(&c.rows, value, "an object")
				return
			}
			value = member(value, s)
			continue
		}
		if rawjson.TypeOf(value) != rawjson.Array {
			f.misfit(&c.rows, value, "an array")
			return
		}
		at := &f.walk.elements[f.walk.depth]
		f.walk.depth++
		at.index = 0
		elements := rawjson.NewCursor(value)
		elements.Elements(func() {
			f.met++
			at.met = f.met
			if i+1 == len(steps) && c.inner != nil {
				at.value, c.inner.from = c.inner.read(&elements), at.met
			} else {
				at.value = elements.Value()
			}
			f.children(c, steps[i+1:], at.value)
			at.index++
		})
		f.walk.depth--
		return
	}
	if f.walk.depth > 0 && !rawjson.IsNull(value) && c.takes(value) {
		f.childRow(c)
	}
}

// takes reports whether an element becomes a row.
func (c *child) takes(element []byte) bool {
	if c.only.Member == "" {
		return true
	}
	if rawjson.TypeOf(element) != rawjson.Object {
		return false
	}
	text := rawjson.Lookup(element, c.only.Member)
	var memory [64]byte // lest each needs some of its own
	return rawjson.TypeOf(text) == rawjson.String && string(rawjson.AppendString(memory[:0], text)) == c.only.Value
}

// childRow makes a row of the element that the walk is at. Without a cell of
// the key it would be no row that anyone could tell from others: then there is
// a value error in its place.
func (f *Flattener) childRow(c *child) {
	r := f.rows[c.table]
	for _, p := range c.paths {
		f.followOnce(p, &f.walk.elements[f.walk.depth-1-p.outer])
	}
	for i := range c.targets {
		t := &c.targets[i]
		from := &f.walk.elements[f.walk.depth-1-t.outer]
		switch t.source {
		case table.FromIssue:
			r.SetInt(t.column, f.id)
		case table.FromIndex:
			r.SetInt(t.column, from.index)
		case table.FromHash: // stands last
			r.SetInt(t.column, int64(r.Digest()))
		default:
			f.put(t, from.value)
		}
		if t.key && !r.Has(t.column) {
			r.Truncate(r.Len())
			f.bad = append(f.bad, valueError{&c.rows, "an element has no " + t.name + ", by which its row would be known"})
			return
		}
	}
	r.End(f.seq)
}
