package duckdb

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/stages/load/loadtest"
	"snowdrift/state"
)

// TestContractAhead: a commit of which as much as can be is done ahead leaves what one
// transaction does.
func TestContractAhead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	loadtest.Run(t, func(t *testing.T) load.Warehouse {
		if strings.HasSuffix(t.Name(), "/BrokenFile") {
			t.Skip("what was done ahead of a commit that fails stays, see TestKilledAhead")
		}
		w := open(t, options(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".duckdb")))
		w.opts.DeletedRoom = 1
		return w
	})
}

func TestDivide(t *testing.T) {
	for name, tt := range map[string]struct {
		spans   []span
		n, most int
		want    []stretch
	}{
		"nothing has rows":   {nil, 2, 3, []stretch{{0, 2, 0}}},
		"all in one":         {[]span{{0, 4}}, 5, 3, []stretch{{0, 5, 1}}},
		"side by side":       {[]span{{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}}, 5, 2, []stretch{{0, 2, 2}, {2, 4, 2}, {4, 5, 1}}},
		"over the edge":      {[]span{{0, 1}, {1, 2}, {2, 3}, {3, 4}}, 5, 2, []stretch{{0, 2, 2}, {2, 3, 2}, {3, 5, 2}}},
		"several tables":     {[]span{{0, 3}, {0, 1}, {2, 3}, {0, 0}, {1, 1}, {2, 2}, {3, 3}}, 4, 4, []stretch{{0, 2, 4}, {2, 4, 4}}},
		"no order":           {[]span{{0, 2}, {0, 2}, {0, 2}}, 3, 2, []stretch{{0, 1, 3}, {1, 2, 3}, {2, 3, 3}}},
		"more than one each": {[]span{{0, 0}, {0, 0}, {0, 0}, {1, 1}}, 2, 2, []stretch{{0, 1, 3}, {1, 2, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := divide(tt.spans, tt.n, tt.most); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// TestDivideAnything: whatever lies where, the stretches are all of the issues, know
// how many row groups they touch, and touch too many only if they are as short as can be.
func TestDivideAnything(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1))
		n, most := 1+random.IntN(300), random.IntN(20)
		spans := make([]span, random.IntN(100))
		for i := range spans {
			spans[i].first = random.IntN(n)
			spans[i].last = min(n-1, spans[i].first+random.IntN(1+random.IntN(50)))
		}
		next, least := 0, (n+leastAhead-1)/leastAhead
		stretches := divide(spans, n, most)
		for i, s := range stretches {
			groups := 0
			for _, span := range spans {
				if span.first < s.to && span.last >= s.from {
					groups++
				}
			}
			if s.from != next || s.to <= s.from || s.groups != groups {
				t.Errorf("seed %d: %+v begins at %d and touches %d", seed, s, next, groups)
			}
			if length := s.to - s.from; groups > most && length > least || length < least && i < len(stretches)-1 {
				t.Errorf("seed %d: %+v, where %d are allowed and %d is the least length", seed, s, most, least)
			}
			next = s.to
		}
		if next != n {
			t.Errorf("seed %d: ends at %d of %d", seed, next, n)
		}
	}
}

// TestTransactionsAhead: how many there are follows from the row groups that are touched,
// not from how many issues changed; what is new or lies together takes none.
func TestTransactionsAhead(t *testing.T) {
	t.Parallel()
	const groups = 40
	rowGroup := int64(rowGroups[0].rows)
	opts, log := logged(options(filepath.Join(t.TempDir(), "jira.duckdb")))
	l := prepared(t, open(t, opts), "1")
	l.scattered(groups)
	l.w.opts.DeletedRoom = 10 * deletedMemory // of half a row group each
	for version, tt := range []struct {
		step, n int64
		want    string
	}{
		{rowGroup / 2, 2 * groups, "[8]"},     // one in each half
		{rowGroup / 100, 100 * groups, "[9]"}, // some have moved to the end
		{1, 4 * rowGroup, "[]"},
		{groups * rowGroup, 1000, "[]"}, // none of which is there
	} {
		l.stageEvery(int64(version+2), tt.step, tt.n, func(int64) string { return `{}` })
		if _, err := l.w.Commit(t.Context(), l.what(int64(version+2))); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(attributes(t, log, "transactions")); got != tt.want {
			t.Errorf("%d issues, one in %d: %s transactions, want %s", tt.n, tt.step, got, tt.want)
		}
		if got := count(t, l.w, fmt.Sprintf("SELECT COUNT(*) FROM issues WHERE summary = 'version %d'", version+2)); got != tt.n {
			t.Errorf("%d issues, one in %d: %d are new", tt.n, tt.step, got)
		}
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// A run that is killed before any statement of a commit that is done in parts leaves each
// issue as it was or as it is, and a state that is true of them; a run that begins where
// that state says ends where the killed one would have.
func TestKilledAhead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	most := int64(0) // issues of version 2 that a killed run has left with state 1
	for at := 1; ; at++ {
		w, s, survived := killedAt(t, dir, at, dieAhead+"=yes")
		if survived && s.Cursor != 2 {
			t.Errorf("state %+v after a commit", s)
		}
		renewed := count(t, w, `SELECT COUNT(*) FROM issues WHERE summary = 'version 2'`)
		if s.Cursor == 1 {
			most = max(most, renewed)
		}
		issues := map[int64]int64{1: 5, 2: 7}[s.Cursor]
		if n := count(t, w, `SELECT COUNT(DISTINCT id) FROM issues`); n != issues || s.Digest.Count != issues || s.Cursor == 2 && renewed != 7 {
			t.Errorf("killed at statement %d: %d issues, %d of version 2, with state %+v", at, n, renewed, s)
		}
		third := prepared(t, w, "run 3")
		third.commit(2, 7)
		if n := count(t, w, `SELECT COUNT(*) FROM issues WHERE summary = 'version 2'`); n != 7 {
			t.Errorf("killed at statement %d: the next run leaves %d issues of version 2", at, n)
		}
		if n := count(t, w, `SELECT COUNT(*) FROM issues`); n != 7 {
			t.Errorf("killed at statement %d: the next run leaves %d issues", at, n)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if survived {
			if most != 5 {
				t.Errorf("at most %d issues were replaced ahead of the commit: were they?", most)
			}
			t.Logf("killed at each of %d statements", at-1)
			return
		}
	}
}

// TestAnotherRunBetween: what the run of another pipeline commits while the file is
// attached anew, between two transactions ahead of a commit, is not overwritten by what
// was picked before.
func TestAnotherRunBetween(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "jira.duckdb")
	ahead, done := false, false
	opts := options(path)
	opts.Log = slog.New(listener{slog.DiscardHandler, func(sql string) {
		ahead = ahead || strings.HasPrefix(sql, `INSERT INTO "_snowdrift_ordered"`)
		if !ahead || done || !strings.HasPrefix(sql, "ATTACH") {
			return
		}
		done = true
		w := open(t, options(path))
		other := &loader{test: t, w: w, run: "other", t: table.Issues(nil, nil), dir: t.TempDir()}
		for _, err := range []error{w.Acquire(ctx, load.Job{Pipeline: "other", Site: table.DefaultSite, Run: "other"}), prepareIn(ctx, w, []*table.Table{other.t})} {
			if err != nil {
				t.Fatal(err)
			}
		}
		other.stage(9, 5, func(int64) string { return "{}" })
		c := load.Commit{State: state.New("other"), Run: state.Run{ID: "other", Pipeline: "other", Outcome: "complete"}}
		if _, err := w.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}})
	l := prepared(t, open(t, opts), "1")
	l.commit(1, 5)
	l.w.opts.DeletedRoom = 1
	l.stage(2, 5, func(int64) string { return "{}" })
	if _, err := l.w.Commit(ctx, l.what(2)); err != nil || !done {
		t.Fatal(done, err)
	}
	if n := count(t, l.w, "SELECT COUNT(*) FROM issues WHERE summary = 'version 9' AND _pipeline = 'other'"); n != 5 {
		t.Errorf("%d of 5 issues are as the other run left them", n)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTwiceAhead: an issue of which somebody made two rows takes no more of them than in
// one transaction.
func TestTwiceAhead(t *testing.T) {
	var rows [2][]string
	for i, room := range []int64{deletedRoom, 1} {
		l := prepared(t, open(t, options(filepath.Join(t.TempDir(), "jira.duckdb"))), "1")
		l.commit(1, 100)
		if err := l.w.exec(t.Context(), "test", "issues", "INSERT INTO issues SELECT * FROM issues WHERE id = 100"); err != nil {
			t.Fatal(err)
		}
		l.w.opts.DeletedRoom = room
		for version := int64(2); version <= 4; version++ {
			l.stage(version, 100, func(int64) string { return "{}" })
			r, err := l.w.Commit(t.Context(), l.what(version))
			if err != nil {
				t.Fatal(err)
			}
			rows[i] = append(rows[i], fmt.Sprint(r.Rows["issues"], count(t, l.w, "SELECT COUNT(*) FROM issues WHERE id = 100"), count(t, l.w, "SELECT COUNT(*) FROM issues")))
		}
		if err := l.w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i, one := range rows[0] {
		var reported, twice, all [2]int
		for j, line := range []string{one, rows[1][i]} {
			if _, err := fmt.Sscan(line, &reported[j], &twice[j], &all[j]); err != nil {
				t.Fatal(err)
			}
		}
		if twice[1] > twice[0] || all[1] > all[0] || reported[1] > reported[0] {
			t.Errorf("version %d: reported, rows of the issue, all: %s in one transaction, %s ahead", i+2, one, rows[1][i])
		}
	}
}

// TestAheadWithinAStatedLimit: what may be deleted in one transaction follows from the
// limit that the user stated, which is not raised.
func TestAheadWithinAStatedLimit(t *testing.T) {
	t.Parallel()
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	opts.Threads = 1
	const groups = 510 // of which DuckDB would hold 134 MB
	l := prepared(t, open(t, opts), "1")
	l.scattered(groups)
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
	opts.MemoryLimit = "100MB"
	l = prepared(t, open(t, opts), "2")
	changed := groups * int64(rowGroups[0].rows) / 1000
	l.stageEvery(2, 1000, changed-1, func(int64) string { return `{}` })
	if _, err := l.w.Commit(t.Context(), l.what(2)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, l.w, "SELECT COUNT(*) FROM issues WHERE summary = 'version 2'"); n != changed-1 {
		t.Errorf("%d of %d issues are new", n, changed-1)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRoomToOrder: to put many readings into order may take more memory than there is,
// which then is raised as in a transaction.
func TestRoomToOrder(t *testing.T) {
	l := prepared(t, open(t, unstated(filepath.Join(t.TempDir(), "jira.duckdb"))), "1")
	l.scattered(40)
	l.w.opts.DeletedRoom = 1
	l.stageEvery(2, 3, 60_000, func(int64) string { return `{}` })
	l.tighten(8_000_000)
	if _, err := l.w.Commit(t.Context(), l.what(2)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, l.w, "SELECT COUNT(*) FROM issues WHERE summary = 'version 2'"); n != 60_000 {
		t.Errorf("%d of 60,000 issues are new", n)
	}
	if err := l.w.Close(); err != nil {
		t.Fatal(err)
	}
}
