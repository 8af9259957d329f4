package jira

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
)

// resultWindow is how deep Data Center lets one page by default
// (jira.search.platform.max.result.window); beyond it, it answers 500.
const resultWindow = 10_000

// dataCenterSearch is the body of POST /rest/api/2/search.
type dataCenterSearch struct {
	JQL           string   `json:"jql"`
	StartAt       int64    `json:"startAt"`
	MaxResults    int      `json:"maxResults"`
	Fields        []string `json:"fields"`
	Expand        []string `json:"expand,omitempty"`
	ValidateQuery bool     `json:"validateQuery"`
}

// searchDataCenter pages by offset, see offsetWalk. validate=false asks Jira to
// leave out what it does not find in place of refusing the query; then fewer
// issues may come than Jira counts.
func (c *Client) searchDataCenter(ctx context.Context, s Search, validate bool) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		body := dataCenterSearch{JQL: s.JQL, Fields: s.Fields, Expand: s.Expand, ValidateQuery: validate}
		walk := &offsetWalk{size: int64(s.PageSize), order: s.Order, lenient: !validate, seen: map[int64]sighting{}}
		for {
			body.StartAt, body.MaxResults = walk.next()
			page, delivers, err := c.dataCenterPage(ctx, body)
			step := theLast
			if err == nil {
				step, err = walk.take(page, delivers)
			} else if errors.Is(err, ErrResultWindow) {
				err = cmp.Or(walk.checkCount(), err)
			}
			switch {
			case err != nil:
				page.Release()
				yield(nil, walkError(body, err))
				return
			case step == another:
				page.Release()
			case !yield(page, nil) || step == theLast:
				return
			}
		}
	}
}

// walkError makes what a walk found wrong an error of its last call.
func walkError(body dataCenterSearch, err error) error {
	if KindOf(err) != "" || !errors.Is(err, ErrShiftingRows) && !errors.Is(err, ErrMissingRows) {
		return err
	}
	e := dataCenterCall("search issues", body).failure(KindProtocol, err)
	e.Status, e.Hint = http.StatusOK, "run again when less is changed on the site at once"
	if errors.Is(err, ErrMissingRows) {
		e.Hint = "run again; if it stays so, the site's search index holds issues that are no more: have it built anew"
	}
	return e
}

// dataCenterPage reads one page and tells how many rows it has room for: Jira
// clips what it is asked for to its own maximum and says so.
func (c *Client) dataCenterPage(ctx context.Context, body dataCenterSearch) (page *Page, delivers int64, err error) {
	call := dataCenterCall("search issues", body)
	call.accept = func(a *answer) error {
		env, err := a.split()
		if err != nil {
			return err
		}
		if env.startAt >= 0 && env.startAt != body.StartAt {
			return fmt.Errorf("%w: it starts at %d, not at %d", ErrWrongPage, env.startAt, body.StartAt)
		}
		delivers = int64(body.MaxResults)
		if env.maxResults >= 0 {
			delivers = min(delivers, env.maxResults)
		}
		page = c.page(a, env)
		return nil
	}
	if err := c.do(ctx, call); err != nil {
		return nil, 0, err
	}
	return page, delivers, nil
}

func dataCenterCall(op string, body dataCenterSearch) *call {
	call := &call{op: op, method: http.MethodPost, endpoint: "search", path: "/rest/api/2/search", body: body}
	call.refused = func(e *Error) {
		if e.Status == http.StatusInternalServerError && body.StartAt+int64(body.MaxResults) > resultWindow {
			e.Kind, e.Err = KindBadRequest, ErrResultWindow
			e.Hint = "cut the query into slices of fewer than 10,000 issues, for instance by created"
		}
	}
	return call
}

// dataCenterCount asks for no rows and reads the total.
func (c *Client) dataCenterCount(ctx context.Context, jql string) (n int64, err error) {
	call := dataCenterCall("count issues", dataCenterSearch{JQL: jql, Fields: []string{"id"}, ValidateQuery: true})
	call.accept = func(a *answer) error {
		env, err := a.split()
		if err != nil {
			return err
		}
		if env.total < 0 {
			return errors.New("the answer holds no total")
		}
		n = env.total
		return nil
	}
	err = c.do(ctx, call)
	return n, err
}
