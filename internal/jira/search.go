package jira

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
)

// Search is a query for issues.
type Search struct {
	// JQL, with its ORDER BY. Cloud refuses a query without a restriction. An
	// order by fields that do not change while pages turn, or that send changed
	// issues to the end (updated ASC), keeps issues from being skipped: on Cloud,
	// whose tokens name the last row of a page, by itself, and on Data Center
	// because pages overlap, see offsetWalk.
	JQL string
	// Order is the date field that JQL orders by, if it is one that changes
	// (updated) and among Fields. By it Data Center tells an issue that comes again
	// because it was edited from one that a page repeats.
	Order string
	// Fields are field ids, or *all, *navigable, id, or -excluded ones. None
	// asks for *all.
	Fields []string
	// PageSize is the number of issues asked for, which is only a hint: Cloud
	// sends up to 5,000 if nothing but id and key is asked for, about 100 else.
	// 0 asks for 100.
	PageSize int
	// Expand asks for more of each issue: changelog, renderedFields. What Jira would
	// add beside the issues (names, schema) is not kept.
	Expand []string
}

const (
	defaultPageSize = 100
	maxPageSize     = 5000 // more is a 400 on Cloud
	// maxEmptyPages is how many empty pages in a row may promise another one.
	maxEmptyPages = 3
)

func (s Search) withDefaults() Search {
	if s.PageSize <= 0 {
		s.PageSize = defaultPageSize
	}
	s.PageSize = min(s.PageSize, maxPageSize)
	if len(s.Fields) == 0 {
		s.Fields = []string{"*all"}
	}
	return s
}

// Search yields the pages of a query in order. The first error ends it; pages
// before it were good. The pages of one search come one after the other, since
// each holds the token of the next: cut a large query into several searches to
// read it in parallel.
//
// Jira takes no snapshot: an issue that changes while pages turn can come
// twice, and one that enters the result in front of what was read does not come. The
// caller de-duplicates by id and proves completeness by a census.
func (c *Client) Search(ctx context.Context, s Search) iter.Seq2[*Page, error] {
	s = s.withDefaults()
	if c.site.Deployment == Cloud {
		return c.searchCloud(ctx, s)
	}
	return c.searchDataCenter(ctx, s, true)
}

// cloudSearch is the body of POST search/jql. Cloud refuses members that it
// does not know, and null where it expects a value.
type cloudSearch struct {
	JQL           string   `json:"jql"`
	MaxResults    int      `json:"maxResults"`
	Fields        []string `json:"fields"`
	Expand        string   `json:"expand,omitempty"` // one string here, an array elsewhere
	NextPageToken string   `json:"nextPageToken,omitempty"`
}

func (c *Client) searchCloud(ctx context.Context, s Search) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		// All but the token stays the same on every page; Jira wants it so.
		body := cloudSearch{JQL: s.JQL, MaxResults: s.PageSize, Fields: s.Fields, Expand: strings.Join(s.Expand, ",")}
		var trail tokenTrail
		for {
			page, token, err := c.cloudPage(ctx, body)
			if err != nil {
				yield(nil, err)
				return
			}
			empty := len(page.Issues) == 0
			if !yield(page, nil) || token == "" {
				return
			}
			if err := trail.follow(token, empty); err != nil {
				e := cloudCall(body).failure(KindProtocol, err)
				e.Status = http.StatusOK
				yield(nil, e)
				return
			}
			body.NextPageToken = token
		}
	}
}

func cloudCall(body cloudSearch) *call {
	return &call{op: "search issues", method: http.MethodPost, endpoint: "search/jql", path: "/rest/api/3/search/jql", body: body}
}

func (c *Client) cloudPage(ctx context.Context, body cloudSearch) (page *Page, token string, err error) {
	call := cloudCall(body)
	call.accept = func(a *answer) error {
		env, err := a.split()
		if err != nil {
			return err
		}
		// Whether there is a token decides: isLast is reported to be unreliable
		// (JRACLOUD-95477). Only isLast=false without a token leaves no way on
		// and would lose the rest without a word.
		if env.nextToken == "" && env.isLast != nil && !*env.isLast {
			return ErrMissingToken
		}
		page, token = c.page(a, env), env.nextToken
		return nil
	}
	call.refused = func(e *Error) {
		if e.Kind == KindBadRequest && body.NextPageToken != "" {
			e.Hint = "Jira took the first page of this query, so it is the page token that it refuses; search again from the start"
		}
	}
	if err := c.do(ctx, call); err != nil {
		return nil, "", err
	}
	return page, token, nil
}

// split takes a page of issues apart and requires it to be one.
func (a *answer) split() (*envelope, error) {
	env := &envelope{issues: a.body.issues}
	if err := splitPage(a.body.b, env); err != nil {
		return nil, err
	}
	if !env.hasIssues {
		return nil, errors.New("the answer holds no list of issues")
	}
	return env, nil
}

// tokenTrail remembers the tokens of one search, to notice a walk in circles.
// Digests bound its memory: tokens are opaque and can be long.
type tokenTrail struct {
	seen  map[[sha256.Size]byte]struct{}
	empty int // empty pages in a row
}

// follow notes that the search goes on to token, from a page that was empty or not.
func (t *tokenTrail) follow(token string, empty bool) error {
	if t.seen == nil {
		t.seen = make(map[[sha256.Size]byte]struct{})
	}
	digest := sha256.Sum256([]byte(token))
	if _, again := t.seen[digest]; again {
		return fmt.Errorf("%w after %d pages", ErrRepeatedToken, len(t.seen))
	}
	t.seen[digest] = struct{}{}
	if t.empty++; !empty {
		t.empty = 0
	}
	if t.empty > maxEmptyPages {
		return fmt.Errorf("%w: %d in a row", ErrEmptyPages, t.empty)
	}
	return nil
}
