package pipeline

import (
	"slices"

	"snowdrift/internal/table"
	"snowdrift/state"
)

// lost returns the state that is left of st when some of the tables are not there:
// somebody dropped them, or the state was brought to another destination. What they
// held is read again. It reports whether there was something to lose.
func (r *run) lost(st *state.State, tables []*table.Table, missing []string) (left *state.State, lost bool) {
	fresh := st.Cursor == 0 && st.Load == nil
	var issues, children bool
	for _, t := range tables {
		if !slices.Contains(missing, t.Name) {
			continue
		}
		_, read := st.Dimensions[t.Name]
		asked := slices.Contains(st.Asked.Tables, t.Name)
		switch {
		case t.Role == table.Issue:
			issues = true
		case t.Role == table.Child && (asked || fresh):
			children = true
			st.Asked.Tables = slices.DeleteFunc(slices.Clone(st.Asked.Tables), func(name string) bool { return name == t.Name })
		case t.Role == table.Dimension:
			delete(st.Dimensions, t.Name)
		}
		if asked || read {
			lost = true
			r.Log.Warn("the table was not there, though the state tells of it: what it held is read again", "table", t.Name)
		}
	}
	switch {
	case issues && st.Commit != "":
		return st.Cleared(), true
	case children && !issues: // what is as it was is written once more, for their sake
		st.Rewrite = true
	}
	return st, lost && st.Commit != ""
}
