package flatten

import (
	"reflect"
	"testing"

	"snowdrift/internal/table"
)

// The digests of issues are kept in warehouses: if they come out otherwise, every
// row there looks changed and is written again. So these are those that the first
// versions made; a change of them needs a reason as good as one to raise version.
func TestDigestsStayAsTheyWere(t *testing.T) {
	columns := []table.Column{
		{Name: table.ID, Type: table.Int, Field: ".id"},
		{Name: "summary", Type: table.Text, Field: "summary"},
		{Name: "status", Type: table.Text, Field: "status", Path: "name"},
		{Name: "category", Type: table.Text, Field: "status", Path: "statusCategory.key"},
		{Name: "assignee", Type: table.Text, Field: "assignee", Path: "accountId|key|name"},
		{Name: "labels", Type: table.List, Field: "labels", Path: "[]"},
		{Name: "votes", Type: table.Int, Field: "votes", Path: "votes"},
		{Name: "text", Type: table.Text, Field: "description", Form: table.RichText},
		{Name: table.Hash, Type: table.Int, Source: table.FromHash},
	}
	kids := &table.Table{Name: "remarks", Role: table.Child, Field: "comment", Each: "comments.[]", Key: []string{"id"},
		Columns: []table.Column{{Name: "id", Type: table.Int, Path: "id"}, {Name: "row", Type: table.Int, Source: table.FromHash}}}
	tables := []*table.Table{{Name: "issues", Role: table.Issue, Columns: columns}, kids}
	for _, c := range []struct {
		raw  string
		want uint64
	}{
		{`{"id":"1"}`, 0x19412a89b4786a8b},
		{issue(2, `"summary":"x"`), 0x5362355d7b1e37b9},
		{issue(3, `"summary":"a longer \u0074ext of more than sixteen bytes","status":{"id":"1","name":"Open","statusCategory":{"key":"new"}}`), 0x87372ebe2c7bac90},
		{issue(4, ` "summary" : null , "lastViewed":"2024-01-01","votes":{"self":"s","votes":3},"watches":{"watchCount":1},"customfield_1":[1, {"a":1e400}] `), 0xa5986873a351a456},
		{issue(5, `"comment":{"total":2,"comments":[{"id":"1","body":"b"},{"id":"2"}]},"comment":{"comments":[]},"labels":["a","b\ud800"]`), 0x54c9faf9a03f5a17},
		{issue(6, `"comment":[1],"\u0073ummary":"escaped name","description":{"type":"doc","content":[{"type":"text","text":"x"}]}`), 0x48a9a8482771a779},
	} {
		if got := hash(t, tables, c.raw); got != c.want {
			t.Errorf("%s: %#x, want %#x", c.raw, got, c.want)
		}
	}
	rows := flattenAll(t, tables, issue(7, `"comment":{"comments":[{"id":"1","body":"b"},{ "id" : 2 }]}`))
	want := [][]string{{"1", "-8834073925120467275"}, {"2", "1667139887444314012"}}
	if got := cells(rows["remarks"], "id", "row"); !reflect.DeepEqual(got, want) {
		t.Errorf("digests of rows %v, want %v", got, want)
	}
}
