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

// prove compares the ids that Jira has in scope with the pipeline's live rows,
// mends what differs, and concludes. The census is the proof of completeness;
// the search index was only a hint.
func (r *run) prove(ctx context.Context) error {
	if !r.Census {
		r.report.conclude(Complete, "no census was asked for: the tables are as complete as Jira's search index")
		return nil
	}
	census, files, err := r.census(ctx)
	r.report.Proof.Census = census
	if err != nil {
		return err
	}
	if census != r.state.Digest {
		for _, f := range files {
			if err := r.warehouse.Stage(ctx, f); err != nil {
				return err
			}
		}
		if err := r.reconcile(ctx, &census); err != nil {
			return err
		}
	} else if err := removeFiles(files); err != nil {
		return err
	}
	r.report.Proof.Table = r.state.Digest
	switch {
	case r.report.Proof.Held > 0:
		r.report.conclude(Unproven, fmt.Sprintf("%d issues are gone from Jira's answers at once, more than census.accept_shrink allows; none was flagged. If they are really gone, run again with --accept-shrink", r.report.Proof.Held))
	case census == r.state.Digest && r.report.Proof.Kept > 0:
		r.report.conclude(Complete, fmt.Sprintf("census and table agree, but for rows of %d issues that are gone and kept", r.report.Proof.Kept))
	case census == r.state.Digest:
		r.report.conclude(Complete, fmt.Sprintf("census and table agree on %d issues", census.Count))
	default:
		r.report.conclude(Unproven, fmt.Sprintf("the census has %d issues and the table %d live rows", census.Count, r.state.Digest.Count))
	}
	return nil
}

// census reads the ids in scope, into a digest and into files for the
// destination to compare with, should the digests differ.
func (r *run) census(ctx context.Context) (digest state.Digest, files []stages.File, err error) {
	b := batch.New(batch.Options{Dir: r.Dir, Prefix: r.RunID, FileSize: r.FileSize, Format: r.warehouse.Format()})
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Discard())
		}
	}()
	rows := stages.NewRows(table.Census())
	seen := map[int64]struct{}{}
	for ids, err := range r.source.Census(ctx) {
		if err != nil {
			return digest, nil, err
		}
		rows.Reset()
		for _, id := range ids {
			if _, twice := seen[id]; twice {
				continue
			}
			seen[id] = struct{}{}
			digest.Add(id)
			rows.SetInt(0, id)
			rows.End(0)
		}
		r.Progress.census(digest.Count)
		if err := b.Write(rows); err != nil {
			return digest, nil, err
		}
	}
	if err := b.Flush(); err != nil {
		return digest, nil, err
	}
	return digest, b.Closed(), nil
}

// reconcile mends the differences between census and table: it fetches what is
// missing, and finds out what became of what is absent. Ids that turn out to be
// gone since the census are taken out of it, those whose rows are to be kept
// whatever Jira says are put in.
func (r *run) reconcile(ctx context.Context, census *state.Digest) error {
	diff, err := r.warehouse.Diff(ctx, r.Pipeline)
	if err != nil {
		return err
	}
	r.report.Proof.Missing, r.report.Proof.Absent = len(diff.Missing), len(diff.Absent)
	if diff.Clean() {
		r.state.Digest = *census
		return nil
	}
	r.Log.Info("census differs from the table", "missing", len(diff.Missing), "absent", len(diff.Absent))
	returned, err := r.fetchIDs(ctx, "missing", diff.Missing)
	if err != nil {
		return err
	}
	for _, id := range diff.Missing {
		if !returned[id] {
			census.Remove(id)
		}
	}
	if r.Keep {
		for _, a := range diff.Absent {
			census.Add(a.ID)
		}
		r.report.Proof.Kept = len(diff.Absent)
		return nil
	}
	if len(diff.Absent) == 0 {
		return nil
	}
	return r.settle(ctx, diff)
}

// fetchIDs loads issues by id and returns those that Jira still has.
func (r *run) fetchIDs(ctx context.Context, name string, ids []int64) (map[int64]bool, error) {
	returned := map[int64]bool{}
	if len(ids) == 0 {
		return returned, nil
	}
	r.returned = nil
	if err := r.stream(ctx, fetch.ByID(name, ids)); err != nil {
		return nil, err
	}
	for _, id := range r.returned {
		returned[id] = true
	}
	return returned, nil
}

// settle finds out what became of rows that the census does not have, and marks
// them. When suspiciously many are gone it marks none.
func (r *run) settle(ctx context.Context, diff load.Diff) error {
	var ids []int64
	for _, a := range diff.Absent {
		ids = append(ids, a.ID)
	}
	returned, err := r.fetchIDs(ctx, "absent", ids)
	if err != nil {
		return err
	}
	projects := r.source.Projects()
	var findings []finding
	gone := map[int64]int64{}
	for _, a := range diff.Absent {
		f := judge(a, returned[a.ID], projects)
		if f.presence == deleted {
			gone[a.ProjectID]++
		}
		findings = append(findings, f)
	}
	for project, n := range gone {
		if !r.Confirmed && n > shrinkFloor && float64(n) > r.AcceptShrink*float64(diff.Live[project]) {
			r.report.Proof.Held += n
		}
	}
	if r.report.Proof.Held > 0 {
		return nil
	}
	return r.mark(ctx, findings)
}

// shrinkFloor is the number of issues that may always be gone from a project at
// once.
const shrinkFloor = 20

// Values of _presence for issues that are gone.
const (
	deleted    = "deleted"
	noAccess   = "no_access"
	archived   = "archived"
	outOfScope = "out_of_scope"
)

// finding is what became of an issue, and how that is known.
type finding struct {
	id                 int64
	presence, evidence string
}

// judge decides by evidence. Jira answers alike for an issue that is deleted
// and for one that is hidden from the account; only its project tells.
func judge(a load.Absent, returned bool, projects map[int64]jira.Project) finding {
	p, visible := projects[a.ProjectID]
	switch {
	case visible && p.Archived: // whose issues can still be read by id
		return finding{a.ID, archived, "not in the census, and its project " + p.Key + " is archived"}
	case returned:
		return finding{a.ID, outOfScope, "not in the census of the query, but Jira still returns it by id"}
	case !visible:
		return finding{a.ID, noAccess, "not in the census, not returned by id, and its project is not visible to the account"}
	}
	return finding{a.ID, deleted, "not in the census, not returned by id, while its project " + p.Key + " is visible"}
}

// mark writes findings to the rows of their issues.
func (r *run) mark(ctx context.Context, findings []finding) error {
	b := batch.New(batch.Options{Dir: r.Dir, Prefix: r.RunID + "-f", FileSize: r.FileSize, Format: r.warehouse.Format()})
	rows := stages.NewRows(table.Findings())
	for part := range slices.Chunk(findings, 10_000) {
		rows.Reset()
		for _, f := range part {
			rows.SetInt(0, f.id)
			rows.SetString(1, f.presence)
			rows.SetString(2, f.evidence)
			rows.End(0)
			r.report.Proof.marked(f.presence)
		}
		if err := b.Write(rows); err != nil {
			return errors.Join(err, b.Discard())
		}
	}
	if err := b.Flush(); err != nil {
		return errors.Join(err, b.Discard())
	}
	for _, f := range b.Closed() {
		if err := r.warehouse.Stage(ctx, f); err != nil {
			return err
		}
	}
	return r.commit(ctx, r.state.Clone())
}
