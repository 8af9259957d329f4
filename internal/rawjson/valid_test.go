package rawjson

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// validByOther is what others say of a text.
func validByOther(b []byte) bool {
	return jsontext.Value(b).IsValid(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

var validTexts = []string{
	`{}`, ` [ ] `, `0`, `-0`, `-0.0e+10`, `1e400`, `12E-3`, `""`, `"\"\\\/\b\f\n\r\t\u00e9\uD800"`, "\"\xff\x80\"", `true`, `false`, `null`,
	`{"a":1,"a":[2,{"b":null}],"":{}}`, "\t{ \"a\" : [ 1 , 2 ]\r\n}", "\"\x7f\"", `"1234567\"9"`, `[[],{},[{}]]`,
}

var invalidTexts = []string{
	``, ` `, `{`, `}`, `[`, `]`, `[}`, `{]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{1:1}`, `{"a" 1}`, `{,}`, `{"a":1 "b":2}`,
	`01`, `-`, `+1`, `1.`, `.5`, `1e`, `1e+`, `0x1`, `--1`, `1 1`, `NaN`, `tru`, `truex`, `nul`, `falsee`,
	`"`, `"\`, `"\"`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "\"1234567\x1f\"", "\"\x00\"", `'a'`, `"a""b"`, `{}{}`, `[]x`, "\u00a0[]", "\ufeff[]", `[1]/**/`, "\f1",
}

func TestValid(t *testing.T) {
	for _, s := range validTexts {
		if !Valid([]byte(s)) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range invalidTexts {
		if Valid([]byte(s)) {
			t.Errorf("%q is accepted", s)
		}
	}
	for depth, want := range map[int]bool{200: true, maxLevels: true, maxLevels + 1: false, 10 * maxLevels: false} {
		if got := Valid([]byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))); got != want {
			t.Errorf("%d levels: %v", depth, got)
		}
	}
	if !Valid([]byte(strings.Repeat(`{"a":[`, 100) + `"` + strings.Repeat("å ", 1_000_000) + `"` + strings.Repeat(`]}`, 100))) {
		t.Error("3 MB of text in 200 levels are refused")
	}
}

// A text that is cut or in which a byte is another one is taken for what another
// reader takes it for.
func TestValidOfAlteredTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := `{"id":"10001", "fields" : {"a":[1.5e+3,-20,0.1,true,false,null,[]],"text":"one \"two\" \u00e9\\ \n three é","o":{"x":{}, "y":[{"z":""}]}}}`
	const letters = "{}[]:,\"\\ \n\x000179-+.eEtruefalsnb/\xff"
	valid := 0
	for range 100_000 {
		b := []byte(text)
		for range 1 + random.IntN(2) {
			at := random.IntN(len(b))
			switch random.IntN(4) {
			case 0:
				b = b[:at+1]
			case 1:
				b = append(b[:at], b[at+1:]...)
			default:
				b[at] = letters[random.IntN(len(letters))]
			}
			if len(b) == 0 {
				break
			}
		}
		want := validByOther(b)
		if Valid(b) != want {
			t.Fatalf("%q: valid %v, jsontext says %v", b, !want, want)
		}
		if want {
			valid++
		}
	}
	if valid < 1000 {
		t.Errorf("only %d of the texts were valid", valid)
	}
}

func FuzzValid(f *testing.F) {
	for _, s := range append(validTexts, invalidTexts...) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if want := validByOther(b); Valid(b) != want {
			t.Fatalf("%q: valid %v, jsontext says %v", b, !want, want)
		}
	})
}
