package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Rehearse tries what a load does and leaves nothing behind: a Parquet file in
// dir ("" is the system's temporary directory) is loaded into a table of the
// schema, rows are deleted, and all of it is rolled back. A database that is not
// there yet is rehearsed in a file of its own beside it.
func Rehearse(ctx context.Context, opts Options, dir string) (err error) {
	opts.Path = resolve(opts.Path)
	if missing, why := noDatabase(opts.Path); missing && errors.Is(why, fs.ErrNotExist) {
		beside, err := os.MkdirTemp(filepath.Dir(opts.Path), ".snowdrift-check-")
		if err != nil {
			return (&Warehouse{opts: opts}).failToMake(err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(beside)) }()
		opts.Path = filepath.Join(beside, filepath.Base(opts.Path))
	}
	staged, err := os.MkdirTemp(dir, "snowdrift-check-")
	if err != nil {
		return fmt.Errorf("make a directory for files on their way: %w; set batch.dir to one that can be written", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staged)) }()
	if err := roomBeside(opts.Path); err != nil {
		return (&Warehouse{opts: opts}).failToMake(err)
	}

	schema := opts.Schema
	opts.Schema = "main" // which every file has; ours may not be there yet, and would stay
	w, err := Open(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	return w.rehearse(ctx, schema, filepath.Join(staged, "rehearsal.parquet"))
}

// roomBeside makes a file beside the database, as DuckDB does with its log when it writes.
func roomBeside(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".snowdrift-check-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// errRehearsed ends the transaction of a rehearsal that went well.
var errRehearsed = errors.New("rehearsed")

func (w *Warehouse) rehearse(ctx context.Context, schema, file string) error {
	const op = "rehearse a load"
	in := catalog + "." + Dialect.Quote(schema)
	scratch := in + "." + Dialect.Quote("_snowdrift_check")
	if err := w.exec(ctx, op, file, "COPY (SELECT range AS id FROM range(10)) TO "+Dialect.Literal(file)+" (FORMAT parquet)"); err != nil {
		return err
	}
	err := w.transaction(ctx, op, func() error {
		for _, s := range []string{
			"CREATE SCHEMA IF NOT EXISTS " + in,
			"CREATE TABLE " + scratch + " AS SELECT id FROM read_parquet(" + Dialect.Literal(file) + ")",
			"DELETE FROM " + scratch + " WHERE id < 5",
		} {
			if err := w.exec(ctx, op, w.opts.Path, s); err != nil {
				return err
			}
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}
