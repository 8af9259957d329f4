// Package fetch is the first stage: Jira to pages of raw issues.
//
// A first load is cut into partitions over what never changes, project ×
// creation time, so that it can be read in parallel and taken up again where
// it stopped. Later runs read one partition, the issues updated since the
// cursor. The search index is only a hint of what changed: Census lists the ids
// that are in scope, and ByID fetches issues past the index.
package fetch

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/state"
)

// Options say what to fetch, and how.
type Options struct {
	// Query is what the user asked for; the zero Query asks for everything.
	Query Query
	// Fields selects issue fields: all, *navigable, ids, names, -exclusions.
	Fields []string
	// Names are names for columns of custom fields, each with the id or name of
	// its field.
	Names map[string]string
	// Text is what is made of rich text.
	Text table.RichTexts
	// Tables are the names of the tables to fill beside issues, see table.Choose.
	// They decide what is read of an issue beside its fields.
	Tables []string
	// PageSize is the number of issues asked for in one request.
	PageSize int
	// PartitionIssues is the number of issues in a partition of a first load,
	// about.
	PartitionIssues int64
	// Readers is the number of partitions that are read at once; partitions are
	// made smaller where there would be too few for them.
	Readers int
	// Overlap is how far a run looks back behind the cursor.
	Overlap time.Duration
	Log     *slog.Logger
}

// Source is a Jira site of which some issues are wanted.
type Source struct {
	client   *jira.Client
	opts     Options
	scope    jql.Clause
	fields   Selection
	site     []jira.Field // all of them
	projects []jira.Project
	limits   limits

	boardList [][]byte // raw, once they were read
	warned    sync.Map // what the log has a word of, once
	cutShort  atomic.Pointer[error]
	absent    absences

	opened     time.Time // by our clock
	mu         sync.Mutex
	unanswered map[int64]string // see Unanswered
	withheld   map[int64]string // those of which the children were withheld
}

// Open reads what the site has of fields and projects, which takes two requests
// (one more for every hundred projects), and checks against it what the user
// asked for. An unknown project or field is an *Unknown, an unknown table a
// *BadTables.
func Open(ctx context.Context, client *jira.Client, opts Options) (*Source, error) {
	s := &Source{client: client, opts: opts, limits: ourLimits, unanswered: map[int64]string{}, withheld: map[int64]string{}, opened: time.Now()}
	all, err := client.Fields(ctx)
	if err != nil {
		return nil, err
	}
	s.site = all
	if s.fields, err = selectFields(all, opts.Fields); err != nil {
		return nil, err
	}
	if err := s.fields.name(all, opts.Names); err != nil {
		return nil, err
	}
	s.fields.Text = opts.Text
	if err := s.chooseTables(); err != nil {
		return nil, err
	}
	if s.projects, err = client.Projects(ctx); err != nil {
		return nil, err
	}
	s.scope, err = opts.Query.resolve(s.projects)
	return s, err
}

// Site returns the address that identifies the site.
func (s *Source) Site() string { return s.client.Site().BaseURL }

// Asked returns what decides the contents of the tables.
func (s *Source) Asked() state.Asked {
	return state.Asked{Query: s.scope.String(), Fields: s.fields.Request, Tables: s.fields.tableNames(),
		Names: s.fields.nameList(), Text: string(s.fields.Text)}
}

// Fields returns the selected fields.
func (s *Source) Fields() Selection { return s.fields }

// Projects returns the projects that the account can see, by id. Archived ones
// are among them.
func (s *Source) Projects() map[int64]jira.Project {
	byID := map[int64]jira.Project{}
	for _, p := range s.projects {
		byID[p.ID] = p
	}
	return byID
}

// Pages yields the pages of a partition. Pages hold the issues as Jira sent
// them, but for children that it did not show and a table is made of: these are
// added, see complete. An issue may come twice.
func (s *Source) Pages(ctx context.Context, p *stages.Partition) iter.Seq2[stages.Page, error] {
	return func(yield func(stages.Page, error) bool) {
		clause, err := jql.ParseUser(p.JQL)
		if err != nil {
			yield(stages.Page{}, fmt.Errorf("partition %s: its JQL in the state is damaged: %w; run `snowdrift state clear`", p.Name, err))
			return
		}
		pages := s.walk(ctx, clause, p.Order, s.fields.Request, s.expand(), s.opts.PageSize)
		if p.JQL == "" {
			pages = s.byID(ctx, p.IDs, s.fields.Request, s.expand()...)
		}
		for page, err := range s.complete(ctx, pages) {
			if err != nil {
				yield(stages.Page{}, fmt.Errorf("partition %s: %w", p.Name, err))
				return
			}
			s.warn(p.Name, page)
			if !yield(stages.Page{Partition: p, Issues: page.Issues, Release: page.Release}, nil) {
				return
			}
		}
	}
}

// warn logs what there is to say about an answer.
func (s *Source) warn(partition string, page *jira.Page) {
	for _, w := range page.Warnings {
		s.opts.Log.Warn("Jira warns", "partition", partition, "warning", w)
	}
	if err := page.CutShort(); err != nil {
		s.cutShort.Store(&err)
	}
}

// CutShort returns a jira.ErrCutShort if Jira said so of any search for issues.
func (s *Source) CutShort() error {
	if err := s.cutShort.Load(); err != nil {
		return *err
	}
	return nil
}

// Stats returns the requests and bytes so far.
func (s *Source) Stats() jira.Stats { return s.client.Stats() }

// query returns the JQL of a clause, ordered by a date field.
func (s *Source) query(c jql.Clause, order string) string {
	return s.bounded(c) + " " + jql.OrderBy(order, "key")
}

// bounded returns the JQL of a clause; Cloud refuses a query without one.
func (s *Source) bounded(c jql.Clause) string {
	if c.IsZero() {
		c = jql.Everything()
	}
	return c.String()
}

func (s *Source) onCloud() bool { return s.client.Site().Deployment == jira.Cloud }

// byProjects restricts to projects, by id.
func byProjects(ids []string) jql.Clause {
	c, err := jql.Simple{Projects: ids}.Clause()
	if err != nil {
		panic("fetch: ids always make a clause: " + err.Error())
	}
	return c
}

// Now returns the site's clock when the source was opened; ours if the site does
// not tell.
func (s *Source) Now() time.Time {
	if t := s.client.Site().ServerTime; !t.IsZero() {
		return t
	}
	return s.opened
}

// ByID returns partitions that fetch the issues with the ids, past the search
// index. Issues that are gone or hidden do not come.
func ByID(name string, ids []int64) []*stages.Partition {
	const size = 1000 // ten requests: enough to be read in parallel
	var parts []*stages.Partition
	for at := 0; at < len(ids); at += size {
		end := min(at+size, len(ids))
		parts = append(parts, &stages.Partition{Name: fmt.Sprintf("%s %d", name, at/size+1), IDs: ids[at:end], Expected: int64(end - at)})
	}
	return parts
}
