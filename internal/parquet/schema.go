package parquet

import (
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Column describes a column of a file. Every column can hold NULL.
type Column struct {
	Name string
	// Type is that of the column in records: Boolean, Int64, Float64, Date32,
	// Timestamp_us (which is UTC) or String.
	Type arrow.DataType
	// JSON annotates texts as JSON documents.
	JSON bool
	// Dictionary is the number of bytes of different texts up to which they are
	// written once, in each row group; 0: no dictionary.
	Dictionary int
	// Bounds has row groups tell the least and the greatest cell, but of texts.
	Bounds bool
	// PageBytes is the size before compression at which a page ends.
	PageBytes int
	Codec     Codec
}

// element returns the column's place in the schema of a file.
func (c *Column) element() (format.SchemaElement, error) {
	e := format.SchemaElement{Name: c.Name, RepetitionType: thrift.New(format.Optional)}
	annotated := func(physical format.Type, logical format.LogicalTypeValue, converted deprecated.ConvertedType) {
		e.Type, e.LogicalType.Value, e.ConvertedType = thrift.New(physical), logical, thrift.New(converted)
	}
	switch t := c.Type; {
	case arrow.TypeEqual(t, arrow.FixedWidthTypes.Boolean):
		e.Type = thrift.New(format.Boolean)
	case arrow.TypeEqual(t, arrow.PrimitiveTypes.Float64):
		e.Type = thrift.New(format.Double)
	case arrow.TypeEqual(t, arrow.PrimitiveTypes.Int64):
		annotated(format.Int64, &format.IntType{BitWidth: 64, IsSigned: true}, deprecated.Int64)
	case arrow.TypeEqual(t, arrow.FixedWidthTypes.Date32):
		annotated(format.Int32, &format.DateType{}, deprecated.Date)
	case arrow.TypeEqual(t, arrow.FixedWidthTypes.Timestamp_us):
		unit := format.TimeUnit{Value: &format.MicroSeconds{}}
		annotated(format.Int64, &format.TimestampType{IsAdjustedToUTC: true, Unit: unit}, deprecated.TimestampMicros)
	case arrow.TypeEqual(t, arrow.BinaryTypes.String) && c.JSON:
		annotated(format.ByteArray, &format.JsonType{}, deprecated.Json)
	case arrow.TypeEqual(t, arrow.BinaryTypes.String):
		annotated(format.ByteArray, &format.StringType{}, deprecated.UTF8)
	default:
		return e, fmt.Errorf("no way to write cells of %v", t)
	}
	return e, nil
}

// rootOf returns the first element of a schema, which stands for a whole row.
func rootOf(columns int) format.SchemaElement {
	return format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(columns))}
}
