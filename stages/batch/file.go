package batch

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"snowdrift/internal/parquet"
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

// chunksOf returns the number of column chunks at which a file is closed, whatever
// its size. Who writes it, and who reads it, holds what its footer says of each, and
// DuckDB reads the whole footer for every statement: it took 95 MB for 109,000,
// which were 20,000 issues of 1,700 columns. Files that are to have as many rows as
// are written at once are not cut because of it before they have them.
func chunksOf(format stages.Format) int {
	if format.Embedded && format.IssueRows == 0 {
		return 5_000
	}
	return 20_000
}

// file is a Parquet file being written.
type file struct {
	stages.File
	opts    Options
	out     *os.File
	rows    *wrapper
	writer  *parquet.Writer
	columns int
	pending int // bytes of cells in the open row group
	chunks  int // column chunks of the closed row groups
}

func create(t *table.Table, opts Options, by codecs, number int) (*file, error) {
	columns, err := columnsOf(t, opts.Format, by)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(opts.Dir, fmt.Sprintf("%s-%s-%05d.parquet", opts.Prefix, t.Name, number))
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, failure("create", path, err)
	}
	f := &file{File: stages.File{Table: t, Path: path}, opts: opts, out: out, rows: newWrapper(t), columns: len(columns)}
	if f.writer, err = parquet.NewWriter(out, columns); err != nil {
		return nil, errors.Join(failure("create", path, err), f.discard())
	}
	return f, nil
}

// room returns how many rows may be written before the file is full.
func (f *file) room() int {
	if most := f.opts.Format.IssueRows; most > 0 && f.Table.Role == table.Issue {
		return most - int(f.Rows)
	}
	return math.MaxInt32
}

// full reports whether the file is to be closed.
func (f *file) full() bool {
	return f.size() >= f.opts.FileSize || f.chunks >= chunksOf(f.opts.Format) || f.room() == 0
}

// write appends the rows from…to to the open row group, and closes it when it is full.
func (f *file) write(rows *stages.Rows, from, to int) error {
	record, err := f.rows.record(rows, from, to)
	if err != nil {
		return err
	}
	defer record.Release()
	if err := f.writer.Write(record); err != nil {
		return err
	}
	f.Rows += record.NumRows()
	if f.pending += rows.Size() * (to - from) / rows.Len(); f.pending >= rowGroupBytes(f.Table) {
		return f.settle()
	}
	return nil
}

// settle closes the open row group, which writes it to disk.
func (f *file) settle() error {
	f.pending = 0
	f.chunks += f.columns
	return f.writer.Flush()
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
