package snowflake

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	sf "github.com/snowflakedb/gosnowflake"
)

// session is one login. Temporary tables and the transaction belong to it. It
// is for one goroutine.
type session struct {
	db         *sql.DB
	conn       *sql.Conn
	log        *slog.Logger
	tag        string // QUERY_TAG, by which administrators find a run's statements
	statements *atomic.Int64
}

// dial logs in. dir is that of the files that the session is to PUT: the driver
// encrypts each into one beside it. The files of a run are in one directory.
func (w *Warehouse) dial(ctx context.Context, dir string) (*session, error) {
	cfg, err := w.config(ctx)
	if err != nil {
		return nil, err
	}
	cfg.TmpDirPath = dir
	db := sql.OpenDB(sf.NewConnector(sf.SnowflakeDriver{}, *cfg))
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(w.refused(err), db.Close())
	}
	return &session{db: db, conn: conn, log: w.opts.Log, tag: w.tag, statements: w.statements}, nil
}

// close logs out: the server rolls back and drops temporary tables.
func (s *session) close() error {
	err := s.conn.Close()
	if errors.Is(err, sql.ErrConnDone) {
		err = nil
	}
	return errors.Join(err, s.db.Close())
}

// run runs a statement whose count of rows does not matter; on is what an error
// names.
func (s *session) run(ctx context.Context, op, on, statement string, args ...any) error {
	_, err := s.do(ctx, op, on, statement, args)
	return err
}

// affect runs DML and returns the number of rows that it changed.
func (s *session) affect(ctx context.Context, op, on, statement string, args ...any) (int64, error) {
	result, err := s.do(ctx, op, on, statement, args)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fail(op, on, statement, err)
	}
	return n, nil
}

func (s *session) do(ctx context.Context, op, on, statement string, args []any) (sql.Result, error) {
	ctx, done := s.note(ctx, op, on, statement)
	result, err := s.conn.ExecContext(ctx, statement, args...)
	done(err)
	if err != nil {
		return nil, fail(op, on, statement, err)
	}
	return result, nil
}

// note counts a statement. The function it returns logs it with its query id.
func (s *session) note(ctx context.Context, op, on, statement string) (context.Context, func(error)) {
	s.statements.Add(1)
	began := time.Now()
	ids := make(chan string, 1)
	// The driver closes the channel with the first answer, but posts a PUT again:
	// always for Google's storage, elsewhere when the storage's token has expired.
	if !strings.HasPrefix(statement, "PUT ") {
		ctx = sf.WithQueryIDChan(ctx, ids)
	}
	return sf.WithQueryTag(ctx, s.tag), func(err error) {
		id := ""
		select {
		case id = <-ids:
		default: // it came to no query, or is a PUT
		}
		s.log.Debug("statement", "op", op, "on", on, "sql", statement, "query_id", id, "took", time.Since(began), "failed", err != nil)
	}
}

// each runs a query and hands over its rows, one by one.
func (s *session) each(ctx context.Context, op, on, query string, args []any, scan func(*sql.Rows) error) error {
	ctx, done := s.note(ctx, op, on, query)
	rows, err := s.conn.QueryContext(ctx, query, args...)
	done(err)
	if err != nil {
		return fail(op, on, query, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fail(op, on, query, err)
		}
	}
	if err := rows.Err(); err != nil {
		return fail(op, on, query, err)
	}
	return nil
}

// named runs a statement that answers in rows whose columns go by name, such as
// SHOW, COPY and PUT, and returns them as texts. NULL is "".
func (s *session) named(ctx context.Context, op, on, statement string) ([]map[string]string, error) {
	var out []map[string]string
	err := s.each(ctx, op, on, statement, nil, func(rows *sql.Rows) error {
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		cells, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make(map[string]string, len(names))
		for i, name := range names {
			row[name] = cells[i].String
		}
		out = append(out, row)
		return nil
	})
	return out, err
}

// countRows returns the number of rows of a table, as a text, which SHOW knows
// without a warehouse, and whether there is such a table.
func (s *session) countRows(ctx context.Context, op, on, name string) (rows string, found bool, err error) {
	tables, err := s.named(ctx, op, on, "SHOW TABLES LIKE "+Dialect.Literal(name)+" IN SCHEMA")
	for _, t := range tables {
		if t["name"] == name { // LIKE takes _ for any letter, and upper and lower case for the same
			return t["rows"], true, err
		}
	}
	return "", false, err
}
