package rawjson

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzEnds holds the search for the ends of values to one that goes byte by byte,
// at every place of every text, JSON or not.
func FuzzEnds(f *testing.F) {
	for _, s := range []string{
		`{"a":"b\\\"c","d":[{"e":"]}"},1e400]} ,`, `"` + strings.Repeat("x", 70) + `\\\"y" `, `[[{}],"` + strings.Repeat(`\"`, 40) + `"]`,
		`"1234567\"9"`, `"\`, `{"a":"\"`, "\"\u00e9\xff\x80\x22", `nullx]`, strings.Repeat(`[`, 200) + `"` + strings.Repeat(`]`, 200) + `"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for i := range b {
			if got, want := valueEnd(b, i), valueEndByByte(b, i); got != want {
				t.Fatalf("%q: the value at %d ends at %d, want %d", b, i, got, want)
			}
			end, plain := stringEnd(b, i)
			if want := stringEndByByte(b, i); end != want {
				t.Fatalf("%q: the string at %d ends at %d, want %d", b, i, end, want)
			}
			if plain && bytes.IndexByte(b[i+1:end], '\\') >= 0 {
				t.Fatalf("%q: the string at %d is not plain", b, i)
			}
		}
	})
}

// Strings of every length around those at which the search changes its ways.
func TestEndsAtEveryLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		b := make([]byte, random.IntN(180))
		for i := range b {
			b[i] = `aaaaaaaaaaaaaa\"{}[],:`[random.IntN(22)]
		}
		for _, b := range [][]byte{append([]byte(`"`), b...), append([]byte(`{`), b...)} {
			if got, want := valueEnd(b, 0), valueEndByByte(b, 0); got != want {
				t.Fatalf("%q ends at %d, want %d", b, got, want)
			}
		}
	}
}

func stringEndByByte(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func valueEndByByte(b []byte, i int) int {
	switch b[i] {
	case '"':
		return stringEndByByte(b, i)
	case '{', '[':
	default:
		for i < len(b) && !strings.ContainsRune(",}] \n\r\t:", rune(b[i])) {
			i++
		}
		return i
	}
	for depth := 0; i < len(b); {
		switch b[i] {
		case '"':
			i = stringEndByByte(b, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return len(b)
}
