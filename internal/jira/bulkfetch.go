package jira

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"snowdrift/internal/jira/jql"
)

// bulkSize is the number of issues fetched by one request. slimSize is the same
// when only slim fields are asked for: Cloud's documentation
// (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/,
// "Bulk fetch issues") allows it since autumn 2026 for fields that are named and hold
// one value, and Data Center's search sends no more to a page unless it is told to.
const (
	bulkSize = 100
	slimSize = 1000
)

// slim are the fields of which a thousand issues make a page of ordinary size.
var slim = []string{"id", "key", "created", "updated", "archiveddate"}

// Together is how many issues one request of BulkFetch asks for. Sites may
// refuse slimSize; then it is bulkSize from there on.
func (c *Client) Together(fields []string, expand ...string) int {
	fat := func(field string) bool { return !slices.Contains(slim, field) }
	if len(fields) == 0 || slices.ContainsFunc(fields, fat) || len(expand) > 0 || c.narrow.Load() {
		return bulkSize
	}
	return slimSize
}

// BulkFetch yields the issues with these ids as they are now, 100 to a page
// (see Together), past any lag of the search index on Cloud. An issue that does not exist or
// that the account may not see does not come, without further notice; on Cloud
// not even an archived one is told apart. None as fields asks for *all.
//
// Data Center has no such call. Its search for a list of ids answers 400 if
// one of them does not exist; with validateQuery=false it should warn instead,
// which its documentation promises and not every release is known to keep. So a
// refused list is halved until the culprit is alone, and that one is asked for by
// GET issue, which also finds archived issues.
//
// A page that would be larger than Options.MaxResponseBytes is fetched in halves.
//
// expand asks for more, see Search.Expand.
func (c *Client) BulkFetch(ctx context.Context, ids []int64, fields []string, expand ...string) iter.Seq2[*Page, error] {
	if len(fields) == 0 {
		fields = []string{"*all"}
	}
	want := wanted{fields, expand}
	return func(yield func(*Page, error) bool) {
		for rest := ids; len(rest) > 0; {
			n := min(c.Together(fields, expand...), len(rest))
			if !c.fetchChunk(ctx, rest[:n], want, yield) {
				return
			}
			rest = rest[n:]
		}
	}
}

// wanted is what is asked for of an issue.
type wanted struct{ fields, expand []string }

// fetchChunk yields what is found of a chunk; false means stop.
func (c *Client) fetchChunk(ctx context.Context, ids []int64, want wanted, yield func(*Page, error) bool) bool {
	err := c.fetchList(ctx, ids, want, yield)
	kind := KindOf(err)
	if kind == KindBadRequest && c.site.Deployment == Cloud && len(ids) > bulkSize {
		c.narrow.Store(true)
		return c.fetchNarrow(ctx, ids, want, yield)
	}
	splits := kind == KindTooLarge || kind == KindBadRequest && c.site.Deployment == DataCenter
	switch {
	case err == nil:
		return true
	case errors.Is(err, errStopped):
		return false
	case splits && len(ids) > 1:
		half := len(ids) / 2
		return c.fetchChunk(ctx, ids[:half], want, yield) && c.fetchChunk(ctx, ids[half:], want, yield)
	case splits && kind == KindBadRequest:
		return c.fetchOne(ctx, ids[0], want, yield)
	default:
		yield(nil, err)
		return false
	}
}

// fetchNarrow fetches a chunk that was refused for its size.
func (c *Client) fetchNarrow(ctx context.Context, ids []int64, want wanted, yield func(*Page, error) bool) bool {
	for chunk := range slices.Chunk(ids, bulkSize) {
		if !c.fetchChunk(ctx, chunk, want, yield) {
			return false
		}
	}
	return true
}

// errStopped says that the caller wants no more pages.
var errStopped = errors.New("stopped by the caller")

func (c *Client) fetchList(ctx context.Context, ids []int64, want wanted, yield func(*Page, error) bool) error {
	if c.site.Deployment == Cloud {
		page, err := c.bulkPage(ctx, ids, want)
		if err != nil {
			return err
		}
		return handOver(page, yield)
	}
	search := Search{JQL: jql.IDs(ids).String() + " " + jql.OrderBy("key"), Fields: want.fields, PageSize: len(ids), Expand: want.expand}
	for page, err := range c.searchDataCenter(ctx, search.withDefaults(), false) {
		if err != nil {
			return err
		}
		if err := handOver(page, yield); err != nil {
			return err
		}
	}
	return nil
}

func handOver(page *Page, yield func(*Page, error) bool) error {
	if !yield(page, nil) {
		return errStopped
	}
	return nil
}

// bulkFetchBody is the body of POST issue/bulkfetch.
type bulkFetchBody struct {
	IssueIDsOrKeys []string `json:"issueIdsOrKeys"`
	Fields         []string `json:"fields"`
	Expand         []string `json:"expand,omitempty"` // an array here, one string elsewhere
}

func (c *Client) bulkPage(ctx context.Context, ids []int64, want wanted) (page *Page, err error) {
	body := bulkFetchBody{IssueIDsOrKeys: decimals(ids), Fields: want.fields, Expand: want.expand}
	call := &call{
		op: "fetch issues by id", method: http.MethodPost, endpoint: "issue/bulkfetch", path: "/rest/api/3/issue/bulkfetch", body: body,
		accept: func(a *answer) error {
			env, err := a.split()
			if err != nil {
				return err
			}
			page = c.page(a, env)
			return nil
		},
	}
	if err := c.do(ctx, call); err != nil {
		return nil, err
	}
	return page, nil
}

func decimals(ids []int64) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return texts
}

// fetchOne yields a page with the one issue, or none if it is not there for us.
func (c *Client) fetchOne(ctx context.Context, id int64, want wanted, yield func(*Page, error) bool) bool {
	page, err := c.Issue(ctx, id, want.fields, want.expand...)
	if KindOf(err) == KindNotFound {
		return true
	}
	if err != nil {
		yield(nil, err)
		return false
	}
	return yield(page, nil)
}

// Issue fetches one issue by id (GET issue), archived ones included. The page
// holds exactly this issue. KindNotFound means that it does not exist or that
// the account may not see it: Jira does not tell these apart.
func (c *Client) Issue(ctx context.Context, id int64, fields []string, expand ...string) (page *Page, err error) {
	call := &call{
		op: "fetch issue " + strconv.FormatInt(id, 10), method: http.MethodGet, endpoint: "issue/{id}",
		path:  c.api("/issue/") + strconv.FormatInt(id, 10),
		query: url.Values{"updateHistory": {"false"}},
		accept: func(a *answer) error {
			issue := bytes.TrimSpace(a.body.b)
			if err := checkObject(issue); err != nil {
				return err
			}
			page = c.page(a, &envelope{issues: append(a.body.issues[:0], issue), total: -1})
			return nil
		},
	}
	if len(fields) > 0 {
		call.query.Set("fields", strings.Join(fields, ","))
	}
	if len(expand) > 0 {
		call.query.Set("expand", strings.Join(expand, ","))
	}
	if err := c.do(ctx, call); err != nil {
		return nil, err
	}
	return page, nil
}
