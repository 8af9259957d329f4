package fetch

import "testing"

// Of duplicate members this stage takes those that the flattener takes, or the
// children of one issue would be written into another.
func TestDuplicateMembers(t *testing.T) {
	const raw = `{"id":null,"id":"1","id":"2","changelog":null,"changelog":{"total":1},"changelog":{"total":2},
		"fields":{"comment":{"total":3},"comment":{"total":4}}}`
	is := look([]byte(raw))
	if is.id != 1 || string(is.changelog) != `{"total":1}` || string(is.remarks[0]) != `{"total":3}` {
		t.Errorf("got issue %d with the changelog %s and the comments %s", is.id, is.changelog, is.remarks[0])
	}
	if id, err := idOf([]byte(raw)); id != is.id || err != nil {
		t.Errorf("idOf says %d, %v, look says %d", id, err, is.id)
	}
}
