package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/state"
)

// An issue that Jira does not answer for is left out, see fetch.Source.Unanswered, and the
// run goes on without it. The commit that goes on over it notes it as owed, and each run
// asks for what is owed by id.

// unansweredError are issues for which Jira answers with an error, by id, with the error.
type unansweredError map[int64]string

func (e unansweredError) Error() string {
	first := slices.Min(slices.Collect(maps.Keys(e)))
	return fmt.Sprintf("Jira answers with an error for %d issues, such as %d: what became of them is not known (%s)", len(e), first, e[first])
}

// doubt returns what Jira did not answer in this run, nil if there is nothing.
func (r *run) doubt() error {
	if cut := r.source.CutShort(); cut != nil {
		return cut
	}
	return unansweredBy(r.source)
}

// unansweredBy says for which issues a source did not answer; nil if there are none.
func unansweredBy(source Source) error {
	if unanswered := source.Unanswered(); len(unanswered) > 0 {
		return unansweredError(unanswered)
	}
	return nil
}

// unanswered returns the ids of the issues for which Jira did not answer in this run.
func (r *run) unanswered() []int64 {
	return slices.Collect(maps.Keys(r.source.Unanswered()))
}

// owedBudget bounds how long a request for what is owed is repeated: it failed in the run
// before for as long as any may.
const owedBudget = time.Minute

// collect asks for the issues that are owed from the runs before. Those that are not in
// scope are left to a census that has them again.
func (r *run) collect(ctx context.Context) error {
	silent := r.source.Unanswered()
	owed := slices.DeleteFunc(slices.Clone(r.state.Owed), func(id int64) bool { _, is := silent[id]; return is })
	if len(owed) == 0 {
		return nil
	}
	inScope, err := r.source.InScope(ctx, owed)
	if err != nil {
		return err
	}
	var ask, outside []int64
	for _, id := range owed {
		if inScope[id] {
			ask = append(ask, id)
		} else {
			outside = append(outside, id)
		}
	}
	r.Log.Info("issues are asked for that Jira did not answer for before", "issues", len(ask))
	// The load that was to write it again, for the sake of cells that were lost, may be over.
	r.owing = true
	_, err = r.fetchIDs(jira.WithRetryBudget(ctx, owedBudget), "owed", ask)
	r.owing = false
	if err != nil {
		return err
	}
	next := r.state.Clone()
	next.Owed = state.NewIDs(r.unanswered()...)
	next.Unseen = state.NewIDs(slices.Concat(next.Unseen, outside)...)
	return r.save(ctx, next)
}
