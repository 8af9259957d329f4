package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// scattered makes a table of issues with so many row groups, in version 1.
func (l *loader) scattered(groups int64) {
	l.Helper()
	rows := groups * int64(rowGroups[0].rows)
	l.w.disown()
	for _, s := range []string{
		"INSERT INTO issues (id, _site, _pipeline, _presence, updated, _hash, summary) SELECT range, 'jira', 'jira', 'live', epoch_ms(0), 1, 'version 1' FROM range(1, " + fmt.Sprint(rows) + ")",
		"CHECKPOINT",
	} {
		if err := l.w.exec(context.Background(), "test", "issues", s); err != nil {
			l.Fatal(err)
		}
	}
}

// TestRoomForChanges: to change rows all over a table takes DuckDB more memory than the
// limit that a load begins with. It gets as much as long as the commit lasts, and less if
// that is divided; to read the table again takes no more than before.
func TestRoomForChanges(t *testing.T) {
	t.Parallel()
	const groups, tight = 220, 48_000_000 // DuckDB holds 58 MB of so many
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	opts, log := logged(unstated(path))
	l := prepared(t, open(t, opts), "1")
	l.scattered(groups)
	l.tighten(tight)
	rows := groups * int64(rowGroups[0].rows)
	for _, tt := range []struct {
		version int64
		step    int64  // one issue in so many
		room    int    // row groups
		limits  string // that it had, to delete, to insert, and afterwards
	}{
		{2, 1000, 2 * groups, "[163MB 273MB 48MB]"},
		{3, 999, 2 * groups / 10, "[59MB 170MB 48MB 158MB]"}, // the last is that of the commit, with nothing to delete
	} {
		changed := (rows - 1) / tt.step
		l.w.opts.DeletedRoom = int64(tt.room) * deletedMemory
		l.stageEvery(tt.version, tt.step, changed, func(int64) string { return `{}` })
		if _, err := l.w.Commit(t.Context(), load.Commit{State: state.New("jira"), Run: state.Run{ID: l.run, Pipeline: "jira", Outcome: "running"}}); err != nil {
			t.Fatal(err)
		}
		if got := count(t, l.w, fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE summary = 'version %d'", tt.version)); got != changed {
			t.Errorf("%d of %d rows are of version %d", got, changed, tt.version)
		}
		limits := attributes(t, log, "limit")
		if got := fmt.Sprint(distinct(limits)); got != tt.limits || limits[len(limits)-1] != "48MB" {
			t.Errorf("version %d: limits %s, %v, want %s", tt.version, got, limits, tt.limits)
		}
	}
	if got := count(t, l.w, "SELECT COUNT(DISTINCT id) FROM issues"); got != rows-1 {
		t.Errorf("%d issues, want %d", got, rows-1)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}

	l.w = open(t, l.w.opts) // what was deleted is read from the file now
	l.tighten(tight)
	if got := count(t, l.w, "SELECT COUNT(*) FROM issues"); got != rows-1 {
		t.Errorf("%d issues, want %d", got, rows-1)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// distinct returns the values in the order in which they come first.
func distinct(values []string) (found []string) {
	for _, v := range values {
		if !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	return found
}

// TestRoomForTexts: issues whose texts take a block each, of which they need half, are
// loaded within the limit without a file to spill to.
func TestRoomForTexts(t *testing.T) {
	t.Parallel()
	l := prepared(t, open(t, unstated(filepath.Join(t.TempDir(), "jira.duckdb"))), "1")
	defer l.w.Close()
	if err := l.w.exec(t.Context(), "test", "", "SET temp_directory = ''"); err != nil {
		t.Fatal(err)
	}
	const n = 8500
	bytes := l.w.memory.bytes
	l.stage(1, n, func(id int64) string {
		size := 8500 + id%1000
		if id%3 == 0 {
			size = 2500 + id%1000
		}
		return fmt.Sprintf(`{"id":"%d","text":"%s"}`, id, strings.Repeat("x", int(size)))
	})
	if _, err := l.w.Commit(t.Context(), l.what(1)); err != nil {
		t.Fatal(err)
	}
	if l.w.memory.bytes != bytes {
		t.Errorf("a limit of %d bytes became %d", bytes, l.w.memory.bytes)
	}
	if got := count(t, l.w, "SELECT COUNT(*) FROM issues"); got != n {
		t.Errorf("%d issues, want %d", got, n)
	}
}

// longTexts are 4 KB for each id, and half a kilobyte in a staged file.
func longTexts(id int64) string { return strings.Repeat(fmt.Sprint(id, " "), 800) }

// TestRoomForOthers: while rows are inserted into other tables than that of issues DuckDB
// has a lower limit, and one that is too low is raised until it does.
func TestRoomForOthers(t *testing.T) {
	t.Parallel()
	opts, log := logged(unstated(filepath.Join(t.TempDir(), "jira.duckdb")))
	l := prepared(t, open(t, opts), "1")
	defer l.w.Close()
	l.withErrors()
	full, before := l.w.memory.get(), l.w.memory.bytes
	for i, tt := range []struct {
		others int64
		text   func(id int64) string
		raised bool
	}{
		{othersMemory, func(id int64) string { return fmt.Sprint(id) }, false},
		{1_000_000, longTexts, true},
	} {
		l.w.memory.others = tt.others
		attributes(t, log, "limit")
		l.commitTexts(int64(4000*i+1), int64(4000*i+4000), tt.text)
		limits := attributes(t, log, "limit")
		if !slices.ContainsFunc(limits, func(s string) bool { return megabytes(t, s) < megabytes(t, full) }) || limits[len(limits)-1] != full {
			t.Errorf("limits %v, want one lower than %s and that again", limits, full)
		}
		if raised := l.w.memory.others > tt.others; raised != tt.raised {
			t.Errorf("%d bytes for other tables became %d", tt.others, l.w.memory.others)
		}
	}
	if l.w.memory.bytes != before {
		t.Errorf("a limit of %d bytes in all, want %d as before", l.w.memory.bytes, before)
	}
	if got := count(t, l.w, "SELECT COUNT(*) FROM issues JOIN "+Dialect.Quote(table.ValueErrors().Name)+" ON issue_id = id"); got != 8000 {
		t.Errorf("%d rows, want 8000", got)
	}
}

func megabytes(t *testing.T, limit string) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(limit, "%dMB", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNoRoomForOthers: where other tables need more than there is, the commit fails, and
// the next one has the limit as ever.
func TestNoRoomForOthers(t *testing.T) {
	t.Parallel()
	l := prepared(t, open(t, unstated(filepath.Join(t.TempDir(), "jira.duckdb"))), "1")
	defer l.w.Close()
	l.withErrors()
	const most = 40_000_000
	l.tighten(most)
	l.w.memory.most, l.w.memory.others = most, 1_000_000
	l.stageTexts(1, 4000, longTexts)
	if _, err := l.w.Commit(t.Context(), l.what(1)); !outOfMemory(err) {
		t.Errorf("commit: %v", err)
	}
	if err := l.w.forget(slices.Collect(maps.Keys(l.w.staged))...); err != nil {
		t.Fatal(err)
	}
	l.commitErrors("v", 1, 10)
	if n := count(t, l.w, "SELECT CAST(parse_formatted_bytes(current_setting('memory_limit')) / 1000000 AS BIGINT)"); n != most/1_000_000 {
		t.Errorf("a limit of %d MB afterwards", n)
	}
}

// TestStatedLimit: a limit that was stated is that of every step.
func TestStatedLimit(t *testing.T) {
	t.Parallel()
	opts, log := logged(options(filepath.Join(t.TempDir(), "jira.duckdb")))
	l := prepared(t, open(t, opts), "1")
	defer l.w.Close()
	l.withErrors()
	l.commitErrors("v", 1, 4000)
	if limits := attributes(t, log, "limit"); len(limits) > 0 {
		t.Errorf("limits %v", limits)
	}
}

// logged are options with a log of everything, as JSON.
func logged(opts Options) (Options, *bytes.Buffer) {
	var log bytes.Buffer
	opts.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return opts, &log
}

// attributes returns the values of an attribute in a log as JSON, which it empties.
func attributes(t *testing.T, log *bytes.Buffer, key string) (values []string) {
	t.Helper()
	for line := range bytes.Lines(log.Bytes()) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatal(err)
		}
		if v, has := record[key]; has {
			values = append(values, fmt.Sprint(v))
		}
	}
	log.Reset()
	return values
}

// What DuckDB says when it came to its limit, of a statement and of a COMMIT (the first of
// the two was seen with 10,000 issues of 50 KB), and what it says otherwise.
func TestOutOfMemoryIsRecognized(t *testing.T) {
	for text, want := range map[string]bool{
		"Out of Memory Error: failed to pin block of size 256.0 KiB (94.8 MiB/95.3 MiB used)":                              true,
		"TransactionContext Error: Failed to commit: failed to pin block of size 256.0 KiB (141.9 MiB/142.0 MiB used)":     true,
		"TransactionContext Error: Failed to commit: could not allocate block of size 16.0 KiB (141.9 MiB/142.0 MiB used)": true,
		"TransactionContext Error: Failed to commit: Could not write file: No space left on device":                        false,
	} {
		if got := outOfMemory(errors.New(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if outOfMemory(nil) {
		t.Error("no error is one of memory")
	}
}

// unstated are the options that open a file whose limit nobody stated.
func unstated(path string) Options {
	opts := options(path)
	opts.MemoryLimit, opts.Threads = "", 1
	return opts
}

// tighten sets a limit as if it followed from the columns.
func (l *loader) tighten(bytes int64) {
	l.Helper()
	l.w.memory.set(bytes, 0)
	if err := l.w.exec(context.Background(), "test", "", limit(l.w.memory.get())); err != nil {
		l.Fatal(err)
	}
}
