package parquet

import (
	"encoding/binary"
	"math/bits"
)

// bitmap is a row of bits, the least significant of a byte first, as Arrow and
// Parquet both lay them out.
type bitmap struct {
	bytes []byte
	n     int
}

// append appends n bits of src, from the one at from on.
func (b *bitmap) append(src []byte, from, n int) {
	for n > 0 {
		few := min(n, 8)
		next := uint(src[from>>3]) >> (from & 7)
		if from&7+few > 8 {
			next |= uint(src[from>>3+1]) << (8 - from&7)
		}
		next &= 1<<few - 1
		if at := b.n & 7; at == 0 {
			b.bytes = append(b.bytes, byte(next))
		} else {
			b.bytes[len(b.bytes)-1] |= byte(next << at)
			if at+few > 8 {
				b.bytes = append(b.bytes, byte(next>>(8-at)))
			}
		}
		b.n += few
		from += few
		n -= few
	}
}

// add appends one bit.
func (b *bitmap) add(set bool) {
	if b.n&7 == 0 {
		b.bytes = append(b.bytes, 0)
	}
	if set {
		b.bytes[len(b.bytes)-1] |= 1 << (b.n & 7)
	}
	b.n++
}

func (b *bitmap) reset() { b.bytes, b.n = b.bytes[:0], 0 }

// Runs of the hybrid of run lengths and packed bits, in which Parquet writes levels
// and places in dictionaries: of one value, or of groups of eight values, packed.

// appendRun appends a run of n times v, which takes one byte.
func appendRun(dst []byte, n int, v byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(n)<<1), v)
}

// appendPackedHeader appends what stands before the packed bits of n values.
func appendPackedHeader(dst []byte, n int) []byte {
	return binary.AppendUvarint(dst, uint64(n+7)>>3<<1|1)
}

// appendLevels appends the definition levels of a page: whether cells are there.
func appendLevels(dst []byte, valid *bitmap, nulls int) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0) // their size
	switch nulls {
	case 0:
		dst = appendRun(dst, valid.n, 1)
	case valid.n:
		dst = appendRun(dst, valid.n, 0)
	default:
		dst = append(appendPackedHeader(dst, valid.n), valid.bytes...)
	}
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}

// appendPlaces appends places in a dictionary of size texts.
func appendPlaces(dst []byte, places []uint32, size int) []byte {
	width := max(1, bits.Len(uint(size-1))) // some readers take no 0
	dst = appendPackedHeader(append(dst, byte(width)), len(places))
	var open uint64
	used := 0
	for _, p := range places {
		open |= uint64(p) << used
		if used += width; used >= 32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(open))
			open >>= 32
			used -= 32
		}
	}
	for ; used > 0; used -= 8 {
		dst = append(dst, byte(open))
		open >>= 8
	}
	groups := (len(places) + 7) / 8 // of width bytes each, the last one padded
	missing := groups*width - (len(places)*width+7)/8
	return append(dst, make([]byte, missing)...)
}
