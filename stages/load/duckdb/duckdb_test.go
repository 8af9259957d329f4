package duckdb

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/stages/load"
	"snowdrift/stages/load/loadtest"
)

// options are those of a small load into path.
func options(path string) Options {
	return Options{Path: path, Schema: "main", MemoryLimit: "200MB", Threads: 2, Log: slog.New(slog.DiscardHandler)}
}

// open opens path, for the length of the test.
func open(t *testing.T, opts Options) *Warehouse {
	t.Helper()
	w, err := Open(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestContract(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	loadtest.Run(t, func(t *testing.T) load.Warehouse {
		return open(t, options(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".duckdb")))
	})
}
