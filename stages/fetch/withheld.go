package fetch

import (
	"context"
	"time"

	"snowdrift/internal/jira"
)

// Jira may show an issue and fail whenever it is asked for its children: one damaged row of
// its database is enough. Such an issue is left out, for one with some of its children must
// not look complete, and nothing else waits for it: it is one of Unanswered.

// budgetForMore bounds how long a request for children is repeated when one for others
// was given up already.
const budgetForMore = 20 * time.Second

// isWithheld reports whether the children of an issue were withheld before in this run: it
// is not asked for them again.
func (s *Source) isWithheld(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, is := s.withheld[id]
	return is
}

// brief is the context for requests for the children of an issue.
func (s *Source) brief(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.withheld) == 0 {
		return ctx
	}
	return jira.WithRetryBudget(ctx, budgetForMore)
}

// leaveOut returns nil if an issue is to be left out since its children could not be read:
// it is gone, or Jira withholds them. Otherwise it returns the error.
func (s *Source) leaveOut(ctx context.Context, id int64, err error) error {
	kind := jira.KindOf(err)
	if kind == jira.KindNotFound {
		gone, sure := s.gone(ctx, id)
		if gone || sure != nil {
			return sure
		}
	}
	if kind != jira.KindNotFound && !isOfOne(err) || !s.giveUp(s.withheld, id, err) {
		return err
	}
	return nil
}

// isOfOne reports whether an answer for several issues may have failed for one of them.
func isOfOne(err error) bool {
	switch jira.KindOf(err) {
	case jira.KindUnavailable, jira.KindProtocol, jira.KindTooLarge:
		return true
	}
	return false
}
