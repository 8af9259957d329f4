package adf

import (
	"bytes"
	"unicode"
)

// An inlineWriter holds the state of one line of inline nodes.
type inlineWriter struct {
	open    []openMark // innermost last
	gap     []byte     // white space owed before the next text; a \n is a line break
	started bool       // something was written
	noLinks bool       // within the text of a link or an image, where links do not nest
	glued   bool       // more follows the text being written without white space in between
	closed  int        // index in dst after the last delimiter that closed
	coded   int        // index in dst after the last code span
}

// line writes the inline nodes from first to end and reports whether there was
// something to write. White space at both ends is dropped, as a renderer does.
func (m *markdown) line(first, end int32) bool {
	m.inlineWriter = inlineWriter{open: m.open[:0], gap: m.gap[:0], closed: -1, coded: -1}
	for i := first; i < end; i++ {
		switch n := &m.t.nodes[i]; {
		case n.form == formText:
			i = m.texts(i, end)
		case n.form == formBreak:
			m.gap = append(m.gap, '\n')
		default:
			if !n.inline && len(m.gap) == 0 {
				m.gap = append(m.gap, ' ') // no place for a block: keep the words apart
			}
			m.leaf(i, end)
		}
	}
	m.closeMarks(0)
	return m.started
}

// texts writes the text node i together with those after it that have the same
// marks, and returns the index of the last one.
func (m *markdown) texts(i, end int32) int32 {
	nodes := m.t.nodes
	text := m.t.str(nodes[i].text)
	set := m.t.marksOf(&nodes[i])
	last, tail := i, i // tail: the last that is more than white space
	for last+1 < end && nodes[last+1].form == formText {
		next := m.t.marksOf(&nodes[last+1])
		if !m.t.sameMarks(&set, &next) {
			break
		}
		if last == i {
			m.scratch = append(m.scratch[:0], text...)
		}
		if last++; m.visible(last) {
			tail = last
		}
		m.scratch = append(m.scratch, m.t.str(nodes[last].text)...)
		text = m.scratch
	}
	core := bytes.TrimFunc(text, unicode.IsSpace)
	switch {
	case len(core) == 0 && set[markCode] != 0:
		m.gap = append(m.gap, ' ')
		return last
	case len(core) == 0:
		m.gap = append(m.gap, text...)
		return last
	case set[markCode] != 0:
		m.marks(&set, tail, end, edge{})
		m.codeSpan(text)
		return last
	}
	before := bytes.TrimLeftFunc(text, unicode.IsSpace)
	m.gap = append(m.gap, text[:len(text)-len(before)]...)
	m.marks(&set, tail, end, edgeOf(core))
	m.glued = len(before) == len(core) && last+1 < end && nodes[last+1].form != formBreak
	m.escape(core)
	m.gap = append(m.gap, before[len(core):]...)
	return last
}

// writeGap begins the line, or writes the white space since the last text.
func (m *markdown) writeGap() {
	breaks := bytes.Count(m.gap, []byte("\n"))
	switch {
	case !m.started:
		m.begin()
		m.started = true
	case breaks == 0:
		m.dst = append(m.dst, m.gap...)
	default:
		for range breaks {
			m.lineBreak()
		}
	}
	m.gap = m.gap[:0]
}

// lineBreak writes a hard line break.
func (m *markdown) lineBreak() {
	switch {
	case m.oneLine:
		m.dst = append(m.dst, ' ')
	case m.inCell:
		m.dst = append(m.dst, "<br>"...)
	case bytes.HasSuffix(m.dst, []byte(`\`)):
		m.dst = append(m.dst, "  "...) // the other notation: some renderers trip over three backslashes
		m.newline()
	default:
		m.dst = append(m.dst, '\\')
		m.newline()
	}
}
