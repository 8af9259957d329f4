package adf

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"
)

type openMark struct {
	form markForm
	mark int32 // index in tree.marks
	end  int32 // last node that it covers
	html bool  // written as a tag
}

// A markSet has, for each form, the index in tree.marks plus one, or zero.
type markSet [markForms]int32

func (t *tree) marksOf(n *node) (set markSet) {
	for i := n.marks.at; i < n.marks.end; i++ {
		if f := t.marks[i].form; set[f] == 0 {
			set[f] = i + 1
		}
	}
	return set
}

// has reports whether the set holds a mark of the form with the effect of mark.
func (t *tree) has(set *markSet, form markForm, mark int32) bool {
	if set[form] == 0 || form != markLink {
		return set[form] != 0
	}
	a, b := &t.marks[set[form]-1], &t.marks[mark]
	return bytes.Equal(t.str(a.href), t.str(b.href)) && bytes.Equal(t.str(a.title), t.str(b.title))
}

func (t *tree) sameMarks(a, b *markSet) bool {
	for f := range markForms {
		if (a[f] == 0) != (b[f] == 0) || a[f] != 0 && !t.has(a, f, b[f]-1) {
			return false
		}
	}
	return true
}

// marks closes the open marks that are not in set, writes the gap, and opens
// the missing ones, so that a text can follow. The text begins as first says;
// last is the node in which it ends.
func (m *markdown) marks(set *markSet, last, end int32, first edge) {
	keep := 0
	for keep < len(m.open) && m.t.has(set, m.open[keep].form, m.open[keep].mark) {
		keep++
	}
	m.closeMarks(keep)
	m.writeGap()
	var todo [markForms]openMark
	n := 0
next:
	for f := markLink; f < markCode; f++ {
		if set[f] == 0 {
			continue
		}
		for _, o := range m.open {
			if o.form == f {
				continue next
			}
		}
		o := openMark{form: f, mark: set[f] - 1}
		o.end = m.runEnd(&o, last, end)
		if keep > 0 {
			o.end = min(o.end, m.open[keep-1].end)
		}
		// Those that last longer enclose the others.
		k := n
		for ; k > 0 && todo[k-1].end < o.end; k-- {
			todo[k] = todo[k-1]
		}
		todo[k] = o
		n++
	}
	opens := m.opensHere(n == 1 && first.startsWord)
	for _, o := range todo[:n] {
		o.html = !opens || m.closed == len(m.dst) || m.afterTilde(&o) || !m.closesAt(&o, end)
		m.openMark(o)
	}
}

// runEnd returns the last of the nodes after last that o covers without a gap.
func (m *markdown) runEnd(o *openMark, last, end int32) int32 {
	for i := last + 1; i < end; i++ {
		if !m.visible(i) {
			continue
		}
		set := m.t.marksOf(&m.t.nodes[i])
		if !m.t.has(&set, o.form, o.mark) {
			break
		}
		last = i
	}
	return last
}

// visible reports whether the inline node i is more than white space.
func (m *markdown) visible(i int32) bool {
	text := m.t.str(m.t.nodes[i].text)
	if m.t.nodes[i].form != formText {
		m.probe = m.label(m.probe[:0], i)
		text = m.probe
	}
	return len(bytes.TrimFunc(text, unicode.IsSpace)) > 0
}

// CommonMark recognises the delimiters * ** ~~ by the characters on either
// side ("left-flanking" and "right-flanking delimiter run"). White space never
// stands on the inner side here. Then a delimiter is recognised if there is
// white space or punctuation on its outer side, or else a letter or digit on
// its inner side. The functions below err on the side of "not recognised",
// which costs a tag in place of a delimiter.

// An edge says what a text begins and ends with: a letter or digit, or not.
type edge struct{ startsWord, endsWord bool }

func edgeOf(core []byte) edge {
	first, _ := utf8.DecodeRune(core)
	last, _ := utf8.DecodeLastRune(core)
	url := bytes.Contains(core, []byte("://")) // may get a < before it
	return edge{isWord(first) && !url, isWord(last)}
}

func isWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r))
}

// isBoundary reports whether r is white space or what every version of
// CommonMark counts as punctuation.
func isBoundary(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsPunct(r) || r < utf8.RuneSelf && unicode.IsSymbol(r)
}

// opensHere reports whether a delimiter written now opens, given whether a
// letter or digit follows it. Within emphasis it must not look as if it could
// close as well.
func (m *markdown) opensHere(wordFollows bool) bool {
	line := m.dst[m.lineStart:]
	r, _ := utf8.DecodeLastRune(line)
	switch {
	case len(line) == 0 || unicode.IsSpace(r):
		return true
	case slices.ContainsFunc(m.open, openMark.isStar):
		return wordFollows && isBoundary(r)
	}
	return wordFollows || isBoundary(r)
}

func (o openMark) isStar() bool {
	return !o.html && (o.form == markStrong || o.form == markEm)
}

// afterTilde reports whether ~~ would follow a tilde, where renderers take it
// for part of that.
func (m *markdown) afterTilde(o *openMark) bool {
	return o.form == markStrike && bytes.HasSuffix(m.dst[m.lineStart:], []byte("~"))
}

// closesAt reports whether the delimiter of o can close after node o.end.
func (m *markdown) closesAt(o *openMark, end int32) bool {
	n := &m.t.nodes[o.end]
	set := m.t.marksOf(n)
	code := set[markCode] != 0
	if n.form == formText && !code {
		text := m.t.str(n.text)
		core := bytes.TrimRightFunc(text, unicode.IsSpace)
		switch {
		case o.form == markStrike && bytes.HasSuffix(core, []byte("~")):
			return false // as in afterTilde
		case len(core) < len(text):
			return true
		}
		if set[o.form] = 0; set == (markSet{}) && edgeOf(core).endsWord {
			return true // and no other delimiter in between
		}
	}
	for i := o.end + 1; i < end; i++ {
		n := &m.t.nodes[i]
		set := m.t.marksOf(n)
		switch {
		case n.form == formBreak:
			return true
		case code && set[markCode] != 0 && !m.visible(i): // joins the code before
		case n.form == formText && n.text.at < n.text.end:
			r, _ := utf8.DecodeRune(m.t.str(n.text))
			return isBoundary(r) || set[markCode] != 0
		case m.visible(i):
			return false
		}
	}
	return true
}

// delimiters of the marks: in Markdown, if there is one, and in HTML.
var delimiters = [markForms]struct{ markdown, open, close string }{
	markStrong:    {"**", "<strong>", "</strong>"},
	markEm:        {"*", "<em>", "</em>"},
	markStrike:    {"~~", "<del>", "</del>"},
	markUnderline: {"", "<u>", "</u>"},
	markSub:       {"", "<sub>", "</sub>"},
	markSup:       {"", "<sup>", "</sup>"},
}

func (m *markdown) openMark(o openMark) {
	d := &delimiters[o.form]
	switch {
	case o.form == markLink:
		m.openLink()
	case o.html || d.markdown == "":
		o.html = true
		m.dst = append(m.dst, d.open...)
	default:
		m.dst = append(m.dst, d.markdown...)
	}
	m.open = append(m.open, o)
}

// closeMarks closes all but the outermost keep marks.
func (m *markdown) closeMarks(keep int) {
	for len(m.open) > keep {
		o := m.open[len(m.open)-1]
		m.open = m.open[:len(m.open)-1]
		switch d := &delimiters[o.form]; {
		case o.form == markLink:
			mark := &m.t.marks[o.mark]
			m.closeLink(m.t.str(mark.href), m.t.str(mark.title))
		case o.html:
			m.dst = append(m.dst, d.close...)
		default:
			m.dst = append(m.dst, d.markdown...)
			m.closed = len(m.dst)
		}
	}
}
