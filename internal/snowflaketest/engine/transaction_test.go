package engine

import (
	"context"
	"math/big"
	"runtime"
	"testing"

	"snowdrift/internal/snowflaketest/sferr"
)

// digest is the sum that TestChildren computes in SQL.
func digest(ids ...int64) string {
	m, a, sum := big.NewInt(2305843009213693951), big.NewInt(2305843009213693921), new(big.Int)
	for _, id := range ids {
		h := new(big.Int).Mod(big.NewInt(id), big.NewInt(1000003))
		h.Mod(h.Add(h.Mul(h, a), big.NewInt(17)), m)
		sum.Add(sum, h.Mod(h.Mul(h, h), m))
	}
	return sum.String()
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	a, b := e.client(t), e.client(t)
	a.run(`CREATE TABLE T (ID NUMBER(38,0) NOT NULL)`, `CREATE TABLE U (ID NUMBER(38,0))`, `INSERT INTO T VALUES (1)`)

	// What is not committed shows in its own session only; a failed statement
	// changes nothing and ends nothing.
	a.run(`BEGIN`, `INSERT INTO T VALUES (2)`)
	a.fails(`INSERT INTO T SELECT ID FROM (SELECT 3 AS ID UNION ALL SELECT NULL)`, "100072")
	a.want(`SELECT COUNT(*) FROM T`, "2")
	b.want(`SELECT COUNT(*) FROM T`, "1")
	// READ COMMITTED: a sees what b commits meanwhile.
	b.run(`INSERT INTO U VALUES (1)`, `INSERT INTO T VALUES (10)`)
	a.want(`SELECT COUNT(*) FROM U`, "1")
	a.want(`SELECT COUNT(*) FROM T`, "3")
	a.run(`COMMIT`)
	b.want(`SELECT ID FROM T ORDER BY ID`, "1", "2", "10")

	// Insert, then change, then roll back.
	a.run(`BEGIN`, `INSERT INTO T VALUES (3)`, `UPDATE T SET ID = ID + 100`)
	a.want(`SELECT SUM(ID) FROM T`, "416")
	a.run(`ROLLBACK`)
	a.want(`SELECT SUM(ID) FROM T`, "13")

	// DDL commits, and is noted.
	a.run(`BEGIN`, `DELETE FROM T WHERE ID = 10`, `CREATE TEMPORARY TABLE X (ID NUMBER)`, `ROLLBACK`)
	b.want(`SELECT COUNT(*) FROM T`, "2")
	if v := e.Violations(); len(v) != 1 {
		t.Errorf("violations %q, want one", v)
	}
	// The end of the session rolls back and drops temporary tables.
	a.run(`BEGIN`, `DELETE FROM T`)
	if err := a.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	b.want(`SELECT COUNT(*) FROM T`, "2")
	b.fails(`SELECT * FROM X`, "002003")
	if _, err := a.do(`SELECT 1`); sferr.As(err).Code != "390111" {
		t.Errorf("statement in an ended session: %v", err)
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	a, b := e.client(t), e.client(t)
	a.run(`CREATE TABLE T (ID NUMBER(38,0))`, `CREATE TABLE U (ID NUMBER(38,0))`, `INSERT INTO T VALUES (1)`, `INSERT INTO U VALUES (1)`)

	// Inserts do not disturb each other.
	a.run(`BEGIN`, `INSERT INTO T VALUES (2)`)
	b.run(`BEGIN`, `INSERT INTO T VALUES (3)`, `COMMIT`)
	a.run(`COMMIT`)
	a.want(`SELECT COUNT(*) FROM T`, "3")

	// A change locks out every other writer, not readers.
	a.run(`BEGIN`, `UPDATE T SET ID = ID`)
	b.fails(`DELETE FROM T`, "000625")
	b.fails(`INSERT INTO T VALUES (4)`, "000625")
	b.fails(`ALTER TABLE T ADD COLUMN X NUMBER`, "000625")
	b.want(`SELECT COUNT(*) FROM T`, "3")
	a.run(`COMMIT`)
	b.run(`DELETE FROM T`)

	// With a timeout, the second waits for the first.
	b.run(`ALTER SESSION SET LOCK_TIMEOUT = 600`)
	a.run(`BEGIN`, `UPDATE U SET ID = 5`)
	done := make(chan error)
	go func() {
		_, err := b.do(`UPDATE U SET ID = ID + 1`)
		done <- err
	}()
	waitUntil(t, func() bool { return waiting(e, b.Session) })
	a.run(`COMMIT`)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	a.want(`SELECT ID FROM U`, "6")

	// Each waits for the other: one of them fails at once.
	a.run(`ALTER SESSION SET LOCK_TIMEOUT = 600`, `BEGIN`, `UPDATE T SET ID = 1`)
	b.run(`BEGIN`, `UPDATE U SET ID = 1`)
	go func() {
		_, err := b.do(`UPDATE T SET ID = 2`)
		done <- err
	}()
	waitUntil(t, func() bool { return waiting(e, b.Session) })
	a.fails(`UPDATE U SET ID = 2`, "000625")
	a.run(`ROLLBACK`)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	// An aborted wait ends with 000604.
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		waitUntil(t, func() bool { return waiting(e, a.Session) })
		cancel()
	}()
	if _, err := (client{a.Session, ctxTest{t, ctx}}).do(`UPDATE T SET ID = 3`); sferr.As(err).Code != "000604" {
		t.Errorf("aborted wait: %v", err)
	}
}

// ctxTest is a test with a context of its own.
type ctxTest struct {
	testing.TB
	ctx context.Context
}

func (c ctxTest) Context() context.Context { return c.ctx }

func waiting(e *Engine, s *Session) bool {
	e.locks.mu.Lock()
	defer e.locks.mu.Unlock()
	return e.locks.waiting[s] != nil
}

// waitUntil yields until cond holds; the test's deadline ends it otherwise.
func waitUntil(t testing.TB, cond func() bool) {
	for !cond() {
		if t.Context().Err() != nil {
			return
		}
		runtime.Gosched()
	}
}

// TestConcurrentSessions runs writers and readers side by side: nothing is lost,
// no reader sees half a transaction.
func TestConcurrentSessions(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	e.client(t).run(`CREATE TABLE T (ID NUMBER(38,0), N NUMBER(38,0))`, `INSERT INTO T VALUES (1, 0), (2, 0)`)
	const writers, rounds = 3, 8
	errs := make(chan error, writers+1)
	for range writers {
		w := e.client(t, "LOCK_TIMEOUT", "600")
		go func() {
			for range rounds {
				for _, q := range []string{`BEGIN`, `UPDATE T SET N = N + 1 WHERE ID = 1`, `UPDATE T SET N = N + 1 WHERE ID = 2`, `COMMIT`} {
					if _, err := w.do(q); err != nil {
						errs <- err
						return
					}
				}
			}
			errs <- nil
		}()
	}
	r := e.client(t)
	go func() {
		for range 40 {
			res, err := r.do(`SELECT MAX(N) - MIN(N) FROM T`)
			if err != nil {
				errs <- err
				return
			}
			if d := res.lines()[0]; d != "0" {
				t.Errorf("a reader saw half a transaction: difference %s", d)
			}
		}
		errs <- nil
	}()
	for range writers + 1 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	r.want(`SELECT N FROM T`, "24", "24")
}

// TestDetached: a client that died leaves a transaction with locks; another
// session of the user can find it and abort it.
func TestDetached(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	dead, c := e.client(t), e.client(t)
	c.run(`CREATE TABLE T (ID NUMBER(38,0))`, `INSERT INTO T VALUES (1)`)
	dead.run(`BEGIN`, `DELETE FROM T`)
	c.fails(`DELETE FROM T`, "000625")
	res, err := c.do(`SHOW TRANSACTIONS`)
	if err != nil || len(res.Rows) != 1 {
		t.Fatalf("SHOW TRANSACTIONS: %v, %v", res, err)
	}
	c.run(`SELECT SYSTEM$ABORT_TRANSACTION(` + *res.Rows[0][0] + `)`)
	c.want(`SHOW TRANSACTIONS`)
	c.want(`UPDATE T SET ID = 2`, "1|0")
	c.fails(`SELECT SYSTEM$ABORT_TRANSACTION(1)`, "000642")
	dead.run(`COMMIT`)
	c.want(`SELECT ID FROM T`, "2")
}

func TestStatementTimeout(t *testing.T) {
	t.Parallel()
	c := newEngine(t).client(t, "STATEMENT_TIMEOUT_IN_SECONDS", "1")
	c.fails(`SELECT COUNT(*) FROM TABLE(GENERATOR(ROWCOUNT => 3000000)) a, TABLE(GENERATOR(ROWCOUNT => 3000000)) b WHERE a.X = 1`, "000904")
	c.fails(`SELECT SUM(LENGTH(RPAD('x', MOD(SEQ4(), 7), 'y'))) FROM TABLE(GENERATOR(ROWCOUNT => 3000000)) a, TABLE(GENERATOR(ROWCOUNT => 3000000)) b`, "000630")
}
