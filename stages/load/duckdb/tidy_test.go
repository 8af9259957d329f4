package duckdb

import (
	"path/filepath"
	"testing"
)

// TestRowGroupsAreMerged: a run that only adds rows leaves the row groups alone that its
// commits did not fill; one that replaced rows merges them when it
// closes the file. Where there is not enough memory for it, the rows are what they were,
// and the next run does it.
func TestRowGroupsAreMerged(t *testing.T) {
	const commits, rows = 4, rowGroup + rowGroup/3
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.MemoryLimit, opts.Threads = "", 1
	run := func(what string, room int64, work func(l *loader), want func(groups int) bool) {
		t.Helper()
		l := prepared(t, open(t, opts), what)
		l.withErrors()
		l.w.mostChunks = 1 // the file is written and attached anew for every commit
		l.w.mergeMemory = room
		work(l)
		if err := l.w.Close(); err != nil {
			t.Fatal(what, err)
		}
		readOnly := opts
		readOnly.ReadOnly = true
		w := open(t, readOnly)
		if groups := int(count(t, w, `SELECT COUNT(DISTINCT row_group_id) FROM pragma_storage_info('_snowdrift_value_errors')`)); !want(groups) {
			t.Errorf("%s: %d row groups", what, groups)
		}
		if n := count(t, w, `SELECT COUNT(DISTINCT issue_id) FROM _snowdrift_value_errors`); n != commits*rows {
			t.Errorf("%s: errors of %d issues, want %d", what, n, commits*rows)
		}
		if err := w.Close(); err != nil {
			t.Fatal(what, err)
		}
	}
	run("first load", mergeMemory, func(l *loader) {
		for i := range int64(commits) {
			l.commitErrors("v", i*rows+1, (i+1)*rows)
		}
	}, func(groups int) bool { return groups == 2*commits })
	replace := func(l *loader) { l.commitErrors("v2", 1, 1) }
	run("no memory", 1, replace, func(groups int) bool { return groups >= 2*commits })
	run("changes", mergeMemory, func(l *loader) { l.commitErrors("v3", 2, 2) }, func(groups int) bool { return groups < 2*commits })
}
