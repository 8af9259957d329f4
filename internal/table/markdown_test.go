package table

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"testing"

	"snowdrift/sql"
)

var update = flag.Bool("update", false, "rewrite generated files")

// TestTablesPage keeps docs/TABLES.md in step with the descriptions of tables and
// views.
func TestTablesPage(t *testing.T) {
	const page = "../../docs/TABLES.md"
	tables := []*Table{Issues(nil, nil)}
	for _, c := range Children() {
		tables = append(tables, c.Table)
	}
	tables = append(tables, Dimensions()...)
	for _, r := range references {
		i := slices.IndexFunc(tables, func(t *Table) bool { return t.Name == r.from })
		j := slices.IndexFunc(tables, func(t *Table) bool { return t.Name == r.to })
		if i < 0 || j < 0 || tables[i].Column(r.column) == nil {
			t.Errorf("%s.%s refers to %s: one of them is no longer there", r.from, r.column, r.to)
		}
	}
	want := append(Markdown(append(append(tables, ValueErrors()), Records()...)), sql.Markdown()...)
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/TABLES.md is stale: run go test ./internal/table -update")
	}
}
