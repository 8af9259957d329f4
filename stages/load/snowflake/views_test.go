package snowflake

import (
	"slices"
	"strings"
	"testing"

	"snowdrift/stages/load"
	"snowdrift/stages/load/viewtest"
)

// empty makes an empty destination.
func empty(t *testing.T) viewtest.Destination {
	t.Helper()
	srv := account(t, nil)
	return viewtest.Destination{
		Open: func(t *testing.T) load.Warehouse {
			w, err := Open(t.Context(), options(t, srv))
			must(t, err)
			return w
		},
		Exec: func(t *testing.T, statement string) {
			t.Helper()
			l := open(t, srv, "somebody else")
			must(t, l.main.run(t.Context(), "test", "", statement))
			l.end()
		},
	}
}

// TestViews compares the views with a calculation in Go.
func TestViews(t *testing.T) {
	t.Parallel()
	viewtest.Run(t, empty)
}

// TestIdleViews: views that are as they should be cost two SHOW statements, which
// need no warehouse and no lease.
func TestIdleViews(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	tables := viewtest.Tables()
	views := load.Views("jira", tables[0], nil)
	made := open(t, srv, "r1")
	prepare(t, made, tables)
	must(t, made.MakeViews(t.Context(), views))
	made.end()
	srv.SuspendWarehouse()
	wakes, from := srv.WarehouseWakes(), len(srv.Statements())
	idle := open(t, srv, "r2")
	must(t, idle.MakeViews(t.Context(), views))
	idle.end()
	if got := kinds(srv, from); !slices.Equal(got, []string{"SHOW", "SHOW"}) {
		t.Errorf("statements %q", got)
	}
	if n := srv.WarehouseWakes() - wakes; n != 0 {
		t.Errorf("the warehouse woke %d times", n)
	}
}

// TestViewRefused: what to do is said when the role may not make views, or
// something else has the name of one.
func TestViewRefused(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	tables := viewtest.Tables()
	l := open(t, srv, "r1")
	prepare(t, l, tables)
	must(t, l.main.run(t.Context(), "test", "", "CREATE TABLE working_calendar (weekday BIGINT)"))
	err := l.MakeViews(t.Context(), load.Views("jira", tables[0], nil))
	if err == nil || !strings.Contains(err.Error(), "working_calendar") || !strings.Contains(err.Error(), "views: false") {
		t.Errorf("error %v", err)
	}
}

// TestCookbook runs the queries of docs/COOKBOOK.md.
func TestCookbook(t *testing.T) {
	t.Parallel()
	viewtest.Cookbook(t, empty(t), Dialect.Name, "../../../docs/COOKBOOK.md", false)
}
