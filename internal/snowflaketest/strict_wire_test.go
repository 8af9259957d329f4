package snowflaketest

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	sf "github.com/snowflakedb/gosnowflake"
)

// once makes a fault strike at the first attempt of statements of one kind.
func once(kind string, at Phase, f Fault) func(Statement, Phase) *Fault {
	struck := false
	return func(s Statement, p Phase) *Fault {
		if s.Kind != kind || p != at || struck {
			return nil
		}
		struck = true
		return &f
	}
}

// kept fills a table with one row through a statement that meets a fault, and
// checks that the driver brings it through and that it ran once.
func kept(t *testing.T, at Phase, f Fault) {
	t.Helper()
	srv := account(t, nil)
	c := open(t, srv)
	run(t, c, `CREATE TABLE T (ID NUMBER)`)
	srv.Fault(once("INSERT", at, f))
	res, err := c.ExecContext(t.Context(), `INSERT INTO T VALUES (1)`)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		t.Errorf("rows affected %d, %v", n, err)
	}
	want(t, c, `SELECT COUNT(*) FROM T`, "1")
	for _, s := range srv.Statements() {
		if s.Executions != 1 {
			t.Errorf("%s ran %d times", s.Kind, s.Executions)
		}
		if again := f.InProgress == 0; s.Kind == "INSERT" && again != (s.Attempt == 2) {
			t.Errorf("INSERT came %d times", s.Attempt)
		}
	}
}

func TestStrict02_RequestID(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at Phase
		f  Fault
	}{
		"503 before":   {BeforeExecution, Fault{HTTPStatus: http.StatusServiceUnavailable}},
		"503 after":    {AfterExecution, Fault{HTTPStatus: http.StatusServiceUnavailable}},
		"429 after":    {AfterExecution, Fault{HTTPStatus: http.StatusTooManyRequests}},
		"reset before": {BeforeExecution, Fault{Reset: true}},
		"reset after":  {AfterExecution, Fault{Reset: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept(t, tc.at, tc.f)
		})
	}
}

func TestStrict03_Sessions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		at Phase
		f  Fault
	}{
		"390112 before": {BeforeExecution, Fault{SessionExpired: true}},
		"390112 after":  {AfterExecution, Fault{SessionExpired: true}},
		"333333 chain":  {BeforeExecution, Fault{InProgress: 3}},
		"333333 after":  {AfterExecution, Fault{InProgress: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept(t, tc.at, tc.f)
		})
	}
	t.Run("tokens expire in mid-transaction", func(t *testing.T) {
		t.Parallel()
		srv := account(t, nil)
		c := open(t, srv)
		run(t, c, `CREATE TABLE T (ID NUMBER)`, `BEGIN`, `INSERT INTO T VALUES (1)`)
		srv.ExpireTokens()
		run(t, c, `INSERT INTO T VALUES (2)`, `COMMIT`)
		want(t, c, `SELECT COUNT(*) FROM T`, "2")
	})
	t.Run("time passes", func(t *testing.T) {
		t.Parallel()
		var now atomic.Int64
		now.Store(time.Now().Unix())
		srv := account(t, func(o *Options) { o.Now = func() time.Time { return time.Unix(now.Load(), 0) } })
		c := open(t, srv)
		now.Add(int64((time.Hour + time.Minute).Seconds()))
		want(t, c, `SELECT 1`, "1")
		now.Add(int64((5 * time.Hour).Seconds()))
		fails(t, c, 390114, `SELECT 1`)
	})
	t.Run("session gone", func(t *testing.T) {
		t.Parallel()
		srv := account(t, nil)
		c := open(t, srv)
		run(t, c, `CREATE TABLE T (ID NUMBER)`, `BEGIN`, `INSERT INTO T VALUES (1)`)
		srv.Fault(once("COMMIT", BeforeExecution, Fault{SessionGone: true}))
		fails(t, c, 390111, `COMMIT`)
		fails(t, c, 390111, `SELECT 1`)
		want(t, open(t, srv), `SELECT COUNT(*) FROM T`, "0")
	})
	t.Run("reset after COMMIT executed", func(t *testing.T) {
		t.Parallel()
		srv := account(t, nil)
		c := open(t, srv)
		run(t, c, `CREATE TABLE T (ID NUMBER)`, `BEGIN`, `INSERT INTO T VALUES (1)`)
		// The client is gone before the answer: on its side the outcome is unknown.
		ctx, cancel := context.WithCancel(t.Context())
		srv.Fault(func(s Statement, p Phase) *Fault {
			if s.Kind != "COMMIT" || p != AfterExecution {
				return nil
			}
			cancel()
			return &Fault{Reset: true}
		})
		if _, err := c.ExecContext(ctx, `COMMIT`); !errors.Is(err, context.Canceled) {
			t.Errorf("COMMIT without an answer: %v", err)
		}
		want(t, open(t, srv), `SELECT COUNT(*) FROM T`, "1")
	})
	t.Run("login", func(t *testing.T) {
		t.Parallel()
		srv := account(t, nil)
		srv.Fault(once("LOGIN", BeforeExecution, Fault{HTTPStatus: http.StatusServiceUnavailable}))
		want(t, open(t, srv), `SELECT 1`, "1")
	})
	t.Run("SQL error", func(t *testing.T) {
		t.Parallel()
		srv := account(t, nil)
		c := open(t, srv)
		srv.Fault(once("SELECT", BeforeExecution, Fault{Code: "000630", State: "57014", Message: "Statement reached its statement or warehouse timeout"}))
		if e := fails(t, c, 630, `SELECT 1`); e.SQLState != "57014" {
			t.Errorf("error %+v", e)
		}
		if s := srv.Statements(); s[0].Executions != 0 {
			t.Errorf("the failed statement ran %d times", s[0].Executions)
		}
	})
}

// TestStrict03_Async starts a statement without waiting for it.
func TestStrict03_Async(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	c := open(t, srv)
	run(t, c, `CREATE TABLE T (ID NUMBER)`)
	ids := make(chan string, 1)
	ctx := sf.WithQueryIDChan(sf.WithAsyncMode(t.Context()), ids)
	if _, err := c.ExecContext(ctx, `INSERT INTO T VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	id := <-ids
	rs, err := c.QueryContext(sf.WithFetchResultByID(t.Context(), id), "")
	if err != nil {
		t.Fatal(err)
	}
	closing(t, rs.Close)
	want(t, c, `SELECT COUNT(*) FROM T`, "1")
	i := slices.IndexFunc(srv.Statements(), func(s Statement) bool { return s.QueryID == id })
	if s := srv.Statements()[i]; !s.Async || s.Executions != 1 {
		t.Errorf("record %+v", s)
	}
}

func TestStrict10_Abort(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	record := func(q string) Statement {
		all := srv.Statements()
		if i := slices.IndexFunc(all, func(s Statement) bool { return s.Text == q }); i >= 0 {
			return all[i]
		}
		return Statement{}
	}
	a := open(t, srv)
	run(t, a, `CREATE TABLE T (ID NUMBER)`)
	abort := func(c *sql.Conn, q string, begun func() bool) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			await(t, begun)
			cancel()
		}()
		if _, err := c.ExecContext(ctx, q); !errors.Is(err, context.Canceled) {
			t.Fatalf("aborted statement: %v", err)
		}
		await(t, func() bool { return record(q).Err != nil })
		if e := record(q).Err; e.Code != "000604" || e.State != "57014" {
			t.Errorf("aborted statement ended with %v", e)
		}
	}
	// One that runs, for ever if it were not for the abort.
	long := `INSERT INTO T SELECT 1 FROM TABLE(GENERATOR(ROWCOUNT => 3000000)) a, TABLE(GENERATOR(ROWCOUNT => 3000000)) b`
	abort(a, long, func() bool { return record(long).Executions == 1 })

	// One that has not begun: it never does.
	short := `INSERT INTO T VALUES (1)`
	var hanging atomic.Bool
	srv.Fault(func(s Statement, p Phase) *Fault {
		if s.Text != short {
			return nil
		}
		hanging.Store(true)
		return &Fault{Hang: true}
	})
	abort(open(t, srv), short, hanging.Load)
	if n := record(short).Executions; n != 0 {
		t.Errorf("a statement that was aborted before it ran, ran %d times", n)
	}
	srv.Fault(nil)
	want(t, open(t, srv), `SELECT COUNT(*) FROM T`, "0")
}

// await yields until cond holds; it gives up long after that should be.
func await(t *testing.T, cond func() bool) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !cond() {
		if ctx.Err() != nil {
			t.Error("waited in vain")
			return
		}
		runtime.Gosched()
	}
}
