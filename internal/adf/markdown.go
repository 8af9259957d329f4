package adf

import "bytes"

// Limits of Markdown's structure; deeper nodes become plain text (see the
// package comment).
const (
	maxDepth  = 500 // blocks
	maxPrefix = 256 // bytes of indentation and quote marks
)

// A markdown writes the blocks of a tree. Separators are owed, not written,
// until a block has something to say; so empty blocks leave no trace.
type markdown struct {
	t   *tree
	dst []byte

	prefix    []byte // of every line: the > and the indentation of the blocks around
	sep       int    // newlines owed before the next block: 0, 1 or 2
	sepPrefix int    // part of prefix that lines between this and the next block have
	lead      []byte // owed before the next block, after prefix[:sepPrefix]: markers
	depth     int

	lineStart  int  // index in dst of the first byte after prefix and markers
	cellStart  int  // index in dst of the table cell's first byte
	inCell     bool // one line: blocks are separated by <br>
	oneLine    bool // heading or image text: line breaks become blanks
	lastMarker byte // of the list just ended, if nothing came after it

	inlineWriter
	scratch []byte // the text being looked at, where it is not in the tree
	probe   []byte // the same while looking ahead
}

func appendMarkdown(dst []byte, s *scratch) []byte {
	if s.tree.verbatim {
		return append(dst, s.tree.text...)
	}
	m := &s.md
	*m = markdown{
		t: &s.tree, dst: dst, lineStart: len(dst),
		prefix: m.prefix[:0], lead: m.lead[:0], inlineWriter: m.inlineWriter, scratch: m.scratch, probe: m.probe,
	}
	m.blocks(0, int32(len(s.tree.nodes)))
	return m.dst
}

// begin writes the separators and markers that are owed.
func (m *markdown) begin() {
	if m.inCell {
		if m.sep > 0 && len(m.dst) > m.cellStart {
			m.dst = append(m.dst, "<br>"...)
		}
	} else {
		for ; m.sep > 0; m.sep-- {
			m.dst = append(m.dst, '\n')
			between := m.prefix[:m.sepPrefix]
			if m.sep > 1 {
				between = bytes.TrimRight(between, " ")
			}
			m.dst = append(m.dst, between...)
		}
	}
	m.dst = append(m.dst, m.lead...)
	m.sep, m.lead, m.lastMarker, m.lineStart = 0, m.lead[:0], 0, len(m.dst)
}

// end owes newlines after a block that was written: two leave a blank line.
func (m *markdown) end(newlines int) {
	m.sep, m.sepPrefix = newlines, len(m.prefix)
}

// newline begins the next line of the block being written.
func (m *markdown) newline() {
	m.dst = append(m.dst, '\n')
	m.dst = append(m.dst, m.prefix...)
	m.lineStart = len(m.dst)
}

// trimLine removes the blanks that prefix or marker left at the end of a line.
func (m *markdown) trimLine() {
	m.dst = bytes.TrimRight(m.dst, " ")
	m.lineStart = len(m.dst)
}

// blocks writes the sibling nodes from first to end. Inline nodes between
// blocks, which the schema allows in few places, form a paragraph.
func (m *markdown) blocks(first, end int32) {
	nodes := m.t.nodes
	for i := first; i < end; {
		j := i
		for j < end && nodes[j].inline {
			j = nodes[j].end
		}
		if j > i {
			m.paragraph(i, j)
			i = j
			continue
		}
		m.block(i)
		i = nodes[i].end
	}
}

func (m *markdown) block(i int32) {
	if m.depth >= maxDepth || len(m.prefix) > maxPrefix {
		m.plain(i)
		return
	}
	m.depth++
	n := &m.t.nodes[i]
	switch n.form {
	case formParagraph:
		m.paragraph(i+1, n.end)
	case formHeading:
		m.heading(i)
	case formBullets, formOrdered:
		m.list(i)
	case formQuote:
		m.quote(i, "")
	case formPanel:
		m.quote(i, alert(m.t.attr(n, attrPanelType)))
	case formCode:
		m.code(i)
	case formRule:
		m.rule()
	case formExpand:
		m.title(n)
		m.blocks(i+1, n.end)
	case formTable:
		m.table(i)
	case formMedia, formCard, formMacro:
		m.paragraph(i, n.end)
	default:
		if n.end > i+1 {
			m.blocks(i+1, n.end)
		} else {
			m.paragraph(i, n.end)
		}
	}
	m.depth--
}

// paragraph writes the inline nodes from first to end.
func (m *markdown) paragraph(first, end int32) {
	if m.line(first, end) {
		m.end(2)
	}
}

// plain writes node i as one paragraph of its plain text.
func (m *markdown) plain(i int32) {
	m.scratch = m.t.appendPlain(m.scratch[:0], i, m.t.nodes[i].end)
	if text := bytes.TrimSpace(m.scratch); len(text) > 0 {
		m.begin()
		m.glued = false
		m.escape(text)
		m.end(2)
	}
}

func (m *markdown) heading(i int32) {
	n := &m.t.nodes[i]
	owed := len(m.lead)
	if !m.inCell {
		for range m.t.attrInt(n, attrLevel, 1, 6, 1) {
			m.lead = append(m.lead, '#')
		}
		m.lead = append(m.lead, ' ')
	}
	m.oneLine = true
	written := m.line(i+1, n.end)
	m.oneLine = false
	if written {
		m.end(2)
	} else {
		m.lead = m.lead[:owed]
	}
}

// title writes the title of an expand.
func (m *markdown) title(n *node) {
	title := bytes.TrimSpace(m.t.attr(n, attrTitle))
	if len(title) == 0 {
		return
	}
	m.begin()
	m.dst = append(m.dst, "**"...)
	m.oneLine, m.glued = true, false
	m.escape(title)
	m.oneLine = false
	m.dst = append(m.dst, "**"...)
	m.end(2)
}

func (m *markdown) rule() {
	if m.inCell {
		return
	}
	rule := "---"
	if len(m.lead) > 0 {
		rule = "___" // after a list marker, "- ---" would be a rule itself
	}
	m.begin()
	m.dst = append(m.dst, rule...)
	m.end(2)
}

// alert returns the label that makes a quote a GitHub alert. Custom panels
// have none.
func alert(panelType []byte) string {
	switch string(panelType) {
	case "info":
		return "[!NOTE]"
	case "note":
		return "[!IMPORTANT]"
	case "tip", "success":
		return "[!TIP]"
	case "warning":
		return "[!WARNING]"
	case "error":
		return "[!CAUTION]"
	}
	return ""
}

// quote writes the content of node i as a quote, with the label, if it is not
// empty, on the first line.
func (m *markdown) quote(i int32, label string) {
	n := &m.t.nodes[i]
	if m.inCell {
		m.blocks(i+1, n.end)
		return
	}
	written, owed, outer := len(m.dst), len(m.lead), len(m.prefix)
	m.lead = append(m.lead, "> "...)
	m.prefix = append(m.prefix, "> "...)
	if label != "" {
		m.lead = append(m.lead, label...)
		m.lead = append(m.lead, '\n')
		m.lead = append(m.lead, m.prefix...)
	}
	m.blocks(i+1, n.end)
	m.prefix = m.prefix[:outer]
	if len(m.dst) == written {
		m.lead = m.lead[:owed]
		return
	}
	m.end(2)
	m.lastMarker = 0
}

// code writes a fenced code block; within a table cell, a code span per line.
func (m *markdown) code(i int32) {
	n := &m.t.nodes[i]
	text := m.codeText(i)
	if m.inCell {
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				m.begin()
				m.codeSpan(line)
				m.end(1)
			}
		}
		return
	}
	if text = bytes.TrimSuffix(text, []byte("\n")); len(text) == 0 {
		return
	}
	m.begin()
	fence := max(3, longestRun(text, '`')+1)
	m.repeat('`', fence)
	if lang := bytes.Fields(m.t.attr(n, attrLanguage)); len(lang) > 0 && !bytes.ContainsAny(lang[0], "`\\&") {
		m.dst = append(m.dst, lang[0]...)
	}
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		m.newline()
		m.dst = append(m.dst, line...)
		if len(line) == 0 {
			m.trimLine()
		}
	}
	m.newline()
	m.repeat('`', fence)
	m.end(2)
}

// codeText returns the text of the code block i, valid until the next use of
// scratch.
func (m *markdown) codeText(i int32) []byte {
	nodes := m.t.nodes
	end := nodes[i].end
	if end == i+2 {
		return m.t.str(nodes[i+1].text)
	}
	m.scratch = m.scratch[:0]
	for j := i + 1; j < end; j++ {
		if nodes[j].form == formBreak {
			m.scratch = append(m.scratch, '\n')
		}
		m.scratch = m.t.appendLabel(m.scratch, &nodes[j])
	}
	return m.scratch
}

func (m *markdown) repeat(c byte, n int) {
	for range n {
		m.dst = append(m.dst, c)
	}
}

// longestRun returns the length of the longest run of c in s.
func longestRun(s []byte, c byte) int {
	longest, run := 0, 0
	for _, b := range s {
		if b != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
