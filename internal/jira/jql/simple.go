package jql

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Simple is the configuration's search type SIMPLE. What is empty does not restrict.
type Simple struct {
	// Projects are ids as Jira gives them, "10010"; anything that is not a
	// number is taken for a key. Resolve names before: Cloud answers a project
	// that it does not know with no issues in place of an error.
	Projects []string
	// StatusCategories are names, keys or ids of "To Do", "In Progress", "Done".
	StatusCategories []string
	// UpdatedAfter and CreatedAfter are days, yyyy-MM-dd, and include that day.
	// It begins when it begins in the account's time zone.
	UpdatedAfter, CreatedAfter string
}

// statusCategories lists the names and keys of each category under its id. The
// id is what we write: names are in the language of the site.
var statusCategories = []struct{ id, name, key string }{
	{"2", "To Do", "new"},
	{"4", "In Progress", "indeterminate"},
	{"3", "Done", "done"},
}

// Clause gives the restriction. Errors name the value and what would be right.
func (s Simple) Clause() (Clause, error) {
	var terms []string
	if len(s.Projects) > 0 {
		term, err := projectTerm(s.Projects)
		if err != nil {
			return Clause{}, err
		}
		terms = append(terms, term)
	}
	if len(s.StatusCategories) > 0 {
		term, err := categoryTerm(s.StatusCategories)
		if err != nil {
			return Clause{}, err
		}
		terms = append(terms, term)
	}
	for _, bound := range []struct{ key, field, day string }{
		{"updated_after", "updated", s.UpdatedAfter},
		{"created_after", "created", s.CreatedAfter},
	} {
		if bound.day == "" {
			continue
		}
		day, err := time.Parse(time.DateOnly, bound.day)
		if err != nil || day.Year() < 1000 {
			return Clause{}, fmt.Errorf("%s: %q is not a day; write it as yyyy-MM-dd, for instance 2023-10-01", bound.key, bound.day)
		}
		terms = append(terms, bound.field+" >= "+Quote(bound.day))
	}
	return Clause{strings.Join(terms, " AND ")}, nil
}

func projectTerm(projects []string) (string, error) {
	operands := make([]string, len(projects))
	for i, p := range projects {
		switch {
		case strings.TrimSpace(p) == "":
			return "", fmt.Errorf("project: entry %d is empty; name a project, or leave the list out to load all", i+1)
		case isDigits(p):
			operands[i] = p // an unquoted number is an id, a quoted one could be a name
		default:
			operands[i] = Quote(p)
		}
	}
	return "project in (" + strings.Join(operands, ", ") + ")", nil
}

func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

func categoryTerm(categories []string) (string, error) {
	var ids []string
	for _, text := range categories {
		id, ok := categoryID(text)
		if !ok {
			return "", fmt.Errorf("status_category: %q is unknown; use %s", text, allowedCategories())
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return "statusCategory in (" + strings.Join(ids, ", ") + ")", nil
}

func categoryID(text string) (string, bool) {
	text = strings.TrimSpace(text)
	for _, c := range statusCategories {
		if text == c.id || strings.EqualFold(text, c.name) || strings.EqualFold(text, c.key) {
			return c.id, true
		}
	}
	return "", false
}

func allowedCategories() string {
	var names []string
	for _, c := range statusCategories {
		names = append(names, fmt.Sprintf("%q (or %s, %s)", c.name, c.key, c.id))
	}
	return strings.Join(names, ", ")
}
