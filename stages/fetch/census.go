package fetch

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/sync/errgroup"

	"snowdrift/internal/jira"
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
	if s.client.Site().Deployment == jira.DataCenter {
		fields = []string{order} // see walk
	}
	return func(yield func([]int64, error) bool) {
		var ids []int64
		for page, err := range s.walk(ctx, s.scope, order, fields, nil, censusPage) {
			if err != nil {
				yield(nil, fmt.Errorf("census: %w", err))
				return
			}
			ids = ids[:0]
			for _, raw := range page.Issues {
				id, ok := rawjson.Int64(rawjson.Lookup(raw, "id"))
				if !ok {
					yield(nil, fmt.Errorf("census: Jira sent an issue without a numeric id"))
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

// Versions is what one request of a deep census told.
type Versions struct {
	// Through is the greatest id that was asked for.
	Through int64
	// Issues are the issues with their Updated; those that are gone are not
	// among them.
	Issues []stages.Ref
}

// versionsAtOnce is how many requests of a deep census are under way together.
const versionsAtOnce = 4

// Versions yields which version of issues Jira has, a thousand to a request
// where the site allows it, in the order of ids. On Cloud it goes past the
// search index: it tells of a change that no search shows yet. It ends after so
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
			size := s.client.Together(versionFields)
			take := min(wave*size, len(ids))
			answers, err := s.versions(ctx, slices.Collect(slices.Chunk(ids[:take], size)))
			if err != nil {
				yield(Versions{}, fmt.Errorf("deep census: %w", err))
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

var versionFields = []string{"updated"}

// versions asks for several lists of issues at once.
func (s *Source) versions(ctx context.Context, lists [][]int64) ([]Versions, error) {
	answers := make([]Versions, len(lists))
	g, ctx := errgroup.WithContext(ctx)
	for i, ids := range lists {
		answers[i].Through = ids[len(ids)-1]
		g.Go(func() error {
			for page, err := range s.client.BulkFetch(ctx, ids, versionFields) {
				if err != nil {
					return err
				}
				refs, err := refsOf(page)
				page.Release()
				if err != nil {
					return err
				}
				answers[i].Issues = append(answers[i].Issues, refs...)
			}
			return nil
		})
	}
	return answers, g.Wait()
}

// refsOf reads id and updated of the issues of a page.
func refsOf(page *jira.Page) ([]stages.Ref, error) {
	var refs []stages.Ref
	for _, raw := range page.Issues {
		id, ok := rawjson.Int64(rawjson.Lookup(raw, "id"))
		if !ok {
			return nil, fmt.Errorf("Jira sent an issue without a numeric id")
		}
		updated, _ := jiratime.ParseMillis(rawjson.Lookup(rawjson.Lookup(raw, "fields"), "updated"))
		refs = append(refs, stages.Ref{ID: id, Updated: updated})
	}
	return refs, nil
}
