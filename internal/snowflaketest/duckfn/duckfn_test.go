package duckfn

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/snowflaketest/sferr"
)

func TestParseJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		` { "b" : 1 , "a" : [ true , null ] } `:  `{"a":[true,null],"b":1}`,
		`1.50`:                                   `1.5`,
		`-0`:                                     `0`,
		`-0.0`:                                   `0`,
		`10.00`:                                  `10`,
		`1e2`:                                    `1.000000000000000e+02`,
		`[1E-2,0.10,"1.50"]`:                     `[1.000000000000000e-02,0.1,"1.50"]`,
		`12345678901234567890123456789012345678`: `12345678901234567890123456789012345678`,
		`123456789012345678901234567890123456789`: `1.234567890123457e+38`,
		`"\u00e9\/\n\""`: `"é/\n\""`,
		`""`:             `""`,
	} {
		got, ok, err := ParseJSON(in)
		if err != nil || !ok || got != want {
			t.Errorf("%s = %s, %t, %v; want %s", in, got, ok, err, want)
		}
	}
	for _, in := range []string{`{"a":1,"a":2}`, `{"a":NaN}`, `[1,]`, `{`, `1 2`, `1e400`, `"\ud800"`, "\"\xff\"", `'a'`} {
		if got, _, err := ParseJSON(in); sferr.As(err).Code != "100069" {
			t.Errorf("%q = %s, %v; want error 100069", in, got, err)
		}
	}
	if _, ok, err := ParseJSON("  "); ok || err != nil {
		t.Errorf("empty text: %t, %v; want NULL", ok, err)
	}
}

// FuzzParseJSON: what is accepted is JSON, equal to the input, and a fixed point.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"b":[1.50,-0,1e5],"a":"\u00e9"}`, `[`, `"\ud83d\ude00"`, `1e999`, `{"a":{},"a":1}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, ok, err := ParseJSON(s)
		if err != nil || !ok {
			return
		}
		if !json.Valid([]byte(out)) {
			t.Fatalf("%q became invalid: %s", s, out)
		}
		again, _, err := ParseJSON(out)
		if err != nil || again != out {
			t.Errorf("%q: %s, then %s, %v", s, out, again, err)
		}
	})
}

func TestScalar(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		variant, kind, want string
		ok                  bool
		code                string
	}{
		{`"12"`, "FIXED", "12", true, ""},
		{`12.5`, "FIXED", "12.5", true, ""},
		{`true`, "FIXED", "1", true, ""},
		{`"x"`, "FIXED", "", false, "100071"},
		{`[1]`, "FIXED", "", false, "100071"},
		{`null`, "FIXED", "", false, ""},
		{`"no"`, "BOOLEAN", "no", true, ""},
		{`0`, "BOOLEAN", "false", true, ""},
		{`"maybe"`, "BOOLEAN", "", false, "100071"},
		{`true`, "DATE", "", false, "100071"},
		{`"a\"b"`, "VARCHAR", `a"b`, true, ""},
		{``, "FIXED", "", false, "100071"},
	} {
		got, ok, err := Scalar(tc.variant, tc.kind)
		code := ""
		if err != nil {
			code = sferr.As(err).Code
		}
		if got != tc.want || ok != tc.ok || code != tc.code {
			t.Errorf("%s as %s = %q, %t, %v", tc.variant, tc.kind, got, ok, err)
		}
	}
}

func TestObject(t *testing.T) {
	t.Parallel()
	got, err := Object([]any{"b", "a", nil, "<"}, []any{"1", nil, "2", `"x"`})
	if err != nil || got != `{"<":"x","b":1}` {
		t.Errorf("object %s, %v", got, err)
	}
	if _, err := Object([]any{"a", "a"}, []any{"1", "2"}); sferr.As(err).Code != "100102" {
		t.Errorf("duplicate key: %v", err)
	}
}

func TestParseTimestamp(t *testing.T) {
	t.Parallel()
	const none = 9999
	for _, tc := range []struct {
		text, format, wall string
		offset             int
	}{
		{"2024-01-02", "", "2024-01-02T00:00:00", none},
		{"2024-01-02T03:04:05.678Z", "", "2024-01-02T03:04:05.678", 0},
		{"2024-01-02T03:04:05.123456789+05:30", "AUTO", "2024-01-02T03:04:05.123456789", 330},
		{"2024-01-02 03:04:05 -0800", "", "2024-01-02T03:04:05", -480},
		{"2024-01-02 03:04:05-08:00", "", "2024-01-02T03:04:05", -480},
		{"2024-01-02 03:04:05.5+02", "", "2024-01-02T03:04:05.5", 120},
		{" 2024-01-02 03:04 ", "", "2024-01-02T03:04:00", none},
		{"2024-01-02T03:04:05.678+0200", `YYYY-MM-DD"T"HH24:MI:SS.FF3TZHTZM`, "2024-01-02T03:04:05.678", 120},
		{"2024-01-02T03:04:05-08:30", `YYYY-MM-DDTHH24:MI:SSTZH:TZM`, "2024-01-02T03:04:05", -510},
		{"2-JAN-2024 01:02 pm", "DD-MON-YYYY HH12:MI AM", "2024-01-02T13:02:00", none},
		{"12 am", "HH12 AM", "1970-01-01T00:00:00", none},
		{"05.06.70", "DD.MM.YY", "1970-06-05T00:00:00", none},
		{"3 March 2024", "DD MMMM YYYY", "2024-03-03T00:00:00", none},
	} {
		in, err := ParseTimestamp(tc.text, tc.format)
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		offset := none
		if in.HasOffset {
			offset = in.Offset
		}
		if got := in.Wall.Format("2006-01-02T15:04:05.999999999"); got != tc.wall || offset != tc.offset {
			t.Errorf("%q by %q = %s, %d; want %s, %d", tc.text, tc.format, got, offset, tc.wall, tc.offset)
		}
	}
	for _, text := range []string{"", "x", "2024-02-30", "2024-13-01", "2024-01-02T25:00:00", "2024-01-02T03:04:05+0200", "2024-01-02T03:04:05 +02:00",
		"2024-01-02 03:04:05 +02", "2024-01-02T03:04:05Zx", "2024-01-02T03:04:05+15:00", "2024-01-02 03:04:60", "20240102"} {
		if in, err := ParseTimestamp(text, ""); sferr.As(err).Code != "100035" {
			t.Errorf("%q = %v, %v; want error 100035", text, in, err)
		}
	}
	if _, err := ParseTimestamp("x", "QQ"); sferr.As(err).Code != "001003" {
		t.Errorf("unknown format element: %v", err)
	}
}

// FuzzParseTimestamp: what is accepted can be written and read again.
func FuzzParseTimestamp(f *testing.F) {
	f.Add("2024-01-02T03:04:05.678+05:30", "")
	f.Add("2-JAN-2024 01:02 pm", "DD-MON-YYYY HH12:MI AM")
	f.Add("", `YYYY"`)
	f.Fuzz(func(t *testing.T, text, format string) {
		in, err := ParseTimestamp(text, format)
		if err != nil {
			return
		}
		s, err := FormatTimestamp(in.Wall, in.Offset, true, `YYYY-MM-DD"T"HH24:MI:SS.FF9TZH:TZM`)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseTimestamp(s, "")
		if in.Wall.Year() < 10000 && -840 <= in.Offset && in.Offset <= 840 && (err != nil || !back.Wall.Equal(in.Wall) || back.Offset != in.Offset) {
			t.Errorf("%q by %q: %v, then %s, then %v, %v", text, format, in, s, back, err)
		}
	})
}

func TestFormatTimestamp(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 7, 1, 13, 2, 3, 45_678_900, time.UTC)
	for format, want := range map[string]string{
		"": "2024-07-01 13:02:03.045 -0730", "YYYY-MM-DD": "2024-07-01", `DY, DD MON YYYY "at" HH12:MI AM`: "Mon, 01 Jul 2024 at 01:02 PM",
		"SS.FF6": "03.045678", "FF9 TZH:TZM": "045678900 -07:30",
	} {
		if got, err := FormatTimestamp(at, -450, true, format); err != nil || got != want {
			t.Errorf("%q = %q, %v; want %q", format, got, err, want)
		}
	}
}

func TestErrorMarks(t *testing.T) {
	t.Parallel()
	err := encode(sferr.New("100035", "22007", "Timestamp 'a:b' is not recognized"))
	if e := Decode("Invalid Input Error: " + err.Error() + "\n\nLINE 1: SELECT"); e == nil || e.Code != "100035" || e.Message != "Timestamp 'a:b' is not recognized" {
		t.Errorf("decoded %v", e)
	}
	if e := Decode("Binder Error: no marks"); e != nil {
		t.Errorf("decoded %v", e)
	}
	if s := RaiseText("1", "2", "it's"); !strings.Contains(s, "'it''s'") {
		t.Errorf("raise %s", s)
	}
}
