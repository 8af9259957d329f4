package rawjson

import (
	"bytes"
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
	if !utf8.Valid(v) {
		v, changed = appendUTF8(nil, v), true
	}
	for {
		i := surrogate(v)
		if i < 0 {
			return append(dst, v...), changed
		}
		r, size := escapedRune(v[i:])
		dst = append(dst, v[:i]...)
		if r == utf8.RuneError {
			dst, changed = append(dst, `\ufffd`...), true
		} else {
			dst = append(dst, v[i:i+size]...)
		}
		v = v[i+size:]
	}
}

// surrogate returns the index of the first \uD8xx…\uDFxx escape in v, or -1.
func surrogate(v []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(v[at:], '\\')
		if i < 0 {
			return -1
		}
		i += at
		if i+6 <= len(v) && v[i+1] == 'u' && v[i+2]|0x20 == 'd' && v[i+3] >= '8' {
			return i
		}
		at = min(i+2, len(v))
	}
}
