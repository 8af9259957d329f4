package snowflake

import (
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
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

// TestIdleViews: tables and views that are as they should be cost three
// statements, which need no warehouse and no lease.
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
	prepare(t, idle, tables)
	must(t, idle.MakeViews(t.Context(), views))
	idle.end()
	if got := kinds(srv, from); !slices.Equal(got, []string{"SHOW", "SHOW", "DESCRIBE"}) {
		t.Errorf("statements %q", got)
	}
	if n := srv.WarehouseWakes() - wakes; n != 0 {
		t.Errorf("the warehouse woke %d times", n)
	}
}

// TestColumnOrder: of a field whose type changed, the view of live issues has the
// value under the first of its columns, and all columns are in the table's order,
// whatever their names are.
func TestColumnOrder(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	column := func(name string, kind table.Type) table.Column {
		return table.Column{Name: name, Type: kind, Field: "customfield_1", Doc: "Rating."}
	}
	var ledger []table.Assignment
	var l *loader
	for _, c := range []table.Column{column("zeal", table.Int), column("ardour", table.Text)} {
		l = open(t, srv, "r-"+c.Name)
		ledger = append(ledger, table.Assignment{Field: c.Field, Type: c.Type, Column: c.Name, Name: "Rating"})
		issues := table.Issues([]table.Column{c}, func(string) bool { return true })
		prepare(t, l, []*table.Table{issues})
		must(t, l.MakeViews(t.Context(), load.Views("jira", issues, ledger)))
		if c.Name == "zeal" {
			l.end()
		}
	}
	views, err := l.main.named(t.Context(), "test", "", "SHOW VIEWS LIKE 'ISSUES_CURRENT' IN SCHEMA")
	must(t, err)
	text, last := views[0]["text"], 0
	for _, cell := range []string{`i."ID" AS "ID"`, `i."KEY" AS "KEY"`, `CASE WHEN i."ARDOUR" IS NOT NULL`, `END AS "ZEAL"`, `i."ARDOUR" AS "ARDOUR"`} {
		at := strings.Index(text, cell)
		if at < last {
			t.Errorf("%s is at %d, behind %d, of:\n%s", cell, at, last, text)
		}
		last = at
	}
}

// TestViewRefused: a view that cannot be made is a warning, once, with what to do:
// the role may not make views, a table has the name of one, or an administrator
// made it in a role of his own, so that ours does not see it.
func TestViewRefused(t *testing.T) {
	t.Parallel()
	const calendar = "RAW.JIRA.WORKING_CALENDAR"
	for name, c := range map[string]struct {
		arrange func(*snowflaketest.Server, *loader)
		refused []string
		made    string // one that is made nevertheless
	}{
		"no privilege": {func(srv *snowflaketest.Server, _ *loader) { srv.Revoke("CREATE VIEW", "RAW.JIRA") }, []string{"003001", "working_calendar", "time_in_status"}, ""},
		"a table": {func(_ *snowflaketest.Server, l *loader) {
			must(t, l.main.run(t.Context(), "test", "", "CREATE TABLE working_calendar (weekday BIGINT)"))
		}, []string{"002002", "working_calendar"}, "WORKLOG_WEEKLY"},
		"another role's": {func(srv *snowflaketest.Server, l *loader) {
			must(t, l.main.run(t.Context(), "test", "", "CREATE VIEW working_calendar AS SELECT 1 AS weekday"))
			srv.Revoke("OWNERSHIP", calendar)
			srv.Revoke("SELECT", calendar)
		}, []string{"003001", "working_calendar", "GRANT SELECT ON VIEW", "JIRA_LOADER"}, "WORKLOG_WEEKLY"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := account(t, nil)
			tables := viewtest.Tables()
			opts := options(t, srv)
			log, lines := logged()
			opts.Log = log
			l := openWith(t, opts, "r1")
			prepare(t, l, tables)
			c.arrange(srv, l)
			must(t, l.MakeViews(t.Context(), load.Views("jira", tables[0], nil)))
			var warnings []string
			for line := range strings.Lines(lines.String()) {
				if strings.Contains(line, "level=WARN") {
					warnings = append(warnings, line)
				}
			}
			if len(warnings) != 1 {
				t.Fatalf("warnings %q, want one", warnings)
			}
			for _, text := range append(c.refused, "views: false") {
				if !strings.Contains(warnings[0], text) {
					t.Errorf("%q is not in %s", text, warnings[0])
				}
			}
			views, err := l.main.named(t.Context(), "test", "", "SHOW VIEWS IN SCHEMA")
			must(t, err)
			var names []string
			for _, v := range views {
				names = append(names, v["name"])
			}
			if c.made == "" && len(names) > 0 || c.made != "" && !slices.Contains(names, c.made) {
				t.Errorf("views %q", names)
			}
		})
	}
}

// TestForeignView: one that another role made, and that ours may read, serves the
// views that read it and is left alone.
func TestForeignView(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	tables := viewtest.Tables()
	l := open(t, srv, "r1")
	prepare(t, l, tables)
	must(t, l.MakeViews(t.Context(), load.Views("jira", tables[0], nil)))
	must(t, l.main.run(t.Context(), "test", "", "CREATE OR REPLACE VIEW working_calendar AS SELECT 1 AS weekday, 9.0 AS opens, 17.0 AS closes"))
	srv.Revoke("OWNERSHIP", "RAW.JIRA.WORKING_CALENDAR")
	from := len(srv.Statements())
	must(t, l.MakeViews(t.Context(), load.Views("jira", tables[0], nil)))
	for _, s := range srv.Statements()[from:] {
		if s.Err != nil || strings.Contains(s.Text, `VIEW "WORKING_CALENDAR"`) {
			t.Errorf("%s: %v", s.Text, s.Err)
		}
	}
}

// TestCookbook runs the queries of docs/COOKBOOK.md.
func TestCookbook(t *testing.T) {
	t.Parallel()
	viewtest.Cookbook(t, empty(t), Dialect.Name, "../../../docs/COOKBOOK.md", false)
}
