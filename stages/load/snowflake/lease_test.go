package snowflake

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/snowflaketest"
	sqlfiles "snowdrift/sql"
	"snowdrift/stages/load"
)

// TestLease: one run at a time; a lease that was left behind is taken over, and
// who left it can write no more.
func TestLease(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	first := start(t, srv, "r1")
	first.stage(issue{id: 1, updated: 100, summary: "one"})
	first.mustCommit(1)

	second := start(t, srv, "r2")
	second.stage(issue{id: 1, updated: 101, summary: "newer"})
	if _, err := second.commit(1); !errors.Is(err, load.ErrLeaseHeld) || !strings.Contains(err.Error(), "r1") {
		t.Errorf("error %v", err)
	}
	second.end()

	opts := options(t, srv)
	opts.Lease = time.Nanosecond // all are left behind
	third := openWith(t, opts, "r3")
	third.readState()
	prepare(t, third, third.tables)
	must(t, third.with(t.Context(), third.lead))

	first.stage(issue{id: 1, updated: 103, summary: "too late"})
	if _, err := first.commit(2); !errors.Is(err, load.ErrLeaseLost) {
		t.Errorf("error %v", err)
	}
	third.stage(issue{id: 1, updated: 102, summary: "newest"})
	third.mustCommit(1)
	want(t, srv, summaries, "1|newest|live|r3")
	first.end()
	third.end()
	want(t, srv, `SELECT "RUN_ID", "FENCE" FROM "_SNOWDRIFT_LEASE"`, "|2")
	noFiles(t, srv)
}

// TestLeaseIsRead: whether another run holds the lease shows at once, also while
// its transaction holds the lock of the table; who has to wait for that lock in
// vain is told that there is another run.
func TestLeaseIsRead(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	first := start(t, srv, "r1")
	first.stage(issue{id: 1, updated: 100, summary: "one"})
	first.mustCommit(1)
	must(t, first.main.run(t.Context(), "test", "", "BEGIN"))
	must(t, first.checkFence(t.Context(), first.main))
	second := start(t, srv, "r2")
	from := len(srv.Statements())
	if err := second.with(t.Context(), second.lead); !errors.Is(err, load.ErrLeaseHeld) || !strings.Contains(err.Error(), "r1") {
		t.Errorf("error %v", err)
	}
	if got := kinds(srv, from); slices.Contains(got, "MERGE") {
		t.Errorf("statements %q", got)
	}
	must(t, first.main.run(t.Context(), "test", "", "ROLLBACK"))
	second.end()

	opts := options(t, srv)
	opts.Lease = time.Nanosecond // all are left behind
	third := openWith(t, opts, "r3")
	srv.Fault(strike("MERGE", before, 1, snowflaketest.Fault{Code: "000625", State: "57014", Message: "Statement has locked table '_SNOWDRIFT_LEASE'"}))
	err := third.with(t.Context(), third.lead)
	var refusal *load.Error
	if !errors.Is(err, load.ErrLeaseHeld) || !errors.As(err, &refusal) || refusal.Hint == "" || number(err) == errLocked {
		t.Errorf("error %v", err)
	}
	srv.Fault(nil)
	third.end()
	first.end()
}

// TestTwoLeases: of two first runs that both inserted a lease, each of which
// fails, nothing stays that would make all later ones fail.
func TestTwoLeases(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	first := start(t, srv, "r0")
	first.end()
	l := start(t, srv, "r1")
	must(t, l.with(t.Context(), func(ctx context.Context, s *session) error {
		if err := s.run(ctx, "plant", "", `DELETE FROM "_SNOWDRIFT_LEASE"`); err != nil {
			return err
		}
		return s.run(ctx, "plant", "", `INSERT INTO "_SNOWDRIFT_LEASE" ("PIPELINE", "RUN_ID", "FENCE", "ACQUIRED")
			SELECT 'jira', column1, 1, DATEADD(hour, -1, CURRENT_TIMESTAMP()) FROM VALUES ('ra'), ('rb')`)
	}))
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	if _, err := l.commit(1); !errors.Is(err, load.ErrLeaseHeld) {
		t.Errorf("error %v", err)
	}
	l.end()
	again := start(t, srv, "r2")
	again.stage(issue{id: 1, updated: 100, summary: "one"})
	again.mustCommit(1)
	want(t, srv, `SELECT "RUN_ID", "FENCE" FROM "_SNOWDRIFT_LEASE"`, "r2|1")
	again.end()
}

// TestRecordsHalfMade: tables of our own records that another run has begun to
// make, or was killed while it made them, hinder nobody.
func TestRecordsHalfMade(t *testing.T) {
	t.Parallel()
	statements := sqlfiles.Statements("snowflake/meta.sql")
	for made := 1; made < len(statements); made++ {
		srv := account(t, nil)
		maker := open(t, srv, "r0")
		must(t, maker.with(t.Context(), func(ctx context.Context, s *session) error {
			for _, statement := range statements[:made] {
				if err := s.run(ctx, "plant", "", statement); err != nil {
					return err
				}
			}
			return nil
		}))
		maker.end()
		l := start(t, srv, "r1")
		l.stage(issue{id: 1, updated: 100, summary: "one"})
		l.mustCommit(1)
		l.end()
	}
}
