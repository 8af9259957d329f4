package flatten

import (
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// putList sets a cell to the texts that the path leads to, as a JSON array, and
// reports whether all of them are texts.
func (f *Flattener) putList(r *stages.Rows, t *target, value []byte) bool {
	return r.SetBytes(t.column, func(dst []byte) ([]byte, bool) {
		l := list{text: append(dst, '['), start: len(dst) + 1, form: t.form, sprints: f.sprints, fits: true}
		l.add(value, t.steps)
		return append(l.text, ']'), l.fits
	})
}

// list is a JSON array of strings in the making.
type list struct {
	text    []byte
	start   int
	form    table.Form
	sprints sprints
	fits    bool
}

func (l *list) add(v []byte, steps []table.Step) {
	for i, s := range steps {
		if rawjson.IsNull(v) {
			return
		}
		if s.Each {
			l.fits = l.fits && rawjson.TypeOf(v) == rawjson.Array
			rawjson.Elements(v, func(e []byte) bool {
				if l.form == table.Sprint {
					e = l.sprints.object(e)
				}
				l.add(e, steps[i+1:])
				return true
			})
			return
		}
		if rawjson.TypeOf(v) != rawjson.Object {
			l.fits = false
			return
		}
		v = member(v, s)
	}
	l.append(v)
}

func (l *list) append(v []byte) {
	if rawjson.IsNull(v) {
		return
	}
	if len(l.text) > l.start {
		l.text = append(l.text, ',')
	}
	switch rawjson.TypeOf(v) {
	case rawjson.String:
		l.text, _ = rawjson.AppendStorable(l.text, v)
	case rawjson.Number, rawjson.Bool:
		l.text = append(append(append(l.text, '"'), v...), '"')
	default:
		l.fits = false
	}
}

// follow returns what the steps lead to from v; null where a member is absent.
// It reports false, and returns the value, when one on the way is neither an
// object nor null.
func follow(v []byte, steps []table.Step) (found []byte, ok bool) {
	for _, s := range steps {
		if rawjson.IsNull(v) {
			return nil, true
		}
		if rawjson.TypeOf(v) != rawjson.Object {
			return v, false
		}
		v = member(v, s)
	}
	return v, true
}

// member returns the first of the step's members that is there and not null.
func member(obj []byte, s table.Step) []byte {
	for _, name := range s.Members {
		if v := rawjson.Lookup(obj, name); !rawjson.IsNull(v) {
			return v
		}
	}
	return nil
}
