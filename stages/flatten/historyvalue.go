package flatten

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/zeebo/xxh3"

	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// parse appends the values that one side of an item names.
func (h *historian) parse(dst []value, t table.Tracked, id, text []byte) []value {
	v := h.single(t, id, text)
	switch {
	case v.empty():
		return dst
	case t.Shape != table.Whole:
		return append(dst, v)
	case t.Writing == table.Labels:
		for label := range bytes.FieldsSeq(v.text) {
			dst = append(dst, value{text: label})
		}
		return dst
	}
	return h.list(dst, t, v)
}

// single returns the value that one side of an item names, in the writing that
// all rows of the field share.
func (h *historian) single(t table.Tracked, id, text []byte) value {
	return h.written(t, value{id: h.decode(id), text: h.decode(text)})
}

// written brings numbers, days, instants and cascading options into one writing, and
// leaves out ids that are no more than that. What cannot be read stays as it is.
func (h *historian) written(t table.Tracked, v value) value {
	either := v.id
	if len(either) == 0 {
		either = v.text
	}
	switch t.Writing {
	case table.Number:
		if x, ok := rawjson.Float64(v.text); ok {
			return value{text: h.keep(strconv.AppendFloat(h.text, x, 'f', -1, 64))}
		}
		return value{text: either}
	case table.Day:
		if len(either) > len(time.DateOnly) {
			either = either[:len(time.DateOnly)] // 2020-06-12 00:00:00.0
		}
		return value{text: either}
	case table.Instant:
		for _, s := range [][]byte{v.id, v.text} {
			if ms, ok := jiratime.ParseMillis(s); ok {
				return value{text: h.keep(time.UnixMilli(ms).UTC().AppendFormat(h.text, "2006-01-02T15:04:05.000Z"))}
			}
		}
		return value{text: either}
	case table.Cascade:
		if one, ok := h.cascaded(v.text); ok {
			return one
		}
		return value{text: either}
	case table.Words, table.Labels:
		if len(v.text) == 0 {
			v.text = v.id
		}
		v.id = nil
	}
	return v
}

// comparable reports whether what is held stands in the writing that issues use.
// Days and instants without an id stand in the words of somebody's language, as do
// cascading options.
func (h *historian) comparable(t table.Tracked) bool {
	return !slices.ContainsFunc(h.held, func(held holding) bool {
		read := true
		switch t.Writing {
		case table.Opaque:
			return true
		case table.Cascade:
			read = len(held.id) > 0
		case table.Number:
			_, read = rawjson.Float64(held.text)
		case table.Day:
			_, read = jiratime.ParseDate(held.text)
		case table.Instant:
			_, read = jiratime.ParseMillis(held.text)
		}
		return !read && !held.empty()
	})
}

// keep takes over memory that a text was appended to, and returns the text.
func (h *historian) keep(grown []byte) []byte {
	before := len(h.text)
	h.text = grown
	return grown[before:len(grown):len(grown)]
}

// decode returns what a JSON string says, or a number's literal.
func (h *historian) decode(v []byte) []byte {
	switch rawjson.TypeOf(v) {
	case rawjson.String:
		return h.keep(rawjson.AppendString(h.text, v))
	case rawjson.Number, rawjson.Bool:
		return v
	}
	return nil
}

// today finds the values that a field has in the issue. shown is false where the
// issue does not have the field, or has it in a form that tells no values.
func (h *historian) today(t table.Tracked, field int, seq int64) (shown bool) {
	h.now = h.now[:0]
	if field >= len(h.fields) || h.present[field].seq != seq {
		return false
	}
	v := h.present[field].value
	if rawjson.TypeOf(v) != rawjson.Array {
		return h.take(t, v)
	}
	shown = true
	rawjson.Elements(v, func(e []byte) bool {
		shown = h.take(t, e) && shown
		return true
	})
	return shown
}

// take takes a value that the issue has now.
func (h *historian) take(t table.Tracked, v []byte) (shown bool) {
	one, ok := h.element(t, v)
	if ok && !one.empty() {
		h.now = append(h.now, one)
	}
	return ok
}

// element reads one value as issues show it.
func (h *historian) element(t table.Tracked, v []byte) (value, bool) {
	if t.Writing == table.Sprints {
		v = h.sprints.object(v)
	}
	switch rawjson.TypeOf(v) {
	case rawjson.String, rawjson.Number, rawjson.Bool:
		return h.written(t, value{text: h.decode(v)}), true
	case rawjson.Object:
	default:
		return value{}, rawjson.IsNull(v)
	}
	switch t.Writing {
	case table.Linked:
		return h.link(v)
	case table.Cascade:
		return h.cascade(v)
	}
	one, ok := h.object(v)
	return one, ok && slices.Contains(identified, t.Writing)
}

// object reads a value that issues show as an object.
func (h *historian) object(v []byte) (value, bool) {
	if rawjson.TypeOf(v) != rawjson.Object {
		return value{}, false
	}
	h.known.reach(&h.known.root, v)
	at := h.known.ends
	one := value{id: h.decode(at[knownID].value), text: h.decode(at[knownName].value)}
	if !rawjson.IsNull(at[knownDisplayName].value) {
		one.login = h.decode(at[knownLogin].value)
	}
	return one, !one.empty()
}

// identified are the writings of values that issues show as objects, and that
// those tell by id.
var identified = []table.Writing{table.Choice, table.Options, table.Sprints, table.Opaque}

// What the values of fields are known by, and what people call them.
const (
	knownID = iota
	knownName
	knownDisplayName
	knownLogin
)

// known returns the paths to these.
func known() *paths {
	p := &paths{}
	for _, path := range []table.Path{"accountId|id|key", "displayName|value|filename|name|key|title", "displayName", "name"} {
		_, steps := path.Steps()
		p.add(steps)
	}
	return p
}

// link reads a link in the words of the changelog.
func (h *historian) link(v []byte) (value, bool) {
	verb, other := "outward", rawjson.Lookup(v, "outwardIssue")
	if rawjson.IsNull(other) {
		verb, other = "inward", rawjson.Lookup(v, "inwardIssue")
	}
	key := h.decode(rawjson.Lookup(other, "key"))
	says := h.decode(rawjson.Lookup(rawjson.Lookup(v, "type"), verb))
	text := append(append(append(append(h.text, "This issue "...), says...), ' '), key...)
	return value{id: key, text: h.keep(text)}, len(key) > 0
}

// digest stands for a value among the members of a list.
func (v value) digest() uint64 {
	if len(v.id) > 0 {
		return xxh3.HashSeed(v.id, 1)
	}
	return xxh3.HashSeed(v.text, 2)
}

// verdict is an answer to a question, or none.
type verdict uint8

const (
	unknown verdict = iota
	no
	yes
)

// unknownTime is an instant that is not known.
const unknownTime = int64(-1 << 63)

// historyRow writes the row of a value that was held until an instant.
func (f *Flattener) historyRow(c *child, t table.Tracked, field int, held holding, until int64, differs verdict) {
	h, r := c.history, f.rows[c.table]
	if held.change != nil {
		it := &h.items[held.change.item]
		for _, p := range c.paths {
			from := &it.part
			if p.outer > 0 {
				from = &it.entry
			}
			f.followOnce(p, from)
		}
	}
	for i := range c.targets {
		to := &c.targets[i]
		switch {
		case to.source == table.FromIssue:
			r.SetInt(to.column, f.id)
		case to.source == table.FromHistory || held.change == nil:
		default:
			f.put(to, nil)
		}
	}
	col := &h.column
	r.SetInt(col.position.column, h.rows)
	h.rows++
	if field < len(h.fields) {
		setText(f, &col.fieldID, t.ID)
		setText(f, &col.field, t.Name)
	} else {
		setText(f, &col.fieldID, h.gone[field-len(h.fields)].id)
		setText(f, &col.field, h.gone[field-len(h.fields)].name)
	}
	setText(f, &col.value, held.text)
	setText(f, &col.valueID, held.id)
	if held.since != unknownTime {
		r.SetInt(col.from.column, held.since*1000)
	}
	if until != unknownTime {
		r.SetInt(col.to.column, until*1000)
	}
	if held.change != nil || held.differs {
		r.SetInt(col.fromDiffers.column, bit(held.differs))
	}
	if differs != unknown {
		r.SetInt(col.todayDiffers.column, bit(differs == yes))
	}
	r.End(f.seq)
}

// setText sets a cell to a text; none is NULL.
func setText[T string | []byte](f *Flattener, t *target, s T) {
	if len(s) == 0 {
		return
	}
	if len(s) > table.MaxText {
		f.bad = append(f.bad, valueError{t, "expected " + expected[table.Text] + ", found a longer one"})
		return
	}
	f.rows[t.table].SetBytes(t.column, func(dst []byte) ([]byte, bool) { return append(dst, s...), true })
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
