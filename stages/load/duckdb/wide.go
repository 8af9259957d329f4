package duckdb

import (
	"context"
	"errors"
	"fmt"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// A site with a thousand custom fields has a table of issues with 1,700 columns. What
// DuckDB holds of such a table is more than what the rows have: of a row group that is
// being filled two blocks of each column and the raw texts, of the next one as much,
// and three blocks of each column while one is compressed. So such a file is loaded in
// another way: row groups are as small as can be, staged files have as many rows as a row
// group, and each is a statement of its own, so that no row group begins before the
// last one is written.

// wideCommit is how many row groups of issues a commit of a wide file has, see Format:
// some 11 MB are held of each of 1,700 columns that a transaction wrote.
const wideCommit = 2

// wideFile is the storage version that a file with a wide table gets. From this one
// on the file says of each row group where all that is known of it lies. Without that
// DuckDB reads all of it whenever it writes to the file, some 200 bytes for each column of
// each row group: of 920,000 issues with 1,700 columns that was 170 MB and four seconds
// for each commit. Files that are not wide stay as they are: they have few columns, and
// from version 1.3.0 on texts are compressed in a way that takes half as much time again.
const wideFile = "STORAGE_VERSION 'v1.4.0'"

// part is what one INSERT adds of the staged rows of a table.
type part struct {
	stage string // name under which the rows can be read
	files []stages.File
	fills bool // a row group
}

// parts returns the staged files of a wide table in the parts that are inserted one by
// one: each that fills a row group, and what is left. Those of other tables are
// inserted together, and it returns none; so it does where several threads are to
// share the work, each of which fills row groups of its own.
func (w *Warehouse) parts(t *table.Table) (parts []part) {
	if !w.wide() || t.Role != table.Issue || w.opts.Threads != 1 {
		return nil
	}
	rest := part{stage: load.StageName(t) + "_rest"}
	for i, f := range w.staged[t.Name] {
		if f.Rows == int64(w.rowGroup) {
			parts = append(parts, part{stage: fmt.Sprintf("%s_%d", load.StageName(t), i), files: []stages.File{f}, fills: true})
		} else {
			rest.files = append(rest.files, f)
		}
	}
	if len(rest.files) > 0 {
		parts = append(parts, rest)
	}
	return parts
}

// insertAll adds the staged rows of a table, of which every reading was picked.
func (w *Warehouse) insertAll(ctx context.Context, t *table.Table, kept []string, args []any) (inserted int64, err error) {
	parts := w.parts(t)
	if parts == nil {
		parts = []part{{stage: load.StageName(t)}}
	}
	for _, p := range parts {
		insert := func() error {
			n, err := w.affect(ctx, "commit", t.Name, w.sql().InsertAll(t, kept, p.stage), args...)
			inserted += n
			return err
		}
		if p.fills {
			err = w.asOneRowGroup(ctx, insert)
		} else {
			err = insert()
		}
		if err != nil {
			return inserted, err
		}
	}
	return inserted, nil
}

// asOneRowGroup runs an INSERT of as many rows as a row group has so that DuckDB writes
// them when it ends. With one thread DuckDB takes rows over into those of the
// transaction, and writes a row group when the next has begun: both are in memory then,
// and of each but the transaction's first every column takes a block more. If it
// believes to have several threads, each statement collects its rows by itself, and
// writes a row group that it has filled. The other thread is said to be one of ours, so
// DuckDB starts none.
func (w *Warehouse) asOneRowGroup(ctx context.Context, insert func() error) (err error) {
	defer func() {
		err = errors.Join(err, w.setThreads(context.WithoutCancel(ctx), "SET external_threads = 1", "SET threads = 1"))
	}()
	if err := w.setThreads(ctx, "SET threads = 2", "SET external_threads = 2"); err != nil {
		return err
	}
	return insert()
}

// setThreads takes a connection of its own: a transaction that failed takes no
// statement but its end.
func (w *Warehouse) setThreads(ctx context.Context, statements ...string) error {
	for _, s := range statements {
		if _, err := w.db.ExecContext(ctx, s); err != nil {
			return w.fail("set the threads", "", s, err)
		}
	}
	return nil
}
