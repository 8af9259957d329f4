package duckdb

import (
	"bytes"
	"flag"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

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

// TestIdleViews: views that are as they should be are not made again; one that a
// killed run left without all of its comments is.
func TestIdleViews(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tables := viewtest.Tables()
	views := load.Views("jira", tables[0], nil)
	makes := func(want int) {
		t.Helper()
		log.Reset()
		w := open(t, opts)
		for _, err := range []error{prepareIn(t.Context(), w, tables), w.MakeViews(t.Context(), views), w.Close()} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Count(log.String(), `sql="CREATE OR REPLACE VIEW`); got != want {
			t.Errorf("made %d views, want %d", got, want)
		}
	}
	makes(len(views))
	makes(0)
	w := open(t, opts)
	_, comments, err := w.shape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const last = "sprint_report"
	comment, mark := comments[last], regexp.MustCompile(`[0-9a-f]{12}\]$`)
	for _, err := range []error{
		w.exec(t.Context(), "test", last, "COMMENT ON VIEW "+last+" IS "+Dialect.Literal(mark.ReplaceAllString(comment, "000000000000]"))),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	makes(1)
	makes(0)
}

var update = flag.Bool("update", false, "rewrite the answers in docs/COOKBOOK.md")

// TestCookbook runs the queries of docs/COOKBOOK.md.
func TestCookbook(t *testing.T) {
	t.Parallel()
	viewtest.Cookbook(t, empty(t), Dialect.Name, "../../../docs/COOKBOOK.md", *update)
}
