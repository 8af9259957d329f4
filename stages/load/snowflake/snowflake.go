// Package snowflake loads into Snowflake, through its own Go driver.
//
// # How a load goes
//
// Stage PUTs files to an internal stage while others are still being written.
// Commit makes temporary tables, COPYs the files into them and checks the
// number of rows of each file; then one transaction merges them into the
// tables and writes state and run ledger. All DDL comes before BEGIN, since in
// Snowflake it commits. Names are quoted and upper case, so that SQL finds them
// quoted and unquoted.
//
// # What an idle run costs
//
// Nothing but logins: Snowflake bills a warehouse by the minute that it is
// awake, and SHOW, DESCRIBE, LIST, PUT and DDL do not wake it. So the state is
// repeated in the comment of the pipeline's stage (see hint.go), and the lease
// is a row that is taken with the first thing that is written.
//
// # What can go wrong
//
// A lost connection, an expired session or a lock that another transaction
// holds roll the transaction back, and it is done again. When the answer to
// COMMIT is lost, a new connection finds out from _SNOWDRIFT_STATE what became
// of it. The state's row changes only if its commit id is the one that this run
// knows, so a run that was overtaken changes nothing.
//
// # The driver
//
// Its native helper (see internal/nominicore), telemetry and the search for a
// cloud platform are off, and its logger is silent: errors come from here, with
// query ids.
package snowflake

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	sf "github.com/snowflakedb/gosnowflake"

	_ "snowdrift/internal/nominicore"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Options say which account, and how to work there.
type Options struct {
	Account, User, Role         string
	Warehouse, Database, Schema string
	// Host, Port and Protocol override what follows from the account.
	Host     string
	Port     int
	Protocol string
	Login    Login
	// StatementTimeout and LockTimeout bound a statement and its wait for a
	// lock. 0 leaves the account's.
	StatementTimeout, LockTimeout time.Duration
	// Lease is how long after its last commit a run still holds the lease; 0 is
	// 30 minutes.
	Lease time.Duration
	// Uploads is the number of files that are PUT at once; 0 is 3.
	Uploads int
	// Retries is how often the driver repeats a request that failed; 0 is the
	// driver's own number.
	Retries int
	// Transport replaces the driver's, certificate checks included; for tests.
	Transport http.RoundTripper
	// Wait waits before something is tried again; nil is a timer.
	Wait func(ctx context.Context, d time.Duration) error
	Log  *slog.Logger
}

// Warehouse is a schema of a Snowflake account.
type Warehouse struct {
	opts    Options
	main    *session // nil when it was lost
	dir     string   // of the files that main PUTs, "" for none
	job     load.Job
	tag     string
	tables  []*table.Table
	fence   int64 // of the lease, 0 while it is not held
	written bool  // this run has written something
	swept   bool
	// commitID and ledger are the state's commit id and column ledger as this
	// run knows them; nil before they were read.
	commitID *string
	ledger   map[table.LedgerKey]bool
	// renewal is the state with a column ledger that its hint does not have, see
	// renewHint; prepared says that this is a run, which may write it.
	renewal  *state.State
	prepared bool
	uploads  *uploads
	// shown is what showColumns answered Lacks, for Prepare and MakeViews; nil when something
	// was made since.
	shown []map[string]string
	// copied are the tables whose staged files are in temporary tables of main.
	copied     map[string]bool
	statements *atomic.Int64
}

// Open logs in. It needs no running warehouse.
func Open(ctx context.Context, opts Options) (*Warehouse, error) {
	w, err := newWarehouse(opts)
	if err != nil {
		return nil, err
	}
	if _, err := w.session(ctx); err != nil {
		return nil, err
	}
	return w, nil
}

// newWarehouse returns a warehouse that has not logged in yet.
func newWarehouse(opts Options) (*Warehouse, error) {
	if err := quiet(); err != nil {
		return nil, err
	}
	if opts.Wait == nil {
		opts.Wait = wait
	}
	if opts.Lease == 0 {
		opts.Lease = defaultLease
	}
	w := &Warehouse{opts: opts, tag: queryTag, copied: map[string]bool{}, statements: &atomic.Int64{}}
	w.uploads = newUploads(w)
	return w, nil
}

const defaultLease = 30 * time.Minute

// quiet switches off what the driver does beside its work. Both are settings of
// the process.
var quiet = sync.OnceValue(func() error {
	if err := os.Setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true"); err != nil {
		return fmt.Errorf("prepare the Snowflake driver: %w", err)
	}
	if err := sf.GetLogger().SetLogLevel("fatal"); err != nil { // "off" does not silence it
		return fmt.Errorf("prepare the Snowflake driver: %w", err)
	}
	return nil
})

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Acquire notes the run. The lease is taken with the first thing that is
// written, in Prepare or Commit.
func (w *Warehouse) Acquire(_ context.Context, job load.Job) error {
	w.job = job
	w.tag = queryTag + " run " + job.Run
	if w.main != nil {
		w.main.tag = w.tag
	}
	return nil
}

// sql returns the statements for the rows of the run's site.
func (w *Warehouse) sql() load.Statements { return Dialect.For(w.job.Site) }

// Format asks for files without annotations.
func (w *Warehouse) Format() stages.Format { return stages.Format{} }

// Stage takes over a file: it is PUT in the background, and then removed here.
// An error may come from a later Stage, or from Commit.
func (w *Warehouse) Stage(ctx context.Context, f stages.File) error { return w.uploads.add(ctx, f) }

// closeTimeout bounds the tidying at the end of a run.
const closeTimeout = time.Minute

// Close ends the sessions, which rolls back, gives up the lease, and removes
// what this run staged and did not commit.
func (w *Warehouse) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := w.discard(ctx)
	switch {
	case w.fence != 0:
		err = errors.Join(err, w.with(ctx, w.release))
	case w.prepared && w.renewal != nil && w.renewal.Pipeline == w.job.Pipeline:
		if err := w.with(ctx, w.renewHint); err != nil {
			w.opts.Log.Warn("the hint of the state could not be renewed; the next run wakes the warehouse to read the column ledger", "error", err)
		}
	}
	return errors.Join(err, w.uploads.close(), w.drop())
}

// session returns the main session, a new one if it was lost.
func (w *Warehouse) session(ctx context.Context) (*session, error) {
	if w.main != nil {
		return w.main, nil
	}
	s, err := w.dial(ctx, w.dir)
	if err != nil {
		return nil, err
	}
	w.main = s
	return s, nil
}

// drop ends the main session. What it had in temporary tables is gone.
func (w *Warehouse) drop() error {
	if w.main == nil {
		return nil
	}
	s := w.main
	w.main = nil
	clear(w.copied)
	return s.close()
}

// with does work in the main session, and once more in a new one if that was
// lost. The work must be one that can be done twice.
func (w *Warehouse) with(ctx context.Context, work func(context.Context, *session) error) error {
	for again := true; ; again = false {
		s, err := w.session(ctx)
		if err != nil {
			return err
		}
		if err = work(ctx, s); err == nil || !lost(err) || !again || ctx.Err() != nil {
			return err
		}
		w.opts.Log.Info("Snowflake session lost, making a new one", "error", err)
		w.abandon()
	}
}

// abandon drops a session that is broken; that it cannot be closed in an
// orderly way is no news.
func (w *Warehouse) abandon() {
	if err := w.drop(); err != nil && !errors.Is(err, driver.ErrBadConn) {
		w.opts.Log.Debug("close a lost session", "error", err)
	}
}

// table returns the description of a prepared table.
func (w *Warehouse) table(role table.Role) *table.Table {
	for _, t := range w.tables {
		if t.Role == role {
			return t
		}
	}
	return nil
}

var _ load.Warehouse = (*Warehouse)(nil)
