package fetch

import (
	"context"
	"errors"
	"iter"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
)

// walk yields the pages of a restriction, ordered by a date field that is among
// fields. Data Center lets nobody page deeper than some 10,000 rows; there the
// walk begins again at the last date that it saw, and some issues come twice.
func (s *Source) walk(ctx context.Context, clause jql.Clause, order string, fields, expand []string, size int) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		rest, taken := clause, false
		for {
			var last time.Time
			beyond := false
			search := jira.Search{JQL: s.query(rest, order), Fields: fields, Expand: expand, PageSize: size}
			if order == "updated" {
				search.Order = order
			}
			for page, err := range s.client.Search(ctx, search) {
				if errors.Is(err, jira.ErrResultWindow) {
					// Minutes are understood everywhere, and round down.
					next := jql.And(clause, jql.Minutes(s.client.Site().Location).Since(order, last))
					if beyond = next != rest; beyond { // else too many issues have one date
						rest = next
						break
					}
				}
				switch {
				case err == nil:
					last, taken = latest(page, order, last), true
				case !taken: // else Jira understands the query
					err = s.refused(err)
				}
				if !yield(page, err) || err != nil {
					return
				}
			}
			if !beyond {
				return
			}
		}
	}
}

// latest returns the date of the last issue of a page that has one.
func latest(page *jira.Page, field string, before time.Time) time.Time {
	for i := len(page.Issues) - 1; i >= 0; i-- {
		if ms, ok := jiratime.ParseMillis(rawjson.Lookup(rawjson.Lookup(page.Issues[i], "fields"), field)); ok {
			return time.UnixMilli(ms)
		}
	}
	return before
}
