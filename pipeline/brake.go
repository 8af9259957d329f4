package pipeline

import (
	"context"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// brake keeps what is gone at once from being believed.
type brake struct {
	accept float64 // share of a project's issues that may be gone
	whole  bool    // issues leave the scope only by something that happens to them
}

// held is the number of issues of which nothing is concluded: all of them, if the
// account sees no project at all, as nobody does who is logged in, and those that
// are suspicious, if they are too many of their project: more than the floor, and
// more than the accepted share. What is known by more than an absence, such as a
// project that is no longer listed while others are, needs no confirmation, and is
// undone by itself.
func (b brake) held(rows []load.Absent, findings []finding, known fates, live map[int64]int64, projects map[int64]jira.Project) (n int64) {
	if len(projects) == 0 {
		return int64(len(findings))
	}
	gone := map[int64]int64{}
	for i, f := range findings {
		if b.suspicious(rows[i], f, known[f.id]) {
			gone[rows[i].ProjectID]++
		}
	}
	for project, g := range gone {
		if b.tooMany(g, live[project]) {
			n += g
		}
	}
	return n
}

// tooMany reports whether so many of a project's issues may not be gone at once.
func (b brake) tooMany(gone, live int64) bool {
	return gone > shrinkFloor && float64(gone) > b.accept*float64(live)
}

// brakeSample is how many issues of a project are asked for before all that are absent.
const brakeSample = 50

// sampled is held, as far as some of the absent issues of each project tell: where too
// many are absent, and all of these are suspicious, nobody needs to ask for the others.
// On Data Center that would be a request for each of them, in every run until somebody
// confirms that they are gone.
func (b brake) sampled(ctx context.Context, source Source, diff load.Diff) (n int64, err error) {
	projects := source.Projects()
	if len(projects) == 0 {
		return int64(len(diff.Absent)), nil
	}
	of := map[int64][]load.Absent{}
	for _, a := range diff.Absent {
		of[a.ProjectID] = append(of[a.ProjectID], a)
	}
	for project, rows := range of {
		if len(rows) <= brakeSample || !b.tooMany(int64(len(rows)), diff.Live[project]) {
			continue
		}
		some := make([]load.Absent, brakeSample) // of all ages: what is old is deleted rather than moved
		for i := range some {
			some[i] = rows[i*len(rows)/brakeSample]
		}
		all, err := b.allSuspicious(ctx, source, some)
		if err != nil {
			return 0, err
		}
		if all {
			n += int64(len(rows))
		}
	}
	return n, nil
}

// allSuspicious asks for issues, and searches the scope for those that may be passed over,
// as settle does with all that are absent.
func (b brake) allSuspicious(ctx context.Context, source Source, rows []load.Absent) (bool, error) {
	answered, known, err := absent(ctx, source, rows)
	if err != nil || len(answered) < len(rows) {
		return false, err
	}
	for i, f := range judgeAll(answered, known, source.Projects()) {
		if !b.suspicious(answered[i], f, known[f.id]) {
			return false, nil
		}
	}
	in, err := inScope(ctx, source, answered, known)
	return len(in) == 0, err
}

// suspicious reports whether a finding is one that many at once make doubtful.
// What seems deleted may be hidden: Jira answers alike. What is still returned by
// id, as it was, and yet not found where whole projects are asked for, may be
// missing in an index that is damaged or being built anew; or it is archived, on
// a site that does not say so.
func (b brake) suspicious(row load.Absent, found finding, f fate) bool {
	switch found.presence {
	case deleted:
		return row.Presence != deleted
	case outOfScope:
		return b.whole && row.Presence == table.Live && f.updated == row.Updated
	}
	return false
}

// shrinkFloor is the number of issues that may always be gone from a project at
// once.
const shrinkFloor = 20
