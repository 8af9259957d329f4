package fetch

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
)

// extras are the resources of an issue that tables take and no answer for
// several issues shows: remote links, watchers, votes.
func (s *Source) extras() []string {
	var names []string
	for _, t := range s.fields.Children {
		if name, found := strings.CutPrefix(t.Field, "."+table.Added); found {
			names = append(names, name)
		}
	}
	return names
}

// addExtras replaces the issues by copies with their extras. Those of which Jira withholds
// them become nil.
func (s *Source) addExtras(ctx context.Context, issues [][]byte, names []string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(issuesAtOnce)
	for i, raw := range issues {
		g.Go(func() error {
			id := look(raw).id
			issues[i] = nil
			if s.isWithheld(id) {
				return nil
			}
			whole, err := s.readExtras(s.brief(ctx), raw, names)
			if err != nil {
				return s.leaveOut(ctx, id, err)
			}
			issues[i] = whole
			return nil
		})
	}
	return g.Wait()
}

// readExtras returns a copy of an issue with its extras. One that Jira does not
// show stays away: voting or watching is switched off, the account lacks the
// permission for it, or the issue has just gone, which the census will tell.
func (s *Source) readExtras(ctx context.Context, raw []byte, names []string) ([]byte, error) {
	id := strconv.FormatInt(look(raw).id, 10)
	end := bytes.LastIndexByte(raw, '}')
	whole := bytes.Clone(raw[:end])
	for _, name := range names {
		list := jira.List{Op: fmt.Sprintf("read the %s of issue %s", name, id), Endpoint: "issue/{id}/" + name, Path: "/issue/" + id + "/" + name}
		for answer, err := range s.client.List(ctx, list) {
			switch jira.KindOf(err) {
			case jira.KindNotFound, jira.KindForbidden:
				if _, again := s.warned.LoadOrStore(name, true); !again {
					s.opts.Log.Warn("Jira does not show this of every issue; they have no rows of it", "resource", name, "issue", id, "error", err)
				}
				continue
			}
			if err != nil {
				return nil, err
			}
			whole = append(whole, `,"`+table.Added+name+`":`...)
			whole = append(whole, answer...)
		}
	}
	return append(whole, '}'), nil
}
