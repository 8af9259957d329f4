package snowflaketest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/translate"
)

// arrowRowset encodes rows as a base64 Arrow stream with Snowflake's conventions
// (facts part 3.2): scaled integers for NUMBER, seconds and nanoseconds in structs
// for timestamps. The driver's values differ by format: a FLOAT is a float64 from
// Arrow and a text from JSON.
func arrowRowset(columns []translate.Column, rows [][]*string) (string, error) {
	fields := make([]arrow.Field, len(columns))
	for i, c := range columns {
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Type, rows, i), Nullable: true, Metadata: arrow.MetadataFrom(map[string]string{
			"logicalType": strings.ToUpper(c.Type.Kind.Wire()), "precision": strconv.Itoa(c.Type.Precision), "scale": strconv.Itoa(c.Type.Scale),
			"charLength": strconv.Itoa(c.Type.Length), "byteLength": strconv.Itoa(c.Type.Length), "finalType": "T",
		})}
	}
	schema := arrow.NewSchema(fields, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	defer b.Release()
	for _, row := range rows {
		for i, cell := range row {
			if cell == nil {
				b.Field(i).AppendNull()
				continue
			}
			if err := appendCell(b.Field(i), columns[i].Type, *cell); err != nil {
				return "", fmt.Errorf("column %s: %q as Arrow: %w", columns[i].Name, *cell, err)
			}
		}
	}
	record := b.NewRecordBatch()
	defer record.Release()
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(schema))
	if err := w.Write(record); err != nil {
		return "", fmt.Errorf("write Arrow: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("write Arrow: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// arrowType is the Arrow type of column i: a NUMBER is an integer of 64 bits when
// all its values are, as Snowflake decides by what is in the result.
func arrowType(t sqltype.Type, rows [][]*string, i int) arrow.DataType {
	epoch := []arrow.Field{{Name: "epoch", Type: arrow.PrimitiveTypes.Int64}, {Name: "fraction", Type: arrow.PrimitiveTypes.Int32}}
	switch t.Kind {
	case sqltype.Number:
		for _, row := range rows {
			if row[i] != nil && len(*row[i]) > 18 {
				return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
			}
		}
		return arrow.PrimitiveTypes.Int64
	case sqltype.Float:
		return arrow.PrimitiveTypes.Float64
	case sqltype.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case sqltype.Binary:
		return arrow.BinaryTypes.Binary
	case sqltype.Date:
		return arrow.FixedWidthTypes.Date32
	case sqltype.Time:
		return arrow.PrimitiveTypes.Int64
	case sqltype.TimestampNTZ, sqltype.TimestampLTZ:
		return arrow.StructOf(epoch...)
	case sqltype.TimestampTZ:
		return arrow.StructOf(append(epoch, arrow.Field{Name: "timezone", Type: arrow.PrimitiveTypes.Int32})...)
	}
	return arrow.BinaryTypes.String
}

// appendCell reads a cell in the JSON format's text form.
func appendCell(b array.Builder, t sqltype.Type, cell string) error {
	switch b := b.(type) {
	case *array.Int64Builder:
		if t.Kind == sqltype.Time {
			seconds, nanos, err := splitSeconds(cell)
			b.Append(seconds*1e9 + int64(nanos))
			return err
		}
		n, err := strconv.ParseInt(strings.Replace(cell, ".", "", 1), 10, 64)
		b.Append(n)
		return err
	case *array.Decimal128Builder:
		n, ok := new(big.Int).SetString(strings.Replace(cell, ".", "", 1), 10)
		if !ok {
			return strconv.ErrSyntax
		}
		b.Append(decimal128.FromBigInt(n))
	case *array.Float64Builder:
		f, err := strconv.ParseFloat(cell, 64)
		b.Append(f)
		return err
	case *array.BooleanBuilder:
		b.Append(cell == "1")
	case *array.BinaryBuilder:
		v, err := hex.DecodeString(cell)
		b.Append(v)
		return err
	case *array.Date32Builder:
		n, err := strconv.ParseInt(cell, 10, 32)
		b.Append(arrow.Date32(n))
		return err
	case *array.StructBuilder:
		return appendTimestamp(b, cell)
	case *array.StringBuilder:
		b.Append(cell)
	default:
		return fmt.Errorf("no encoding for %T", b)
	}
	return nil
}

func appendTimestamp(b *array.StructBuilder, cell string) error {
	at, offset, zoned := strings.Cut(cell, " ")
	seconds, nanos, err := splitSeconds(at)
	if err != nil {
		return err
	}
	values := []int64{seconds, int64(nanos)}
	if zoned {
		n, err := strconv.ParseInt(offset, 10, 32)
		if err != nil {
			return err
		}
		values = append(values, n)
	}
	b.Append(true)
	for i, v := range values {
		switch f := b.FieldBuilder(i).(type) {
		case *array.Int64Builder:
			f.Append(v)
		case *array.Int32Builder:
			f.Append(int32(v))
		}
	}
	return nil
}

// splitSeconds reads "1711677599.123456000".
func splitSeconds(s string) (seconds int64, nanos int32, err error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if seconds, err = strconv.ParseInt(whole, 10, 64); err != nil {
		return 0, 0, err
	}
	n, err := strconv.ParseInt(fraction, 10, 32)
	return seconds, int32(n), err
}
