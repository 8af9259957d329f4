package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"snowdrift/internal/table"
)

// catalog is the name under which the file is attached.
const catalog = "jira"

// aside is the empty catalog in memory that DuckDB begins with.
const aside = "memory"

// attach returns the statements that attach the file, which is made if it is not
// there.
func (w *Warehouse) attach(exists bool) []string {
	attach := "ATTACH IF NOT EXISTS " + Dialect.Literal(w.opts.Path) + " AS " + catalog
	schema := catalog + "." + Dialect.Quote(w.opts.Schema)
	use := "USE " + schema
	switch {
	case w.opts.ReadOnly:
		return []string{attach + " (READ_ONLY)", use}
	case exists:
		return []string{attach + " (" + w.written() + ")", "CREATE SCHEMA IF NOT EXISTS " + schema, use}
	}
	return []string{attach + " (" + newFile + ", " + w.rowGroupSize() + ")", "CREATE SCHEMA IF NOT EXISTS " + schema, use}
}

// columnChunks bounds what DuckDB knows by heart of the file. Of each column of
// each row group that was written since it attached the file it keeps about 3 KB
// outside its memory limit, so that a long load would grow with what it has
// loaded: with all tables by 700 MB for a million issues.
const columnChunks = 2000

// wrote counts the column chunks of rows that were written.
func (w *Warehouse) wrote(t *table.Table, rows int64) {
	w.chunks += (int(rows)/w.rowGroup + 1) * len(t.Columns)
}

// attachFor is how long the file is waited for that another program took between
// two commits; attachEvery, how often it is tried.
const (
	attachFor   = time.Minute
	attachEvery = 50 * time.Millisecond
)

// forgetRowGroups attaches the file anew if DuckDB knows too much of it, or is to
// write row groups of another size. It comes before a commit: should it fail, nothing
// has happened yet.
func (w *Warehouse) forgetRowGroups(ctx context.Context) error {
	if w.chunks < w.mostChunks && w.rowGroup == w.attachedAs {
		return nil
	}
	_, err := w.attachAnew(ctx, attachFor)
	return err
}

// attachAnew has DuckDB forget all that it knows of the file. The file is unlocked for
// a moment, in which somebody may open it for reading: then it is waited for. If another
// run takes it over in that moment, this one has lost it, or, if the other was quick, the
// fence tells. It reports whether surely nobody wrote to the file meanwhile; if not, what is
// known of its rows is forgotten, too.
func (w *Warehouse) attachAnew(ctx context.Context, patience time.Duration) (alone bool, err error) {
	defer func() {
		if !alone {
			w.disown()
		}
	}()
	if err := w.detach(ctx); err != nil {
		return false, err
	}
	left := w.lastWritten()
	until := time.Now().Add(patience)
	for _, s := range w.attach(true) {
		if err := w.whenUnlocked(ctx, s, until); err != nil {
			return false, err
		}
	}
	w.chunks, w.attachedAs = 0, w.rowGroup
	if err := w.readVersion(ctx); err != nil {
		return false, err
	}
	return left != "" && w.lastWritten() == left, nil
}

// detach lets go of the file, which DuckDB writes to for the last time.
func (w *Warehouse) detach(ctx context.Context) error {
	for _, s := range []string{"USE " + aside, "DETACH DATABASE IF EXISTS " + catalog} {
		if err := w.exec(ctx, "detach", w.opts.Path, s); err != nil {
			return err
		}
	}
	return nil
}

// lastWritten tells the state of the file from others: its size and when it was written
// last, and the same of its log, in which somebody may have left rows. It returns "" if
// that cannot be seen.
func (w *Warehouse) lastWritten() (state string) {
	for _, path := range []string{w.opts.Path, w.opts.Path + ".wal"} {
		info, err := os.Stat(path)
		switch {
		case err == nil:
			state += fmt.Sprintln(info.Size(), info.ModTime().UnixNano())
		case path == w.opts.Path || !errors.Is(err, fs.ErrNotExist):
			return ""
		}
	}
	return state
}

// whenUnlocked runs a statement, again and again while the file is locked.
func (w *Warehouse) whenUnlocked(ctx context.Context, statement string, until time.Time) error {
	const op = "attach anew"
	for {
		err := w.exec(ctx, op, w.opts.Path, statement)
		if err == nil || !locked(err) {
			return err
		}
		if time.Now().After(until) {
			return w.fail(op, w.opts.Path, "", w.openError(err))
		}
		select {
		case <-time.After(attachEvery):
		case <-ctx.Done():
			return w.fail(op, w.opts.Path, "", errors.Join(w.openError(err), ctx.Err()))
		}
	}
}
