package fetch

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sync/errgroup"

	"snowdrift/internal/jira"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// Jira shows only some of an issue's children inside it: 20 comments (Cloud) and 20
// worklogs as far as was seen, and 40 changes
// (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/,
// "Bulk fetch issues"), or none of them where it failed to load them. What is left out
// is read before an issue leaves this stage and written into it, so that everything
// behind finds the whole in one place. Issues that show everything stay byte for byte
// as they came.

// complete yields the pages with all children that the tables are made of.
func (s *Source) complete(ctx context.Context, pages iter.Seq2[*jira.Page, error]) iter.Seq2[*jira.Page, error] {
	if slices.ContainsFunc(remarks, func(r remark) bool { return s.fields.fills(r.field) }) {
		pages = edited(pages, func(issues [][]byte) error { return s.addRemarks(ctx, issues) })
	}
	if extras := s.extras(); len(extras) > 0 {
		pages = edited(pages, func(issues [][]byte) error { return s.addExtras(ctx, issues, extras) })
	}
	if s.fields.fills(table.Changelog) {
		pages = s.withChangelogs(ctx, pages)
	}
	return pages
}

// expand is what issues are asked for beside fields. Cloud would show the
// newest 40 changes only, and send smaller pages; there changelogs are read by
// themselves.
func (s *Source) expand() []string {
	if !s.onCloud() && s.fields.fills(table.Changelog) {
		return []string{"changelog"}
	}
	return nil
}

// remark is a field that shows a page of an issue's comments or worklogs.
type remark struct {
	field, list, table string
	read               func(*jira.Client, context.Context, int64) iter.Seq2[*jira.Children, error]
}

const worklog = "worklog"

var remarks = []remark{
	{"comment", "comments", "issue_comments", (*jira.Client).Comments},
	{worklog, "worklogs", "issue_worklogs", (*jira.Client).Worklogs},
}

// issuesAtOnce is how many issues of a page get their remarks at once; the
// client bounds the requests of all pages together.
const issuesAtOnce = 4

// edited yields the pages with what change makes of their issues, without those that
// it makes nil.
func edited(pages iter.Seq2[*jira.Page, error], change func(issues [][]byte) error) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		for page, err := range pages {
			if err == nil {
				err = change(page.Issues)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			page.Issues = slices.DeleteFunc(page.Issues, func(raw []byte) bool { return raw == nil })
			if !yield(page, nil) {
				return
			}
		}
	}
}

// addRemarks replaces the issues that do not show all comments and worklogs by whole
// ones. An issue that is gone by the time they are asked for, see gone, becomes nil, as
// if it had gone before the page was read; so does one of which Jira withholds them.
func (s *Source) addRemarks(ctx context.Context, issues [][]byte) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(issuesAtOnce)
	page := make([]issue, len(issues))
	for i, raw := range issues {
		page[i] = look(raw)
	}
	shown := sync.OnceValue(func() map[string]bool { return showing(page) })
	for i, is := range page {
		short, err := s.short(ctx, is, shown)
		if err == nil && len(short) == 0 {
			continue
		}
		g.Go(func() error {
			if err != nil {
				return err
			}
			issues[i] = nil
			if s.isWithheld(is.id) {
				return nil
			}
			whole, err := s.readRemarks(s.brief(ctx), is, short)
			if err != nil {
				return s.leaveOut(ctx, is.id, err)
			}
			issues[i] = whole
			return nil
		})
	}
	return g.Wait()
}

// gone reports whether an issue that was there a moment ago is no longer: it is
// neither returned by id nor found. One 404 alone proves little, and an issue
// that is left out wrongly would not come again before its next update.
func (s *Source) gone(ctx context.Context, id int64) (bool, error) {
	page, err := s.client.Issue(ctx, id, []string{"id"})
	if err == nil {
		page.Release()
		return false, nil
	}
	if jira.KindOf(err) != jira.KindNotFound {
		return false, err
	}
	search := jira.Search{JQL: "id = " + strconv.FormatInt(id, 10), Fields: []string{"id"}, PageSize: 1}
	for page, err := range s.client.Search(ctx, search) {
		if jira.KindOf(err) == jira.KindBadRequest {
			break // what it says of an id that it does not know
		}
		if err != nil {
			return false, err
		}
		found := len(page.Issues) > 0
		page.Release()
		return !found, nil
	}
	return true, ctx.Err()
}

// readRemarks returns an issue with all of the remarks that it shows too few
// of. They are read from the first one on, for it is documented nowhere which
// of them an issue shows. Jira's total also counts remarks that the account may
// not see: where there are no more than the issue shows, it stays as it is; so does
// one that came without, and has none.
// Where there are none at all, either time tracking was switched off or the
// issue is gone, which its absence tells (KindNotFound).
func (s *Source) readRemarks(ctx context.Context, is issue, short []int) ([]byte, error) {
	var edits []edit
	var pages []*jira.Children
	defer func() {
		for _, page := range pages {
			page.Release()
		}
	}()
	for _, k := range short {
		r, shown := remarks[k], is.remarks[k]
		var all [][]byte
		for page, err := range r.read(s.client, ctx, is.id) {
			if jira.KindOf(err) == jira.KindNotFound && r.field == worklog && len(all) == 0 {
				if err = s.noWorklogs(ctx, count(shown, r.list), err); err == nil {
					break
				}
			}
			if err != nil {
				return nil, err
			}
			pages = append(pages, page)
			for _, c := range page.Rows {
				all = append(all, c.Raw)
			}
		}
		all = distinct(all) // one that was added meanwhile shifts the pages
		if len(all) == 0 {
			page, err := s.client.Issue(ctx, is.id, []string{"id"})
			if err != nil {
				return nil, err
			}
			page.Release()
		}
		switch {
		case shown == nil:
			if r.field == worklog {
				s.absent.note(is.project(), len(all) > 0)
			}
			if len(all) > 0 {
				edits = append(edits, edit{at: is.endOfFields(), added: r.field, list: r.list, children: all})
			}
		case len(all) > count(shown, r.list):
			edits = append(edits, edit{at: rawjson.Offset(is.raw, shown), drop: len(shown), list: r.list, children: all})
		}
	}
	return apply(is.raw, edits...), nil
}

// noWorklogs returns nil if a 404 for the worklogs of an issue means that there are none.
// Of an issue that shows some it does only where time tracking is off by now.
func (s *Source) noWorklogs(ctx context.Context, shown int, notFound error) error {
	if shown == 0 {
		return nil
	}
	if off, err := s.timeTrackingIsOff(ctx); off || err != nil {
		return err
	}
	return notFound
}

// distinct drops the elements whose id was there before.
func distinct(elements [][]byte) [][]byte {
	seen := map[int64]bool{}
	return slices.DeleteFunc(elements, func(e []byte) bool {
		id, ok := rawjson.Int64(rawjson.Lookup(e, "id"))
		again := ok && seen[id]
		seen[id] = true
		return again
	})
}
