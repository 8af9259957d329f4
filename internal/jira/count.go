package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Count says how many issues a query matches. On Cloud it is an estimate that
// may lag behind (approximate-count), and exact is false; Data Center counts.
func (c *Client) Count(ctx context.Context, jql string) (n int64, exact bool, err error) {
	if c.site.Deployment == DataCenter {
		n, err = c.dataCenterCount(ctx, jql)
		return n, err == nil, err
	}
	var body struct {
		Count *int64 `json:"count"`
	}
	call := &call{
		op: "count issues", method: http.MethodPost, endpoint: "search/approximate-count", path: "/rest/api/3/search/approximate-count",
		body: struct {
			JQL string `json:"jql"`
		}{jql},
		accept: func(a *answer) error {
			body.Count = nil
			if err := a.decode(&body); err != nil {
				return err
			}
			if body.Count == nil || *body.Count < 0 {
				return errors.New("the answer holds no count")
			}
			return nil
		},
	}
	if err := c.do(ctx, call); err != nil {
		return 0, false, err
	}
	return *body.Count, false, nil
}

// UnderstandsMillis finds out, by one request, whether the site reads unquoted
// numbers in JQL as epoch milliseconds (see jql.Millis). Nobody documents it, so
// the question is put in a way that only this reading answers with an issue: one
// was updated in the last thirty years, and that is not after tomorrow. A site
// that refuses the query, or has no issues, is taken not to understand.
func (c *Client) UnderstandsMillis(ctx context.Context) (bool, error) {
	now := c.options.Now().Add(c.site.ClockSkew)
	query := fmt.Sprintf("updated >= %d AND NOT updated >= %d", now.AddDate(-30, 0, 0).UnixMilli(), now.Add(24*time.Hour).UnixMilli())
	for page, err := range c.Search(ctx, Search{JQL: query, Fields: []string{"id"}, PageSize: 1}) {
		if KindOf(err) == KindBadRequest {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		found := len(page.Issues) > 0
		page.Release()
		return found, nil
	}
	return false, ctx.Err()
}
