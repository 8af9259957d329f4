package jirasim

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

// firstID is the id below all generated issues; slots follow each other with
// gaps, as ids on real sites do.
const (
	firstID = 10_000
	idStep  = 3
)

// A generator says what an issue was before anyone touched it. It is fixed, so
// that it can be asked without a lock.
type generator struct {
	seed    uint64
	n       int
	from    int64 // ms: creation of the first issue
	span    int64 // ms: until the newest change
	weights []int // cumulative, by project: few big ones, many small
	nums    []int32
	cat     *catalog
	lag     int64 // ms between two creations
}

// years over which the generated issues are spread.
const years = 6

func newGenerator(o Options, cat *catalog) *generator {
	g := &generator{seed: o.Seed, n: o.Issues, cat: cat}
	g.span = (years * 365 * 24 * time.Hour).Milliseconds()
	g.from = o.Until.UnixMilli() - g.span
	g.lag = g.span / int64(max(g.n, 1))
	total := 0
	for p := range o.Projects {
		total += 1_000_000 / (p + 1)
		g.weights = append(g.weights, total)
	}
	return g
}

// id of the issue in a slot.
func (g *generator) id(slot int) int64 {
	r := draw(g.seed, forID, int64(slot))
	return firstID + int64(slot)*idStep + r.n64(idStep)
}

// slotOf is the inverse of id.
func slotOf(id int64) int { return int((id - firstID) / idStep) }

func (g *generator) project(slot int) int16 {
	r := draw(g.seed, forProject, int64(slot))
	x := r.n(g.weights[len(g.weights)-1])
	return int16(sort.SearchInts(g.weights, x+1))
}

// drawType is the type that an issue would have; a sub-task without a possible
// parent becomes a task, see typ.
func (g *generator) drawType(slot int) int16 {
	r := draw(g.seed, forType, int64(slot))
	switch x := r.n(100); {
	case x < 6:
		return typeEpic
	case x < 36:
		return typeStory
	case x < 60:
		return typeTask
	case x < 86:
		return typeBug
	}
	return typeSubtask
}

// kinReach is how many slots away an issue looks for its parent or children.
const kinReach = 64

// kin finds the nearest earlier issue of the same project that fits, or -1.
func (g *generator) kin(slot int, fits func(typ int16) bool) int {
	p := g.project(slot)
	for s := slot - 1; s >= 0 && s >= slot-kinReach; s-- {
		if g.project(s) == p && fits(g.drawType(s)) {
			return s
		}
	}
	return -1
}

func notSubtask(t int16) bool { return t != typeSubtask }
func isEpic(t int16) bool     { return t == typeEpic }

func (g *generator) typ(slot int) int16 {
	t := g.drawType(slot)
	if t == typeSubtask && g.kin(slot, notSubtask) < 0 {
		return typeTask
	}
	return t
}

// parent is the slot above an issue (an epic, or what a sub-task belongs to),
// or -1.
func (g *generator) parent(slot int) int {
	switch g.drawType(slot) {
	case typeEpic:
		return -1
	case typeSubtask:
		return g.kin(slot, notSubtask)
	}
	r := draw(g.seed, forParent, int64(slot))
	if r.one(3) {
		return -1
	}
	return g.kin(slot, isEpic)
}

// children are the sub-tasks of an issue: those that follow it in its project
// before the next issue that could be their parent.
func (g *generator) children(slot int, out []int) []int {
	if g.drawType(slot) == typeSubtask {
		return out
	}
	p := g.project(slot)
	for s := slot + 1; s < g.n && s <= slot+kinReach; s++ {
		if g.project(s) != p {
			continue
		}
		if g.drawType(s) != typeSubtask {
			break
		}
		out = append(out, s)
	}
	return out
}

// issue is the issue of a slot as it was generated.
func (g *generator) issue(slot int) issue {
	is := issue{id: g.id(slot), project: g.project(slot), typ: g.typ(slot)}
	r := draw(g.seed, forIssue, int64(slot))
	is.created = g.from + int64(slot)*g.lag + r.n64(max(g.lag/2, 1))
	is.updated = g.lastChange(&r, is.created)
	is.status = g.status(&r, is.project)
	is.priority = []int16{2, 2, 2, 1, 3, 1, 3, 0, 4, 2}[r.n(10)]
	is.assignee = -1
	if !r.one(5) {
		is.assignee = int32(r.n(len(g.cat.users)))
	}
	if slot < len(g.nums) {
		is.num = g.nums[slot]
	}
	return is
}

// lastChange draws when an issue was last updated: mostly within weeks of its
// creation, sometimes in one of a few bulk edits that touch very many issues
// within the same minute.
func (g *generator) lastChange(r *rng, created int64) int64 {
	until := g.from + g.span
	if r.one(25) {
		bulk := g.from + g.span/8*int64(1+r.n(7)) + r.n64(45_000)
		if bulk > created {
			return bulk
		}
	}
	if r.one(12) {
		return created
	}
	reach := int64(90 * 24 * time.Hour / time.Millisecond)
	if r.one(10) {
		reach = until - created
	}
	return min(created+1+r.n64(max(min(reach, until-created), 1)), until)
}

func (g *generator) status(r *rng, project int16) int16 {
	s := []int16{statusToDo, statusToDo, statusProgress, statusReview, statusBlocked, statusDone, statusDone, statusDone, statusClosed, statusClosed}[r.n(10)]
	if s >= statusDone && int(project) == teamProject {
		return statusTeamDone
	}
	return s
}

// teamProject is the index of the project that is team-managed.
const teamProject = 2

// projectKeys come first; TO and OR are reserved words of JQL.
var projectKeys = []string{"SNOW", "TO", "DRIFT", "OPS", "OR", "WEB", "DATA"}

// fill generates projects, their dimensions and all issues.
func (s *Sim) fill(g *generator) {
	for i := range s.opt.Projects {
		key := fmt.Sprintf("P%d", i+1)
		name := fmt.Sprintf("Project %d", i+1)
		if i < len(projectKeys) {
			key = projectKeys[i]
		}
		if i == 3 {
			name = `Ops "R&D" \ Straße`
		}
		s.addProject(int64(10_000+i), key, name, s.cloud && i == teamProject)
		s.cat.addVersions(s, i)
	}
	s.store.issues = make([]issue, 0, g.n+g.n/64)
	g.nums = make([]int32, g.n)
	for slot := range g.n {
		is := g.issue(slot)
		p := s.store.projects[is.project]
		p.slots = append(p.slots, int32(slot))
		g.nums[slot] = int32(len(p.slots))
		is.num = g.nums[slot]
		s.store.issues = append(s.store.issues, is)
	}
	for _, p := range s.store.projects {
		p.next = int32(len(p.slots)) + 1
	}
	s.store.nextID = firstID + int64(g.n+1)*idStep
	s.gen = g
}

func (s *Sim) addProject(id int64, key, name string, teamMade bool) *project {
	p := &project{id: id, key: key, name: name, teamMade: teamMade, next: 1}
	simplified := ""
	if s.cloud {
		simplified = fmt.Sprintf(`"simplified":%t,`, teamMade)
	}
	p.json = fmt.Appendf(nil, `{"self":"%s/rest/api/%s/project/%d","id":"%d","key":"%s","name":%s,"projectTypeKey":"software",%s"avatarUrls":%s}`,
		s.opt.BaseURL, s.apiVersion(), id, id, key, quote(name), simplified, avatars(strings.ToLower(key)))
	s.store.projects = append(s.store.projects, p)
	return p
}

// addVersions gives a project three versions and two components.
func (c *catalog) addVersions(s *Sim, project int) {
	api := s.opt.BaseURL + "/rest/api/" + s.apiVersion()
	var vs []version
	for i, name := range []string{"1.0", "1.1 \"Étoile\"", "2.0"} {
		id := int64(10_000 + project*10 + i)
		v := version{value: value{id: id, name: name}, released: i < 2, archived: i == 0}
		released := ""
		if v.released {
			v.date = fmt.Sprintf("20%02d-0%d-15", 21+i, 1+project%9)
			released = `,"releaseDate":"` + v.date + `"`
		}
		v.json = fmt.Appendf(nil, `{"self":"%s/version/%d","id":"%d","description":"","name":%s,"archived":%t,"released":%t%s}`,
			api, id, id, quote(name), v.archived, v.released, released)
		vs = append(vs, v)
	}
	c.versions = append(c.versions, vs)
	var cs []component
	for i, name := range []string{"Back end", "Front/End"} {
		id := int64(10_000 + project*10 + i)
		cs = append(cs, component{value{id: id, name: name,
			json: fmt.Appendf(nil, `{"self":"%s/component/%d","id":"%d","name":%s}`, api, id, id, quote(name))}})
	}
	c.components = append(c.components, cs)
}
