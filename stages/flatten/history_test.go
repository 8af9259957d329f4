package flatten

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
)

// historyTable describes issue_field_history of a site with custom fields.
func historyTable(custom ...table.Field) *table.Table {
	for _, c := range table.Children() {
		if c.Name == table.FieldHistory {
			c.History = table.HistoryOf(table.DefaultSite, custom, nil, nil)
			return c.Table
		}
	}
	return nil
}

// customFields are fields of a made-up site.
var customFields = []table.Field{
	{ID: "customfield_1", Name: "Story Points", Type: "number"},
	{ID: "customfield_2", Name: "Sprint", Type: "array", Items: "json", Custom: "x:gh-sprint"},
	{ID: "customfield_3", Name: "Flagged", Type: "array", Items: "option"},
	{ID: "customfield_4", Name: "Start", Type: "date"},
	{ID: "customfield_5", Name: "Notes", Type: "string", Custom: "x:textarea"},
	{ID: "customfield_6", Name: "Go live", Type: "datetime"},
	{ID: "customfield_7", Name: "Tester", Type: "user"},
	{ID: "customfield_8", Name: "Plugin's own", Type: "any"},
	{ID: "customfield_9", Name: "Epic Link", Type: "any", Custom: "x:gh-epic-link"},
	{ID: "customfield_10", Name: "Rank", Type: "any", Custom: "x:gh-lexo-rank"},
	{ID: "customfield_11", Name: "Cities", Type: "array", Items: "option"},
	{ID: "customfield_12", Name: "Place", Type: "option-with-child"},
	{ID: "customfield_13", Name: "Targets", Type: "array", Items: "version"},
	{ID: "customfield_14", Name: "Groups", Type: "array", Items: "group"},
}

// change is an entry of a changelog, made n hours after the creation. Items are
// written field|from|fromString|to|toString, with - for null and # before the id
// of a field.
func change(n int, items ...string) string {
	var list []string
	for _, item := range items {
		p := strings.Split(item, "|")
		for i, s := range p {
			switch id, isID := strings.CutPrefix(s, "#"); {
			case i == 0 && isID:
				p[i] = fmt.Sprintf(`"field":"a name","fieldId":%q`, id)
			case i == 0:
				p[i] = fmt.Sprintf(`"field":%q`, s)
			case s == "-":
				p[i] = "null"
			default:
				p[i] = fmt.Sprintf("%q", s)
			}
		}
		list = append(list, fmt.Sprintf(`{%s,"from":%s,"fromString":%s,"to":%s,"toString":%s}`, p[0], p[1], p[2], p[3], p[4]))
	}
	return fmt.Sprintf(`{"id":"%[1]d","author":{"accountId":"u%[1]d","displayName":"User %[1]d"},"created":"2024-01-01T%02[1]d:00:00.000+0000","items":[%[2]s]}`, n, strings.Join(list, ","))
}

// historyOf returns the rows of one field, each as value/id from-to and what
// contradicts.
func historyOf(t *testing.T, field, fields string, changes ...string) []string {
	t.Helper()
	raw := fmt.Sprintf(`{"id":"1","key":"TO-2","changelog":{"histories":[%s]},"fields":{"created":"2024-01-01T00:00:00.000+0000",%s}}`, strings.Join(changes, ","), fields)
	h := historyTable(customFields...)
	rows := flattenAll(t, []*table.Table{table.Issues(nil, nil), h, table.ValueErrors()}, raw)
	if n := rows["_snowdrift_value_errors"].Len(); n > 0 {
		t.Errorf("value errors: %q", cells(rows["_snowdrift_value_errors"], "column_name", "reason"))
	}
	hour := func(s string) string {
		if s == "NULL" {
			return ""
		}
		return strings.TrimPrefix(s, "2024-01-01T")[:2]
	}
	var out []string
	for i, c := range cells(rows[h.Name], "position", "field_id", "field", "value", "value_id", "valid_from", "valid_to", "from_differs", "today_differs", "history_id") {
		if c[0] != fmt.Sprint(i) {
			t.Errorf("row %d has position %s", i, c[0])
		}
		if c[1] != fmt.Sprintf("%q", field) && !(c[1] == "NULL" && c[2] == fmt.Sprintf("%q", field)) {
			continue
		}
		row := strings.ReplaceAll(c[3], `"`, "")
		if c[4] != "NULL" {
			row += "/" + strings.Trim(c[4], `"`)
		}
		row += " " + hour(c[5]) + "-" + hour(c[6])
		if c[7] == "true" {
			row += " from!"
		}
		if c[8] == "true" {
			row += " today!"
		}
		if c[8] == "NULL" && c[6] == "NULL" {
			row += " today?"
		}
		if begins := c[9] != "NULL"; begins != (hour(c[5]) != "00") {
			row += " begins with change " + c[9]
		}
		out = append(out, row)
	}
	return out
}

func TestFieldHistory(t *testing.T) {
	for _, tt := range []struct {
		title, field, fields string
		changes              []string
		want                 []string
	}{
		{"a value that never changed", "status", `"status":{"id":"1","name":"Open"}`, nil, []string{"Open/1 00-"}},
		{"a field that never had a value", "assignee", `"assignee":null`, nil, nil},
		{"a field that Jira does not show", "assignee", `"x":1`, nil, nil},
		{"a text that never changed", "summary", `"summary":"S"`, nil, nil},
		{"the first value is what the first change left", "status", `"status":{"id":"3","name":"Done"}`,
			[]string{change(2, "#status|1|Open|2|Doing"), change(5, "status|2|Doing|3|Done")}, []string{"Open/1 00-02", "Doing/2 02-05", "Done/3 05-"}},
		{"newest first, as Cloud shows it", "status", `"status":{"id":"3","name":"Done"}`,
			[]string{change(5, "status|2|Doing|3|Done"), change(2, "status|1|Open|2|Doing")}, []string{"Open/1 00-02", "Doing/2 02-05", "Done/3 05-"}},
		{"no value before, none after", "assignee", `"assignee":null`,
			[]string{change(1, "assignee|-|-|u7|User 7"), change(2, "assignee|u7|User 7|-|-")}, []string{"NULL 00-01", "User 7/u7 01-02", "NULL 02-"}},
		{"a renamed status is the same, and called as it is today", "status", `"status":{"id":"2","name":"In progress"}`,
			[]string{change(2, "status|1|Open|2|Doing")}, []string{"Open/1 00-02", "In progress/2 02-"}},
		{"what was before is called as it was then", "status", `"status":{"id":"2","name":"In progress"}`,
			[]string{change(2, "status|2|Doing|1|Open"), change(3, "status|1|Open|2|Doing")}, []string{"Doing/2 00-02", "Open/1 02-03", "In progress/2 03-"}},
		{"what the issue has no more is called as it was then", "fixVersions", `"fixVersions":[{"id":"2","name":"v2.0"}]`,
			[]string{change(1, "Fix Version|-|-|1|1.0", "Fix Version|-|-|2|2.0")}, []string{"NULL 00-01", "1.0/1 01- today!", "v2.0/2 01- today!"}},
		{"a moved parent has another key", "parent", `"parent":{"id":"9","key":"NEW-1"}`,
			[]string{change(1, "IssueParentAssociation|-|-|9|OLD-1")}, []string{"NULL 00-01", "NEW-1/9 01-"}},
		{"renamed options", "customfield_12", `"customfield_12":{"id":"10","value":"Asien","child":{"id":"11","value":"Japan"}}`,
			[]string{change(1, "Place|-||-|Parent values: Asia(10)Level 1 values: Japan(11)")}, []string{"NULL 00-01", "Asien / Japan/10 / 11 01-"}},
		{"a change that is missing", "status", `"status":{"id":"3","name":"Done"}`,
			[]string{change(2, "status|1|Open|2|Doing"), change(5, "status|9|Lost|3|Done")}, []string{"Open/1 00-02", "Doing/2 02-05", "Done/3 05- from!"}},
		{"the last change is missing", "status", `"status":{"id":"4","name":"Closed"}`,
			[]string{change(2, "status|1|Open|2|Doing")}, []string{"Open/1 00-02", "Doing/2 02- today!"}},
		{"a field that the issue does not show now", "status", `"x":1`,
			[]string{change(2, "status|1|Open|2|Doing")}, []string{"Open/1 00-02", "Doing/2 02- today?"}},
		{"numbers are one however written", "customfield_1", `"customfield_1":8.0`,
			[]string{change(1, "Story Points|-|-|-|5.0"), change(3, "#customfield_1|-|5|-|8")}, []string{"NULL 00-01", "5 01-03", "8 03-"}},
		{"seconds", "timeestimate", `"timeestimate":3600`, []string{change(1, "timeestimate|-|-|3600|3600")}, []string{"NULL 00-01", "3600 01-"}},
		{"days are the changelog's ids", "duedate", `"duedate":"2024-02-03"`,
			[]string{change(1, "duedate|2024-02-01|2024-02-01 00:00:00.0|2024-02-03|03/Feb/24")}, []string{"2024-02-01 00-01", "2024-02-03 01-"}},
		{"days in somebody's words cannot be compared", "duedate", `"duedate":"2024-02-03"`,
			[]string{change(1, "duedate|-|-|-|03/Feb/24")}, []string{"NULL 00-01", "03/Feb/24 01- today?"}},
		{"a day that went", "duedate", `"duedate":"2024-02-03"`, []string{change(1, "duedate|2024-02-01|01/Feb/24|-|-")}, []string{"2024-02-01 00-01", "NULL 01- today!"}},
		{"instants in any zone", "customfield_6", `"customfield_6":"2024-02-03T10:00:00.000+0200"`,
			[]string{change(1, "Go live|-|-|2024-02-03T08:00:00+0000|03/Feb/24 8:00 AM")}, []string{"NULL 00-01", "2024-02-03T08:00:00.000Z 01-"}},
		{"people by key or account", "customfield_7", `"customfield_7":{"key":"JIRAUSER7","name":"user7","displayName":"User 7"}`,
			[]string{change(1, "Tester|-|-|JIRAUSER7|User Seven")}, []string{"NULL 00-01", "User 7/JIRAUSER7 01-"}},
		{"people by the name they logged in with", "customfield_7", `"customfield_7":{"key":"JIRAUSER7","name":"user7","displayName":"User 7"}`,
			[]string{change(1, "Tester|-|-|user7|User Seven")}, []string{"NULL 00-01", "User 7/JIRAUSER7 01-"}},
		{"an epic by its key", "customfield_9", `"customfield_9":"TO-9"`,
			[]string{change(1, "Epic Link|-|-|10009|TO-9")}, []string{"NULL 00-01", "TO-9/10009 01-"}},
		{"a document is not comparable with wiki text", "description", `"description":{"type":"doc","version":1,"content":[]}`,
			[]string{change(1, "description|-|a|-|*b*")}, []string{"a 00-01", "*b* 01- today?"}},
		{"wiki text is", "description", `"description":"*b*"`, []string{change(1, "description|-|a|-|*b*")}, []string{"a 00-01", "*b* 01-"}},
		{"a plugin's value is opaque", "customfield_8", `"customfield_8":{"id":1}`, []string{change(1, "Plugin's own|-|a|-|b")}, []string{"a 00-01", "b 01- today?"}},
		{"a key that moved", "issuekey", `"x":1`, []string{change(4, "Key||OLD-1||TO-2")}, []string{"OLD-1 00-04", "TO-2 04-"}},
		{"labels are lists of words", "labels", `"labels":["b","c"]`,
			[]string{change(1, "labels||a b||b c")}, []string{"a 00-01", "b 00-", "c 01-"}},
		{"labels that never changed", "labels", `"labels":["b","c"]`, nil, []string{"b 00-", "c 00-"}},
		{"all labels go", "labels", `"labels":[]`, []string{change(1, "labels||a b||")}, []string{"a 00-01", "b 00-01", "NULL 01-"}},
		{"sprints", "customfield_2", `"customfield_2":[{"id":7,"name":"One"},{"id":8,"name":"Two"}]`,
			[]string{change(1, "Sprint||||"), change(2, "Sprint|||7|One"), change(3, "Sprint|7|One|7, 8|One, Two")}, []string{"NULL 00-02", "One/7 02-", "Two/8 03-"}},
		{"sprints of Server", "customfield_2", `"customfield_2":["com.atlassian.greenhopper.service.sprint.Sprint@1[id=7,rapidViewId=1,state=CLOSED,name=One,goal=]"]`,
			[]string{change(2, "Sprint|||7|One")}, []string{"NULL 00-02", "One/7 02-"}},
		{"sprints whose names have commas, by the name of one", "customfield_2", `"customfield_2":[{"id":8,"name":"Two"}]`,
			[]string{change(3, "Sprint|7, 8|One, and a half, Two|8|Two")}, []string{"One, and a half/7 00-03", "Two/8 00-"}},
		{"names with commas are left out", "customfield_2", `"customfield_2":[{"id":9,"name":"Three"}]`,
			[]string{change(3, "Sprint|7, 8|One, and a half, Two|9|Three")}, []string{"NULL/7 00-03", "NULL/8 00-03", "Three/9 03-"}},
		{"a comma without a blank does not part sprints", "customfield_2", `"customfield_2":null`,
			[]string{change(3, "Sprint|7, 8|1,5, Two||")}, []string{"1,5/7 00-03", "Two/8 00-03", "NULL 03-"}},
		{"options in brackets", "customfield_3", `"customfield_3":null`,
			[]string{change(1, "Flagged|-|-|[10, 11]|Stop,Go"), change(2, "Flagged|[10, 11]|Stop,Go||")}, []string{"NULL 00-01", "Stop/10 01-02", "Go/11 01-02", "NULL 02-"}},
		{"a comma with a blank does not part options", "customfield_11", `"customfield_11":[{"id":"100","value":"Berlin, Germany"},{"id":"101","value":"Paris"}]`,
			[]string{change(1, "Cities|[101]|Paris|[100, 101]|Berlin, Germany,Paris")}, []string{"Paris/101 00-", "Berlin, Germany/100 01-"}},
		{"nor does it where the issue has lost them", "customfield_11", `"customfield_11":null`,
			[]string{change(1, "Cities|[101]|Paris|[100, 101]|Berlin, Germany,Paris"), change(2, "Cities|[100, 101]|Berlin, Germany,Paris||")},
			[]string{"Paris/101 00-02", "Berlin, Germany/100 01-02", "NULL 02-"}},
		{"options that could be parted at two commas are left out", "customfield_11", `"customfield_11":null`,
			[]string{change(1, "Cities|[100, 101]|A,B,C||")}, []string{"NULL/100 00-01", "NULL/101 00-01", "NULL 01-"}},
		{"unless the issue has one of them", "customfield_11", `"customfield_11":[{"id":"101","value":"B,C"}]`,
			[]string{change(1, "Cities|[101, 100]|B,C,A,D|[101]|B,C")}, []string{"A,D/100 00-01", "B,C/101 00-"}},
		{"or two, or had one before", "customfield_11", `"customfield_11":[{"id":"100","value":"A,A"},{"id":"103","value":"D"}]`,
			[]string{change(1, "Cities|[101]|B,B|[100, 101, 102, 103]|A,A,B,B,C,C,D"), change(2, "Cities|[100, 101, 102, 103]|A,A,B,B,C,C,D|[100, 103]|A,A,D")},
			[]string{"B,B/101 00-02", "C,C/102 01-02", "A,A/100 01-", "D/103 01-"}},
		{"or one has another name today than it had before", "customfield_11", `"customfield_11":[{"id":"101","value":"Bee"}]`,
			[]string{change(1, "Cities|[101]|B,B|[101, 100]|B,B,A,A"), change(2, "Cities|[101, 100]|B,B,A,A||")}, []string{"B,B/101 00-02", "A,A/100 01-02", "NULL 02- today!"}},
		{"options that do not fit their text", "customfield_11", `"customfield_11":null`,
			[]string{change(1, "Cities|[100, 101]|Berlin, Germany||")}, []string{"NULL/100 00-01", "NULL/101 00-01", "NULL 01-"}},
		{"options without ids", "customfield_11", `"customfield_11":[{"id":"100","value":"Berlin, Germany"},{"id":"101","value":"Paris"}]`,
			[]string{change(1, "Cities|-|-|-|Berlin, Germany,Paris")}, []string{"NULL 00-01", "Berlin, Germany/100 01-", "Paris/101 01-"}},
		{"groups without ids", "customfield_14", `"customfield_14":[{"name":"b"},{"name":"a"}]`,
			[]string{change(1, "Groups|-|-|-|a, b"), change(2, "Groups|-|a, b|-|b,a")}, []string{"NULL 00-01", "a 01-", "b 01-"}},
		{"versions of a field with either comma", "customfield_13", `"customfield_13":null`,
			[]string{change(1, "Targets|-|-|[1, 2]|1.0,2.0"), change(2, "Targets|[1, 2]|1.0,2.0|[3, 4]|3.0, 4.0"), change(3, "Targets|[3, 4]|3.0, 4.0|-|-")},
			[]string{"NULL 00-01", "1.0/1 01-02", "2.0/2 01-02", "3.0/3 02-03", "4.0/4 02-03", "NULL 03-"}},
		{"and with both", "customfield_13", `"customfield_13":null`,
			[]string{change(1, "Targets|[1, 2]|1.0, final,2.0|-|-")}, []string{"NULL/1 00-01", "NULL/2 00-01", "NULL 01-"}},
		{"cascading options that never changed", "customfield_12", `"customfield_12":{"id":"10","value":"Asia","child":{"id":"11","value":"Japan"}}`, nil, []string{"Asia / Japan/10 / 11 00-"}},
		{"the first of two alone", "customfield_12", `"customfield_12":{"id":"10","value":"Asia","child":null}`, nil, []string{"Asia/10 00-"}},
		{"cascading options that changed", "customfield_12", `"customfield_12":{"id":"10","value":"Asia","child":{"id":"11","value":"Japan"}}`,
			[]string{change(1, "Place|-||-|Parent values: Asia(10)"), change(2, "Place|-|Parent values: Asia(10)|-|Parent values: Asia(10)Level 1 values: Japan(11)")},
			[]string{"NULL 00-01", "Asia/10 01-02", "Asia / Japan/10 / 11 02-"}},
		{"another child is another value", "customfield_12", `"customfield_12":{"id":"10","value":"Asia","child":{"id":"12","value":"Korea"}}`,
			[]string{change(1, "Place|-||-|Parent values: Asia(10)Level 1 values: Japan(11)")}, []string{"NULL 00-01", "Asia / Japan/10 / 11 01- today!"}},
		{"and so is none", "customfield_12", `"customfield_12":{"id":"10","value":"Asia"}`,
			[]string{change(1, "Place|-||-|Parent values: Asia(10)Level 1 values: Japan(11)")}, []string{"NULL 00-01", "Asia / Japan/10 / 11 01- today!"}},
		{"cascading options that went", "customfield_12", `"customfield_12":null`,
			[]string{change(1, "Place|-|Parent values: Asia(10)Level 1 values: Japan(11)|-|")}, []string{"Asia / Japan/10 / 11 00-01", "NULL 01-"}},
		{"names with parentheses", "customfield_12", `"customfield_12":{"id":"10","value":"Asia (East)","child":{"id":"11","value":"Japan(1)"}}`,
			[]string{change(1, "Place|-||-|Parent values: Asia (East)(10)Level 1 values: Japan(1)(11)")}, []string{"NULL 00-01", "Asia (East) / Japan(1)/10 / 11 01-"}},
		{"a name like the words between", "customfield_12", `"customfield_12":{"id":"10","value":"Level 1 values: ","child":{"id":"11","value":"x"}}`,
			[]string{change(1, "Place|-||-|Parent values: Level 1 values: (10)Level 1 values: x(11)")}, []string{"NULL 00-01", "Level 1 values:  / x/10 / 11 01-"}},
		{"a text that could be read in two ways stays", "customfield_12", `"customfield_12":{"id":"10","value":"A"}`,
			[]string{change(1, "Place|-||-|Parent values: A(1)Level 1 values: B(2)Level 1 values: C(3)")},
			[]string{"NULL 00-01", "Parent values: A(1)Level 1 values: B(2)Level 1 values: C(3) 01- today?"}},
		{"so does one in other words", "customfield_12", `"customfield_12":{"id":"10","value":"Asia","child":{"id":"11","value":"Japan"}}`,
			[]string{change(1, "Place|-||-|Asia - Japan")}, []string{"NULL 00-01", "Asia - Japan 01- today?"}},
		{"versions come and go one by one", "fixVersions", `"fixVersions":[{"id":"2","name":"2.0"},{"id":"9","name":"9.0"}]`,
			[]string{change(1, "Fix Version|-|-|1|1.0"), change(2, "Fix Version|1|1.0|-|-", "Fix Version|-|-|2|2.0")}, []string{"1.0/1 01-02", "9.0/9 00-", "2.0/2 02-"}},
		{"two versions at once", "fixVersions", `"fixVersions":[{"id":"1","name":"1.0"},{"id":"2","name":"2.0"}]`,
			[]string{change(1, "Fix Version|-|-|1|1.0", "Fix Version|-|-|2|2.0")}, []string{"NULL 00-01", "1.0/1 01-", "2.0/2 01-"}},
		{"a version that goes without having come", "fixVersions", `"fixVersions":[]`,
			[]string{change(1, "Fix Version|-|-|1|1.0"), change(2, "Fix Version|1|1.0|-|-"), change(3, "Fix Version|1|1.0|-|-")},
			[]string{"NULL 00-01", "1.0/1 01-02", "NULL 02- from!"}},
		{"a remote link described anew", "RemoteIssueLink", `"x":1`,
			[]string{change(1, "RemoteIssueLink|-|-|9|Page A"), change(2, "RemoteIssueLink|9|Page A|9|Page B")}, []string{"NULL 00-01", "Page A/9 01- today?"}},
		{"the last version goes", "fixVersions", `"fixVersions":[]`,
			[]string{change(1, "Fix Version|1|1.0|-|-"), change(2, "Fix Version|-|-|1|1.0"), change(3, "Fix Version|1|1.0|-|-")},
			[]string{"1.0/1 00-01", "NULL 01-02", "1.0/1 02-03", "NULL 03-"}},
		{"a version added twice", "fixVersions", `"fixVersions":[{"id":"1","name":"1.0"}]`,
			[]string{change(1, "Fix Version|-|-|1|1.0"), change(2, "Fix Version|-|-|1|1.0")}, []string{"NULL 00-01", "1.0/1 01- from!"}},
		{"a version lost", "fixVersions", `"fixVersions":[]`, []string{change(1, "Fix Version|-|-|1|1.0")}, []string{"NULL 00-01", "1.0/1 01- today!"}},
		{"two links to one issue", "issuelinks", `"issuelinks":[{"type":{"outward":"clones"},"outwardIssue":{"key":"TO-3"}}]`,
			[]string{change(1, "Link|-|-|TO-3|This issue blocks TO-3"), change(2, "Link|-|-|TO-3|This issue clones TO-3"), change(3, "Link|TO-3|This issue blocks TO-3|-|-")},
			[]string{"NULL 00-01", "This issue blocks TO-3/TO-3 01-03", "This issue clones TO-3/TO-3 02-"}},
		{"attachments", "attachment", `"attachment":[{"id":"5","filename":"a.txt"}]`,
			[]string{change(1, "Attachment|-|-|5|a.txt")}, []string{"NULL 00-01", "a.txt/5 01-"}},
		{"a field that is gone", "customfield_99", `"x":1`, []string{change(1, "#customfield_99|-|a|-|b")}, []string{"a 00-01", "b 01- today?"}},
		{"what is no field", "Workflow", `"x":1`, []string{change(1, "Workflow|1|Old|2|New")}, []string{"Old/1 00-01", "New/2 01- today?"}},
		{"ranks are no values", "customfield_10", `"customfield_10":"0|i:"`, []string{change(1, "Rank||||Ranked higher")}, nil},
		{"a change from one value to the same", "priority", `"priority":{"id":"1","name":"High"}`,
			[]string{change(1, "priority|1|High|1|High")}, []string{"High/1 00-"}},
	} {
		t.Run(tt.title, func(t *testing.T) {
			if got := historyOf(t, tt.field, tt.fields, tt.changes...); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// What a row tells of the change that it began with.
func TestFieldHistoryTellsOfTheChange(t *testing.T) {
	h := historyTable()
	raw := `{"id":"1","changelog":{"histories":[` + change(2, "status|1|Open|2|Doing") + `]},"fields":{"created":"2024-01-01T00:00:00.000+0000"}}`
	rows := flattenAll(t, []*table.Table{table.Issues(nil, nil), h}, raw)
	got := cells(rows[h.Name], "issue_id", "field", "history_id", "author", "author_id", "from_id", "from_string", "to_id", "to_string", "from_differs")
	want := [][]string{
		{"1", `"status"`, "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"},
		{"1", `"status"`, "2", `"User 2"`, `"u2"`, `"1"`, `"Open"`, `"2"`, `"Doing"`, "false"},
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q", got)
	}
}

// Members of a list that came at once tell each of its own part of the change.
func TestFieldHistoryTellsOfTheItem(t *testing.T) {
	h := historyTable()
	raw := `{"id":"1","changelog":{"histories":[` + change(2, "Fix Version|-|-|1|1.0", "Fix Version|-|-|2|2.0") + `]},"fields":{"created":"2024-01-01T00:00:00.000+0000"}}`
	rows := flattenAll(t, []*table.Table{table.Issues(nil, nil), h}, raw)
	got := cells(rows[h.Name], "value_id", "history_id", "to_id")
	if want := [][]string{{"NULL", "NULL", "NULL"}, {`"1"`, "2", `"1"`}, {`"2"`, "2", `"2"`}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q", got)
	}
}

// An issue to which thousands of others were linked takes no time to speak of:
// what a change costs grows with the members there are, not with their square.
func TestFieldHistoryOfManyMembers(t *testing.T) {
	const n = 3000
	var changes []string
	for i := range n {
		changes = append(changes, fmt.Sprintf(`{"id":"%d","created":%d,"items":[{"field":"Epic Child","from":null,"to":"%[1]d","toString":"TO-%[1]d"}]}`, i+1, 1_700_000_000_000+i))
	}
	h := historyTable()
	raw := `{"id":"1","changelog":{"histories":[` + strings.Join(changes, ",") + `]},"fields":{}}`
	rows := flattenAll(t, []*table.Table{table.Issues(nil, nil), h}, raw)
	if got := rows[h.Name].Len(); got != n+1 {
		t.Errorf("%d rows", got)
	}
}

// Without a changelog nothing is known of the past, and nothing is said of it.
func TestFieldHistoryNeedsAChangelog(t *testing.T) {
	h := historyTable()
	tables := []*table.Table{table.Issues(nil, nil), h, table.ValueErrors()}
	rows := flattenAll(t, tables, issue(1, `"status":{"id":"1","name":"Open"}`),
		`{"id":"2","changelog":7,"fields":{}}`, `{"id":"3","changelog":{"histories":[{"id":"1","items":[{"field":"status"}]}]},"fields":{}}`)
	if n := rows[h.Name].Len(); n != 0 {
		t.Errorf("%d rows", n)
	}
	if got := cells(rows["_snowdrift_value_errors"], table.IssueID, "table_name", "column_name"); len(got) != 2 || got[0][1] != `"issue_field_history"` || got[1][2] != `"*"` {
		t.Errorf("value errors %q", got)
	}
}
