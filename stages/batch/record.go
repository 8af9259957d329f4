package batch

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// arrowTypes are the Arrow types of our column types. Times are marked as UTC,
// which Parquet writes as isAdjustedToUTC: DuckDB reads an instant, Snowflake a
// TIMESTAMP_LTZ (SNOWFLAKE_FACTS §4.3).
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

// record wraps rows as an Arrow record. The cells are not copied, but for
// booleans and dates, which Arrow packs tighter: the record must not be used
// after the rows were reset.
func record(schema *arrow.Schema, rows *stages.Rows) arrow.Record {
	rows.Pad()
	cols := make([]arrow.Array, len(rows.Columns))
	for i := range rows.Columns {
		c := &rows.Columns[i]
		data := array.NewData(schema.Field(i).Type, rows.Len(), buffers(c), nil, c.Nulls, 0)
		cols[i] = array.MakeFromData(data)
		data.Release()
	}
	return array.NewRecord(schema, cols, int64(rows.Len()))
}

// buffers returns the buffers of a column as Arrow lays them out: validity,
// then cells, for text with the ends of the cells between.
func buffers(c *stages.Column) []*memory.Buffer {
	valid := memory.NewBufferBytes(c.Valid)
	switch c.Type {
	case table.Text, table.JSON, table.List:
		return []*memory.Buffer{valid, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.Ends)), memory.NewBufferBytes(c.Data)}
	case table.Float:
		return []*memory.Buffer{valid, memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(c.Floats))}
	case table.Date:
		days := make([]int32, len(c.Ints))
		for i, n := range c.Ints {
			days[i] = int32(n)
		}
		return []*memory.Buffer{valid, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(days))}
	case table.Bool:
		bits := make([]byte, (len(c.Ints)+7)/8)
		for i, n := range c.Ints {
			bits[i>>3] |= byte(n&1) << (i & 7)
		}
		return []*memory.Buffer{valid, memory.NewBufferBytes(bits)}
	}
	return []*memory.Buffer{valid, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(c.Ints))}
}
