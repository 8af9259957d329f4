package fetch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"snowdrift/internal/jira"
	"snowdrift/internal/rawjson"
)

// Refused says that Jira does not show something to this account, or cannot:
// the tables that are read from it stay as they are, and the rest goes on.
type Refused struct {
	Err error
	// Passing says that it may be otherwise in a while: the site is in trouble.
	Passing bool
}

func (e *Refused) Error() string { return e.Err.Error() }
func (e *Refused) Unwrap() error { return e.Err }

// refusal makes a *Refused of a failure that is Jira's answer to this request.
// One that concerns every request stays as it is.
func refusal(err error) error {
	switch jira.KindOf(err) {
	case jira.KindAuth, jira.KindForbidden, jira.KindNotFound, jira.KindBadRequest, jira.KindGone, jira.KindTooLarge:
		return &Refused{Err: err}
	case jira.KindUnavailable, jira.KindProtocol:
		return &Refused{Err: err, Passing: true}
	}
	return err
}

// Answers yields what dimensions are read from: values that their Each leads
// into. what is their Field. Only when it ends without an error has it yielded
// everything; a *Refused leaves the tables as they are.
func (s *Source) Answers(ctx context.Context, what string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		read := answers[what]
		if read == nil {
			yield(nil, fmt.Errorf("fetch: no way to read %s", what))
			return
		}
		for value, err := range read(s, ctx) {
			if err != nil {
				yield(nil, refusal(err))
				return
			}
			if !yield(value, nil) {
				return
			}
		}
	}
}

// values are raw JSON values on their way.
type values = iter.Seq2[[]byte, error]

// answers says how dimensions are read, by their Field.
var answers = map[string]func(*Source, context.Context) values{
	"projects":          (*Source).projectList,
	"components":        (*Source).componentLists,
	"versions":          (*Source).versionLists,
	"security_levels":   (*Source).securityLevels,
	"users":             (*Source).users,
	"groups":            (*Source).groups,
	"group_members":     (*Source).groupMembers,
	"fields":            whole("field", ""),
	"field_options":     (*Source).fieldOptions,
	"issue_types":       whole("issuetype", ""),
	"priorities":        whole("priority", ""),
	"resolutions":       whole("resolution", ""),
	"statuses":          whole("status", ""),
	"status_categories": whole("statuscategory", ""),
	"issue_link_types":  whole("issueLinkType", "issueLinkTypes"),
	"boards":            (*Source).boardDetails,
	"sprints":           (*Source).sprints,
}

// whole reads what comes in one answer.
func whole(name, member string) func(*Source, context.Context) values {
	return func(s *Source, ctx context.Context) values {
		return s.client.List(ctx, jira.List{Op: "list " + name, Endpoint: name, Path: "/" + name, Member: member})
	}
}

const projectExpand = "description,lead,url,projectKeys"

func (s *Source) projectList(ctx context.Context) values {
	if !s.onCloud() {
		return s.client.List(ctx, jira.List{Op: "list projects", Endpoint: "project", Path: "/project",
			Query: url.Values{"includeArchived": {"true"}, "expand": {projectExpand}}})
	}
	return s.client.List(ctx, jira.List{Op: "list projects", Endpoint: "project/search", Path: "/project/search", Member: "values",
		Paging: jira.ByOffset, PageSize: 100, // more is clipped to it
		Query: url.Values{"status": {"live", "archived"}, "expand": {projectExpand}, "orderBy": {"key"}}})
}

func (s *Source) componentLists(ctx context.Context) values {
	return s.ofProjects(ctx, "components", "")
}
func (s *Source) versionLists(ctx context.Context) values { return s.ofProjects(ctx, "versions", "") }
func (s *Source) securityLevels(ctx context.Context) values {
	return s.ofProjects(ctx, "securitylevel", "levels")
}

// ofProjects reads a resource of every project. A project that is gone by then,
// or archived so that it no longer shows this, has none.
func (s *Source) ofProjects(ctx context.Context, resource, member string) values {
	name := resource
	if member != "" {
		name = member
	}
	return ofEach(ctx, s.projects, func(ctx context.Context, p jira.Project) ([][]byte, error) {
		id := strconv.FormatInt(p.ID, 10)
		list := jira.List{Op: "list the " + name + " of project " + p.Key, Endpoint: "project/{id}/" + resource, Path: "/project/" + id + "/" + resource, Member: member}
		all, err := collect(s.client.List(ctx, list), func(raw []byte) []byte { return within(`"id":`+id, name, raw) })
		return except(all, err, jira.KindNotFound)
	})
}

func (s *Source) users(ctx context.Context) values {
	list := jira.List{Op: "list users", Endpoint: "users/search", Path: "/users/search", Paging: jira.ByOffset, PageSize: 1000}
	if !s.onCloud() { // the user name is required, and a dot is in all that is searched
		list.Endpoint, list.Path = "user/search", "/user/search"
		list.Query = url.Values{"username": {"."}, "includeActive": {"true"}, "includeInactive": {"true"}}
	}
	return s.client.List(ctx, list)
}

func (s *Source) groups(ctx context.Context) values {
	if !s.onCloud() {
		return s.client.List(ctx, jira.List{Op: "list groups", Endpoint: "groups/picker", Path: "/groups/picker", Member: "groups",
			Query: url.Values{"maxResults": {"100000"}}})
	}
	return s.client.List(ctx, jira.List{Op: "list groups", Endpoint: "group/bulk", Path: "/group/bulk", Member: "values", Paging: jira.ByOffset, PageSize: 50})
}

func (s *Source) groupMembers(ctx context.Context) values {
	return func(yield func([]byte, error) bool) {
		groups, err := elements(s.groups(ctx))
		if err != nil {
			yield(nil, err)
			return
		}
		for _, g := range groups {
			query := url.Values{"includeInactiveUsers": {"true"}}
			if id := text(g, "groupId"); id != "" {
				query.Set("groupId", id)
			} else {
				query.Set("groupname", text(g, "name"))
			}
			list := jira.List{Op: "list the members of group " + text(g, "name"), Endpoint: "group/member", Path: "/group/member",
				Member: "values", Paging: jira.ByOffset, PageSize: 50, Query: query}
			for raw, err := range s.client.List(ctx, list) {
				if jira.KindOf(err) == jira.KindNotFound { // deleted meanwhile
					break
				}
				if !yield(within(inside(g), "members", raw), err) || err != nil {
					return
				}
			}
		}
	}
}

// fieldOptions reads the options of the site's custom fields, whichever of them
// are loaded: Cloud has them by context, Data Center by field.
func (s *Source) fieldOptions(ctx context.Context) values {
	return func(yield func([]byte, error) bool) {
		for _, f := range s.site {
			if sc := f.Schema; !f.Custom || sc.Type != "option" && sc.Type != "option-with-child" && sc.Items != "option" {
				continue
			}
			read := s.optionsOfField
			if s.onCloud() {
				read = s.optionsOfContexts
			}
			for raw, err := range read(ctx, f.ID) {
				if jira.KindOf(err) == jira.KindNotFound { // one that has no contexts of its own
					break
				}
				if !yield(raw, err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *Source) optionsOfContexts(ctx context.Context, field string) values {
	return func(yield func([]byte, error) bool) {
		contexts, err := elements(s.client.List(ctx, jira.List{Op: "list the contexts of " + field, Endpoint: "field/{id}/context", Path: "/field/" + field + "/context",
			Member: "values", Paging: jira.ByOffset, PageSize: 50}))
		if err != nil {
			yield(nil, err)
			return
		}
		for _, c := range contexts {
			list := jira.List{Op: "list the options of " + field, Endpoint: "field/{id}/context/{id}/option",
				Path: "/field/" + field + "/context/" + text(c, "id") + "/option", Member: "values", Paging: jira.ByOffset, PageSize: 100}
			for raw, err := range s.client.List(ctx, list) {
				if !yield(within(`"field":"`+field+`","context":`+string(c), "options", raw), err) || err != nil {
					return
				}
			}
		}
	}
}

func (s *Source) optionsOfField(ctx context.Context, field string) values {
	return func(yield func([]byte, error) bool) {
		list := jira.List{Op: "list the options of " + field, Endpoint: "customFields/{id}/options",
			Path:  "/customFields/" + strings.TrimPrefix(field, "customfield_") + "/options",
			Query: url.Values{"useAllContexts": {"true"}}, Member: "options", Paging: jira.ByNumber, PageSize: 1000}
		for raw, err := range s.client.List(ctx, list) {
			if !yield(within(`"field":"`+field+`"`, "options", raw), err) || err != nil {
				return
			}
		}
	}
}

const agile = "/rest/agile/1.0/board"

// boards lists the boards, once in a run.
func (s *Source) boards(ctx context.Context) ([][]byte, error) {
	if s.boardList == nil {
		list, err := elements(s.client.List(ctx, jira.List{Op: "list boards", Endpoint: "board", Path: agile, Member: "values", Paging: jira.ByOffset, PageSize: 50}))
		if err != nil {
			return nil, err
		}
		s.boardList = list
	}
	return s.boardList, nil
}

// boardDetails gives each board its configuration. A board that is gone by then
// has none; nor has one whose filter or columns are broken (422).
func (s *Source) boardDetails(ctx context.Context) values {
	return s.ofBoards(ctx, func(ctx context.Context, board []byte, id string) ([][]byte, error) {
		list := jira.List{Op: "read the configuration of board " + id, Endpoint: "board/{id}/configuration", Path: agile + "/" + id + "/configuration"}
		all, err := collect(s.client.List(ctx, list), func(raw []byte) []byte { return within(inside(board), "configuration", raw) })
		if all, err = except(all, err, jira.KindNotFound, jira.KindBadRequest); err == nil && len(all) == 0 {
			all = [][]byte{slices.Concat([]byte("["), board, []byte("]"))}
		}
		return all, err
	})
}

// sprints reads those of every board that may have some; which boards do not
// support sprints Jira tells by refusing them (400, 422).
func (s *Source) sprints(ctx context.Context) values {
	return s.ofBoards(ctx, func(ctx context.Context, board []byte, id string) ([][]byte, error) {
		if text(board, "type") == "kanban" {
			return nil, nil
		}
		list := jira.List{Op: "list the sprints of board " + id, Endpoint: "board/{id}/sprint", Path: agile + "/" + id + "/sprint",
			Member: "values", Paging: jira.ByOffset, PageSize: 50}
		all, err := collect(s.client.List(ctx, list), func(raw []byte) []byte { return raw })
		return except(all, err, jira.KindNotFound, jira.KindBadRequest)
	})
}

func (s *Source) ofBoards(ctx context.Context, read func(ctx context.Context, board []byte, id string) ([][]byte, error)) values {
	return func(yield func([]byte, error) bool) {
		boards, err := s.boards(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		ofEach(ctx, boards, func(ctx context.Context, board []byte) ([][]byte, error) {
			id, ok := rawjson.Int64(rawjson.Lookup(board, "id"))
			if !ok {
				return nil, errors.New("list boards: Jira sent a board without a numeric id")
			}
			return read(ctx, board, strconv.FormatInt(id, 10))
		})(yield)
	}
}

// atOnce is how many requests for parts of one dimension are under way at once;
// the client bounds those of everything together.
const atOnce = 8

// ofEach yields what read gives for each parent, several at once, in their order.
func ofEach[T any](ctx context.Context, parents []T, read func(context.Context, T) ([][]byte, error)) values {
	return func(yield func([]byte, error) bool) {
		for some := range slices.Chunk(parents, atOnce) {
			found := make([][][]byte, len(some))
			g, ctx := errgroup.WithContext(ctx)
			for i, p := range some {
				g.Go(func() (err error) {
					found[i], err = read(ctx, p)
					return err
				})
			}
			if err := g.Wait(); err != nil {
				yield(nil, err)
				return
			}
			for _, raw := range slices.Concat(found...) {
				if !yield(raw, nil) {
					return
				}
			}
		}
	}
}

// collect returns all of what a list gives, each changed.
func collect(list values, change func([]byte) []byte) ([][]byte, error) {
	var all [][]byte
	for raw, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, change(raw))
	}
	return all, nil
}

// elements returns the elements of all pages of a list.
func elements(list values) ([][]byte, error) {
	all := [][]byte{}
	for raw, err := range list {
		if err != nil {
			return nil, err
		}
		rawjson.Elements(raw, func(e []byte) bool {
			all = append(all, e)
			return true
		})
	}
	return all, nil
}

// except takes failures of the given kinds for an answer without anything.
func except(all [][]byte, err error, kinds ...jira.Kind) ([][]byte, error) {
	if err != nil && slices.Contains(kinds, jira.KindOf(err)) {
		return nil, nil
	}
	return all, err
}

// within puts an answer beside what it was asked for: members of an object, as
// JSON without the braces. The object is the one element of an array, as if
// Jira had listed it so.
func within(members, name string, answer []byte) []byte {
	return slices.Concat([]byte("[{"), []byte(members), []byte(`,"`+name+`":`), answer, []byte("}]"))
}

// inside is an object without its braces.
func inside(object []byte) string {
	return strings.TrimSuffix(strings.TrimPrefix(string(object), "{"), "}")
}

// text returns a member's text, or its number as one; "" if it is neither.
func text(object []byte, name string) string {
	v := rawjson.Lookup(object, name)
	switch rawjson.TypeOf(v) {
	case rawjson.String:
		return string(rawjson.AppendString(nil, v))
	case rawjson.Number:
		return string(v)
	}
	return ""
}
