package duckfn

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"snowdrift/internal/snowflaketest/sferr"
)

// Instant is a parsed date, time or timestamp: the wall clock as written (in
// UTC), and the offset in minutes when one was written.
type Instant struct {
	Wall      time.Time
	Offset    int
	HasOffset bool
}

// ParseTimestamp reads text by a Snowflake format. "" and "AUTO" mean
// Snowflake's automatic detection, of which the ISO forms are known here
// (docs: sql-reference/date-time-input-output). Of the forms with a zone, those
// with "T" want TZH:TZM or Z; the form of Jira and Salesforce,
// "2024-01-01T10:00:00.000+0000", is not among them and is refused.
func ParseTimestamp(text, format string) (Instant, error) {
	var p reader
	p.s = strings.TrimSpace(text)
	ok := false
	if format == "" || strings.EqualFold(format, "AUTO") {
		ok = p.auto()
	} else {
		elements, err := parseFormat(format)
		if err != nil {
			return Instant{}, err
		}
		ok = p.byFormat(elements)
	}
	if ok && p.s == "" {
		if in, valid := p.instant(); valid {
			return in, nil
		}
	}
	return Instant{}, sferr.New("100035", "22007", "Timestamp '%s' is not recognized", text)
}

// ParseDate reads a date, or the date of a timestamp.
func ParseDate(text, format string) (time.Time, error) {
	in, err := ParseTimestamp(text, format)
	if err != nil && sferr.As(err).Code == "100035" {
		err = sferr.New("100040", "22007", "Date '%s' is not recognized", text)
	}
	return in.Wall.Truncate(24 * time.Hour), err
}

// ParseTime reads a time of day as a timestamp on 1970-01-01.
func ParseTime(text, format string) (time.Time, error) {
	if format == "" || strings.EqualFold(format, "AUTO") {
		p := reader{s: strings.TrimSpace(text), year: 1970, month: 1, day: 1}
		if p.clock() && p.s == "" {
			if in, ok := p.instant(); ok {
				return in.Wall, nil
			}
		}
	} else if in, err := ParseTimestamp(text, format); err == nil {
		return in.Wall, nil
	}
	return time.Time{}, sferr.New("100108", "22007", "Time '%s' is not recognized", text)
}

// reader eats s from the left and collects what it finds.
type reader struct {
	s                                       string
	year, month, day, hour, min, sec, nanos int
	offset                                  int
	hasOffset                               bool
	pm, hasMeridian                         bool
}

func (p *reader) instant() (Instant, bool) {
	if p.hasMeridian {
		if p.hour < 1 || p.hour > 12 {
			return Instant{}, false
		}
		p.hour %= 12
		if p.pm {
			p.hour += 12
		}
	}
	if p.month < 1 || p.month > 12 || p.day < 1 || p.hour > 23 || p.min > 59 || p.sec > 59 || p.year < 1 {
		return Instant{}, false
	}
	t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.min, p.sec, p.nanos, time.UTC)
	return Instant{Wall: t, Offset: p.offset, HasOffset: p.hasOffset}, t.Day() == p.day
}

func (p *reader) literal(s string) bool {
	rest, ok := strings.CutPrefix(p.s, s)
	if ok {
		p.s = rest
	}
	return ok
}

// number takes least to most digits.
func (p *reader) number(least, most int, into *int) bool {
	n := 0
	for n < len(p.s) && n < most && p.s[n] >= '0' && p.s[n] <= '9' {
		n++
	}
	if n < least {
		return false
	}
	v, err := strconv.Atoi(p.s[:n])
	if err != nil {
		return false
	}
	*into, p.s = v, p.s[n:]
	return true
}

func (p *reader) fraction(digits int) bool {
	before := len(p.s)
	v := 0
	if !p.number(1, digits, &v) {
		return false
	}
	for n := before - len(p.s); n < 9; n++ {
		v *= 10
	}
	p.nanos = v
	return true
}

func (p *reader) auto() bool {
	if !(p.number(4, 4, &p.year) && p.literal("-") && p.number(1, 2, &p.month) && p.literal("-") && p.number(1, 2, &p.day)) {
		return false
	}
	if p.s == "" {
		return true
	}
	iso := p.literal("T")
	if !iso && !p.literal(" ") {
		return false
	}
	if !p.clock() {
		return false
	}
	return p.s == "" || p.zone(iso)
}

// clock takes HH[:MI[:SS[.FF]]].
func (p *reader) clock() bool {
	if !p.number(1, 2, &p.hour) {
		return false
	}
	if p.literal(":") {
		if !p.number(2, 2, &p.min) {
			return false
		}
		if p.literal(":") && !p.number(2, 2, &p.sec) {
			return false
		}
	}
	return !p.literal(".") || p.fraction(9)
}

// zone takes the offsets of the automatic formats.
func (p *reader) zone(iso bool) bool {
	if p.literal("Z") {
		p.hasOffset = true
		return true
	}
	spaced := !iso && p.literal(" ")
	sign := 1
	switch {
	case p.literal("-"):
		sign = -1
	case p.literal("+"):
	default:
		return false
	}
	h, m := 0, 0
	if !p.number(2, 2, &h) {
		return false
	}
	switch {
	case p.literal(":"):
		if !p.number(2, 2, &m) {
			return false
		}
	case spaced:
		if !p.number(2, 2, &m) {
			return false
		}
	case iso:
		return false
	}
	p.offset, p.hasOffset = sign*(h*60+m), true
	return h <= 14 && m <= 59
}

// formatElements, longest first.
var formatElements = []string{
	"YYYY", "MMMM", "HH24", "HH12", "TZH", "TZM", "MON", "FF0", "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FF7", "FF8", "FF9",
	"YY", "MM", "DD", "DY", "MI", "SS", "FF", "AM", "PM",
}

type element struct {
	name    string // one of formatElements, or "" for literal text
	literal string
}

// parseFormat cuts a format model into elements.
func parseFormat(format string) ([]element, error) {
	var out []element
	for s := format; s != ""; {
		if s[0] == '"' {
			text, rest, ok := strings.Cut(s[1:], `"`)
			if !ok {
				return nil, sferr.New("100094", "22007", "bad date/time format: '%s'", format)
			}
			out, s = append(out, element{literal: text}), rest
			continue
		}
		name := ""
		for _, e := range formatElements {
			if len(s) >= len(e) && strings.EqualFold(s[:len(e)], e) {
				name = e
				break
			}
		}
		switch {
		case name != "":
			out, s = append(out, element{name: name}), s[len(name):]
		case isLetter(s[0]) && s[0] != 'T' && s[0] != 'Z':
			return nil, sferr.Unsupported("date/time format '%s' at '%s'", format, s)
		default:
			out, s = append(out, element{literal: s[:1]}), s[1:]
		}
	}
	return out, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (p *reader) byFormat(elements []element) bool {
	p.year, p.month, p.day = 1970, 1, 1
	sign := 1
	for _, e := range elements {
		ok := true
		switch e.name {
		case "":
			ok = p.literal(e.literal)
		case "YYYY":
			ok = p.number(4, 4, &p.year)
		case "YY":
			if ok = p.number(2, 2, &p.year); ok {
				p.year += map[bool]int{true: 1900, false: 2000}[p.year >= 70]
			}
		case "MM":
			ok = p.number(1, 2, &p.month)
		case "MON":
			ok = p.monthName(func(m time.Month) string { return m.String()[:3] })
		case "MMMM":
			ok = p.monthName(time.Month.String)
		case "DD":
			ok = p.number(1, 2, &p.day)
		case "HH24", "HH12":
			ok = p.number(1, 2, &p.hour)
		case "MI":
			ok = p.number(1, 2, &p.min)
		case "SS":
			ok = p.number(1, 2, &p.sec)
		case "AM", "PM":
			p.hasMeridian = true
			p.pm = strings.HasPrefix(strings.ToUpper(p.s), "PM")
			ok = p.pm || strings.HasPrefix(strings.ToUpper(p.s), "AM")
			p.s = p.s[min(2, len(p.s)):]
		case "TZH":
			if ok = p.literal("Z"); ok {
				p.hasOffset = true
				break
			}
			if p.literal("-") {
				sign = -1
			} else {
				p.literal("+")
			}
			h := 0
			ok = p.number(2, 2, &h)
			p.offset, p.hasOffset = sign*h*60, true
		case "TZM":
			m := 0
			ok = p.number(2, 2, &m)
			p.offset += sign * m
		default: // FF and FFn read up to nine digits
			ok = strings.HasPrefix(e.name, "FF") && p.fraction(9)
		}
		if !ok {
			return false
		}
	}
	return true
}

func (p *reader) monthName(name func(time.Month) string) bool {
	for m := time.January; m <= time.December; m++ {
		if n := name(m); len(p.s) >= len(n) && strings.EqualFold(p.s[:len(n)], n) {
			p.month, p.s = int(m), p.s[len(n):]
			return true
		}
	}
	return false
}

// FormatTimestamp writes a wall clock and its offset in minutes by a Snowflake
// format; "" is the default of TIMESTAMP_OUTPUT_FORMAT.
func FormatTimestamp(wall time.Time, offset int, hasOffset bool, format string) (string, error) {
	if format == "" {
		format = "YYYY-MM-DD HH24:MI:SS.FF3"
		if hasOffset {
			format += " TZHTZM"
		}
	}
	elements, err := parseFormat(format)
	if err != nil {
		return "", err
	}
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	var b strings.Builder
	for _, e := range elements {
		switch e.name {
		case "":
			b.WriteString(e.literal)
		case "TZH":
			fmt.Fprintf(&b, "%s%02d", sign, offset/60)
		case "TZM":
			fmt.Fprintf(&b, "%02d", offset%60)
		default:
			b.WriteString(formatElement(wall, e.name))
		}
	}
	return b.String(), nil
}

func formatElement(t time.Time, name string) string {
	layouts := map[string]string{"YYYY": "2006", "YY": "06", "MM": "01", "MON": "Jan", "MMMM": "January", "DD": "02", "DY": "Mon",
		"HH24": "15", "HH12": "03", "MI": "04", "SS": "05", "AM": "PM", "PM": "PM"}
	if l, ok := layouts[name]; ok {
		return t.Format(l)
	}
	n := 9
	if len(name) == 3 {
		n = int(name[2] - '0')
	}
	return fmt.Sprintf("%09d", t.Nanosecond())[:n]
}
