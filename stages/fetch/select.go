package fetch

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/jql"
	"snowdrift/internal/table"
)

// Query is what the user asked for: either JQL, or conditions that all hold.
// The zero Query asks for every issue that the account can see.
type Query struct {
	JQL                        string
	Projects                   []string // names, keys or ids
	StatusCategories           []string
	UpdatedAfter, CreatedAfter string // yyyy-MM-dd
}

// resolve turns the query into a clause that means the same tomorrow: projects
// are named by id. A project that the account cannot see is an *Unknown, since
// Cloud would answer it with no issues.
func (q Query) resolve(projects []jira.Project) (jql.Clause, error) {
	if q.JQL != "" {
		c, err := jql.ParseUser(q.JQL)
		if err != nil {
			return c, &BadQuery{Err: err}
		}
		return c, nil
	}
	simple := jql.Simple{StatusCategories: q.StatusCategories, UpdatedAfter: q.UpdatedAfter, CreatedAfter: q.CreatedAfter}
	for _, name := range q.Projects {
		p, err := findProject(projects, name)
		if err != nil {
			return jql.Clause{}, err
		}
		simple.Projects = append(simple.Projects, strconv.FormatInt(p.ID, 10))
	}
	slices.SortFunc(simple.Projects, byNumber)
	simple.Projects = slices.Compact(simple.Projects)
	c, err := simple.Clause()
	if err != nil {
		return c, &BadQuery{Err: err}
	}
	return c, nil
}

// byNumber orders ids as numbers.
func byNumber(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// findProject looks for a key first, then an id, then a name.
func findProject(projects []jira.Project, name string) (jira.Project, error) {
	for _, matches := range []func(jira.Project) bool{
		func(p jira.Project) bool { return strings.EqualFold(p.Key, name) },
		func(p jira.Project) bool { return strconv.FormatInt(p.ID, 10) == name },
		func(p jira.Project) bool { return strings.EqualFold(p.Name, name) },
	} {
		if i := slices.IndexFunc(projects, matches); i >= 0 {
			return projects[i], nil
		}
	}
	var names []string
	for _, p := range projects {
		names = append(names, p.Key, p.Name)
	}
	return jira.Project{}, &Unknown{What: "project", Name: name, Near: near(name, names)}
}

// Unknown is a project or field that the configuration names and the site does
// not have, or does not show to the account.
type Unknown struct {
	What string // project, field
	Name string
	Near []string // names that look like it, the likeliest first
	Many []string // the ids of all that have the name, if there are several
}

func (e *Unknown) Error() string {
	if len(e.Many) > 0 {
		return fmt.Sprintf("the %s name %q is not unique: name one of the ids %s", e.What, e.Name, strings.Join(e.Many, ", "))
	}
	s := fmt.Sprintf("Jira has no %s %q, or does not show it to this account", e.What, e.Name)
	if len(e.Near) > 0 {
		s += "; similar: " + strings.Join(e.Near, ", ")
	}
	return s
}

// BadQuery is a query that the user has to mend.
type BadQuery struct{ Err error }

func (e *BadQuery) Error() string { return "the query cannot be used: " + e.Err.Error() }
func (e *BadQuery) Unwrap() error { return e.Err }

// refused makes a *BadQuery of what Jira says of JQL that it does not understand,
// if some of it is the user's own. All requests that send it end here.
func (s *Source) refused(err error) error {
	if jira.KindOf(err) == jira.KindBadRequest && s.opts.Query.JQL != "" {
		return &BadQuery{Err: err}
	}
	return err
}

// count asks how many issues a clause has; exact says whether that is more than
// an estimate.
func (s *Source) count(ctx context.Context, c jql.Clause) (n int64, exact bool, err error) {
	n, exact, err = s.client.Count(ctx, s.bounded(c))
	return n, exact, s.refused(err)
}

// near returns up to three names that look like name.
func near(name string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	lower := strings.ToLower(name)
	for _, n := range names {
		d := levenshtein.ComputeDistance(lower, strings.ToLower(n))
		if strings.Contains(strings.ToLower(n), lower) && name != "" {
			d = min(d, 2)
		}
		if n != "" && d <= 1+len(name)/4 {
			found = append(found, candidate{n, d})
		}
	}
	slices.SortFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), strings.Compare(a.name, b.name))
	})
	var out []string
	for _, c := range found {
		if !slices.Contains(out, c.name) && len(out) < 3 {
			out = append(out, c.name)
		}
	}
	return out
}

// Selection is which fields are loaded, and into which tables.
type Selection struct {
	// Request is what Jira is asked for.
	Request []string
	// Custom are the custom fields, by id.
	Custom []jira.Field
	// Children are the child tables that are filled from the selected fields.
	Children []*table.Table
	// Dimensions are the tables that are read beside the issues, see
	// Source.Answers.
	Dimensions []*table.Table
	// Text is what is made of rich text.
	Text table.RichTexts
	// Former are names that fields are known to have had, by id.
	Former map[string][]string
	names  map[string]string // of columns, by id of a custom field
	taken  map[string]bool   // nil: all
	not    map[string]bool
}

// Has reports whether the field with the id is loaded.
func (sel Selection) Has(id string) bool {
	return (sel.taken == nil || sel.taken[id]) && !sel.not[id]
}

// required are the fields without which rows could not be identified, ordered
// or compared.
var required = []string{"project", "created", "updated"}

// selectFields resolves the user's selection against the site's fields. Entries
// are "all", "*navigable", ids and names; a leading minus takes a field out.
func selectFields(all []jira.Field, entries []string) (Selection, error) {
	sel := Selection{not: map[string]bool{}}
	everything, navigable := false, false
	var ids []string
	for _, e := range entries {
		name, exclude := strings.CutPrefix(e, "-")
		switch {
		case e == "all" || e == "*all":
			everything = true
			continue
		case e == "*navigable":
			navigable = true
			continue
		}
		f, err := findField(all, name)
		if err != nil {
			return sel, err
		}
		if exclude {
			if slices.Contains(required, f.ID) {
				return sel, &BadQuery{Err: fmt.Errorf("jira.fields: %q cannot be left out: rows are identified and compared by %s", name, strings.Join(required, ", "))}
			}
			sel.not[f.ID] = true
			continue
		}
		ids = append(ids, f.ID)
	}
	everything = everything || !navigable && len(ids) == 0
	sel.resolve(all, ids, everything, navigable && !everything)
	return sel, nil
}

// resolve fills in what is asked of Jira and what is kept.
func (sel *Selection) resolve(all []jira.Field, ids []string, everything, navigable bool) {
	if everything {
		sel.Request = []string{"*all"}
	} else {
		sel.taken = map[string]bool{}
		for _, id := range append(ids, required...) {
			sel.taken[id] = true
		}
		sel.Request = slices.Sorted(maps.Keys(sel.taken))
	}
	if navigable {
		sel.Request = slices.Insert(sel.Request, 0, "*navigable")
		for _, f := range all {
			if f.Navigable {
				sel.taken[f.ID] = true
			}
		}
	}
	var excluded []string
	for id := range sel.not {
		excluded = append(excluded, "-"+id)
	}
	slices.Sort(excluded)
	sel.Request = append(sel.Request, excluded...)
	for _, f := range all {
		if f.Custom && sel.Has(f.ID) {
			sel.Custom = append(sel.Custom, f)
		}
	}
}

// findField looks for an id or key first, then for a name, which has to be the
// only one.
func findField(all []jira.Field, name string) (jira.Field, error) {
	var ids, names []string
	var found jira.Field
	for _, f := range all {
		if f.ID == name || (f.Key != "" && f.Key == name) {
			return f, nil
		}
		if strings.EqualFold(f.Name, name) {
			found = f
			ids = append(ids, f.ID)
		}
		names = append(names, f.ID, f.Name)
	}
	switch len(ids) {
	case 1:
		return found, nil
	case 0:
		return found, &Unknown{What: "field", Name: name, Near: near(name, names)}
	}
	slices.SortFunc(ids, byNumber)
	return found, &Unknown{What: "field", Name: name, Many: ids}
}
