package fetch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
	"snowdrift/state"
)

// What is no longer loaded keeps its cells and rows, and nobody corrects them. So
// the state remembers of which fields and tables there are such (Left), and, since
// the account may see other fields tomorrow without anybody asking for anything
// else, which custom fields were loaded last, and of which kind (Kinds).

// arrivals are what a plan has to read that the plan before did not.
type arrivals struct {
	// fields are custom fields that were asked for before, too, and are seen for the
	// first time, again, or in columns of another kind, by id.
	fields []string
	// back are the fields and tables that were loaded once, each with the cursor
	// up to which what is there of it is right; 0: nobody knows.
	back map[string]int64
	// rekeyed are projects that have another key than in the rows.
	rekeyed []rekeyed
}

// none reports whether there is nothing that was not read before.
func (a arrivals) none() bool {
	return len(a.fields) == 0 && len(a.back) == 0 && len(a.rekeyed) == 0
}

// describe says in words what arrived.
func (a arrivals) describe() (out []string) {
	back := slices.Sorted(maps.Keys(a.back))
	first := slices.DeleteFunc(slices.Clone(a.fields), func(id string) bool { return slices.Contains(back, id) })
	if len(first) > 0 {
		out = append(out, "fields seen for the first time, or in another type: "+some(first))
	}
	if len(back) > 0 {
		out = append(out, "loaded before, and not lately: "+some(back))
	}
	if len(a.rekeyed) > 0 {
		var keys []string
		for _, p := range a.rekeyed {
			keys = append(keys, p.before+" is "+p.key+" now")
		}
		out = append(out, "projects with another key: "+some(keys))
	}
	return out
}

// some lists names, the first few of many.
func some(names []string) string {
	const few = 10
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// kinds returns the kinds of the custom fields that are loaded, by id.
func (s *Source) kinds() map[string]string {
	kinds := map[string]string{}
	for _, f := range s.fields.TableFields() {
		kinds[f.ID] = table.KindOf(f).Name
	}
	return kinds
}

// loaded returns the ids of the fields and the names of the tables that are loaded.
func (s *Source) loaded() map[string]bool {
	names := map[string]bool{}
	for _, name := range s.fields.tableNames() {
		names[name] = true
	}
	for _, f := range s.site {
		if s.fields.Has(f.ID) {
			names[f.ID] = true
		}
	}
	return names
}

// asksFor reports whether a request asks Jira for a field.
func asksFor(request []string, f jira.Field) bool {
	return !slices.Contains(request, "-"+f.ID) &&
		(slices.Contains(request, "*all") || slices.Contains(request, f.ID) || f.Navigable && slices.Contains(request, "*navigable"))
}

// leave notes what was loaded up to now and no longer is. While a load is under
// way nobody knows how much of it is right.
func (s *Source) leave(st *state.State) {
	loaded := s.loaded()
	left := func(name string) {
		if at, known := st.Left[name]; loaded[name] || known && at != state.Returning {
			return
		}
		if st.Left == nil {
			st.Left = map[string]int64{}
		}
		st.Left[name] = st.Cursor
	}
	for _, name := range st.Asked.Tables {
		left(name)
	}
	for _, f := range s.site {
		if !f.Custom && asksFor(st.Asked.Fields, f) {
			left(f.ID)
		}
	}
	for id := range st.Kinds {
		if !loaded[id] {
			left(id)
			delete(st.Kinds, id)
		}
	}
}

// returned forgets that what was to be read again had left, when it was read.
func returned(st *state.State) {
	maps.DeleteFunc(st.Left, func(_ string, at int64) bool { return at == state.Returning })
	if len(st.Left) == 0 {
		st.Left = nil
	}
}

// arrive takes over what is loaded from now on, and returns what of it is not yet
// in the tables, or not right.
func (s *Source) arrive(st *state.State, before state.Asked) arrivals {
	a := arrivals{back: map[string]int64{}, rekeyed: s.rekey(st)}
	kinds, loaded := s.kinds(), s.loaded()
	for _, f := range s.fields.Custom {
		if st.Kinds[f.ID] != kinds[f.ID] && asksFor(before.Fields, f) {
			a.fields = append(a.fields, f.ID)
		}
	}
	slices.SortFunc(a.fields, byNumber)
	st.Kinds = kinds
	for name, at := range st.Left {
		if loaded[name] {
			a.back[name], st.Left[name] = max(at, 0), state.Returning
		}
	}
	return a
}

// adopt makes up what the state of a version that remembered neither would know:
// the fields that are there now are no news, and of everything that was not asked
// for the tables may hold something. A pipeline that never ran has nothing.
func (s *Source) adopt(st *state.State) {
	if st.Kinds != nil {
		return
	}
	st.Kinds = s.kinds()
	if st.Commit == "" && st.Cursor == 0 && st.Load == nil {
		st.Kinds = map[string]string{}
		return
	}
	asked := st.Asked
	if asked.Fields == nil { // it was cleared
		asked = s.Asked()
	}
	st.Left = map[string]int64{}
	for _, t := range table.Children() {
		if !slices.Contains(asked.Tables, t.Name) {
			st.Left[t.Name] = 0
		}
	}
	columns := map[string]bool{}
	for _, a := range st.Columns {
		columns[a.Field] = columns[a.Field] || a.SiteName() == cmp.Or(st.SiteName, table.DefaultSite)
	}
	for _, f := range s.site {
		if !asksFor(asked.Fields, f) && (!f.Custom || columns[f.ID]) {
			st.Left[f.ID] = 0
		}
	}
}
