package adf

import (
	"bytes"
	"strings"
)

// leaf writes the inline node i, which is no text: its label, as what it is.
func (m *markdown) leaf(i, end int32) {
	n := &m.t.nodes[i]
	m.scratch = m.label(m.scratch[:0], i)
	label := bytes.TrimSpace(m.scratch)
	if len(label) == 0 {
		return
	}
	set := m.t.marksOf(n)
	m.marks(&set, i, end, edge{})
	url := m.t.attr(n, attrURL)
	switch n.form {
	case formStatus:
		m.codeSpan(label)
	case formMedia, formInlineMedia:
		if bytes.Equal(label, url) {
			label = label[:0]
		}
		m.image(label, url)
	case formCard, formInlineCard:
		m.card(label, url)
	default:
		m.glued = i+1 < end
		m.escape(label)
	}
}

// label appends the label of node i, or where the document does not say it,
// what stands for it: the kind of a file, the key of an extension. A node
// that its content speaks for has none.
func (m *markdown) label(dst []byte, i int32) []byte {
	n := &m.t.nodes[i]
	if n.end > i+1 && (n.form == formUnknown || n.form == formBlocks) {
		return dst
	}
	at := len(dst)
	if dst = m.t.appendLabel(dst, n); len(dst) > at {
		return dst
	}
	switch n.form {
	case formMedia, formInlineMedia:
		dst = append(dst, m.t.attr(n, attrType)...)
	case formMacro, formInlineMacro:
		if key := m.t.attr(n, attrExtensionKey); len(key) > 0 {
			dst = append(dst, '[')
			dst = append(dst, key...)
			dst = append(dst, ']')
		}
	}
	return dst
}

// image writes an image. Files of Jira's media service have no URL that the
// document knows; their images have an empty target.
func (m *markdown) image(alt, url []byte) {
	links, one := m.noLinks, m.oneLine
	m.noLinks, m.oneLine = true, true
	m.dst = append(m.dst, "!["...)
	m.escape(alt)
	m.dst = append(m.dst, ']')
	m.noLinks, m.oneLine = links, one
	m.target(url, nil)
}

// card writes a smart link.
func (m *markdown) card(label, url []byte) {
	switch {
	case len(url) == 0 || m.noLinks:
		m.escape(label)
	case bytes.Equal(label, url) && isAutolink(url):
		m.autolink(url)
	default:
		m.openLink()
		m.escape(label)
		m.closeLink(url, nil)
	}
}

func (m *markdown) openLink() {
	if at := len(m.dst) - 1; at >= m.lineStart && m.dst[at] == '!' {
		m.dst = append(m.dst[:at], `\!`...) // "![" would be an image
	}
	m.dst = append(m.dst, '[')
	m.noLinks = true
}

func (m *markdown) closeLink(url, title []byte) {
	m.dst = append(m.dst, ']')
	m.target(url, title)
	m.noLinks = false
}

// target writes the part of a link or image in parentheses.
func (m *markdown) target(url, title []byte) {
	m.dst = append(m.dst, '(')
	if needsAngles(url) {
		m.dst = append(m.dst, '<')
		m.appendTarget(url, `\<>`)
		m.dst = append(m.dst, '>')
	} else {
		m.appendTarget(url, `\`)
	}
	if title = bytes.TrimSpace(title); len(title) > 0 {
		m.dst = append(m.dst, ` "`...)
		m.appendTarget(title, `\"`)
		m.dst = append(m.dst, '"')
	}
	m.dst = append(m.dst, ')')
}

func needsAngles(url []byte) bool {
	for _, c := range url {
		if c <= ' ' || c == 0x7f || c == '(' || c == ')' || c == '<' || c == '>' {
			return true
		}
	}
	return false
}

// appendTarget writes s with a backslash before the characters in escaped. The
// & of what would be read as a character reference becomes one itself, which
// more renderers get right than a backslash. A line end becomes a blank.
func (m *markdown) appendTarget(s []byte, escaped string) {
	for i, c := range s {
		switch {
		case c == '\n':
			c = ' '
		case c == '&' && isReference(s[i:]):
			m.dst = append(m.dst, "&amp;"...)
			continue
		case strings.IndexByte(escaped, c) >= 0, c == '|' && m.inCell:
			m.dst = append(m.dst, '\\')
		}
		m.dst = append(m.dst, c)
	}
}
