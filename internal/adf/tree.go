package adf

import (
	"bytes"
	"time"

	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
)

// A tree is a document as a list of nodes, each followed by its descendants.
// The children of node i are i+1, then the end of each child in turn, up to the
// end of i. A node's place is taken when its object opens and filled as its
// members arrive, so that their order does not matter.
type tree struct {
	nodes []node
	attrs []attribute
	marks []mark
	text  []byte // all strings, unquoted
	label []byte // a node's label while it is being written

	// verbatim says that the value was a scalar, whose text is the result.
	verbatim bool
}

type node struct {
	form         form
	inline       bool  // part of a line; else a block, on lines of its own
	owner        int32 // index of the parent; for an inline node, of the block whose line it is part of; -1 for none
	end          int32 // index after the last descendant
	text         span
	attrs, marks slots
}

type attribute struct {
	attr  attr
	value span
}

type mark struct {
	form        markForm
	href, title span
}

// A span is a part of tree.text.
type span struct{ at, end int32 }

// slots are a part of tree.attrs or tree.marks.
type slots struct{ at, end int32 }

func (t *tree) str(s span) []byte { return t.text[s.at:s.end] }

// attr returns the value of an attribute of n, empty if absent.
func (t *tree) attr(n *node, a attr) []byte {
	for i := n.attrs.end - 1; i >= n.attrs.at; i-- {
		if t.attrs[i].attr == a {
			return t.str(t.attrs[i].value)
		}
	}
	return nil
}

// attrInt returns an integer attribute, or otherwise if it is absent, not a
// whole number or outside lo to hi.
func (t *tree) attrInt(n *node, a attr, lo, hi, otherwise int) int {
	v := t.attr(n, a)
	if len(v) == 0 || len(v) > 9 {
		return otherwise
	}
	num := 0
	for _, c := range v {
		if c < '0' || c > '9' {
			return otherwise
		}
		num = num*10 + int(c-'0')
	}
	if num < lo || num > hi {
		return otherwise
	}
	return num
}

// first returns the first of two attributes that has a value.
func (t *tree) first(n *node, a, b attr) []byte {
	if v := t.attr(n, a); len(v) > 0 {
		return v
	}
	return t.attr(n, b)
}

// appendLabel appends the text that n has by itself, without its content.
func (t *tree) appendLabel(dst []byte, n *node) []byte {
	switch n.form {
	case formText:
		return append(dst, t.str(n.text)...)
	case formMention:
		name := t.first(n, attrText, attrID)
		if len(name) > 0 && name[0] != '@' {
			dst = append(dst, '@')
		}
		return append(dst, name...)
	case formEmoji:
		return append(dst, t.first(n, attrText, attrShortName)...)
	case formDate:
		v := t.attr(n, attrTimestamp)
		if ms, ok := jiratime.ParseMillis(v); ok {
			return time.UnixMilli(ms).UTC().AppendFormat(dst, time.DateOnly)
		}
		return append(dst, v...)
	case formMedia, formInlineMedia:
		if name := t.first(n, attrAlt, attrFileName); len(name) > 0 {
			return append(dst, name...)
		}
		return append(dst, t.attr(n, attrURL)...)
	case formCard, formInlineCard:
		if name := t.first(n, attrName, attrURL); len(name) > 0 {
			return append(dst, name...)
		}
		return append(dst, t.attr(n, attrJQL)...)
	case formExpand:
		return append(dst, t.attr(n, attrTitle)...)
	case formStatus, formPlaceholder, formMacro, formInlineMacro:
		return append(dst, t.attr(n, attrText)...)
	case formUnknown, formBlocks:
		if s := t.str(n.text); len(s) > 0 {
			return append(dst, s...)
		}
		return append(dst, t.first(n, attrText, attrURL)...)
	}
	return dst
}

// read fills t with the one value that doc is.
func (t *tree) read(doc []byte) {
	*t = tree{nodes: t.nodes[:0], attrs: t.attrs[:0], marks: t.marks[:0], text: t.text[:0], label: t.label}
	c := rawjson.NewCursor(doc)
	if k := c.Type(); k == rawjson.Object || k == rawjson.Array {
		t.readContent(&c, -1)
	} else {
		t.verbatim = true
		t.appendScalar(&c)
	}
	t.settleLines()
}

// readContent reads the children of parent: nodes, and strings as text nodes.
func (t *tree) readContent(c *rawjson.Cursor, parent int32) {
	switch c.Type() {
	case rawjson.Object:
		t.readNode(c, parent)
	case rawjson.String:
		text := t.readScalar(c)
		t.nodes = append(t.nodes, node{form: formText, owner: parent, end: int32(len(t.nodes)) + 1, text: text})
	case rawjson.Array:
		c.Elements(func() { t.readContent(c, parent) })
	}
}

func (t *tree) readNode(c *rawjson.Cursor, parent int32) {
	i := int32(len(t.nodes))
	t.nodes = append(t.nodes, node{owner: parent})
	c.Members(func(name []byte) {
		switch string(name) {
		case "type":
			t.nodes[i].form = nodeForms[string(t.str(t.readScalar(c)))]
		case "text":
			t.nodes[i].text = t.readScalar(c)
		case "attrs":
			at := int32(len(t.attrs))
			t.readAttrs(c, 0)
			t.nodes[i].attrs = slots{at, int32(len(t.attrs))}
		case "marks":
			at := int32(len(t.marks))
			c.Elements(func() { t.readMark(c) })
			t.nodes[i].marks = slots{at, int32(len(t.marks))}
		case "content":
			t.readContent(c, i)
		}
	})
	t.nodes[i].end = int32(len(t.nodes))
}

// readAttrs reads an attrs object, and the objects inside (depth levels down)
// that hold what a card shows: attrs.data and attrs.datasource.parameters.
func (t *tree) readAttrs(c *rawjson.Cursor, depth int) {
	c.Members(func(name []byte) {
		inside := false
		switch string(name) {
		case "data", "datasource":
			inside = depth == 0
		case "parameters":
			inside = depth == 1
		}
		if inside {
			t.readAttrs(c, depth+1)
			return
		}
		if a, ok := attrNames[string(name)]; ok {
			if v := t.readScalar(c); v.at < v.end {
				t.attrs = append(t.attrs, attribute{a, v})
			}
		}
	})
}

// readMark adds a mark to t.marks if it leaves a trace in Markdown.
func (t *tree) readMark(c *rawjson.Cursor) {
	var m mark
	var kind span
	c.Members(func(name []byte) {
		switch string(name) {
		case "type":
			m.form = markRules[string(t.str(t.readScalar(c)))]
		case "attrs":
			c.Members(func(name []byte) {
				switch string(name) {
				case "href":
					m.href = t.readScalar(c)
				case "title":
					m.title = t.readScalar(c)
				case "type":
					kind = t.readScalar(c)
				}
			})
		}
	})
	switch {
	case m.form == markSub && string(t.str(kind)) == "sup":
		m.form = markSup
	case m.form == markLink && m.href.at == m.href.end:
		m.form = markNone
	}
	if m.form != markNone {
		t.marks = append(t.marks, m)
	}
}

// readScalar reads a string, or a number or boolean by its literal. Null,
// arrays and objects are empty. Line ends become \n.
func (t *tree) readScalar(c *rawjson.Cursor) span {
	at := len(t.text)
	t.appendScalar(c)
	t.text = t.text[:at+len(unixLines(t.text[at:]))]
	return span{int32(at), int32(len(t.text))}
}

func (t *tree) appendScalar(c *rawjson.Cursor) {
	switch v := c.Value(); rawjson.TypeOf(v) {
	case rawjson.String:
		t.text = rawjson.AppendString(t.text, v)
	case rawjson.Number, rawjson.Bool:
		t.text = append(t.text, v...)
	}
}

// unixLines turns \r\n and lone \r into \n, in place.
func unixLines(s []byte) []byte {
	i := bytes.IndexByte(s, '\r')
	if i < 0 {
		return s
	}
	out := s[:i]
	for ; i < len(s); i++ {
		switch {
		case s[i] != '\r':
			out = append(out, s[i])
		case i+1 == len(s) || s[i+1] != '\n':
			out = append(out, '\n')
		}
	}
	return out
}

// settleLines decides which nodes are inline and which block's line each is
// part of. It follows reading because a node may name its type last.
func (t *tree) settleLines() {
	for i := range t.nodes {
		n := &t.nodes[i]
		n.inline = t.isInline(int32(i))
		if n.inline && n.owner >= 0 && t.nodes[n.owner].inline {
			n.owner = t.nodes[n.owner].owner
		}
	}
}

// isInline reports whether node i, whose ancestors are settled, is inline. An
// unknown node is what its parent and its first child suggest.
func (t *tree) isInline(i int32) bool {
	n := &t.nodes[i]
	switch {
	case n.form != formUnknown:
		return n.form.inline()
	case n.owner < 0:
		return false
	case n.end > i+1 && t.nodes[i+1].form != formUnknown && !t.nodes[i+1].form.inline():
		return false
	}
	switch parent := &t.nodes[n.owner]; parent.form {
	case formParagraph, formHeading, formItem, formTask:
		return true
	default:
		return parent.inline
	}
}
