// Package parquet writes Parquet files of flat tables from Arrow records.
//
// It knows no more of the format than such files need: columns that can hold NULL
// and nothing nested, data pages of version 1, and the encodings that every reader
// has had from the start: plain, and a dictionary. In return cells go from Arrow's
// buffers into pages without becoming values on the way, and validity bitmaps become
// definition levels as they are. The structures of the format and their Thrift are
// parquet-go's.
//
// Memory is bounded by the row group: pages are compressed as they fill, and Flush
// sends them to the file.
package parquet

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

const (
	magic   = "PAR1"
	version = 2 // in the footer: readers go by what they find
	creator = "snowdrift"
)

// Writer writes one file. It is for one goroutine, and of no use after an error.
type Writer struct {
	out     *bufio.Writer
	offset  int64 // bytes written
	columns []*column
	rows    int64 // in the open row group
	meta    format.FileMetaData
	scratch scratch
}

// scratch is what columns use in turn.
type scratch struct {
	page       []byte // before compression
	compressed []byte
	dictionary []byte // the page of one
	ones       []byte // a validity bitmap
	thrift     bytes.Buffer
	encoder    *thrift.Encoder
	header     format.PageHeader
}

// encode returns the Thrift of a structure, which is valid until the next call.
func (s *scratch) encode(v any) ([]byte, error) {
	s.thrift.Reset()
	err := s.encoder.Encode(v)
	return s.thrift.Bytes(), err
}

// NewWriter returns a writer of a file of the columns. What it writes to need not
// buffer.
func NewWriter(out io.Writer, columns []Column) (*Writer, error) {
	w := &Writer{out: bufio.NewWriterSize(out, 64<<10)}
	w.scratch.encoder = thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(&w.scratch.thrift))
	w.meta = format.FileMetaData{Version: version, CreatedBy: creator, Schema: []format.SchemaElement{rootOf(len(columns))}}
	for _, c := range columns {
		e, err := c.element()
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		w.meta.Schema = append(w.meta.Schema, e)
		w.meta.ColumnOrders = append(w.meta.ColumnOrders, format.ColumnOrder{Value: &format.TypeDefinedOrder{}})
		w.columns = append(w.columns, newColumn(c, e.Type.V, &w.scratch))
	}
	return w, nil
}

// Write appends the rows of a record to the open row group. It keeps nothing of it.
func (w *Writer) Write(r arrow.Record) error {
	if int(r.NumCols()) != len(w.columns) {
		return fmt.Errorf("a record of %d columns does not fit a file of %d", r.NumCols(), len(w.columns))
	}
	for i, c := range w.columns {
		if err := c.append(r.Column(i)); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	w.rows += r.NumRows()
	return nil
}

// Size returns the bytes that were written and about those that the open row group
// has; of pages that are still open it takes the size before compression.
func (w *Writer) Size() int64 {
	n := w.offset
	for _, c := range w.columns {
		n += int64(c.size())
	}
	return n
}

// Flush writes the open row group, if it has rows, and opens the next.
func (w *Writer) Flush() error {
	if w.rows == 0 {
		return nil
	}
	if err := w.begin(); err != nil {
		return err
	}
	if len(w.meta.RowGroups) > math.MaxInt16 {
		return fmt.Errorf("more than %d row groups in a file", math.MaxInt16)
	}
	group := format.RowGroup{NumRows: w.rows, FileOffset: w.offset, Ordinal: int16(len(w.meta.RowGroups)),
		Columns: make([]format.ColumnChunk, len(w.columns))}
	for i, c := range w.columns {
		dictionary, pages, meta, err := c.end()
		if err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
		if len(dictionary) > 0 {
			meta.DictionaryPageOffset = w.offset
		}
		meta.DataPageOffset = w.offset + int64(len(dictionary))
		if err := w.write(dictionary, pages); err != nil {
			return err
		}
		c.reset()
		group.Columns[i].MetaData = meta
		group.TotalByteSize += meta.TotalUncompressedSize
		group.TotalCompressedSize += meta.TotalCompressedSize
	}
	w.meta.RowGroups = append(w.meta.RowGroups, group)
	w.meta.NumRows += w.rows
	w.rows = 0
	return nil
}

// Close writes the open row group and the footer. It leaves open what the file is
// written to.
func (w *Writer) Close() error {
	if err := w.Flush(); err != nil {
		return err
	}
	if err := w.begin(); err != nil {
		return err
	}
	footer, err := w.scratch.encode(&w.meta)
	if err != nil {
		return err
	}
	end := append(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))), magic...)
	if err := w.write(footer, end); err != nil {
		return err
	}
	return w.out.Flush()
}

// begin writes what a file begins with.
func (w *Writer) begin() error {
	if w.offset > 0 {
		return nil
	}
	return w.write([]byte(magic))
}

func (w *Writer) write(parts ...[]byte) error {
	for _, p := range parts {
		n, err := w.out.Write(p)
		w.offset += int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}
