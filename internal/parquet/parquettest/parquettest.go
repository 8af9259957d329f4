// Package parquettest reads back, by Arrow's reader, the files that tests have written.
package parquettest

import (
	"context"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
)

// Rows returns the names of a file's columns, and its cells: nil for NULL, days and
// microseconds since 1970 for dates and times.
func Rows(t testing.TB, in *file.Reader) (names []string, rows [][]any) {
	t.Helper()
	reader, err := pqarrow.NewFileReader(in, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	all, err := reader.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	for range all.NumRows() {
		rows = append(rows, make([]any, all.NumCols()))
	}
	for col := range int(all.NumCols()) {
		names = append(names, all.Schema().Field(col).Name)
		at := 0
		for _, chunk := range all.Column(col).Data().Chunks() {
			for i := range chunk.Len() {
				rows[at][col] = cell(t, chunk, i)
				at++
			}
		}
	}
	return names, rows
}

func cell(t testing.TB, a arrow.Array, i int) any {
	t.Helper()
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Int64:
		return a.Value(i)
	case *array.Float64:
		return a.Value(i)
	case *array.Boolean:
		return a.Value(i)
	case *array.String:
		return a.Value(i)
	case *array.Binary: // what Arrow reads annotated JSON as
		return string(a.Value(i))
	case *array.Date32:
		return int64(a.Value(i))
	case *array.Timestamp:
		return int64(a.Value(i))
	}
	t.Fatalf("a column of %s", a.DataType())
	return nil
}
