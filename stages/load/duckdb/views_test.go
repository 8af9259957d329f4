package duckdb

import (
	"path/filepath"
	"testing"

	"snowdrift/stages/load"
	"snowdrift/stages/load/viewtest"
)

// TestViews compares the views with a calculation in Go.
func TestViews(t *testing.T) {
	t.Parallel()
	viewtest.Run(t, func(t *testing.T) viewtest.Destination {
		opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
		return viewtest.Destination{
			Open: func(t *testing.T) load.Warehouse { return open(t, opts) },
			Exec: func(t *testing.T, statement string) {
				t.Helper()
				w := open(t, opts)
				if err := w.exec(t.Context(), "test", "", statement); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
			},
		}
	})
}
