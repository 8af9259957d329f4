package adf

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"snowdrift/internal/jiratime"
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
	name  []byte // a member's name while it is being looked at
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

// read fills t with the one value that dec holds. After an error t holds what
// stands before the fault.
func (t *tree) read(dec *jsontext.Decoder) error {
	*t = tree{nodes: t.nodes[:0], attrs: t.attrs[:0], marks: t.marks[:0], text: t.text[:0], name: t.name, label: t.label}
	var err error
	if k := dec.PeekKind(); k == '{' || k == '[' {
		err = t.readContent(dec, -1)
	} else {
		t.verbatim = true
		err = t.appendScalar(dec)
	}
	t.settleLines()
	if err != nil {
		return err
	}
	if _, err = dec.ReadToken(); err == nil {
		return errors.New("more than one JSON value")
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// readContent reads the children of parent: nodes, and strings as text nodes.
func (t *tree) readContent(dec *jsontext.Decoder, parent int32) error {
	switch dec.PeekKind() {
	case '{':
		return t.readNode(dec, parent)
	case '"':
		text, err := t.readScalar(dec)
		t.nodes = append(t.nodes, node{form: formText, owner: parent, end: int32(len(t.nodes)) + 1, text: text})
		return err
	case '[':
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		for dec.PeekKind() != ']' {
			if err := t.readContent(dec, parent); err != nil {
				return err
			}
		}
		_, err := dec.ReadToken()
		return err
	}
	return dec.SkipValue()
}

func (t *tree) readNode(dec *jsontext.Decoder, parent int32) error {
	i := int32(len(t.nodes))
	t.nodes = append(t.nodes, node{owner: parent})
	err := t.readMembers(dec, func(name []byte) error {
		switch string(name) {
		case "type":
			v, err := t.readScalar(dec)
			t.nodes[i].form = nodeForms[string(t.str(v))]
			return err
		case "text":
			v, err := t.readScalar(dec)
			t.nodes[i].text = v
			return err
		case "attrs":
			at := int32(len(t.attrs))
			err := t.readAttrs(dec, 0)
			t.nodes[i].attrs = slots{at, int32(len(t.attrs))}
			return err
		case "marks":
			at := int32(len(t.marks))
			err := t.readMarks(dec)
			t.nodes[i].marks = slots{at, int32(len(t.marks))}
			return err
		case "content":
			return t.readContent(dec, i)
		}
		return dec.SkipValue()
	})
	t.nodes[i].end = int32(len(t.nodes))
	return err
}

// readAttrs reads an attrs object, and the objects inside (depth levels down)
// that hold what a card shows: attrs.data and attrs.datasource.parameters.
func (t *tree) readAttrs(dec *jsontext.Decoder, depth int) error {
	return t.readMembers(dec, func(name []byte) error {
		inside := false
		switch string(name) {
		case "data", "datasource":
			inside = depth == 0
		case "parameters":
			inside = depth == 1
		}
		if inside {
			return t.readAttrs(dec, depth+1)
		}
		a, ok := attrNames[string(name)]
		if !ok {
			return dec.SkipValue()
		}
		v, err := t.readScalar(dec)
		if v.at < v.end {
			t.attrs = append(t.attrs, attribute{a, v})
		}
		return err
	})
}

func (t *tree) readMarks(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '[' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		if err := t.readMark(dec); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// readMark adds a mark to t.marks if it leaves a trace in Markdown.
func (t *tree) readMark(dec *jsontext.Decoder) error {
	var m mark
	var kind span
	err := t.readMembers(dec, func(name []byte) error {
		switch string(name) {
		case "type":
			v, err := t.readScalar(dec)
			m.form = markRules[string(t.str(v))]
			return err
		case "attrs":
			return t.readMembers(dec, func(name []byte) (err error) {
				switch string(name) {
				case "href":
					m.href, err = t.readScalar(dec)
				case "title":
					m.title, err = t.readScalar(dec)
				case "type":
					kind, err = t.readScalar(dec)
				default:
					err = dec.SkipValue()
				}
				return err
			})
		}
		return dec.SkipValue()
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
	return err
}

// readMembers reads an object and calls member with each name; member reads or
// skips the value and does not keep the name. Any other value is skipped.
func (t *tree) readMembers(dec *jsontext.Decoder, member func(name []byte) error) error {
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadValue()
		if err != nil {
			return err
		}
		// The decoder has checked the syntax: all that unquoting can report
		// is invalid Unicode, which it replaces.
		t.name, _ = jsontext.AppendUnquote(t.name[:0], name)
		if err := member(t.name); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// readScalar reads a string, or a number or boolean by its literal. Null,
// arrays and objects are empty. Line ends become \n.
func (t *tree) readScalar(dec *jsontext.Decoder) (span, error) {
	at := len(t.text)
	err := t.appendScalar(dec)
	t.text = t.text[:at+len(unixLines(t.text[at:]))]
	return span{int32(at), int32(len(t.text))}, err
}

func (t *tree) appendScalar(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case 'n', '[', '{':
		return dec.SkipValue()
	}
	v, err := dec.ReadValue()
	switch {
	case err != nil:
		return err
	case v.Kind() == '"':
		t.text, _ = jsontext.AppendUnquote(t.text, v) // as in readMembers
	default:
		t.text = append(t.text, v...)
	}
	return nil
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
