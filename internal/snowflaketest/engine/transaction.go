package engine

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"snowdrift/internal/snowflaketest/duckfn"
)

// transaction is an open Snowflake transaction: the overlays of the tables it
// wrote (see the package comment) and the load metadata of its COPYs.
type transaction struct {
	id       int64
	started  time.Time
	session  *Session
	overlays map[*table]*overlay
}

// overlay is what a transaction has written to one table.
type overlay struct {
	physical string // DuckDB table: the rows added, or the whole table if full
	full     bool
	loads    map[string]string // load metadata to be, nil if unchanged
}

func (s *Session) begin() {
	e := s.engine
	s.tx = &transaction{id: e.next(), started: e.opts.Now(), session: s, overlays: map[*table]*overlay{}}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.transactions[s.tx.id] = s.tx
}

// end forgets the session's transaction and gives up its locks.
func (s *Session) end() {
	e := s.engine
	e.mu.Lock()
	delete(e.transactions, s.tx.id)
	e.mu.Unlock()
	s.tx = nil
	e.locks.release(s)
}

// readable is the FROM item under which the session reads t: through its overlay.
func (s *Session) readable(t *table) string {
	if s.tx != nil {
		if o := s.tx.overlays[t]; o != nil && o.physical != "" {
			if o.full {
				return o.physical
			}
			return fmt.Sprintf("(SELECT * FROM %s UNION ALL SELECT * FROM %s)", t.physical, o.physical)
		}
	}
	return t.physical
}

// writable locks t and returns the DuckDB table to write to. With full it holds
// all rows of t, otherwise perhaps only those that the transaction adds.
func (s *Session) writable(ctx context.Context, t *table, full bool) (string, error) {
	mode := shared
	if full {
		mode = exclusive
	}
	if err := s.lock(ctx, t, mode); err != nil {
		return "", err
	}
	if s.tx == nil {
		return t.physical, nil
	}
	o := s.tx.overlays[t]
	if o == nil {
		o = &overlay{}
		s.tx.overlays[t] = o
	}
	if o.physical != "" && (o.full || !full) {
		return o.physical, nil
	}
	name := fmt.Sprintf("%s.%s", t.duckDB, duckfn.Ident(fmt.Sprintf("%s (overlay %d)", t.name[2], s.engine.next())))
	source := "SELECT * FROM " + s.readable(t)
	if !full {
		source += " LIMIT 0"
	}
	statements := []string{"CREATE TABLE " + name + " AS " + source}
	if o.physical != "" {
		statements = append(statements, "DROP TABLE "+o.physical)
	}
	if err := s.exec(ctx, statements...); err != nil {
		return "", err
	}
	o.physical, o.full = name, full
	return name, nil
}

// lock takes t for this statement, or to the end of the transaction.
func (s *Session) lock(ctx context.Context, t *table, mode lockMode) error {
	if t.temporary != nil {
		return nil
	}
	seconds, err := strconv.Atoi(s.params["LOCK_TIMEOUT"])
	if err != nil {
		return fmt.Errorf("session parameter LOCK_TIMEOUT: %w", err)
	}
	return s.engine.locks.acquire(ctx, s, t, mode, time.Duration(seconds)*time.Second)
}

// commit makes the transaction's overlays the tables, in one DuckDB transaction.
func (s *Session) commit(ctx context.Context) error {
	tx := s.tx
	if tx == nil {
		return nil
	}
	var statements []string
	for t, o := range tx.overlays {
		switch {
		case o.physical == "":
		case o.full:
			statements = append(statements, "DROP TABLE "+t.physical, fmt.Sprintf("ALTER TABLE %s RENAME TO %s", o.physical, duckfn.Ident(t.name[2])))
		default:
			statements = append(statements, fmt.Sprintf("INSERT INTO %s SELECT * FROM %s", t.physical, o.physical), "DROP TABLE "+o.physical)
		}
	}
	if len(statements) > 0 {
		// Once COMMIT has begun, the client's going away must not undo it halfway.
		if err := s.exec(context.WithoutCancel(ctx), statements...); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
	}
	s.engine.mu.Lock()
	for t, o := range tx.overlays {
		if o.loads != nil {
			t.loads = o.loads
		}
	}
	s.engine.mu.Unlock()
	s.end()
	return nil
}

// rollback forgets the transaction.
func (s *Session) rollback(ctx context.Context) error {
	tx := s.tx
	if tx == nil {
		return nil
	}
	defer s.end()
	var statements []string
	for _, o := range tx.overlays {
		if o.physical != "" {
			statements = append(statements, "DROP TABLE "+o.physical)
		}
	}
	if len(statements) == 0 {
		return nil
	}
	return s.exec(context.WithoutCancel(ctx), statements...)
}

// loads returns the load metadata of t as this session sees it.
func (s *Session) loads(t *table) map[string]string {
	if s.tx != nil {
		if o := s.tx.overlays[t]; o != nil && o.loads != nil {
			return o.loads
		}
	}
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return maps.Clone(t.loads)
}

// setLoads records load metadata; in a transaction it is undone with the rows.
func (s *Session) setLoads(t *table, loads map[string]string) {
	if s.tx == nil {
		s.engine.mu.Lock()
		defer s.engine.mu.Unlock()
		t.loads = loads
		return
	}
	o := s.tx.overlays[t]
	if o == nil {
		o = &overlay{}
		s.tx.overlays[t] = o
	}
	o.loads = loads
}
