package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Field describes one field as the site defines it. Names are neither unique
// nor stable; the id is.
type Field struct {
	ID          string      `json:"id"`   // "summary", "customfield_10020"
	Key         string      `json:"key"`  // empty on Data Center
	Name        string      `json:"name"` // in the account's language
	Custom      bool        `json:"custom"`
	Navigable   bool        `json:"navigable"`
	Schema      FieldSchema `json:"schema"`      // zero where the site gives none
	ClauseNames []string    `json:"clauseNames"` // names in JQL, such as "cf[10020]"
}

// FieldSchema is a field's type. Plugins bring types of their own.
type FieldSchema struct {
	Type     string `json:"type"`     // "array", "option", …
	Items    string `json:"items"`    // of an array
	Custom   string `json:"custom"`   // the plugin's key: "com.pyxis.greenhopper.jira:gh-sprint"
	CustomID int64  `json:"customId"` // 10020; 0 for system fields
}

// Fields lists the fields that the account may see (GET /field).
func (c *Client) Fields(ctx context.Context) ([]Field, error) {
	var fields []Field
	call := &call{
		op: "list fields", method: http.MethodGet, endpoint: "field", path: c.api("/field"),
		accept: func(a *answer) error {
			fields = nil
			if err := a.decode(&fields); err != nil {
				return err
			}
			if len(fields) == 0 {
				return errors.New("the site has no fields at all, which cannot be")
			}
			for i := range fields {
				if fields[i].ID == "" {
					return fmt.Errorf("field %d of the list has no id", i)
				}
			}
			return nil
		},
	}
	if err := c.do(ctx, call); err != nil {
		return nil, err
	}
	return fields, nil
}

// Project is a project that the account may browse.
type Project struct {
	ID         int64
	Key        string
	Name       string
	Archived   bool
	IssueCount int64 // -1: unknown
}

type projectBody struct {
	ID       string `json:"id"`
	Key      string `json:"key"`
	Name     string `json:"name"`
	Archived bool   `json:"archived"`
	Insight  *struct {
		TotalIssueCount *int64 `json:"totalIssueCount"`
	} `json:"insight"`
}

func (b projectBody) project() (Project, error) {
	id, err := strconv.ParseInt(b.ID, 10, 64)
	if err != nil {
		return Project{}, fmt.Errorf("project %q has no numeric id", b.Key)
	}
	p := Project{ID: id, Key: b.Key, Name: b.Name, Archived: b.Archived, IssueCount: -1}
	if b.Insight != nil && b.Insight.TotalIssueCount != nil {
		p.IssueCount = *b.Insight.TotalIssueCount
	}
	return p, nil
}

// projectPage is the number of projects of a page; larger ones are clipped to it.
const projectPage = 100

// Projects lists the projects that the account may browse, archived ones
// included; counts only on Cloud.
func (c *Client) Projects(ctx context.Context) ([]Project, error) {
	list := List{Op: "list projects", Endpoint: "project", Path: "/project", Query: url.Values{"includeArchived": {"true"}}}
	if c.site.Deployment == Cloud {
		list = List{Op: "list projects", Endpoint: "project/search", Path: "/project/search", Member: "values", Paging: ByOffset, PageSize: projectPage,
			Query: url.Values{"orderBy": {"key"}, "status": {"live", "archived"}, "expand": {"insight"}}}
	}
	var projects []Project
	seen := make(map[int64]bool)
	for raw, err := range c.List(ctx, list) {
		if err != nil {
			return nil, err
		}
		page, err := projectsOf(raw)
		if err != nil {
			return nil, list.call().failure(KindProtocol, err)
		}
		for _, p := range page {
			if !seen[p.ID] { // a project created meanwhile shifts the pages
				seen[p.ID] = true
				projects = append(projects, p)
			}
		}
	}
	return projects, nil
}

func projectsOf(raw []byte) ([]Project, error) {
	var list []projectBody
	if err := unmarshal(raw, &list); err != nil {
		return nil, err
	}
	if list == nil {
		return nil, errors.New("the answer holds no list of projects")
	}
	projects := make([]Project, len(list))
	for i, body := range list {
		var err error
		if projects[i], err = body.project(); err != nil {
			return nil, err
		}
	}
	return projects, nil
}
