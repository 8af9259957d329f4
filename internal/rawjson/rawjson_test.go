package rawjson

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	var got []string
	Members([]byte(` {"a":1}`[1:]), func(n, v []byte) bool { got = append(got, string(n)+"="+string(v)); return true })
	Members([]byte("{ \"x\\n\" : [1,{\"y\":\"]}\"}] ,\n\"b\\\"\\\\\":\"q\\\\\",\"\":null , \"d\":-1.5e400}"), func(n, v []byte) bool {
		got = append(got, string(n)+"="+string(v))
		return true
	})
	want := []string{"a=1", "x\n=[1,{\"y\":\"]}\"}]", `b"\="q\\"`, "=null", "d=-1.5e400"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCursor(t *testing.T) {
	for in, want := range map[string]string{
		`{"id":1, "fields" : {"a":{"fields":{}},"b":2} ,"key":3}`:       `id=1 .a={"fields":{}} .b=2 key=3`,
		` {"fields":{},"\u0066ields":{"x":[{"}":"}"}]},"fields":[{}]} `: `.x=[{"}":"}"}] fields=[{}]`,
		`{"fields":null,"skip":[{"fields":{"a":1}}],"id":1}`:            `fields=null id=1`,
		`[{"fields":{"a":1}}]`:     ``,
		`{"a":1,"fields":{"b":1`:   `a=1 .b=1`,
		`{"fields":{"b" 1},"c":2}`: ``,
	} {
		var got []string
		c := NewCursor([]byte(in))
		c.Members(func(n []byte) {
			switch {
			case string(n) == "fields" && c.Type() == Object:
				c.Members(func(n []byte) { got = append(got, "."+string(n)+"="+string(c.Value())) })
			case string(n) != "skip":
				got = append(got, string(n)+"="+string(c.Value()))
			}
		})
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %s, want %s", in, text, want)
		}
	}
}

func TestTheFirstDuplicateThatIsNotNullCounts(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1,"b":2,"a":3}`: "1", `{"a":null,"b":2,"a":3,"a":4}`: "3", `{"b":1,"a":2,"a":null}`: "2",
		`{"a":null,"a":null}`: "null", `{"b":1}`: "", `{"a":"","a":1}`: `""`,
	} {
		got := Lookup([]byte(in), "a")
		values := [][]byte{nil, []byte("of another object")}
		Pick([]byte(in), []string{"b", "a"}, values)
		read := [][]byte{nil, []byte("of another object")}
		c := NewCursor([]byte(in))
		all := c.Pick([]string{"b", "a"}, read)
		if string(got) != want || string(values[1]) != want || string(read[1]) != want || string(all) != in {
			t.Errorf("%s: looked up %s, picked %s, read %s of %s, want %s", in, got, values[1], read[1], all, want)
		}
	}
	if got := Lookup([]byte(`[1]`), "a"); got != nil {
		t.Errorf("array: got %s", got)
	}
}

func TestDepthIsNotRecursedInto(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 200_000) + strings.Repeat(`]}`, 200_000)
	n := 0
	Elements([]byte("["+deep+",7]"), func(v []byte) bool { n += len(v); return true })
	if n != len(deep)+1 {
		t.Errorf("saw %d bytes, want %d", n, len(deep)+1)
	}
}

func TestInt64(t *testing.T) {
	for in, want := range map[string]string{
		`12`: "12 true", `"12"`: "12 true", `-9223372036854775808`: "-9223372036854775808 true",
		`9223372036854775807`: "9223372036854775807 true", `9223372036854775808`: "0 false",
		`""`: "0 false", `1.0`: "0 false", `"x"`: "0 false", `-`: "0 false", `null`: "0 false",
		`99999999999999999999`: "0 false",
	} {
		n, ok := Int64([]byte(in))
		if got := fmt.Sprint(n, ok); got != want {
			t.Errorf("Int64(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestFloat64(t *testing.T) {
	for in, want := range map[string]float64{`13.0`: 13, `"0.5"`: 0.5, `-1e3`: -1000, `9007199254740993`: 9007199254740992} {
		if f, ok := Float64([]byte(in)); !ok || f != want {
			t.Errorf("Float64(%s) = %v %v", in, f, ok)
		}
	}
	for _, in := range []string{`1e400`, `""`, `"abc"`, `"NaN"`, `"Infinity"`, `{}`, `null`, `true`, ``,
		`"-inf"`, `"-Infinity"`, `"0x1p4"`, `"1_0"`, `"007"`, `"1."`, `"1 "`, `" 1"`, `"+1"`, `-`, `"-"`} {
		if f, ok := Float64([]byte(in)); ok {
			t.Errorf("Float64(%s) = %v, want refusal", in, f)
		}
	}
	if f, ok := Float64([]byte(`1.7976931348623157e308`)); !ok || f != math.MaxFloat64 {
		t.Errorf("max: %v %v", f, ok)
	}
}

func TestAppendStorable(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":"\ud83d\ude00"}`: `{"a":"\ud83d\ude00"}`,
		`{"a":"\ud800x"}`:      `{"a":"\ufffdx"}`,
		`{"a":"\udc00\ud800"}`: `{"a":"\ufffd\ufffd"}`,
		`{"a":"\\ud800"}`:      `{"a":"\\ud800"}`,
		`{"a":"\u00e9 1e400"}`: `{"a":"\u00e9 1e400"}`,
		"\"\xff\"":             "\"\uFFFD\"",
	} {
		got, changed := AppendStorable(nil, []byte(in))
		if string(got) != want || changed != (in != want) {
			t.Errorf("AppendStorable(%s) = %s %v, want %s", in, got, changed, want)
		}
	}
}

// What cannot be stored is found wherever it stands among the eight bytes of a step,
// and whatever backslashes stand before it.
func TestAppendStorableAtEveryPlace(t *testing.T) {
	const behind = "yyyyyyyyyyyy\"}"
	for _, before := range []string{"", "é", `\ud83d\ude00`, `\n`, `\u00e9`} {
		for n := range 20 {
			for slashes := range 4 {
				start := `{"` + before + strings.Repeat("x", n)
				in := start + strings.Repeat(`\`, slashes) + "ud800" + behind
				want := in
				if slashes%2 == 1 {
					want = start + strings.Repeat(`\`, slashes) + "ufffd" + behind
				}
				if got, changed := AppendStorable(nil, []byte(in)); string(got) != want || changed != (in != want) {
					t.Errorf("AppendStorable(%s) = %s %v, want %s", in, got, changed, want)
				}
			}
			in, want := before+strings.Repeat("x", n)+"\xe9"+behind, before+strings.Repeat("x", n)+"\uFFFD"+behind
			if got, _ := AppendStorable(nil, []byte(in)); string(got) != want {
				t.Errorf("AppendStorable(%q) = %q", in, got)
			}
			for c, said := range map[string]string{"\xdc": "\uFFFD", "\x80": "\uFFFD", `\n`: "\n", "é": "é"} {
				x := strings.Repeat("x", n)
				if got := AppendString(nil, []byte(`"`+x+c+`yy"`)); string(got) != x+said+"yy" {
					t.Errorf("AppendString of %d bytes and %q = %q", n, c, got)
				}
			}
		}
	}
}

// FuzzAgainstEncodingJSON holds the walker to the standard library's reading of
// every valid document, and to ending quietly on every other.
func FuzzAgainstEncodingJSON(f *testing.F) {
	for _, s := range []string{`0x1p4`, `-inf`, `1e400`, `-0.5E+2`, `{"a":[1,"\ud800",{"b":null}],"a":true}`, `"\u12"`, `{"\u0061":1}`, `[`, `{"a"`, "\"\xff\"", `[1 , 2]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		AppendStorable(nil, in)
		AppendString(nil, in)
		Elements(in, func([]byte) bool { return true })
		Members(in, func(_, v []byte) bool { Float64(v); return true })
		c := NewCursor(in)
		read(&c)
		in = []byte(strings.TrimSpace(string(in)))
		c = NewCursor(in)
		var number float64
		isNumber := TypeOf(in) == Number && json.Unmarshal(in, &number) == nil
		if f, ok := Float64([]byte(`"` + string(in) + `"`)); ok != isNumber || ok && f != number {
			t.Errorf("the number in %q is %v %t, want %v %t", in, f, ok, number, isNumber)
		}
		var want any
		if json.Unmarshal(in, &want) != nil {
			return
		}
		if got := decode(in); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %#v, want %#v", in, got, want)
		}
		if got := read(&c); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: a cursor got %#v, want %#v", in, got, want)
		}
		storable, _ := AppendStorable(nil, in)
		var again any
		if err := json.Unmarshal(storable, &again); err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("storable form of %q differs: %q", in, storable)
		}
	})
}

// read is decode in one pass.
func read(c *Cursor) any {
	switch c.Type() {
	case Object:
		m := map[string]any{}
		c.Members(func(n []byte) { m[string(appendUTF8(nil, n))] = read(c) })
		return m
	case Array:
		a := []any{}
		c.Elements(func() { a = append(a, read(c)) })
		return a
	}
	return decode(c.Value())
}

func decode(v []byte) any {
	switch TypeOf(v) {
	case Object:
		m := map[string]any{}
		Members(v, func(n, v []byte) bool { m[string(appendUTF8(nil, n))] = decode(v); return true })
		return m
	case Array:
		a := []any{}
		Elements(v, func(v []byte) bool { a = append(a, decode(v)); return true })
		return a
	case String:
		return string(AppendString(nil, v))
	case Number:
		f, _ := Float64(v)
		return f
	case Bool:
		return v[0] == 't'
	}
	return nil
}
