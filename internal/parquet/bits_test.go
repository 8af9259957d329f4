package parquet

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/rle"
)

// Bits arrive in their order, from wherever and however many.
func TestBitmap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	src := make([]byte, 40)
	for i := range src {
		src[i] = byte(rnd.Uint32())
	}
	for range 2000 {
		var b bitmap
		var want []bool
		for range rnd.IntN(6) {
			from := rnd.IntN(200)
			n := rnd.IntN(8*len(src) - from + 1)
			b.append(src, from, n)
			for i := from; i < from+n; i++ {
				want = append(want, is(src, i))
			}
			if rnd.IntN(2) == 0 {
				b.add(n&1 == 0)
				want = append(want, n&1 == 0)
			}
		}
		if b.n != len(want) || len(b.bytes) != (len(want)+7)/8 {
			t.Fatalf("%d bits in %d bytes, want %d", b.n, len(b.bytes), len(want))
		}
		for i := range want {
			if is(b.bytes, i) != want[i] {
				t.Fatalf("bit %d is wrong", i)
			}
		}
	}
}

// Places come back by another decoder, in as many bits as a dictionary needs.
func TestPlaces(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for size := 1; size < 1<<20; size += 1 + size/3 {
		places := make([]uint32, rnd.IntN(70))
		for i := range places {
			places[i] = uint32(rnd.IntN(size))
		}
		text := appendPlaces(nil, places, size)
		got, err := (&rle.DictionaryEncoding{}).DecodeInt32(nil, text)
		if err != nil || len(got) < len(places) || len(got) >= len(places)+8 {
			t.Fatalf("%d of %d: %d came back, %v", len(places), size, len(got), err)
		}
		for i, p := range places {
			if uint32(got[i]) != p {
				t.Fatalf("place %d of a dictionary of %d: %d, want %d", i, size, got[i], p)
			}
		}
	}
}

// Equal texts have one number, others another, before and after the table grew.
func TestDictionary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var d dictionary
	for range 3 {
		known := map[string]uint32{}
		for range 5000 {
			text := fmt.Sprint(rnd.IntN(1000))
			if rnd.IntN(100) == 0 {
				text = ""
			}
			got := d.place([]byte(text))
			want, is := known[text]
			if !is {
				want = uint32(len(known))
				known[text] = want
			}
			if got != want || string(d.text(got)) != text {
				t.Fatalf("%q is %d (%q), want %d", text, got, d.text(got), want)
			}
		}
		d.reset()
	}
}
