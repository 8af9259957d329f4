package duckdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/stages/load"
)

// TestQueryOfJSON: JSON is its text in the answer to any query that may be asked for its
// columns, and the answer has the same rows in the same order.
func TestQueryOfJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	if err := open(t, options(path)).Close(); err != nil {
		t.Fatal(err)
	}
	opts := options(path)
	opts.ReadOnly = true
	w := open(t, opts)
	defer w.Close()
	for _, tt := range []struct {
		query          string
		columns, types []string
		want           [][]any
	}{
		{`SELECT '{"b": 1e400, "a": 1.10}'::JSON AS "Jay"; `, []string{"Jay"}, []string{"JSON"}, [][]any{{`{"b": 1e400, "a": 1.10}`}}},
		{`SELECT 1 AS a, '"x"'::JSON AS j, NULL::JSON AS none -- why not`, []string{"a", "j", "none"}, []string{"INTEGER", "JSON", "JSON"}, [][]any{{int32(1), `"x"`, nil}}},
		{`SELECT TIMESTAMPTZ '2026-01-01 10:00:00+00' AS at, '1e400'::JSON AS j; -- done`, []string{"at", "j"}, []string{"TIMESTAMPTZ", "JSON"},
			[][]any{{time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC), "1e400"}}},
		{`SELECT '; -- no comment' AS t, '1.0'::JSON AS j; /* done */`, []string{"t", "j"}, []string{"VARCHAR", "JSON"}, [][]any{{"; -- no comment", "1.0"}}},
		{`SELECT 1 AS "q""x", '1.0'::JSON AS j`, []string{`q"x`, "j"}, []string{"INTEGER", "JSON"}, [][]any{{int32(1), "1.0"}}},
		{`VALUES (['1.0'::JSON, NULL])`, []string{"col0"}, []string{"JSON[]"}, [][]any{{"[1.0,null]"}}},
		{`WITH x AS (SELECT to_json(7) AS j) FROM x`, []string{"j"}, []string{"JSON"}, [][]any{{"7"}}},
		{`SELECT 1 AS a, '1.0'::JSON AS a`, []string{"a", "a"}, []string{"INTEGER", "JSON"}, [][]any{{int32(1), "1.0"}}},
		{`SELECT 1 AS a, 2 AS a`, []string{"a", "a"}, []string{"INTEGER", "INTEGER"}, [][]any{{int32(1), int32(2)}}},
		{`SHOW TABLES`, nil, nil, nil},
		{`PRAGMA version`, nil, nil, nil},
	} {
		rows, err := w.Query(t.Context(), tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		got := allOf(t, rows)
		if tt.want == nil { // that it has an answer will do
			continue
		}
		if !reflect.DeepEqual(rows.Columns(), tt.columns) || !reflect.DeepEqual(rows.Types(), tt.types) || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %v %v %#v", tt.query, rows.Columns(), rows.Types(), got)
		}
	}

	const n = 300_000
	var answers [2][][]any
	for i, text := range []string{"to_json(range)", "CAST(range AS VARCHAR)"} {
		rows, err := w.Query(t.Context(), fmt.Sprintf(`SELECT range AS n, %s AS j FROM range(%d) ORDER BY hash(range)`, text, n))
		if err != nil {
			t.Fatal(err)
		}
		answers[i] = allOf(t, rows)
	}
	for i := range min(len(answers[0]), len(answers[1])) {
		if !reflect.DeepEqual(answers[0][i], answers[1][i]) {
			t.Fatalf("row %d of the ordered answer is another one", i)
		}
	}
	if len(answers[0]) != n || len(answers[1]) != n {
		t.Errorf("%d and %d rows, want %d", len(answers[0]), len(answers[1]), n)
	}
}

// TestQueryInterrupted: one line says that somebody ended it.
func TestQueryInterrupted(t *testing.T) {
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel) // it would take days
	_, err := w.Query(ctx, `SELECT COUNT(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range = c.range * 7`)
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "\n") {
		t.Errorf("it ended with %q", err)
	}
}

// TestTypes: what a value is cast to for the driver, whatever its members are called.
func TestTypes(t *testing.T) {
	for name, want := range map[string]string{
		"BIGINT":                   "BIGINT",
		"DECIMAL(38,2)[]":          "DECIMAL(38,2)[]",
		"TIMESTAMP WITH TIME ZONE": "TIMESTAMP WITH TIME ZONE",
		"TIME WITH TIME ZONE[3]":   "VARCHAR[3]",
		"ENUM('a', 'b)],')[]":      "VARCHAR[]",
		`STRUCT(a JSON, "B, ""(c" STRUCT(d UUID[], e ENUM('x, y'))[2], "TIMESTAMP" TIMESTAMP WITH TIME ZONE)`: `STRUCT("a" VARCHAR, "B, ""(c" STRUCT("d" VARCHAR[], "e" VARCHAR)[2], "TIMESTAMP" TIMESTAMP WITH TIME ZONE)`,
		"STRUCT(INTEGER, TIMESTAMP WITH TIME ZONE, STRUCT(a DATE), DECIMAL(2,1)[])":                           `STRUCT("1" INTEGER, "2" TIMESTAMP WITH TIME ZONE, "3" STRUCT("a" DATE), "4" DECIMAL(2,1)[])`,
		"MAP(DATE, MAP(VARCHAR, INTERVAL)[])":                                                                 "MAP(VARCHAR, MAP(VARCHAR, VARCHAR)[])",
		`UNION("a b" INTEGER, c VARIANT)`:                                                                     `UNION("a b" INTEGER, "c" VARCHAR)`,
	} {
		if got := parseType(name).readable(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// allOf returns the rows of an answer.
func allOf(t *testing.T, rows load.Rows) (all [][]any) {
	t.Helper()
	for cells, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, slices.Clone(cells))
	}
	return all
}

// TestNothingIsFetched: no path and no query has DuckDB install or load an extension, or
// use a service.
func TestNothingIsFetched(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"md:jira", "sqlite:jira.db", "jira.duckdb"} {
		w := open(t, options(path))
		for _, setting := range []string{"autoinstall_known_extensions", "autoload_known_extensions"} {
			var value string
			if err := w.conn.QueryRowContext(t.Context(), "SELECT current_setting('"+setting+"')").Scan(&value); err != nil || value != "false" {
				t.Errorf("%s is %s, %v", setting, value, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", path, err)
		}
	}
}
