package fetch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/state"
)

// gap is what the tables may lack when something else is asked for, or seen, than
// was loaded.
type gap struct {
	whole bool     // of any issue
	terms []string // of JQL, for the issues that have one of some fields
	// seen are fields that nobody asked for by name: of those that Jira cannot be
	// asked about only what changes is filled.
	seen []jira.Field
	// since is the cursor from which on changes have to be read again; 0: none.
	since int64
}

// lateness is how much later than the overlap a change may have been found that a
// field lost its value by. It is as long as any index that we know of was behind.
const lateness = 48 * time.Hour

// gap finds out what follows from a change. Fields and tables that are no longer
// asked for leave none: their rows stay as they are. One that is new is missing
// only in the issues that have it, where Jira can be asked for those. One that was
// loaded before has values of then in other issues, too: in any, if it was taken
// out of the configuration, and in those that changed since, if the account did not
// see it for a while.
func (s *Source) gap(before state.Asked, arrived arrivals) gap {
	asked := s.Asked()
	fields, whole := addedFields(before.Fields, asked.Fields)
	var g gap
	if whole || asked.Text != before.Text || slices.ContainsFunc(asked.Names, func(n string) bool { return !slices.Contains(before.Names, n) }) {
		g.whole = true
	}
	for _, t := range s.fields.Children {
		if !slices.Contains(before.Tables, t.Name) {
			fields = append(fields, t.Field)
		}
	}
	for name, at := range arrived.back {
		if at == 0 || !s.seenAgain(name, arrived) {
			g.whole = true
		}
		if g.since == 0 || at < g.since {
			g.since = at
		}
	}
	for _, id := range fields {
		term := s.notEmpty(id)
		g.whole = g.whole || term == ""
		if !slices.Contains(g.terms, term) {
			g.terms = append(g.terms, term)
		}
	}
	if len(arrived.rekeyed) > 0 {
		g.terms = append(g.terms, issuesOf(arrived.rekeyed).String())
	}
	for _, f := range s.fields.Custom {
		if slices.Contains(arrived.fields, f.ID) {
			g.seen = append(g.seen, f)
		}
	}
	return g
}

// seenAgain reports whether a field that was loaded before, or the one that a table
// is made of, was asked for all the time, and only not seen.
func (s *Source) seenAgain(name string, arrived arrivals) bool {
	for _, t := range s.fields.Children {
		if t.Name == name {
			name = t.Field
		}
	}
	return slices.Contains(arrived.fields, name)
}

// addedFields returns the fields of a request that an earlier one did not ask
// for; whole if it cannot be told which they are.
func addedFields(before, after []string) (ids []string, whole bool) {
	asks := func(request []string, id string) bool { return asksFor(request, jira.Field{ID: id}) } // navigable or not
	// All but some hold what is navigable only if none of those is.
	excludes := slices.ContainsFunc(before, func(entry string) bool { return entry[0] == '-' })
	everything := slices.Contains(before, "*all")
	for many, held := range map[string]bool{"*all": everything, "*navigable": everything && !excludes} {
		if slices.Contains(after, many) && !slices.Contains(before, many) && !held {
			return nil, true
		}
	}
	for _, entry := range slices.Concat(after, before) {
		id := strings.TrimPrefix(entry, "-")
		if !strings.HasPrefix(id, "*") && asks(after, id) && !asks(before, id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, false
}

// canBeEmpty are the system fields that JQL compares with EMPTY. It does so with
// all custom fields that it can search.
var canBeEmpty = []string{"labels", "components", "fixVersions", "versions", "attachment", "duedate", "resolution", "assignee", "priority",
	"environment", "description"}

// notEmpty returns the JQL for the issues that have a field, "" if there is none.
func (s *Source) notEmpty(id string) string {
	i := slices.IndexFunc(s.site, func(f jira.Field) bool { return f.ID == id })
	if i < 0 {
		return ""
	}
	names := s.site[i].ClauseNames
	switch {
	case len(names) == 0:
		return ""
	case s.site[i].Custom && s.site[i].Schema.CustomID > 0:
		return fmt.Sprintf("cf[%d] is not EMPTY", s.site[i].Schema.CustomID)
	case slices.Contains(canBeEmpty, id):
		return jql.Quote(names[0]) + " is not EMPTY"
	}
	return ""
}

// replan plans what follows from a change of what is asked for or seen. A changed
// query alone reads nothing but the changes since the last run: the census shows
// which rows are out of scope now, and which issues are missing; those are fetched
// by id.
func (s *Source) replan(ctx context.Context, st *state.State, before state.Asked, arrived arrivals, why string) (Plan, error) {
	gap := s.gap(before, arrived)
	st.Mixed = st.Mixed || !slices.Equal(st.Asked.Fields, before.Fields) || !slices.Equal(st.Asked.Tables, before.Tables)
	if !gap.whole {
		have, err := s.answerable(ctx, gap.seen)
		if err != nil {
			return Plan{}, err
		}
		gap.terms = append(gap.terms, have...)
		if gap.since > 0 {
			since := time.UnixMilli(gap.since).Add(-s.opts.Overlap - lateness).UTC()
			gap.terms = append(gap.terms, s.dates(st).Since("updated", since).String())
		}
	}
	if !gap.whole && len(gap.terms) > 0 {
		plan, err := s.planPart(ctx, st.Clone(), gap, why)
		if jira.KindOf(err) != jira.KindBadRequest {
			return plan, err
		}
		s.opts.Log.Info("Jira cannot be asked for the issues that have the new fields; all are read again", "error", err)
		gap.whole = true
	}
	if gap.whole {
		return s.planLoad(ctx, st, "everything is read again: "+why)
	}
	plan := s.planChanges(st)
	if st.Asked.Query == before.Query {
		plan.Reason = why + ": nothing is read for that; " + plan.Reason
		return plan, nil
	}
	n, _, err := s.count(ctx, s.scope)
	if err != nil {
		return Plan{}, err
	}
	plan.Missing, plan.Leaving = max(n-st.Digest.Count, 0), max(st.Digest.Count-n, 0)
	plan.Reason = fmt.Sprintf("%s: rows that are out of scope now are marked, issues that the census finds missing are fetched by id; "+
		"there are about %d in scope, and %d live rows; %s", why, n, st.Digest.Count, plan.Reason)
	return plan, nil
}

// termsAtOnce is how many fields a query asks for: a few kilobytes of JQL.
const termsAtOnce = 100

// planPart plans to read again the issues that have something, and then what
// changed since the cursor, as if nothing had been in between.
func (s *Source) planPart(ctx context.Context, st *state.State, gap gap, why string) (Plan, error) {
	st.Load = &state.Load{Began: s.Now().UnixMilli(), Since: st.Cursor, Part: true}
	st.Cursor, st.Recent = 0, nil
	size, err := s.partitionSize(ctx)
	if err != nil {
		return Plan{}, err
	}
	var parts []slice
	for terms := range slices.Chunk(gap.terms, termsAtOnce) {
		have, err := anyOf(terms)
		if err != nil {
			return Plan{}, err
		}
		for _, part := range s.slices(size) {
			part.clause, part.issues = jql.And(part.clause, have), -1
			if part.name += ", those that have what is new"; len(gap.terms) > termsAtOnce {
				part.name += fmt.Sprintf(" (%d)", 1+len(parts))
			}
			parts = append(parts, part)
		}
	}
	if st.Load.Partitions, err = s.partitions(ctx, st, parts, size); err != nil {
		return Plan{}, err
	}
	return Plan{Reason: "issues that have what is new are read again: " + why, Load: true, Partitions: st.Load.Partitions, State: st}, nil
}

func anyOf(terms []string) (jql.Clause, error) { return jql.ParseUser(strings.Join(terms, " OR ")) }

// answerable returns JQL for the issues that have fields, leaving out fields that no
// issue has, and, with a warning, those that Jira cannot be asked about.
func (s *Source) answerable(ctx context.Context, fields []jira.Field) (terms []string, err error) {
	var refused []string
	names := map[string]string{} // of the fields, by term
	for _, f := range fields {
		if term := s.notEmpty(f.ID); term != "" {
			terms, names[term] = append(terms, term), f.ID
		} else {
			refused = append(refused, f.ID)
		}
	}
	asked := terms
	terms = nil
	for some := range slices.Chunk(asked, termsAtOnce) {
		have, not, err := s.found(ctx, some)
		if err != nil {
			return nil, err
		}
		terms = append(terms, have...)
		for _, term := range not {
			refused = append(refused, names[term])
		}
	}
	if len(refused) > 0 {
		s.opts.Log.Warn("Jira cannot be asked for the issues that have a field; in rows that are there it is filled when the issue changes", "fields", some(refused))
	}
	return terms, nil
}

// found asks whether there are issues in scope of which one of the terms holds:
// none of the terms is returned if not. Of several that Jira refuses, those are
// found that it refuses alone.
func (s *Source) found(ctx context.Context, terms []string) (have, refused []string, err error) {
	clause, err := anyOf(terms)
	if err != nil {
		return nil, nil, err
	}
	switch _, any, err := s.edge(ctx, jql.And(s.scope, clause), "created", "ASC"); {
	case jira.KindOf(err) == jira.KindBadRequest && len(terms) == 1:
		return nil, terms, nil
	case jira.KindOf(err) == jira.KindBadRequest:
		half := len(terms) / 2
		have, refused, err = s.found(ctx, terms[:half])
		if err != nil {
			return nil, nil, err
		}
		more, too, err := s.found(ctx, terms[half:])
		return append(have, more...), append(refused, too...), err
	case err != nil:
		return nil, nil, err
	case any:
		return terms, nil, nil
	}
	return nil, nil, nil
}
