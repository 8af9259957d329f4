package flatten

import (
	"reflect"
	"testing"

	"snowdrift/internal/table"
)

// A row that could not be told from others is not made, and the ones beside it are.
func TestChildRowsWithoutKey(t *testing.T) {
	got := childRows(t, comments, []string{table.IssueID, "id", "author"},
		issue(1, `"comment":{"comments":[{"id":"10"},{"author":{"displayName":"User 7"}},{"id":null,"body":"x"},{"id":"11","author":{"displayName":"User 8"}}]}`))
	want := [][]string{{"1", "10", "NULL"}, {"1", "11", `"User 8"`}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	errors := childErrors(t, comments, issue(1, `"comment":{"comments":[{"body":"x"}]}`))
	if len(errors) != 1 || errors[0][3] != `"*"` {
		t.Errorf("value errors %v", errors)
	}
}

// How many children a page announced, and where it began, is not content; the
// children are.
func TestHashOfChildren(t *testing.T) {
	hash := func(raw string) uint64 {
		f, _ := into(table.Issues(nil, nil), comments, changelog)
		ref, err := f.Issue([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		return ref.Hash
	}
	first := hash(issue(1, `"comment":{"startAt":0,"maxResults":1,"total":1,"self":"https://a.example.org","comments":[{"id":"10"}]}`))
	for raw, same := range map[string]bool{
		issue(1, `"comment":{"comments":[{"id":"10"}],"maxResults":20,"total":1}`):                                             true,
		issue(1, `"comment":{"comments":[{"id":"10"},{"id":"11"}],"maxResults":20,"total":2}`):                                 false,
		issue(1, `"comment":{"comments":[],"maxResults":20,"total":1}`):                                                        false,
		issue(1, `"comment":[{"id":"10"}]`):                                                                                    false,
		`{"id":"1","key":"TO-1","changelog":{"histories":[{"id":"5"}]},"fields":{"comment":{"comments":[{"id":"10"}]}}}`:       false,
		`{"id":"1","key":"TO-1","changelog":null,"fields":{"comment":{"comments":[{"id":"10"}],"total":"many","startAt":-1}}}`: true,
	} {
		if got := hash(raw); (got == first) != same {
			t.Errorf("%s: the hash is the same: %t", raw, got == first)
		}
	}
}

// The original of a rich text is kept where it says more than the text.
func TestDocuments(t *testing.T) {
	doc := `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"two"}]}]}`
	got := childRows(t, described(t, "issue_comments"), []string{"id", "body", "body_raw"},
		issue(1, `"comment":{"comments":[{"id":"1","body":"h1. one"},{"id":"2","body":`+doc+`},{"id":"3"}]}`))
	want := [][]string{{"1", `"h1. one"`, "NULL"}, {"2", `"two"`, doc}, {"3", "NULL", "NULL"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A sprint is the same row whether Cloud or Data Center tells of it.
func TestSprintRows(t *testing.T) {
	sprints := described(t, "issue_sprints")
	sprints.Field = "customfield_10020"
	columns := []string{"position", "sprint_id", "sprint", "state", "board_id", "goal", "start_date", "end_date", "complete_date"}
	want := [][]string{{"0", "4", `"Sprint 4"`, `"closed"`, "2", `"a, b=c"`, "2024-01-02T03:04:05.000000Z", "2024-01-16T03:04:05.000000Z", "NULL"}}
	for _, value := range []string{
		`{"id":4,"name":"Sprint 4","state":"closed","boardId":2,"goal":"a, b=c","startDate":"2024-01-02T03:04:05.000Z","endDate":"2024-01-16T03:04:05.000Z"}`,
		`"com.atlassian.greenhopper.service.sprint.Sprint@1b[id=4,rapidViewId=2,state=CLOSED,name=Sprint 4,goal=a, b=c,startDate=2024-01-02T04:04:05.000+01:00,endDate=2024-01-16T04:04:05.000+01:00,completeDate=<null>,sequence=4]"`,
	} {
		if got := childRows(t, sprints, columns, issue(1, `"customfield_10020":[`+value+`]`)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n got %v\nwant %v", value, got, want)
		}
	}
	if got := childRows(t, sprints, columns, issue(1, `"customfield_10020":["Sprint 4",{}]`)); len(got) != 0 {
		t.Errorf("what is no sprint became %v", got)
	}
}

// described returns the description of a table of children, by name.
func described(t *testing.T, name string) *table.Table {
	t.Helper()
	for _, c := range table.Children() {
		if c.Name == name {
			return c.Table
		}
	}
	t.Fatalf("there is no table %s", name)
	return nil
}
