package flatten

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// number returns the columns of a custom field of numbers.
func number(id, name string) []table.Column {
	cols, _ := table.Custom(table.DefaultSite, []table.Field{{ID: id, Name: name, Type: "number"}}, nil)
	return cols
}

// site returns the tables of a site with one custom field of numbers.
func site() []*table.Table {
	return []*table.Table{table.Issues(number("customfield_1", "Points"), nil), table.ValueErrors()}
}

// hash returns the digest of one issue's content.
func hash(t testing.TB, tables []*table.Table, raw string) uint64 {
	t.Helper()
	f, _ := into(tables...)
	ref, err := f.Issue([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return ref.Hash
}

func TestIssueReturnsWhatIdentifiesTheReading(t *testing.T) {
	f, rows := into(site()...)
	ref, err := f.Issue([]byte(issue(10007, `"summary":"x","updated":"2024-11-29T10:44:51.887-0800"`)))
	if err != nil {
		t.Fatal(err)
	}
	if ref.ID != 10007 || ref.Updated != 1732905891887 || ref.Hash == 0 {
		t.Errorf("got %+v", ref)
	}
	rows["issues"].Pad()
	want := [][]string{{"10007", fmt.Sprint(int64(ref.Hash)), "1"}}
	if got := cells(rows["issues"], table.ID, table.Hash, table.Seq); !reflect.DeepEqual(got, want) {
		t.Errorf("row %v, want %v", got, want)
	}
	if ref, err = f.Issue([]byte(issue(10008, ``))); err != nil || ref.Updated != 0 {
		t.Errorf("an issue without updated: %+v, %v", ref, err)
	}
}

func TestRawIsTheIssueByteForByte(t *testing.T) {
	for _, raw := range []string{
		`{ "id" : "1" ,"fields":{"a":1e400,"a":"\u0000","b":"\ud83d\ude00"} , "expand":null}`,
		`{"id":1}`,
		`{"fields":{},"id":"1"}`,
	} {
		rows := flattenAll(t, site(), raw)
		if got := cell(rows["issues"], table.Raw, 0); got != raw {
			t.Errorf("got %s, want %s", got, raw)
		}
	}
}

// What no destination can store is replaced in _raw, and listed.
func TestRawWithHalfASurrogatePair(t *testing.T) {
	rows := flattenAll(t, site(), issue(1, `"summary":"x\udc00"`))
	if got, want := cell(rows["issues"], table.Raw, 0), issue(1, `"summary":"x\ufffd"`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got := cells(rows["_snowdrift_value_errors"], table.IssueID, "table_name", "column_name")
	if want := [][]string{{"1", `"issues"`, `"_raw"`}}; !reflect.DeepEqual(got, want) {
		t.Errorf("value errors %v, want %v", got, want)
	}
}

func TestIssuesWithoutAnIDAreRefused(t *testing.T) {
	f, rows := into(site()...)
	for _, raw := range []string{`{}`, `{"key":"TO-1","fields":{"summary":"x"}}`, `{"id":"x"}`, `{"id":null}`, `{"id":1.5}`, `{"id":"x","id":"1"}`, `[]`, `7`} {
		if _, err := f.Issue([]byte(raw)); err == nil {
			t.Errorf("%s was taken", raw)
		}
	}
	for name, r := range rows {
		if r.Len() != 0 {
			t.Errorf("%s has %d rows", name, r.Len())
		}
	}
	if _, err := f.Issue([]byte(issue(1, ``))); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// Of duplicate members the first that is not null counts everywhere, so that a
// row, its child rows and the reading of it speak of one issue.
func TestDuplicateMembers(t *testing.T) {
	f, rows := into(table.Issues(nil, nil), comments)
	ref, err := f.Issue([]byte(`{"id":null,"id":"1","id":"2","fields":{"summary":null,"summary":"a","summary":"b",
		"comment":{"comments":[{"id":"5"}]},"comment":{"comments":[{"id":"6"},{"id":"7"}]}}}`))
	if err != nil || ref.ID != 1 {
		t.Errorf("got %+v, %v, want id 1", ref, err)
	}
	for _, r := range rows {
		r.Pad()
	}
	if got, want := cells(rows["issues"], table.ID, "summary"), [][]string{{"1", `"a"`}}; !reflect.DeepEqual(got, want) {
		t.Errorf("issues %v, want %v", got, want)
	}
	if got, want := cells(rows[comments.Name], table.IssueID, "id"), [][]string{{"1", "5"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("comments %v, want %v", got, want)
	}
}

func TestHashIsOfTheContent(t *testing.T) {
	base := issue(1, `"summary":"x","customfield_1":5,"labels":["a","b"],"customfield_9":{"unknown":1},"lastViewed":"2024-01-01","votes":{"votes":3,"hasVoted":false},"watches":{"watchCount":4,"isWatching":false}`)
	for _, tt := range []struct {
		title, raw string
		same       bool
	}{
		{"the same", base, true},
		{"another order", issue(1, `"lastViewed":"2024-01-01","customfield_9":{"unknown":1},"customfield_1":5,"summary":"x","labels":["a","b"],"watches":{"watchCount":4},"votes":{"votes":3}`), true},
		{"fields before the id", `{"fields":{"summary":"x","customfield_1":5,"labels":["a","b"],"customfield_9":{"unknown":1},"votes":{"votes":3},"watches":{"watchCount":4}},"key":"TO-1","id":"1"}`, true},
		{"viewed again", strings.Replace(base, "2024-01-01", "2025-02-02", 1), true},
		{"never viewed", strings.Replace(base, `"2024-01-01"`, "null", 1), true},
		{"voted for by us", strings.Replace(base, `"hasVoted":false`, `"hasVoted":true`, 1), true},
		{"watched by us", strings.Replace(base, `"isWatching":false`, `"isWatching":true`, 1), true},
		{"another vote", strings.Replace(base, `"votes":3`, `"votes":4`, 1), false},
		{"another watcher", strings.Replace(base, `"watchCount":4`, `"watchCount":5`, 1), false},
		{"null for absent", strings.Replace(base, `"summary"`, `"environment":null,"customfield_8":null,"summary"`, 1), true},
		{"another gateway", strings.Replace(base, `{"id"`, `{"self":"https://api.example.com/1","expand":"names","id"`, 1), true},
		{"another value", strings.Replace(base, `"x"`, `"y"`, 1), false},
		{"another value of a field without a column", strings.Replace(base, `"unknown":1`, `"unknown":2`, 1), false},
		{"a field less", strings.Replace(base, `"customfield_1":5,`, ``, 1), false},
		{"a field more", strings.Replace(base, `"summary"`, `"customfield_8":1,"summary"`, 1), false},
		{"values exchanged", strings.Replace(strings.Replace(base, `"customfield_1"`, `"customfield_X"`, 1), `"customfield_9"`, `"customfield_1"`, 1), false},
		{"a field without a column under another id", strings.Replace(base, `"customfield_9"`, `"customfield_8"`, 1), false},
		{"labels in another order", strings.Replace(base, `["a","b"]`, `["b","a"]`, 1), false},
		{"moved: another key", strings.Replace(base, "TO-1", "AB-1", 1), false},
	} {
		t.Run(tt.title, func(t *testing.T) {
			if got := hash(t, site(), tt.raw) == hash(t, site(), base); got != tt.same {
				t.Errorf("equal: %t, want %t", got, tt.same)
			}
		})
	}
}

// A changelog that was added to an issue is read as if Jira had shown it, and is
// no part of _raw.
func TestAddedChangelog(t *testing.T) {
	tables := []*table.Table{table.Issues(nil, nil)}
	for _, c := range table.Children() {
		if c.Field == table.Changelog {
			tables = append(tables, c.Table)
		}
	}
	const log = `{"total":1,"histories":[{"id":"7","created":"2024-01-01T00:00:00.000+0000","items":[{"field":"status","to":"3"}]}]}`
	flat := func(raw string) (stages.Ref, string, int) {
		var set []*stages.Rows
		for _, d := range tables {
			set = append(set, stages.NewRows(d))
		}
		f := New(tables)
		f.Into(set)
		ref, err := f.Issue([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		return ref, cells(set[0], table.Raw)[0][0], set[1].Len()
	}
	const sent = `{"id":"1","fields":{"summary":"x"}}`
	shown, _, rows := flat(`{"id":"1","fields":{"summary":"x"},"changelog":` + log + `}`)
	added, raw, again := flat(`{"id":"1","fields":{"summary":"x"},"` + table.AddedChangelog + `":` + log + `}`)
	if added.Hash != shown.Hash || rows != 1 || again != 1 {
		t.Errorf("hash %x and %d rows, want %x and %d", added.Hash, again, shown.Hash, rows)
	}
	if raw != sent {
		t.Errorf("_raw %s, want %s", raw, sent)
	}
}

// When a column is added, or a field's type changes, the issues that have the
// field look changed and are written again; nothing else is.
func TestHashFollowsThePlan(t *testing.T) {
	with, without := issue(1, `"summary":"x","customfield_2":"5"`), issue(2, `"summary":"x","customfield_2":null`)
	plans := map[string][]*table.Table{
		"without a column":  site(),
		"of text":           {table.Issues([]table.Column{{Name: "f", Type: table.Text, Field: "customfield_2"}}, nil)},
		"of numbers":        {table.Issues(number("customfield_2", "F"), nil)},
		"with another path": {table.Issues([]table.Column{{Name: "f", Type: table.Text, Field: "customfield_2", Path: "value"}}, nil)},
		"with a child table": {table.Issues(nil, nil), {Name: "values", Role: table.Child, Field: "customfield_2", Each: "[]",
			Columns: []table.Column{{Name: table.IssueID, Type: table.Int, Source: table.FromIssue}}}},
	}
	seen := map[uint64]string{}
	for name, tables := range plans {
		h := hash(t, tables, with)
		if other, there := seen[h]; there {
			t.Errorf("the same hash %s and %s", name, other)
		}
		seen[h] = name
		if hash(t, tables, without) != hash(t, site(), without) {
			t.Errorf("%s: an issue that does not have the field looks changed", name)
		}
	}
}

func TestDropTakesBackTheLastIssue(t *testing.T) {
	tables := []*table.Table{table.Issues(number("customfield_1", "Points"), nil), table.ValueErrors(), comments}
	f, rows := into(tables...)
	kept := issue(1, `"summary":"kept","customfield_1":"odd","comment":{"comments":[{"id":"1"}]}`)
	dropped := issue(2, `"summary":"dropped","description":"only here","customfield_1":"odd","comment":{"comments":[{"id":"2"},{"id":"3"}]}`)
	for i, raw := range []string{kept, dropped, dropped, kept} {
		if _, err := f.Issue([]byte(raw)); err != nil {
			t.Fatal(err)
		}
		if raw == dropped {
			f.Drop()
			f.Drop() // a second time does nothing
		}
		want := []int{1, 1, 1, 2}[i]
		for name, r := range rows {
			if r.Len() != want {
				t.Errorf("step %d: %s has %d rows, want %d", i, name, r.Len(), want)
			}
		}
	}
	want := flattenAll(t, tables, kept, kept)
	for name, r := range rows {
		r.Pad()
		var columns []string
		for _, c := range r.Table.Staged() {
			columns = append(columns, c.Name)
		}
		if got, want := cells(r, columns...), cells(want[name], columns...); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestValuesThatDoNotFitAreListedAndCounted(t *testing.T) {
	f, rows := into(site()...)
	for id := 1; id <= 2; id++ {
		if _, err := f.Issue([]byte(issue(id, `"customfield_1":"secret words","duedate":"tomorrow","summary":"x"`))); err != nil {
			t.Fatal(err)
		}
	}
	e := rows["_snowdrift_value_errors"]
	e.Pad()
	got := cells(e, table.IssueID, "field_id", "table_name", "column_name", "reason", table.Seq)
	var want [][]string
	for _, id := range []string{"1", "2"} {
		want = append(want,
			[]string{id, `"customfield_1"`, `"issues"`, `"points"`, `"expected a number that a double can hold, found a string of 14 bytes"`, id},
			[]string{id, `"duedate"`, `"issues"`, `"due_date"`, `"expected a date of the years 1 to 9999, found a string of 10 bytes"`, id})
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	odd := map[Odd]int64{{"customfield_1", "issues", "points"}: 2, {"duedate", "issues", "due_date"}: 2}
	if !maps.Equal(f.Odd(), odd) {
		t.Errorf("counted %v, want %v", f.Odd(), odd)
	}
}

// Without a table for them value errors are counted all the same.
func TestValueErrorsWithoutTheirTable(t *testing.T) {
	f, _ := into(table.Issues(nil, nil))
	if _, err := f.Issue([]byte(issue(1, `"duedate":"tomorrow"`))); err != nil {
		t.Fatal(err)
	}
	if n := f.Odd()[Odd{"duedate", "issues", "due_date"}]; n != 1 {
		t.Errorf("counted %d", n)
	}
}

// Rows go where Into directed them last; the numbering goes on.
func TestIntoOtherRows(t *testing.T) {
	tables := site()
	f, first := into(tables...)
	if _, err := f.Issue([]byte(issue(1, ``))); err != nil {
		t.Fatal(err)
	}
	second := []*stages.Rows{stages.NewRows(tables[0]), stages.NewRows(tables[1])}
	f.Into(second)
	if _, err := f.Issue([]byte(issue(2, ``))); err != nil {
		t.Fatal(err)
	}
	second[0].Pad()
	if got := cells(second[0], table.ID, table.Seq); first["issues"].Len() != 1 || !slices.EqualFunc(got, [][]string{{"2", "2"}}, slices.Equal) {
		t.Errorf("got %v beside %d rows", got, first["issues"].Len())
	}
}
