package parquet

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// dictionary numbers different texts in the order in which they come first.
type dictionary struct {
	plain  []byte   // the texts as a dictionary page has them, each after its size
	starts []uint32 // where each begins in plain
	hashes []uint64
	slots  []uint32 // open addressing by hash: the text's number + 1, 0 if free; as many as a power of two
	last   uint32   // the text that came last
}

// text returns a text of the dictionary.
func (d *dictionary) text(i uint32) []byte {
	at := d.starts[i]
	return d.plain[at+4 : at+4+binary.LittleEndian.Uint32(d.plain[at:])]
}

// place returns the number of a text, which is new if there was none.
func (d *dictionary) place(text []byte) uint32 {
	if len(d.starts) > 0 && string(d.text(d.last)) == string(text) { // cells often repeat the one above
		return d.last
	}
	if 2*len(d.starts) >= len(d.slots) {
		d.grow()
	}
	hash := xxh3.Hash(text)
	mask := uint64(len(d.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		n := d.slots[at]
		if n == 0 {
			d.last = d.add(text, hash)
			d.slots[at] = d.last + 1
			return d.last
		}
		if d.hashes[n-1] == hash && string(d.text(n-1)) == string(text) {
			d.last = n - 1
			return d.last
		}
	}
}

func (d *dictionary) add(text []byte, hash uint64) uint32 {
	d.starts = append(d.starts, uint32(len(d.plain)))
	d.hashes = append(d.hashes, hash)
	d.plain = appendText(d.plain, text)
	return uint32(len(d.starts) - 1)
}

func (d *dictionary) grow() {
	d.slots = make([]uint32, max(16, 2*len(d.slots)))
	mask := uint64(len(d.slots) - 1)
	for n, hash := range d.hashes {
		at := hash & mask
		for d.slots[at] != 0 {
			at = (at + 1) & mask
		}
		d.slots[at] = uint32(n) + 1
	}
}

func (d *dictionary) reset() {
	d.plain, d.starts, d.hashes, d.last = d.plain[:0], d.starts[:0], d.hashes[:0], 0
	clear(d.slots)
}

// appendText appends a text in plain encoding.
func appendText(dst, text []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(text))), text...)
}
