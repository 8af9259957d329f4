package duckdb

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestCacheIsGivenBack: between commits DuckDB keeps little of what it wrote and read,
// however much there is.
func TestCacheIsGivenBack(t *testing.T) {
	t.Parallel()
	l := prepared(t, open(t, unstated(filepath.Join(t.TempDir(), "jira.duckdb"))), "1")
	defer l.w.Close()
	const n = 8000
	l.stage(1, n, func(id int64) string { // 40 MB that hardly get less by compression
		var text strings.Builder
		for i := range 80 {
			fmt.Fprintf(&text, "%x", sha256.Sum256(fmt.Append(nil, id, i)))
		}
		return fmt.Sprintf(`{"id":"%d","text":"%s"}`, id, text.String())
	})
	if _, err := l.w.Commit(t.Context(), l.what(1)); err != nil {
		t.Fatal(err)
	}
	used := func() int64 {
		bytes, err := l.w.used(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	const little = 9_000_000 // a little more than idleMemory: it is no hard limit
	if got := used(); got > little {
		t.Errorf("DuckDB keeps %d bytes after a commit", got)
	}
	if got := count(t, l.w, "SELECT COUNT(DISTINCT CAST(_raw AS VARCHAR)) FROM issues"); got != n {
		t.Errorf("%d texts, want %d", got, n)
	}
	if got := used(); got < 16_000_000 {
		t.Fatalf("DuckDB keeps %d bytes of what was read: nothing is shown by this", got)
	}
	l.w.shrink(context.Background())
	if got := used(); got > little {
		t.Errorf("DuckDB keeps %d bytes of what was read when it was told to give them back", got)
	}
}
