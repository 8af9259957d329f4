package stages

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"snowdrift/internal/table"
)

// everyType has a column of each type, and one that no file carries.
var everyType = &table.Table{Name: "every_type", Columns: []table.Column{
	{Name: "id", Type: table.Int}, {Name: "flag", Type: table.Bool}, {Name: "ratio", Type: table.Float},
	{Name: "title", Type: table.Text}, {Name: "loaded", Type: table.Timestamp, Source: table.FromLoad},
	{Name: "day", Type: table.Date}, {Name: "at", Type: table.Timestamp}, {Name: "doc", Type: table.JSON}, {Name: "tags", Type: table.List},
}}

// model is what Rows must behave like: complete rows and the unfinished one, a
// nil cell being NULL.
type model struct {
	*testing.T
	rows [][]any
	open []any
}

func newModel(t *testing.T, r *Rows) *model { return &model{T: t, open: make([]any, len(r.Columns))} }

// set does to both what the flattener does: a value into a cell. The first
// value counts.
func (m *model) set(r *Rows, rnd *rand.Rand) {
	col := rnd.IntN(len(r.Columns) - 1)
	if r.Has(col) != (m.open[col] != nil) {
		m.Errorf("column %d: Has says %t", col, r.Has(col))
	}
	var v any
	switch r.Columns[col].Type {
	case table.Float:
		v = rnd.NormFloat64()
		r.SetFloat(col, v.(float64))
	case table.Text, table.JSON, table.List:
		v = fmt.Sprintf("%0*d", rnd.IntN(20), rnd.IntN(9))
		if rnd.IntN(4) == 0 { // the value turns out not to fit when half of it is written
			was := m.open[col] != nil
			if r.SetBytes(col, func(dst []byte) ([]byte, bool) { return append(dst, "half"...), false }) != was {
				m.Errorf("column %d: SetBytes did not report what appendTo did", col)
			}
			return
		}
		r.SetString(col, v.(string))
	default:
		v = rnd.Int64()
		r.SetInt(col, v.(int64))
	}
	if m.open[col] == nil {
		m.open[col] = v
	}
	if !r.Has(col) {
		m.Errorf("column %d: the cell was set", col)
	}
}

func (m *model) end(r *Rows, seq int64) {
	r.End(seq)
	m.open[len(m.open)-1] = seq
	m.rows = append(m.rows, m.open)
	m.open = make([]any, len(m.open))
}

func (m *model) truncate(r *Rows, n int) {
	r.Truncate(n)
	m.rows, m.open = m.rows[:n], make([]any, len(m.open))
}

// check compares after Pad, which must not change what the rows say.
func (m *model) check(r *Rows) error {
	r.Pad()
	if r.Len() != len(m.rows) {
		return fmt.Errorf("%d rows, want %d", r.Len(), len(m.rows))
	}
	text := 0
	for col := range r.Columns {
		c, nulls := &r.Columns[col], 0
		for row := range m.rows {
			if got, want := cell(c, row), m.rows[row][col]; got != want {
				return fmt.Errorf("column %d row %d: %v, want %v", col, row, got, want)
			}
			if m.rows[row][col] == nil {
				nulls++
			}
		}
		if c.Nulls != nulls {
			return fmt.Errorf("column %d: %d NULLs, want %d", col, c.Nulls, nulls)
		}
		if len(c.Valid) != (r.Len()+7)/8 {
			return fmt.Errorf("column %d: %d bytes of validity for %d rows", col, len(c.Valid), r.Len())
		}
		text += len(c.Data)
	}
	if r.Size() != text+8*r.Len() {
		return fmt.Errorf("size %d, want %d", r.Size(), text+8*r.Len())
	}
	return nil
}

func cell(c *Column, row int) any {
	if c.Valid[row>>3]>>(row&7)&1 == 0 {
		return nil
	}
	switch c.Type {
	case table.Float:
		return c.Floats[row]
	case table.Text, table.JSON, table.List:
		return string(c.Data[c.Ends[row]:c.Ends[row+1]])
	}
	return c.Ints[row]
}

// Random sequences of what the stages do to rows leave what a plain list of
// rows would hold.
func TestRowsBehaveLikeAListOfRows(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := NewRows(everyType)
		m := newModel(t, r)
		for step := range 400 {
			switch n := rnd.IntN(100); {
			case n < 70:
				m.set(r, rnd)
			case n < 92:
				m.end(r, int64(step))
			case n < 95:
				m.truncate(r, rnd.IntN(len(m.rows)+1))
			case n < 99: // rows are looked at between issues only
				m.truncate(r, len(m.rows))
				if err := m.check(r); err != nil {
					t.Fatalf("seed %d step %d: %v", seed, step, err)
				}
			default:
				r.Reset()
				m = newModel(t, r)
			}
		}
		m.truncate(r, len(m.rows))
		if err := m.check(r); err != nil {
			t.Fatalf("seed %d at the end: %v", seed, err)
		}
	}
}

func TestRowsHaveTheStagedColumnsAndASequenceNumber(t *testing.T) {
	var types []table.Type
	for _, c := range NewRows(everyType).Columns {
		types = append(types, c.Type)
	}
	want := []table.Type{table.Int, table.Bool, table.Float, table.Text, table.Date, table.Timestamp, table.JSON, table.List, table.Int}
	if !slices.Equal(types, want) {
		t.Errorf("got %v, want %v", types, want)
	}
}

func TestLastInt(t *testing.T) {
	r := NewRows(everyType)
	if got := r.LastInt(0); got != 0 {
		t.Errorf("without rows: %d", got)
	}
	r.SetInt(0, 7)
	if got := r.LastInt(0); got != 0 {
		t.Errorf("the row is not complete: %d", got)
	}
	r.End(1)
	if got := r.LastInt(0); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
	r.End(2)
	if got := r.LastInt(0); got != 0 {
		t.Errorf("the last cell is NULL: %d", got)
	}
}

// The memory is kept: filling rows again costs nothing.
func TestResetKeepsTheMemory(t *testing.T) {
	r := NewRows(everyType)
	fill := func() {
		r.Reset()
		for i := range int64(100) {
			r.SetInt(0, i)
			r.SetFloat(2, float64(i))
			r.SetString(3, "some text")
			r.End(i)
		}
		r.Pad()
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
