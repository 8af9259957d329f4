package jirasim

import (
	"slices"
	"strconv"
)

// identity compiles clauses over id and key (either takes both, and former
// keys of moved issues).
func (e *evaluator) identity(c *clause) (predicate, error) {
	ids := make([]int64, 0, len(c.operands))
	for _, o := range c.operands {
		if o.empty || o.fn {
			return nil, e.unsupported(c)
		}
		id, err := e.issueNamed(c, o)
		if err != nil {
			return nil, err
		}
		if id >= 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	switch c.op {
	case "=", "in":
		if e.top && e.ids == nil {
			e.ids = ids
		}
		return func(is *issue) bool { _, ok := slices.BinarySearch(ids, is.id); return ok }, nil
	case "!=", "not in":
		return func(is *issue) bool { _, ok := slices.BinarySearch(ids, is.id); return !ok }, nil
	case "<", "<=", ">", ">=":
		return e.keyRange(c)
	}
	return nil, e.unsupported(c)
}

// issueNamed finds an issue; -1 when it is not there and that is no error.
func (e *evaluator) issueNamed(c *clause, o operand) (int64, error) {
	ordering := c.op == "<" || c.op == "<=" || c.op == ">" || c.op == ">="
	if number, err := strconv.ParseInt(o.text, 10, 64); err == nil {
		slot, ok := e.st.slot(number)
		if ok && e.st.readable(&e.st.issues[slot]) || ordering || e.s.cloud { // on Cloud the index decides
			return number, nil
		}
		return -1, e.missing("A value with ID '%s' does not exist for the field '%s'.", o.text, c.field)
	}
	if _, _, ok := splitKey(o.text); !ok {
		return -1, e.unknown("The issue key '%s' for field '%s' is invalid.", o.text, c.field)
	}
	if slot, ok := e.st.slotOfKey(upper(o.text)); ok && e.st.readable(&e.st.issues[slot]) {
		return e.st.issues[slot].id, nil
	}
	if ordering {
		return -1, nil
	}
	return -1, e.missing("An issue with key '%s' does not exist for field '%s'.", o.text, c.field)
}

// missing: Data Center refuses to look for what is not there.
func (e *evaluator) missing(format string, args ...any) error {
	if e.s.cloud {
		return nil
	}
	return e.unknown(format, args...)
}

// keyRange compares within one project for keys, over all for ids.
func (e *evaluator) keyRange(c *clause) (predicate, error) {
	o := c.operands[0]
	holds := func(d int64) bool {
		switch c.op {
		case "<":
			return d < 0
		case "<=":
			return d <= 0
		case ">":
			return d > 0
		}
		return d >= 0
	}
	if id, err := strconv.ParseInt(o.text, 10, 64); err == nil {
		return func(is *issue) bool { return holds(is.id - id) }, nil
	}
	key, num, _ := splitKey(upper(o.text))
	project := int16(slices.IndexFunc(e.st.projects, func(p *project) bool { return p.key == key }))
	if project < 0 {
		return never, e.unknown("An issue with key '%s' does not exist for field '%s'.", o.text, c.field)
	}
	return func(is *issue) bool { return is.project == project && holds(int64(is.num-num)) }, nil
}
