package table

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "rewrite generated files")

// TestTablesPage keeps docs/TABLES.md in step with the descriptions.
func TestTablesPage(t *testing.T) {
	const page = "../../docs/TABLES.md"
	tables := []*Table{Issues(nil, nil)}
	for _, c := range Children() {
		tables = append(tables, c.Table)
	}
	want := Markdown(append(tables, ValueErrors()))
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
