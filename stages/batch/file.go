package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/compress"
	parquetfile "github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	"github.com/apache/arrow/go/v15/parquet/schema"

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
	writer  *parquetfile.Writer
	group   parquetfile.BufferedRowGroupWriter // nil between row groups
	pending int                                // bytes of cells in it
	schema  *arrow.Schema
	levels  []int16 // scratch
}

func create(t *table.Table, opts Options, number int) (*file, error) {
	path := filepath.Join(opts.Dir, fmt.Sprintf("%s-%s-%05d.parquet", opts.Prefix, t.Name, number))
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create Parquet file: %w", err)
	}
	root, err := parquetSchema(t, opts.Format)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create Parquet file %s: %w", path, err), out.Close(), os.Remove(path))
	}
	return &file{
		File: stages.File{Table: t, Path: path}, out: out, schema: Schema(t),
		writer: parquetfile.NewParquetWriter(out, root, parquetfile.WithWriterProps(properties(t, opts.Format))),
	}, nil
}

// parquetSchema returns the Parquet schema that follows from the Arrow schema,
// with JSON columns marked if the destination wants that, for which Arrow has
// no type.
func parquetSchema(t *table.Table, format stages.Format) (*schema.GroupNode, error) {
	plain, err := pqarrow.ToParquet(Schema(t), nil, pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, err
	}
	var nodes schema.FieldList
	for i := range plain.Root().NumFields() {
		nodes = append(nodes, plain.Root().Field(i))
	}
	for i, c := range t.Staged() {
		if c.Type == table.JSON && format.MarkJSON {
			nodes[i], err = schema.NewPrimitiveNodeLogical(c.Name, parquet.Repetitions.Optional, schema.JSONLogicalType{}, parquet.Types.ByteArray, -1, -1)
			if err != nil {
				return nil, err
			}
		}
	}
	return schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
}

// properties are the Parquet settings of a table's files. Texts get a
// dictionary, since most of them come again and again. Numbers get none: ids
// and times hardly repeat, and the writer's table of them takes more memory than
// the dictionary saves on disk. JSON never repeats.
//
// Pages are compressed by Snappy, which costs next to nothing. Only JSON, nearly
// all of a file, is compressed by zstd, and only where the file has a network to
// cross: the library makes a new zstd encoder for every page, which over hundreds
// of columns took a third of a load's CPU time.
func properties(t *table.Table, format stages.Format) *parquet.WriterProperties {
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Snappy),
		parquet.WithDictionaryDefault(false),
		parquet.WithDictionaryPageSizeLimit(256 << 10),
		parquet.WithDataPageSize(256 << 10),
		parquet.WithStats(true),
		parquet.WithCreatedBy("snowdrift"),
	}
	for _, c := range t.Staged() {
		switch {
		case c.Type == table.Text || c.Type == table.List:
			opts = append(opts, parquet.WithDictionaryFor(c.Name, true))
		case c.Type == table.JSON || c.Source == table.FromHash:
			opts = append(opts, parquet.WithStatsFor(c.Name, false))
		}
		if c.Type == table.JSON && !format.Embedded {
			opts = append(opts, parquet.WithCompressionFor(c.Name, compress.Codecs.Zstd), parquet.WithCompressionLevelFor(c.Name, 1))
		}
	}
	return parquet.NewWriterProperties(opts...)
}

// write appends rows to the open row group, and closes it when it is full. The
// library panics where it might return an error.
func (f *file) write(rows *stages.Rows) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parquet: %v", p)
		}
	}()
	if f.group == nil {
		f.group = f.writer.AppendBufferedRowGroup()
	}
	rec := record(f.schema, rows)
	defer rec.Release()
	ctx := pqarrow.NewArrowWriteContext(context.Background(), nil)
	for i := range rec.Columns() {
		column, err := f.group.Column(i)
		if err != nil {
			return err
		}
		f.levels = definitionLevels(f.levels[:0], &rows.Columns[i], rows.Len())
		if err := pqarrow.WriteArrowToColumn(ctx, column, rec.Column(i), f.levels, nil, true); err != nil {
			return fmt.Errorf("column %s: %w", f.schema.Field(i).Name, err)
		}
	}
	f.Rows += int64(rows.Len())
	if f.pending += rows.Size(); f.pending >= rowGroupBytes(f.Table) {
		err = f.group.Close()
		f.group, f.pending = nil, 0
	}
	return err
}

// definitionLevels appends, for each row, 1 where the cell is there and 0 where
// it is NULL.
func definitionLevels(levels []int16, c *stages.Column, rows int) []int16 {
	for i := range rows {
		levels = append(levels, int16(c.Valid[i>>3]>>(i&7)&1))
	}
	return levels
}

// size returns the bytes on disk and about those of the open row group.
func (f *file) size() int64 {
	var n int64
	if f.group != nil {
		n = f.group.TotalCompressedBytes()
	}
	if info, err := f.out.Stat(); err == nil {
		n += info.Size()
	}
	return n
}

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
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("parquet: %v", p)
		}
	}()
	if f.group != nil {
		if err := f.group.Close(); err != nil {
			return done, err
		}
	}
	if err := f.writer.Close(); err != nil { // closes out, too
		return done, err
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return done, err
	}
	f.Bytes = info.Size()
	return f.File, nil
}
