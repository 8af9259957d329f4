package jirasim

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// A found is the answer to a query for one version of the site: the slots that
// match, in order. Paging reads from it; any change makes a new one, so pages
// shift as they do on a real site.
type found struct {
	slots    []int32
	compare  comparison
	warnings []string
}

// A comparison orders versions of issues; it is total (by id at last).
type comparison func(a, b *issue) int

// searcher caches what queries need for one version of the site: sorted orders
// and answers. It is guarded by Sim.mu.
type searcher struct {
	orders  map[string]*ordering
	answers map[string]*found
	size    int    // slots held by answers
	version uint64 // of the store, for which answers hold
}

// An ordering is all slots in one order, kept current by merging what changed.
type ordering struct {
	slots []int32
	seen  int // how many of store.changes are worked in
}

const (
	maxAnswers = 8_000_000 // slots held by cached answers
	maxOrders  = 6
	maxChanges = 1 << 20
)

// search answers a query against the index.
func (s *Sim) search(jql string, lenient bool) (*found, error) {
	now := s.now()
	s.store.settle(now)
	if len(s.store.changes) > maxChanges {
		s.store.changes, s.finder.orders = nil, nil
	}
	if s.finder.version != s.store.version {
		s.finder.answers, s.finder.size, s.finder.version = nil, 0, s.store.version
	}
	name := fmt.Sprint(lenient, jql)
	if a := s.finder.answers[name]; a != nil {
		return a, nil
	}
	q, err := parseJQL(jql)
	if err != nil {
		return nil, err
	}
	if s.cloud && q.where == nil {
		return nil, jqlErrorf("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
	}
	e := &evaluator{s: s, st: &s.store, v: s.viewLocked(s.cloud), now: now, lenient: lenient, created: unbounded, updated: unbounded, top: true}
	match, err := e.compile(q.where)
	if err != nil {
		return nil, err
	}
	compare, orderName, err := e.order(q.order)
	if err != nil {
		return nil, err
	}
	a := &found{compare: compare, warnings: e.warnings}
	a.slots = s.collect(e, q, match, compare, orderName)
	if !e.usesNow {
		s.keep(name, a)
	}
	return a, nil
}

func (s *Sim) keep(name string, a *found) {
	if s.finder.size += len(a.slots); s.finder.answers == nil || s.finder.size > maxAnswers {
		s.finder.answers, s.finder.size = map[string]*found{}, len(a.slots)
	}
	s.finder.answers[name] = a
}

// collect finds the matching slots: over the candidates of the narrowest
// restriction, then sorted; or in the wanted order at once.
func (s *Sim) collect(e *evaluator, q *query, match predicate, compare comparison, orderName string) []int32 {
	st := &s.store
	var candidates []int32
	sorted := false
	primary := strings.SplitN(orderName, ",", 2)[0]
	switch {
	case e.ids != nil:
		for _, id := range e.ids {
			if slot, ok := st.slot(id); ok {
				candidates = append(candidates, slot)
			}
		}
	case !e.updated.open() && strings.TrimRight(primary, "+-") != "created":
		candidates, sorted = s.window("updated", e.updated, primary, orderName, compare)
	case !e.created.open():
		candidates, sorted = s.window("created", e.created, primary, orderName, compare)
	default:
		candidates, sorted = s.ordered(orderName, compare), true
	}
	out := make([]int32, 0, min(len(candidates), 1024))
	for _, slot := range candidates {
		if is := st.indexed(slot); st.listed(slot, is) && match(is) {
			out = append(out, slot)
		}
	}
	if !sorted {
		slices.SortFunc(out, func(a, b int32) int { return compare(st.indexed(a), st.indexed(b)) })
	}
	return slices.Clip(out)
}

// window is the part of the slots whose created or updated lies within bounds,
// and whether it is in the order wanted.
func (s *Sim) window(field string, b bounds, primary, orderName string, compare comparison) ([]int32, bool) {
	at := func(slot int32) int64 {
		if field == "created" {
			return s.store.indexed(slot).created
		}
		return s.store.indexed(slot).updated
	}
	sorted := primary == field+"+"
	name := orderName
	if !sorted {
		name = field + "+"
		compare, _ = comparisonBy([]sortKey{{field: field}})
	}
	slots := s.ordered(name, compare)
	low := sort.Search(len(slots), func(i int) bool { return at(slots[i]) >= b.low })
	high := sort.Search(len(slots), func(i int) bool { return at(slots[i]) > b.high })
	return slots[low:max(low, high)], sorted
}

// ordered is all slots in an order.
func (s *Sim) ordered(name string, compare comparison) []int32 {
	st := &s.store
	o := s.finder.orders[name]
	if o == nil {
		if len(s.finder.orders) >= maxOrders || s.finder.orders == nil {
			s.finder.orders = map[string]*ordering{}
		}
		o = &ordering{}
		s.finder.orders[name] = o
	}
	by := func(a, b int32) int { return compare(st.indexed(a), st.indexed(b)) }
	changed := st.changes[o.seen:]
	o.seen = len(st.changes)
	switch {
	case o.slots == nil || len(changed) > len(o.slots)/4:
		o.slots = make([]int32, len(st.issues))
		for i := range o.slots {
			o.slots[i] = int32(i)
		}
		slices.SortFunc(o.slots, by)
	case len(changed) > 0:
		o.slots = remerge(o.slots, changed, by)
	}
	return o.slots
}

// remerge takes the changed slots out of a sorted list and puts them in where
// they belong now.
func remerge(slots, changed []int32, by func(a, b int32) int) []int32 {
	dirty := slices.Clone(changed)
	slices.Sort(dirty)
	dirty = slices.Compact(dirty)
	moved := slices.Clone(dirty)
	slices.SortFunc(moved, by)
	out := make([]int32, 0, len(slots)+len(moved))
	for _, slot := range slots {
		if _, ok := slices.BinarySearch(dirty, slot); ok {
			continue
		}
		for len(moved) > 0 && by(moved[0], slot) < 0 {
			out = append(out, moved[0])
			moved = moved[1:]
		}
		out = append(out, slot)
	}
	return append(out, moved...)
}

type sortKey struct {
	field string
	desc  bool
}

// order compiles ORDER BY. Without one, the newest issue comes first.
func (e *evaluator) order(terms []orderTerm) (comparison, string, error) {
	if len(terms) > 7 && e.s.cloud {
		return nil, "", jqlErrorf("JQL can be ordered by at most 7 fields.")
	}
	if len(terms) == 0 {
		terms = []orderTerm{{field: "id", desc: true}}
	}
	aliases := map[string]string{"createddate": "created", "updateddate": "updated", "issuekey": "key", "issue": "key", "type": "issuetype"}
	var keys []sortKey
	var names []string
	for _, t := range terms {
		field := strings.ToLower(t.field)
		if a := aliases[field]; a != "" {
			field = a
		}
		if t.custom || sortFields[field] == nil {
			if t.custom || len(e.v.schema.named(field)) > 0 {
				return nil, "", jqlErrorf("This simulator does not order by '%s'.", t.field)
			}
			return nil, "", jqlErrorf("Not able to sort using field '%s'.", t.field)
		}
		keys = append(keys, sortKey{field, t.desc})
		sign := "+"
		if t.desc {
			sign = "-"
		}
		names = append(names, field+sign)
	}
	compare, err := comparisonBy(keys)
	return compare, strings.Join(names, ","), err
}

// sortFields are the fields that results can be ordered by.
var sortFields = map[string]comparison{
	"created": func(a, b *issue) int { return cmp.Compare(a.created, b.created) },
	"updated": func(a, b *issue) int { return cmp.Compare(a.updated, b.updated) },
	"id":      func(a, b *issue) int { return cmp.Compare(a.id, b.id) },
	"key": func(a, b *issue) int {
		return cmp.Or(cmp.Compare(a.keyOrder, b.keyOrder), cmp.Compare(a.num, b.num))
	},
	"project":   func(a, b *issue) int { return cmp.Compare(a.keyOrder, b.keyOrder) },
	"status":    func(a, b *issue) int { return cmp.Compare(a.status, b.status) },
	"priority":  func(a, b *issue) int { return cmp.Compare(a.priority, b.priority) },
	"issuetype": func(a, b *issue) int { return cmp.Compare(a.typ, b.typ) },
	"rank":      func(a, b *issue) int { return cmp.Compare(rankOf(a.id), rankOf(b.id)) },
}

func comparisonBy(keys []sortKey) (comparison, error) {
	type step struct {
		compare comparison
		desc    bool
	}
	var steps []step
	for _, k := range keys {
		c := sortFields[k.field]
		if c == nil {
			return nil, jqlErrorf("Not able to sort using field '%s'.", k.field)
		}
		steps = append(steps, step{c, k.desc})
	}
	return func(a, b *issue) int {
		for _, s := range steps {
			if c := s.compare(a, b); c != 0 {
				if s.desc {
					return -c
				}
				return c
			}
		}
		return cmp.Compare(a.id, b.id)
	}, nil
}

// after is the position of the first issue behind the given one, which need
// not match the query any more.
func (f *found) after(st *store, last *issue) int {
	return sort.Search(len(f.slots), func(i int) bool { return f.compare(st.indexed(f.slots[i]), last) > 0 })
}

// page copies the issues at [from, from+n), so that they can be rendered
// without the lock.
func (f *found) page(st *store, from, n int) []issue {
	from = min(max(from, 0), len(f.slots))
	out := make([]issue, 0, min(n, len(f.slots)-from))
	for _, slot := range f.slots[from:min(from+n, len(f.slots))] {
		out = append(out, *st.indexed(slot))
	}
	return out
}
