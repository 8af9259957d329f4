package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/stages/fetch"
	"snowdrift/state"
)

// prove compares the ids that Jira has in scope with the pipeline's live rows,
// and the versions of some, mends what differs, and concludes. The census is the
// proof of completeness; the search index was only a hint.
func (r *run) prove(ctx context.Context) error {
	doubt := r.doubt()
	if !r.Census && !r.DeepNow && !r.state.Unsettled {
		if doubt != nil {
			return r.unsure(ctx, doubt)
		}
		r.report.conclude(Complete, "no census was asked for: the tables are as complete as Jira's search index")
		return nil
	}
	if last, recent := r.provenLately(); recent && doubt == nil {
		r.report.conclude(Complete, fmt.Sprintf("not proven in this run: census and table last agreed at %s, and census.every is %s",
			last.UTC().Format(time.RFC3339), r.CensusEvery))
		return nil
	}
	census, err := r.takeCensus(ctx)
	r.report.Proof.Census = census.digest // as it was, whatever is found out of it
	if err != nil {
		return r.unsure(ctx, err)
	}
	known, err := r.measure(ctx)
	if err != nil {
		return err
	}
	if known && census.digest == r.state.Digest && census.deep == nil && census.compared == 0 {
		r.unseen(census)
		err = removeFiles(census.files)
	} else {
		err = r.compare(ctx, census, known)
	}
	if err == nil && census.digest != r.state.Digest {
		err = r.countUnwritten(ctx, census)
	}
	if err != nil {
		return r.unsure(ctx, err)
	}
	r.conclude(census)
	return r.remember(ctx)
}

// unsure ends a proof of which nothing comes for a reason that is Jira's search: the
// tables are as they were, and nothing is concluded. Other errors it returns.
func (r *run) unsure(ctx context.Context, err error) error {
	if !errors.Is(err, jira.ErrMissingRows) && !errors.Is(err, jira.ErrShiftingRows) && !errors.Is(err, jira.ErrCutShort) && !errors.As(err, new(unansweredError)) {
		return err
	}
	r.report.conclude(Unproven, err.Error())
	return r.remember(ctx)
}

// measure takes over the digest of the pipeline's live rows as they are: somebody
// may have removed or restored rows since the last commit. It reports false where
// only another commit will tell.
func (r *run) measure(ctx context.Context) (known bool, err error) {
	live, known, err := r.warehouse.Live(ctx, r.state)
	if err != nil || !known {
		return false, err
	}
	r.note(func(st *state.State) { st.Digest = live })
	return true, nil
}

// provenLately reports whether no census is due yet, and when the last was.
func (r *run) provenLately() (last time.Time, recent bool) {
	last = time.UnixMilli(r.state.Proven)
	return last, r.CensusEvery > 0 && !r.DeepNow && !r.state.Unsettled && r.source.Now().Sub(last) < r.CensusEvery
}

// compare has the destination compare the census with its rows, and mends. known
// says that the digest of the rows is. If it is not, the next commit measures it.
func (r *run) compare(ctx context.Context, census *census, known bool) error {
	if err := stageAll(ctx, r.warehouse, census.files); err != nil {
		return err
	}
	before := r.commits
	if err := r.reconcile(ctx, census); err != nil {
		return err
	}
	if known || r.commits > before {
		return nil
	}
	return r.commit(ctx, r.state.Clone())
}

// conclude says what the census has proven.
func (r *run) conclude(census *census) {
	proof := &r.report.Proof
	proof.Table = r.state.Digest
	agree := census.digest == proof.Table
	switch doubt := r.doubt(); {
	case doubt != nil:
		r.report.conclude(Unproven, doubt.Error())
	case proof.Held > 0 && r.nothingMatches(census):
		r.report.conclude(Unproven, fmt.Sprintf("no issue matches the query, and the rows of %d issues would be out of scope; none was flagged. Does it name what Jira does not know? If it is right, run again with --accept-shrink", proof.Held))
	case proof.Held > 0:
		r.report.conclude(Unproven, fmt.Sprintf("%d issues are gone from Jira's answers at once, more than census.accept_shrink allows; none was flagged. Did the account lose a permission, or is Jira's search index being built anew? If they are really gone, run again with --accept-shrink", proof.Held))
	case proof.Newer > 0:
		r.report.conclude(Unproven, fmt.Sprintf("%d rows are newer than what Jira shows: was the site restored from a backup, or does another node of it lag?", proof.Newer))
	case agree && proof.Kept > 0:
		r.report.conclude(Complete, fmt.Sprintf("census and table agree, but for rows of %d issues that are gone and kept", proof.Kept))
	case agree:
		r.report.conclude(Complete, fmt.Sprintf("census and table agree on %d issues", census.digest.Count))
	default:
		r.report.conclude(Unproven, fmt.Sprintf("the census has %d issues and the table %d live rows", census.digest.Count, proof.Table.Count))
	}
	if proof.Deep != nil {
		r.report.Conclusion += proof.Deep.words()
	}
	for _, name := range slices.Sorted(maps.Keys(proof.Others)) {
		r.report.Conclusion += fmt.Sprintf("; %d rows were those of pipeline %s", proof.Others[name], name)
	}
	if proof.Again > 0 {
		r.report.Conclusion += fmt.Sprintf("; %d rows that are not live were judged again", proof.Again)
	}
}

// remember commits what the proof leaves to know, if it is something new.
func (r *run) remember(ctx context.Context) error {
	next := r.state.Clone()
	if r.report.Outcome == Complete {
		next.Settle()
	}
	if r.CensusEvery > 0 && r.report.Outcome == Complete {
		next.Proven = r.source.Now().UnixMilli()
	}
	return r.save(ctx, next)
}

// save commits a state if it is not the one that the destination has.
func (r *run) save(ctx context.Context, next *state.State) error {
	if reflect.DeepEqual(next, r.saved) {
		return nil
	}
	return r.commit(ctx, next)
}

// reconcile mends the differences between census and table: it fetches what is
// missing or stale, and finds out what became of what is absent. Ids that turn
// out to be gone since the census are taken out of it, those whose rows are to
// be kept whatever Jira says are put in.
func (r *run) reconcile(ctx context.Context, census *census) error {
	diff, err := r.warehouse.Diff(ctx)
	if err != nil {
		return err
	}
	proof := &r.report.Proof
	proof.Missing, proof.Absent = len(diff.Missing), len(diff.Absent)
	stale := older(diff.Stale)
	proof.Newer = len(diff.Stale) - len(stale)
	if !diff.Clean() {
		r.Log.Info("census differs from the table", "missing", len(diff.Missing), "absent", len(diff.Absent), "stale", len(stale), "newer", proof.Newer)
	}
	if proof.Others = diff.Others; len(diff.Others) > 0 {
		r.Log.Warn("rows of other pipelines become this one's: pipelines that ask for the same issues take them from each other in every run", "pipelines", diff.Others)
	}
	mended, err := r.fetchIDs(ctx, "stale", stale)
	if err != nil {
		return err
	}
	for _, id := range stale {
		if _, came := mended[id]; !came {
			census.silent = append(census.silent, id)
		}
	}
	if census.deep != nil { // not before what it found is committed
		r.note(func(st *state.State) { st.Deep = *census.deep })
	}
	r.unseen(census, idsOf(diff.Absent)...)
	if proof.Deep != nil {
		proof.Deep.Stale = len(mended)
	}
	returned, err := r.fetchIDs(ctx, "missing", diff.Missing)
	if err != nil {
		return err
	}
	unanswered := r.source.Unanswered()
	for _, id := range diff.Missing {
		if _, came := returned[id]; came {
			census.came[id] = true
		} else if _, is := unanswered[id]; !is {
			census.digest.Remove(id)
		}
	}
	if !r.Confirmed && len(diff.Absent) > 0 && r.nothingMatches(census) {
		proof.Held = int64(len(diff.Absent))
		return nil
	}
	if r.Deleted == Keep {
		for _, a := range diff.Absent {
			census.digest.Add(a.ID)
		}
		proof.Kept = len(diff.Absent)
		return nil
	}
	return r.settle(ctx, diff, census)
}

// unseen notes the live rows that no search for changes will show to be old: those of some
// issues, and those of which Jira does not tell the version.
func (r *run) unseen(census *census, ids ...int64) {
	r.note(func(st *state.State) {
		st.Unseen = state.NewIDs(slices.Concat(ids, census.silent, r.unanswered())...)
	})
}

// note changes the state that the next commit goes on from, and nothing in that
// which was committed.
func (r *run) note(change func(st *state.State)) {
	r.state = r.state.Clone()
	change(r.state)
}

// fetchIDs loads issues by id and returns those that Jira still has, each with
// the id of its project.
func (r *run) fetchIDs(ctx context.Context, name string, ids []int64) (map[int64]int64, error) {
	returned := map[int64]int64{}
	if len(ids) == 0 {
		return returned, nil
	}
	r.returned = nil
	if err := r.stream(ctx, fetch.ByID(name, ids)); err != nil {
		return nil, err
	}
	for _, issue := range r.returned {
		returned[issue.ID] = issue.ProjectID
	}
	return returned, nil
}
