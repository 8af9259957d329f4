package fetch

import (
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"snowdrift/internal/jira"
)

// byID yields issues by id, all that Jira shows of them: those that the bulk of
// them came without are asked for alone.
func (s *Source) byID(ctx context.Context, ids []int64, fields []string, expand ...string) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		came := map[int64]bool{}
		var failed []int64
		for page, err := range s.bulk(ctx, ids, came, &failed, fields, expand...) {
			if !yield(page, err) || err != nil {
				return
			}
		}
		for page, err := range s.alone(ctx, ids, came, failed, fields, expand...) {
			if !yield(page, err) {
				return
			}
		}
	}
}

// bulk yields issues by id, and notes those that came and those that Jira failed to
// load. An error is the last that it yields.
func (s *Source) bulk(ctx context.Context, ids []int64, came map[int64]bool, failed *[]int64, fields []string, expand ...string) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		for page, err := range s.client.BulkFetch(ctx, ids, fields, expand...) {
			if err == nil {
				*failed = append(*failed, page.Failed...)
				err = note(came, page)
				s.answered(came)
			}
			if !yield(page, err) || err != nil {
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

// alone yields what the bulk of issues came without and Jira shows nevertheless. On
// Cloud that is what a second look finds, since an issue that is left out without a
// word passes for gone, and what a request for one issue finds of those that Jira
// failed to load. On Data Center every issue is asked for by itself: its search, which
// stands for a bulk there, finds nothing that is archived. An error is the last that
// it yields.
func (s *Source) alone(ctx context.Context, ids []int64, came map[int64]bool, failed []int64, fields []string, expand ...string) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		left := without(ids, came)
		if s.onCloud() {
			for page, err := range s.bulk(ctx, left, came, &failed, fields, expand...) {
				if !yield(page, err) || err != nil {
					return
				}
			}
			left = without(failed, came)
		}
		slices.Sort(left)
		for _, id := range slices.Compact(left) { // asked for twice, it failed twice
			page, err := s.one(ctx, id, fields, expand...)
			if page == nil && err == nil {
				continue
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// without returns the ids that did not come.
func without(ids []int64, came map[int64]bool) []int64 {
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return came[id] })
}

// one asks for an issue by itself. The page is nil if Jira shows no such issue, and
// if it answers with a fault of its own: then the issue is one of Unanswered.
func (s *Source) one(ctx context.Context, id int64, fields []string, expand ...string) (*jira.Page, error) {
	unanswered := s.Unanswered()
	if _, is := unanswered[id]; is {
		return nil, nil
	}
	patience := ctx
	if len(unanswered) > 0 { // what one issue was given is not given to each
		var cancel context.CancelFunc
		patience, cancel = context.WithTimeout(ctx, patienceForMore)
		defer cancel()
	}
	page, err := s.client.Issue(patience, id, fields, expand...)
	switch kind := jira.KindOf(err); {
	case kind == jira.KindNotFound:
		return nil, nil
	case kind == jira.KindUnavailable, kind == jira.KindProtocol, kind == jira.KindTooLarge, err != nil && patience.Err() != nil && ctx.Err() == nil:
		if s.giveUp(s.unanswered, id, err) {
			return nil, nil
		}
	}
	return page, err
}

// patienceForMore is how long an issue is asked for when Jira did not answer for
// another one.
const patienceForMore = time.Minute

// answered forgets that Jira did not answer for issues that came after all.
func (s *Source) answered(came map[int64]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.unanswered, func(id int64, _ string) bool { return came[id] })
}

// mostUnanswered is how many issues may be left unanswered. With more it is not the
// issues that are at fault.
const mostUnanswered = 20

// giveUp notes among some an issue for which Jira does not answer, unless there are too
// many.
func (s *Source) giveUp(among map[int64]string, id int64, why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.unanswered)+len(s.withheld) >= mostUnanswered {
		return false
	}
	s.opts.Log.Warn("Jira does not answer for an issue", "id", id, "error", why)
	among[id] = why.Error()
	return true
}

// Unanswered returns the issues for which Jira answers with an error each time that they,
// or their children, are asked for by id, with the error. What became of them is not known.
func (s *Source) Unanswered() map[int64]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := maps.Clone(s.unanswered)
	maps.Copy(all, s.withheld)
	return all
}
