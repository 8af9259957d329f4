package jira

import (
	"fmt"
	"strings"
)

// Page is a part of an answer to Search or BulkFetch. It may be empty.
//
// Issues are parts of one pooled buffer: they must neither be kept nor touched after
// Release. A page that is never released is only lost
// to the pool. A page that somebody made of copies has no buffer, and is released
// like the others.
type Page struct {
	// Issues are the raw issue objects, byte for byte as Jira sent them. An
	// issue can come twice, within a page or on several.
	Issues [][]byte
	// Total is what Data Center says the query matches; -1 on Cloud. It can
	// change from page to page, and it can lie.
	Total int64
	// Warnings are Jira's own remarks on the answer, in its language, and on the
	// last page of a search of Data Center how many issues it counts and does not show.
	Warnings []string
	// Failed are ids of issues that Jira was asked for and failed to load. Of those
	// that it leaves out without a word it says that they do not exist for us.
	Failed []int64

	body   *buffer
	bodies *bodies
}

// CutShort returns an ErrCutShort if Jira warns that a function in the JQL came to a limit,
// so that issues are missing that match (warnings of the type JQL_FUNCTION_LIMIT_EXCEEDED:
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/).
func (p *Page) CutShort() error {
	for _, w := range p.Warnings {
		if strings.Contains(w, "LIMIT_EXCEEDED") {
			return fmt.Errorf("%w: %s", ErrCutShort, w)
		}
	}
	return nil
}

// Release gives the page's memory back. It may be called more than once. Issues
// are dropped one by one: a reader that waits for its next turn has the list in
// its hands, and the page must not live as long.
func (p *Page) Release() {
	if p == nil {
		return
	}
	clear(p.Issues)
	if p.body != nil {
		p.bodies.put(p.body)
	}
	p.body, p.Issues = nil, nil
}

// page takes a split answer over, with its buffer.
func (c *Client) page(a *answer, env *envelope) *Page {
	p := &Page{
		Issues: env.issues, Total: env.total, Warnings: env.warnings, Failed: env.failed,
		body: a.body, bodies: c.bodies,
	}
	a.body.issues, a.body = env.issues, nil
	return p
}
