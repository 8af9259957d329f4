package snowflake

import (
	"slices"
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
)

// TestRecordsAreDescribed: the tables of our own records have the columns that are
// described, no others, and their comments, which sql/snowflake/meta.sql repeats; those
// of an earlier version get them, and a run that finds them writes none.
func TestRecordsAreDescribed(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	for _, run := range []struct {
		id       string
		before   string // what an earlier version left
		comments int
	}{
		{"r1", "", 0}, {"r2", "", 0},
		{"r3", `COMMENT ON COLUMN "_SNOWDRIFT_RUNS"."OUTCOME" IS ''`, 2}, // the table's own among them
		{"r4", "", 0},
	} {
		if run.before != "" {
			l := open(t, srv, "somebody else")
			must(t, l.main.run(t.Context(), "test", "", run.before))
			l.end()
		}
		from := len(srv.Statements())
		l := start(t, srv, run.id)
		if n := count(kinds(srv, from), "COMMENT"); n != run.comments {
			t.Errorf("%s: %d comments, want %d", run.id, n, run.comments)
		}
		l.stage(issue{id: 1, updated: 100, summary: "one"})
		l.mustCommit(1)
		l.end()
		wantDescribed(t, srv)
	}
}

func count(all []string, of string) (n int) {
	for _, s := range all {
		if s == of {
			n++
		}
	}
	return n
}

func wantDescribed(t *testing.T, srv *snowflaketest.Server) {
	t.Helper()
	l := open(t, srv, "who looks")
	defer l.end()
	shown, err := showColumns(t.Context(), l.main)
	must(t, err)
	tables, err := l.main.named(t.Context(), "test", "", `SHOW TABLES LIKE '_SNOWDRIFT_%' IN SCHEMA`)
	must(t, err)
	have := catalog(shown)
	for _, r := range table.Records() {
		name := Dialect.Fold(r.Name)
		if n := len(have[name]); n != len(r.Columns) {
			t.Errorf("%s has %d columns, described are %d", name, n, len(r.Columns))
		}
		for _, c := range r.Columns {
			if comment := have[name][Dialect.Fold(c.Name)].comment; comment != c.Doc {
				t.Errorf("%s.%s: %q", name, c.Name, comment)
			}
		}
		i := slices.IndexFunc(tables, func(row map[string]string) bool { return row["name"] == name })
		if i < 0 || tables[i]["comment"] != r.Doc {
			t.Errorf("%s is not there, or its comment is not the description", name)
		}
	}
}
