package rawjson

import (
	"encoding/binary"
	"unicode/utf8"
)

// AppendStorable appends the JSON text v in a form that every destination can
// parse, and reports whether it differs from v: halves of surrogate pairs
// (legal to write as \ud800, impossible to store) become \ufffd, bytes that are
// not UTF-8 become U+FFFD. Everything else is copied byte for byte.
//
// DuckDB refuses a document with a lone surrogate as malformed, and Snowflake's
// PARSE_JSON fails on it; without this one character a whole row would be lost.
func AppendStorable(dst, v []byte) (out []byte, changed bool) {
	for at := storableEnd(v); at < len(v); at = storableEnd(v) {
		dst, changed = append(dst, v[:at]...), true
		size := 1
		if v[at] == '\\' {
			_, size = escapedRune(v[at:])
			dst = append(dst, `\ufffd`...)
		} else {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		v = v[at+size:]
	}
	return append(dst, v...), changed
}

// storableEnd returns the index of the first thing in v that cannot be stored, or
// the length of v.
func storableEnd(v []byte) int {
	for at := 0; at < len(v); {
		at = asciiEnd(v, at)
		for word := at + 8; at < min(word, len(v)); {
			switch c := v[at]; {
			case c >= utf8.RuneSelf:
				r, size := utf8.DecodeRune(v[at:])
				if r == utf8.RuneError && size == 1 {
					return at
				}
				at += size
			case c != '\\':
				at++
			case isSurrogate(v[at:]):
				r, size := escapedRune(v[at:])
				if r == utf8.RuneError {
					return at
				}
				at += size
			default:
				at += 2
			}
		}
	}
	return len(v)
}

// asciiEnd goes over v from at on, where no escape is under way, eight bytes at a
// time, for as long as all are ASCII and there is no \u among them. Nor is an escape
// under way where it ends.
func asciiEnd(v []byte, at int) int {
	i := at
	if byBlocks && len(v)-at > 32 {
		i += asciiBlocks(&v[at], len(v)-at)
	}
	for ; i+9 <= len(v); i += 8 {
		w := binary.LittleEndian.Uint64(v[i:])
		slash := (w ^ '\\'*each) - each // as in quoteOrSlash, if all are ASCII
		if (w|slash)&(0x80*each) == 0 {
			continue
		}
		u := binary.LittleEndian.Uint64(v[i+1:]) ^ 'u'*each
		if (w|slash&((u-each)&^u))&(0x80*each) != 0 {
			break
		}
	}
	slashes := 0
	for i-1-slashes >= at && v[i-1-slashes] == '\\' {
		slashes++
	}
	return i + slashes%2
}

// isSurrogate reports whether v begins with a \uD8xx…\uDFxx escape.
func isSurrogate(v []byte) bool {
	return len(v) >= 6 && v[0] == '\\' && v[1] == 'u' && v[2]|0x20 == 'd' && v[3] >= '8'
}

// isPlain reports whether s is ASCII without a backslash.
func isPlain(s []byte) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := binary.LittleEndian.Uint64(s[i:])
		if (w|((w^'\\'*each)-each))&(0x80*each) != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || s[i] == '\\' {
			return false
		}
	}
	return true
}
