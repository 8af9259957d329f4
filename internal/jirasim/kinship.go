package jirasim

import "fmt"

// parentSlot is the slot of an issue's parent or epic, or -1.
func (v *view) parentSlot(is *issue) int {
	if v.s.gen == nil || is.flags&fresh != 0 {
		return -1
	}
	return v.s.gen.parent(slotOf(is.id))
}

// baseKey is the key with which the issue of a slot was generated.
func (v *view) baseKey(slot int) string {
	g := v.s.gen
	return fmt.Sprintf("%s-%d", v.projects[g.project(slot)].key, g.nums[slot])
}

// appendKin writes another issue as issues mention it: as it was generated.
func (v *view) appendKin(b []byte, slot int) []byte {
	is := v.s.gen.issue(slot)
	b = append(b, `{"id":"`...)
	b = appendInt(b, is.id)
	b = append(b, `","key":"`...)
	b = append(b, v.baseKey(slot)...)
	b = append(b, `","self":"`...)
	b = append(b, v.api...)
	b = append(b, "/issue/"...)
	b = appendInt(b, is.id)
	b = append(b, `","fields":{"summary":`...)
	b = v.s.prose.appendPhrase(b, v.summary(is.id))
	b = append(b, `,"status":`...)
	b = append(b, v.s.cat.statuses[is.status].json...)
	b = append(b, `,"priority":`...)
	b = append(b, v.s.cat.priorities[is.priority].json...)
	b = append(b, `,"issuetype":`...)
	b = append(b, v.s.cat.types[is.typ].json...)
	return append(b, "}}"...)
}

// writeParent: on Cloud the epic or the parent task, on Data Center only
// sub-tasks have one (epics are linked by a custom field).
func writeParent(v *view, b []byte, is *issue, _ *field) []byte {
	p := v.parentSlot(is)
	if p < 0 || !v.s.cloud && is.typ != typeSubtask {
		return b // absent, not null
	}
	return v.appendKin(b, p)
}

func writeSubtasks(v *view, b []byte, is *issue, _ *field) []byte {
	var kids []int
	if v.s.gen != nil && is.flags&fresh == 0 {
		var room [kinReach]int
		kids = v.s.gen.children(slotOf(is.id), room[:0])
	}
	return list(b, len(kids), func(b []byte, i int) []byte { return v.appendKin(b, kids[i]) })
}

// writeLinks: every fourth pair of neighbours is linked; either side shows the
// link under one id, one as inward, the other as outward issue.
func writeLinks(v *view, b []byte, is *issue, _ *field) []byte {
	if v.s.gen == nil || is.flags&fresh != 0 {
		return append(b, "[]"...)
	}
	slot := slotOf(is.id)
	other, pair := slot^1, slot/2
	r := v.draw(forLink, int64(pair))
	if !r.one(4) || other >= v.s.gen.n {
		return append(b, "[]"...)
	}
	lt := &v.s.cat.linkTypes[r.n(len(v.s.cat.linkTypes))]
	side := "outwardIssue"
	if slot > other {
		side = "inwardIssue"
	}
	b = fmt.Appendf(b, `[{"id":"%d","self":"%s/issueLink/%d","type":`, 10_000+pair, v.api, 10_000+pair)
	b = append(b, lt.json...)
	b = append(b, `,"`...)
	b = append(b, side...)
	b = append(b, `":`...)
	b = v.appendKin(b, other)
	return append(b, "}]"...)
}
