package duckdb

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// operator is a part of a plan as EXPLAIN shows it.
type operator struct {
	Name     string         `json:"name"`
	Children []operator     `json:"children"`
	Extra    map[string]any `json:"extra_info"`
}

// all calls fn with an operator and those below it.
func (o operator) all(fn func(operator)) {
	fn(o)
	for _, child := range o.Children {
		child.all(fn)
	}
}

// scans reports whether a table is read below an operator.
func (o operator) scans(name string) (found bool) {
	o.all(func(o operator) {
		table, _ := o.Extra["Table"].(string)
		found = found || table == name || strings.HasSuffix(table, "."+name)
	})
	return found
}

// TestPlansHashTheChanges: what a commit joins with a table of issues is put into
// the hash table, and the issues go past it. The other way round a commit would
// take memory by the size of the site. DuckDB guesses that a fifth of a table is of
// one site, so that a commit of more than that may be joined either way.
func TestPlansHashTheChanges(t *testing.T) {
	ctx := context.Background()
	l := prepared(t, open(t, options(filepath.Join(t.TempDir(), "jira.duckdb"))), "run-001")
	short := func(int64) string { return "{}" }
	l.commit(1, 20_000)
	for _, changed := range []int64{10, 2_000} {
		l.stage(2, changed, short)
		if err := l.w.views(ctx, l.t); err != nil {
			t.Fatal(err)
		}
		findChanged, _ := l.w.sql().FindChanged(l.t, "jira", false)
		findChanged = strings.ReplaceAll(findChanged, "?", "'jira'")
		if err := l.w.exec(ctx, "test", "", findChanged); err != nil {
			t.Fatal(err)
		}
		for what, statement := range map[string]string{"FindChanged": findChanged, "DeleteRows": l.w.sql().DeleteRows(l.t)} {
			joins := 0
			l.plan(ctx, statement).all(func(o operator) {
				if o.Name != "HASH_JOIN" {
					return
				}
				joins++
				if len(o.Children) != 2 || !o.Children[0].scans(l.t.Name) || o.Children[1].scans(l.t.Name) {
					t.Errorf("%s of %d of 20,000 issues: the hash table is made of the issues, or the plan is another one: %+v", what, changed, o)
				}
			})
			if joins != 1 {
				t.Errorf("%s: %d joins", what, joins)
			}
		}
		if err := l.w.forget(l.t.Name); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// plan returns the plan of a statement.
func (l *loader) plan(ctx context.Context, statement string) operator {
	l.Helper()
	var kind, text string
	if err := l.w.conn.QueryRowContext(ctx, "EXPLAIN (FORMAT JSON) "+statement).Scan(&kind, &text); err != nil {
		l.Fatal(err)
	}
	var plan []operator
	if err := json.Unmarshal([]byte(text), &plan); err != nil || len(plan) != 1 {
		l.Fatal(err, text)
	}
	return plan[0]
}
