// Package engine executes Snowflake statements on an in-memory DuckDB: catalog,
// sessions, transactions, locks, COPY. It knows no HTTP.
//
// # Transactions
//
// DuckDB aborts a transaction when a statement fails and gives it one snapshot;
// Snowflake keeps it open and is READ COMMITTED by statement. So no DuckDB
// transaction outlives a statement here. A Snowflake transaction writes to
// overlays instead: the first INSERT or COPY into a table makes an empty delta
// beside it, the first UPDATE, DELETE or MERGE a full copy; the session reads
// through them. Every statement is one DuckDB transaction of its own, so a failed
// one leaves no trace and the Snowflake transaction open; reads of other tables
// see what is committed when the statement starts. COMMIT appends the deltas and
// renames the copies into place in one DuckDB transaction; ROLLBACK drops them.
//
// Since a copy would lose rows that others add meanwhile, UPDATE, DELETE and MERGE
// lock their table against all writers until the transaction ends, and INSERT and
// COPY against them only. Snowflake locks by partition and lets more through; a
// program that is right here is right there.
package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/stage"
)

// Options configure an Engine. All but Parameters are required.
type Options struct {
	Account, User string
	Database      string
	Schema        string
	Warehouse     string
	Role          string
	Zone          string // account's TIMEZONE
	// Parameters are session parameters that the account has changed; none is fine.
	Parameters map[string]string
	Stages     stage.Store
	Now        func() time.Time
}

// Engine is one Snowflake account.
type Engine struct {
	opts      Options
	connector *duckdb.Connector
	db        *sql.DB

	mu           sync.Mutex // guards what follows
	databases    map[string]*database
	transactions map[int64]*transaction // open ones
	seq          int64
	denied       map[grant]bool
	suspended    bool
	wakes        int
	violations   []string
	shortenings  []shortening
	stages       map[string]*stageObject // all that exist, by id

	locks *locks

	// defining is held from the look whether a table is there until it is.
	defining sync.Mutex
	// structure is held by DuckDB transactions that change the catalog: of two at
	// once DuckDB refuses one, where Snowflake has both happen.
	structure sync.Mutex
}

// New starts an account with one database, schema, warehouse and role.
func New(ctx context.Context, o Options) (*Engine, error) {
	for name, value := range o.Parameters {
		if err := (&Engine{opts: o}).checkParameter(name, value); err != nil {
			return nil, err
		}
	}
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("start DuckDB: %w", err)
	}
	e := &Engine{
		opts: o, connector: connector, db: sql.OpenDB(connector), databases: map[string]*database{}, transactions: map[int64]*transaction{}, denied: map[grant]bool{},
		suspended: true, locks: newLocks(), stages: map[string]*stageObject{},
	}
	if err := e.prepare(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) prepare(ctx context.Context) error {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to DuckDB: %w", err)
	}
	defer conn.Close()
	if err := duckfn.Install(ctx, conn); err != nil {
		return err
	}
	for _, set := range []string{"SET TimeZone = 'UTC'", "SET preserve_insertion_order = true"} {
		if _, err := conn.ExecContext(ctx, set); err != nil {
			return fmt.Errorf("%s: %w", set, err)
		}
	}
	e.databases[e.opts.Database] = newDatabase(e.opts.Database, e.opts.Now())
	return e.addSchema(ctx, e.opts.Database, e.opts.Schema, "")
}

// Close ends DuckDB. Sessions must not be used afterwards.
func (e *Engine) Close() error { return e.db.Close() }

// DB opens another handle on the same DuckDB, for assertions: it sees committed
// tables by their names, in the schema "DATABASE.SCHEMA", which is the default.
func (e *Engine) DB() *sql.DB {
	schema := duckfn.Quote(duckfn.Ident(e.opts.Database + "." + e.opts.Schema))
	return sql.OpenDB(&assertionConnector{Connector: e.connector, setup: "SET search_path = " + schema})
}

// SuspendWarehouse puts the warehouse to sleep, as AUTO_SUSPEND would.
func (e *Engine) SuspendWarehouse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.suspended = true
}

// WarehouseWakes counts the resumes of the warehouse since the start.
func (e *Engine) WarehouseWakes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.wakes
}

func (e *Engine) wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.suspended {
		e.suspended = false
		e.wakes++
	}
}

// Violations lists what the client did that works on Snowflake but that a loader
// must not do, such as DDL inside a transaction.
func (e *Engine) Violations() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.violations...)
}

func (e *Engine) violation(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.violations = append(e.violations, fmt.Sprintf(format, args...))
}

// next returns numbers that name things: sessions, tables, stages.
func (e *Engine) next() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seq++
	return e.seq
}
