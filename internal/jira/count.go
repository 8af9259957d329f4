package jira

import (
	"context"
	"errors"
	"net/http"
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
