package flatten

import (
	"reflect"
	"testing"

	"snowdrift/internal/table"
)

// comments is a child table of one array.
var comments = &table.Table{
	Name: "comments", Role: table.Child, Field: "comment", Each: "comments.[]", Key: []string{"id"},
	Columns: []table.Column{
		{Name: table.IssueID, Type: table.Int, Source: table.FromIssue},
		{Name: "id", Type: table.Int, Path: "id"},
		{Name: "author", Type: table.Text, Path: "author.displayName"},
		{Name: "body", Type: table.Text, Path: "body", Form: table.RichText},
	},
}

// changelog is a child table of arrays in the elements of an array, in a member
// of the issue beside its fields.
var changelog = &table.Table{
	Name: "changelog", Role: table.Child, Field: ".changelog", Each: "histories.[].items.[]", Key: []string{"history_id", "item"},
	Columns: []table.Column{
		{Name: table.IssueID, Type: table.Int, Source: table.FromIssue},
		{Name: "history_id", Type: table.Int, Path: "^id"},
		{Name: "item", Type: table.Int, Source: table.FromIndex},
		{Name: "history", Type: table.Int, Source: table.FromIndex, Path: "^"},
		{Name: "created", Type: table.Timestamp, Path: "^created"},
		{Name: "author_id", Type: table.Text, Path: "^author.accountId|key|name"},
		{Name: "field", Type: table.Text, Path: "field"},
		{Name: "to_text", Type: table.Text, Path: "toString"},
		{Name: "whole", Type: table.JSON},
	},
}

// labels is a child table whose rows are made of the elements themselves.
var labels = &table.Table{
	Name: "labels", Role: table.Child, Field: "labels", Each: "[]", Key: []string{"label"},
	Columns: []table.Column{
		{Name: table.IssueID, Type: table.Int, Source: table.FromIssue},
		{Name: "position", Type: table.Int, Source: table.FromIndex},
		{Name: "label", Type: table.Text},
	},
}

func childRows(t *testing.T, child *table.Table, columns []string, issues ...string) [][]string {
	t.Helper()
	rows := flattenAll(t, []*table.Table{table.Issues(nil, nil), child, table.ValueErrors()}, issues...)
	if n := rows["issues"].Len(); n != len(issues) {
		t.Errorf("%d issues, want %d", n, len(issues))
	}
	return cells(rows[child.Name], columns...)
}

func TestChildRows(t *testing.T) {
	got := childRows(t, comments, []string{table.IssueID, "id", "author", "body", table.Seq},
		issue(1, `"comment":{"total":2,"comments":[{"id":"10","author":{"displayName":"User 7"},"body":"one"},
			{"id":"11","body":{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"two"}]}]}}]}`),
		issue(2, `"comment":{"comments":[]}`),
		issue(3, `"comment":null`),
		issue(4, ``),
		issue(5, `"comment":{"comments":[{"id":"12"}]}`))
	want := [][]string{
		{"1", "10", `"User 7"`, `"one"`, "1"},
		{"1", "11", "NULL", `"two"`, "1"},
		{"5", "12", "NULL", "NULL", "5"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A caret leads one array outwards: what every item of a history shares.
func TestChildRowsOfNestedArrays(t *testing.T) {
	got := childRows(t, changelog, []string{table.IssueID, "history_id", "history", "item", "created", "author_id", "field", "to_text"},
		`{"id":"1","fields":{},"changelog":{"total":3,"histories":[
			{"id":"100","author":{"name":"user7","key":"JIRAUSER7"},"created":"2024-01-02T03:04:05.678+0100","items":[{"field":"status","toString":"Done"},{"field":"resolution","toString":null}]},
			{"id":"101","items":[]},
			{"id":"102","created":1732877091123,"items":[{"field":"labels","toString":"a b"}]}]}}`,
		`{"changelog":{"histories":[{"id":"200","items":[{"field":"x"}]}]},"id":"2"}`)
	want := [][]string{
		{"1", "100", "0", "0", "2024-01-02T02:04:05.678000Z", `"JIRAUSER7"`, `"status"`, `"Done"`},
		{"1", "100", "0", "1", "2024-01-02T02:04:05.678000Z", `"JIRAUSER7"`, `"resolution"`, "NULL"},
		{"1", "102", "2", "0", "2024-11-29T10:44:51.123000Z", "NULL", `"labels"`, `"a b"`},
		{"2", "200", "0", "0", "NULL", "NULL", `"x"`, "NULL"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestChildRowsOfScalars(t *testing.T) {
	got := childRows(t, labels, []string{table.IssueID, "position", "label"}, issue(1, `"labels":["a",null,"b","a"]`))
	want := [][]string{{"1", "0", `"a"`}, {"1", "2", `"b"`}, {"1", "3", `"a"`}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A cell of a child row that does not fit is listed under the child's table and
// the field that it came from.
func TestValueErrorsOfChildRows(t *testing.T) {
	got := childErrors(t, comments, issue(1, `"comment":{"comments":[{"id":"x"},{"id":"11","author":"User 7"}]}`))
	want := [][]string{
		{"1", `"comment"`, `"comments"`, `"id"`, `"expected an integer, found a string of 3 bytes"`},
		{"1", `"comment"`, `"comments"`, `"*"`, `"an element has no id, by which its row would be known"`},
		{"1", `"comment"`, `"comments"`, `"author"`, `"expected an object, found a string of 8 bytes"`},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Where the array should be is something else: there are no rows to make of it,
// and that is no silence.
func TestChildrenThatAreNoArray(t *testing.T) {
	for _, tt := range []struct {
		title, fields string
		child         *table.Table
		reason        string
	}{
		{"a string for the object", `"comment":"many"`, comments, `"expected an object, found a string of 6 bytes"`},
		{"an object for the array", `"comment":{"comments":{"id":"1"}}`, comments, `"expected an array, found an object of 10 bytes"`},
		{"a string for the array", `"labels":"a b"`, labels, `"expected an array, found a string of 5 bytes"`},
	} {
		t.Run(tt.title, func(t *testing.T) {
			var reasons []string
			for _, e := range childErrors(t, tt.child, issue(1, tt.fields)) {
				if e[2] == `"`+tt.child.Name+`"` {
					reasons = append(reasons, e[4])
				}
			}
			if !reflect.DeepEqual(reasons, []string{tt.reason}) {
				t.Errorf("got %v, want %s", reasons, tt.reason)
			}
		})
	}
}

func childErrors(t *testing.T, child *table.Table, raw string) [][]string {
	t.Helper()
	rows := flattenAll(t, []*table.Table{table.Issues(nil, nil), child, table.ValueErrors()}, raw)
	return cells(rows["_snowdrift_value_errors"], table.IssueID, "field_id", "table_name", "column_name", "reason")
}
