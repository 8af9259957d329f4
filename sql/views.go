package sql

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// View is a view as its file describes it. The file, named after the view, is a
// query that runs as it stands, behind a comment of this form:
//
//	-- What question the view answers, and what a row of it is.
//	--
//	-- What else there is to know. All of this becomes the view's comment.
//	--
//	-- needs: issues (id, key)
//	-- takes: issues (assignee text, story_points float)
//	-- column issue_id: Issue, issues.id.
//
// A view whose needs are not met is not made; takes that are not there are read
// as NULL. Lines that begin with three blanks go on with the one before.
type View struct {
	Name    string
	Doc     string
	Notes   string
	Needs   []Relation
	Takes   []Relation
	Columns []ViewColumn // in the order of the query
	Query   string
}

// Relation is a table or view that a view reads, and the columns that it reads.
type Relation struct {
	Name    string
	Columns []string
	Types   []string // of the Columns, as package table names them; only of what a view takes
}

// ViewColumn is a column that a view has.
type ViewColumn struct{ Name, Doc string }

// views are the names of the files, each behind those that it needs.
var views = []string{
	"working_calendar", "calendar_days", "known_statuses", "time_in_status", "cycle_time", "throughput_weekly", "work_in_progress",
	"reopened_issues", "cumulative_flow_daily", "worklog_weekly",
	"known_sprints", "sprint_membership", "sprint_issues", "sprint_report", "sprint_burndown",
}

// ViewNames returns the names of the views, each behind those that it needs. All
// dialects have the same.
func ViewNames() []string { return slices.Clone(views) }

// ViewOf returns a view in a dialect, duckdb or snowflake.
func ViewOf(dialect, name string) View {
	v, err := parseView(name, viewText(dialect, name))
	if err != nil {
		panic("sql: the file is part of the binary: " + err.Error())
	}
	return v
}

// viewText returns the file of a view: the dialect's own where dialects differ, or
// the one that they share.
func viewText(dialect, name string) string {
	file := name + ".sql"
	if own, err := files.ReadFile(dialect + "/views/" + file); err == nil {
		return string(own)
	}
	return Text("views/" + file)
}

var (
	relationLine = regexp.MustCompile(`^(needs|takes): (\w+) \(([^)]*)\)$`)
	columnLine   = regexp.MustCompile(`^column (\w+): (.+)$`)
)

// parseView reads a file.
func parseView(name, text string) (View, error) {
	head, query := split(text)
	v := View{Name: name, Query: strings.TrimSpace(query)}
	into := &v.Doc
	for _, line := range head {
		relation, column := relationLine.FindStringSubmatch(line), columnLine.FindStringSubmatch(line)
		switch {
		case line == "":
			into = &v.Notes
		case column != nil:
			v.Columns = append(v.Columns, ViewColumn{column[1], column[2]})
		case relation == nil && len(v.Columns)+len(v.Needs)+len(v.Takes) > 0:
			return v, fmt.Errorf("view %s: what is meant by %q?", name, line)
		case relation == nil:
			*into = strings.TrimSpace(*into + " " + line)
		case relation[1] == "needs":
			v.Needs = append(v.Needs, Relation{Name: relation[2], Columns: list(relation[3])})
		default:
			r := Relation{Name: relation[2]}
			for _, c := range list(relation[3]) {
				column, kind, _ := strings.Cut(c, " ")
				r.Columns, r.Types = append(r.Columns, column), append(r.Types, kind)
			}
			v.Takes = append(v.Takes, r)
		}
	}
	if v.Doc == "" || len(v.Columns) == 0 || v.Query == "" {
		return v, fmt.Errorf("view %s: a description, columns and a query are wanted", name)
	}
	return v, nil
}

// split returns the lines of the comment that a file begins with, continued
// lines joined, and what is behind it.
func split(text string) (head []string, query string) {
	for {
		line, rest, _ := strings.Cut(text, "\n")
		comment, isComment := strings.CutPrefix(line, "--")
		if !isComment {
			return head, text
		}
		text = rest
		if more, continued := strings.CutPrefix(comment, "   "); continued && len(head) > 0 {
			head[len(head)-1] += " " + more
			continue
		}
		head = append(head, strings.TrimSpace(comment))
	}
}

func list(s string) []string {
	items := strings.Split(s, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}
