// Package duckdb loads into a DuckDB file: the embedded destination, for which
// nothing has to be installed and nobody asked.
//
// DuckDB lets one process write to a file. That lock is the lease: a second run
// finds the file locked, and a run that was killed holds nothing. A long load lets
// go of the file for a moment now and then, see forgetRowGroups; against a run that
// comes and goes in such a moment there is the fence.
package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/duckdb/duckdb-go/v2"

	"snowdrift/internal/table"
	"snowdrift/internal/workdir"
	sqlfiles "snowdrift/sql"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// Options say which file, and what DuckDB may use of the machine.
type Options struct {
	Path        string // of the database file, or of a symbolic link to where it is or is to be made
	Schema      string // made if it is missing
	MemoryLimit string // such as "200MB"; above it DuckDB spills to disk; "" is what a load needs
	DeletedRoom int64  // bytes held of deleted rows in one transaction; 0 is what suits most
	Threads     int
	ReadOnly    bool // for queries: the file must exist, and may be read by others; "" is then no limit of ours
	Log         *slog.Logger
}

// Warehouse is an open DuckDB file.
type Warehouse struct {
	opts   Options
	db     *sql.DB
	conn   *sql.Conn // all statements go through one connection: temporary tables belong to it
	tables []*table.Table
	staged map[string][]stages.File
	fence  int64
	job    load.Job
	memory memoryLimit
	own    map[string]bool // see lookForOwn
	spill  *workdir.Dir    // nil if none could be made

	committed *roaring64.Bitmap // issues that may have rows, if the table of issues is own

	version    storageVersion // of the file
	rowGroup   int            // rows of a row group, see fitRowGroups
	attachedAs int            // what rowGroup was when the file was attached
	deleted    bool           // there may have been rows of changed issues
	ended      bool           // the run was, as the last commit says
	chunks     int            // column chunks written since the file was attached
	mostChunks int            // see forgetRowGroups

	program atomic.Pointer[program] // what is let go of while something is written, see unmap

	mergeMemory int64 // see the constant
}

// Dialect is DuckDB's SQL.
var Dialect = load.Dialect{
	Name: "duckdb",
	Fold: strings.ToLower,
	Types: map[table.Type]string{
		table.Bool: "BOOLEAN", table.Int: "BIGINT", table.Float: "DOUBLE", table.Text: "VARCHAR", table.Date: "DATE",
		table.Timestamp: "TIMESTAMP WITH TIME ZONE", table.JSON: "JSON", table.List: "VARCHAR[]",
	},
	Stored: func(t table.Type, expr string) string {
		if t == table.List {
			return "CAST(CAST(" + expr + " AS JSON) AS VARCHAR[])"
		}
		return expr
	},
	Compared: func(t table.Type, expr string) string {
		if t == table.JSON {
			return "CAST(" + expr + " AS VARCHAR)"
		}
		return expr
	},
	Millis:   func(expr string) string { return "epoch_ms(" + expr + ")" },
	Wide:     "HUGEINT",
	Now:      "now()",
	JSONText: func(expr string) string { return "CAST(to_json(" + expr + ") AS VARCHAR)" },
	ToJSON:   func(expr string) string { return "to_json(" + expr + ")" },
	ListOf:   func(expr string) string { return "[" + expr + "]" },
}

// Open opens the file, and makes it if it is missing. Who may read what DuckDB
// makes, the write-ahead log included, is up to the umask of the process: DuckDB has
// no setting for it. What it spills to disk is in a directory for this user alone.
func Open(ctx context.Context, opts Options) (*Warehouse, error) {
	opts.Path, opts.DeletedRoom = resolve(opts.Path), cmp.Or(opts.DeletedRoom, deletedRoom)
	w := &Warehouse{
		opts: opts, staged: map[string][]stages.File{}, own: map[string]bool{}, committed: roaring64.New(),
		rowGroup: rowGroups[0].rows, attachedAs: rowGroups[0].rows, mostChunks: columnChunks, mergeMemory: mergeMemory,
	}
	exists, err := w.find(ctx)
	if err != nil {
		return nil, err
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, w.fail("open", opts.Path, "", err)
	}
	w.db = sql.OpenDB(connector)
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return nil, errors.Join(w.fail("open", opts.Path, "", err), w.db.Close())
	}
	if err := w.limitMemory(ctx); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	for _, s := range w.settings(exists) {
		err := w.withRoom(ctx, func() error { _, err := w.conn.ExecContext(ctx, s); return err })
		if err != nil {
			return nil, errors.Join(w.fail("open", opts.Path, "", w.openError(fmt.Errorf("%s: %w", s, err))), w.Close())
		}
	}
	if !opts.ReadOnly {
		w.sweepSpilled()
		if err := errors.Join(w.readVersion(ctx), w.compress(ctx)); err != nil {
			return nil, errors.Join(err, w.Close())
		}
	}
	return w, nil
}

// find looks for the file, and makes it if it is missing and not only to be read. It
// reports whether it is there; if not, DuckDB is left to make it.
func (w *Warehouse) find(ctx context.Context) (exists bool, err error) {
	missing, err := noDatabase(w.opts.Path)
	switch {
	case !missing:
		return true, nil
	case errors.Is(err, errLogLeft):
		return false, w.fail("open", w.opts.Path, "", err)
	case w.opts.ReadOnly:
		return false, w.fail("open", w.opts.Path, "", fmt.Errorf("there is no such file: %w", err))
	}
	err = makeFile(ctx, w.opts.Path)
	if errors.Is(err, errNoLinks) {
		w.opts.Log.Debug("the file is left to DuckDB to make", "path", w.opts.Path, "error", err)
		return false, nil
	}
	if err != nil {
		return false, w.failToMake(err)
	}
	return true, nil
}

// settings attach the file, which is made if it is not there, and bound what
// DuckDB uses of the machine: insertion order would have to be remembered,
// which costs memory and means nothing to us, a row group is written when it is
// full rather than when five are, and the staged files, which are read once, are
// not kept in DuckDB's cache. Nothing is fetched from the network or loaded from this
// user's directories because a path or a query looks as if it needed it. The directory to spill to, which cannot be changed once it
// is used, is made for them.
func (w *Warehouse) settings(exists bool) []string {
	s := []string{
		"SET TimeZone = 'UTC'",
		"SET preserve_insertion_order = false",
		"SET write_buffer_row_group_count = 1",
		"SET enable_external_file_cache = false",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allocator_flush_threshold = '8MB'",
		"SET temp_directory = " + Dialect.Literal(w.spillDir()),
	}
	if w.opts.ReadOnly {
		// Without it DuckDB 1.5 ends with an internal error in MIN and MAX of rows of
		// which no row group can have one (duckdb/duckdb#22713).
		s = append(s, "SET disabled_optimizers = 'statistics_propagation'")
	} else {
		s = append(s, noMerging)
	}
	if w.opts.Threads > 0 {
		s = append(s, fmt.Sprintf("SET threads = %d", w.opts.Threads))
	}
	return append(s, w.attach(exists)...)
}

// Close closes the file. Files that were staged and not committed are removed.
func (w *Warehouse) Close() error {
	w.letGo(context.Background())
	defer w.removeSpilled()
	return errors.Join(w.forget(slices.Collect(maps.Keys(w.staged))...), w.conn.Close(), w.db.Close())
}

// Acquire takes the lease. Since this process has the file to itself, a lease
// found in it is that of a run which is dead.
func (w *Warehouse) Acquire(ctx context.Context, job load.Job) error {
	for _, s := range sqlfiles.Statements("duckdb/meta.sql") {
		if err := w.exec(ctx, "prepare", "", s); err != nil {
			return err
		}
	}
	return w.transaction(ctx, "take the lease", func() error {
		fence, err := w.fenceOf(ctx, job.Pipeline)
		if err != nil {
			return err
		}
		w.fence = fence + 1
		if err := w.exec(ctx, "take the lease", "", `DELETE FROM "_snowdrift_lease" WHERE "pipeline" = ?`, job.Pipeline); err != nil {
			return err
		}
		w.job = job
		clear(w.own)
		w.committed.Clear()
		if err := w.exec(ctx, "take the lease", "", `UPDATE "_snowdrift_runs" SET "outcome" = 'killed' WHERE "pipeline" = ? AND "outcome" = 'running' AND "run_id" <> ?`,
			job.Pipeline, job.Run); err != nil {
			return err
		}
		return w.exec(ctx, "take the lease", "", `INSERT INTO "_snowdrift_lease" VALUES (?, ?, ?, now())`, job.Pipeline, job.Run, w.fence)
	})
}

// fenceOf returns the fence of a pipeline's lease, 0 for none. It asks for no MAX,
// see settings.
func (w *Warehouse) fenceOf(ctx context.Context, pipeline string) (fence int64, err error) {
	const query = `SELECT "fence" FROM "_snowdrift_lease" WHERE "pipeline" = ?`
	err = w.each(ctx, query, []any{pipeline}, func(rows *sql.Rows) error { return rows.Scan(&fence) })
	if err != nil {
		return 0, w.fail("take the lease of", pipeline, query, err)
	}
	return fence, nil
}

// sql returns the statements for the rows of the run's site.
func (w *Warehouse) sql() load.Statements { return Dialect.For(w.job.Site) }

// Format asks for annotated JSON: parsing 2,048 documents at once, as a cast
// does, takes DuckDB several times their size in memory.
//
// Commits are small: beside its memory limit DuckDB holds something of every row
// group that a transaction wrote, until it ends: with all tables about 0.7 KB for
// an issue.
func (w *Warehouse) Format() stages.Format {
	f := stages.Format{MarkJSON: true, Embedded: true, CommitSize: 64 << 20}
	if w.wide() {
		f.IssueRows, f.CommitFiles, f.CommitSize = w.rowGroup, wideCommit, 0
	}
	return f
}

// Stage takes over a file. DuckDB reads it where it is.
func (w *Warehouse) Stage(_ context.Context, f stages.File) error {
	w.staged[f.Table.Name] = append(w.staged[f.Table.Name], f)
	return nil
}

// forget removes the staged files of the named tables.
func (w *Warehouse) forget(names ...string) error {
	var errs []error
	for _, name := range names {
		for _, f := range w.staged[name] {
			if err := os.Remove(f.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, err)
			}
		}
		delete(w.staged, name)
	}
	return errors.Join(errs...)
}

// exec runs a statement; on is what the error names.
func (w *Warehouse) exec(ctx context.Context, op, on, statement string, args ...any) error {
	_, err := w.affect(ctx, op, on, statement, args...)
	return err
}

func (w *Warehouse) affect(ctx context.Context, op, on, statement string, args ...any) (int64, error) {
	w.opts.Log.Debug("statement", "op", op, "on", on, "sql", statement)
	result, err := w.conn.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, w.fail(op, on, statement, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, w.fail(op, on, statement, err)
	}
	return n, nil
}

// transaction runs work in a transaction, and again from the start if DuckDB got
// more room for it.
func (w *Warehouse) transaction(ctx context.Context, op string, work func() error) error {
	for {
		again, err := w.tryTransaction(ctx, op, work)
		if err == nil || !again {
			return err
		}
	}
}

// tryTransaction runs work in a transaction. It ends in a rollback when work
// fails, the context being cancelled included. again says that there is more room
// now: it has to be there before the rollback, which needs as much.
func (w *Warehouse) tryTransaction(ctx context.Context, op string, work func() error) (again bool, err error) {
	if err := w.exec(ctx, op, "", "BEGIN TRANSACTION"); err != nil {
		return false, err
	}
	err = work()
	if err == nil {
		if err = w.exec(ctx, op, "", "COMMIT"); err == nil {
			return false, nil
		}
	}
	again = w.moreRoom(ctx, err)
	if w.memory.lowered { // to roll back may take more
		w.limitIssues(context.WithoutCancel(ctx))
	}
	// The rollback has to happen even if the context is what failed. DuckDB
	// rolls back by itself when a COMMIT fails, and then says that there is no
	// transaction.
	if rollback := w.exec(context.WithoutCancel(ctx), op, "", "ROLLBACK"); rollback != nil && !strings.Contains(rollback.Error(), "no transaction") {
		return false, errors.Join(err, rollback)
	}
	return again, err
}

// table returns the description of a prepared table.
func (w *Warehouse) table(role table.Role) *table.Table {
	i := slices.IndexFunc(w.tables, func(t *table.Table) bool { return t.Role == role })
	if i < 0 {
		return nil
	}
	return w.tables[i]
}

// pathList returns the staged files of a table as a list of SQL literals.
func pathList(files []stages.File) (string, error) {
	var list []string
	for _, f := range files {
		path, err := filepath.Abs(f.Path)
		if err != nil {
			return "", err
		}
		list = append(list, Dialect.Literal(path))
	}
	return "[" + strings.Join(list, ", ") + "]", nil
}
