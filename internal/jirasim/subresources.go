package jirasim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// rows are the children of one kind of an issue, or the members of a
// dimension: how many, and how to write one.
type rows struct {
	n      int
	append func(b []byte, i int) []byte
}

// rawRows are rows that exist as JSON.
func rawRows(all [][]byte) rows {
	return rows{len(all), func(b []byte, i int) []byte { return append(b, all[i]...) }}
}

// changeRows is the changelog, oldest first.
func (v *view) changeRows(is *issue, millis bool) rows {
	if is.over == nil || is.over.raw == nil {
		all := v.history(is)
		return rows{len(all), func(b []byte, i int) []byte { return v.appendChange(b, &all[i], millis) }}
	}
	all := elements(member(member(is.over.raw, "changelog"), "histories"))
	at := func(raw []byte) int64 {
		ms, _ := parseInstant(memberText(raw, "created"), v.s)
		return ms
	}
	slices.SortStableFunc(all, func(a, b []byte) int { return int(min(max(at(a)-at(b), -1), 1)) })
	if !millis {
		return rawRows(all)
	}
	return rows{len(all), func(b []byte, i int) []byte {
		b = append(b, '{')
		_ = members(all[i], func(name string, value []byte) error { // was read without an error before
			if b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = append(appendString(b, name), ':')
			if name == "created" {
				b = appendInt(b, at(all[i]))
			} else {
				b = append(b, value...)
			}
			return nil
		})
		return append(b, '}')
	}}
}

func (v *view) commentRows(is *issue) rows {
	if is.over != nil && is.over.raw != nil {
		return v.rawChildren(is, "comment", "comments")
	}
	all := v.comments(is)
	return rows{len(all), func(b []byte, i int) []byte { return v.appendComment(b, is, &all[i]) }}
}

func (v *view) worklogRows(is *issue) rows {
	if is.over != nil && is.over.raw != nil {
		return v.rawChildren(is, "worklog", "worklogs")
	}
	all := v.worklogs(is)
	return rows{len(all), func(b []byte, i int) []byte { return v.appendWorklog(b, is, &all[i]) }}
}

// rawChildren are those that a data file shows inside the issue.
func (v *view) rawChildren(is *issue, field, list string) rows {
	return rawRows(elements(member(member(member(is.over.raw, "fields"), field), list)))
}

// A pageStyle is how one endpoint pages: the name of its list, its default and
// its largest page, and whether it tells isLast, and links to pages.
type pageStyle struct {
	list       string
	size, most int
	last       bool
	links      bool
}

// page answers one page of rows.
func (c *call) page(p pageStyle, r rows) answer {
	start, ok1 := c.queryNumber("startAt", 0)
	size, ok2 := c.queryNumber("maxResults", p.size)
	if !ok1 || !ok2 {
		return failure(http.StatusBadRequest, "startAt and maxResults must be numbers.")
	}
	if size <= 0 || size > p.most {
		size = p.most
	}
	start = max(start, 0)
	end := max(min(start+size, r.n), min(start, r.n))
	b := []byte{'{'}
	if p.links {
		b = fmt.Appendf(b, `"self":%s,`, quote(c.link(start, size)))
		if end < r.n {
			b = fmt.Appendf(b, `"nextPage":%s,`, quote(c.link(end, size)))
		}
	}
	b = fmt.Appendf(b, `"maxResults":%d,"startAt":%d,"total":%d,`, size, start, r.n)
	if p.last {
		b = fmt.Appendf(b, `"isLast":%t,`, end >= r.n)
	}
	b = append(b, '"')
	b = append(b, p.list...)
	b = append(b, `":`...)
	b = list(b, max(end-start, 0), func(b []byte, i int) []byte { return r.append(b, start+i) })
	return jsonAnswer(append(b, '}'))
}

// ofIssue answers for the issue in the path.
func ofIssue(fn func(c *call, v *view, is *issue) answer) handler {
	return func(c *call) answer {
		is, v, ok := c.findIssue(c.r.PathValue("key"))
		if !ok {
			return c.noIssue()
		}
		return fn(c, v, &is)
	}
}

func serveChangelog(c *call, v *view, is *issue) answer {
	return c.page(pageStyle{"values", 100, 100, true, true}, v.changeRows(is, false))
}

func serveComments(c *call, v *view, is *issue) answer {
	r, most := v.commentRows(is), 100
	if !c.s.cloud {
		most = max(r.n, 1)
	}
	switch c.r.URL.Query().Get("orderBy") {
	case "", "created", "+created":
	case "-created":
		oldest := r
		r.append = func(b []byte, i int) []byte { return oldest.append(b, oldest.n-1-i) }
	default:
		return failure(http.StatusBadRequest, "The value of orderBy is not supported.")
	}
	return c.page(pageStyle{"comments", most, most, false, false}, r)
}

// serveWorklogs: Data Center does not page.
func serveWorklogs(c *call, v *view, is *issue) answer {
	if c.s.opt.NoTimeTracking {
		return failure(http.StatusNotFound, "Time tracking is not enabled.")
	}
	r := v.worklogRows(is)
	if !c.s.cloud {
		b := fmt.Appendf(nil, `{"startAt":0,"maxResults":%d,"total":%d,"worklogs":`, r.n, r.n)
		return jsonAnswer(append(list(b, r.n, r.append), '}'))
	}
	after, ok1 := c.queryNumber("startedAfter", -1)
	before, ok2 := c.queryNumber("startedBefore", -1)
	if !ok1 || !ok2 {
		return failure(http.StatusBadRequest, "startedAfter and startedBefore must be numbers.")
	}
	if after >= 0 || before >= 0 {
		var kept [][]byte
		for i := range r.n {
			raw := r.append(nil, i)
			ms, _ := parseInstant(memberText(raw, "started"), c.s)
			if (after < 0 || ms > int64(after)) && (before < 0 || ms < int64(before)) {
				kept = append(kept, raw)
			}
		}
		r = rawRows(kept)
	}
	return c.page(pageStyle{"worklogs", 5000, 5000, false, false}, r)
}

func serveWatchers(c *call, v *view, is *issue) answer {
	return c.people(v, is, "watchers", `"isWatching":false,"watchCount":%d,"watchers":`, v.watchers)
}

func serveVotes(c *call, v *view, is *issue) answer {
	return c.people(v, is, "votes", `"votes":%d,"hasVoted":false,"voters":`, v.voters)
}

func (c *call) people(v *view, is *issue, what, format string, of func(*issue) []int) answer {
	var who []int
	if v.s.gen != nil {
		who = of(is)
	}
	b := fmt.Appendf(nil, `{"self":"%s/issue/%s/%s",`, v.api, v.key(is), what)
	b = fmt.Appendf(b, format, len(who))
	b = list(b, len(who), func(b []byte, i int) []byte { return append(b, v.s.cat.users[who[i]].json...) })
	return jsonAnswer(append(b, '}'))
}

// serveRemoteLinks: one issue in five has links to other systems.
func serveRemoteLinks(c *call, v *view, is *issue) answer {
	n := 0
	r := v.draw(forRemoteLinks, is.id)
	if v.s.gen != nil && is.flags&fresh == 0 && r.one(5) {
		n = 1 + r.n(2)
	}
	return jsonAnswer(list(nil, n, func(b []byte, i int) []byte {
		id := is.id*4 + int64(i)
		return fmt.Appendf(b, `{"id":%d,"self":"%s/issue/%s/remotelink/%d","globalId":"system=https://example.com&id=%d","application":{"type":"com.example.tracker","name":"Example Tracker"},"relationship":"causes","object":{"url":"https://example.com/%d","title":"EX-%d","summary":%s,"icon":{"url16x16":"https://example.com/icon.png","title":"Ticket"},"status":{"resolved":%t}}}`,
			id, v.api, v.key(is), id, id, id, id, quote(v.s.prose.phrase(v.draw(forRemoteLink, id))), r.one(2))
	}))
}

// serveCommentList finds comments by id, wherever they are.
func serveCommentList(c *call) answer {
	var q struct {
		IDs []int64 `json:"ids"`
	}
	if a, ok := c.decode(&q); !ok {
		return a
	}
	if len(q.IDs) == 0 || len(q.IDs) > 1000 {
		return failure(http.StatusBadRequest, "Between 1 and 1000 ids are required.")
	}
	return c.page(pageStyle{"values", 1000, 1000, true, true}, rawRows(c.childrenByID(q.IDs, (*view).comments, (*view).appendComment)))
}

// childrenByID are the given comments or worklogs, those that the account can
// see.
func (c *call) childrenByID(ids []int64, of func(*view, *issue) []remark, write func(*view, []byte, *issue, *remark) []byte) [][]byte {
	var out [][]byte
	for _, id := range ids {
		is, v, ok := c.issueOfChild(id)
		if !ok {
			continue
		}
		for _, m := range of(v, &is) {
			if m.id == id {
				out = append(out, write(v, nil, &is, &m))
			}
		}
	}
	return out
}

// issueOfChild is the issue that has a comment or worklog.
func (c *call) issueOfChild(id int64) (issue, *view, bool) {
	if c.s.gen == nil {
		return issue{}, nil, false
	}
	owner := (id - firstRemark) / remarksPerIssue
	if id > firstAddedChild {
		c.s.mu.Lock()
		owner = c.s.owners[id]
		c.s.mu.Unlock()
	}
	return c.findIssue(strconv.FormatInt(owner, 10))
}

// changelogRequest is what changelog/bulkfetch takes.
type changelogRequest struct {
	IDs           []string `json:"issueIdsOrKeys"`
	FieldIDs      []string `json:"fieldIds"`
	MaxResults    number   `json:"maxResults"`
	NextPageToken string   `json:"nextPageToken"`
}

// serveChangelogs delivers the changelogs of many issues, oldest first; one
// issue's may be split over two pages.
func serveChangelogs(c *call) answer {
	var q changelogRequest
	if a, ok := c.decode(&q); !ok {
		return a
	}
	size := q.MaxResults.n
	if !q.MaxResults.set {
		size = 1000
	}
	if len(q.IDs) == 0 || len(q.IDs) > 1000 || len(q.FieldIDs) > 10 || size < 1 || size > 10_000 {
		return failure(http.StatusBadRequest, "issueIdsOrKeys takes 1 to 1000 values, fieldIds at most 10, maxResults 1 to 10000.")
	}
	bound := fmt.Sprintf("%x", hashOf(strings.Join(q.IDs, ","), strings.Join(q.FieldIDs, ",")))
	skip := 0
	if q.NextPageToken != "" {
		digits, ok := strings.CutPrefix(q.NextPageToken, bound+".")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil {
			return failure(http.StatusBadRequest, "The provided nextPageToken is invalid or has expired.")
		}
		skip = n
	}
	b := []byte(`{"issueChangeLogs":[`)
	at, left := 0, size
	for _, is := range c.issuesNamed(q.IDs) {
		v := is.view
		r := v.changeRows(&is.issue, true)
		r = r.only(func(raw []byte) bool { return touches(raw, q.FieldIDs) }, len(q.FieldIDs) > 0)
		from := min(max(skip-at, 0), r.n)
		to := min(from+left, r.n)
		if at += r.n; to > from {
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, `{"issueId":"%d","changeHistories":`, is.id)
			b = append(list(b, to-from, func(b []byte, i int) []byte { return r.append(b, from+i) }), '}')
			left -= to - from
		}
	}
	b = append(b, ']')
	if done := skip + size; done < at {
		b = fmt.Appendf(b, `,"nextPageToken":"%s.%d"`, bound, done)
	}
	return jsonAnswer(append(b, '}'))
}

// only keeps the rows that fit.
func (r rows) only(fits func(raw []byte) bool, filter bool) rows {
	if !filter {
		return r
	}
	var kept [][]byte
	for i := range r.n {
		if raw := r.append(nil, i); fits(raw) {
			kept = append(kept, raw)
		}
	}
	return rawRows(kept)
}

// touches: a history changes one of the fields.
func touches(history []byte, fieldIDs []string) bool {
	return slices.ContainsFunc(elements(member(history, "items")), func(it []byte) bool {
		return slices.Contains(fieldIDs, memberText(it, "fieldId"))
	})
}

type viewed struct {
	issue
	view *view
}

// issuesNamed are the visible ones of the named issues, by ascending id.
func (c *call) issuesNamed(names []string) []viewed {
	var all []viewed
	for _, name := range names {
		if is, v, ok := c.findIssue(name); ok {
			all = append(all, viewed{is, v})
		}
	}
	slices.SortFunc(all, func(a, b viewed) int { return int(a.id - b.id) })
	return slices.CompactFunc(all, func(a, b viewed) bool { return a.id == b.id })
}
