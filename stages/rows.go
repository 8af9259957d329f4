package stages

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/zeebo/xxh3"

	"snowdrift/internal/table"
)

// Rows are rows of one table, column by column, in the layout that Arrow wants:
// the flattener appends cells to it without an allocation a value, the batcher
// wraps it without a copy. Most columns of a wide Jira site are empty in most
// rows, so a column is only brought up to length when a cell is set in it, and
// by Pad at the end.
type Rows struct {
	Table   *table.Table
	Columns []Column
	n       int // complete rows
	size    int // bytes of variable length
}

// Column holds the cells of one column. Cells beyond its length are NULL.
type Column struct {
	Type   table.Type
	Ints   []int64   // Bool (0, 1), Int, Date (days), Timestamp (microseconds)
	Floats []float64 // Float
	Data   []byte    // Text, JSON, List: the cells, one after the other …
	Ends   []int32   // … and the ends, with a leading 0
	Valid  []byte    // Arrow validity bitmap, least significant bit first
	Nulls  int       // NULL cells, known after Pad
	n      int       // cells, NULL ones included
	set    int       // cells that are not NULL
}

// NewRows returns no rows of the columns of t that travel in files.
func NewRows(t *table.Table) *Rows {
	staged := t.Staged()
	r := &Rows{Table: t, Columns: make([]Column, len(staged)+1)}
	for i, c := range staged {
		r.Columns[i].Type = c.Type
	}
	r.Columns[len(staged)].Type = table.Int // Seq
	for i := range r.Columns {
		r.Columns[i].reset()
	}
	return r
}

// Len returns the number of complete rows.
func (r *Rows) Len() int { return r.n }

// Size returns about how many bytes the cells take.
func (r *Rows) Size() int { return r.size + r.n*8 }

// End completes the row whose cells were set last. seq says which reading of an
// issue it was made from.
func (r *Rows) End(seq int64) {
	r.SetInt(len(r.Columns)-1, seq)
	r.n++
}

// Truncate takes back all rows from n on, and the cells of an unfinished one.
func (r *Rows) Truncate(n int) {
	for i := range r.Columns {
		c := &r.Columns[i]
		before := len(c.Data)
		c.truncate(n)
		r.size -= before - len(c.Data)
	}
	r.n = n
}

// Pad brings all columns to the same length, after the last row.
func (r *Rows) Pad() {
	for i := range r.Columns {
		r.Columns[i].pad(r.n)
		r.Columns[i].Nulls = r.n - r.Columns[i].set
	}
}

// Reset takes back all rows and keeps the memory.
func (r *Rows) Reset() {
	for i := range r.Columns {
		r.Columns[i].reset()
	}
	r.n, r.size = 0, 0
}

// SetInt sets a cell of the unfinished row in a column of integers. A cell is
// set at most once; a second value for it is dropped.
func (r *Rows) SetInt(col int, v int64) {
	if c := &r.Columns[col]; c.n <= r.n {
		c.pad(r.n)
		c.Ints = append(c.Ints, v)
		c.valid()
	}
}

// Has reports whether a cell of the unfinished row is set.
func (r *Rows) Has(col int) bool { return r.Columns[col].n > r.n }

// LastInt returns the cell of the last complete row in a column of integers, 0
// if it is NULL.
func (r *Rows) LastInt(col int) int64 {
	if c := &r.Columns[col]; c.n == r.n && r.n > 0 {
		return c.Ints[r.n-1]
	}
	return 0
}

// Digest sums up the cells of the unfinished row that are set so far: equal rows
// have the same digest, in whichever order their cells were set.
func (r *Rows) Digest() uint64 {
	var sum uint64
	for i := range r.Columns {
		c := &r.Columns[i]
		if c.n <= r.n {
			continue
		}
		var cell []byte
		switch {
		case c.Type == table.Float:
			cell = binary.LittleEndian.AppendUint64(nil, math.Float64bits(c.Floats[r.n]))
		case c.Type.UTF8():
			cell = c.Data[c.Ends[r.n]:]
		default:
			cell = binary.LittleEndian.AppendUint64(nil, uint64(c.Ints[r.n]))
		}
		sum += xxh3.HashSeed(cell, uint64(i)+1)
	}
	return sum
}

// SetFloat sets a cell of the unfinished row in a column of floats.
func (r *Rows) SetFloat(col int, v float64) {
	if c := &r.Columns[col]; c.n <= r.n {
		c.pad(r.n)
		c.Floats = append(c.Floats, v)
		c.valid()
	}
}

// SetBytes sets a cell of the unfinished row in a column of text, to what
// appendTo appends; when that reports false the cell stays NULL.
func (r *Rows) SetBytes(col int, appendTo func([]byte) ([]byte, bool)) bool {
	c := &r.Columns[col]
	if c.n > r.n {
		return true
	}
	c.pad(r.n)
	before := len(c.Data)
	data, ok := appendTo(c.Data)
	if !ok {
		c.Data = data[:before]
		return false
	}
	c.Data = data
	c.Ends = append(c.Ends, int32(len(data)))
	r.size += len(data) - before
	c.valid()
	return true
}

// SetString sets a cell of the unfinished row in a column of text.
func (r *Rows) SetString(col int, v string) {
	r.SetBytes(col, func(dst []byte) ([]byte, bool) { return append(dst, v...), true })
}

func (c *Column) valid() {
	if c.n>>3 >= len(c.Valid) {
		c.Valid = append(c.Valid, 0)
	}
	c.Valid[c.n>>3] |= 1 << (c.n & 7)
	c.n++
	c.set++
}

// pad appends NULLs up to n cells.
func (c *Column) pad(n int) {
	missing := n - c.n
	if missing <= 0 {
		return
	}
	switch {
	case c.Type == table.Float:
		c.Floats = zeros(c.Floats, missing)
	case c.Type.UTF8():
		for range missing {
			c.Ends = append(c.Ends, int32(len(c.Data)))
		}
	default:
		c.Ints = zeros(c.Ints, missing)
	}
	c.n = n
	c.Valid = zeros(c.Valid, (n+7)>>3-len(c.Valid))
}

// zeros appends n zeros.
func zeros[T any](to []T, n int) []T {
	to = slices.Grow(to, n)[:len(to)+n]
	clear(to[len(to)-n:])
	return to
}

func (c *Column) truncate(n int) {
	for ; c.n > n; c.n-- {
		i := c.n - 1
		if bit := byte(1) << (i & 7); c.Valid[i>>3]&bit != 0 {
			c.Valid[i>>3] &^= bit
			c.set--
		}
	}
	switch {
	case c.Type == table.Float:
		c.Floats = c.Floats[:c.n]
	case c.Type.UTF8():
		c.Ends = c.Ends[:c.n+1]
		c.Data = c.Data[:c.Ends[c.n]]
	default:
		c.Ints = c.Ints[:c.n]
	}
	c.Valid = c.Valid[:(c.n+7)>>3]
}

func (c *Column) reset() {
	*c = Column{Type: c.Type, Ints: c.Ints[:0], Floats: c.Floats[:0], Data: c.Data[:0], Ends: append(c.Ends[:0], 0), Valid: c.Valid[:0]}
}
