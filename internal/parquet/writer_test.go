package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/file"
	other "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"snowdrift/internal/parquet/parquettest"
)

// everyType has a column of each type, and of texts one in each way of writing them.
func everyType(t *testing.T, pageBytes int) []Column {
	zstd, err := NewZstd(1 << 16)
	if err != nil {
		t.Fatal(err)
	}
	columns := []Column{
		{Name: "int", Type: arrow.PrimitiveTypes.Int64, Bounds: true},
		{Name: "bool", Type: arrow.FixedWidthTypes.Boolean, Bounds: true},
		{Name: "float", Type: arrow.PrimitiveTypes.Float64, Bounds: true},
		{Name: "date", Type: arrow.FixedWidthTypes.Date32, Bounds: true},
		{Name: "time", Type: arrow.FixedWidthTypes.Timestamp_us, Bounds: true},
		{Name: "text", Type: arrow.BinaryTypes.String, Bounds: true},
		{Name: "few", Type: arrow.BinaryTypes.String, Dictionary: 1 << 20},
		{Name: "many", Type: arrow.BinaryTypes.String, Dictionary: 1 << 10},
		{Name: "json", Type: arrow.BinaryTypes.String, JSON: true},
		{Name: "null", Type: arrow.BinaryTypes.String, Dictionary: 1 << 10},
	}
	for i := range columns {
		columns[i].PageBytes, columns[i].Codec = pageBytes, []Codec{Snappy(), zstd}[i%2]
	}
	return columns
}

// some returns a record of n rows: of the cells of a column none, some or all are
// NULL. It appends the rows to want.
func some(rnd *rand.Rand, columns []Column, n int, want [][]any) (arrow.Record, [][]any) {
	var fields []arrow.Field
	for _, c := range columns {
		fields = append(fields, arrow.Field{Name: c.Name, Type: c.Type, Nullable: true})
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
	defer b.Release()
	at := len(want)
	for range n {
		want = append(want, make([]any, len(columns)))
	}
	for i, c := range columns {
		nulls := []float64{0, 0.4, 1}[rnd.IntN(3)]
		for row := range n {
			if rnd.Float64() < nulls || c.Name == "null" {
				b.Field(i).AppendNull()
				continue
			}
			want[at+row][i] = appendAny(rnd, b.Field(i), c)
		}
	}
	return b.NewRecord(), want
}

// appendAny appends some cell and returns it.
func appendAny(rnd *rand.Rand, b array.Builder, c Column) any {
	n := []int64{math.MinInt64, math.MaxInt64, 0, -1, rnd.Int64()}[rnd.IntN(5)]
	switch b := b.(type) {
	case *array.Int64Builder:
		b.Append(n)
		return n
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(n))
		return n
	case *array.Date32Builder:
		b.Append(arrow.Date32(int32(n)))
		return int64(int32(n))
	case *array.BooleanBuilder:
		b.Append(n < 0)
		return n < 0
	case *array.Float64Builder:
		x := []float64{0, math.Copysign(0, -1), math.Inf(1), 5e-324, rnd.NormFloat64()}[rnd.IntN(5)]
		b.Append(x)
		return x
	case *array.StringBuilder:
		text := []string{"", "\x00", "é😀", fmt.Sprint("text ", rnd.IntN(9)), fmt.Sprint(rnd.Int64()), strings.Repeat("long ", rnd.IntN(200))}[rnd.IntN(6)]
		if c.Name == "few" {
			text = fmt.Sprint(rnd.IntN(5))
		}
		b.Append(text)
		return text
	}
	return nil
}

// written returns a file of records of the sizes, those of a group in a row group,
// and its rows.
func written(t *testing.T, rnd *rand.Rand, columns []Column, groups ...[]int) (text []byte, want [][]any) {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, sizes := range groups {
		for _, n := range sizes {
			var r arrow.Record
			r, want = some(rnd, columns, n, want)
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
			r.Release()
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Size() != int64(out.Len()) {
		t.Errorf("%d bytes, the writer says %d", out.Len(), w.Size())
	}
	return out.Bytes(), want
}

// What is written comes back by two readers, whatever the sizes of records, pages,
// dictionaries and row groups.
func TestWhatIsWrittenComesBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, pageBytes := range []int{1, 100, 5000, 1 << 20} {
		columns := everyType(t, pageBytes)
		for name, groups := range map[string][][]int{
			"nothing":    nil,
			"one row":    {{1}},
			"row groups": {{1, 0, 7, 8, 9, 1}, {300}, {64, 1000, 5}},
		} {
			t.Run(fmt.Sprint(name, " ", pageBytes), func(t *testing.T) {
				text, want := written(t, rnd, columns, groups...)
				if got := readByArrow(t, text); !reflect.DeepEqual(got, want) {
					t.Errorf("Arrow reads otherwise: %v", firstDifference(got, want))
				}
				if got := readByOther(t, text, len(columns)); !reflect.DeepEqual(got, want) {
					t.Errorf("parquet-go reads otherwise: %v", firstDifference(got, want))
				}
			})
		}
	}
}

func firstDifference(got, want [][]any) string {
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Sprintf("row %d: got %q, want %q", i, got[i], want[i])
		}
	}
	return fmt.Sprintf("%d rows, want %d", len(got), len(want))
}

func readByArrow(t *testing.T, text []byte) (rows [][]any) {
	t.Helper()
	_, rows = parquettest.Rows(t, opened(t, text))
	return rows
}

func opened(t *testing.T, text []byte) *file.Reader {
	t.Helper()
	in, err := file.NewParquetReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

func readByOther(t *testing.T, text []byte, columns int) (rows [][]any) {
	t.Helper()
	in, err := other.OpenFile(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range in.RowGroups() {
		read := group.Rows()
		batch := make([]other.Row, 100)
		for {
			n, err := read.ReadRows(batch)
			for _, row := range batch[:n] {
				cells := make([]any, columns)
				for i, v := range row {
					cells[i] = plainValue(v)
				}
				rows = append(rows, cells)
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := read.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

func plainValue(v other.Value) any {
	switch {
	case v.IsNull():
		return nil
	case v.Kind() == other.Boolean:
		return v.Boolean()
	case v.Kind() == other.Int32:
		return int64(v.Int32())
	case v.Kind() == other.Int64:
		return v.Int64()
	case v.Kind() == other.Double:
		return v.Double()
	}
	return string(v.ByteArray())
}

// What footers and pages say of the cells holds, and no page is in an encoding that
// a reader of version 1 does not know.
func TestWhatTheFooterSays(t *testing.T) {
	columns := everyType(t, 2000)
	text, want := written(t, rand.New(rand.NewPCG(3, 4)), columns, []int{500, 31}, []int{200})
	in := opened(t, text)
	var rows, begins int64
	for g := range in.NumRowGroups() {
		group := in.MetaData().RowGroup(g)
		rows += group.NumRows()
		part := want[begins:rows]
		begins = rows
		for i, c := range columns {
			chunk, err := group.ColumnChunk(i)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range chunk.Encodings() {
				if e != parquet.Encodings.Plain && e != parquet.Encodings.RLE && e != parquet.Encodings.RLEDict {
					t.Errorf("%s: %v", c.Name, e)
				}
			}
			stats, err := chunk.Statistics()
			if err != nil {
				t.Fatal(err)
			}
			nulls := int64(0)
			for _, row := range part {
				if row[i] == nil {
					nulls++
				}
			}
			if !stats.HasNullCount() || stats.NullCount() != nulls || chunk.NumValues() != group.NumRows() {
				t.Errorf("%s: %d NULL of %d, want %d of %d", c.Name, stats.NullCount(), chunk.NumValues(), nulls, group.NumRows())
			}
			numbers := c.Type != arrow.BinaryTypes.String && c.Type != arrow.FixedWidthTypes.Boolean
			if known := numbers && nulls < group.NumRows(); stats.HasMinMax() != known {
				t.Errorf("%s: bounds %v, want %v", c.Name, stats.HasMinMax(), known)
			}
		}
	}
	if rows != int64(len(want)) || rows != in.NumRows() {
		t.Errorf("%d rows, want %d", rows, len(want))
	}
}

// Few texts get no dictionary, more that repeat do, in each row group anew.
func TestDictionariesThatPay(t *testing.T) {
	columns := []Column{{Name: "text", Type: arrow.BinaryTypes.String, Dictionary: 1 << 20, PageBytes: 1 << 16, Codec: Snappy()}}
	var out bytes.Buffer
	w, err := NewWriter(&out, columns)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{20, 2000, 20} {
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for i := range n {
			b.Append([]string{"to do", "in progress", "done"}[i%3])
		}
		schema := arrow.NewSchema([]arrow.Field{{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true}}, nil)
		if err := w.Write(array.NewRecord(schema, []arrow.Array{b.NewArray()}, int64(n))); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	in := opened(t, out.Bytes())
	for g, want := range []bool{false, true, false} {
		chunk, err := in.MetaData().RowGroup(g).ColumnChunk(0)
		if err != nil {
			t.Fatal(err)
		}
		if chunk.HasDictionaryPage() != want {
			t.Errorf("row group %d: a dictionary %v, want %v", g, chunk.HasDictionaryPage(), want)
		}
	}
}

// Bounds are those of the cells; NaN is beyond any, and a zero is both zeros.
func TestBounds(t *testing.T) {
	le := binary.LittleEndian
	float := func(x float64) []byte { return le.AppendUint64(nil, math.Float64bits(x)) }
	for name, c := range map[string]struct {
		ints        []int64
		floats      []float64
		physical    format.Type
		least, most []byte
	}{
		"nothing":   {nil, nil, format.Int64, nil, nil},
		"integers":  {[]int64{5, -7, math.MaxInt64}, nil, format.Int64, le.AppendUint64(nil, 1<<64-7), le.AppendUint64(nil, math.MaxInt64)},
		"dates":     {[]int64{-5, -7}, nil, format.Int32, le.AppendUint32(nil, 1<<32-7), le.AppendUint32(nil, 1<<32-5)},
		"floats":    {nil, []float64{2, math.NaN(), -1.5}, format.Double, float(-1.5), float(2)},
		"only NaN":  {nil, []float64{math.NaN()}, format.Double, nil, nil},
		"zero":      {nil, []float64{0}, format.Double, float(math.Copysign(0, -1)), float(0)},
		"less zero": {nil, []float64{math.Copysign(0, -1)}, format.Double, float(math.Copysign(0, -1)), float(0)},
	} {
		var b bounds
		for _, n := range c.ints {
			b.int(n)
		}
		for _, x := range c.floats {
			b.float(x)
		}
		if least, most := b.encoded(c.physical); !bytes.Equal(least, c.least) || !bytes.Equal(most, c.most) {
			t.Errorf("%s: %x to %x, want %x to %x", name, least, most, c.least, c.most)
		}
	}
}

// failing is a disk that fails after some bytes.
type failing struct{ left int }

var errDisk = errors.New("no space left")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestAFailingDisk(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	columns := everyType(t, 1000)
	record, _ := some(rnd, columns, 3000, nil)
	defer record.Release()
	for _, left := range []int{0, 1, 70 << 10} {
		w, err := NewWriter(&failing{left}, columns)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err = w.Write(record); err != nil {
				t.Fatal(err)
			}
			if err = w.Flush(); err != nil {
				break
			}
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errDisk) {
			t.Errorf("%d bytes: %v, want %v", left, err, errDisk)
		}
	}
}

func TestWhatDoesNotFitIsRefused(t *testing.T) {
	if _, err := NewWriter(io.Discard, []Column{{Name: "list", Type: arrow.ListOf(arrow.BinaryTypes.String)}}); err == nil {
		t.Error("a column of lists was taken")
	}
	columns := everyType(t, 1000)
	w, err := NewWriter(io.Discard, columns)
	if err != nil {
		t.Fatal(err)
	}
	record, _ := some(rand.New(rand.NewPCG(7, 8)), columns, 20, nil)
	defer record.Release()
	fewer, _ := some(rand.New(rand.NewPCG(7, 8)), columns[1:], 20, nil)
	defer fewer.Release()
	others, _ := some(rand.New(rand.NewPCG(7, 8)), append(columns[1:], columns[0]), 20, nil)
	defer others.Release()
	slice := record.NewSlice(3, 9)
	defer slice.Release()
	for name, r := range map[string]arrow.Record{"fewer columns": fewer, "other columns": others, "a slice": slice} {
		if err := w.Write(r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
