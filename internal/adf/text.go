package adf

import "bytes"

func appendText(dst []byte, s *scratch) []byte {
	if s.tree.verbatim {
		return append(dst, s.tree.text...)
	}
	return s.tree.appendPlain(dst, 0, int32(len(s.tree.nodes)))
}

// appendPlain appends the plain text of the nodes from first to end. It walks
// the list from front to back; no depth can overflow it.
func (t *tree) appendPlain(dst []byte, first, end int32) []byte {
	w := plainWriter{dst: dst, start: len(dst)}
	cellEnd := int32(0) // end of the outermost table cell around node i
	line := noLine      // owner of the inline node before, none after a block began
	for i := first; i < end; i++ {
		n := &t.nodes[i]
		w.inCell = i < cellEnd
		switch {
		case n.inline && n.owner == line && n.form != formBreak:
		case !w.inCell && (n.form == formCell || n.form == formHeaderCell):
			cellEnd = n.end
			w.nextCell(n.owner+1 == i)
		default:
			w.nextLine()
		}
		line = noLine
		if n.inline {
			line = n.owner
		}
		switch {
		case n.form == formText:
			w.write(t.str(n.text))
		case n.end > i+1 && (n.form == formUnknown || n.form == formBlocks):
			// its content speaks for it
		default:
			t.label = t.appendLabel(t.label[:0], n)
			w.write(t.label)
		}
	}
	w.trim()
	return w.dst
}

// noLine is the owner of no inline node.
const noLine = int32(-2)

// A plainWriter writes separators only between texts, not around them.
type plainWriter struct {
	dst    []byte
	start  int // of the result in dst
	inCell bool

	newline, space bool // owed before the next text
	tabs           int  // likewise
}

// nextLine ends the line, or within a cell, the word.
func (w *plainWriter) nextLine() {
	if w.inCell {
		w.space = true
		return
	}
	w.trim()
	w.newline, w.space, w.tabs = true, false, 0
}

// nextCell ends the cell before, or the line if this is the first of its row.
func (w *plainWriter) nextCell(first bool) {
	w.trim()
	w.space = false
	if first {
		w.newline, w.tabs = true, 0
	} else {
		w.tabs++
	}
}

// trim takes away blanks and empty lines at the end.
func (w *plainWriter) trim() {
	w.dst = w.dst[:w.start+len(bytes.TrimRight(w.dst[w.start:], " \n"))]
}

// write adds a text, after the separators that are owed.
func (w *plainWriter) write(text []byte) {
	if len(text) == 0 {
		return
	}
	if len(w.dst) > w.start {
		switch {
		case w.newline:
			w.dst = append(w.dst, '\n')
		case w.space && w.tabs == 0:
			w.dst = append(w.dst, ' ')
		}
	}
	for range w.tabs {
		w.dst = append(w.dst, '\t')
	}
	w.newline, w.space, w.tabs = false, false, 0
	at := len(w.dst)
	w.dst = append(w.dst, text...)
	for i := at; w.inCell && i < len(w.dst); i++ {
		if w.dst[i] == '\n' {
			w.dst[i] = ' '
		}
	}
}
