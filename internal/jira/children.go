package jira

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Child is a comment, a worklog, or an entry of a changelog (a history).
type Child struct {
	Issue int64  // id of the issue that it belongs to
	Raw   []byte // the JSON object, byte for byte as Jira sent it
}

// Children is a page of them. As with Page, the raw objects are parts of one
// pooled buffer and must not be touched after Release.
type Children struct {
	Rows []Child

	body   *buffer
	bodies *bodies
}

// Size returns the bytes that the page holds until it is released.
func (p *Children) Size() int {
	if p.body == nil {
		return 0
	}
	return len(p.body.b)
}

// Release gives the page's memory back. It may be called more than once.
func (p *Children) Release() {
	if p.body == nil {
		return
	}
	p.bodies.put(p.body)
	p.body, p.Rows = nil, nil
}

// Sizes of pages of children: the most that the deployment gives.
const (
	commentPage   = 100    // Cloud clips to it
	worklogPage   = 5000   // Cloud; Data Center sends all
	offPage       = 1000   // Data Center, comments
	changelogIDs  = 1000   // issues of one request
	changelogPage = 10_000 // entries of one answer
)

// Comments yields all comments of an issue that the account may see, oldest
// first (GET issue/{id}/comment). KindNotFound means that the issue is gone or
// hidden.
func (c *Client) Comments(ctx context.Context, issue int64) iter.Seq2[*Children, error] {
	size := commentPage
	if c.site.Deployment == DataCenter {
		size = offPage
	}
	return c.byOffset(ctx, issue, "comment", "comments", size)
}

// Worklogs yields all worklogs of an issue that the account may see (GET
// issue/{id}/worklog). KindNotFound means that the issue is gone or hidden, or that
// time tracking is switched off.
func (c *Client) Worklogs(ctx context.Context, issue int64) iter.Seq2[*Children, error] {
	return c.byOffset(ctx, issue, "worklog", "worklogs", worklogPage)
}

// byOffset pages through a resource of an issue whose elements are in list. It
// ends with an empty page also when the total promises more, since the total
// counts elements that the account may not see.
func (c *Client) byOffset(ctx context.Context, issue int64, resource, list string, size int) iter.Seq2[*Children, error] {
	return func(yield func(*Children, error) bool) {
		for startAt := int64(0); ; {
			page, total, err := c.offsetPage(ctx, issue, resource, list, startAt, size)
			if err != nil {
				yield(nil, err)
				return
			}
			got := int64(len(page.Rows))
			if got == 0 {
				page.Release()
				return
			}
			if startAt += got; !yield(page, nil) || startAt >= total || c.sendsAll(resource) {
				return
			}
		}
	}
}

// sendsAll: Data Center does not page worklogs, whatever is asked for.
func (c *Client) sendsAll(resource string) bool {
	return resource == "worklog" && c.site.Deployment == DataCenter
}

func (c *Client) offsetPage(ctx context.Context, issue int64, resource, list string, startAt int64, size int) (page *Children, total int64, err error) {
	call := &call{
		op: fmt.Sprintf("fetch the %s of issue %d", list, issue), method: http.MethodGet, endpoint: "issue/{id}/" + resource,
		path: fmt.Sprintf("%s%d/%s", c.api("/issue/"), issue, resource),
		accept: func(a *answer) error {
			p := childPage{issue: issue, list: list, startAt: -1, total: -1}
			if err := p.split(a.body.b); err != nil {
				return err
			}
			switch {
			case !p.hasList:
				return fmt.Errorf("the answer holds no list of %s", list)
			case p.total < 0:
				return errors.New("the answer holds no total")
			case p.startAt >= 0 && p.startAt != startAt:
				return fmt.Errorf("%w: it starts at %d, not at %d", ErrWrongPage, p.startAt, startAt)
			}
			page, total = c.children(a, p.rows), p.total
			return nil
		},
	}
	if !c.sendsAll(resource) {
		call.query = url.Values{"startAt": {strconv.FormatInt(startAt, 10)}, "maxResults": {strconv.Itoa(size)}}
	}
	if err := c.do(ctx, call); err != nil {
		return nil, 0, err
	}
	return page, total, nil
}

func (c *Client) children(a *answer, rows []Child) *Children {
	p := &Children{Rows: rows, body: a.body, bodies: c.bodies}
	a.body = nil
	return p
}

// Changelogs yields the whole changelogs of issues, a thousand issues to a
// request (POST changelog/bulkfetch). The entries of one issue may be spread
// over pages and come in any order; an entry may come twice. An issue without
// entries, and one that is gone or hidden, does not come. The instants are
// numbers of epoch milliseconds here.
//
// Data Center has no such call; there the changelog is expanded in a search.
func (c *Client) Changelogs(ctx context.Context, issues []int64) iter.Seq2[*Children, error] {
	return func(yield func(*Children, error) bool) {
		for chunk := range slices.Chunk(issues, changelogIDs) {
			if !c.changelogsOf(ctx, chunk, yield) {
				return
			}
		}
	}
}

// changelogsOf yields the pages of one list of issues; false means stop. When
// an answer is larger than allowed it begins again with smaller pages.
func (c *Client) changelogsOf(ctx context.Context, issues []int64, yield func(*Children, error) bool) bool {
	for size := changelogPage; ; size /= 10 {
		err := c.changelogPages(ctx, issues, size, yield)
		switch {
		case err == nil:
			return true
		case errors.Is(err, errStopped):
			return false
		case KindOf(err) != KindTooLarge || size == 1:
			yield(nil, err)
			return false
		}
	}
}

// changelogBody is the body of POST changelog/bulkfetch.
type changelogBody struct {
	IssueIDsOrKeys []string `json:"issueIdsOrKeys"`
	MaxResults     int      `json:"maxResults"`
	NextPageToken  string   `json:"nextPageToken,omitempty"`
}

func (c *Client) changelogPages(ctx context.Context, issues []int64, size int, yield func(*Children, error) bool) error {
	body := changelogBody{IssueIDsOrKeys: decimals(issues), MaxResults: size}
	var trail tokenTrail
	for {
		page, token, err := c.changelogPage(ctx, body)
		if err != nil {
			return err
		}
		empty := len(page.Rows) == 0
		if !yield(page, nil) {
			return errStopped
		}
		if token == "" {
			return nil
		}
		if err := trail.follow(token, empty); err != nil {
			e := changelogCall(body).failure(KindProtocol, err)
			e.Status = http.StatusOK
			return e
		}
		body.NextPageToken = token
	}
}

func changelogCall(body changelogBody) *call {
	return &call{op: "fetch changelogs", method: http.MethodPost, endpoint: "changelog/bulkfetch", path: "/rest/api/3/changelog/bulkfetch", body: body}
}

func (c *Client) changelogPage(ctx context.Context, body changelogBody) (page *Children, token string, err error) {
	call := changelogCall(body)
	call.accept = func(a *answer) error {
		p := childPage{list: "issueChangeLogs", startAt: -1, total: -1}
		if err := p.split(a.body.b); err != nil {
			return err
		}
		if !p.hasList {
			return errors.New("the answer holds no list of changelogs")
		}
		page, token = c.children(a, p.rows), p.token
		return nil
	}
	if err := c.do(ctx, call); err != nil {
		return nil, "", err
	}
	return page, token, nil
}
