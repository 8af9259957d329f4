package viewtest

import (
	"slices"
	"testing"
	"time"
)

// earlyMoves: transitions that say that they came before the issue's creation, as those
// of imports and scripts do, count in the flow all the same: where the calendar begins
// after them, in between, and, with an older issue, before.
func earlyMoves(t *testing.T, d Destination) {
	ago := func(days int) time.Time {
		return time.Now().UTC().Truncate(time.Millisecond).AddDate(0, 0, -days)
	}
	flow := expectations[slices.IndexFunc(expectations, func(e expectation) bool { return e.view == "cumulative_flow_daily" })]
	s, w := &scene{}, newWriter(t, d, "one")
	defer w.close()
	w.begin()
	for n, i := range []*issue{
		{created: ago(30), status: 3, moves: []move{{at: ago(60), from: 0, to: 1}, {at: ago(50), from: 1, to: 2}, {at: ago(10), from: 2, to: 3}}},
		{created: ago(55)},
		{created: ago(70)},
	} {
		i.site, i.id, i.project, i.kind = w.site, int64(n+1), "BLUE", "Bug"
		s.issues = append(s.issues, i)
		w.issue(s, i)
		w.commit(n + 1)
		flow.check(t, s, w)
	}
}
