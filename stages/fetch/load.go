package fetch

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/state"
)

// slice is a part of the scope: some projects, created in a range of time.
type slice struct {
	name   string
	clause jql.Clause
	issues int64 // -1: unknown
	// from and to are the range; it has no bound on a side that is open.
	from, to           time.Time
	openStart, openEnd bool
}

// within restricts a scope to the slice, at any time.
func (p slice) within(scope jql.Clause) jql.Clause { return jql.And(scope, p.clause) }

// created restricts to the slice's range.
func (p slice) created(dates jql.Dates) jql.Clause {
	from, to := p.from, p.to
	if p.openStart {
		from = time.Time{}
	}
	if p.openEnd {
		to = time.Time{}
	}
	return dates.Range("created", from, to)
}

// String names the slice by what it is cut by.
func (p slice) String() string {
	const day = "2006-01-02 15:04"
	switch {
	case p.openStart && p.openEnd:
		return p.name
	case p.openStart:
		return p.name + " before " + p.to.UTC().Format(day)
	case p.openEnd:
		return p.name + " since " + p.from.UTC().Format(day)
	}
	return p.name + " " + p.from.UTC().Format(day) + " to " + p.to.UTC().Format(day)
}

// planLoad plans to read everything in scope.
func (s *Source) planLoad(ctx context.Context, st *state.State, reason string) (Plan, error) {
	newest, found, err := s.edge(ctx, s.scope, "updated", "DESC")
	if err != nil {
		return Plan{}, err
	}
	if found && st.EpochMillis == nil {
		if err := s.probe(ctx, st, newest); err != nil {
			return Plan{}, err
		}
	}
	// Where nothing is in scope yet, everything that comes will be a change.
	st.Load = &state.Load{Began: s.Now().UnixMilli(), Since: max(newest, 1)}
	st.Cursor, st.Recent = 0, nil
	size, err := s.partitionSize(ctx)
	if err != nil {
		return Plan{}, err
	}
	if st.Load.Partitions, err = s.partitions(ctx, st, s.slices(size), size); err != nil {
		return Plan{}, err
	}
	return Plan{Reason: reason, Load: true, Partitions: st.Load.Partitions, State: st}, nil
}

// slices cuts the scope by project where the projects are known, and leaves it
// whole where the user's JQL decides. Small projects share a slice.
func (s *Source) slices(size int64) []slice {
	q := s.opts.Query
	if q.JQL != "" {
		return []slice{{name: "issues", issues: -1, openStart: true, openEnd: true}}
	}
	whole := s.Whole()
	var out []slice
	var small []string
	var together int64
	flush := func() {
		if len(small) > 0 {
			name := fmt.Sprintf("%d projects from %s", len(small), small[0])
			out = append(out, slice{name: name, clause: byProjects(small), issues: together, openStart: true, openEnd: true})
			small, together = nil, 0
		}
	}
	for _, p := range s.scoped() {
		id := strconv.FormatInt(p.ID, 10)
		if p.IssueCount < 0 || p.IssueCount > size {
			issues := p.IssueCount
			if !whole {
				issues = -1
			}
			out = append(out, slice{name: "project " + p.Key, clause: byProjects([]string{id}), issues: issues, openStart: true, openEnd: true})
			continue
		}
		// JQL has no limit that we know of; a few hundred ids stay far from any.
		if together+p.IssueCount > size || len(small) >= 200 {
			flush()
		}
		small, together = append(small, id), together+p.IssueCount
	}
	flush()
	return out
}

// Whole reports whether the query asks for whole projects, so that their counts are
// those of the issues in scope, and an issue leaves it only by being moved, archived
// or deleted.
func (s *Source) Whole() bool {
	q := s.opts.Query
	return q.JQL == "" && len(q.StatusCategories) == 0 && q.UpdatedAfter == "" && q.CreatedAfter == ""
}

// scoped returns the projects that the query leaves: those that it names, or all.
func (s *Source) scoped() []jira.Project {
	if len(s.opts.Query.Projects) == 0 {
		return s.projects
	}
	var out []jira.Project
	seen := map[int64]bool{}
	for _, name := range s.opts.Query.Projects {
		if p, err := findProject(s.projects, name); err == nil && !seen[p.ID] {
			seen[p.ID] = true
			out = append(out, p)
		}
	}
	return out
}

func (s *Source) clause(st *state.State, part slice) jql.Clause {
	return jql.And(s.scope, part.clause, part.created(s.dates(st)))
}
