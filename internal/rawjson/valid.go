package rawjson

import (
	"encoding/binary"
	"math/bits"
)

// maxLevels is how deep values may be nested.
const maxLevels = 10_000

// Valid reports whether b is one JSON value of at most 10,000 levels with nothing
// but white space around it (RFC 8259). Like Jira it minds neither names that come
// twice nor halves of surrogate pairs nor bytes that are not UTF-8.
func Valid(b []byte) bool {
	var within levels
	for i := 0; ; {
		i = skipSpace(b, i)
		if i < len(b) && role[b[i]] == opens {
			if !within.open(b[i]) {
				return false
			}
			i = skipSpace(b, i+1)
			if i == len(b) || role[b[i]] != closes { // not empty
				if within.object {
					if i = nameEnd(b, i); i < 0 {
						return false
					}
				}
				continue
			}
		} else if i = scalarEnd(b, i); i < 0 {
			return false
		}
		for { // behind a value
			i = skipSpace(b, i)
			if within.depth == 0 || i == len(b) {
				return within.depth == 0 && i == len(b)
			}
			if b[i] == ',' {
				break
			}
			if !within.close(b[i]) {
				return false
			}
			i++
		}
		i++
		if within.object {
			if i = nameEnd(b, skipSpace(b, i)); i < 0 {
				return false
			}
		}
	}
}

// levels are the brackets that are open.
type levels struct {
	depth   int
	object  bool                     // the innermost is an object
	objects [maxLevels/64 + 1]uint64 // which ones are: a bit for each
}

func (l *levels) open(bracket byte) bool {
	if l.depth == maxLevels {
		return false
	}
	l.depth++
	bit := uint64(1) << (l.depth & 63)
	if l.object = bracket == '{'; l.object {
		l.objects[l.depth>>6] |= bit
	} else {
		l.objects[l.depth>>6] &^= bit
	}
	return true
}

func (l *levels) close(bracket byte) bool {
	if l.object && bracket != '}' || !l.object && bracket != ']' {
		return false
	}
	l.depth--
	l.object = l.objects[l.depth>>6]>>(l.depth&63)&1 != 0
	return true
}

// The functions that follow return the index after what has to begin at b[i], or -1
// if that is something else.

// nameEnd goes over the name of a member and its colon.
func nameEnd(b []byte, i int) int {
	if i == len(b) || b[i] != '"' {
		return -1
	}
	if i = validStringEnd(b, i); i < 0 {
		return -1
	}
	if i = skipSpace(b, i); i == len(b) || b[i] != ':' {
		return -1
	}
	return i + 1
}

// scalarEnd goes over a value without brackets.
func scalarEnd(b []byte, i int) int {
	if i == len(b) {
		return -1
	}
	switch b[i] {
	case '"':
		return validStringEnd(b, i)
	case 't':
		return wordEnd(b, i, "true")
	case 'f':
		return wordEnd(b, i, "false")
	case 'n':
		return wordEnd(b, i, "null")
	}
	return numberEnd(b, i)
}

func wordEnd(b []byte, i int, word string) int {
	if len(b)-i < len(word) || string(b[i:i+len(word)]) != word {
		return -1
	}
	return i + len(word)
}

// validStringEnd goes over a string whose quote is there, eight bytes at a time.
func validStringEnd(b []byte, i int) int {
	for i++; i < len(b); {
		if i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			control := (w - ' '*each) &^ w & (0x80 * each) // as in quoteOrSlash: the first one is true
			found := quoteOrSlash(w) | control
			if found == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(found) / 8
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			if i = escapeEnd(b, i); i < 0 {
				return -1
			}
		case c < ' ':
			return -1
		default:
			i++
		}
	}
	return -1
}

// escapeEnd goes over an escape, whose backslash is there.
func escapeEnd(b []byte, i int) int {
	if i+1 < len(b) {
		switch b[i+1] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			return i + 2
		case 'u':
			if i+6 <= len(b) && isHex[b[i+2]] && isHex[b[i+3]] && isHex[b[i+4]] && isHex[b[i+5]] {
				return i + 6
			}
		}
	}
	return -1
}

func numberEnd(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		i++
	} else if i = digitsEnd(b, i); i < 0 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i = digitsEnd(b, i+1); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return digitsEnd(b, i)
	}
	return i
}

// digitsEnd goes over digits, one at least.
func digitsEnd(b []byte, i int) int {
	from := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	if i == from {
		return -1
	}
	return i
}

var isHex = func() (is [256]bool) {
	for _, c := range "0123456789abcdefABCDEF" {
		is[c] = true
	}
	return is
}()
