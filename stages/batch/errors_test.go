package batch

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// row returns one row of everyType.
func row() *stages.Rows {
	r := stages.NewRows(everyType)
	r.SetInt(0, 1)
	r.End(1)
	return r
}

// Discard removes open and closed files, but not those that were handed over.
func TestDiscardLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	b := New(Options{Dir: dir, Prefix: "run", FileSize: 1 << 30})
	write(t, b)
	theirs := flush(t, b)
	write(t, b)
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	write(t, b)
	if err := b.Discard(); err != nil {
		t.Errorf("discard: %v", err)
	}
	if err := os.Remove(theirs[0].Path); err != nil {
		t.Errorf("the file that was handed over: %v", err)
	}
	wantEmpty(t, dir)
	write(t, b) // and the batcher can go on
	if files := flush(t, b); len(files) != 1 {
		t.Errorf("after Discard: %v", files)
	}
}

func write(t *testing.T, b *Batcher) {
	t.Helper()
	if err := b.Write(row()); err != nil {
		t.Fatal(err)
	}
}

// A directory that goes away under way is an error, and there is nothing more
// to discard then.
func TestTheDirectoryIsGone(t *testing.T) {
	dir := t.TempDir()
	b := New(Options{Dir: dir, Prefix: "run", FileSize: 1 << 30})
	write(t, b)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("flush: %v, want %v", err, fs.ErrNotExist)
	}
	if err := b.Write(row()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("write: %v, want %v", err, fs.ErrNotExist)
	}
	if err := b.Discard(); err != nil {
		t.Errorf("discard: %v", err)
	}
}

func TestOpenFilesOfADirectoryThatIsGone(t *testing.T) {
	dir := t.TempDir()
	b := New(Options{Dir: dir, Prefix: "run", FileSize: 1 << 30})
	write(t, b)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := b.Discard(); err != nil {
		t.Errorf("discard: %v", err)
	}
}

// A disk that fails while a file is written or closed is an error, never a
// panic, and no half of a file stays: it holds a company's issues.
func TestAFailingDisk(t *testing.T) {
	for name, fail := range map[string]func(*Batcher) error{
		"flush": func(b *Batcher) error { return b.Flush() },
		"write": func(b *Batcher) error { // as much as goes to disk at once
			r := row()
			r.SetString(3, strings.Repeat("x", rowGroupBytes(everyType)))
			r.End(2)
			return b.Write(r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b := New(Options{Dir: dir, Prefix: "run", FileSize: 1 << 30})
			write(t, b)
			if err := b.open[everyType.Name].out.Close(); err != nil { // writes fail from here on
				t.Fatal(err)
			}
			if err := fail(b); !errors.Is(err, os.ErrClosed) {
				t.Errorf("got %v, want %v", err, os.ErrClosed)
			}
			if files := b.Closed(); len(files) != 0 {
				t.Errorf("a broken file was handed over: %v", files)
			}
			if err := b.Discard(); err != nil {
				t.Errorf("discard: %v", err)
			}
			wantEmpty(t, dir)
		})
	}
}

// A full disk is said to be one, with what to do and the path once.
func TestAFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no disk that is always full: ", err)
	}
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30})
	write(t, b)
	f := b.open[everyType.Name]
	if err := f.out.Close(); err != nil {
		t.Fatal(err)
	}
	*f.out = *full
	var refused *Error
	err = b.Flush()
	if !errors.As(err, &refused) || !errors.Is(err, syscall.ENOSPC) || refused.Path != f.Path || !strings.Contains(err.Error(), "; free space in batch.dir") {
		t.Fatalf("got %v", err)
	}
	if n := strings.Count(err.Error(), f.Path); n != 1 {
		t.Errorf("%d times the path: %v", n, err)
	}
}

// Two batchers with one prefix would overwrite each other's files.
func TestNamesThatAreTaken(t *testing.T) {
	opts := Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30}
	write(t, New(opts))
	err := New(opts).Write(row())
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v, want %v", err, fs.ErrExist)
	}
	if n := strings.Count(err.Error(), opts.Dir); n != 1 {
		t.Errorf("%d times the path: %v", n, err)
	}
}

// Rows that do not match the file are an error.
func TestRowsThatDoNotMatchTheFile(t *testing.T) {
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30})
	write(t, b)
	odd := stages.NewRows(&table.Table{Name: everyType.Name, Columns: []table.Column{{Name: "id", Type: table.Text}}})
	odd.SetString(0, "x")
	odd.End(1)
	var refused *Error
	if err := b.Write(odd); err == nil || errors.As(err, &refused) {
		t.Errorf("rows of another table with the same name: %v", err)
	}
}
