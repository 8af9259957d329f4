package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/stage"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

// testNow is the engine's clock: 2024-07-01 was in daylight-saving time.
var testNow = time.Date(2024, 7, 1, 12, 30, 0, 123456000, time.UTC)

func newEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(t.Context(), Options{
		Account: "TESTACCT", User: "LOADER", Database: "RAW", Schema: "JIRA", Warehouse: "LOAD_WH", Role: "JIRA_LOADER",
		Zone: "America/Los_Angeles", Stages: stage.NewLocal(t.TempDir()), Now: func() time.Time { return testNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// client is a session with short ways to run statements.
type client struct {
	*Session
	t testing.TB
}

func (e *Engine) client(t testing.TB, params ...string) client {
	t.Helper()
	p := map[string]string{"TIMEZONE": "UTC", "LOCK_TIMEOUT": "0"}
	for i := 0; i < len(params); i += 2 {
		p[params[i]] = params[i+1]
	}
	s, err := e.Open(t.Context(), Context{Database: "RAW", Schema: "JIRA", Warehouse: "LOAD_WH"}, p, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return client{s, t}
}

func (c client) do(q string, binds ...translate.Bind) (*Result, error) {
	st, err := syntax.Parse(q)
	if err != nil {
		return nil, err
	}
	return c.Execute(c.t.Context(), Request{Statement: st, Text: q, QueryID: "q", Binds: binds})
}

func (c client) run(statements ...string) {
	c.t.Helper()
	for _, q := range statements {
		if _, err := c.do(q); err != nil {
			c.t.Fatalf("%s\n%v", q, err)
		}
	}
}

// rows are a result's rows as "a|b|NULL".
func (r *Result) lines() []string {
	var out []string
	for _, row := range r.Rows {
		cells := make([]string, len(row))
		for i, c := range row {
			if cells[i] = "NULL"; c != nil {
				cells[i] = *c
			}
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

func (c client) want(q string, lines ...string) {
	c.t.Helper()
	res, err := c.do(q)
	if err != nil {
		c.t.Errorf("%s\n%v", q, err)
		return
	}
	if got := res.lines(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", lines) {
		c.t.Errorf("%s\n got %q\nwant %q", q, got, lines)
	}
}

func (c client) fails(q, code string) {
	c.t.Helper()
	_, err := c.do(q)
	if err == nil {
		c.t.Errorf("%s\nsucceeded, want error %s", q, code)
		return
	}
	if e := sferr.As(err); e.Code != code {
		c.t.Errorf("%s\n got %v\nwant error %s", q, err, code)
	}
}
