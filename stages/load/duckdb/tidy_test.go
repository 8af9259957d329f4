package duckdb

import (
	"fmt"
	"path/filepath"
	"testing"
)

// groupsOfErrors counts the row groups of the value errors.
const groupsOfErrors = `SELECT COUNT(DISTINCT row_group_id) FROM pragma_storage_info('_snowdrift_value_errors')`

// TestRowGroupsAreMerged: the row groups that commits did not fill are left alone, but
// for every few runs. Where there is not enough memory to merge them, the rows are what
// they were, and the next run does it.
func TestRowGroupsAreMerged(t *testing.T) {
	rowGroup := int64(rowGroups[0].rows)
	const commits = 4
	rows := rowGroup + rowGroup/3
	opts := unstated(filepath.Join(t.TempDir(), "jira.duckdb"))
	run := func(room int64, work func(l *loader)) (groups int) {
		t.Helper()
		l := prepared(t, open(t, opts), "run")
		l.withErrors()
		l.w.mostChunks = 1 // the file is written and attached anew for every commit
		l.w.mergeMemory = room
		work(l)
		if err := l.w.Close(); err != nil {
			t.Fatal(err)
		}
		readOnly := opts
		readOnly.ReadOnly = true
		w := open(t, readOnly)
		groups = int(count(t, w, groupsOfErrors))
		if n := count(t, w, `SELECT COUNT(DISTINCT issue_id) FROM _snowdrift_value_errors`); n != commits*rows {
			t.Errorf("errors of %d issues, want %d", n, commits*rows)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return groups
	}
	groups := run(mergeMemory, func(l *loader) {
		for i := range int64(commits) {
			l.commitErrors("v", i*rows+1, (i+1)*rows)
		}
	})
	if groups != 2*commits {
		t.Errorf("%d commits left %d row groups, want %d", commits, groups, 2*commits)
	}
	next := int64(0)
	replace := func(l *loader) {
		next++
		l.run = fmt.Sprint("run ", next)
		l.commitErrors("v2", next, next)
	}
	for before := groups; groups-before < mergeAfter-2; {
		if now := run(mergeMemory, replace); now != groups+1 {
			t.Fatalf("%d row groups after a run, %d before", now, groups)
		}
		groups++
	}
	if now := run(1, replace); now <= groups {
		t.Errorf("%d row groups after a run that had no memory to merge them, %d before", now, groups)
	}
	if now := run(mergeMemory, replace); now >= groups {
		t.Errorf("%d row groups after a run that merges them, %d before", now, groups)
	}
}

// TestSmallerRowGroups: of a file whose row groups are smaller than ours, so that any two
// could be one, a run merges some and not all.
func TestSmallerRowGroups(t *testing.T) {
	t.Parallel()
	const groups, rows = 60, 2048
	opts := unstated(filepath.Join(t.TempDir(), "jira.duckdb"))
	for i := int64(0); i <= mergeAfter; i++ {
		l := prepared(t, open(t, opts), fmt.Sprint("run ", i))
		l.withErrors()
		if i == 0 {
			l.w.rowGroup = rows
			l.commitErrors("v", 1, groups*rows)
		} else {
			l.commitErrors("v2", i, i)
		}
		if err := l.w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w := open(t, opts)
	left := count(t, w, groupsOfErrors)
	if left < groups*2/3 || left > groups+mergeAfter/2 {
		t.Errorf("%d row groups and %d of small commits became %d", groups, mergeAfter, left)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
