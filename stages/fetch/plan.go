package fetch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
	"snowdrift/stages"
	"snowdrift/state"
)

// Plan is what a run reads next.
type Plan struct {
	// Reason says in words why: a first load, its continuation, a changed
	// query, or the changes since the last run.
	Reason string
	// Load says that the partitions are those of a first load, after which the
	// changes since it began are to be read.
	Load       bool
	Partitions []*stages.Partition
	// Missing and Leaving are about how many issues the census will find missing,
	// to be fetched by id, and how many rows it will not find, after the query
	// changed. Where some come and others go, both are too low.
	Missing, Leaving int64
	// State is the state to go on from.
	State *state.State
}

// ErrOtherSite: the state speaks of another Jira.
var ErrOtherSite = errors.New("the state belongs to another Jira site")

// Plan decides what to read, given what was read before.
func (s *Source) Plan(ctx context.Context, before *state.State) (Plan, error) {
	st := before.Clone()
	if st.Site != "" && st.Site != s.Site() {
		return Plan{}, fmt.Errorf("%w: it was loaded from %s and the configuration names %s; ids of two sites must not mix: "+
			"use another pipeline and schema, or, if the site only changed its address, run `snowdrift state clear`", ErrOtherSite, st.Site, s.Site())
	}
	changes, asked := s.Asked().Changes(st.Asked), st.Asked
	never := st.Cursor == 0 && st.Load == nil
	if s.Asked().Query != asked.Query && asked.Tables != nil { // else there are no rows
		st.Rescope()
	}
	s.adopt(st)
	if st.Cursor != 0 {
		returned(st)
	}
	s.leave(st)
	st.Site, st.Asked = s.Site(), s.Asked()
	if st.Load != nil && len(changes) == 0 { // what arrived meanwhile is read when it is through
		open, what := st.Load.Open(), "first load"
		if st.Load.Part {
			what = "reading again"
		}
		return Plan{Reason: fmt.Sprintf("%s goes on, %d of %d partitions are done", what, len(st.Load.Done), len(st.Load.Partitions)),
			Load: true, Partitions: open, State: st}, nil
	}
	arrived := s.arrive(st, asked)
	// A value that was lost while it was not loaded makes no difference to be seen.
	st.Rewrite = st.Rewrite || len(arrived.back) > 0
	switch {
	case never:
		return s.planLoad(ctx, st, "first load")
	case st.Cursor == 0: // a load is under way, or nobody knows since when
		return s.planLoad(ctx, st, "everything is read again: "+strings.Join(changes, "; "))
	case len(changes) > 0 || !arrived.none():
		return s.replan(ctx, st, asked, arrived, strings.Join(append(changes, arrived.describe()...), "; "))
	}
	return s.planChanges(st), nil
}

// planChanges plans to read what was updated since the cursor. The upper end is
// open: an issue that is updated all the time is read in every run.
func (s *Source) planChanges(st *state.State) Plan {
	since := time.UnixMilli(st.Cursor).Add(-s.opts.Overlap).UTC()
	clause := jql.And(s.scope, s.dates(st).Since("updated", since))
	st.Rewrite = false // no load is under way
	return Plan{
		Reason: "changes since " + since.Format(time.RFC3339),
		Partitions: []*stages.Partition{{
			Name: "changed since " + since.Format(time.RFC3339), JQL: s.bounded(clause), Order: "updated",
			Changes: true, Expected: -1,
		}},
		State: st,
	}
}

// dates returns the style of date literals that the site understands.
func (s *Source) dates(st *state.State) jql.Dates {
	if st.EpochMillis != nil && *st.EpochMillis {
		return jql.Millis()
	}
	return jql.Minutes(s.client.Site().Location)
}

// probe finds out whether the site reads a bare number in JQL as epoch
// milliseconds, which is documented nowhere: of issues updated since the newest
// one there must be one, and of issues updated in the far future none. A site
// that reads numbers otherwise fails one of the two.
func (s *Source) probe(ctx context.Context, st *state.State, newest int64) error {
	understood := true
	for since, want := range map[time.Time]bool{
		time.UnixMilli(newest):        true,
		time.Now().AddDate(100, 0, 0): false,
	} {
		_, found, err := s.edge(ctx, jql.And(s.scope, jql.Millis().Since("updated", since)), "updated", "ASC")
		if err != nil && jira.KindOf(err) != jira.KindBadRequest {
			return err
		}
		understood = understood && err == nil && found == want
	}
	st.EpochMillis = &understood
	return nil
}

// edge returns the first or last value of a date field among the issues of a
// clause, in epoch milliseconds.
func (s *Source) edge(ctx context.Context, c jql.Clause, field, direction string) (at int64, found bool, err error) {
	search := jira.Search{JQL: s.bounded(c) + " ORDER BY " + field + " " + direction, Fields: []string{field}, PageSize: 1}
	for page, err := range s.client.Search(ctx, search) {
		if err != nil {
			return 0, false, s.refused(err)
		}
		if found = len(page.Issues) > 0; found {
			at, _ = jiratime.ParseMillis(rawjson.Lookup(rawjson.Lookup(page.Issues[0], "fields"), field))
		}
		page.Release()
		if found {
			return at, true, nil
		}
	}
	return 0, false, nil
}
