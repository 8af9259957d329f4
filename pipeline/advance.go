package pipeline

import (
	"cmp"
	"slices"
	"time"

	"snowdrift/stages"
	"snowdrift/state"
)

// maxRecent bounds the readings that state remembers. What it forgets is read
// again and found unchanged by the destination.
const maxRecent = 20_000

// advance returns the state after a cut is committed. The cursor comes from what
// Jira returned, never from a clock, and moves when a partition of changes has
// come to its end. What is later than asOf, the site's clock when the reading began,
// does not move it: an issue whose updated lies in the future, by a wrong clock or an
// import, would hide all changes until then.
func advance(before *state.State, cut stages.Cut, overlap time.Duration, asOf time.Time) *state.State {
	st := before.Clone()
	st.Recent = recent(st.Recent, cut.Read, overlap, asOf)
	for _, p := range cut.Done {
		switch {
		case p.Changes:
			for _, ref := range st.Recent {
				if ref.Updated <= asOf.UnixMilli() {
					st.Cursor = max(st.Cursor, ref.Updated)
				}
			}
		case st.Load != nil && slices.ContainsFunc(st.Load.Partitions, func(q *stages.Partition) bool { return q.Name == p.Name }):
			st.Load.Done = append(st.Load.Done, p.Name)
		}
	}
	if st.Load != nil && len(st.Load.Open()) == 0 {
		if !st.Load.Part {
			st.Deep, st.Mixed = state.Deep{Proven: st.Load.Began, Gone: st.Deep.Gone}, false
		}
		st.Rewrite = false
		st.Cursor, st.Load = min(st.Load.Since, cmp.Or(st.Load.Began, st.Load.Since)), nil
	}
	return st
}

// recent returns the readings that the next run will see again: the last of
// each issue, not older than the newest by more than the overlap, by id.
func recent(known, read []stages.Ref, overlap time.Duration, asOf time.Time) []stages.Ref {
	last := map[int64]stages.Ref{}
	newest := int64(0)
	for _, ref := range slices.Concat(known, read) {
		last[ref.ID] = ref
		if ref.Updated <= asOf.UnixMilli() {
			newest = max(newest, ref.Updated)
		}
	}
	var out []stages.Ref
	for _, ref := range last {
		if ref.Updated >= newest-overlap.Milliseconds() {
			out = append(out, ref)
		}
	}
	if len(out) > maxRecent {
		slices.SortFunc(out, func(a, b stages.Ref) int { return cmp.Compare(b.Updated, a.Updated) })
		out = out[:maxRecent]
	}
	slices.SortFunc(out, func(a, b stages.Ref) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
