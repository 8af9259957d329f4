package batch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/parquet-go/parquet-go"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// rowGroupBytes is the size of the cells at which a row group is closed. Who
// writes a file and who reads it hold one row group of each table in memory:
// issues, which carry _raw, get most of it.
func rowGroupBytes(t *table.Table) int {
	if t.Role == table.Issue {
		return 8 << 20
	}
	return 2 << 20
}

// file is a Parquet file being written.
type file struct {
	stages.File
	out     *os.File
	rows    *wrapper
	writer  *parquet.GenericWriter[any]
	columns []*parquet.ColumnWriter
	pending int             // bytes of cells in the open row group
	cells   []parquet.Value // scratch
}

func create(t *table.Table, opts Options, number int) (*file, error) {
	path := filepath.Join(opts.Dir, fmt.Sprintf("%s-%s-%05d.parquet", opts.Prefix, t.Name, number))
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create Parquet file: %w", err)
	}
	writer := parquet.NewGenericWriter[any](out, options(t, opts.Format)...)
	return &file{File: stages.File{Table: t, Path: path}, out: out, rows: newWrapper(t), writer: writer, columns: writer.ColumnWriters()}, nil
}

// write appends rows to the open row group, and closes it when it is full. The
// library panics where it might return an error.
func (f *file) write(rows *stages.Rows) (err error) {
	defer recovered(&err)
	record, err := f.rows.record(rows)
	if err != nil {
		return err
	}
	defer record.Release()
	for i, column := range record.Columns() {
		if err := f.append(i, column); err != nil {
			return fmt.Errorf("column %s: %w", record.ColumnName(i), err)
		}
	}
	f.Rows += record.NumRows()
	if f.pending += rows.Size(); f.pending >= rowGroupBytes(f.Table) {
		f.pending = 0
		return f.writer.Flush()
	}
	return nil
}

// recovered makes an error of a panic.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("parquet: %v", p)
	}
}

// append appends the cells of an Arrow array to a column of the open row group.
func (f *file) append(column int, cells arrow.Array) error {
	switch a := cells.(type) {
	case *array.Int64:
		return appendCells(f, column, a, a.Int64Values(), parquet.Int64Value)
	case *array.Timestamp:
		return appendCells(f, column, a, a.TimestampValues(), func(t arrow.Timestamp) parquet.Value { return parquet.Int64Value(int64(t)) })
	case *array.Date32:
		return appendCells(f, column, a, a.Date32Values(), func(d arrow.Date32) parquet.Value { return parquet.Int32Value(int32(d)) })
	case *array.Float64:
		return appendCells(f, column, a, a.Float64Values(), parquet.DoubleValue)
	case *array.Boolean:
		f.cells = f.cells[:0]
		valid := a.NullBitmapBytes()
		for i := range a.Len() {
			f.cells = append(f.cells, cell(valid, i, column, parquet.BooleanValue(a.Value(i))))
		}
		return f.flush(column)
	case *array.String:
		return f.appendTexts(column, a)
	}
	return fmt.Errorf("no way to write cells of %v", cells.DataType())
}

// appendCells appends cells of a fixed width.
func appendCells[T any](f *file, column int, a arrow.Array, cells []T, value func(T) parquet.Value) error {
	f.cells = f.cells[:0]
	valid := a.NullBitmapBytes()
	for i, c := range cells {
		f.cells = append(f.cells, cell(valid, i, column, value(c)))
	}
	return f.flush(column)
}

// appendTexts appends texts, textBytes at a time: the writer ends a page only
// between two calls.
func (f *file) appendTexts(column int, a *array.String) error {
	f.cells = f.cells[:0]
	valid, text, ends, began := a.NullBitmapBytes(), a.ValueBytes(), a.ValueOffsets(), int32(0)
	for i := range a.Len() {
		f.cells = append(f.cells, cell(valid, i, column, parquet.ByteArrayValue(text[ends[i]:ends[i+1]])))
		if ends[i+1]-began >= textBytes {
			if err := f.flush(column); err != nil {
				return err
			}
			f.cells, began = f.cells[:0], ends[i+1]
		}
	}
	return f.flush(column)
}

// cell places a value in its column, or NULL where the validity bitmap says so.
func cell(valid []byte, i, column int, v parquet.Value) parquet.Value {
	if valid[i>>3]>>(i&7)&1 == 0 {
		return parquet.NullValue().Level(0, 0, column)
	}
	return v.Level(0, 1, column)
}

// flush hands the cells to the column's writer.
func (f *file) flush(column int) error {
	_, err := f.columns[column].WriteRowValues(f.cells)
	return err
}

// size returns the bytes on disk and about those of the open row group.
func (f *file) size() int64 { return f.writer.Size() }

// discard closes and removes a file that is not complete. It may have been
// closed before.
func (f *file) discard() error {
	err := f.out.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, remove(f.Path))
}

// close ends the file and returns it.
func (f *file) close() (done stages.File, err error) {
	defer recovered(&err)
	if err := f.writer.Close(); err != nil {
		return done, err
	}
	if err := f.out.Close(); err != nil {
		return done, err
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return done, err
	}
	f.Bytes = info.Size()
	return f.File, nil
}
