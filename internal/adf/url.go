package adf

import "bytes"

// bareURL writes a URL whose scheme, just written, ends before s[i] and returns
// the index after it, or i if there is none. GFM makes a link of a URL in text
// and takes backslashes in it for part of the target; so no escapes there. If
// that would leave markup in it, it is written <URL>.
func (m *markdown) bareURL(s []byte, i int) int {
	if m.noLinks || !bytes.HasPrefix(s[i:], []byte("://")) {
		return i
	}
	for _, scheme := range [...]string{"http", "https", "ftp"} {
		if !isPrefixWord(s, i, scheme) {
			continue
		}
		end, open := m.bareEnd(s, i)
		switch {
		case !open && !hasMarkup(s, i, end):
			m.appendRaw(s[i:end])
		case !open && isAutolink(s[i-len(scheme):end]):
			m.dst = m.dst[:len(m.dst)-len(scheme)]
			m.autolink(s[i-len(scheme) : end])
		default:
			m.noLink(s, i, end)
		}
		return end
	}
	return i
}

// bareHost is bareURL for a host without a scheme, whose "www" ends before
// s[i]. It has no other notation.
func (m *markdown) bareHost(s []byte, i int) int {
	if m.noLinks || !isPrefixWord(s, i, "www") {
		return i
	}
	end, open := m.bareEnd(s, i)
	if open || hasMarkup(s, i, end) {
		m.noLink(s, i, end)
	} else {
		m.appendRaw(s[i:end])
	}
	return end
}

// bareEnd returns the end of the URL around s[i]: before white space or a <,
// without the punctuation that GFM leaves out. It is open if what follows s may
// be taken for part of it.
func (m *markdown) bareEnd(s []byte, i int) (end int, open bool) {
	end = i
	for end < len(s) && s[end] > ' ' && s[end] != 0x7f && s[end] != '<' {
		end++
	}
	open = end == len(s) && m.glued
	surplus := bytes.Count(s[i:end], []byte(")")) - bytes.Count(s[i:end], []byte("("))
	for ; end > i; end-- {
		if c := s[end-1]; c == ')' && surplus > 0 {
			surplus--
		} else if bytes.IndexByte([]byte("?!.,:;*_~'\"|"), c) < 0 {
			break
		}
	}
	return end, open
}

func hasMarkup(s []byte, from, to int) bool {
	for i := from; i < to; i++ {
		if isMarkup(s, i) {
			return true
		}
	}
	return false
}

// noLink writes s[from:to], the rest of a URL, with backslashes that keep it
// and what it holds from becoming links.
func (m *markdown) noLink(s []byte, from, to int) {
	for i := from; i < to; i++ {
		c := s[i]
		if isMarkup(s, i) || c == ':' || c == '.' && isPrefixWord(s, i, "www") || c == '|' && m.inCell {
			m.dst = append(m.dst, '\\')
		}
		m.dst = append(m.dst, c)
	}
}

// isPrefixWord reports whether the word before s[i] is exactly word.
func isPrefixWord(s []byte, i int, word string) bool {
	at := i - len(word)
	return at >= 0 && string(s[at:i]) == word && (at == 0 || !isAlnum(s[at-1]))
}

// autolink writes <url>. A | in it has no escape in a table cell that all
// renderers know; there it becomes a link with a text.
func (m *markdown) autolink(url []byte) {
	if m.inCell && bytes.IndexByte(url, '|') >= 0 {
		m.openLink()
		m.escape(url)
		m.closeLink(url, nil)
		return
	}
	m.dst = append(m.dst, '<')
	m.dst = append(m.dst, url...)
	m.dst = append(m.dst, '>')
}

// isAutolink reports whether CommonMark reads <url> as a link: a scheme of 2 to
// 32 characters, a colon, and no blanks, controls or angle brackets.
func isAutolink(url []byte) bool {
	colon := bytes.IndexByte(url, ':')
	if colon < 2 || colon > 32 || !isLetter(url[0]) {
		return false
	}
	for _, c := range url[:colon] {
		if !isLetter(c) && !isDigit(c) && c != '+' && c != '.' && c != '-' {
			return false
		}
	}
	for _, c := range url[colon:] {
		if c <= ' ' || c == 0x7f || c == '<' || c == '>' {
			return false
		}
	}
	return true
}
