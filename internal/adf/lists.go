package adf

import (
	"bytes"
	"strconv"
)

// list writes the list node i. Within an item it follows the text above
// without a blank line where CommonMark allows that, which keeps the list
// around it tight.
func (m *markdown) list(i int32) {
	n := &m.t.nodes[i]
	ordered := n.form == formOrdered
	number := m.t.attrInt(n, attrOrder, 0, 99_999_999, 1)
	if len(m.lead) == 0 && m.nested(n) && (!ordered || number == 1) && m.beginsWithText(i) {
		m.sep = min(m.sep, 1)
	}
	marker := m.marker(ordered)
	written := len(m.dst)
	for c := i + 1; c < n.end; c = m.t.nodes[c].end {
		if len(m.dst) > written {
			m.sep = 1
		}
		if f := m.t.nodes[c].form; f == formBullets || f == formOrdered {
			m.sublist(c)
			continue
		}
		owed := len(m.lead)
		if ordered {
			m.lead = strconv.AppendInt(m.lead, int64(number), 10)
			number++
		}
		m.lead = append(m.lead, marker, ' ')
		m.item(c, len(m.lead)-owed)
	}
	if len(m.dst) > written {
		m.end(2)
		m.lastMarker = marker
	}
}

// marker chooses the character that marks items. Two lists in succession
// would be one list, did they not differ in it.
func (m *markdown) marker(ordered bool) byte {
	usual, other := byte('-'), byte('*')
	if ordered {
		usual, other = '.', ')'
	}
	if m.lastMarker == usual {
		return other
	}
	return usual
}

// nested reports whether the list n is part of an item of another list.
func (m *markdown) nested(n *node) bool {
	if n.owner < 0 {
		return false
	}
	switch m.t.nodes[n.owner].form {
	case formItem, formTask, formBullets, formOrdered:
		return true
	}
	return false
}

// beginsWithText reports whether the first item of list i surely has something
// on the line of its marker. CommonMark takes a lone marker under a line of
// text for part of that text.
func (m *markdown) beginsWithText(i int32) bool {
	nodes := m.t.nodes
	if nodes[i].end == i+1 {
		return false
	}
	for j := i + 1; j < nodes[i+1].end; j++ {
		switch n := &nodes[j]; n.form {
		case formItem, formTask, formParagraph:
		case formText:
			return len(bytes.TrimSpace(m.t.str(n.text))) > 0
		default:
			return false
		}
	}
	return false
}

// sublist writes the list i, which stands beside the items of a list, as part
// of the item before it. The schema allows that in a taskList.
func (m *markdown) sublist(i int32) {
	written, owed, outer := len(m.dst), len(m.lead), len(m.prefix)
	if !m.inCell {
		m.lead = append(m.lead, "  "...)
		m.prefix = append(m.prefix, "  "...)
	}
	m.block(i)
	m.prefix = m.prefix[:outer]
	if len(m.dst) == written {
		m.lead = m.lead[:owed]
		return
	}
	m.end(1)
}

// item writes the list item i, whose marker of the given width is owed. An
// empty item keeps its place in the list.
func (m *markdown) item(i int32, width int) {
	n := &m.t.nodes[i]
	outer, written := len(m.prefix), len(m.dst)
	if !m.inCell {
		for range width {
			m.prefix = append(m.prefix, ' ')
		}
	}
	switch n.form {
	case formTask:
		box := "[ ] "
		if string(m.t.attr(n, attrState)) == "DONE" {
			box = "[x] "
		}
		m.lead = append(m.lead, box...)
		m.blocks(i+1, n.end)
	case formItem:
		m.blocks(i+1, n.end)
	default:
		m.blocks(i, n.end) // not an item: it makes one
	}
	if len(m.dst) == written {
		m.begin()
		m.trimLine()
	}
	m.prefix = m.prefix[:outer]
	m.end(1)
}
