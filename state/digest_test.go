package state

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func digestOf(ids []int64) (d Digest) {
	for _, id := range ids {
		d.Add(id)
	}
	return d
}

func randomIDs(rnd *rand.Rand, n int) []int64 {
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = rnd.Int64N(1 << (1 + rnd.IntN(62)))
	}
	return ids
}

func TestDigestDoesNotDependOnTheOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		ids := randomIDs(rnd, rnd.IntN(50))
		want := digestOf(ids)
		rnd.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		if got := digestOf(ids); got != want {
			t.Fatalf("%v: %v and %v", ids, got, want)
		}
	}
}

func TestRemoveIsTheInverseOfAdd(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 1))
	for range 200 {
		ids := append(randomIDs(rnd, 20), 0, 1, Prime-1, Prime, Prime+1, math.MaxInt64)
		var d Digest
		for n, id := range ids {
			d.Add(id)
			if want := digestOf(ids[:n+1]); d != want {
				t.Fatalf("added %d: %v, want %v", id, d, want)
			}
		}
		for n := len(ids) - 1; n >= 0; n-- {
			d.Remove(ids[n])
			if want := digestOf(ids[:n]); d != want {
				t.Fatalf("removed %d: %v, want %v", ids[n], d, want)
			}
		}
	}
}

// The reference works with integers of any size and so does SQL, with 38
// digits: what Go computes with two words must be the same.
func TestDigestIsTheArithmeticThatSQLDoes(t *testing.T) {
	p, factor, second := big.NewInt(Prime), big.NewInt(Factor), big.NewInt(Second)
	if !p.ProbablyPrime(20) || !second.ProbablyPrime(20) {
		t.Fatalf("%d or %d is no prime", p, second)
	}
	rnd := rand.New(rand.NewPCG(3, 1))
	for _, id := range append(randomIDs(rnd, 2000), 0, 1, Prime-1, Prime, Prime+1, math.MaxInt64) {
		h := big.NewInt(id)
		h.Mod(h, p).Mul(h, factor).Mod(h, p)
		h.Mul(h, new(big.Int).Mod(h, second)).Mod(h, p)
		if got := digestOf([]int64{id}); got.Sum != h.Int64() || got.Count != 1 {
			t.Errorf("id %d: %d, want %d", id, got.Sum, h)
		}
	}
}

// Sets that a sum of the ids would confuse.
func TestDigestTellsSetsApart(t *testing.T) {
	for _, tt := range [][2][]int64{
		{{1, 4}, {2, 3}},
		{{10000, 10003}, {10001, 10002}},
		{{5}, {6}},
		{{1, 6, 8}, {2, 4, 9}}, // equal sums and equal sums of squares
	} {
		if a, b := digestOf(tt[0]), digestOf(tt[1]); a == b {
			t.Errorf("%v and %v have the digest %v", tt[0], tt[1], a)
		}
	}
}
