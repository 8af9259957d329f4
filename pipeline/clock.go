package pipeline

import (
	"time"

	"snowdrift/state"
)

// clockSlack is how far the clocks of a site's nodes may be apart.
const clockSlack = 10 * time.Minute

// notAhead takes out of a state what lies in the future, by a clock of the site that was
// wrong for a while: nothing would be due until then. A cursor that does is of an earlier
// version, see advance; how many changes it hid only a deep census tells.
func (r *run) notAhead(st *state.State) {
	now := r.source.Now()
	ahead := func(what string, at int64) bool {
		is := at > now.Add(clockSlack).UnixMilli()
		if is {
			r.Log.Warn("the state tells of the future: the site's clock was wrong, or is now", "of", what, "at", time.UnixMilli(at).UTC(), "now", now.UTC())
		}
		return is
	}
	if ahead("cursor", st.Cursor) {
		st.Cursor, st.Deep.Proven = now.UnixMilli(), 0
	}
	if ahead("last proof", st.Proven) {
		st.Proven = 0
	}
	if ahead("deep census", max(st.Deep.Proven, st.Deep.Began)) {
		st.Deep = state.Deep{Gone: st.Deep.Gone}
	}
	for name, at := range st.Dimensions {
		if ahead("dimension "+name, at) {
			delete(st.Dimensions, name)
		}
	}
}
