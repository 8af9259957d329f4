package fetch

import (
	"context"
	"iter"

	"snowdrift/internal/jira"
)

// byID yields issues by id, all that Jira shows of them: those that the bulk of
// them came without are asked for alone.
func (s *Source) byID(ctx context.Context, ids []int64, fields []string, expand ...string) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		came := map[int64]bool{}
		for page, err := range s.client.BulkFetch(ctx, ids, fields, expand...) {
			if err == nil {
				err = note(came, page)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(page, nil) {
				return
			}
		}
		for page, err := range s.alone(ctx, ids, came, fields, expand...) {
			if !yield(page, err) {
				return
			}
		}
	}
}

// note adds the issues of a page to those that came.
func note(came map[int64]bool, page *jira.Page) error {
	for _, raw := range page.Issues {
		id, err := idOf(raw)
		if err != nil {
			return err
		}
		came[id] = true
	}
	return nil
}

// alone yields what Data Center shows to a request for one issue only: its search,
// which stands for a bulk there, finds nothing that is archived. An error is the
// last that it yields.
func (s *Source) alone(ctx context.Context, ids []int64, came map[int64]bool, fields []string, expand ...string) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		if s.client.Site().Deployment != jira.DataCenter {
			return
		}
		for _, id := range ids {
			if came[id] {
				continue
			}
			page, err := s.client.Issue(ctx, id, fields, expand...)
			if jira.KindOf(err) == jira.KindNotFound {
				continue
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}
