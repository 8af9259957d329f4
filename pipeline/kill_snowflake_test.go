package pipeline_test

import (
	"fmt"
	"testing"
	"time"
)

// longAfter is when the lease of a killed run has expired and its files are old
// enough to be swept.
const longAfter = 25 * time.Hour

// TestKilledLoadingSnowflake: wherever a run is killed, its state is not ahead
// of its rows, and the next run ends with the tables of a load that nobody
// disturbed and an empty stage.
func TestKilledLoadingSnowflake(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	for name, prepare := range map[string]func(*testing.T) *place{
		"first load": func(t *testing.T) *place { return newPlace(t, h.before) },
		"incremental": func(t *testing.T) *place {
			p := newPlace(t, h.before)
			p.load()
			p.sim.Store(h.after)
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clean := prepare(t)
			began := time.Now()
			_, events := clean.killAt(0)
			want := clean.contents()
			clean.settled("never", want)
			points := killPoints(t, events)
			t.Logf("%d events, killing at %d of them; a load takes %s", events, len(points), time.Since(began))
			for _, k := range points {
				t.Run(fmt.Sprint(k), func(t *testing.T) { t.Parallel(); killed(prepare(t), k, want) })
			}
		})
	}
}

// killed kills a load at the k-th event and has the next run mend it.
func killed(p *place, k int, want map[string][]string) {
	p.t.Helper()
	where, _ := p.killAt(k)
	where = fmt.Sprintf("%s, event %d", where, k)
	p.t.Logf("killed %s", where)
	p.notAhead(where)
	if err := p.srv.EndSessions(); err != nil {
		p.t.Fatal(err)
	}
	p.passed.Store(int64(longAfter))
	if start(p.t, p.next()).killed(p.t) {
		p.t.Fatal("somebody else killed the loader")
	}
	p.settled(where, want)
	if len(p.staged()) == 0 {
		return
	}
	// The next run had nothing to load, so it swept nothing; one that has sweeps.
	p.t.Logf("killed %s: the next run left %d files", where, len(p.staged()))
	if err := clearState(p.t.Context(), p.job); err != nil {
		p.t.Fatal(err)
	}
	p.load()
	p.settled(where, want)
	if left := p.staged(); len(left) > 0 {
		p.t.Errorf("killed %s: nobody sweeps %q", where, left)
	}
}
