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
		`"1234567\"9"`, `"\`, `{"a":"\"`, `{"a":"` + strings.Repeat("x", 56) + `\\","b":"` + strings.Repeat(`\\\"`, 30) + `"} `, "\"\u00e9\xff\x80\x22", `nullx]`, strings.Repeat(`[`, 200) + `"` + strings.Repeat(`]`, 200) + `"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for i := range b {
			want := valueEndByByte(b, i)
			if got := valueEnd(b, i); got != want {
				t.Fatalf("%q: the value at %d ends at %d, want %d", b, i, got, want)
			}
			if role[b[i]] == opens { // as where there are no blocks
				if got := bracketsEnd(b, i, 0); got != want {
					t.Fatalf("%q: the brackets at %d end at %d, want %d", b, i, got, want)
				}
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

// Values of every length around those at which the search changes its ways, wherever
// they begin, with and without what ends them.
func TestEndsAtEveryLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 30_000 {
		at := random.IntN(64)
		b := bytes.Repeat([]byte(" "), at)
		if n%2 == 0 {
			for range 64 + random.IntN(200) {
				b = append(b, `aaaaaaaaaaaaaa\"{}[],:`[random.IntN(22)])
			}
		} else {
			b = appendNested(b, random)
		}
		for _, begin := range []byte(`"{[`) {
			b[at] = begin
			if got, want := valueEnd(b, at), valueEndByByte(b, at); got != want {
				t.Fatalf("%q ends at %d, want %d", b[at:], got, want)
			}
		}
	}
}

// appendNested appends brackets and strings as they stand in JSON, up to the bracket
// that closes the first, and more. The strings have runs of backslashes of any length
// before their ends and in them.
func appendNested(b []byte, random *rand.Rand) []byte {
	b = append(b, '[')
	for depth := 1; depth > 0; {
		switch random.IntN(12) {
		case 0:
			b = append(b, "{["[random.IntN(2)])
			depth++
		case 1, 2:
			b = append(b, "}]"[random.IntN(2)])
			depth--
		case 3:
			b = append(b, ",12:"...)
		default:
			b = append(b, '"')
			for range random.IntN(4) {
				b = append(b, strings.Repeat("x[", random.IntN(40))...)
				b = append(b, strings.Repeat(`\\`, random.IntN(3)*random.IntN(30))...)
				b = append(b, []string{"", `\"`, `\n`, "}"}[random.IntN(4)]...)
			}
			b = append(b, '"')
		}
	}
	return append(b, strings.Repeat(`,"x]"`, random.IntN(30))...)
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
