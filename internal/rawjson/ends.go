package rawjson

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// This file finds where values end, which is most of the work of a walk. Nearly
// all bytes stand in strings, and most strings are short; so they are read eight
// bytes at a time, which costs less than a call of bytes.IndexByte for each.

// each times a byte is eight of it.
const each = 0x0101010101010101

// quoteOrSlash returns a number that is 0 if none of the eight bytes of w is a
// quote or a backslash; else its trailing zeros tell which is the first that is.
func quoteOrSlash(w uint64) uint64 {
	quote, slash := w^'"'*each, w^'\\'*each // the bytes in question are 0 now
	return ((quote-each)&^quote | (slash-each)&^slash) & (0x80 * each)
}

// longString is where a string is so long that IndexByte is faster.
const longString = 64

// stringEnd returns the index after the string literal that begins at b[i];
// plain says that there is no escape in it.
func stringEnd(b []byte, i int) (end int, plain bool) {
	i++
	plain = true
	for last := min(i+longString, len(b)) - 8; i <= last; {
		found := quoteOrSlash(binary.LittleEndian.Uint64(b[i:]))
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) / 8
		if b[i] == '"' {
			return i + 1, plain
		}
		i += 2
		plain = false
	}
	return restEnd(b, i), false
}

// restEnd returns the index after the string literal that goes on at b[i].
func restEnd(b []byte, i int) int {
	for {
		q := bytes.IndexByte(b[min(i, len(b)):], '"')
		if q < 0 {
			return len(b)
		}
		q += i
		slashes := 0
		for q-1-slashes >= i && b[q-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return q + 1
		}
		i = q + 1
	}
}

// valueEnd returns the index after the value that begins at b[i].
func valueEnd(b []byte, i int) int {
	if i >= len(b) {
		return i
	}
	switch role[b[i]] {
	case quotes:
		i, _ = stringEnd(b, i)
		return i
	case opens:
		return nestedEnd(b, i)
	}
	for i < len(b) && !endsLiteral[b[i]] {
		i++
	}
	return i
}

// nestedEnd returns the index after the object or array that begins at b[i].
func nestedEnd(b []byte, i int) int {
	if !byBlocks || len(b)-i <= 64 {
		return bracketsEnd(b, i, 0)
	}
	i++
	at, depth, quoted, escaped := skipBlocks(&b[i], len(b)-i, 1)
	if i += at; depth == 0 {
		return i
	}
	if escaped {
		i++
	}
	if quoted {
		i = restEnd(b, i)
	}
	return bracketsEnd(b, i, depth)
}

// bracketsEnd returns the index after the bracket that closes the last of depth open
// ones before b[i], or if there are none the first that opens there. It has
// stringEnd's loop in it: calls for each string would take a quarter more.
func bracketsEnd(b []byte, i, depth int) int {
	for i < len(b) {
		switch role[b[i]] {
		case opens:
			depth++
		case closes:
			if depth--; depth == 0 {
				return i + 1
			}
		case quotes:
			for i++; ; {
				if i+8 > len(b) {
					i = restEnd(b, i)
					break
				}
				found := quoteOrSlash(binary.LittleEndian.Uint64(b[i:]))
				if found == 0 {
					i += 8
					continue
				}
				i += bits.TrailingZeros64(found) / 8
				if b[i] == '"' {
					i++
					break
				}
				i += 2
			}
			continue
		}
		i++
	}
	return len(b)
}

// What a byte between strings does.
const (
	quotes = 1 + iota
	opens
	closes
)

var (
	role        = [256]uint8{'"': quotes, '{': opens, '[': opens, '}': closes, ']': closes}
	endsLiteral = [256]bool{',': true, '}': true, ']': true, ' ': true, '\n': true, '\r': true, '\t': true, ':': true}
	isSpace     = [256]bool{' ': true, '\n': true, '\r': true, '\t': true}
)

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace[b[i]] {
		i++
	}
	return i
}
