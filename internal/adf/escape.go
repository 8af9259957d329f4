package adf

import "bytes"

// special holds the bytes that escapeByte looks at. All others are never
// markup, except at the start of a line.
var special = [256]bool{
	'\n': true, '\\': true, '`': true, '*': true, '_': true, '~': true, '[': true, ']': true,
	'<': true, '&': true, '|': true, '#': true, ':': true, '.': true,
}

// escape writes s so that CommonMark with the GFM extensions shows s. It does
// so with few backslashes: only where the character would be markup there.
func (m *markdown) escape(s []byte) {
	for i := 0; i < len(s); {
		if len(m.dst) == m.lineStart && !m.inCell && !m.oneLine {
			i = m.escapeLineStart(s, i)
		}
		plain := i
		for i < len(s) && !special[s[i]] {
			i++
		}
		m.dst = append(m.dst, s[plain:i]...)
		if i < len(s) {
			i = m.escapeByte(s, i)
		}
	}
}

// escapeLineStart disarms what begins a block where s[i:] begins a line, and
// returns the index of the first byte that it has not written. Blanks, which a
// renderer drops there, are skipped: four of them would begin a code block.
func (m *markdown) escapeLineStart(s []byte, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	if i == len(s) {
		return i
	}
	rest := s[i:]
	block := false
	switch c := rest[0]; c {
	case '>', '|':
		block = true
	case '+':
		block = endsWord(rest, 1)
	case '-': // bullet, rule, underline of a heading, delimiter row of a table
		block = endsWord(rest, 1) || rest[1] == '-' || rest[1] == '|' || rest[1] == ':'
	case ':': // delimiter row
		block = len(rest) > 1 && rest[1] == '-'
	case '#':
		n := runOf(rest, '#')
		block = n <= 6 && endsWord(rest, n)
	case '=': // underline of a heading
		n := runOf(rest, '=')
		line, _, _ := bytes.Cut(rest[n:], []byte("\n"))
		block = len(bytes.TrimSpace(line)) == 0
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n < len(rest) && (rest[n] == '.' || rest[n] == ')') && endsWord(rest, n+1) {
			m.dst = append(m.dst, rest[:n]...)
			m.dst = append(m.dst, '\\', rest[n])
			return i + n + 1
		}
	}
	if block {
		m.dst = append(m.dst, '\\', rest[0])
		return i + 1
	}
	return i
}

// endsWord reports whether s ends or has white space at i.
func endsWord(s []byte, i int) bool {
	return i >= len(s) || isBlank(s[i])
}

func runOf(s []byte, c byte) int {
	n := 0
	for n < len(s) && s[n] == c {
		n++
	}
	return n
}

// escapeByte writes the special byte s[i] and perhaps bytes after it, and
// returns the index of the first byte that it has not written.
func (m *markdown) escapeByte(s []byte, i int) int {
	markup := false
	switch c := s[i]; c {
	case '\n':
		m.lineBreak()
		return i + 1
	case ':':
		if end := m.bareURL(s, i); end > i {
			return end
		}
	case '.':
		if end := m.bareHost(s, i); end > i {
			return end
		}
	case '|':
		markup = m.inCell
	case '#':
		markup = m.oneLine && m.closesHeading(s[i:])
	default:
		markup = isMarkup(s, i)
		if len(m.dst) == m.lineStart {
			markup = markup || c == '*' || c == '~'
		}
	}
	if markup {
		m.dst = append(m.dst, '\\')
	}
	m.dst = append(m.dst, s[i])
	return i + 1
}

// closesHeading reports whether the # at the start of s may be taken for
// decoration at the end of a heading: it stands by itself.
func (m *markdown) closesHeading(s []byte) bool {
	before := m.dst[m.lineStart:]
	return (len(before) == 0 || isBlank(before[len(before)-1])) && endsWord(s, runOf(s, '#'))
}

// isMarkup reports whether s[i] may be inline markup.
func isMarkup(s []byte, i int) bool {
	switch s[i] {
	case '\\', '`', '[', ']':
		return true
	case '*', '~': // not between blanks
		return i == 0 || i+1 == len(s) || s[i-1] != ' ' || s[i+1] != ' '
	case '_': // not within a word
		return i == 0 || i+1 == len(s) || !isAlnum(s[i-1]) || !isAlnum(s[i+1])
	case '<':
		return i+1 == len(s) || isLetter(s[i+1]) || s[i+1] == '/' || s[i+1] == '!' || s[i+1] == '?'
	case '&':
		return i+1 == len(s) || isReference(s[i:])
	}
	return false
}

// isReference reports whether s, which begins with &, begins with what looks
// like a character reference: &amp; &#38; &#x26;.
func isReference(s []byte) bool {
	for i, c := range s[1:] {
		switch {
		case c == ';':
			return i > 0
		case i == 0 && c == '#', isAlnum(c):
		default:
			return false
		}
	}
	return false
}

// appendRaw writes s without escapes, but for what a table cell needs.
func (m *markdown) appendRaw(s []byte) {
	for _, c := range s {
		if c == '|' && m.inCell {
			m.dst = append(m.dst, '\\')
		}
		m.dst = append(m.dst, c)
	}
}

// codeSpan writes s as code. Within one, nothing is markup but backticks.
func (m *markdown) codeSpan(s []byte) {
	if m.coded == len(m.dst) {
		m.dst = append(m.dst, ' ') // adjacent backticks would be one run
	}
	fence := longestRun(s, '`') + 1
	m.repeat('`', fence)
	first, last := s[0], s[len(s)-1]
	// One blank at each end is taken away again if there is one at both.
	pad := first == '`' || last == '`' || isBlank(first) && isBlank(last)
	if pad {
		m.dst = append(m.dst, ' ')
	}
	at := len(m.dst)
	m.appendRaw(s)
	for i := at; i < len(m.dst); i++ {
		if m.dst[i] == '\n' {
			m.dst[i] = ' '
		}
	}
	if pad {
		m.dst = append(m.dst, ' ')
	}
	m.repeat('`', fence)
	m.coded = len(m.dst)
}

func isBlank(c byte) bool  { return c == ' ' || c == '\n' || c == '\t' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isAlnum(c byte) bool  { return isDigit(c) || isLetter(c) }
