package jira

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"snowdrift/internal/rawjson"
)

// List is something that Jira lists: what issues refer to, or belongs to one.
type List struct {
	Op       string     // for people: "list statuses"
	Endpoint string     // its name in errors, statistics and limits: "project/{id}/versions"
	Path     string     // "/status", below the API's version; from "/rest/" on if it is another API
	Query    url.Values // nil: none
	Paging   Paging
	PageSize int    // how many to ask for; Jira may give fewer
	Member   string // of the answer, that holds the elements; "" where the answer is what is wanted
}

// Paging is how a list comes in pages.
type Paging uint8

// The ways of paging. ByOffset advances by what it received, until Jira says
// that a page is the last, or an empty one comes. ByNumber counts pages from 1,
// until all that Jira counts have come.
const (
	Whole Paging = iota // one answer, as it stands
	ByOffset
	ByNumber
)

// errSamePage: the site sends one page over and over, so that the rest of the
// list cannot be had.
var errSamePage = fmt.Errorf("%w: it begins like the page before", ErrWrongPage)

// List yields what Jira lists, as raw JSON that is valid and has no white space
// around it: the array of each page, or the one answer. What is yielded belongs
// to the caller. An element that was added meanwhile shifts the pages, so that
// one may come twice. One answer that counts more than it shows is an error.
func (c *Client) List(ctx context.Context, l List) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var got, number int64
		var first []byte
		for {
			number++
			page, err := c.listPage(ctx, l, got, number)
			if err == nil && page.count > 0 && bytes.Equal(first, page.first) {
				err = l.call().failure(KindProtocol, errSamePage)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if l.Paging != Whole && page.count == 0 {
				return
			}
			first, got = page.first, got+page.count
			if !yield(page.raw, nil) || l.Paging == Whole || page.last || page.total >= 0 && got >= page.total {
				return
			}
		}
	}
}

// listPage is one answer of a list.
type listPage struct {
	raw   []byte
	first []byte // the first element, of an answer that has pages
	count int64
	last  bool
	total int64 // -1: unknown, or not what decides
}

func (l List) call() *call {
	return &call{op: l.Op, method: http.MethodGet, endpoint: l.Endpoint}
}

func (c *Client) listPage(ctx context.Context, l List, startAt, number int64) (page listPage, err error) {
	call := l.call()
	if call.path = l.Path; !strings.HasPrefix(l.Path, "/rest/") {
		call.path = c.api(l.Path)
	}
	call.query = maps.Clone(l.Query)
	if l.Paging != Whole && call.query == nil {
		call.query = url.Values{}
	}
	switch l.Paging {
	case ByOffset:
		call.query.Set("startAt", strconv.FormatInt(startAt, 10))
		call.query.Set("maxResults", strconv.Itoa(l.PageSize))
	case ByNumber:
		call.query.Set("page", strconv.FormatInt(number, 10))
		call.query.Set("maxResults", strconv.Itoa(l.PageSize))
	}
	call.accept = func(a *answer) error {
		var err error
		page, err = l.take(a.body.b, startAt)
		return err
	}
	return page, c.do(ctx, call)
}

// take copies what is wanted out of an answer.
func (l List) take(body []byte, startAt int64) (page listPage, err error) {
	body = bytes.TrimSpace(body)
	if !rawjson.Valid(body) {
		return page, errors.New("the answer is not JSON")
	}
	page.total = -1
	array := body
	if l.Member != "" {
		array = rawjson.Lookup(body, l.Member)
		isLast := rawjson.Lookup(body, "isLast")
		page.last = string(isLast) == "true"
		if n, ok := rawjson.Int64(rawjson.Lookup(body, "total")); ok && rawjson.IsNull(isLast) {
			page.total = n // isLast is right where both are there and differ
		}
		if at, ok := rawjson.Int64(rawjson.Lookup(body, "startAt")); ok && l.Paging == ByOffset && at != startAt {
			return page, fmt.Errorf("%w: it starts at %d, not at %d", ErrWrongPage, at, startAt)
		}
	}
	if l.Member == "" && l.Paging == Whole {
		page.raw = bytes.Clone(body)
		return page, nil
	}
	if rawjson.TypeOf(array) != rawjson.Array {
		return page, errors.New("the answer holds no list")
	}
	page.raw = bytes.Clone(array)
	rawjson.Elements(page.raw, func(e []byte) bool {
		if page.count == 0 {
			page.first = e
		}
		page.count++
		return true
	})
	if l.Paging == Whole && page.total > page.count {
		return page, fmt.Errorf("the answer shows %d of %d", page.count, page.total)
	}
	return page, nil
}
