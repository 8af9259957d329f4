package jirasim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// noIssue is the 404 for an issue that does not exist or may not be seen.
func (c *call) noIssue() answer {
	if !c.s.cloud {
		return failure(http.StatusNotFound, "Issue Does Not Exist")
	}
	return failure(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
}

// findIssue is the issue that a path names by id or by a present or former
// key, whatever its case.
func (c *call) findIssue(name string) (issue, *view, bool) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, ok := s.store.slotNamed(name)
	if !ok || c.anonymous || !s.store.readable(&s.store.issues[slot]) {
		return issue{}, nil, false
	}
	return s.store.issues[slot], c.viewLocked(), true
}

func (st *store) slotNamed(name string) (int32, bool) {
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		return st.slot(id)
	}
	return st.slotOfKey(upper(name))
}

func serveIssue(c *call) answer {
	is, v, ok := c.findIssue(c.r.PathValue("key"))
	if !ok {
		return c.noIssue()
	}
	sel := v.schema.pick(c.queryList("fields"), "*all")
	sel.expand(c.queryList("expand"))
	sel.idOnly, sel.keyOnly = false, sel.keyOnly || sel.idOnly
	page := pages.Get().(*[]byte)
	b := v.appendIssue((*page)[:0], &is, &sel)
	if sel.names || sel.schema {
		b = append(sel.appendExtras(b[:len(b)-1]), '}')
	}
	return pageAnswer(page, b)
}

// bulkRequest is what Cloud's issue/bulkfetch takes.
type bulkRequest struct {
	IDs          []string `json:"issueIdsOrKeys"`
	Fields       []string `json:"fields"`
	FieldsByKeys bool     `json:"fieldsByKeys"`
	Expand       []string `json:"expand"`
	Properties   []string `json:"properties"`
}

const (
	bulkLimit = 100
	bulkMost  = 1000
)

// limit is how many issues one request may ask for: 1000 only with 1 to 100
// fields named, none of them multi-valued, and no expand that costs.
func (q *bulkRequest) limit() int {
	if len(q.Fields) == 0 || len(q.Fields) > 100 {
		return bulkLimit
	}
	for _, f := range q.Fields {
		if strings.HasPrefix(f, "*") || strings.HasPrefix(f, "-") || isMulti(f) {
			return bulkLimit
		}
	}
	for _, e := range q.Expand {
		if slices.Contains([]string{"changelog", "editmeta", "operations", "renderedFields", "transitions", "versionedRepresentations"}, e) {
			return bulkLimit
		}
	}
	return bulkMost
}

// serveBulkFetch delivers issues by ascending id; those that do not exist or
// may not be seen are left out without a word.
func serveBulkFetch(c *call) answer {
	var q bulkRequest
	if a, ok := c.decode(&q); !ok {
		return a
	}
	if n := len(q.IDs); n == 0 || n > q.limit() {
		return failure(http.StatusBadRequest, "The number of issue ids or keys must be between 1 and "+strconv.Itoa(q.limit())+".")
	}
	s := c.s
	s.mu.Lock()
	var slots []int32
	for _, name := range q.IDs {
		if slot, ok := s.store.slotNamed(name); ok && !c.anonymous && s.store.readable(&s.store.issues[slot]) {
			slots = append(slots, slot)
		}
	}
	slices.Sort(slots)
	slots = slices.Compact(slots)
	issues := make([]issue, len(slots))
	for i, slot := range slots {
		issues[i] = s.store.issues[slot]
	}
	v := c.viewLocked()
	s.mu.Unlock()

	sel := v.schema.pick(q.Fields, "*navigable")
	sel.expand(q.Expand)
	sel.idOnly, sel.keyOnly = false, sel.keyOnly || sel.idOnly
	page := pages.Get().(*[]byte)
	b := append((*page)[:0], `{"issues":[`...)
	b = v.appendPage(b, issues, &sel, c.fault.Duplicates)
	b = append(b, `],"issueErrors":[]`...)
	b = sel.appendExtras(b)
	return pageAnswer(page, append(b, '}'))
}
