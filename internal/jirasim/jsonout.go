package jirasim

import (
	"strconv"
	"time"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		start = i + 1
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// quote is s as a JSON string.
func quote(s string) string {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return string(appendString(nil, s))
}

func appendInt(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) }

// jiraTime is how Jira writes an instant: milliseconds, and an offset without
// a colon.
const jiraTime = "2006-01-02T15:04:05.000-0700"

// appendTime writes an instant as Jira does, as a JSON string in the zone of
// the API user; null for an instant that is not known.
func appendTime(b []byte, ms int64, loc *time.Location) []byte {
	if ms == noTime {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = time.UnixMilli(ms).In(loc).AppendFormat(b, jiraTime)
	return append(b, '"')
}

// appendDate writes the calendar day of an instant in UTC.
func appendDate(b []byte, ms int64) []byte {
	b = append(b, '"')
	b = time.UnixMilli(ms).UTC().AppendFormat(b, time.DateOnly)
	return append(b, '"')
}
