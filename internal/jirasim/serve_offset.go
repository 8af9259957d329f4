package jirasim

import (
	"fmt"
	"net/http"
	"strings"
)

// offsetRequest is what Data Center's search takes.
type offsetRequest struct {
	JQL           string   `json:"jql"`
	StartAt       number   `json:"startAt"`
	MaxResults    number   `json:"maxResults"`
	ValidateQuery any      `json:"validateQuery"`
	Fields        []string `json:"fields"`
	Expand        []string `json:"expand"`
	FieldsByKeys  bool     `json:"fieldsByKeys"`
}

func serveSearch(c *call) answer {
	var q offsetRequest
	if c.r.Method == http.MethodPost {
		if a, ok := c.decode(&q); !ok {
			return a
		}
	} else {
		p := c.r.URL.Query()
		start, ok1 := c.queryNumber("startAt", 0)
		size, ok2 := c.queryNumber("maxResults", defaultPage)
		if !ok1 || !ok2 { // a path parameter that does not convert is no resource
			return answer{status: http.StatusNotFound, kind: htmlType, body: []byte("<html><body>Not found</body></html>")}
		}
		q = offsetRequest{JQL: p.Get("jql"), StartAt: number{n: start}, MaxResults: number{set: true, n: size},
			Fields: c.queryList("fields"), Expand: c.queryList("expand"), ValidateQuery: p.Get("validateQuery")}
	}
	size := q.MaxResults.n
	if !q.MaxResults.set {
		size = defaultPage
	}
	lenient := false
	switch v := fmt.Sprint(q.ValidateQuery); v {
	case "false", "none", "warn":
		lenient = true
	}
	return c.offsetPage(&q, max(q.StartAt.n, 0), size, lenient)
}

// offsetPage renders one page of Data Center's search.
func (c *call) offsetPage(q *offsetRequest, start, size int, lenient bool) answer {
	s := c.s
	if size < 0 || size > s.opt.PageCap {
		size = s.opt.PageCap
	}
	if w := s.opt.ResultWindow; w > 0 && start+size > w && size > 0 {
		return failure(http.StatusInternalServerError, fmt.Sprintf("Search limit exceeded: the requested results are beyond the search platform limit of %d", w))
	}
	s.mu.Lock()
	answered, err := s.search(q.JQL, lenient)
	if err != nil {
		s.mu.Unlock()
		return badQuery(err)
	}
	if c.anonymous {
		answered = &found{compare: answered.compare}
	}
	v := c.viewLocked()
	sel := v.schema.pick(q.Fields, "*navigable")
	sel.expand(q.Expand)
	sel.idOnly, sel.keyOnly = false, sel.keyOnly || sel.idOnly
	n := size
	if c.fault.ShortPage > 0 {
		n = min(n, c.fault.ShortPage)
	}
	if c.fault.EmptyPage {
		n = 0
	}
	issues := answered.page(&s.store, start, n)
	s.mu.Unlock()

	page := pages.Get().(*[]byte)
	b := fmt.Appendf((*page)[:0], `{"expand":"schema,names","startAt":%d,"maxResults":%d,"total":%d,"issues":[`, start, size, max(len(answered.slots)+c.fault.TotalOff, 0))
	b = v.appendPage(b, issues, &sel, c.fault.Duplicates)
	b = append(b, ']')
	if len(answered.warnings) > 0 {
		b = append(b, `,"warningMessages":`...)
		b = list(b, len(answered.warnings), func(b []byte, i int) []byte { return appendString(b, answered.warnings[i]) })
	}
	b = sel.appendExtras(b)
	return pageAnswer(page, append(b, '}'))
}

// serveProjects lists all projects, as Data Center does without paging.
func serveProjects(c *call) answer {
	archivedToo := strings.EqualFold(c.r.URL.Query().Get("includeArchived"), "true")
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	b := []byte{'['}
	for i, p := range c.s.store.projects {
		if c.anonymous || p.hidden || p.archived && !archivedToo {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = c.appendExpanded(append(b, p.json[:len(p.json)-1]...), i)
		b = fmt.Appendf(b, `,"archived":%t}`, p.archived)
	}
	return jsonAnswer(append(b, ']'))
}
