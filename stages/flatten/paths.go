package flatten

import (
	"slices"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// paths are followed together: each object on the way is walked once, however
// many of them lead through it.
type paths struct {
	outer  int  // the arrays further out that they start from, see table.Path
	sprint bool // the value that they start from is a sprint
	root   crossing
	ends   []pathEnd // where they led to last, path by path
	from   int64     // the element that this was, see element; 0: none
}

// pathEnd is the value that a path led to; null if a member was absent. If it was
// blocked, the value is what stood in the way, neither an object nor null.
type pathEnd struct {
	value   []byte
	blocked bool
}

// crossing is a place where paths end, go on, or part.
type crossing struct {
	ends   []int    // the paths that end here
	roads  []road   // how the others go on
	names  []string // the members that they may go through
	values [][]byte // the same, of the object that was walked last
}

// road is a step of paths, and what comes behind it.
type road struct {
	members []int // places in names; the first that is there and not null is taken
	to      crossing
}

// add adds a path and returns its place in ends.
func (p *paths) add(steps []table.Step) int {
	p.ends = append(p.ends, pathEnd{})
	p.root.lead(steps, len(p.ends)-1)
	return len(p.ends) - 1
}

func (c *crossing) lead(steps []table.Step, path int) {
	if len(steps) == 0 {
		c.ends = append(c.ends, path)
		return
	}
	var members []int
	for _, name := range steps[0].Members {
		i := slices.Index(c.names, name)
		if i < 0 {
			i = len(c.names)
			c.names, c.values = append(c.names, name), append(c.values, nil)
		}
		members = append(members, i)
	}
	i := slices.IndexFunc(c.roads, func(r road) bool { return slices.Equal(r.members, members) })
	if i < 0 {
		i = len(c.roads)
		c.roads = append(c.roads, road{members: members})
	}
	c.roads[i].to.lead(steps[1:], path)
}

// reach finds out where the paths that come through c with the value v lead to.
func (p *paths) reach(c *crossing, v []byte) {
	if len(c.roads) > 0 && rawjson.TypeOf(v) == rawjson.Object {
		rawjson.Pick(v, c.names, c.values)
	}
	p.leave(c, v)
}

// read does what reach does, from the value that a cursor is at and goes over.
func (p *paths) read(from *rawjson.Cursor) []byte {
	v := from.Pick(p.root.names, p.root.values)
	p.leave(&p.root, v)
	return v
}

// leave follows the paths that come through c with the value v, which was walked.
func (p *paths) leave(c *crossing, v []byte) {
	for _, i := range c.ends {
		p.ends[i] = pathEnd{value: v}
	}
	switch {
	case len(c.roads) == 0:
	case rawjson.IsNull(v):
		p.stop(c, pathEnd{})
	case rawjson.TypeOf(v) != rawjson.Object:
		p.stop(c, pathEnd{v, true})
	default:
		for i := range c.roads {
			r := &c.roads[i]
			p.reach(&r.to, r.choose(c.values))
		}
	}
}

// stop gives all paths that go on from c the same end.
func (p *paths) stop(c *crossing, end pathEnd) {
	for i := range c.roads {
		to := &c.roads[i].to
		for _, i := range to.ends {
			p.ends[i] = end
		}
		p.stop(to, end)
	}
}

func (r *road) choose(values [][]byte) []byte {
	for _, i := range r.members {
		if !rawjson.IsNull(values[i]) {
			return values[i]
		}
	}
	return nil
}

// pathsOf has the paths of targets followed together, those from the same value
// in one go. Lists, whose elements have paths of their own, are left out.
func pathsOf(targets []target) (groups []*paths) {
	for i := range targets {
		t := &targets[i]
		if t.typ == table.List {
			continue
		}
		sprint := t.form == table.Sprint
		at := slices.IndexFunc(groups, func(p *paths) bool { return p.outer == t.outer && p.sprint == sprint })
		if at < 0 {
			at = len(groups)
			groups = append(groups, &paths{outer: t.outer, sprint: sprint})
		}
		t.paths = groups[at]
		t.path = t.paths.add(t.steps)
	}
	return groups
}
