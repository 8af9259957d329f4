// Package rawjson walks JSON text that is already known to be valid, without
// building values: every function returns slices of its input. Functions look at
// one value; a Cursor reads whole trees in one pass.
//
// It exists for the flattener's hot path. The reader of a page
// (internal/jira) has had Valid check the syntax once; after that, asking "which
// members does this object have" needs no second validation, only the ends of
// values. Legal but hostile text costs nothing extra: depth is counted, not
// recursed into, numbers such as 1e400 stay text, and members of one name are
// yielded in order. Where one of them is asked for, the first that is not null
// counts, here and in the stages: whoever reads an issue must find the same in it.
// On text that is not valid JSON the functions return something meaningless but
// never panic and always end.
package rawjson

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Type is the kind of a JSON value, told by its first byte.
type Type byte

// The kinds of JSON values. Invalid is what an empty or foreign text is.
const (
	Invalid Type = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// TypeOf returns the kind of the value v, which has no leading white space.
func TypeOf(v []byte) Type {
	if len(v) == 0 {
		return Invalid
	}
	switch c := v[0]; {
	case c == '"':
		return String
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == 'n':
		return Null
	case c == 't' || c == 'f':
		return Bool
	case c == '-' || (c >= '0' && c <= '9'):
		return Number
	}
	return Invalid
}

// IsNull reports whether v is absent (empty) or the literal null.
func IsNull(v []byte) bool { return len(v) == 0 || v[0] == 'n' }

// Members yields the members of obj in their order. name is the text between
// the quotes with escapes resolved; it is valid until the next step. value is
// a slice of obj. An obj that is no object has no members.
func Members(obj []byte, yield func(name, value []byte) bool) {
	if TypeOf(obj) != Object {
		return
	}
	for i := 1; ; i++ {
		i = skipSpace(obj, i)
		if i >= len(obj) || obj[i] != '"' {
			return
		}
		end, plain := stringEnd(obj, i)
		name := nameOf(obj[i:end], plain)
		i = skipSpace(obj, end)
		if i >= len(obj) || obj[i] != ':' {
			return
		}
		i = skipSpace(obj, i+1)
		end = valueEnd(obj, i)
		if end <= i || !yield(name, obj[i:end]) {
			return
		}
		i = skipSpace(obj, end)
		if i >= len(obj) || obj[i] != ',' {
			return
		}
	}
}

// nameOf returns what the literal of a name says.
func nameOf(lit []byte, plain bool) []byte {
	if plain || bytes.IndexByte(lit, '\\') < 0 {
		return content(lit)
	}
	return AppendString(nil, lit)
}

// Elements yields the elements of arr in their order. An arr that is no array
// has no elements.
func Elements(arr []byte, yield func(value []byte) bool) {
	if TypeOf(arr) != Array {
		return
	}
	for i := 1; ; {
		i = skipSpace(arr, i)
		if i >= len(arr) || arr[i] == ']' {
			return
		}
		end := valueEnd(arr, i)
		if end <= i || !yield(arr[i:end]) {
			return
		}
		i = skipSpace(arr, end)
		if i >= len(arr) || arr[i] != ',' {
			return
		}
		i++
	}
}

// Lookup returns the value of the member called name, or nil; of several the first
// that is not null.
func Lookup(obj []byte, name string) (value []byte) {
	Members(obj, func(n, v []byte) bool {
		if string(n) == name {
			value = v
		}
		return IsNull(value)
	})
	return value
}

// Pick looks several members up at once: it sets each of values, of which there
// are as many as names, to what Lookup finds by that name.
func Pick(obj []byte, names []string, values [][]byte) {
	clear(values)
	Members(obj, func(n, v []byte) bool {
		for i, name := range names {
			if string(n) == name {
				if IsNull(values[i]) {
					values[i] = v
				}
				break
			}
		}
		return true
	})
}

// Offset returns where in text the value begins that was found in it by a function
// of this package, or by several, each in what the one before found: a slice of a
// slice reaches to the same end of memory. It is meaningless for a value that was
// copied or whose capacity was cut, and for a name, which is a copy if it has escapes.
func Offset(text, value []byte) int { return cap(text) - cap(value) }

// Int64 reads an integer from a number or from a string that holds one, which
// is how Jira writes ids.
func Int64(v []byte) (int64, bool) {
	if TypeOf(v) == String {
		v = content(v)
	}
	if len(v) == 0 || len(v) > 20 {
		return 0, false
	}
	digits, negative := v, v[0] == '-'
	if negative {
		digits = v[1:]
	}
	if len(digits) == 0 {
		return 0, false
	}
	var n uint64
	for _, c := range digits {
		if c < '0' || c > '9' || n > (math.MaxUint64-9)/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	switch {
	case negative && n <= 1<<63:
		return -int64(n), true
	case !negative && n < 1<<63:
		return int64(n), true
	}
	return 0, false
}

// Float64 reads a number, or a string that holds one as JSON writes it. It reports
// false for anything else, such as the -inf, 0x1p4 and 1_0 that strconv reads, and
// for numbers beyond the range of a float64, such as 1e400.
func Float64(v []byte) (float64, bool) {
	if TypeOf(v) == String {
		v = content(v)
	}
	if TypeOf(v) != Number || numberEnd(v, 0) != len(v) {
		return 0, false
	}
	if n, ok := Int64(v); ok && n > -1<<53 && n < 1<<53 {
		return float64(n), true
	}
	f, err := strconv.ParseFloat(string(v), 64)
	return f, err == nil
}

// AppendString appends the text of the string literal lit, quotes included in
// lit, with its escapes resolved. Halves of surrogate pairs and bytes that are
// not UTF-8 become U+FFFD, since no destination stores them.
func AppendString(dst, lit []byte) []byte {
	s := content(lit)
	if isPlain(s) {
		return append(dst, s...)
	}
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return appendUTF8(dst, s)
		}
		dst = appendUTF8(dst, s[:i])
		if i+1 >= len(s) {
			return dst
		}
		size := 2
		switch c := s[i+1]; c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			var r rune
			r, size = escapedRune(s[i:])
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
		s = s[i+size:]
	}
}

// escapedRune decodes the \uXXXX escape, or the pair of them, that s begins
// with, and returns its length.
func escapedRune(s []byte) (r rune, size int) {
	hi, ok := hex4(s)
	if !ok {
		return utf8.RuneError, min(len(s), 2)
	}
	if !utf16.IsSurrogate(hi) {
		return hi, 6
	}
	if lo, ok := hex4(s[6:]); ok {
		if r := utf16.DecodeRune(hi, lo); r != utf8.RuneError {
			return r, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	return rune(n), err == nil
}

// content returns what stands between the quotes of a string literal.
func content(lit []byte) []byte {
	if len(lit) < 2 {
		return nil
	}
	return lit[1 : len(lit)-1]
}

func appendUTF8(dst, s []byte) []byte {
	if utf8.Valid(s) {
		return append(dst, s...)
	}
	for _, r := range string(s) {
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
