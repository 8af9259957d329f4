package viewtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

func (sp *sprint) name() string { return cmp.Or(sp.called, fmt.Sprintf("Sprint %d", sp.id)) }

func (sp *sprint) boardID() int64 { return cmp.Or(sp.board, 1) }

// ended is when a sprint ended; now for one under way.
func (sp *sprint) ended(now time.Time) time.Time {
	if sp.complete.IsZero() {
		return now
	}
	return sp.complete
}

// begun are the sprints that have begun and that views tell of: of one that is
// gone nobody knows when it ended, unless it was completed.
func (s *scene) begun() (out []*sprint) {
	for _, sp := range s.sprints {
		if sp.state != "future" && !(s.dimensions && sp.gone && sp.complete.IsZero()) {
			out = append(out, sp)
		}
	}
	return out
}

func knownSprints(s *scene, now time.Time) (rows [][]any) {
	for _, sp := range s.sprints {
		ended, there := any(nil), any(nil)
		if slices.Contains(s.begun(), sp) {
			ended = sp.ended(now)
		}
		if s.dimensions {
			there = presence(sp.gone)
		}
		rows = append(rows, []any{sp.site, sp.id, s.today(sp.name()), sp.state, sp.boardID(), instant(sp.start), instant(sp.end), instant(sp.complete), ended, there})
	}
	return rows
}

// span is a time in a sprint; removed is zero while it lasts.
type span struct{ added, removed time.Time }

// spans walks through the values of the sprint field.
func (i *issue) spans(sprint int64) (out []span) {
	has := func(ids []int64) bool {
		for _, id := range ids {
			if id == sprint {
				return true
			}
		}
		return false
	}
	first := i.sprints
	if len(i.relists) > 0 {
		first = i.relists[0].from
	}
	inside := has(first)
	if inside {
		out = append(out, span{added: i.listed()})
	}
	for _, r := range i.relists {
		switch now := has(r.to); {
		case now && !inside:
			out = append(out, span{added: r.at})
			inside = true
		case !now && inside:
			out[len(out)-1].removed = r.at
			inside = false
		}
	}
	return out
}

func memberships(s *scene, _ time.Time) (rows [][]any) {
	for _, i := range s.live() {
		for _, sp := range s.sprints {
			if sp.site != i.site {
				continue
			}
			for _, m := range i.spans(sp.id) {
				rows = append(rows, []any{i.site, i.id, s.key(i), sp.id, m.added, instant(m.removed)})
			}
		}
	}
	return rows
}

// part is what became of an issue in a sprint.
type part struct {
	committed, added, removed, completed, carried bool
	unknown                                       bool // whether it was done
	status                                        string
}

// part judges an issue by the instants that matter; ok is false for one that was
// not in the sprint while it ran.
func (s *scene) part(i *issue, sp *sprint, now time.Time) (p part, ok bool) {
	end := sp.ended(now)
	p.committed = i.in(sp.id, sp.start)
	ok = p.committed
	for _, r := range i.spans(sp.id) { // came in while it ran
		ok = ok || r.added.After(sp.start) && !r.added.After(end)
	}
	if !ok {
		return p, false
	}
	st, _ := at(s.stays(i, now), end)
	stayed, done, unknown := i.in(sp.id, end), st.category == "done", st.category == ""
	p.added, p.removed, p.status = !p.committed, !stayed, st.name
	p.unknown, p.completed, p.carried = stayed && unknown, stayed && done, stayed && !done && !unknown && !sp.complete.IsZero()
	return p, true
}

func sprintIssues(s *scene, now time.Time) (rows [][]any) {
	for _, sp := range s.begun() {
		for _, i := range s.live() {
			if i.site != sp.site {
				continue
			}
			if p, ok := s.part(i, sp, now); ok {
				completed, carried := any(p.completed), any(p.carried)
				if p.unknown {
					completed = nil
					if !sp.complete.IsZero() {
						carried = nil
					}
				}
				rows = append(rows, []any{sp.site, sp.id, s.today(sp.name()), i.id, s.key(i), s.project(i), s.today(i.kind), i.pointsCell(), p.status,
					p.committed, p.added, p.removed, completed, carried})
			}
		}
	}
	return rows
}

func sprintReport(s *scene, now time.Time) (rows [][]any) {
	for _, sp := range s.begun() {
		var counts [6]int64
		var points [6]float64
		for _, i := range s.live() {
			if i.site != sp.site {
				continue
			}
			p, ok := s.part(i, sp, now)
			for n, yes := range []bool{p.committed, p.added, p.removed, p.completed, p.carried, p.unknown} {
				if ok && yes {
					counts[n]++
					points[n] += i.points
				}
			}
		}
		none := true // has points
		for _, i := range s.live() {
			_, ok := s.part(i, sp, now)
			none = none && !(ok && i.site == sp.site && i.points > 0)
		}
		row := []any{sp.site, sp.id, s.today(sp.name()), sp.state, sp.start, sp.end, instant(sp.complete)}
		for n := range counts {
			row = append(row, counts[n], unless(none, points[n]))
		}
		rows = append(rows, row)
	}
	return rows
}

func burndown(s *scene, now time.Time) (rows [][]any) {
	for _, sp := range s.begun() {
		end, from, none := sp.ended(now), len(rows), true
		for d := sp.start.Truncate(24 * time.Hour); !d.After(end); d = d.AddDate(0, 0, 1) {
			moment := d.AddDate(0, 0, 1)
			if moment.After(end) {
				moment = end
			}
			var scope, left, unknown int64
			var scopePoints, leftPoints, unknownPoints float64
			for _, i := range s.live() {
				if i.site != sp.site || !i.in(sp.id, moment) {
					continue
				}
				scope, scopePoints, none = scope+1, scopePoints+i.points, none && i.points == 0
				switch st, _ := at(s.stays(i, now), moment); st.category {
				case "done":
				case "":
					unknown, unknownPoints = unknown+1, unknownPoints+i.points
				default:
					left, leftPoints = left+1, leftPoints+i.points
				}
			}
			rows = append(rows, []any{sp.site, sp.id, s.today(sp.name()), day(d), scope, scopePoints, left, leftPoints, unknown, unknownPoints})
		}
		for _, row := range rows[from:] { // a sprint without any points
			for _, n := range []int{5, 7, 9} {
				row[n] = unless(none, row[n].(float64))
			}
		}
	}
	return rows
}
