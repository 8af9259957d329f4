package flatten

import (
	"bytes"
	"slices"

	"github.com/zeebo/xxh3"

	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// historian makes the rows of a table of values over time: it takes the changes
// of an issue, sorts them by field and time, and replays each field from the
// value before its first change. What it needs for an issue it keeps for the
// next one.
type historian struct {
	fields  []table.Tracked
	sprints sprints // the flattener's
	byID    map[string]int
	byName  map[string]int
	known   *paths // to what tells the values of fields apart
	column  historyColumns

	present []present // values of fields, as the issue has them now
	created present   // of the issue
	changes []changed
	items   []item // in the order of the changelog
	met     int64  // elements so far, see element
	gone    []goneField
	now     []value // of the field under way, as the issue has them now
	held    []holding
	before  []value // see parse
	after   []value
	members map[uint64]bool // members of a list that some change tells of
	text    []byte          // what values that had to be decoded say
	rows    int64           // of the issue
}

// historyColumns are where the worked out cells belong.
type historyColumns struct {
	position, fieldID, field, value, valueID, from, to, fromDiffers, todayDiffers target
}

// present is the value of a field in the issue that was read as number seq.
type present struct {
	seq   int64
	value []byte
}

// set takes a value; of duplicate members the first that is not null.
func (p *present) set(seq int64, value []byte) {
	if p.seq != seq || rawjson.IsNull(p.value) {
		p.seq, p.value = seq, value
	}
}

// value is one value of a field. A value has an id, a text, or both; a person on
// Server also the name to log in with, which old changelogs have for an id.
type value struct{ id, text, login []byte }

func (v value) empty() bool { return len(v.id) == 0 && len(v.text) == 0 }

// same compares by id where both have one: names change. No value is the same as
// another one.
func (v value) same(w value) bool {
	if len(v.id) > 0 && len(w.id) > 0 {
		return bytes.Equal(v.id, w.id) || bytes.Equal(v.login, w.id) || bytes.Equal(v.id, w.login)
	}
	return len(v.text) > 0 && bytes.Equal(v.text, w.text)
}

// holding is a value since a change; nil is the creation of the issue. An empty
// value says that there is none.
type holding struct {
	value
	since   int64
	change  *changed
	differs bool // see from_differs
}

func newHistorian(fields []table.Tracked, targets []target) *historian {
	h := &historian{fields: fields, byID: map[string]int{}, byName: map[string]int{}, known: known(), members: map[uint64]bool{}, present: make([]present, len(fields))}
	for i, f := range fields {
		if f.ID != "" {
			h.byID[f.ID] = i
		}
		for _, name := range f.Also {
			h.byName[name] = i
		}
	}
	c := &h.column
	for name, at := range map[string]*target{
		"position": &c.position, "field_id": &c.fieldID, "field": &c.field, "value": &c.value, "value_id": &c.valueID,
		"valid_from": &c.from, "valid_to": &c.to, "from_differs": &c.fromDiffers, "today_differs": &c.todayDiffers,
	} {
		*at = targets[slices.IndexFunc(targets, func(t target) bool { return t.name == name })]
	}
	return h
}

// history makes the rows of the issue under way, of its changelog, to whose entries
// the first of steps lead.
func (f *Flattener) history(c *child, changelog []byte, steps []table.Step) {
	h := c.history
	entries, ok := follow(changelog, direct(steps))
	if !ok {
		f.misfit(&c.rows, entries, "an object")
		return
	}
	for range h.read(entries) {
		f.bad = append(f.bad, valueError{&c.rows, "a change has no created, by which its values would have their time"})
	}
	rest := h.changes
	for i := 0; i < len(h.fields)+len(h.gone); i++ {
		n := 0
		for n < len(rest) && rest[n].field == i {
			n++
		}
		f.fieldHistory(c, i, rest[:n])
		rest = rest[n:]
	}
	if cap(h.text) > maxKeptText {
		h.text = nil
	}
}

// maxKeptText is how much memory for decoded texts is kept for the next issue.
const maxKeptText = 1 << 20

// fieldHistory replays one field, from the value before its first change.
func (f *Flattener) fieldHistory(c *child, field int, changes []changed) {
	h := c.history
	t := h.tracked(field)
	if len(changes) == 0 && !t.Unchanged {
		return
	}
	shown := h.today(t, field, f.seq)
	if len(changes) == 0 && (!shown || len(h.now) == 0) {
		return
	}
	h.begin(t, changes, f.createdAt(h, changes))
	for len(changes) > 0 {
		n := 1
		if t.Shape == table.Members {
			for n < len(changes) && changes[n].at == changes[0].at && changes[n].history == changes[0].history {
				n++
			}
			f.memberStep(c, t, field, changes[:n])
		} else {
			f.step(c, t, field, &changes[0])
		}
		changes = changes[n:]
	}
	verdict := unknown
	if shown && h.comparable(t) {
		if verdict = no; !h.holds(h.now) {
			verdict = yes
		}
	}
	for _, held := range h.held {
		held.value = h.asToday(t, held.value)
		f.historyRow(c, t, field, held, unknownTime, verdict)
	}
}

// asToday returns a value as the issue tells it, if it has it still: since the
// change that the value began with, it may have been given another name.
func (h *historian) asToday(t table.Tracked, v value) value {
	i := slices.IndexFunc(h.now, func(now value) bool { return identical(t, now, v) })
	if i < 0 {
		return v
	}
	if len(h.now[i].id) > 0 {
		v.id = h.now[i].id
	}
	if len(h.now[i].text) > 0 {
		v.text = h.now[i].text
	}
	return v
}

// createdAt is when the first values begin: at the creation of the issue, or
// before, if there is a change that is older.
func (f *Flattener) createdAt(h *historian, changes []changed) int64 {
	at := unknownTime
	if h.created.seq == f.seq {
		if ms, ok := jiratime.ParseMillis(h.created.value); ok {
			at = ms
		}
	}
	if len(changes) > 0 && (at == unknownTime || changes[0].at < at) {
		at = changes[0].at
	}
	return at
}

// begin finds the first values: those that the first change names as the ones
// before, or the present ones if there is no change. Of a list whose members
// come and go one by one, those were there from the beginning that first went,
// or are there without ever having come.
func (h *historian) begin(t table.Tracked, changes []changed, at int64) {
	h.held = h.held[:0]
	switch {
	case len(changes) == 0:
		h.hold(h.now, at)
	case t.Shape != table.Members:
		h.before = h.parse(h.before[:0], t, h.says(&changes[0], idBefore), h.says(&changes[0], textBefore))
		h.hold(h.before, at)
	default:
		clear(h.members)
		for i := range changes {
			went, came := h.sides(t, &changes[i])
			if h.meet(t, went) {
				h.held = append(h.held, holding{value: went, since: at})
			}
			h.meet(t, came)
		}
		for _, v := range h.now {
			if !h.members[v.digest()] {
				h.held = append(h.held, holding{value: v, since: at})
			}
		}
	}
	h.fill(at, nil)
}

// meet remembers a member and reports whether it is the first time.
func (h *historian) meet(t table.Tracked, v value) bool {
	if v.empty() {
		return false
	}
	first := !h.members[v.digest()]
	h.members[v.digest()] = true
	if t.Writing == table.Linked { // see identical
		says := xxh3.HashSeed(v.text, 3)
		first = !h.members[says]
		h.members[says] = true
	}
	return first
}

func (h *historian) hold(values []value, at int64) {
	for _, v := range values {
		h.held = append(h.held, holding{value: v, since: at})
	}
}

// fill says that there is no value when there is none.
func (h *historian) fill(at int64, c *changed) {
	if len(h.held) == 0 {
		h.held = append(h.held, holding{since: at, change: c})
	}
}

// step replays a change that says what there was and what there is: rows of
// values that went are written, values that came are held.
func (f *Flattener) step(c *child, t table.Tracked, field int, change *changed) {
	h := c.history
	h.before = h.parse(h.before[:0], t, h.says(change, idBefore), h.says(change, textBefore))
	differs := !h.holds(h.before)
	h.after = h.parse(h.after[:0], t, h.says(change, idAfter), h.says(change, textAfter))
	kept := h.held[:0]
	for _, held := range h.held {
		if held.empty() && len(h.after) == 0 || slices.ContainsFunc(h.after, held.same) {
			kept = append(kept, held)
			continue
		}
		f.historyRow(c, t, field, held, change.at, unknown)
	}
	h.held = kept
	for _, v := range h.after {
		if !slices.ContainsFunc(kept, func(held holding) bool { return held.same(v) }) {
			h.held = append(h.held, holding{value: v, since: change.at, change: change})
		}
	}
	h.fill(change.at, change)
	if differs { // said of the last value that came, or of one that stayed
		h.held[len(h.held)-1].differs = true
	}
}

// memberStep replays changes that were made at once, each of which takes a member
// away, adds one, or both. To take away what is not there contradicts the
// changes before, and so does to add what is.
func (f *Flattener) memberStep(c *child, t table.Tracked, field int, changes []changed) {
	h := c.history
	at, differs := changes[0].at, false
	for i := range changes {
		went, came := h.sides(t, &changes[i])
		if !went.empty() && !identical(t, went, came) { // else it is only described anew
			if gone := h.member(t, went); gone < 0 {
				differs = true
			} else {
				f.historyRow(c, t, field, h.held[gone], at, unknown)
				h.held = slices.Delete(h.held, gone, gone+1)
			}
		}
		switch {
		case came.empty():
		case h.member(t, came) < 0:
			h.held = append(h.held, holding{value: came, since: at, change: &changes[i]})
		case went.empty():
			differs = true
		}
	}
	if len(h.held) > 1 && h.held[0].empty() {
		f.historyRow(c, t, field, h.held[0], at, unknown)
		h.held = slices.Delete(h.held, 0, 1)
	}
	h.fill(at, &changes[0])
	if differs {
		h.held[len(h.held)-1].differs = true
	}
}

// member returns the index of a member of a list among what is held, or -1.
func (h *historian) member(t table.Tracked, v value) int {
	return slices.IndexFunc(h.held, func(held holding) bool { return identical(t, held.value, v) })
}

// identical compares members of a list. Two links to one issue differ in what
// they say.
func identical(t table.Tracked, v, w value) bool {
	return v.same(w) && (t.Writing != table.Linked || bytes.Equal(v.text, w.text))
}

// holds reports whether the values that are held are these.
func (h *historian) holds(values []value) bool {
	for _, held := range h.held {
		if !held.empty() && !slices.ContainsFunc(values, held.same) {
			return false
		}
	}
	for _, v := range values {
		if !slices.ContainsFunc(h.held, func(held holding) bool { return held.same(v) }) {
			return false
		}
	}
	return true
}
