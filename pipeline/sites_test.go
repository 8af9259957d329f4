package pipeline_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages/load"
)

// TestTwoSites: two sites in one schema, with the same ids, hold cell by cell
// what each holds in a file of its own: after first loads, and after changes at
// both.
func TestTwoSites(t *testing.T) {
	t.Parallel()
	srv := snowflaketest.Start(t, snowflaketest.Options{PATs: []string{snowflakeToken}})
	together := filepath.Join(t.TempDir(), "together.duckdb")
	sites := map[string]*bench{
		"emea": newBench(t, jirasim.Options{Issues: 60, Projects: 2, Seed: 1}),
		"apac": newBench(t, jirasim.Options{Issues: 45, Projects: 2, Seed: 2, Deployment: jirasim.DataCenter}),
	}
	alone := map[string]job{}
	for name, b := range sites {
		alone[name] = job{Site: b.url, Name: name, Tables: []string{table.Default}, Partition: 50, CommitSize: 1, Views: true, DuckDB: filepath.Join(t.TempDir(), name+".duckdb")}
	}
	load := func(run string, names ...string) {
		for _, name := range names {
			own := alone[name]
			duck, snow := own, own
			duck.DuckDB, snow.DuckDB, snow.Port = together, "", srv.Port()
			for i, j := range []job{own, duck, snow} {
				j.Run, j.Dir = run+"-"+name, t.TempDir()
				report, err := j.run(t.Context())
				if err != nil || report.Outcome != pipeline.Complete || report.Proof.Table.Count != int64(sites[name].sim.Count()) {
					t.Fatalf("%s into %d: %s (%s), %d issues, %v", j.Run, i, report.Outcome, report.Conclusion, report.Proof.Table.Count, err)
				}
			}
		}
		for name, own := range alone {
			sameSite(t, name, own, job{DuckDB: together}, job{Port: srv.Port()})
		}
	}
	load("run-1", "emea", "apac")
	if ids := intersection(sites["emea"].sim.IDs(), sites["apac"].sim.IDs()); ids < 10 {
		t.Fatalf("the sites have %d ids in common, so nothing is tested", ids)
	}
	for name, b := range sites {
		ids := b.sim.IDs()
		must(t, b.sim.Edit(ids[3]))
		must(t, b.sim.Delete(ids[len(name)]))
		_, err := b.sim.Create(b.sim.Projects()[0])
		must(t, err)
	}
	load("run-2", "apac", "emea")
	from := len(srv.Statements())
	load("run-3", "emea", "apac")
	for _, s := range srv.Statements()[from:] {
		if strings.HasPrefix(s.Text, "CREATE OR REPLACE VIEW") {
			t.Errorf("the sites do not agree on %s", short(s.Text))
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func intersection(a, b []int64) (n int) {
	for _, id := range a {
		if slices.Contains(b, id) {
			n++
		}
	}
	return n
}

// sameSite compares the rows of a site in several destinations with those in a
// DuckDB file of its own.
func sameSite(t *testing.T, site string, own job, others ...job) {
	t.Helper()
	w := &twins{t: t}
	a := opened(t, own)
	defer a.Close()
	for _, j := range others {
		b := opened(t, j)
		for name, columns := range tablesOfSites(t, a) {
			want, got := ofSite(w.rows(a, name, columns, false), columns, site), ofSite(w.rows(b, name, columns, j.DuckDB == ""), columns, site)
			if len(want) == 0 && name == "issues" {
				t.Fatal("no issues")
			}
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%s of %s: %d rows, want %d (DuckDB: %t); the first that differs: %s", name, site, len(got), len(want), j.DuckDB != "", firstDifference(got, want))
			}
		}
		must(t, b.Close())
	}
}

func opened(t *testing.T, j job) load.Warehouse {
	t.Helper()
	w, err := j.open(t.Context())
	must(t, err)
	return w
}

// tablesOfSites returns the columns of the tables that have the column _site.
func tablesOfSites(t *testing.T, duck load.Warehouse) map[string][]column {
	t.Helper()
	out := map[string][]column{}
	for _, cells := range allRows(t, duck, `SELECT table_name, column_name, data_type FROM duckdb_columns() c WHERE database_name = current_database()
AND table_name IN (SELECT table_name FROM duckdb_tables()) AND EXISTS (SELECT 1 FROM duckdb_columns() s WHERE s.database_name = current_database() AND s.table_name = c.table_name AND s.column_name = '_site')
ORDER BY column_index`) {
		c := column{name: fmt.Sprint(cells[1])}
		for kind, names := range typeNames {
			if names[0] == cells[2] {
				c.kind = kind
			}
		}
		out[fmt.Sprint(cells[0])] = append(out[fmt.Sprint(cells[0])], c)
	}
	if len(out) < 10 {
		t.Fatalf("tables %v", out)
	}
	return out
}

// ofSite returns the rows of a site.
func ofSite(rows [][]string, columns []column, site string) [][]string {
	at := slices.IndexFunc(columns, func(c column) bool { return c.name == table.Site })
	return slices.DeleteFunc(rows, func(row []string) bool { return row[at] != site })
}

func firstDifference(a, b [][]string) string {
	for i := range min(len(a), len(b)) {
		if !slices.Equal(a[i], b[i]) {
			return strings.Join(a[i], "|") + "\nwant " + strings.Join(b[i], "|")
		}
	}
	return "one too many or too few"
}
