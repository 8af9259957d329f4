package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Survey is what a destination has for a source, and what it is to have.
type Survey struct {
	// Saved is the state of the pipeline as the destination has it; State is that with
	// what is known of the source now: its name, and columns for its fields.
	Saved, State *state.State
	Tables       []*table.Table
	lacks        []load.Lack
}

// Look surveys a destination for a source whose site has a name. It changes nothing, and
// refuses what a run cannot load into: rows of another site, or tables that somebody else
// made.
func Look(ctx context.Context, source Source, warehouse load.Warehouse, pipeline, site string) (s Survey, err error) {
	st, err := warehouse.State(ctx, pipeline)
	if err != nil {
		return s, err
	}
	s.Saved, s.State = st.Clone(), st
	if err := st.Claim(site); err != nil {
		return s, err
	}
	fields := source.Fields()
	fields.Former = st.Names
	if s.Tables, st.Columns, err = Tables(site, fields, st.Columns); err != nil {
		return s, err
	}
	for _, f := range fields.Custom {
		st.NoteName(f.ID, f.Name)
	}
	if s.lacks, err = warehouse.Lacks(ctx, s.Tables); err != nil {
		return s, err
	}
	if st.Commit == "" && !s.lacksWhole(s.Tables[0]) {
		if err := refuseTwins(ctx, source.Site(), warehouse, site); err != nil {
			return s, err
		}
	}
	return s, s.refuseOthers(ctx, warehouse)
}

// refuseTwins refuses to load the rows of a site once more under another name.
func refuseTwins(ctx context.Context, url string, warehouse load.Warehouse, site string) error {
	states, err := warehouse.States(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		err = errors.Join(err, s.Twin(url, site))
	}
	return err
}

// refuseOthers refuses tables that bear the names of ours and that somebody else made:
// their rows would be taken for ours, and written over.
func (s Survey) refuseOthers(ctx context.Context, warehouse load.Warehouse) error {
	for _, l := range s.lacks {
		if l.Whole() || l.Table.Name == table.ValueErrors().Name { // nobody else calls one so
			continue
		}
		others := madeByOthers(l)
		if !others && l.Table.Role == table.Child && l.Of(table.Site) { // an old one, if it is ours
			known, err := loaded(ctx, warehouse, l.Table.Name)
			if err != nil {
				return err
			}
			others = !known
		}
		if others {
			return &load.Error{
				Op: "prepare table", On: l.Table.Name,
				Err:  errors.New("there is a table or view of this name that snowdrift did not make, or what identifies its rows was dropped"),
				Hint: fmt.Sprintf("load into a schema of its own (destination.….schema), leave %s out of tables, or rename or drop what is there: the next run makes the table, and fills it", l.Table.Name),
			}
		}
	}
	return nil
}

// madeByOthers reports whether something is missing that no version of snowdrift made the
// table without: in issues and dimensions, the columns by which a row is recognised as it
// was; in others, those that identify a row, but for _site, which came later.
func madeByOthers(l load.Lack) bool {
	if l.Table.Role != table.Child {
		return l.Of(table.Hash) && l.Of(table.Presence)
	}
	return slices.ContainsFunc(l.Table.Key, func(key string) bool { return key != table.Site && l.Of(key) })
}

// loaded reports whether a pipeline loads the child table of that name, or did.
func loaded(ctx context.Context, warehouse load.Warehouse, name string) (bool, error) {
	states, err := warehouse.States(ctx)
	return slices.ContainsFunc(states, func(s *state.State) bool {
		_, left := s.Left[name]
		return left || slices.Contains(s.Asked.Tables, name)
	}), err
}

func (s Survey) lacksWhole(t *table.Table) bool {
	return slices.ContainsFunc(s.lacks, func(l load.Lack) bool { return l.Table == t && l.Whole() })
}
