package jirasim

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"net/http"
	"strings"
	"sync"
	"time"
)

// searchRequest is what Cloud's search/jql takes, by POST exactly this.
type searchRequest struct {
	JQL             string   `json:"jql"`
	NextPageToken   string   `json:"nextPageToken"`
	MaxResults      number   `json:"maxResults"`
	Fields          []string `json:"fields"`
	Expand          string   `json:"expand"`
	Properties      []string `json:"properties"`
	FieldsByKeys    bool     `json:"fieldsByKeys"`
	ReconcileIssues []int64  `json:"reconcileIssues"`
}

// bound is what must stay the same on every page of a search.
func (q *searchRequest) bound() uint64 {
	return hashOf(q.JQL, strings.Join(q.Fields, ","), q.Expand)
}

func hashOf(parts ...string) uint64 {
	h := fnv.New64a()
	for _, part := range parts {
		_, _ = h.Write([]byte(part)) // a hash takes everything
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

const (
	defaultPage = 50
	biggestPage = 5000
	tokenLife   = 7 * 24 * time.Hour
	atStart     = -1 // the id in a cursor before the first issue
)

func serveSearchJQL(c *call) answer {
	var q searchRequest
	if c.r.Method == http.MethodPost {
		if a, ok := c.decode(&q); !ok {
			return a
		}
	} else {
		p := c.r.URL.Query()
		n, ok := c.queryNumber("maxResults", defaultPage)
		if !ok {
			return problem(http.StatusBadRequest, "Failed to convert 'maxResults' with value: '"+p.Get("maxResults")+"'")
		}
		q = searchRequest{JQL: p.Get("jql"), NextPageToken: p.Get("nextPageToken"), MaxResults: number{set: true, n: n},
			Fields: c.queryList("fields"), Expand: strings.Join(c.queryList("expand"), ",")}
	}
	var last *issue
	if q.NextPageToken != "" {
		var ok bool
		if last, ok = readToken(q.NextPageToken, q.bound(), c.at); !ok {
			return failure(http.StatusBadRequest, "The provided nextPageToken is invalid or has expired.")
		}
	}
	size := q.MaxResults.n
	if !q.MaxResults.set {
		size = defaultPage
	}
	if q.MaxResults.null || size < 1 || size > biggestPage {
		return failure(http.StatusBadRequest, "The maxResults parameter must be between 1 and 5,000.")
	}
	return c.searchPage(&q, last, size)
}

// searchPage renders one page of Cloud's search.
func (c *call) searchPage(q *searchRequest, last *issue, size int) answer {
	s := c.s
	s.mu.Lock()
	answered, err := s.search(q.JQL, false)
	if err != nil {
		s.mu.Unlock()
		return badQuery(err)
	}
	if c.anonymous {
		answered = &found{compare: answered.compare}
	}
	v := c.viewLocked()
	sel := v.schema.pick(q.Fields, "id")
	sel.expand([]string{q.Expand})
	if !sel.small() {
		size = min(size, s.opt.PageCap)
	}
	if c.fault.ShortPage > 0 {
		size = min(size, c.fault.ShortPage)
	}
	from := 0
	if last != nil && last.id != atStart {
		from = answered.after(&s.store, last)
	}
	if c.fault.EmptyPage {
		size = 0
	}
	issues := answered.page(&s.store, from, size)
	more := from+len(issues) < len(answered.slots)
	s.mu.Unlock()

	next := ""
	switch {
	case c.fault.RepeatToken && q.NextPageToken != "":
		next = q.NextPageToken
	case len(issues) > 0 && (more || c.fault.RepeatToken):
		next = newToken(&issues[len(issues)-1], q.bound(), c.at)
	case c.fault.EmptyPage:
		if last == nil {
			last = &issue{id: atStart}
		}
		next = newToken(last, q.bound(), c.at)
	}
	page := pages.Get().(*[]byte)
	b := append((*page)[:0], `{"issues":[`...)
	b = v.appendPage(b, issues, &sel, c.fault.Duplicates)
	b = append(b, ']')
	if next != "" {
		b = append(b, `,"nextPageToken":"`...)
		b = append(b, next...)
		b = append(b, '"')
	}
	if !c.fault.OmitIsLast {
		if next == "" {
			b = append(b, `,"isLast":true`...)
		} else {
			b = append(b, `,"isLast":false`...)
		}
	}
	b = sel.appendExtras(b)
	return pageAnswer(page, append(b, '}'))
}

// pages are buffers in which pages of issues are rendered.
var pages = sync.Pool{New: func() any { return new([]byte) }}

// pageAnswer is an answer whose body lies in a buffer of pages.
func pageAnswer(page *[]byte, body []byte) answer {
	*page = body
	return answer{status: http.StatusOK, body: body, page: page}
}

func (v *view) appendPage(b []byte, issues []issue, sel *selection, twice bool) []byte {
	for i := range issues {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.appendIssue(b, &issues[i], sel)
		if twice {
			b = append(b, ',')
			b = v.appendIssue(b, &issues[i], sel)
		}
	}
	return b
}

// appendExtras writes the names and schemas of a page where they were asked for.
func (sel *selection) appendExtras(b []byte) []byte {
	if sel.names {
		b = append(b, `,"names":`...)
		b = sel.appendNames(b)
	}
	if sel.schema {
		b = append(b, `,"schema":`...)
		b = sel.appendSchemas(b)
	}
	return b
}

func badQuery(err error) answer {
	var bad *jqlError
	if errors.As(err, &bad) {
		return failure(http.StatusBadRequest, bad.messages...)
	}
	return failure(http.StatusInternalServerError, err.Error())
}

// A cursor is what a token holds: the place behind the last issue of a page, in terms of what
// results can be ordered by, and what search it belongs to.
type cursor struct {
	Bound, Issued          uint64
	ID, Created, Updated   int64
	KeyOrder, Num          int32
	Status, Priority, Type int16
	Check                  uint64
}

func (t cursor) check() uint64 {
	return mix(t.Bound ^ mix(t.Issued^mix(uint64(t.ID)^mix(uint64(t.Updated)^mix(uint64(t.Created)+uint64(t.Num))))))
}

func newToken(is *issue, bound uint64, now time.Time) string {
	t := cursor{Bound: bound, Issued: uint64(now.UnixMilli()), ID: is.id, Created: is.created, Updated: is.updated,
		KeyOrder: is.keyOrder, Num: is.num, Status: is.status, Priority: is.priority, Type: is.typ}
	t.Check = t.check()
	b, err := binary.Append(nil, binary.LittleEndian, t)
	if err != nil {
		return "" // a struct of fixed size always encodes
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// readToken is false for a token that is not ours, of another search, or older
// than seven days.
func readToken(text string, bound uint64, now time.Time) (*issue, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, false
	}
	var t cursor
	if n, err := binary.Decode(raw, binary.LittleEndian, &t); err != nil || n != len(raw) {
		return nil, false
	}
	age := now.Sub(time.UnixMilli(int64(t.Issued)))
	if t.Check != t.check() || t.Bound != bound || age > tokenLife {
		return nil, false
	}
	return &issue{id: t.ID, created: t.Created, updated: t.Updated, keyOrder: t.KeyOrder, num: t.Num, status: t.Status, priority: t.Priority, typ: t.Type}, true
}

func serveGone(*call) answer {
	return failure(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")
}

func serveApproximateCount(c *call) answer {
	var q struct {
		JQL string `json:"jql"`
	}
	if a, ok := c.decode(&q); !ok {
		return a
	}
	c.s.mu.Lock()
	answered, err := c.s.search(q.JQL, false)
	c.s.mu.Unlock()
	if err != nil {
		return badQuery(err)
	}
	n := len(answered.slots)
	if c.anonymous {
		n = 0
	}
	return jsonAnswer(append(appendInt([]byte(`{"count":`), int64(n)), '}'))
}
