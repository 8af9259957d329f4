package viewtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// scene is all that happened on the sites. The two sites use the same ids for
// different things.
type scene struct {
	issues  []*issue
	sprints []*sprint
	// dimensions says that the tables of what issues refer to are loaded: there
	// everything has another name by now, and the sprint field of one site is
	// called otherwise.
	dimensions bool
}

// today is the name that something has today.
func (s *scene) today(name string) string {
	if s.dimensions && name != "" {
		return name + " today"
	}
	return name
}

// status is one that issues can be in. Names are those of today. Of a former one
// changelogs alone tell: no issue is in it any more. One that is unlisted is not in
// the table of statuses either, since no workflow in use has it.
type status struct {
	id               int64
	name             string
	category         string // "" when nobody knows it any more
	former, unlisted bool
}

// statuses of both sites.
var statuses = []status{
	{1, "To Do", "new", false, false}, {3, "In Progress", "indeterminate", false, false}, {10004, "Review", "indeterminate", false, false},
	{6, "Done", "done", false, false}, {7, "Closed", "done", false, false},
	{9, "Abolished", "", true, false}, {4, "Reopened", "new", true, true}, {5, "Resolved", "done", true, true}, {11, "Forgotten", "", true, true},
}

// builtIn are the categories of the statuses that Jira comes with.
var builtIn = map[int64]string{1: "new", 3: "indeterminate", 4: "new", 5: "done", 6: "done"}

// oldName is what changelogs call a status: people renamed all of them.
func oldName(s status) string { return s.name + " (old)" }

// move is a transition.
type move struct {
	at       time.Time
	from, to int // indexes into statuses
	by       string
}

// relist is a change of the sprint field.
type relist struct {
	at       time.Time
	from, to []int64
}

// work is a worklog.
type work struct {
	at      time.Time
	seconds int64
	by      string
}

type issue struct {
	site          string
	id            int64
	project       string // where it is now
	kind          string
	parent        int64 // 0: none
	created       time.Time
	creator       string
	status        int
	moves         []move
	relists       []relist
	sprints       []int64 // today
	points        float64 // 0: none
	pointsIn      int     // index into pointFields
	works         []work
	gone          bool
	otherProjects int            // moves between projects, which views pass over
	more          map[string]any // cells of issues beside those that follow from the above
}

type sprint struct {
	site                 string
	id                   int64
	state                string
	start, end, complete time.Time // zero: none
	gone                 bool      // Jira lists it no more
	board                int64     // 0: the first
	called               string    // "": after its id
}

// key is the one that the issue had when it was read, as project is that of its
// project.
func (i *issue) key() string { return fmt.Sprintf("%s-%d", i.project, i.id) }

// projects are the keys that projects have today, by those that they had. Issues
// that changed since have the new one, the others the old one.
var projects = map[string]struct {
	id  int64
	key string
}{"RED": {3, "CRIMSON"}, "CRIMSON": {3, "CRIMSON"}, "BLUE": {4, "BLUE"}}

// project is the key of an issue's project today.
func (s *scene) project(i *issue) string {
	if s.dimensions {
		return projects[i.project].key
	}
	return i.project
}

func (s *scene) key(i *issue) string { return fmt.Sprintf("%s-%d", s.project(i), i.id) }

// away is the parent of some issues, which is not loaded.
const away, awayKey = 999, "AWAY-1"

var people = []string{"User 1", "User 2", "User 3"}

// invent makes up what happened on two sites until now.
func invent(rnd *rand.Rand, now time.Time) *scene {
	s := &scene{}
	now = now.Truncate(time.Millisecond).Add(-time.Minute)
	for _, site := range []string{"one", "two"} {
		sprints := inventSprints(rnd, site, now)
		s.sprints = append(s.sprints, sprints...)
		for id := int64(1); id <= 60; id++ {
			s.issues = append(s.issues, inventIssue(rnd, site, id, sprints, now))
		}
		// Sprints are known from the issues in them: let one be in all.
		all := s.issues[len(s.issues)-1]
		all.relists, all.sprints, all.gone = nil, nil, false
		for _, sp := range sprints {
			all.sprints = append(all.sprints, sp.id)
		}
	}
	return s
}

// inventSprints makes up two-week sprints: three closed ones, of which one is
// deleted, one under way, one to come, and one that was deleted under way.
func inventSprints(rnd *rand.Rand, site string, now time.Time) []*sprint {
	const length = 14 * 24 * time.Hour
	begin := now.Add(-time.Duration(3.5 * float64(length))).Add(time.Duration(rnd.Int64N(int64(48 * time.Hour))).Truncate(time.Millisecond))
	var out []*sprint
	for n := range int64(6) {
		sp := &sprint{site: site, id: n + 1, state: "closed", start: begin.Add(time.Duration(n) * length)}
		sp.end = sp.start.Add(length)
		sp.complete = sp.end.Add(time.Duration(rnd.Int64N(int64(20 * time.Hour)))).Add(-10 * time.Hour).Truncate(time.Millisecond)
		switch n {
		case 1:
			sp.gone = true
		case 3:
			sp.state, sp.complete = "active", time.Time{}
		case 4:
			sp.state, sp.start, sp.end, sp.complete = "future", time.Time{}, time.Time{}, time.Time{}
		case 5:
			sp.state, sp.start, sp.end, sp.complete, sp.gone = "active", begin.Add(length/2), begin.Add(length), time.Time{}, true
		}
		out = append(out, sp)
	}
	return out
}

func inventIssue(rnd *rand.Rand, site string, id int64, sprints []*sprint, now time.Time) *issue {
	i := &issue{
		site: site, id: id, project: []string{"RED", "CRIMSON", "BLUE"}[rnd.IntN(3)], kind: []string{"Bug", "Story"}[rnd.IntN(2)],
		creator: people[rnd.IntN(3)], gone: rnd.IntN(10) == 0, points: float64(rnd.IntN(9)), pointsIn: rnd.IntN(len(pointFields)),
		otherProjects: rnd.IntN(4) / 3, parent: []int64{0, away, 1 + rnd.Int64N(60)}[rnd.IntN(3)],
	}
	age := 80 * 24 * time.Hour
	i.created = now.Add(-time.Duration(rnd.Int64N(int64(age)))).Truncate(time.Millisecond)
	i.inventMoves(rnd, now)
	i.inventRelists(rnd, sprints, now)
	for range rnd.IntN(4) {
		i.works = append(i.works, work{at: between(rnd, i.created, now), seconds: 60 * rnd.Int64N(500), by: people[rnd.IntN(3)]})
	}
	return i
}

// between returns an instant from a on and before b.
func between(rnd *rand.Rand, a, b time.Time) time.Time {
	if !b.After(a) {
		return a
	}
	return a.Add(time.Duration(rnd.Int64N(int64(b.Sub(a))))).Truncate(time.Millisecond)
}

// instants returns n instants in order; some coincide.
func instants(rnd *rand.Rand, n int, a, b time.Time) []time.Time {
	var out []time.Time
	for range n {
		if len(out) > 0 && rnd.IntN(8) == 0 {
			out = append(out, out[len(out)-1])
			continue
		}
		out = append(out, between(rnd, a, b))
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// inventMoves sends the issue through statuses, back and forth; it does not end
// in a former one.
func (i *issue) inventMoves(rnd *rand.Rand, now time.Time) {
	i.status = []int{0, 0, 0, 1, 3}[rnd.IntN(5)] // some are created done
	for _, at := range instants(rnd, rnd.IntN(9), i.created, now) {
		to := rnd.IntN(len(statuses))
		for to == i.status {
			to = rnd.IntN(len(statuses))
		}
		i.moves = append(i.moves, move{at: at, from: i.status, to: to, by: people[rnd.IntN(3)]})
		i.status = to
	}
	if statuses[i.status].former {
		i.moves = append(i.moves, move{at: now, from: i.status, to: 0, by: people[0]})
		i.status = 0
	}
}

// inventRelists puts the issue into sprints, carries it over and takes it out.
func (i *issue) inventRelists(rnd *rand.Rand, sprints []*sprint, now time.Time) {
	choose := func() []int64 {
		var ids []int64
		for _, sp := range sprints {
			if rnd.IntN(3) == 0 {
				ids = append(ids, sp.id)
			}
		}
		return ids
	}
	if rnd.IntN(3) > 0 {
		i.sprints = choose()
	}
	for _, at := range instants(rnd, rnd.IntN(5), i.created, now) {
		to := choose()
		if rnd.IntN(2) == 0 && len(i.sprints) > 0 { // carried over: one more
			to = append(slices.Clone(i.sprints), sprints[rnd.IntN(len(sprints))].id)
			slices.Sort(to)
			to = slices.Compact(to)
		}
		i.relists = append(i.relists, relist{at: at, from: i.sprints, to: to})
		i.sprints = to
	}
}
