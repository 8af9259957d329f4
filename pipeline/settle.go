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
	"snowdrift/stages/load"
)

// settle finds out what became of rows that the census does not have, and marks
// them. When suspiciously many are gone it marks none. Issues that changed, such
// as one that was moved out of scope, are read once more, so that their rows
// tell where they went.
func (r *run) settle(ctx context.Context, diff load.Diff) error {
	fates, err := absent(ctx, r.source, diff)
	if err != nil {
		return err
	}
	var changed []int64
	for _, a := range diff.Absent {
		if f := fates[a.ID]; f.returned && f.updated != a.Updated {
			changed = append(changed, a.ID)
		}
	}
	if _, err := r.fetchIDs(ctx, "absent", changed); err != nil {
		return err
	}
	findings := judgeAll(diff, fates, r.source.Projects())
	if !r.Confirmed {
		r.report.Proof.Held = held(diff, findings, r.source.Projects(), r.AcceptShrink)
	}
	if r.report.Proof.Held > 0 {
		return nil
	}
	return r.mark(ctx, findings)
}

// fate is what Jira says of an issue that the census does not have.
type fate struct {
	returned bool  // by id
	archived bool  // and says that it is archived
	updated  int64 // epoch milliseconds
}

// absent asks Jira for absent issues by id.
func absent(ctx context.Context, source Source, diff load.Diff) (map[int64]fate, error) {
	var ids []int64
	for _, a := range diff.Absent {
		ids = append(ids, a.ID)
	}
	fates := map[int64]fate{}
	for versions, err := range source.Absent(ctx, ids) {
		if err != nil {
			return nil, fmt.Errorf("ask for issues that the census does not have: %w", err)
		}
		for _, ref := range versions.Issues {
			fates[ref.ID] = fate{returned: true, archived: slices.Contains(versions.Archived, ref.ID), updated: ref.Updated}
		}
	}
	return fates, nil
}

// judgeAll judges the absent rows, in their order.
func judgeAll(diff load.Diff, fates map[int64]fate, projects map[int64]jira.Project) []finding {
	var findings []finding
	for _, a := range diff.Absent {
		findings = append(findings, judge(a, fates[a.ID], projects))
	}
	return findings
}

// held is the number of issues of which nothing is concluded. Those that seem
// deleted, if they are too many of their project: more than the floor, and more
// than the accepted share; Jira would answer alike if they were hidden. All of
// them, if the account sees no project at all, as nobody does who is logged in.
// What is known by more than an absence, such as a project that is no longer
// listed while others are, needs no confirmation, and is undone by itself.
func held(diff load.Diff, findings []finding, projects map[int64]jira.Project, accept float64) (n int64) {
	if len(projects) == 0 {
		return int64(len(findings))
	}
	gone := map[int64]int64{}
	for i, f := range findings {
		if f.presence == deleted {
			gone[diff.Absent[i].ProjectID]++
		}
	}
	for project, g := range gone {
		if g > shrinkFloor && float64(g) > accept*float64(diff.Live[project]) {
			n += g
		}
	}
	return n
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
// and for one that is hidden from the account; only its project tells. Of a
// single issue that an issue security level hides nothing tells, so that the
// evidence has to name the doubt.
func judge(a load.Absent, f fate, projects map[int64]jira.Project) finding {
	p, visible := projects[a.ProjectID]
	switch {
	case visible && p.Archived: // whose issues can still be read by id
		return finding{a.ID, archived, "not in the census, and its project " + p.Key + " is archived"}
	case f.archived:
		return finding{a.ID, archived, "not in the census; read by id, the issue says that it is archived"}
	case f.returned:
		return finding{a.ID, outOfScope, "not in the census of the query, but Jira still returns it by id"}
	case !visible:
		return finding{a.ID, noAccess, "not in the census, not returned by id, and its project is not visible to the account"}
	}
	return finding{a.ID, deleted, "not in the census, not returned by id, while its project " + p.Key + " is visible: deleted, or hidden from the account by an issue security level, which Jira answers alike"}
}

// mark writes findings to the rows of their issues.
func (r *run) mark(ctx context.Context, findings []finding) error {
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
