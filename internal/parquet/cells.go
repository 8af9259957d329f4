package parquet

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// is reports whether a cell is there.
func is(valid []byte, i int) bool { return valid[i>>3]>>(i&7)&1 != 0 }

// levels brings the levels of the open page up to those of the cells from…to, of
// which some are NULL.
func (c *column) levels(valid []byte, from, to, nulls int) {
	c.valid.append(valid, from, to-from)
	c.nulls += nulls
}

// validity returns the validity bitmap of an array, which may have none if nothing
// is NULL.
func (c *column) validity(a arrow.Array) []byte {
	if valid := a.NullBitmapBytes(); valid != nil {
		return valid
	}
	for len(c.scratch.ones) < (a.Len()+7)/8 {
		c.scratch.ones = append(c.scratch.ones, 0xff)
	}
	return c.scratch.ones
}

// appendInts appends cells of size bytes each.
func appendInts[T ~int64 | ~int32](c *column, a arrow.Array, cells []T, size int) {
	valid := c.validity(a)
	c.levels(valid, 0, len(cells), a.NullN())
	if a.NullN() == len(cells) {
		return
	}
	for i, n := range cells {
		if !is(valid, i) {
			continue
		}
		if size == 8 {
			c.plain = binary.LittleEndian.AppendUint64(c.plain, uint64(n))
		} else {
			c.plain = binary.LittleEndian.AppendUint32(c.plain, uint32(n))
		}
		c.bounds.int(int64(n))
	}
}

func (c *column) appendFloats(a *array.Float64) {
	valid := c.validity(a)
	c.levels(valid, 0, a.Len(), a.NullN())
	for i, x := range a.Float64Values() {
		if is(valid, i) {
			c.plain = binary.LittleEndian.AppendUint64(c.plain, math.Float64bits(x))
			c.bounds.float(x)
		}
	}
}

func (c *column) appendBooleans(a *array.Boolean) {
	valid := c.validity(a)
	c.levels(valid, 0, a.Len(), a.NullN())
	for i := range a.Len() {
		if is(valid, i) {
			c.bits.add(a.Value(i))
		}
	}
}

// appendTexts appends texts, with the ends of pages between them where they belong.
func (c *column) appendTexts(a *array.String) error {
	valid, text, ends := c.validity(a), a.ValueBytes(), a.ValueOffsets()
	if a.NullN() == a.Len() {
		c.levels(valid, 0, a.Len(), a.Len())
		return nil
	}
	from, nulls := 0, 0
	first := ends[0] // where text begins
	for i := range a.Len() {
		if !is(valid, i) {
			nulls++
			continue
		}
		if !c.appendText(text[ends[i]-first : ends[i+1]-first]) {
			continue
		}
		c.levels(valid, from, i+1, nulls)
		if err := c.endPage(); err != nil {
			return err
		}
		from, nulls = i+1, 0
		c.overflown = len(c.dictionary.plain) >= c.Dictionary
	}
	c.levels(valid, from, a.Len(), nulls)
	return nil
}

// appendText appends a text and reports whether it is the last one of its page.
func (c *column) appendText(text []byte) (full bool) {
	if c.overflown {
		c.plain = appendText(c.plain, text)
		return len(c.plain)-room >= c.PageBytes
	}
	c.places = append(c.places, c.dictionary.place(text))
	return 4*len(c.places) >= c.PageBytes || len(c.dictionary.plain) >= c.Dictionary
}
