package pipeline

import (
	"log/slog"
	"slices"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Left returns the state that is left when tables or columns are not there of which the
// state tells: somebody dropped them, or the state was brought to another destination.
// What they held is read again. The same goes for a column that a new version of
// snowdrift fills of what was always read. It reports whether there was something to lose.
func (s Survey) Left(now state.Asked, log *slog.Logger) (st *state.State, lost bool) {
	st = s.State
	fresh := st.Cursor == 0 && st.Load == nil
	var issues, children, cells bool
	for _, l := range s.lacks {
		t := l.Table
		columns := s.lostColumns(l, now)
		if !l.Whole() && len(columns) == 0 {
			continue
		}
		_, read := st.Dimensions[t.Name]
		asked := slices.Contains(st.Asked.Tables, t.Name)
		switch {
		case t.Role == table.Issue:
			issues, cells = true, !l.Whole()
		case t.Role == table.Child && (asked || fresh):
			children = true
			st.Asked.Tables = slices.DeleteFunc(slices.Clone(st.Asked.Tables), func(name string) bool { return name == t.Name })
		case t.Role == table.Dimension:
			delete(st.Dimensions, t.Name)
		}
		if asked || read {
			lost = true
			log.Warn("the table, or columns of it, was not there, though the state tells of it: what it held is read again", "table", t.Name, "columns", columns)
		}
	}
	switch {
	case issues && st.Commit != "":
		st = st.Cleared()
		st.Rewrite = st.Rewrite || cells
		return st, true
	case children && !issues: // what is as it was is written once more, for their sake
		st.Rewrite = true
	}
	return st, lost && st.Commit != ""
}

// lostColumns returns the names of those columns that were loaded. That a column is new
// since something else is asked for now, the plan knows.
func (s Survey) lostColumns(l load.Lack, now state.Asked) (names []string) {
	before := s.Saved.Asked
	if s.Saved.Commit == "" {
		return nil
	}
	for _, c := range l.Columns {
		if c.Fill != "" || (c.Form == table.RichText || c.Form == table.RichMarkdown) && before.Text != now.Text {
			continue
		}
		if l.Table.Role == table.Issue && c.Source == table.FromValue && !s.loaded(c, before) {
			continue
		}
		names = append(names, c.Name)
	}
	return names
}

// loaded reports whether a column of issues was loaded when so much was asked for.
func (s Survey) loaded(c table.Column, before state.Asked) bool {
	switch {
	case strings.HasPrefix(c.Field, "."): // beside the fields
		return true
	case strings.HasPrefix(c.Field, "customfield_"):
		return slices.ContainsFunc(s.Saved.Columns, func(a table.Assignment) bool { return a.Column == c.Name })
	}
	return before.Has(c.Field)
}
