// Package batch turns rows into Arrow records and those into Parquet files on
// local disk, cut by size.
//
// Memory is bounded by the size of a row group, not by that of a file or of
// the load: a record is encoded and compressed as it comes, and a row group
// goes to disk when its cells have some megabytes. Files have mode 0600, lie in
// a directory that the caller made, and belong to the caller once closed.
package batch

import (
	"errors"
	"io/fs"
	"os"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// Options say where files go and what they are like.
type Options struct {
	Dir      string // existing directory
	Prefix   string // of the files' names, unique to the run
	FileSize int64  // compressed bytes at which a file is closed
	Format   stages.Format
}

// Batcher writes rows of several tables into files. It is for one goroutine.
type Batcher struct {
	opts   Options
	codecs *codecs          // made with the first file
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
	for from, to := 0, 0; from < rows.Len(); from = to {
		f, err := b.file(rows.Table)
		if err != nil {
			return err
		}
		to = min(rows.Len(), from+f.room())
		if err := f.write(rows, from, to); err != nil {
			return failure("write", f.Path, err)
		}
		if !f.full() {
			continue
		}
		if err := b.close(rows.Table.Name); err != nil {
			return err
		}
	}
	return nil
}

// file returns the open file of a table.
func (b *Batcher) file(t *table.Table) (*file, error) {
	f := b.open[t.Name]
	if f != nil {
		return f, nil
	}
	f, err := b.create(t)
	if err == nil {
		b.open[t.Name] = f
	}
	return f, err
}

// create opens a file.
func (b *Batcher) create(t *table.Table) (*file, error) {
	if b.codecs == nil {
		c, err := codecsFor(b.opts.Format)
		if err != nil {
			return nil, err
		}
		b.codecs = &c
	}
	b.count++
	return create(t, b.opts, *b.codecs, b.count)
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

// Settle writes to disk what open files have in memory, before a time in which nothing
// comes.
func (b *Batcher) Settle() error {
	for _, f := range b.open {
		if err := f.settle(); err != nil {
			return failure("write", f.Path, err)
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
		errs = append(errs, f.discard())
	}
	for _, f := range b.closed {
		errs = append(errs, remove(f.Path))
	}
	b.closed = nil
	return errors.Join(errs...)
}

// remove removes a file, if somebody else did not do so before.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (b *Batcher) close(name string) error {
	f := b.open[name]
	delete(b.open, name)
	done, err := f.close()
	if err != nil { // nobody else knows of the file any more
		return errors.Join(failure("close", f.Path, err), f.discard())
	}
	b.closed = append(b.closed, done)
	return nil
}
