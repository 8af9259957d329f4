package fetch

import (
	"context"
	"fmt"
	"iter"

	"snowdrift/internal/jira"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// Rehearsal is what the requests of a load would find.
type Rehearsal struct {
	Issue int64 // id of one issue in scope; 0 if there is none
	Count int64 // issues in scope
	Exact bool  // whether Count is more than an estimate
}

// Rehearse sends one small request of each kind that reads issues: a search for
// the selected fields, a count, an issue by id, and the children that the tables
// take. Each can need a scope of its own. A query that Jira does not understand is a *BadQuery.
func (s *Source) Rehearse(ctx context.Context) (Rehearsal, error) {
	var r Rehearsal
	for page, err := range s.client.Search(ctx, jira.Search{JQL: s.query(s.scope, "updated"), Fields: s.fields.Request, PageSize: 1}) {
		if jira.KindOf(err) == jira.KindBadRequest && s.opts.Query.JQL != "" {
			return r, &BadQuery{Err: err}
		}
		if err != nil {
			return r, err
		}
		if len(page.Issues) > 0 {
			id, ok := rawjson.Int64(rawjson.Lookup(page.Issues[0], "id"))
			if !ok {
				return r, fmt.Errorf("an issue of the search has no numeric id")
			}
			r.Issue = id
		}
		page.Release()
		if r.Issue != 0 {
			break
		}
	}
	if r.Issue == 0 {
		return r, ctx.Err()
	}
	var err error
	if r.Count, r.Exact, err = s.client.Count(ctx, s.bounded(s.scope)); err != nil {
		return r, err
	}
	for page, err := range s.client.BulkFetch(ctx, []int64{r.Issue}, []string{"id"}) {
		if err != nil {
			return r, err
		}
		page.Release()
	}
	return r, s.rehearseChildren(ctx, r.Issue)
}

// rehearseChildren sends one request of each kind that reads the children of an
// issue, if a table takes it.
func (s *Source) rehearseChildren(ctx context.Context, issue int64) error {
	var all []iter.Seq2[*jira.Children, error]
	for _, r := range remarks {
		if s.fields.fills(r.field) {
			all = append(all, r.read(s.client, ctx, issue))
		}
	}
	if s.fields.fills(table.Changelog) && s.client.Site().Deployment == jira.Cloud {
		all = append(all, s.client.Changelogs(ctx, []int64{issue}))
	}
	for _, name := range s.extras() {
		if _, err := s.readExtras(ctx, fmt.Appendf(nil, `{"id":"%d"}`, issue), []string{name}); err != nil {
			return err
		}
	}
	for _, pages := range all {
		for page, err := range pages {
			if err != nil {
				return err
			}
			page.Release()
			break
		}
	}
	return nil
}
