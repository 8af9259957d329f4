package fetch

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
)

// Rehearsal is what the requests of a load would find.
type Rehearsal struct {
	Issue int64 // id of one issue in scope; 0 if there is none
	Count int64 // issues in scope
	Exact bool  // whether Count is more than an estimate
}

// Rehearse sends one small request of each kind that reads issues: a search for
// the selected fields, a count, an issue by id. Each can need a scope of its own.
// A query that Jira does not understand is a *BadQuery.
func (s *Source) Rehearse(ctx context.Context) (Rehearsal, error) {
	var r Rehearsal
	for page, err := range s.client.Search(ctx, jira.Search{JQL: s.query(s.scope, "updated"), Fields: s.fields.Request, PageSize: 1}) {
		if err != nil {
			return r, s.refused(err)
		}
		if len(page.Issues) > 0 {
			if r.Issue, err = idOf(page.Issues[0]); err != nil {
				return r, err
			}
		}
		page.Release()
		if r.Issue != 0 {
			break
		}
	}
	if r.Issue == 0 {
		return r, ctx.Err()
	}
	var err error
	if r.Count, r.Exact, err = s.count(ctx, s.scope); err != nil {
		return r, err
	}
	for page, err := range s.client.BulkFetch(ctx, []int64{r.Issue}, []string{"id"}) {
		if err != nil {
			return r, err
		}
		page.Release()
	}
	return r, nil
}

// Readable says whether a table can be filled.
type Readable struct {
	Table string
	// Needs is what reading it takes, in words; "" for what issues take, the
	// permission Browse Projects and the scope read:jira-work.
	Needs string
	// Err is why not; a *Refused if a load goes on without.
	Err error
}

// needs are the scopes and permissions of tables that take others than issues do, as
// each resource's "Permissions required" and scopes say
// (https://developer.atlassian.com/cloud/jira/platform/rest/v3/,
// https://developer.atlassian.com/cloud/jira/software/rest/).
var needs = map[string]string{
	"issue_changelog": "the scope read:jira-work; among granular ones read:issue-meta:jira, read:avatar:jira and read:issue.changelog:jira",
	"issue_watchers":  "the project permission View Voters and Watchers",
	"issue_votes":     "the project permission View Voters and Watchers",
	"users":           "the scope read:jira-user and the global permission Browse Users and Groups",
	"groups":          "the scope read:jira-user and the global permission Browse Users and Groups, on Cloud for groups",
	"group_members":   "the scope read:jira-user and the global permission Browse Users and Groups, for the members of groups",
	"field_options":   "the scope manage:jira-configuration and the global permission Administer Jira",
	"boards":          "the granular scopes read:board-scope:jira-software and read:project:jira",
	"board_columns":   "the granular scopes read:board-scope:jira-software and read:project:jira, for columns too",
	"sprints":         "the granular scopes read:board-scope:jira-software and read:sprint:jira-software",
}

// RehearseTables sends one small request of each kind that fills a table beside
// issues, and yields what came of it, table by table. issue is one in scope, 0 if
// there is none: then nothing is asked of children. What comes inside the issues
// needs no request.
func (s *Source) RehearseTables(ctx context.Context, issue int64) iter.Seq[Readable] {
	return func(yield func(Readable) bool) {
		for _, t := range s.fields.Children {
			if !yield(Readable{t.Name, needs[t.Name], s.rehearseChild(ctx, t, issue)}) {
				return
			}
		}
		asked := map[string]error{} // several tables can be made of one resource
		for _, t := range s.fields.Dimensions {
			err, known := asked[t.Field]
			if !known {
				err = firstOf(s.Answers(ctx, t.Field))
				asked[t.Field] = err
			}
			if !yield(Readable{t.Name, needs[t.Name], err}) {
				return
			}
		}
	}
}

// rehearseChild sends the request that reads the rows of a child table of an
// issue, if that takes one.
func (s *Source) rehearseChild(ctx context.Context, t *table.Table, issue int64) error {
	if issue == 0 {
		return nil
	}
	for _, r := range remarks {
		if r.field == t.Field {
			return firstPage(r.read(s.client, ctx, issue))
		}
	}
	if t.Field == table.Changelog && s.onCloud() {
		return firstPage(s.client.Changelogs(ctx, []int64{issue}))
	}
	if name, found := strings.CutPrefix(t.Field, "."+table.Added); found {
		path := fmt.Sprintf("/issue/%d/%s", issue, name)
		err := firstOf(s.client.List(ctx, jira.List{Op: "read the " + name + " of an issue", Endpoint: "issue/{id}/" + name, Path: path}))
		if kind := jira.KindOf(err); kind == jira.KindNotFound || kind == jira.KindForbidden { // see readExtras
			return &Refused{Err: err}
		}
		return err
	}
	return nil
}

// firstPage reads no more than the first page.
func firstPage(pages iter.Seq2[*jira.Children, error]) error {
	for page, err := range pages {
		if err == nil {
			page.Release()
		}
		return err
	}
	return nil
}

// firstOf reads no more than the first value.
func firstOf(all values) error {
	for _, err := range all {
		return err
	}
	return nil
}
