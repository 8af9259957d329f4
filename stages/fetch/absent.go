package fetch

import (
	"context"
	"errors"
	"math"
	"sync"

	"snowdrift/internal/jira"
	"snowdrift/internal/rawjson"
)

// Jira leaves a field that failed to load out of an issue, where one without a value is
// null, and so it does with one that the site or a project does not use. For comments
// it is always the first; worklogs are asked for until it is clear that it is the second.

// believed is how many issues of a project have to come without worklogs, and to
// have none, before the others that come without are believed. On a million issues
// it would be as many requests.
const believed = 5

// absences is what is known about worklogs that issues came without.
type absences struct {
	mu   sync.Mutex
	none map[string]int // issues that have none, by project; far below 0 where some have
	off  *bool          // time tracking is; nil: nobody asked yet
}

// note notes what came of asking an issue of a project for its worklogs.
func (a *absences) note(project string, found bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.none == nil {
		a.none = map[string]int{}
	}
	if a.none[project]++; found {
		a.none[project] = math.MinInt / 2
	}
}

func (a *absences) believe(project string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.none[project] >= believed
}

// short returns the indexes of the remarks that an issue does not show all of.
// shown are the projects of which an issue beside it shows worklogs.
func (s *Source) short(ctx context.Context, is issue, shown func() map[string]bool) (short []int, err error) {
	for k, r := range remarks {
		if !s.fields.fills(r.field) {
			continue
		}
		ask := lacks(is.remarks[k], r.list)
		if is.remarks[k] == nil && is.endOfFields() > 0 {
			if ask = true; r.field == worklog {
				ask, err = s.asksForWorklogs(ctx, is.project(), shown)
			}
			if err != nil {
				return nil, err
			}
		}
		if ask {
			short = append(short, k)
		}
	}
	return short, nil
}

// asksForWorklogs reports whether an issue of a project that came without worklogs
// has to be asked for them.
func (s *Source) asksForWorklogs(ctx context.Context, project string, shown func() map[string]bool) (bool, error) {
	if off, err := s.timeTrackingIsOff(ctx); off || err != nil {
		return false, err
	}
	if shown()[project] {
		s.absent.note(project, true)
	}
	return !s.absent.believe(project), nil
}

// timeTrackingIsOff asks the site once. Where it does not tell, time tracking may be
// on.
func (s *Source) timeTrackingIsOff(ctx context.Context) (bool, error) {
	s.absent.mu.Lock()
	defer s.absent.mu.Unlock()
	if s.absent.off == nil {
		off := false
		for answer, err := range s.client.List(ctx, jira.List{Op: "read the site's configuration", Endpoint: "configuration", Path: "/configuration"}) {
			var refused *Refused
			if err = refusal(err); err != nil && !errors.As(err, &refused) {
				return false, err
			}
			off = err == nil && string(rawjson.Lookup(answer, "timeTrackingEnabled")) == "false"
		}
		s.absent.off = &off
	}
	return *s.absent.off, nil
}

// showing returns the projects of the issues that show worklogs.
func showing(page []issue) map[string]bool {
	projects := map[string]bool{}
	for _, is := range page {
		for k, r := range remarks {
			if r.field == worklog && is.remarks[k] != nil {
				projects[is.project()] = true
			}
		}
	}
	return projects
}

// project returns the id of the issue's project as it stands.
func (is issue) project() string {
	return string(rawjson.Lookup(rawjson.Lookup(rawjson.Lookup(is.raw, "fields"), "project"), "id"))
}

// endOfFields tells where a member can be appended to the issue's fields; 0 where
// there are none.
func (is issue) endOfFields() int {
	fields := rawjson.Lookup(is.raw, "fields")
	if rawjson.TypeOf(fields) != rawjson.Object {
		return 0
	}
	empty := true
	rawjson.Members(fields, func(_, _ []byte) bool {
		empty = false
		return false
	})
	if empty {
		return 0
	}
	return rawjson.Offset(is.raw, fields) + len(fields) - 1
}
