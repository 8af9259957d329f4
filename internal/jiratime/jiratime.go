// Package jiratime reads the dates and date-times that Jira writes.
//
// Jira has no single format. One site, and sometimes one issue, mixes
//
//	2024-01-02T03:04:05.000+0000    issue fields, comments, changelog (offset of the API user's zone)
//	2022-04-24T16:41:53.123Z        sprints on Cloud, remote links
//	2016-06-06T21:30:53.537+10:00   sprints on Server and Data Center
//	2025-10-15 05:59:45.0           plugin fields that print a java.sql.Timestamp
//	2026-03-26T16:00Z               rate-limit headers
//	1759080993142                   epoch milliseconds: changelog/bulkfetch, worklog feeds, ADF dates
//	2024-10-21                      due dates, date pickers, release dates
//
// [ParseMillis] is for the hot path: epoch milliseconds, no allocation, no
// reason given. [Parse] reads the same shapes, keeps the nanoseconds and says
// what was wrong. [ParseDate] reads calendar days, which have no zone and must
// not pass through an instant.
//
// All three take the value with or without its JSON quotes, so that a caller
// that holds the raw JSON need not unquote it. A date-time without an offset
// is read as UTC; the sender's zone is unknown then, and the raw value is the
// only witness. Years run from 1 to 9999, the range that DuckDB, Snowflake and
// Parquet share. Display texts such as "12/Feb/19" follow the language and the
// look-and-feel settings of the site and are not read.
package jiratime

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrSyntax means that the text is none of the shapes listed in the
	// package comment.
	ErrSyntax = errors.New("not a Jira date-time")

	// ErrRange means that the shape is right but names no instant of the
	// years 1 to 9999: 30 February, hour 24, or the year 51502 that seconds
	// mistaken for milliseconds produce.
	ErrRange = errors.New("date-time out of range")
)

const (
	secondsPerDay = 24 * 60 * 60

	// First and last second of the years 1 and 9999, UTC, as Unix time.
	minSeconds = -62135596800
	maxSeconds = 253402300799

	// shownBytes bounds how much of a bad value an error repeats.
	shownBytes = 48
)

// Parse reads a date-time in any shape of the package comment and returns it
// in UTC. Fractions beyond nanoseconds are cut off. The error wraps
// [ErrSyntax] or [ErrRange].
func Parse(b []byte) (time.Time, error) {
	sec, nsec, err := scan(unquote(b))
	if err != nil {
		shown := b
		if len(shown) > shownBytes {
			shown = shown[:shownBytes]
		}
		return time.Time{}, fmt.Errorf("parse date-time %q: %w", shown, err)
	}
	return time.Unix(sec, nsec).UTC(), nil
}

// ParseMillis reads a date-time in any shape of the package comment as
// milliseconds since 1970-01-01T00:00:00Z, rounding a finer fraction down. It
// does not allocate; ok is false where [Parse] returns an error.
func ParseMillis(b []byte) (ms int64, ok bool) {
	sec, nsec, err := scan(unquote(b))
	if err != nil {
		return 0, false
	}
	return sec*1000 + nsec/int64(time.Millisecond), true
}

// ParseDate reads a calendar day, exactly yyyy-MM-dd, as days since
// 1970-01-01: the value of an Arrow date32. It does not allocate.
func ParseDate(b []byte) (days int32, ok bool) {
	b = unquote(b)
	if len(b) != len("2006-01-02") {
		return 0, false
	}
	d, err := scanDate(b)
	return int32(d), err == nil
}

// unquote removes the quotes of a JSON string. No shape needs an escape, so
// there is nothing to decode.
func unquote(b []byte) []byte {
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		return b[1 : len(b)-1]
	}
	return b
}

// scan returns the instant as Unix seconds and 0 to 999,999,999 nanoseconds.
func scan(b []byte) (sec, nsec int64, err error) {
	if isInteger(b) {
		return scanEpoch(b)
	}
	if len(b) < len("2006-01-02") {
		return 0, 0, ErrSyntax
	}
	days, err := scanDate(b)
	if err != nil {
		return 0, 0, err
	}
	sec = days * secondsPerDay
	if b = b[len("2006-01-02"):]; len(b) > 0 {
		var clock, offset int64
		if clock, nsec, b, err = scanClock(b); err != nil {
			return 0, 0, err
		}
		if offset, err = scanOffset(b); err != nil {
			return 0, 0, err
		}
		sec += clock - offset
	}
	if sec < minSeconds || sec > maxSeconds {
		return 0, 0, ErrRange // the offset carried it over the edge
	}
	return sec, nsec, nil
}

// scanDate reads the yyyy-MM-dd at the start of b, which has at least ten
// bytes, as days since 1970-01-01.
func scanDate(b []byte) (int64, error) {
	y1, ok1 := twoDigits(b[0:])
	y2, ok2 := twoDigits(b[2:])
	m, ok3 := twoDigits(b[5:])
	d, ok4 := twoDigits(b[8:])
	if !ok1 || !ok2 || !ok3 || !ok4 || b[4] != '-' || b[7] != '-' {
		if hasLongYear(b) {
			return 0, ErrRange
		}
		return 0, ErrSyntax
	}
	y := y1*100 + y2
	if y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) {
		return 0, ErrRange
	}
	return daysSinceEpoch(y, m, d), nil
}

// scanClock reads "T15:04", "T15:04:05" or "T15:04:05.9…" (a blank may stand
// for the T) and returns the seconds of the day, the nanoseconds and the rest.
func scanClock(b []byte) (sec, nsec int64, rest []byte, err error) {
	if len(b) < len("T15:04") || b[0] != 'T' && b[0] != ' ' || b[3] != ':' {
		return 0, 0, nil, ErrSyntax
	}
	h, ok1 := twoDigits(b[1:])
	m, ok2 := twoDigits(b[4:])
	if !ok1 || !ok2 {
		return 0, 0, nil, ErrSyntax
	}
	b = b[len("T15:04"):]
	var s int64
	if len(b) >= len(":05") && b[0] == ':' {
		var ok bool
		if s, ok = twoDigits(b[1:]); !ok {
			return 0, 0, nil, ErrSyntax
		}
		if b = b[len(":05"):]; len(b) > 0 && b[0] == '.' {
			if nsec, b, ok = scanFraction(b[1:]); !ok {
				return 0, 0, nil, ErrSyntax
			}
		}
	}
	if h > 23 || m > 59 || s > 59 {
		return 0, 0, nil, ErrRange
	}
	return h*3600 + m*60 + s, nsec, b, nil
}

// scanFraction reads the digits after the decimal point as nanoseconds.
func scanFraction(b []byte) (nsec int64, rest []byte, ok bool) {
	n, scale := 0, int64(time.Second)
	for n < len(b) && isDigit(b[n]) {
		scale /= 10 // 0 after nine digits: the others are read and dropped
		nsec += int64(b[n]-'0') * scale
		n++
	}
	return nsec, b[n:], n > 0
}

// scanOffset reads "", "Z", "+10", "+1000" or "+10:00" to the end of b and
// returns seconds east of UTC.
func scanOffset(b []byte) (int64, error) {
	if len(b) == 0 || len(b) == 1 && b[0] == 'Z' {
		return 0, nil
	}
	sign := int64(1)
	switch b[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, ErrSyntax
	}
	minutes := b[len(b):]
	switch {
	case len(b) == len("+10"):
	case len(b) == len("+1000"):
		minutes = b[3:]
	case len(b) == len("+10:00") && b[3] == ':':
		minutes = b[4:]
	default:
		return 0, ErrSyntax
	}
	h, ok := twoDigits(b[1:])
	var m int64
	if ok && len(minutes) > 0 {
		m, ok = twoDigits(minutes)
	}
	if !ok {
		return 0, ErrSyntax
	}
	if h > 23 || m > 59 {
		return 0, ErrRange
	}
	return sign * (h*3600 + m*60), nil
}

// scanEpoch reads the integer b as epoch milliseconds.
func scanEpoch(b []byte) (sec, nsec int64, err error) {
	neg := b[0] == '-'
	if neg {
		b = b[1:]
	}
	var ms int64
	for _, c := range b {
		if ms > maxSeconds*1000 {
			return 0, 0, ErrRange
		}
		ms = ms*10 + int64(c-'0')
	}
	if neg {
		ms = -ms
	}
	sec, ms = ms/1000, ms%1000
	if ms < 0 {
		sec, ms = sec-1, ms+1000
	}
	if sec < minSeconds || sec > maxSeconds {
		return 0, 0, ErrRange
	}
	return sec, ms * int64(time.Millisecond), nil
}

// isInteger reports whether b is one or more digits, with or without a minus.
func isInteger(b []byte) bool {
	if len(b) > 1 && b[0] == '-' {
		b = b[1:]
	}
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// hasLongYear reports whether b starts with a signed year or one of five or
// more digits, as ISO 8601 writes the years beyond 9999 and before 1.
func hasLongYear(b []byte) bool {
	signed := b[0] == '+' || b[0] == '-'
	if signed {
		b = b[1:]
	}
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	return n < len(b) && b[n] == '-' && (n > 4 || signed && n == 4)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func twoDigits(b []byte) (n int64, ok bool) {
	if !isDigit(b[0]) || !isDigit(b[1]) {
		return 0, false
	}
	return int64(b[0]-'0')*10 + int64(b[1]-'0'), true
}

func daysIn(y, m int64) int64 {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysSinceEpoch counts days in the proleptic Gregorian calendar. The year is
// taken to start in March, so that the leap day comes last and the lengths of
// the months follow (153m+2)/5 (Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", days_from_civil; years here are positive).
func daysSinceEpoch(y, m, d int64) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	const marchOfYear0 = 719468 // days from 0000-03-01 to 1970-01-01
	return 365*y + y/4 - y/100 + y/400 + (153*(m-3)+2)/5 + d - 1 - marchOfYear0
}
