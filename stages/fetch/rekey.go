package fetch

import (
	"cmp"
	"slices"
	"strconv"

	"snowdrift/internal/jira/jql"
	"snowdrift/state"
)

// A project that gets another key gives one to each of its issues, and none of them is
// updated by that: neither the search for changes nor a comparison of versions shows it.
// But the list of projects, which every run reads, does.

// rekeyed is a project that has another key than in the rows.
type rekeyed struct {
	id          int64
	before, key string
}

// rekey takes over the keys of the projects in scope, and returns those that have changed.
// The state of a version that remembered none has none that did.
func (s *Source) rekey(st *state.State) (changed []rekeyed) {
	for _, p := range s.scoped() {
		if st.Keys == nil {
			st.Keys = map[int64]string{}
		}
		if before := st.Keys[p.ID]; before != "" && before != p.Key {
			changed = append(changed, rekeyed{p.ID, before, p.Key})
		}
		st.Keys[p.ID] = p.Key
	}
	slices.SortFunc(changed, func(a, b rekeyed) int { return cmp.Compare(a.id, b.id) })
	return changed
}

// issuesOf returns the JQL for the issues of projects.
func issuesOf(projects []rekeyed) jql.Clause {
	var ids []string
	for _, p := range projects {
		ids = append(ids, strconv.FormatInt(p.id, 10))
	}
	return byProjects(ids)
}
