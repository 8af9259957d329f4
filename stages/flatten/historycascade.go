package flatten

import (
	"bytes"

	"snowdrift/internal/rawjson"
)

// What a changelog says before the options of each level, and what we write
// between those of two.
var (
	firstLevel  = []byte("Parent values: ")
	secondLevel = []byte("Level 1 values: ")
)

const below = " / "

// cascaded reads the text that a changelog has for cascading options, such as
// "Parent values: Asia(10)Level 1 values: Japan(11)". Names may hold parentheses.
// ok is false where it is no such text, or could be read in two ways.
func (h *historian) cascaded(text []byte) (v value, ok bool) {
	text, ok = bytes.CutPrefix(text, firstLevel)
	if !ok {
		return value{}, false
	}
	two := false
	for at := 0; ; at += len(secondLevel) {
		next := bytes.Index(text[at:], secondLevel)
		if next < 0 {
			break
		}
		at += next
		parent, isParent := option(text[:at])
		child, isChild := option(text[at+len(secondLevel):])
		if !isParent || !isChild {
			continue
		}
		if two {
			return value{}, false
		}
		v, two = h.joined(parent, child), true
	}
	if two {
		return v, true
	}
	return option(text)
}

// option reads an option as it stands in such a text: "Asia(10)".
func option(text []byte) (v value, ok bool) {
	at := bytes.LastIndexByte(text, '(')
	id, closed := bytes.CutSuffix(text[at+1:], []byte(")"))
	if at <= 0 || !closed || len(id) == 0 || bytes.ContainsFunc(id, func(c rune) bool { return c < '0' || c > '9' }) {
		return value{}, false
	}
	return value{id: id, text: text[:at]}, true
}

// cascade reads cascading options as issues show them.
func (h *historian) cascade(v []byte) (value, bool) {
	child := rawjson.Lookup(v, "child")
	one, ok := h.object(v)
	if !ok || rawjson.IsNull(child) {
		return one, ok
	}
	under, ok := h.object(child)
	return h.joined(one, under), ok
}

// joined is the one value that an option and one below it make.
func (h *historian) joined(parent, child value) value {
	join := func(a, b []byte) []byte { return h.keep(append(append(append(h.text, a...), below...), b...)) }
	return value{id: join(parent.id, child.id), text: join(parent.text, child.text)}
}
