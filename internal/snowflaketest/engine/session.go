package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

// Session is one login. Its statements run one after another.
type Session struct {
	ID int64

	engine *Engine
	conn   *sql.Conn

	running sync.Mutex // held by the statement that runs; guards what follows

	temp       map[string]*table       // temporary tables by full name
	tempStages map[string]*stageObject // temporary stages by full name
	tx         *transaction
	closed     bool
	lastQuery  string

	mu        sync.Mutex // guards what others read while a statement runs; only statements write
	database  string
	schema    string
	warehouse string
	role      string
	params    map[string]string
}

// Context is what a session starts with, empty for none.
type Context struct{ Database, Schema, Warehouse, Role string }

// Request is one statement to execute.
type Request struct {
	Statement    syntax.Statement
	Text         string
	QueryID      string
	Binds        []translate.Bind
	DescribeOnly bool
}

// Open starts a session. With validate, objects of c that do not exist are errors
// (CLIENT_VALIDATE_DEFAULT_PARAMETERS); otherwise the session starts without them.
func (e *Engine) Open(ctx context.Context, c Context, params map[string]string, validate bool) (*Session, error) {
	if c.Role == "" {
		c.Role = e.opts.Role
	}
	if !strings.EqualFold(c.Role, e.opts.Role) {
		return nil, sferr.New("390189", "08004", "Role '%s' specified in the connect string is not granted to this user. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.", c.Role)
	}
	s := &Session{ID: e.next() + 1_000_000, engine: e, role: e.opts.Role, temp: map[string]*table{}, tempStages: map[string]*stageObject{}}
	s.params = e.defaultParameters()
	for k, v := range params {
		if err := e.checkParameter(k, v); err != nil {
			return nil, err
		}
		s.params[k] = v
	}
	for _, object := range []struct {
		kind, name string
		exists     bool
		field      *string
	}{
		{"database", c.Database, e.hasSchema(c.Database, ""), &s.database},
		{"schema", c.Schema, e.hasSchema(c.Database, c.Schema), &s.schema},
		{"warehouse", c.Warehouse, e.hasWarehouse(c.Warehouse), &s.warehouse},
	} {
		name := strings.ToUpper(object.name)
		switch {
		case name == "":
		case object.exists:
			*object.field = name
		case validate:
			return nil, sferr.New("390201", "08004", "The requested %s does not exist or not authorized.", object.kind)
		}
	}
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect session to DuckDB: %w", err)
	}
	s.conn = conn
	return s, nil
}

func (e *Engine) hasSchema(db, schema string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	d := e.databases[strings.ToUpper(db)]
	return d != nil && (schema == "" || d.schemas[strings.ToUpper(schema)] != nil)
}

func (e *Engine) hasWarehouse(name string) bool {
	return strings.EqualFold(name, e.opts.Warehouse) && !e.isDenied("USAGE", e.opts.Warehouse)
}

func (s *Session) zone() string { return s.params["TIMEZONE"] }

// Context returns the session's current objects.
func (s *Session) Context() Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Context{Database: s.database, Schema: s.schema, Warehouse: s.warehouse, Role: s.role}
}

// Parameter is a session parameter as the driver gets it.
type Parameter struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Parameters lists the session parameters, numbers and booleans as such.
func (s *Session) Parameters() []Parameter {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Parameter
	for k, v := range s.params {
		p := Parameter{Name: k, Value: v}
		if n, err := strconv.Atoi(v); err == nil {
			p.Value = n
		} else if b, err := strconv.ParseBool(v); err == nil {
			p.Value = b
		}
		out = append(out, p)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Parameter returns one session parameter, "" when it is not set.
func (s *Session) Parameter(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.params[name]
}

// Close ends the session: its transaction is rolled back and its temporary
// objects are dropped. Closing twice is no error.
func (s *Session) Close(ctx context.Context) error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	errs := []error{s.rollback(ctx)}
	for _, k := range sortedKeys(s.temp) {
		errs = append(errs, s.exec(ctx, "DROP TABLE "+s.temp[k].physical))
	}
	if len(s.temp) > 0 {
		errs = append(errs, s.exec(ctx, "DROP SCHEMA "+s.tempSchema()+" CASCADE"))
	}
	for _, k := range sortedKeys(s.tempStages) {
		errs = append(errs, s.dropStage(ctx, s.tempStages[k]))
	}
	s.temp, s.tempStages = nil, nil
	s.engine.locks.release(s)
	return errors.Join(append(errs, s.conn.Close())...)
}

func (s *Session) tempSchema() string { return duckfn.Ident(fmt.Sprintf("session %d", s.ID)) }

// Execute runs one statement. Cancelling ctx stops it with 000604.
func (s *Session) Execute(ctx context.Context, r Request) (*Result, error) {
	s.running.Lock()
	defer s.running.Unlock()
	if s.closed {
		return nil, sferr.New("390111", "08003", "Session no longer exists.  New login required to access the service.")
	}
	defer func() { s.lastQuery = r.QueryID }()
	x := &execution{Session: s, Request: r, env: s.env(r)}
	if syntax.IsDDL(r.Statement) && !r.DescribeOnly && s.tx != nil {
		s.engine.violation("%s inside a transaction commits it: %s", r.Statement.Kind(), r.Text)
		if err := s.commit(ctx); err != nil {
			return nil, err
		}
	}
	limit, err := strconv.Atoi(s.params["STATEMENT_TIMEOUT_IN_SECONDS"])
	if err != nil {
		return nil, fmt.Errorf("session parameter STATEMENT_TIMEOUT_IN_SECONDS: %w", err)
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(limit)*time.Second)
		defer cancel()
	}
	res, err := x.run(ctx)
	if s.tx == nil {
		s.engine.locks.release(s)
	}
	if err != nil {
		return nil, statementError(ctx, err)
	}
	most, err := strconv.Atoi(s.params["ROWS_PER_RESULTSET"])
	if err != nil {
		return nil, fmt.Errorf("session parameter ROWS_PER_RESULTSET: %w", err)
	}
	if most > 0 && len(res.Rows) > most {
		res.Rows = res.Rows[:most]
	}
	res.Context, res.Format = Context{s.database, s.schema, s.warehouse, s.role}, s.params["GO_QUERY_RESULT_FORMAT"]
	return res, nil
}

func (s *Session) env(r Request) *translate.Env {
	return &translate.Env{
		Now: s.engine.opts.Now(), Zone: s.zone(), TimestampFormat: s.params["TIMESTAMP_INPUT_FORMAT"], DateFormat: s.params["DATE_INPUT_FORMAT"], TimeFormat: s.params["TIME_INPUT_FORMAT"],
		Database: s.database, Schema: s.schema, Warehouse: s.warehouse, Role: s.role,
		User: s.engine.opts.User, Account: s.engine.opts.Account, SessionID: s.ID, LastQueryID: s.lastQuery, Binds: r.Binds, Source: r.Text,
	}
}

// exec runs DuckDB SQL in a transaction of its own, which may change the catalog.
func (s *Session) exec(ctx context.Context, statements ...string) error {
	s.engine.structure.Lock()
	defer s.engine.structure.Unlock()
	_, err := s.execAll(ctx, statements)
	return err
}

// execAll runs DuckDB statements in one transaction and returns the rows that
// each affected.
func (s *Session) execAll(ctx context.Context, statements []string) ([]int64, error) {
	tx, err := s.conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	counts := make([]int64, len(statements))
	for i, q := range statements {
		res, err := tx.ExecContext(ctx, q)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w\nin DuckDB: %s", err, q), tx.Rollback())
		}
		if counts[i], err = res.RowsAffected(); err != nil {
			return nil, errors.Join(fmt.Errorf("count rows of %s: %w", q, err), tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return counts, nil
}

// queryInt runs a query of one number.
func (s *Session) queryInt(ctx context.Context, q string) (int64, error) {
	var n int64
	if err := s.conn.QueryRowContext(ctx, q).Scan(&n); err != nil {
		return 0, fmt.Errorf("%s: %w", q, err)
	}
	return n, nil
}
