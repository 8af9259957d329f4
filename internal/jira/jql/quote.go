package jql

import (
	"fmt"
	"strings"
	"unicode"
)

// Quote writes s as a JQL string. Always quoting spares the list of reserved
// words, which grows, and of reserved characters.
//
// Jira's string grammar knows the escapes \n \r \t \' \" \\ "\ " and \uXXXX and
// refuses raw control characters and Unicode non-characters. Bytes that are no
// UTF-8 become U+FFFD.
func Quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\\' || r == '"':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsControl(r), r >= 0xFDD0 && r <= 0xFDEF, r == 0xFFFE, r == 0xFFFF:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
