package jirasim

import (
	"strconv"
)

// A change is one entry of a changelog.
type change struct {
	id     int64
	at     int64 // ms
	author int32 // -1: nobody, as automation and deleted apps leave it
	items  []item
}

// An item is one changed field. nil means null.
type item struct {
	field, fieldID string // fieldID is "" where Jira gives none (Key, project, Link, …)
	custom         bool
	from, to       *string // ids, where the field has such
	fromString     *string
	toString       *string
}

// Ids of generated children follow from the issue's id; ids of those that are
// added while serving follow each other from firstAddedChild.
const (
	changesPerIssue  = 512
	remarksPerIssue  = 128 // comments in the first half, worklogs in the second
	firstChange      = 1_000_000
	firstRemark      = 10_000
	firstAddedChild  = 5_000_000_000
	mostHeavyChanges = 330
)

// step is what one generated history entry is about.
type step uint8

const (
	stepStatus step = iota
	stepAssignee
	stepPriority
	stepSummary
	stepPoints
	stepSprint
	stepRank
	stepOptions
	stepCascade
	stepKinds
)

// A plan is the outline of an issue's generated history: how often each thing
// changed. Entries are spread evenly between creation and the last update.
type plan struct {
	r     rng
	count [stepKinds]int
	n     int
	path  [6]int16 // statuses, path[count[stepStatus]] being the present one
}

// plan outlines the history of an issue as it was generated. It looks at the
// fields as they were then: what became of a field does not change history.
func (v *view) plan(is *issue) plan {
	p := plan{r: v.draw(forPlan, is.id)}
	r := &p.r
	p.path[0] = is.status
	if is.flags&fresh != 0 || is.updated == is.created {
		return p
	}
	m := r.n(5)
	if is.status == statusToDo && m == 1 {
		m = 0
	}
	if m > 0 {
		p.path[m] = is.status
		for j := m - 1; j > 0; j-- {
			for {
				p.path[j] = []int16{statusProgress, statusProgress, statusReview, statusReview, statusBlocked, statusDone}[r.n(6)]
				if p.path[j] != p.path[j+1] {
					break
				}
			}
		}
		p.path[0] = statusToDo
	}
	p.count[stepStatus] = m
	p.count[stepAssignee] = r.n(3)
	p.count[stepPriority] = r.n(2)
	p.count[stepSummary] = r.n(3) / 2
	if f := v.s.first.byID[pointsField]; !isNull(writeCustom(v, nil, is, f)) {
		p.count[stepPoints] = r.n(2)
	}
	if len(v.sprintsOf(is, v.s.first.byID[sprintField])) > 1 {
		p.count[stepSprint] = 1
	}
	switch {
	case r.one(5000):
		p.count[stepRank] = mostHeavyChanges - r.n(30)
	case r.one(300):
		p.count[stepRank] = 40 + r.n(60)
	case r.one(4):
		p.count[stepRank] = r.n(4)
	}
	chosen := v.draw(forOptions, is.id)
	for _, what := range choiceSteps {
		if n := chosen.n(2); !isNull(writeCustom(v, nil, is, v.s.first.byID[choiceFields[what]])) {
			p.count[what] = n
		}
	}
	for _, c := range p.count {
		p.n += c
	}
	if int64(p.n) > is.updated-is.created { // no two entries at one time
		p.count, p.n, p.path[0] = [stepKinds]int{}, 0, is.status
	}
	return p
}

const (
	sprintField = "customfield_10020"
	pointsField = "customfield_10026"
)

func isNull(b []byte) bool { return string(b) == "null" }

// each walks the entries of a plan in time: what the i-th is about, and the
// how-manieth of its kind it is.
func (p plan) each(is *issue, fn func(i int, at int64, what step, nth int)) {
	r, left := p.r, p.count
	for i, n := 0, p.n; i < n; i++ {
		x, what := r.n(n-i), step(0)
		for x >= left[what] {
			x -= left[what]
			what++
		}
		at := is.created + (is.updated-is.created)*int64(i+1)/int64(n)
		fn(i, at, what, p.count[what]-left[what])
		left[what]--
	}
}

// generated is an issue as it was before anyone touched it.
func (v *view) generated(is *issue) issue {
	if is.over == nil || is.flags&fresh != 0 {
		return *is
	}
	return v.s.gen.issue(slotOf(is.id))
}

// statusSince is when an issue got its status.
func (v *view) statusSince(is *issue) int64 {
	since := is.created
	if is.over != nil {
		for i := len(is.over.history) - 1; i >= 0; i-- {
			for _, it := range is.over.history[i].items {
				if it.fieldID == "status" {
					return is.over.history[i].at
				}
			}
		}
	}
	if is.flags&fresh != 0 {
		return since
	}
	base := v.generated(is)
	p := v.plan(&base)
	if p.count[stepStatus] == 0 {
		return since
	}
	p.each(&base, func(_ int, at int64, what step, _ int) {
		if what == stepStatus {
			since = at
		}
	})
	return since
}

// history is the whole changelog of an issue, oldest first.
func (v *view) history(is *issue) []change {
	var all []change
	if is.flags&fresh == 0 && v.s.gen != nil {
		base := v.generated(is)
		p := v.plan(&base)
		chain := v.newChain(&base, p)
		all = make([]change, 0, p.n)
		p.each(&base, func(i int, at int64, what step, nth int) {
			r := v.draw(forChange, base.id, int64(i))
			c := change{id: firstChange + base.id*changesPerIssue + int64(i), at: at, author: int32(r.n(len(v.s.cat.users)))}
			if r.one(50) {
				c.author = -1
			}
			c.items = chain.items(what, nth)
			all = append(all, c)
		})
	}
	if is.over != nil {
		all = append(all, is.over.history...)
	}
	return all
}

// A chain tells the values that a field went through, ending in the present
// one, so that the changelog replays.
type chain struct {
	v         *view
	is        *issue
	p         plan
	assignees [3]int32
	priority  int16 // the former one
}

func (v *view) newChain(is *issue, p plan) chain {
	c := chain{v: v, is: is, p: p}
	r := v.draw(forChain, is.id)
	n := p.count[stepAssignee]
	c.assignees[n] = is.assignee
	for j := n - 1; j >= 0; j-- {
		c.assignees[j] = c.assignees[j+1]
		for c.assignees[j] == c.assignees[j+1] {
			c.assignees[j] = int32(r.n(len(v.s.cat.users)+1)) - 1
		}
	}
	c.priority = (is.priority + 1 + int16(r.n(4))) % 5
	return c
}

func (c *chain) items(what step, nth int) []item {
	cat := c.v.s.cat
	switch what {
	case stepStatus:
		from, to := &cat.statuses[c.p.path[nth]], &cat.statuses[c.p.path[nth+1]]
		return c.v.statusItems(c.is.id, from, to)
	case stepAssignee:
		return []item{c.v.userItem("assignee", c.assignees[nth], c.assignees[nth+1])}
	case stepPriority:
		return []item{valueItem("priority", &cat.priorities[c.priority], &cat.priorities[c.is.priority])}
	case stepSummary:
		was := c.v.draw(forOldSummary, c.is.id)
		return []item{{field: "summary", fieldID: "summary", fromString: ptr(c.v.s.prose.phrase(was)), toString: ptr(c.v.s.prose.phrase(c.v.summary(c.is.id)))}}
	case stepPoints:
		f := c.v.s.first.byID[pointsField]
		return []item{f.changed([]byte("null"), writeCustom(c.v, nil, c.is, f))}
	case stepSprint:
		f := c.v.s.first.byID[sprintField]
		in := c.v.sprintsOf(c.is, f)
		it := item{field: f.name, fieldID: f.id, custom: true}
		it.from, it.fromString = c.v.sprintText(in[:1])
		it.to, it.toString = c.v.sprintText(in)
		return []item{it}
	case stepOptions, stepCascade:
		f := c.v.s.first.byID[choiceFields[what]]
		return []item{f.changed(fewer(writeCustom(c.v, nil, c.is, f)), writeCustom(c.v, nil, c.is, f))}
	}
	direction := []string{"Ranked higher", "Ranked lower"}[nth%2]
	return []item{{field: "Rank", fieldID: "customfield_10019", custom: true, from: ptr(""), fromString: ptr(""), to: ptr(""), toString: ptr(direction)}}
}

// statusItems is a transition: the resolution goes with it.
func (v *view) statusItems(id int64, from, to *status) []item {
	items := []item{valueItem("status", &from.value, &to.value)}
	r := v.draw(forResolution, id)
	res := &v.s.cat.resolutions[[]int{0, 0, 0, 0, 1, 2, 3}[r.n(7)]]
	switch was, is := from.category == categoryDone, to.category == categoryDone; {
	case !was && is:
		items = append(items, valueItem("resolution", nil, res))
	case was && !is:
		items = append(items, valueItem("resolution", res, nil))
	}
	return items
}

func ptr(s string) *string { return &s }

func valueItem(field string, from, to *value) item {
	it := item{field: field, fieldID: field}
	if from != nil {
		it.from, it.fromString = ptr(strconv.FormatInt(from.id, 10)), &from.name
	}
	if to != nil {
		it.to, it.toString = ptr(strconv.FormatInt(to.id, 10)), &to.name
	}
	return it
}

func (v *view) userItem(field string, from, to int32) item {
	it := item{field: field, fieldID: field}
	if from >= 0 {
		u := &v.s.cat.users[from]
		it.from, it.fromString = u.ref(), &u.name
	}
	if to >= 0 {
		u := &v.s.cat.users[to]
		it.to, it.toString = u.ref(), &u.name
	}
	return it
}

// ref is what changelogs know a user by: the account id on Cloud, on Data Center
// the key, which is not the name to log in with.
func (u *user) ref() *string {
	if u.key != "" {
		return &u.key
	}
	return &u.id
}
