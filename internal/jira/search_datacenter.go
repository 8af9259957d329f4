package jira

import (
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

// searchDataCenter pages by offset. validate=false asks Jira to leave out what
// it does not find in place of refusing the query.
func (c *Client) searchDataCenter(ctx context.Context, s Search, validate bool) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		body := dataCenterSearch{JQL: s.JQL, MaxResults: s.PageSize, Fields: s.Fields, Expand: s.Expand, ValidateQuery: validate}
		for {
			// The last page before the window must not reach over its end.
			body.MaxResults = s.PageSize
			if left := resultWindow - body.StartAt; left > 0 {
				body.MaxResults = int(min(int64(s.PageSize), left))
			}
			page, last, err := c.dataCenterPage(ctx, body)
			if err != nil {
				yield(nil, err)
				return
			}
			// The page received decides how far we are, not the one asked for.
			body.StartAt += int64(len(page.Issues))
			if !yield(page, nil) || last {
				return
			}
		}
	}
}

// emptyLooks is how often a page is asked for that is empty and by the total
// should not be. Then the page is believed: an index that was not cleaned counts
// issues that are no more.
const emptyLooks = 3

// dataCenterPage reads one page and says whether it is the last. An empty page
// is, once it was seen to stay empty if the total contradicts it: one answer that
// went wrong must not end the search. A short page is the last if the total
// agrees, which spares the empty one; a full one may be followed by rows that the
// total does not count.
func (c *Client) dataCenterPage(ctx context.Context, body dataCenterSearch) (page *Page, last bool, err error) {
	for look := 1; ; look++ {
		page, last, err = c.dataCenterLook(ctx, body)
		if err != nil || len(page.Issues) > 0 || page.Total <= body.StartAt || look == emptyLooks {
			return page, last, err
		}
		page.Release()
	}
}

// dataCenterLook is dataCenterPage for one answer.
func (c *Client) dataCenterLook(ctx context.Context, body dataCenterSearch) (page *Page, last bool, err error) {
	call := dataCenterCall("search issues", body)
	call.accept = func(a *answer) error {
		env, err := a.split()
		if err != nil {
			return err
		}
		if env.startAt >= 0 && env.startAt != body.StartAt {
			return fmt.Errorf("%w: it starts at %d, not at %d", ErrWrongPage, env.startAt, body.StartAt)
		}
		got := int64(len(env.issues))
		delivers := int64(body.MaxResults) // Jira clips it to its own maximum and says so
		if env.maxResults >= 0 {
			delivers = min(delivers, env.maxResults)
		}
		last = got == 0 || env.total >= 0 && body.StartAt+got >= env.total && got < delivers
		page = c.page(a, env)
		return nil
	}
	if err := c.do(ctx, call); err != nil {
		return nil, false, err
	}
	return page, last, nil
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
