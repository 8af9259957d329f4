package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// settle finds out what became of rows that the census does not have, those that
// are live and of the others those whose turn it is, and marks them. When
// suspiciously many are gone it marks none. Issues that changed, such as one that
// was moved out of scope, are read once more, so that their rows tell where they
// went.
func (r *run) settle(ctx context.Context, diff load.Diff, census *census) (err error) {
	brake := brake{r.AcceptShrink, r.source.Whole() && !r.state.Unsettled}
	if !r.Confirmed && !r.state.Unsettled { // a query that changed is no suspicion
		if r.report.Proof.Held, err = brake.sampled(ctx, r.source, diff); err != nil || r.report.Proof.Held > 0 {
			return err
		}
	}
	doubtful, lap, err := r.doubtful(ctx, census)
	if err != nil {
		return err
	}
	rows, known, err := absent(ctx, r.source, slices.Concat(diff.Absent, doubtful))
	if err != nil {
		return err
	}
	if rows, err = r.passedOver(ctx, rows, known, census); err != nil {
		return err
	}
	projects := r.source.Projects()
	if !r.Confirmed {
		findings := judgeAll(rows, known, projects)
		r.report.Proof.Held = brake.held(rows, findings, known, diff.Live, projects)
	}
	if r.report.Proof.Held > 0 {
		return nil
	}
	read, err := r.readMoved(ctx, rows, known)
	if err != nil {
		return err
	}
	findings := judgeAll(rows, known, projects)
	var news []finding
	for i, f := range findings {
		if _, unmarked := read[f.id]; unmarked || f.presence != rows[i].Presence || f.evidence != rows[i].Evidence {
			news = append(news, f)
		}
	}
	r.unseen(census)
	r.note(func(st *state.State) { st.Deep.Gone = lap })
	return r.mark(ctx, news)
}

// nothingMatches reports whether a query that changed finds no issue at all. On Cloud that
// is all that Jira says of a project, or another value, that it does not know.
func (r *run) nothingMatches(census *census) bool {
	return r.state.Unsettled && census.digest.Count == 0
}

// passedOver takes the rows out whose issue is in scope after all, as a search for
// just these issues shows: the census passed it over, which it can while much
// changes, or where one of its pages came from a node that lags behind. The census
// is taken to have it, and it is read if its row is not live, or of another version.
func (r *run) passedOver(ctx context.Context, rows []load.Absent, known fates, census *census) ([]load.Absent, error) {
	in, err := inScope(ctx, r.source, rows, known)
	if err != nil {
		return nil, err
	}
	var read []int64
	if len(in) > 0 {
		r.Log.Warn("the census passed over issues that are in scope", "issues", len(in))
	}
	var others []load.Absent
	for _, a := range rows {
		switch {
		case !in[a.ID]:
			others = append(others, a)
			continue
		case a.Presence != table.Live || a.Updated != known[a.ID].updated:
			read = append(read, a.ID)
		}
		census.digest.Add(a.ID)
	}
	returned, err := r.fetchIDs(ctx, "passed over", read)
	for id := range returned {
		census.came[id] = true
	}
	for _, id := range read {
		if !census.came[id] {
			census.silent = append(census.silent, id)
		}
	}
	return others, err
}

// inScope searches the scope for those of the rows that would newly become out of
// scope, and returns the ids that it finds.
func inScope(ctx context.Context, source Source, rows []load.Absent, known fates) (map[int64]bool, error) {
	var ids []int64
	for i, f := range judgeAll(rows, known, source.Projects()) {
		if f.presence == outOfScope && rows[i].Presence != outOfScope {
			ids = append(ids, f.id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return source.InScope(ctx, ids)
}

// readMoved reads issues again that changed since their rows were written, and
// has the rows say which project they are in now. It returns those that came:
// their rows are live until they are marked.
func (r *run) readMoved(ctx context.Context, rows []load.Absent, known fates) (map[int64]int64, error) {
	var changed []int64
	for _, a := range rows {
		if f := known[a.ID]; f.returned && f.updated != a.Updated {
			changed = append(changed, a.ID)
		}
	}
	read, err := r.fetchIDs(ctx, "absent", changed)
	for i, a := range rows {
		if project := read[a.ID]; project > 0 {
			rows[i].ProjectID = project
		}
	}
	return read, err
}

// fates are what Jira says of issues that the census does not have.
type fates map[int64]fate

type fate struct {
	returned bool  // by id
	archived bool  // and says that it is archived
	updated  int64 // epoch milliseconds
}

// add takes over what an answer tells.
func (f fates) add(v fetch.Versions) {
	for _, ref := range v.Issues {
		f[ref.ID] = fate{returned: true, archived: slices.Contains(v.Archived, ref.ID), updated: ref.Updated}
	}
}

// absent asks Jira for issues by id, as thoroughly as it takes to believe that
// they are gone. It returns the rows of those for which Jira answers, in their order.
func absent(ctx context.Context, source Source, rows []load.Absent) (answered []load.Absent, known fates, err error) {
	known = fates{}
	for versions, err := range source.Absent(ctx, idsOf(rows)) {
		if err != nil {
			return nil, nil, fmt.Errorf("ask for issues that the census does not have: %w", err)
		}
		known.add(versions)
	}
	unanswered := source.Unanswered()
	return slices.DeleteFunc(rows, func(a load.Absent) bool {
		_, is := unanswered[a.ID]
		return is
	}), known, nil
}

func idsOf(rows []load.Absent) []int64 {
	ids := make([]int64, len(rows))
	for i, a := range rows {
		ids[i] = a.ID
	}
	return ids
}

// judgeAll judges rows, in their order.
func judgeAll(rows []load.Absent, known fates, projects map[int64]jira.Project) []finding {
	var findings []finding
	for _, a := range rows {
		findings = append(findings, judge(a, known[a.ID], projects))
	}
	return findings
}

// Values of _presence for issues that are gone.
const (
	deleted    = "deleted"
	noAccess   = "no_access"
	archived   = "archived"
	outOfScope = "out_of_scope"
)

// saysArchived is the evidence of an issue that is archived by itself.
const saysArchived = "not in the census; read by id, the issue says that it is archived"

// finding is what became of an issue, and how that is known.
type finding struct {
	id                 int64
	presence, evidence string
}

// judge decides by evidence. Jira answers alike for an issue that is deleted
// and for one that is hidden from the account; only its project tells. Of a
// single issue that an issue security level hides, or that was moved to a project
// that nobody sees, nothing tells, so that the evidence has to name the doubt.
//
// A mark that a row has stays where Jira is silent and silence tells nothing new:
// that is how an issue came to be held deleted, whatever became of its project
// since, and an issue that once said that it is archived is shown by no search of
// Data Center.
func judge(a load.Absent, f fate, projects map[int64]jira.Project) finding {
	p, visible := projects[a.ProjectID]
	switch {
	case !f.returned && (a.Presence == deleted || a.Evidence == saysArchived):
		return finding{a.ID, a.Presence, a.Evidence}
	case visible && p.Archived: // whose issues can still be read by id
		return finding{a.ID, archived, "not in the census, and its project " + p.Key + " is archived"}
	case f.archived:
		return finding{a.ID, archived, saysArchived}
	case f.returned:
		return finding{a.ID, outOfScope, "not in the census, but Jira still returns it by id: it does not match the query, or the search index does not show it"}
	case !visible:
		return finding{a.ID, noAccess, "not in the census, not returned by id, and its project is not visible to the account"}
	}
	return finding{a.ID, deleted, "not in the census, not returned by id, while its project " + p.Key + " is visible: deleted, hidden from the account by an issue security level, or moved to a project that it does not see, which Jira answers alike"}
}

// mark writes findings to the rows of their issues.
func (r *run) mark(ctx context.Context, findings []finding) error {
	if len(findings) == 0 {
		return nil
	}
	b := batch.New(batch.Options{Dir: r.Dir, Prefix: r.RunID + "-f", FileSize: r.FileSize, Format: r.warehouse.Format()})
	err := writeEach(b, table.Findings(), findings, func(rows *stages.Rows, f finding) {
		rows.SetInt(0, f.id)
		rows.SetString(1, f.presence)
		rows.SetString(2, f.evidence)
		r.report.Proof.marked(f.presence)
	})
	if err == nil {
		err = b.Flush()
	}
	if err != nil {
		return errors.Join(err, b.Discard())
	}
	if err := stageAll(ctx, r.warehouse, b.Closed()); err != nil {
		return err
	}
	return r.commitWith(ctx, load.Commit{State: r.state.Clone(), Remove: r.Deleted == Hard})
}
