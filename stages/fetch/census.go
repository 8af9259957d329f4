package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
	"snowdrift/stages"
)

// censusPage is the number of ids asked for at once: what Cloud gives at most
// when nothing but ids is asked for. Data Center gives what it is set to.
const censusPage = 5000

// Census yields the ids of all issues in scope. Ids may come twice.
func (s *Source) Census(ctx context.Context) iter.Seq2[[]int64, error] {
	const order = "created"
	fields := []string{"id"}
	if !s.onCloud() {
		fields = []string{order} // see walk
	}
	return func(yield func([]int64, error) bool) {
		var ids []int64
		for page, err := range s.walk(ctx, s.scope, order, fields, nil, censusPage) {
			if err != nil {
				yield(nil, fmt.Errorf("census: %w", err))
				return
			}
			s.warn("census", page)
			if err := page.CutShort(); err != nil {
				page.Release()
				yield(nil, fmt.Errorf("census: %w", err))
				return
			}
			ids = ids[:0]
			for _, raw := range page.Issues {
				id, err := idOf(raw)
				if err != nil {
					yield(nil, fmt.Errorf("census: %w", err))
					return
				}
				ids = append(ids, id)
			}
			page.Release()
			if !yield(ids, nil) {
				return
			}
		}
	}
}

var errNoID = errors.New("an issue came without a numeric id")

// idOf returns the id of an issue.
func idOf(raw []byte) (int64, error) {
	id, ok := rawjson.Int64(rawjson.Lookup(raw, "id"))
	if !ok {
		return 0, errNoID
	}
	return id, nil
}

// Versions is what one request of a deep census told.
type Versions struct {
	// Through is the greatest id that was asked for.
	Through int64
	// Issues are the issues with their Updated; those that are gone are not
	// among them.
	Issues []stages.Ref
	// Archived are those of them that say that they are archived.
	Archived []int64
}

// Behind returns which of the issues the search index of Data Center shows older
// than they were when the source was opened: a request for one issue goes past the
// index. On Cloud, where Versions does, it asks for none.
func (s *Source) Behind(ctx context.Context, shown []stages.Ref) (behind []int64, err error) {
	if s.onCloud() {
		return nil, nil
	}
	for _, ref := range shown {
		page, err := s.client.Issue(ctx, ref.ID, []string{"updated"})
		if jira.KindOf(err) == jira.KindNotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		var now Versions
		err = now.add(page)
		page.Release()
		if err != nil {
			return nil, err
		}
		if at := now.Issues[0].Updated; ref.Updated < at && at <= s.Now().UnixMilli() {
			behind = append(behind, ref.ID)
		}
	}
	return behind, nil
}

// versionsAtOnce is how many requests of a deep census are under way together.
const versionsAtOnce = 4

// Versions yields which version of issues Jira has, a thousand to a request
// where the site allows it, in the order of ids. On Cloud it goes past the
// search index: it tells of a change that no search shows yet. On Data Center it
// is a search and tells what the index shows, see Behind. It ends after so
// many requests; 0 is no limit.
func (s *Source) Versions(ctx context.Context, ids []int64, requests int) iter.Seq2[Versions, error] {
	return func(yield func(Versions, error) bool) {
		for made := 0; len(ids) > 0 && (requests == 0 || made < requests); {
			wave := versionsAtOnce
			if made == 0 {
				wave = 1 // which may be refused for its size, and take ten requests
			}
			if requests > 0 {
				wave = min(wave, requests-made)
			}
			size := s.client.Together(s.versionFields())
			take := min(wave*size, len(ids))
			answers, err := s.versions(ctx, slices.Collect(slices.Chunk(ids[:take], size)))
			if err != nil {
				yield(Versions{}, err)
				return
			}
			for _, a := range answers {
				if !yield(a, nil) {
					return
				}
			}
			ids, made = ids[take:], made+len(answers)
		}
	}
}

// archivedField tells when an issue was archived. Not every site has it.
const archivedField = "archiveddate"

func (s *Source) versionFields() []string {
	fields := []string{"updated"}
	if slices.ContainsFunc(s.site, func(f jira.Field) bool { return f.ID == archivedField }) {
		fields = append(fields, archivedField)
	}
	return fields
}

// Absent yields what is to be found out about issues that a census does not
// have, like Versions, but as thoroughly as byID asks.
func (s *Source) Absent(ctx context.Context, ids []int64) iter.Seq2[Versions, error] {
	return func(yield func(Versions, error) bool) {
		came := map[int64]bool{}
		for v, err := range s.Versions(ctx, ids, 0) {
			for _, ref := range v.Issues {
				came[ref.ID] = true
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
		for page, err := range s.alone(ctx, ids, came, nil, s.versionFields()) {
			var v Versions
			if err == nil {
				err = v.add(page)
				page.Release()
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// scopeAtOnce is how many issues one search of InScope is about. JQL has no limit
// that we know of; a few hundred ids stay far from any.
const scopeAtOnce = 500

// InScope returns those of the issues that are in scope, by searches for just them,
// whose answers have one page: it depends neither on what happened while a census
// was read nor on the node that one of its pages came from.
func (s *Source) InScope(ctx context.Context, ids []int64) (map[int64]bool, error) {
	in := map[int64]bool{}
	for chunk := range slices.Chunk(ids, scopeAtOnce) {
		if err := s.searchScope(ctx, chunk, in); err != nil {
			return nil, fmt.Errorf("search for issues that the census does not have: %w", err)
		}
	}
	return in, nil
}

// searchScope adds those of a chunk that are in scope. Jira may refuse a list for
// one issue that its search does not know; that one is not found.
func (s *Source) searchScope(ctx context.Context, ids []int64, in map[int64]bool) error {
	search := jira.Search{JQL: s.query(jql.And(s.scope, jql.IDs(ids)), "created"), Fields: []string{"id"}, PageSize: 2 * scopeAtOnce}
	for page, err := range s.client.Search(ctx, search) {
		switch {
		case jira.KindOf(err) == jira.KindBadRequest && len(ids) > 1:
			half := len(ids) / 2
			return cmp.Or(s.searchScope(ctx, ids[:half], in), s.searchScope(ctx, ids[half:], in))
		case jira.KindOf(err) == jira.KindBadRequest:
			return nil
		case err != nil:
			return err
		}
		err = cmp.Or(page.CutShort(), note(in, page))
		page.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

// versions asks for several lists of issues at once.
func (s *Source) versions(ctx context.Context, lists [][]int64) ([]Versions, error) {
	answers := make([]Versions, len(lists))
	g, ctx := errgroup.WithContext(ctx)
	for i, ids := range lists {
		answers[i].Through = ids[len(ids)-1]
		g.Go(func() error {
			var failed []int64
			for page, err := range s.client.BulkFetch(ctx, ids, s.versionFields()) {
				if err != nil {
					return err
				}
				failed = append(failed, page.Failed...)
				err := answers[i].add(page)
				page.Release()
				if err != nil {
					return err
				}
			}
			return s.addFailed(ctx, &answers[i], failed)
		})
	}
	return answers, g.Wait()
}

// addFailed asks for issues that Jira failed to load with others.
func (s *Source) addFailed(ctx context.Context, v *Versions, ids []int64) error {
	for _, id := range ids {
		page, err := s.one(ctx, id, s.versionFields())
		if err == nil && page != nil {
			err = v.add(page)
			page.Release()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add takes over what a page tells.
func (v *Versions) add(page *jira.Page) error {
	for _, raw := range page.Issues {
		id, err := idOf(raw)
		if err != nil {
			return err
		}
		fields := rawjson.Lookup(raw, "fields")
		updated, _ := jiratime.ParseMillis(rawjson.Lookup(fields, "updated"))
		v.Issues = append(v.Issues, stages.Ref{ID: id, Updated: updated})
		if !rawjson.IsNull(rawjson.Lookup(fields, archivedField)) {
			v.Archived = append(v.Archived, id)
		}
	}
	return nil
}
