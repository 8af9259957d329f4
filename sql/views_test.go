package sql

import (
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestViewFiles: each view has one file in each dialect, its own or the shared one,
// which describe it alike; it reads nothing but what it declares, and stands behind
// what it needs.
func TestViewFiles(t *testing.T) {
	for _, dialect := range []string{"duckdb", "snowflake"} {
		var found, want []string
		for _, pattern := range []string{"views/*.sql", dialect + "/views/*.sql"} {
			paths, err := fs.Glob(files, pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range paths {
				found = append(found, path.Base(p))
			}
		}
		for _, name := range ViewNames() {
			want = append(want, name+".sql")
		}
		slices.Sort(found)
		slices.Sort(want)
		if !slices.Equal(found, want) {
			t.Errorf("%s: files %q, want %q", dialect, found, want)
		}
	}
	for i, name := range ViewNames() {
		duck, snow := ViewOf("duckdb", name), ViewOf("snowflake", name)
		declared := map[string]bool{}
		for _, r := range slices.Concat(duck.Needs, duck.Takes) {
			declared[r.Name] = true
			if at := slices.Index(ViewNames(), r.Name); at > i {
				t.Errorf("%s stands before %s, which it needs", name, r.Name)
			}
		}
		for _, v := range []View{duck, snow} {
			checkReads(t, v, declared)
		}
		duck.Query, snow.Query = "", ""
		if !reflect.DeepEqual(duck, snow) {
			t.Errorf("%s is described differently:\n   DuckDB %+v\nSnowflake %+v", name, duck, snow)
		}
	}
}

var (
	source = regexp.MustCompile(`\b(?:FROM|JOIN) (\w+) (\w+)`)
	cte    = regexp.MustCompile(`(?m)^(?:WITH )?(\w+) AS \(`)
)

// checkReads wants each source of a query to be declared or a part of the query,
// and to have an alias: a subquery may take its place.
func checkReads(t *testing.T, v View, declared map[string]bool) {
	t.Helper()
	parts := map[string]bool{}
	for _, m := range cte.FindAllStringSubmatch(v.Query, -1) {
		if parts[m[1]] = true; declared[m[1]] {
			t.Errorf("%s: a part of the query is called %s, as what it reads", v.Name, m[1])
		}
	}
	for _, m := range source.FindAllStringSubmatch(v.Query, -1) {
		if !declared[m[1]] && !parts[m[1]] {
			t.Errorf("%s reads %s and does not say so", v.Name, m[1])
		}
		if strings.ToUpper(m[2]) == m[2] {
			t.Errorf("%s: %s has no alias", v.Name, m[1])
		}
	}
	for name := range declared {
		if !regexp.MustCompile(`\b(FROM|JOIN) ` + name + `\b`).MatchString(v.Query) {
			t.Errorf("%s does not read %s", v.Name, name)
		}
	}
}

func TestParseViewRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"no query":       "-- What?\n--\n-- column a: A.\n",
		"no columns":     "-- What?\nSELECT 1 AS a",
		"no description": "-- column a: A.\nSELECT 1 AS a",
		"odd line":       "-- What?\n-- needs: issues (id)\n-- columns a: A.\nSELECT 1 AS a",
	} {
		if v, err := parseView("test", text); err == nil {
			t.Errorf("%s: took %+v", name, v)
		}
	}
	v, err := parseView("test", "-- What\n-- is it?\n--\n-- More.\n--\n-- needs: issues (id,\n--   key)\n-- takes: issues (points float)\n-- column a: A\n--   and more.\nSELECT 1 AS a\n")
	want := View{Name: "test", Doc: "What is it?", Notes: "More.", Needs: []Relation{{Name: "issues", Columns: []string{"id", "key"}}},
		Takes: []Relation{{Name: "issues", Columns: []string{"points"}, Types: []string{"float"}}}, Columns: []ViewColumn{{"a", "A and more."}}, Query: "SELECT 1 AS a"}
	if err != nil || !reflect.DeepEqual(v, want) {
		t.Errorf("got %+v, %v, want %+v", v, err, want)
	}
}
