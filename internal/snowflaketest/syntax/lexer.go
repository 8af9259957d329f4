package syntax

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"snowdrift/internal/snowflaketest/sferr"
)

type kind uint8

const (
	tokEOF kind = iota
	tokWord
	tokQuoted // "quoted identifier", text is the name
	tokString // text is the value, escapes undone
	tokNumber
	tokOp
	tokStage  // @stage/path, text is all of it without the @
	tokDollar // $1, text is the number
)

type token struct {
	kind       kind
	text       string
	start, end int // byte offsets in the source
}

func (t token) is(op string) bool { return t.kind == tokOp && t.text == op }

func (t token) word() string {
	if t.kind != tokWord {
		return ""
	}
	return strings.ToUpper(t.text)
}

// operators, longest first: the first that matches is taken.
var operators = []string{
	"::", "=>", "->", "<=", ">=", "<>", "!=", "||",
	"(", ")", ",", ".", ";", ":", "?", "+", "-", "*", "/", "%", "=", "<", ">", "[", "]", "{", "}", "^",
}

type lexer struct {
	src string
	pos int
}

// lex cuts src into tokens; the last one is tokEOF.
func lex(src string) ([]token, error) {
	if !utf8.ValidString(src) {
		return nil, sferr.Unsupported("SQL text that is not valid UTF-8")
	}
	l := &lexer{src: src}
	var out []token
	for {
		if err := l.skipSpace(); err != nil {
			return nil, err
		}
		start := l.pos
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		t.start, t.end = start, l.pos
		out = append(out, t)
		if t.kind == tokEOF {
			return out, nil
		}
	}
}

func (l *lexer) rest() string { return l.src[l.pos:] }

func (l *lexer) skipSpace() error {
	for l.pos < len(l.src) {
		switch r := l.rest(); {
		case strings.ContainsRune(" \t\r\n\f\v", rune(r[0])):
			l.pos++
		case strings.HasPrefix(r, "--"), strings.HasPrefix(r, "//"):
			if i := strings.IndexByte(r, '\n'); i >= 0 {
				l.pos += i + 1
			} else {
				l.pos = len(l.src)
			}
		case strings.HasPrefix(r, "/*"):
			i := strings.Index(r[2:], "*/")
			if i < 0 {
				return syntaxError(l.src, l.pos, "unterminated comment")
			}
			l.pos += i + 4
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) next() (token, error) {
	if l.pos >= len(l.src) {
		return token{kind: tokEOF}, nil
	}
	r := l.rest()
	switch c := r[0]; {
	case isWordStart(c):
		n := 1
		for n < len(r) && isWordPart(r[n]) {
			n++
		}
		l.pos += n
		return token{kind: tokWord, text: r[:n]}, nil
	case c == '"':
		name, n, ok := quotedName(r)
		if !ok {
			return token{}, syntaxError(l.src, l.pos, "unterminated or empty quoted identifier")
		}
		l.pos += n
		return token{kind: tokQuoted, text: name}, nil
	case c == '\'':
		return l.stringLiteral()
	case strings.HasPrefix(r, "$$"):
		i := strings.Index(r[2:], "$$")
		if i < 0 {
			return token{}, syntaxError(l.src, l.pos, "unterminated $$ string")
		}
		l.pos += i + 4
		return token{kind: tokString, text: r[2 : 2+i]}, nil
	case c == '$' && len(r) > 1 && isDigit(r[1]):
		n := 1 + digits(r[1:])
		l.pos += n
		return token{kind: tokDollar, text: r[1:n]}, nil
	case isDigit(c), c == '.' && len(r) > 1 && isDigit(r[1]):
		n := numberLength(r)
		l.pos += n
		return token{kind: tokNumber, text: r[:n]}, nil
	case c == '@':
		return l.stageReference()
	}
	for _, op := range operators {
		if strings.HasPrefix(r, op) {
			l.pos += len(op)
			return token{kind: tokOp, text: op}, nil
		}
	}
	return token{}, syntaxError(l.src, l.pos, fmt.Sprintf("unexpected %q", firstRune(r)))
}

// stageReference takes everything up to the first character that cannot be in an
// unquoted location; parts of the name may be quoted: @"DB"."S"."STAGE"/run43/.
func (l *lexer) stageReference() (token, error) {
	r := l.rest()
	n := 1
	for n < len(r) {
		if r[n] == '"' {
			_, m, ok := quotedName(r[n:])
			if !ok {
				return token{}, syntaxError(l.src, l.pos+n, "unterminated quoted identifier")
			}
			n += m
			continue
		}
		if strings.IndexByte(" \t\r\n(),;'", r[n]) >= 0 {
			break
		}
		n++
	}
	l.pos += n
	return token{kind: tokStage, text: r[1:n]}, nil
}

// stringLiteral reads '…' with doubled quotes and backslash escapes, which are
// active in Snowflake's single-quoted literals.
func (l *lexer) stringLiteral() (token, error) {
	r := l.rest()
	var b strings.Builder
	for i := 1; i < len(r); {
		switch c := r[i]; {
		case c == '\'' && strings.HasPrefix(r[i+1:], "'"):
			b.WriteByte('\'')
			i += 2
		case c == '\'':
			l.pos += i + 1
			return token{kind: tokString, text: b.String()}, nil
		case c == '\\':
			s, n, ok := escape(r[i:])
			if !ok {
				return token{}, syntaxError(l.src, l.pos+i, "invalid escape sequence")
			}
			b.WriteString(s)
			i += n
		default:
			b.WriteByte(c)
			i++
		}
	}
	return token{}, syntaxError(l.src, l.pos, "unterminated string literal")
}

// escape undoes one backslash sequence and tells how long it is. Unknown
// sequences stand for the character itself, as documented.
func escape(s string) (string, int, bool) {
	if len(s) < 2 {
		return "", 0, false
	}
	simple := map[byte]string{'n': "\n", 't': "\t", 'r': "\r", 'b': "\b", 'f': "\f", '0': "\x00"}
	width := map[byte]int{'x': 2, 'u': 4}
	if n, ok := width[s[1]]; ok {
		if len(s) < 2+n {
			return "", 0, false
		}
		v, err := strconv.ParseUint(s[2:2+n], 16, 32)
		if err != nil || !utf8.ValidRune(rune(v)) {
			return "", 0, false
		}
		return string(rune(v)), 2 + n, true
	}
	if v, ok := simple[s[1]]; ok {
		return v, 2, true
	}
	_, n := utf8.DecodeRuneInString(s[1:])
	return s[1 : 1+n], 1 + n, true
}

// quotedName reads "name" at the start of s, undoing doubled quotes.
func quotedName(s string) (name string, length int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			b.WriteByte('"')
			i++
			continue
		}
		return b.String(), i + 1, b.Len() > 0
	}
	return "", 0, false
}

func numberLength(s string) int {
	n := digits(s)
	if n < len(s) && s[n] == '.' {
		n++
		n += digits(s[n:])
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if d := digits(s[m:]); d > 0 {
			n = m + d
		}
	}
	return n
}

func digits(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isWordPart(c byte) bool { return isWordStart(c) || isDigit(c) || c == '$' }

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// syntaxError is Snowflake's 001003 with the line and the position (both as
// Snowflake counts them: lines from 1, columns from 0) of offset in src.
func syntaxError(src string, offset int, what string) error {
	line, col := Position(src, offset)
	return sferr.Compilation("001003", "42000", "syntax error line %d at position %d %s.", line, col, what)
}

// Position turns a byte offset into a line (from 1) and a column (from 0).
func Position(src string, offset int) (line, col int) {
	offset = min(offset, len(src))
	before := src[:offset]
	return strings.Count(before, "\n") + 1, offset - (strings.LastIndexByte(before, '\n') + 1)
}
