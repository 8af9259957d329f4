package rawjson

import "bytes"

// Cursor reads valid text once, from its start to its end: into the values that
// its user goes into, and over the others. The functions that take a value have to
// look for the end of what they go into; a Cursor comes by it, which is what makes
// it fit for deep trees.
type Cursor struct {
	text []byte
	at   int // where the next value begins, while there is one
}

// NewCursor returns a cursor that is at the value that text is.
func NewCursor(text []byte) Cursor { return Cursor{text, skipSpace(text, 0)} }

// Type returns the kind of the value that the cursor is at.
func (c *Cursor) Type() Type { return TypeOf(c.text[c.at:]) }

// Value goes over a value and returns it.
func (c *Cursor) Value() []byte {
	from := c.at
	c.at = valueEnd(c.text, from)
	return c.text[from:c.at]
}

// Again goes over a value if it is v, which is an object, array or string, and
// returns it then. To compare is faster than to read.
func (c *Cursor) Again(v []byte) (value []byte, again bool) {
	if len(v) == 0 || !bytes.HasPrefix(c.text[c.at:], v) {
		return nil, false
	}
	from := c.at
	c.at += len(v)
	return c.text[from:c.at], true
}

// Pick goes over a value and returns it, and does with it what the function does.
func (c *Cursor) Pick(names []string, values [][]byte) []byte {
	clear(values)
	from := c.at
	c.Members(func(n []byte) {
		for i, name := range names {
			if string(n) == name {
				if IsNull(values[i]) {
					values[i] = c.Value()
				}
				break
			}
		}
	})
	return c.text[from:c.at]
}

// Members goes into an object: it calls member for each of its members, in their
// order, with the cursor at the member's value. If member does not go over the
// value or into it, Members goes over it. name is the text between the quotes with
// escapes resolved. A value that is no object is gone over.
func (c *Cursor) Members(member func(name []byte)) {
	if c.Type() != Object {
		c.Value()
		return
	}
	text := c.text
	for at := c.at + 1; ; at = c.at {
		at = skipSpace(text, at)
		if at < len(text) && text[at] == ',' {
			at = skipSpace(text, at+1)
		}
		if at >= len(text) || text[at] != '"' {
			c.at = min(at+1, len(text))
			return
		}
		end, plain := stringEnd(text, at)
		name := nameOf(text[at:end], plain)
		if at = skipSpace(text, end); at >= len(text) || text[at] != ':' {
			c.at = len(text)
			return
		}
		at = skipSpace(text, at+1)
		c.at = at
		member(name)
		c.leave(at)
	}
}

// Elements goes into an array: it calls element for each of its elements, in their
// order, with the cursor at it. If element does not go over it or into it, Elements
// goes over it. A value that is no array is gone over.
func (c *Cursor) Elements(element func()) {
	if c.Type() != Array {
		c.Value()
		return
	}
	for c.at++; ; {
		switch c.next() {
		case ']':
			c.at++
			return
		case ',':
			c.at++
			continue
		case 0:
			return
		}
		before := c.at
		element()
		c.leave(before)
	}
}

// next goes over white space and returns the byte after it, 0 at the end.
func (c *Cursor) next() byte {
	if c.at = skipSpace(c.text, c.at); c.at < len(c.text) {
		return c.text[c.at]
	}
	return 0
}

// leave goes over the value that begins at before if nobody did, and if there is
// none to the end of the text, which is not valid then.
func (c *Cursor) leave(before int) {
	if c.at == before {
		c.Value()
	}
	if c.at == before {
		c.at = len(c.text)
	}
}
