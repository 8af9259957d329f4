package duckdb

import (
	"bytes"
	"flag"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/sql"
	"snowdrift/stages/load"
	"snowdrift/stages/load/viewtest"
)

// empty makes an empty destination.
func empty(t *testing.T) viewtest.Destination {
	t.Helper()
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
}

// TestViews compares the views with a calculation in Go.
func TestViews(t *testing.T) {
	t.Parallel()
	viewtest.Run(t, empty)
}

// TestIdleViews: views that are as they should be are not made again.
func TestIdleViews(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tables := viewtest.Tables()
	for _, made := range []int{len(sql.ViewNames()) + 1, 0} {
		log.Reset()
		w := open(t, opts)
		for _, err := range []error{w.Prepare(t.Context(), tables), w.MakeViews(t.Context(), load.Views("jira", tables[0], nil)), w.Close()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Count(log.String(), `sql="CREATE OR REPLACE VIEW`); got != made {
			t.Errorf("made %d views, want %d", got, made)
		}
	}
}

var update = flag.Bool("update", false, "rewrite the answers in docs/COOKBOOK.md")

// TestCookbook runs the queries of docs/COOKBOOK.md.
func TestCookbook(t *testing.T) {
	t.Parallel()
	viewtest.Cookbook(t, empty(t), Dialect.Name, "../../../docs/COOKBOOK.md", *update)
}
