package jiratime

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		in, want string // want in RFC 3339 with nanoseconds
	}{
		{"2024-01-02T03:04:05.678+0000", "2024-01-02T03:04:05.678Z"},
		{"2024-01-02T03:04:05.678-0500", "2024-01-02T08:04:05.678Z"},
		{"2024-01-02T03:04:05.678+0545", "2024-01-01T21:19:05.678Z"},
		{`"2024-01-02T03:04:05.678+0800"`, "2024-01-01T19:04:05.678Z"},
		{"2022-04-24T16:41:53.123Z", "2022-04-24T16:41:53.123Z"},
		{"2022-04-18T13:49:16Z", "2022-04-18T13:49:16Z"},
		{"2021-03-28T08:05:57.68Z", "2021-03-28T08:05:57.68Z"},
		{"2016-06-06T21:30:53.537+10:00", "2016-06-06T11:30:53.537Z"},
		{"2016-06-06T21:30:53.537+10", "2016-06-06T11:30:53.537Z"},
		{"2025-10-15 05:59:45.0", "2025-10-15T05:59:45Z"},
		{"2025-10-15T05:59:45", "2025-10-15T05:59:45Z"},
		{"2026-03-26T16:00Z", "2026-03-26T16:00:00Z"},
		{"2024-10-21", "2024-10-21T00:00:00Z"},
		{"2024-02-29T23:59:59.999999999Z", "2024-02-29T23:59:59.999999999Z"},
		{"2024-02-29T23:59:59.99999999999Z", "2024-02-29T23:59:59.999999999Z"},
		{"1759080993142", "2025-09-28T17:36:33.142Z"},
		{`"1759080993142"`, "2025-09-28T17:36:33.142Z"},
		{"0", "1970-01-01T00:00:00Z"},
		{"-1", "1969-12-31T23:59:59.999Z"},
		{"-62135596800000", "0001-01-01T00:00:00Z"},
		{"253402300799999", "9999-12-31T23:59:59.999Z"},
		{"1969-12-31T23:59:59.999+0000", "1969-12-31T23:59:59.999Z"},
		{"0001-01-01T00:00:00.000+0000", "0001-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59.999+0000", "9999-12-31T23:59:59.999Z"},
	} {
		got, err := Parse([]byte(tt.in))
		if err != nil {
			t.Errorf("Parse(%s): %v", tt.in, err)
			continue
		}
		if s := got.Format(time.RFC3339Nano); s != tt.want || got.Location() != time.UTC {
			t.Errorf("Parse(%s) = %s, want %s", tt.in, s, tt.want)
		}
		ms, ok := ParseMillis([]byte(tt.in))
		if !ok || ms != got.UnixMilli() {
			t.Errorf("ParseMillis(%s) = %d, %t, want %d", tt.in, ms, ok, got.UnixMilli())
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want error
	}{
		{"", ErrSyntax},
		{`""`, ErrSyntax},
		{`"`, ErrSyntax},
		{"-", ErrSyntax},
		{"null", ErrSyntax},
		{"None", ErrSyntax},
		{"12/Feb/19", ErrSyntax},
		{"12/Feb/19 3:04 PM", ErrSyntax},
		{"1.7e12", ErrSyntax},
		{"2024-1-2T03:04:05.000Z", ErrSyntax},
		{"2024-01-02T03", ErrSyntax},
		{"2024-01-02T03:04:5Z", ErrSyntax},
		{"2024-01-02T03:04:05.Z", ErrSyntax},
		{"2024-01-02T03:04:05,000Z", ErrSyntax},
		{"2024-01-02t03:04:05z", ErrSyntax},
		{"2024-01-02T03:04:05.000+", ErrSyntax},
		{"2024-01-02T03:04:05.000+1", ErrSyntax},
		{"2024-01-02T03:04:05.000+10:0", ErrSyntax},
		{"2024-01-02T03:04:05.000+10.00", ErrSyntax},
		{"2024-01-02T03:04:05.000+0x00", ErrSyntax},
		{"2024-01-02T03:04:05.000+0000 ", ErrSyntax},
		{"2024-01-02T03:04:05.000 UTC", ErrSyntax},
		{"2024-02-30T00:00:00Z", ErrRange},
		{"2023-02-29T00:00:00Z", ErrRange},
		{"1900-02-29T00:00:00Z", ErrRange},
		{"2024-13-01T00:00:00Z", ErrRange},
		{"2024-00-10T00:00:00Z", ErrRange},
		{"2024-01-02T24:00:00Z", ErrRange},
		{"2024-01-02T23:60:00Z", ErrRange},
		{"2024-01-02T23:59:60Z", ErrRange},
		{"2024-01-02T23:59:59+2400", ErrRange},
		{"2024-01-02T23:59:59+0060", ErrRange},
		{"0000-01-01T00:00:00Z", ErrRange},
		{"51502-07-15T02:40:00.000+0000", ErrRange},
		{"+51502-07-15T02:40:00.000+0000", ErrRange},
		{"-0044-03-15T00:00:00Z", ErrRange},
		{"1563091200000000", ErrRange}, // the same instant in milliseconds
		{"-62135596800001", ErrRange},
		{"253402300800000", ErrRange},
		{"99999999999999999999999999", ErrRange},
		{"0001-01-01T00:00:00.000+0100", ErrRange},
		{"9999-12-31T23:59:59.999-0100", ErrRange},
	} {
		got, err := Parse([]byte(tt.in))
		if !errors.Is(err, tt.want) {
			t.Errorf("Parse(%s) = %v, %v; want %v", tt.in, got, err, tt.want)
		}
		if ms, ok := ParseMillis([]byte(tt.in)); ok {
			t.Errorf("ParseMillis(%s) = %d, want not ok", tt.in, ms)
		}
	}
}

func TestParseErrorShowsABoundedValue(t *testing.T) {
	_, err := Parse([]byte(strings.Repeat("x", 1<<20)))
	if err == nil || len(err.Error()) > 200 || !strings.Contains(err.Error(), `"xxx`) {
		t.Errorf("error of %d bytes: %.200v", len(fmt.Sprint(err)), err)
	}
}

func TestParseDate(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want int32
		ok   bool
	}{
		{"1970-01-01", 0, true},
		{"1969-12-31", -1, true},
		{`"2024-10-21"`, 20017, true},
		{"0001-01-01", -719162, true},
		{"9999-12-31", 2932896, true},
		{"2024-02-29", 19782, true},
		{"2023-02-29", 0, false},
		{"0000-01-01", 0, false},
		{"2024-10-21T00:00:00Z", 0, false},
		{"2024-1-21", 0, false},
		{"21-10-2024", 0, false},
		{"12/Feb/19", 0, false},
		{"1729468800", 0, false},
		{"", 0, false},
		{"null", 0, false},
	} {
		if got, ok := ParseDate([]byte(tt.in)); ok != tt.ok || ok && got != tt.want {
			t.Errorf("ParseDate(%s) = %d, %t; want %d, %t", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// Every day of the range, against the standard library's calendar.
func TestParseDateEveryDay(t *testing.T) {
	day := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	var buf []byte
	for want := int32(minSeconds / secondsPerDay); day.Year() <= 9999; want++ {
		buf = day.AppendFormat(buf[:0], time.DateOnly)
		if got, ok := ParseDate(buf); !ok || got != want {
			t.Fatalf("ParseDate(%s) = %d, %t; want %d", buf, got, ok, want)
		}
		day = day.AddDate(0, 0, 1)
	}
}

func TestNoAllocations(t *testing.T) {
	for _, in := range []string{
		`"2024-01-02T03:04:05.678-0500"`, `"2016-06-06T21:30:53.537+10:00"`,
		"1759080993142", `"2024-10-21"`, "51502-07-15T02:40:00.000+0000", "junk",
	} {
		b := []byte(in)
		if n := testing.AllocsPerRun(100, func() { ParseMillis(b); ParseDate(b) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", in, n)
		}
	}
}

// layouts are the shapes in time's own notation. time.Parse reads a fraction
// after the seconds whether the layout has one or not.
var layouts = []string{
	"2006-01-02T15:04:05-0700", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05-07",
	"2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04-0700", "2006-01-02T15:04-07",
	"2006-01-02T15:04", "2006-01-02",
}

// stdParse reads s with package time, leaving out what it accepts and we do
// not: a comma before the fraction, one-digit hours, offsets of 24 hours or 60
// minutes, and instants outside the range.
func stdParse(s string) (time.Time, bool) {
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	if strings.Contains(s, ",") || len(s) > 12 && s[12] == ':' {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		got, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		digits := strings.ReplaceAll(s, ":", "")
		if i := strings.LastIndexAny(digits, "+-"); i > 10 {
			if off := digits[i+1:]; off[:2] >= "24" || len(off) == 4 && off[2:] >= "60" {
				return time.Time{}, false
			}
		}
		inRange := got.Unix() >= minSeconds && got.Unix() <= maxSeconds && s[:4] != "0000"
		return got, inRange
	}
	return time.Time{}, false
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"2024-01-02T03:04:05.678-0500", "2022-04-24T16:41:53.123Z", "2016-06-06T21:30:53.537+10:00",
		"2025-10-15 05:59:45.0", "2026-03-26T16:00Z", "2024-10-21", "1759080993142", "-1",
		"51502-07-15T02:40:00.000+0000", "0000-12-31T23:00:00-0200", "2024-01-02T03:04:05.1+24",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse([]byte(s))
		ms, ok := ParseMillis([]byte(s))
		if ok != (err == nil) || ok && ms != got.UnixMilli() {
			t.Fatalf("%q: Parse %v, %v; ParseMillis %d, %t", s, got, err, ms, ok)
		}
		if err != nil && errors.Is(err, ErrRange) == errors.Is(err, ErrSyntax) {
			t.Fatalf("%q: unclassified error %v", s, err)
		}
		text := string(unquote([]byte(s)))
		if isInteger([]byte(text)) {
			return // not a format of package time
		}
		if want, stdOK := stdParse(text); stdOK != ok || ok && !want.Equal(got) {
			t.Fatalf("%q: got %v, %v; package time says %v, %t", s, got, err, want, stdOK)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	f.Add("2024-02-29")
	f.Add("1900-02-29")
	f.Add(`"0001-01-01"`)
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseDate([]byte(s))
		want, err := time.Parse(time.DateOnly, string(unquote([]byte(s))))
		stdOK := err == nil && want.Year() > 0
		if ok != stdOK || ok && int64(got) != want.Unix()/secondsPerDay {
			t.Fatalf("%q: got %d, %t; package time says %v, %v", s, got, ok, want, err)
		}
	})
}

func BenchmarkParseMillis(b *testing.B) {
	for _, in := range []string{
		`"2024-01-02T03:04:05.678-0500"`, `"2016-06-06T21:30:53.537+10:00"`, "1759080993142",
	} {
		b.Run(in, func(b *testing.B) {
			raw := []byte(in)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := ParseMillis(raw); !ok {
					b.Fatal("not ok")
				}
			}
		})
	}
}

func BenchmarkParseDate(b *testing.B) {
	raw := []byte(`"2024-10-21"`)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := ParseDate(raw); !ok {
			b.Fatal("not ok")
		}
	}
}
