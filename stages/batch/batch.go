// Package batch turns rows into Arrow records and those into Parquet files on
// local disk, cut by size.
//
// Memory is bounded by the size of a row group, not by that of a file or of
// the load: a record is encoded and compressed as it comes, and a row group
// goes to disk when it has grown to a few megabytes. Files have mode 0600, lie
// in a directory that the caller made, and belong to the caller once closed.
package batch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// rowGroupBytes is the compressed size at which a row group is closed. It is
// what one table holds in memory.
const rowGroupBytes = 16 << 20

// Options say where files go and how large they get.
type Options struct {
	Dir      string // existing directory
	Prefix   string // of the files' names, unique to the run
	FileSize int64  // compressed bytes at which a file is closed
}

// Batcher writes rows of several tables into files. It is for one goroutine.
type Batcher struct {
	opts   Options
	open   map[string]*file // by table
	closed []stages.File
	count  int // files so far, for their names
}

// New returns a batcher without files.
func New(opts Options) *Batcher {
	return &Batcher{opts: opts, open: map[string]*file{}}
}

// Write appends rows to the file of their table, and closes it when it has
// reached its size.
func (b *Batcher) Write(rows *stages.Rows) error {
	if rows.Len() == 0 {
		return nil
	}
	f := b.open[rows.Table.Name]
	if f == nil {
		var err error
		if f, err = b.create(rows.Table); err != nil {
			return err
		}
		b.open[rows.Table.Name] = f
	}
	if err := f.write(rows); err != nil {
		return fmt.Errorf("write Parquet file %s: %w", f.Path, err)
	}
	if f.size() >= b.opts.FileSize {
		return b.close(rows.Table.Name)
	}
	return nil
}

// Pending returns about how many bytes the open files have.
func (b *Batcher) Pending() int64 {
	var n int64
	for _, f := range b.open {
		n += f.size()
	}
	return n
}

// Flush closes all files.
func (b *Batcher) Flush() error {
	for name := range b.open {
		if err := b.close(name); err != nil {
			return err
		}
	}
	return nil
}

// Closed returns the files that were closed since the last call. They belong to
// the caller.
func (b *Batcher) Closed() []stages.File {
	files := b.closed
	b.closed = nil
	return files
}

// Discard closes and removes all files that Closed did not return.
func (b *Batcher) Discard() error {
	var errs []error
	for name, f := range b.open {
		delete(b.open, name)
		errs = append(errs, f.file.Close(), os.Remove(f.Path))
	}
	for _, f := range b.closed {
		errs = append(errs, os.Remove(f.Path))
	}
	b.closed = nil
	return errors.Join(errs...)
}

func (b *Batcher) close(name string) error {
	f := b.open[name]
	delete(b.open, name)
	done, err := f.close()
	if err != nil {
		return fmt.Errorf("close Parquet file %s: %w", f.Path, err)
	}
	b.closed = append(b.closed, done)
	return nil
}

// file is a Parquet file being written.
type file struct {
	stages.File
	file   *os.File
	writer *pqarrow.FileWriter
	schema *arrow.Schema
}

func (b *Batcher) create(t *table.Table) (*file, error) {
	b.count++
	path := filepath.Join(b.opts.Dir, fmt.Sprintf("%s-%s-%05d.parquet", b.opts.Prefix, t.Name, b.count))
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create Parquet file: %w", err)
	}
	f := &file{File: stages.File{Table: t, Path: path}, file: out, schema: Schema(t)}
	f.writer, err = pqarrow.NewFileWriter(f.schema, out, properties(t), pqarrow.DefaultWriterProps())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create Parquet file %s: %w", path, err), out.Close(), os.Remove(path))
	}
	return f, nil
}

// properties are the Parquet settings of a table's files. A dictionary never
// pays for columns whose cells are all different.
func properties(t *table.Table) *parquet.WriterProperties {
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithCompressionLevel(1),
		parquet.WithDictionaryDefault(true),
		parquet.WithDictionaryPageSizeLimit(256 << 10),
		parquet.WithDataPageSize(256 << 10),
		parquet.WithStats(true),
		parquet.WithMaxRowGroupLength(1 << 20),
		parquet.WithCreatedBy("snowdrift"),
	}
	for _, c := range t.Staged() {
		if c.Type == table.JSON || c.Source == table.FromHash {
			opts = append(opts, parquet.WithDictionaryFor(c.Name, false), parquet.WithStatsFor(c.Name, false))
		}
	}
	return parquet.NewWriterProperties(opts...)
}

func (f *file) write(rows *stages.Rows) error {
	rec := record(f.schema, rows)
	defer rec.Release()
	if f.writer.RowGroupTotalCompressedBytes() >= rowGroupBytes {
		f.writer.NewBufferedRowGroup()
	}
	f.Rows += int64(rows.Len())
	return f.writer.WriteBuffered(rec)
}

// size returns the bytes on disk and those of the open row group.
func (f *file) size() int64 {
	n := f.writer.RowGroupTotalCompressedBytes()
	if info, err := f.file.Stat(); err == nil {
		n += info.Size()
	}
	return n
}

func (f *file) close() (stages.File, error) {
	if err := f.writer.Close(); err != nil { // closes the file, too
		return stages.File{}, err
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return stages.File{}, err
	}
	f.Bytes = info.Size()
	return f.File, nil
}
