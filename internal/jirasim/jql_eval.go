package jirasim

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A predicate tells whether a version of an issue matches.
type predicate func(is *issue) bool

func never(*issue) bool { return false }

// An evaluator turns a parsed query into a predicate for one version of the
// site. It works under Sim.mu.
type evaluator struct {
	s       *Sim
	st      *store
	v       *view
	now     time.Time
	usesNow bool
	// lenient turns unknown values into warnings (validateQuery=false).
	lenient  bool
	warnings []string
	// created, updated and ids narrow what must be looked at; they come from
	// the clauses that are joined by AND at the top.
	created, updated bounds
	ids              []int64 // nil: any
	top              bool
}

// bounds are inclusive, in ms.
type bounds struct{ low, high int64 }

func (b bounds) open() bool { return b.low == math.MinInt64 && b.high == math.MaxInt64 }

func (b *bounds) narrow(low, high int64) { b.low, b.high = max(b.low, low), min(b.high, high) }

var unbounded = bounds{math.MinInt64, math.MaxInt64}

func (e *evaluator) compile(n node) (predicate, error) {
	switch n := n.(type) {
	case *clause:
		return e.clause(n)
	case *junction:
		was := e.top
		e.top = e.top && !n.or
		defer func() { e.top = was }()
		var all []predicate
		for _, m := range n.members {
			p, err := e.compile(m)
			if err != nil {
				return nil, err
			}
			all = append(all, p)
		}
		return joinPredicates(all, n.or), nil
	}
	return func(*issue) bool { return true }, nil
}

func joinPredicates(all []predicate, or bool) predicate {
	return func(is *issue) bool {
		for _, p := range all {
			if p(is) == or {
				return or
			}
		}
		return !or
	}
}

// clauseFields are the clauses with a structure of their own; all others are
// evaluated over the issue's JSON.
func (e *evaluator) clause(c *clause) (predicate, error) {
	if !c.custom {
		switch strings.ToLower(c.field) {
		case "created", "createddate":
			return e.dates(c, &e.created, func(is *issue) int64 { return is.created })
		case "updated", "updateddate":
			return e.dates(c, &e.updated, func(is *issue) int64 { return is.updated })
		case "project":
			return e.members(c, e.projectNamed, func(is *issue) int { return int(is.project) })
		case "status":
			return e.members(c, e.statusNamed, func(is *issue) int { return int(is.status) })
		case "statuscategory":
			return e.members(c, e.categoryNamed, func(is *issue) int {
				if is.status < 0 {
					return -1
				}
				return e.s.cat.statuses[is.status].category
			})
		case "issuetype", "type":
			return e.members(c, e.typeNamed, func(is *issue) int { return int(is.typ) })
		case "priority":
			return e.members(c, e.priorityNamed, func(is *issue) int { return int(is.priority) })
		case "assignee":
			return e.members(c, e.userNamed, func(is *issue) int { return int(is.assignee) })
		case "key", "issuekey", "issue", "id":
			return e.identity(c)
		}
	}
	return e.generic(c)
}

func (e *evaluator) unsupported(c *clause) error {
	return jqlErrorf("The operator '%s' is not supported by the '%s' field.", c.op, c.field)
}

// unknown is an error, or a warning when the query is not validated.
func (e *evaluator) unknown(format string, args ...any) error {
	if e.lenient {
		e.warnings = append(e.warnings, fmt.Sprintf(format, args...))
		return nil
	}
	return jqlErrorf(format, args...)
}

// dates compiles a comparison of instants.
func (e *evaluator) dates(c *clause, b *bounds, of func(*issue) int64) (predicate, error) {
	if strings.HasPrefix(c.op, "is") {
		want := c.op == "is"
		return func(is *issue) bool { return (of(is) == noTime) == want }, nil
	}
	if strings.Contains(c.op, "~") {
		return nil, e.unsupported(c)
	}
	var at []int64
	for _, o := range c.operands {
		if o.empty {
			return nil, jqlErrorf("The operator '%s' does not support the empty value for field '%s'.", c.op, c.field)
		}
		ms, err := e.instant(c.field, o)
		if err != nil {
			return nil, err
		}
		at = append(at, ms)
	}
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch c.op {
	case ">=":
		low = at[0]
	case ">":
		low = at[0] + 1
	case "<=":
		high = at[0]
	case "<":
		high = at[0] - 1
	default:
		want := c.op == "=" || c.op == "in"
		return func(is *issue) bool { return of(is) != noTime && slices.Contains(at, of(is)) == want }, nil
	}
	if e.top {
		b.narrow(low, high)
	}
	return func(is *issue) bool { t := of(is); return t != noTime && t >= low && t <= high }, nil
}

// A lookup finds what a name or id stands for, as indexes; an error when it
// stands for nothing and that is an error.
type lookup func(c *clause, o operand) ([]int, error)

// members compiles =, !=, IN, NOT IN, IS over a dimension; negative indexes
// are EMPTY.
func (e *evaluator) members(c *clause, find lookup, of func(*issue) int) (predicate, error) {
	set := map[int]bool{}
	switch c.op {
	case "=", "!=", "in", "not in", "is", "is not":
	default:
		return nil, e.unsupported(c)
	}
	for _, o := range c.operands {
		if o.empty {
			set[-1] = true
			continue
		}
		found, err := find(c, o)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			set[i] = true
		}
	}
	if c.op == "=" || c.op == "in" || c.op == "is" {
		if len(set) == 1 {
			for only := range set {
				return func(is *issue) bool { return max(of(is), -1) == only }, nil
			}
		}
		return func(is *issue) bool { return set[max(of(is), -1)] }, nil
	}
	// != and NOT IN do not find issues without a value, except for IS NOT.
	return func(is *issue) bool { i := max(of(is), -1); return i >= 0 && !set[i] }, nil
}

// named finds the values of a dimension by id or name.
func (e *evaluator) named(c *clause, o operand, n int, value func(i int) (id int64, names []string)) ([]int, error) {
	if o.fn {
		return nil, jqlErrorf("Unable to find JQL function '%s(%s)'.", o.text, strings.Join(o.args, ", "))
	}
	number, err := strconv.ParseInt(o.text, 10, 64)
	isID := err == nil
	var found []int
	for i := range n {
		id, names := value(i)
		if isID && id == number || slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, o.text) }) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return nil, e.unknown("The value '%s' does not exist for the field '%s'.", o.text, c.field)
	}
	return found, nil
}

// projectNamed: on Cloud a project that does not exist (or is not visible)
// simply has no issues, on Data Center it is an error.
func (e *evaluator) projectNamed(c *clause, o operand) ([]int, error) {
	found, err := e.named(c, o, len(e.st.projects), func(i int) (int64, []string) {
		p := e.st.projects[i]
		if p.hidden {
			return -1, nil
		}
		return p.id, []string{p.key, p.name}
	})
	if err != nil && e.s.cloud && !o.fn {
		return nil, nil
	}
	return found, err
}

func (e *evaluator) statusNamed(c *clause, o operand) ([]int, error) {
	return e.named(c, o, len(e.s.cat.statuses), func(i int) (int64, []string) {
		st := &e.s.cat.statuses[i]
		return st.id, []string{st.name}
	})
}

func (e *evaluator) categoryNamed(c *clause, o operand) ([]int, error) {
	return e.named(c, o, len(statusCategories), func(i int) (int64, []string) {
		sc := statusCategories[i]
		return sc.id, []string{sc.name, sc.key}
	})
}

func (e *evaluator) typeNamed(c *clause, o operand) ([]int, error) {
	return e.named(c, o, len(e.s.cat.types), func(i int) (int64, []string) {
		t := &e.s.cat.types[i]
		return t.id, []string{t.name}
	})
}

func (e *evaluator) priorityNamed(c *clause, o operand) ([]int, error) {
	return e.named(c, o, len(e.s.cat.priorities), func(i int) (int64, []string) {
		p := &e.s.cat.priorities[i]
		return p.id, []string{p.name}
	})
}

// userNamed: Cloud knows people by account id only.
func (e *evaluator) userNamed(c *clause, o operand) ([]int, error) {
	if o.fn && strings.EqualFold(o.text, "currentUser") && len(o.args) == 0 {
		return []int{0}, nil
	}
	return e.named(c, o, len(e.s.cat.users), func(i int) (int64, []string) {
		u := &e.s.cat.users[i]
		if e.s.cloud {
			return -1, []string{u.id}
		}
		return -1, []string{u.id, u.key, u.name, u.email}
	})
}
