package batch

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// arrowTypes are the Arrow types of our column types.
var arrowTypes = map[table.Type]arrow.DataType{
	table.Bool:      arrow.FixedWidthTypes.Boolean,
	table.Int:       arrow.PrimitiveTypes.Int64,
	table.Float:     arrow.PrimitiveTypes.Float64,
	table.Text:      arrow.BinaryTypes.String,
	table.Date:      arrow.FixedWidthTypes.Date32,
	table.Timestamp: arrow.FixedWidthTypes.Timestamp_us,
	table.JSON:      arrow.BinaryTypes.String,
	table.List:      arrow.BinaryTypes.String,
}

// Schema returns the Arrow schema of the files of t: its staged columns, then
// the sequence number.
func Schema(t *table.Table) *arrow.Schema {
	var fields []arrow.Field
	for _, c := range t.Staged() {
		fields = append(fields, arrow.Field{Name: c.Name, Type: arrowTypes[c.Type], Nullable: true})
	}
	fields = append(fields, arrow.Field{Name: table.Seq, Type: arrowTypes[table.Int], Nullable: true})
	return arrow.NewSchema(fields, nil)
}

// wrapper wraps rows of one table as Arrow records, one after the other. What
// surrounds the cells of a column is made once.
type wrapper struct {
	schema  *arrow.Schema
	columns []wrapped
	arrays  []arrow.Array // scratch
}

// wrapped is a column of rows as Arrow data.
type wrapped struct {
	typ                table.Type
	data               *array.Data
	valid, ends, cells memory.Buffer
	layout             []*memory.Buffer
	days               []int32 // cells that Arrow packs tighter than our rows
	bits               []byte
	part               []byte // validity of rows that are not the first ones
}

func newWrapper(t *table.Table) *wrapper {
	schema, staged := Schema(t), t.Staged()
	w := &wrapper{schema: schema, columns: make([]wrapped, schema.NumFields()), arrays: make([]arrow.Array, schema.NumFields())}
	for i := range w.columns {
		c := &w.columns[i]
		c.typ = table.Int
		if i < len(staged) {
			c.typ = staged[i].Type
		}
		c.layout = []*memory.Buffer{&c.valid, &c.cells}
		if c.typ.UTF8() {
			c.layout = []*memory.Buffer{&c.valid, &c.ends, &c.cells}
		}
		c.data = array.NewData(schema.Field(i).Type, 0, c.layout, nil, 0, 0)
	}
	return w
}

// record returns the rows from…to as an Arrow record. The cells are not copied, but
// for booleans and dates: the record must not be used after the rows were reset, or
// the next record was made.
func (w *wrapper) record(rows *stages.Rows, from, to int) (arrow.Record, error) {
	if len(rows.Columns) != len(w.columns) {
		return nil, fmt.Errorf("rows of %d columns do not fit a file of %d", len(rows.Columns), len(w.columns))
	}
	rows.Pad()
	for i := range w.columns {
		wrapped, column := &w.columns[i], &rows.Columns[i]
		if column.Type != wrapped.typ {
			return nil, fmt.Errorf("column %s: cells of %v do not fit a file's of %v", w.schema.Field(i).Name, column.Type, wrapped.typ)
		}
		nulls := column.Nulls
		if to-from < rows.Len() {
			nulls = array.UnknownNullCount
		}
		wrapped.wrap(column, from, to)
		wrapped.data.Reset(w.schema.Field(i).Type, to-from, wrapped.layout, nil, nulls, 0)
		w.arrays[i] = array.MakeFromData(wrapped.data)
	}
	return array.NewRecord(w.schema, w.arrays, int64(to-from)), nil
}

// wrap points the buffers of a column at its cells from…to, as Arrow lays them out.
func (w *wrapped) wrap(c *stages.Column, from, to int) {
	w.valid.Reset(w.validity(c, from, to))
	switch {
	case c.Type.UTF8():
		w.ends.Reset(arrow.Int32Traits.CastToBytes(c.Ends[from : to+1]))
		w.cells.Reset(c.Data)
	case c.Type == table.Float:
		w.cells.Reset(arrow.Float64Traits.CastToBytes(c.Floats[from:to]))
	case c.Type == table.Date:
		w.days = w.days[:0]
		for _, n := range c.Ints[from:to] {
			w.days = append(w.days, int32(n))
		}
		w.cells.Reset(arrow.Int32Traits.CastToBytes(w.days))
	case c.Type == table.Bool:
		w.bits = w.bits[:0]
		for i, n := range c.Ints[from:to] {
			if i&7 == 0 {
				w.bits = append(w.bits, 0)
			}
			w.bits[i>>3] |= byte(n&1) << (i & 7)
		}
		w.cells.Reset(w.bits)
	default:
		w.cells.Reset(arrow.Int64Traits.CastToBytes(c.Ints[from:to]))
	}
}

// validity returns the validity bitmap of the cells from…to. It begins with a whole
// byte, so it is a copy if they do not.
func (w *wrapped) validity(c *stages.Column, from, to int) []byte {
	if from&7 == 0 {
		return c.Valid[from>>3 : (to+7)>>3]
	}
	w.part = w.part[:0]
	for i := from; i < to; i += 8 {
		next := c.Valid[i>>3] >> (i & 7)
		if i>>3+1 < len(c.Valid) {
			next |= c.Valid[i>>3+1] << (8 - i&7)
		}
		w.part = append(w.part, next)
	}
	return w.part
}
