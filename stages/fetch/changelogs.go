package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"snowdrift/internal/jira"
	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// Changelogs are read for several pages of issues together. What one request
// takes is bounded by the number of issues, and what is in memory by bytes.
type limits struct {
	issues     int // without their changelog, that wait together
	bytes      int // of issues that wait together, unless one page has more
	changelogs int // bytes of changelogs, unless one issue has more
}

// ourLimits: as many issues as Jira takes in one request, if they are small.
// Each partition that is being read holds so much, and eight are by default.
var ourLimits = limits{issues: 1000, bytes: 3 << 20, changelogs: 8 << 20}

// withChangelogs yields the issues of pages with their whole changelogs, in
// pages of another size. Where an issue shows its whole changelog (Data Center,
// asked to expand it) the pages pass as they are.
func (s *Source) withChangelogs(ctx context.Context, pages iter.Seq2[*jira.Page, error]) iter.Seq2[*jira.Page, error] {
	return func(yield func(*jira.Page, error) bool) {
		var b bundle
		for page, err := range pages {
			before := b
			if err == nil {
				err = s.add(ctx, &b, page)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if b.lacking == 0 && len(b.pages) == 1 {
				b = bundle{}
				if !yield(page, nil) {
					return
				}
				continue
			}
			// Full before the next page has come, for that would be held until this
			// bundle was taken.
			if !b.hasRoom(before, s.limits) {
				if !s.unbundle(ctx, b, yield) {
					return
				}
				b = bundle{}
			}
		}
		s.unbundle(ctx, b, yield)
	}
}

// bundle is some pages whose issues wait for their changelogs.
type bundle struct {
	pages   []*jira.Page
	issues  []issue
	lacking int // issues without their whole changelog
	size    int // bytes of all issues
}

// add adds a page to a bundle. On Data Center there is no way to a changelog but
// to expand it, as was done: an issue that came without is asked for alone, and left
// out if it is gone by then; what is cut off, or does not come at all, is an error.
func (s *Source) add(ctx context.Context, b *bundle, page *jira.Page) error {
	b.pages = append(b.pages, page)
	for i, raw := range page.Issues {
		is := look(raw)
		if s.isWithheld(is.id) {
			page.Issues[i] = nil
			continue
		}
		if !s.onCloud() && rawjson.IsNull(is.changelog) {
			var err error
			if is, err = s.expandAlone(ctx, is); err != nil {
				return err
			}
			if page.Issues[i] = is.raw; is.raw == nil {
				continue
			}
		}
		b.issues = append(b.issues, is)
		b.size += len(is.raw)
		switch {
		case !is.lacksChanges():
			continue
		case !s.onCloud():
			return &jira.Error{
				Op: fmt.Sprintf("expand the changelog of issue %d", is.id), Method: http.MethodPost, Endpoint: "search", Kind: jira.KindProtocol,
				Message: "the answer does not hold all changes that it counts", Hint: "check for a proxy that alters answers, or take " + strings.Join(s.fields.tablesOf(table.Changelog), " and ") + " out of tables",
			}
		}
		b.lacking++
	}
	page.Issues = slices.DeleteFunc(page.Issues, func(raw []byte) bool { return raw == nil })
	return nil
}

// expandAlone returns an issue with the changelog that it shows when it is asked for
// alone, if any; none if it is gone, or Jira withholds its changelog.
func (s *Source) expandAlone(ctx context.Context, is issue) (issue, error) {
	page, err := s.client.Issue(s.brief(ctx), is.id, []string{"id"}, "changelog")
	if err != nil {
		return issue{}, s.leaveOut(ctx, is.id, err)
	}
	defer page.Release()
	changelog := look(page.Issues[0]).changelog
	if rawjson.IsNull(changelog) {
		return is, nil
	}
	e := is.editChangelog("changelog")
	e.page = changelog
	return look(apply(is.raw, e)), nil
}

// hasRoom reports whether another page like the last may be added, before which
// the bundle was as given.
func (b *bundle) hasRoom(before bundle, l limits) bool {
	return 2*b.lacking-before.lacking <= l.issues && 2*b.size-before.size <= l.bytes
}

// lacksChanges reports whether an issue does not show its whole changelog.
func (is issue) lacksChanges() bool {
	return rawjson.TypeOf(is.changelog) != rawjson.Object || lacks(is.changelog, "histories")
}

// unbundle yields the issues of a bundle; false means stop.
func (s *Source) unbundle(ctx context.Context, b bundle, yield func(*jira.Page, error) bool) bool {
	if len(b.pages) == 0 {
		return true
	}
	var warnings []string
	for _, page := range b.pages {
		warnings = append(warnings, page.Warnings...)
	}
	release := func() {
		clear(b.issues) // parts of the pages, which waiting readers would keep
		for _, page := range b.pages {
			page.Release()
		}
	}
	defer release()
	return s.emit(s.brief(ctx), b.issues, warnings, release, yield)
}

// emit yields a page of copies of issues with their changelogs. When the
// changelogs are too large to be held together, it does so in halves, and when Jira
// does not answer for them: that may be for one of the issues, which is left out. What
// was copied is given back by copied first: whoever takes the page may be busy for
// long, and all readers wait for him with what they hold.
func (s *Source) emit(ctx context.Context, issues []issue, warnings []string, copied func(), yield func(*jira.Page, error) bool) bool {
	logs, err := s.changelogs(ctx, issues)
	unanswered := err != nil && isOfOne(err)
	if unanswered {
		ctx = jira.WithRetryBudget(ctx, budgetForMore)
	}
	switch half := len(issues) / 2; {
	case errors.Is(err, errTooMuch), unanswered && half > 0:
		return s.emit(ctx, issues[:half], warnings, func() {}, yield) && s.emit(ctx, issues[half:], nil, copied, yield)
	case unanswered:
		if err = s.leaveOut(ctx, issues[0].id, err); err == nil {
			logs, issues = &changelogs{}, nil
		}
	}
	if err != nil {
		yield(nil, err)
		return false
	}
	page := &jira.Page{Issues: logs.into(issues), Total: -1, Warnings: warnings}
	logs.release()
	copied()
	return yield(page, nil)
}

// changelogs are those of some issues, while their pages are held.
type changelogs struct {
	pages   []*jira.Children
	entries map[int64][]history // by issue; nil for one that has no changes
}

// history is one entry of a changelog.
type history struct {
	created, id int64
	raw         []byte
}

// errTooMuch: the changelogs of several issues are too large together.
var errTooMuch = errors.New("too many changes at once")

// changelogs reads the changelogs of the issues that do not show all of theirs.
func (s *Source) changelogs(ctx context.Context, issues []issue) (*changelogs, error) {
	logs := &changelogs{entries: map[int64][]history{}}
	var ids []int64
	for _, is := range issues {
		if _, twice := logs.entries[is.id]; is.lacksChanges() && !twice {
			ids = append(ids, is.id)
			logs.entries[is.id] = nil
		}
	}
	size := 0
	for page, err := range s.client.Changelogs(ctx, ids) {
		if err != nil {
			logs.release()
			return nil, err
		}
		logs.add(page)
		if size += page.Size(); size > s.limits.changelogs && len(issues) > 1 {
			logs.release()
			return nil, errTooMuch
		}
	}
	logs.order()
	return logs, nil
}

func (l *changelogs) add(page *jira.Children) {
	l.pages = append(l.pages, page)
	for _, c := range page.Rows {
		h := history{raw: c.Raw}
		h.created, _ = jiratime.ParseMillis(rawjson.Lookup(c.Raw, "created"))
		h.id, _ = rawjson.Int64(rawjson.Lookup(c.Raw, "id"))
		l.entries[c.Issue] = append(l.entries[c.Issue], h)
	}
}

// order puts the oldest change first and drops what came twice.
func (l *changelogs) order() {
	for id, entries := range l.entries {
		slices.SortStableFunc(entries, func(a, b history) int {
			return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.id, b.id))
		})
		l.entries[id] = slices.CompactFunc(entries, func(a, b history) bool { return a.id == b.id && a.id != 0 })
	}
}

func (l *changelogs) release() {
	for _, page := range l.pages {
		page.Release()
	}
	l.pages, l.entries = nil, nil
}

// into copies issues, each with its changelog and each into memory of its own:
// whoever still has a part of one keeps that one, and not all that came with it.
func (l *changelogs) into(issues []issue) [][]byte {
	out := make([][]byte, 0, len(issues))
	for _, is := range issues {
		out = append(out, l.splice(is))
	}
	return out
}

// splice returns a copy of an issue with its changelog, in the shape that Jira
// shows: the oldest change first, as Data Center has it.
func (l *changelogs) splice(is issue) []byte {
	entries, read := l.entries[is.id]
	if !read {
		return bytes.Clone(is.raw)
	}
	e := is.editChangelog(table.AddedChangelog)
	e.list, e.children = "histories", make([][]byte, 0, len(entries))
	for _, h := range entries {
		e.children = append(e.children, h.raw)
	}
	return apply(is.raw, e)
}
