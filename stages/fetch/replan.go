package fetch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/state"
)

// gap is what the tables may lack when something else is asked for than was
// loaded.
type gap struct {
	whole bool       // of any issue
	have  jql.Clause // of the issues that have one of some fields; zero: of none
}

// gap finds out what follows from a change. Fields and tables that are no longer
// asked for leave none: their rows stay as they are. One that is new is missing
// only in the issues that have it, where Jira can be asked for those.
func (s *Source) gap(before state.Asked) gap {
	asked := s.Asked()
	fields, whole := addedFields(before.Fields, asked.Fields)
	if whole || asked.Text != before.Text || slices.ContainsFunc(asked.Names, func(n string) bool { return !slices.Contains(before.Names, n) }) {
		return gap{whole: true}
	}
	for _, t := range s.fields.Children {
		if !slices.Contains(before.Tables, t.Name) {
			fields = append(fields, t.Field)
		}
	}
	var terms []string
	for _, id := range fields {
		term := s.notEmpty(id)
		if term == "" {
			return gap{whole: true}
		}
		if !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	if len(terms) == 0 {
		return gap{}
	}
	have, err := jql.ParseUser(strings.Join(terms, " OR "))
	return gap{whole: err != nil, have: have}
}

// addedFields returns the fields of a request that an earlier one did not ask
// for; whole if it cannot be told which they are.
func addedFields(before, after []string) (ids []string, whole bool) {
	asks := func(request []string, id string) bool {
		return !slices.Contains(request, "-"+id) && (slices.Contains(request, "*all") || slices.Contains(request, id))
	}
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

// replan plans what follows from a change of what is asked for. A changed query
// alone reads nothing but the changes since the last run: the census shows which
// rows are out of scope now, and which issues are missing; those are fetched by
// id.
func (s *Source) replan(ctx context.Context, st *state.State, before state.Asked, why string) (Plan, error) {
	gap := s.gap(before)
	st.Unsettled = st.Unsettled || st.Asked.Query != before.Query
	if !gap.whole && !gap.have.IsZero() {
		plan, err := s.planPart(ctx, st.Clone(), gap.have, why)
		if jira.KindOf(err) != jira.KindBadRequest {
			return plan, err
		}
		s.opts.Log.Info("Jira cannot be asked for the issues that have the new fields; all are read again", "error", err)
		gap.whole = true
	}
	if gap.whole {
		return s.planLoad(ctx, st, "everything is read again: "+why)
	}
	st.Mixed = st.Mixed || !slices.Equal(st.Asked.Fields, before.Fields) || !slices.Equal(st.Asked.Tables, before.Tables)
	plan := s.planChanges(st)
	if st.Asked.Query == before.Query {
		plan.Reason = why + ": nothing is read for that; " + plan.Reason
		return plan, nil
	}
	n, _, err := s.client.Count(ctx, s.bounded(s.scope))
	if err != nil {
		return Plan{}, err
	}
	plan.Missing, plan.Leaving = max(n-st.Digest.Count, 0), max(st.Digest.Count-n, 0)
	plan.Reason = fmt.Sprintf("%s: rows that are out of scope now are marked, issues that the census finds missing are fetched by id; "+
		"there are about %d in scope, and %d live rows; %s", why, n, st.Digest.Count, plan.Reason)
	return plan, nil
}

// planPart plans to read again the issues that have something, and then what
// changed since the cursor, as if nothing had been in between.
func (s *Source) planPart(ctx context.Context, st *state.State, have jql.Clause, why string) (Plan, error) {
	st.Load = &state.Load{Began: s.Now().UnixMilli(), Since: st.Cursor, Part: true}
	st.Cursor, st.Recent, st.Mixed = 0, nil, true
	size, err := s.partitionSize(ctx)
	if err != nil {
		return Plan{}, err
	}
	parts := s.slices(size)
	for i := range parts {
		parts[i].clause, parts[i].issues = jql.And(parts[i].clause, have), -1
		parts[i].name += ", those that have what is new"
	}
	if st.Load.Partitions, err = s.partitions(ctx, st, parts, size); err != nil {
		return Plan{}, err
	}
	return Plan{Reason: "issues that have what is new are read again: " + why, Load: true, Partitions: st.Load.Partitions, State: st}, nil
}
