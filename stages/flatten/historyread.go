package flatten

import (
	"bytes"
	"cmp"
	"slices"

	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// goneField is a field of the changelog that the site does not have, or not any
// more. Their indexes are behind those of the fields.
type goneField struct{ id, name []byte }

// changed is one item of the changelog.
type changed struct {
	field       int
	at, history int64
	item        int // its place in historian.items
}

// item is what JSON says of a change.
type item struct {
	entry, part element // the whole change, and its part on one field
	says        [len(itemMembers)][]byte
}

// itemMembers are the members of an item that tell of the values, and where they
// are in says.
var itemMembers = [...]string{"fieldId", "field", "from", "fromString", "to", "toString"}

const (
	fieldID = iota
	fieldName
	idBefore
	textBefore
	idAfter
	textAfter
)

// field returns the index of the field that an item of the changelog is about.
func (h *historian) field(it *item) int {
	id, name := h.decode(it.says[fieldID]), h.decode(it.says[fieldName])
	if i, known := h.byID[string(id)]; known {
		return i
	}
	if i, known := h.byName[string(name)]; known && len(id) == 0 {
		return i
	}
	i := slices.IndexFunc(h.gone, func(g goneField) bool {
		return bytes.Equal(g.id, id) && (len(id) > 0 || bytes.Equal(g.name, name))
	})
	if i < 0 {
		i = len(h.gone)
		h.gone = append(h.gone, goneField{id, name})
	}
	return len(h.fields) + i
}

// read takes the changes out of the list of entries, and reports how many had to
// be left out because they name no instant.
func (h *historian) read(entries []byte) (timeless int) {
	h.changes, h.items, h.gone, h.text, h.rows = h.changes[:0], h.items[:0], h.gone[:0], h.text[:0], 0
	var says [len(entryMembers)][]byte
	c := rawjson.NewCursor(entries)
	c.Elements(func() {
		entry := c.Pick(entryMembers[:], says[:])
		at, ok := jiratime.ParseMillis(says[entryCreated])
		if !ok {
			timeless++
			return
		}
		id, _ := rawjson.Int64(says[entryID])
		h.met++
		whole := element{value: entry, met: h.met}
		parts := rawjson.NewCursor(says[entryItems])
		parts.Elements(func() {
			h.met++
			h.items = append(h.items, item{entry: whole})
			it := &h.items[len(h.items)-1]
			it.part = element{value: parts.Pick(itemMembers[:], it.says[:]), met: h.met}
			c := changed{field: h.field(it), at: at, history: id, item: len(h.items) - 1}
			if h.tracked(c.field).Shape != table.Event {
				h.changes = append(h.changes, c)
			}
		})
	})
	slices.SortStableFunc(h.changes, func(a, b changed) int {
		return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.at, b.at), cmp.Compare(a.history, b.history))
	})
	return timeless
}

// entryMembers are the members of a change that are read, and where they are.
var entryMembers = [...]string{"created", "id", "items"}

const (
	entryCreated = iota
	entryID
	entryItems
)

// tracked describes a field. One that the site does not have (any more) is taken
// for one with a single value, of which there is none at present.
func (h *historian) tracked(i int) table.Tracked {
	if i < len(h.fields) {
		return h.fields[i]
	}
	return table.Tracked{Shape: table.Single}
}

// says returns what the JSON of a change has for one of itemMembers.
func (h *historian) says(c *changed, member int) []byte { return h.items[c.item].says[member] }

// sides returns the two values that a change names.
func (h *historian) sides(t table.Tracked, c *changed) (from, to value) {
	return h.single(t, h.says(c, idBefore), h.says(c, textBefore)), h.single(t, h.says(c, idAfter), h.says(c, textAfter))
}
