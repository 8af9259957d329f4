package duckdb

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"snowdrift/stages/load"
	"snowdrift/stages/load/loadtest"
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
		w.deletedRoom = 0
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
	opts := options(filepath.Join(t.TempDir(), "jira.duckdb"))
	var log bytes.Buffer
	opts.Log = slog.New(slog.NewJSONHandler(&log, nil))
	l := prepared(t, open(t, opts), "1")
	l.scattered(groups)
	l.w.deletedRoom = 10 * deletedMemory // of half a row group each
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
		if got := fmt.Sprint(attributes(t, &log, "transactions")); got != tt.want {
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
		path := filepath.Join(dir, strconv.Itoa(at), "jira.duckdb")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		w := open(t, options(path))
		prepared(t, w, "run 1").commit(1, 5)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		second := exec.Command(os.Args[0])
		second.Env = append(os.Environ(), dieInCommit+"="+path, dieAt+"="+strconv.Itoa(at), dieAhead+"=yes")
		said, err := second.CombinedOutput()
		survived := err == nil && strings.Contains(string(said), statements)
		if !survived && second.ProcessState.Exited() {
			t.Fatalf("the second run: %v\n%s", err, said)
		}
		w = open(t, options(path))
		s, err := w.State(t.Context(), "jira")
		if err != nil {
			t.Fatal(err)
		}
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
