package table

import "slices"

// FieldHistory is the name of the table that tells which value a field had when.
const FieldHistory = "issue_field_history"

// FieldName is its column with the name of the field.
const FieldName = "field"

// Shape says how the changelog tells of a field's values.
type Shape uint8

// The shapes of changes. A single value is a list of at most one.
const (
	Event   Shape = iota // something happened; there is no value that could last
	Single               // an item says the value before and after
	Whole                // an item says the whole list before and after
	Members              // an item adds or removes one member of a list
)

// Writing says how the changelog and the issue write the same value, so that the
// two can be compared and stand in one column.
type Writing uint8

// The writings of values.
const (
	Choice  Writing = iota // an id and what it is called: people, versions, one option
	Options                // the same, lists of options: names with bare commas between them
	Cascade                // an option and one below it: "Parent values: Asia(10)Level 1 values: Japan(11)"
	Words                  // text, word for word
	Number                 // a number: 3, 3.0 and "3" are the same
	Day                    // yyyy-mm-dd as the changelog's id, in local words as its text
	Instant                // a date and time
	Labels                 // texts with blanks between them
	Sprints                // sprints: ids and names; in issues of Server Greenhopper's texts
	Linked                 // another issue and how it is linked
	Opaque                 // two writings that cannot be compared
)

// Tracked is a field whose history is told.
type Tracked struct {
	ID   string // status, customfield_10016; "" where Jira's changelog has none
	Name string // as people call it now
	// Also are the names under which changelogs without ids of fields (all of
	// Data Center's, links and the like on Cloud) know it.
	Also    []string
	Member  string // the member of the fields that holds the present value; a leading dot: of the issue; "" for none
	Shape   Shape
	Writing Writing
	// Unchanged says that a value that never changed has a row too.
	Unchanged bool
}

// track is what a kind of field says about its history.
type track struct {
	shape     Shape
	writing   Writing
	unchanged bool
}

// How the kinds of fields are tracked. What one groups, counts or sums by has a
// row even if it never changed, for otherwise a value that was set when the
// issue was created and never touched again would be missing from the history
// (constructorfabric/insight#2981). Texts, and what only a plugin understands,
// have rows only if they changed: their one value stands in issues.
var (
	aChoice  = track{Single, Choice, true}
	choices  = track{Whole, Choice, true}
	options  = track{Whole, Options, true}
	sprinted = track{Whole, Sprints, true}
	aNumber  = track{Single, Number, true}
	aDay     = track{Single, Day, true}
	anHour   = track{Single, Instant, true}
	someText = track{Single, Words, false}
	unclear  = track{Single, Opaque, false}
	untold   = track{}
)

// systemHistory are the fields of Jira's own that the changelog tells of. Names
// in Also are what Jira writes for a field: they are the same in every language.
var systemHistory = []Tracked{
	{ID: "status", Member: "status", Shape: Single, Unchanged: true},
	{ID: "issuetype", Member: "issuetype", Shape: Single, Unchanged: true},
	{ID: "project", Member: "project", Shape: Single, Unchanged: true},
	{ID: "issuekey", Also: []string{"Key"}, Member: ".key", Shape: Single, Writing: Words},
	{ID: "priority", Member: "priority", Shape: Single, Unchanged: true},
	{ID: "resolution", Member: "resolution", Shape: Single, Unchanged: true},
	{ID: "assignee", Member: "assignee", Shape: Single, Unchanged: true},
	{ID: "reporter", Member: "reporter", Shape: Single, Unchanged: true},
	{ID: "security", Also: []string{"Security"}, Member: "security", Shape: Single, Unchanged: true},
	{ID: "parent", Also: []string{"Parent", "IssueParentAssociation"}, Member: "parent", Shape: Single, Unchanged: true},
	{ID: "duedate", Member: "duedate", Shape: Single, Writing: Day, Unchanged: true},
	{ID: "timeoriginalestimate", Member: "timeoriginalestimate", Shape: Single, Writing: Number, Unchanged: true},
	{ID: "timeestimate", Member: "timeestimate", Shape: Single, Writing: Number, Unchanged: true},
	{ID: "timespent", Member: "timespent", Shape: Single, Writing: Number, Unchanged: true},
	{ID: "labels", Member: "labels", Shape: Whole, Writing: Labels, Unchanged: true},
	{ID: "components", Also: []string{"Component"}, Member: "components", Shape: Members, Unchanged: true},
	{ID: "fixVersions", Also: []string{"Fix Version"}, Member: "fixVersions", Shape: Members, Unchanged: true},
	{ID: "versions", Also: []string{"Version"}, Member: "versions", Shape: Members, Unchanged: true},
	{ID: "summary", Member: "summary", Shape: Single, Writing: Words},
	{ID: "description", Member: "description", Shape: Single, Writing: Words},
	{ID: "environment", Member: "environment", Shape: Single, Writing: Words},
	{ID: "issuelinks", Also: []string{"Link"}, Member: "issuelinks", Shape: Members, Writing: Linked},
	{ID: "attachment", Also: []string{"Attachment"}, Member: "attachment", Shape: Members},
	{Also: []string{"RemoteIssueLink"}, Shape: Members},
	{Also: []string{"Epic Child"}, Shape: Members},
	{ID: "comment", Also: []string{"Comment"}},
	{ID: "worklog", Also: []string{"WorklogId", "Worklog Id", "WorklogTimeSpent", "Worklog Time Spent"}},
	{Also: []string{"Rank"}},
}

// HistoryOf lists the fields whose history is told: Jira's own and the custom
// ones. A field that selected does not take has no present value to be compared
// with. A custom field is also known by the names that it had earlier, those that
// the ledger has for it at the site among them; a name that two fields have or had stands for
// neither, unless neither has values.
func HistoryOf(site string, custom []Field, ledger []Assignment, selected func(field string) bool) []Tracked {
	var all []Tracked
	for _, t := range systemHistory {
		t.Also = append(slices.Clone(t.Also), t.ID)
		if t.Name = t.ID; t.Name == "" {
			t.Name = t.Also[0]
		}
		if t.Member != "" && t.Member[0] != '.' && selected != nil && !selected(t.Member) {
			t.Member = ""
		}
		all = append(all, t)
	}
	for _, f := range custom {
		k := KindOf(f).track
		t := Tracked{ID: f.ID, Name: f.Name, Also: []string{f.Name}, Member: f.ID, Shape: k.shape, Writing: k.writing, Unchanged: k.unchanged}
		for _, a := range ledger {
			if a.SiteName() == site && a.Field == f.ID {
				t.Also = append(t.Also, a.Name)
			}
		}
		t.Also = append(t.Also, f.Former...)
		slices.Sort(t.Also)
		t.Also = slices.Compact(t.Also)
		all = append(all, t)
	}
	holders := map[string]int{}
	events := map[string]bool{}
	for _, t := range all {
		for _, name := range t.Also {
			if t.Shape == Event && events[name] {
				continue
			}
			events[name] = events[name] || t.Shape == Event
			holders[name]++
		}
	}
	for i := range all {
		all[i].Also = slices.DeleteFunc(all[i].Also, func(name string) bool { return name == "" || holders[name] > 1 })
	}
	return all
}

// fieldHistory describes the table. Its rows are made of the changelog and of
// the present values, see flatten; paths lead from the item of the changelog
// that the row began with.
func fieldHistory() *Table {
	told := func(name string, typ Type, doc string) Column {
		return Column{Name: name, Type: typ, Source: FromHistory, Doc: doc}
	}
	return child(FieldHistory, Changelog, "histories.[].items.[]", []string{"position"},
		"One row for each value that a field had, from when to when: values from the creation on are worked out from the first change, or from the present value of a field that never changed. "+
			"A field with several values has a row for each of them; while a field had none there is one row without a value. "+
			"A field without any row never had a value, or holds text that never changed.",
		[]Column{
			told("position", Int, "Place among the rows of the issue, from 0; those of a field stand together, in the order in which they ended."),
			told("field_id", Text, "Id of the field: status, customfield_10016; NULL for what Jira's changelog tells of without a field, as Data Center's does of a custom field under a name that no run saw it have."),
			told(FieldName, Text, "Name that the field had when the row was written; the one in the changelog where the field was gone."),
			told("value", Text, "What Jira calls the value: today, as in issues, if the field has it now; at the time of the change if it had it earlier. Names change, so one value can have several: group by value_id. Numbers, days (yyyy-mm-dd) and instants (UTC) are written alike throughout, and cascading options as Asia / Japan. NULL while there was none, and in a list whose names hold so many commas that it cannot be told which is whose."),
			told("value_id", Text, "Id of the value where it has one: of an option, version or sprint, account id of a person, id of a parent; of cascading options both, as 10 / 11."),
			told("valid_from", Timestamp, "When the field got the value; the creation of the issue for its first one."),
			told("valid_to", Timestamp, "When it lost it; NULL for the value that the field has now."),
			{Name: "history_id", Type: Int, Path: "^id", Doc: "Change with which the row began, see issue_changelog; NULL from the creation on."},
		},
		person("author", "^author", "who made that change"),
		[]Column{
			{Name: "from_id", Type: Text, Path: "from", Doc: "What that change says of the value before, as Jira stores it."},
			{Name: "from_string", Type: Text, Path: "fromString", Doc: "The same as Jira showed it."},
			{Name: "to_id", Type: Text, Path: "to", Doc: "What that change says of the value after, as Jira stores it."},
			{Name: "to_string", Type: Text, Path: "toString", Doc: "The same as Jira showed it."},
			told("from_differs", Bool, "Contradiction: true where a change says that the field had another value before than the rows before it tell."),
			told("today_differs", Bool, "Contradiction, for rows without valid_to: true where the issue has another value now than its changelog ends with; NULL where the two are written in ways that cannot be compared, or Jira does not show the field."),
		})
}
