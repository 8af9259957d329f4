package state

import "math/bits"

// Digest sums up a set of issue ids, so that two sides can find out that they
// hold the same set by comparing two numbers. Sum is the sum of Mix over the
// ids modulo 2^61-1; it doesn't depend on their order.
type Digest struct {
	Count int64 `json:"count"`
	Sum   int64 `json:"sum"`
}

// The arithmetic is chosen so that SQL can do it with exact integers of 38
// digits: all products are below 2^122 (LiveDigest of the load package writes
// the same). Mix must not be a polynomial: the sum of one of degree n is the
// same for all sets with equal sums of powers up to n, such as {1, 6, 8} and
// {2, 4, 9} for squares. The remainder by a second prime sees to that.
const (
	// Prime is 2^61-1.
	Prime = 1<<61 - 1
	// Factor spreads small ids over the range.
	Factor = 1152921504606847009
	// Second is the greatest prime below 2^32.
	Second = 4294967291
)

// Add adds one id to the digest.
func (d *Digest) Add(id int64) {
	d.Count++
	d.Sum = int64((uint64(d.Sum) + mix(id)) % Prime)
}

// Remove takes one id out of the digest.
func (d *Digest) Remove(id int64) {
	d.Count--
	d.Sum = int64((uint64(d.Sum) + Prime - mix(id)) % Prime)
}

// AddVersion adds an issue by id and updated, in epoch milliseconds, to a digest
// of versions. Such a digest says whether two sides hold the same issues in the
// same versions; VersionDigest of the load package computes the same in SQL.
func (d *Digest) AddVersion(id, updated int64) {
	d.Count++
	h := (mulmod(uint64(id)%Prime, Factor) + uint64(Prime+updated)) % Prime
	d.Sum = int64((uint64(d.Sum) + mulmod(h, h%Second)) % Prime)
}

// mix is h · (h mod Second) mod p, where h is (id mod p) · Factor mod p.
func mix(id int64) uint64 {
	h := mulmod(uint64(id)%Prime, Factor)
	return mulmod(h, h%Second)
}

func mulmod(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	_, rem := bits.Div64(hi, lo, Prime)
	return rem
}
