package duckdb

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"snowdrift/internal/table"
)

// Column names work without quotes: a field that is called like a word that
// DuckDB keeps for itself gets another name.
func TestReservedWords(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	defer w.Close()
	rows, err := w.Query(ctx, `SELECT keyword_name FROM duckdb_keywords() ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		words = append(words, row[0].(string))
	}
	if len(words) < 100 {
		t.Fatalf("%d keywords", len(words))
	}
	system := map[string]bool{}
	for _, c := range table.Issues(nil, nil).Columns {
		system[c.Name] = true
	}
	for _, word := range words {
		if system[word] {
			continue
		}
		cols, _ := table.Custom(table.DefaultSite, []table.Field{{ID: "customfield_1", Name: word, Type: "number"}}, nil)
		if err := unquoted(ctx, w, cols[0].Name); err != nil {
			t.Errorf("a field called %s gets the column %s: %v", word, cols[0].Name, err)
		}
	}
}

// unquoted uses a column as an analyst does.
func unquoted(ctx context.Context, w *Warehouse, column string) error {
	for _, s := range []string{
		fmt.Sprintf(`CREATE OR REPLACE TEMPORARY TABLE words AS SELECT 1 AS "%s"`, column),
		fmt.Sprintf(`SELECT %[1]s, words.%[1]s, %[1]s AS x, MAX(%[1]s) FROM words WHERE %[1]s > 0 AND %[1]s IS NOT NULL GROUP BY %[1]s HAVING %[1]s = 1 ORDER BY %[1]s`, column),
	} {
		if _, err := w.conn.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// The names of our own columns work without quotes, too.
func TestOurOwnColumnsNeedNoQuotes(t *testing.T) {
	ctx := context.Background()
	w := open(t, options(filepath.Join(t.TempDir(), "jira.duckdb")))
	defer w.Close()
	for _, tb := range []*table.Table{table.Issues(nil, nil), table.ValueErrors(), table.Census(), table.Findings()} {
		for _, c := range tb.Columns {
			if err := unquoted(ctx, w, c.Name); err != nil {
				t.Errorf("%s.%s: %v", tb.Name, c.Name, err)
			}
		}
	}
}
