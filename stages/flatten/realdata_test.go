package flatten

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/realdata"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// Every issue of the real data becomes one row, and its _raw says what Jira
// sent. Messages name file and line only.
func TestRealData(t *testing.T) {
	for _, path := range realdata.Glob(t, "issues", "*.jsonl*") {
		t.Run(filepath.Base(path), func(t *testing.T) { flattenFile(t, path) })
	}
}

func flattenFile(t *testing.T, path string) {
	tables := []*table.Table{table.Issues(nil, nil), table.ValueErrors(), comments, changelog}
	f, rows := into(tables...)
	issues, remarks, items := 0, 0, 0
	for n, raw := range realdata.Lines(t, path) {
		if rawjson.IsNull(rawjson.Lookup(raw, "id")) { // one set has fields only
			raw = append([]byte(`{"id":"1",`), raw[1:]...)
		}
		if _, err := f.Issue(raw); err != nil {
			t.Fatalf("line %d: %v", n, err)
		}
		c, i := checkReal(t, n, raw, rows)
		issues, remarks, items = issues+1, remarks+c, items+i
	}
	t.Logf("%d issues, %d comments, %d changelog items, value errors %v", issues, remarks, items, f.Odd())
}

// TestRealChangelogs replays changelogs that were collected without their
// issues: chains of changes that contradict themselves are listed by issue and
// field.
func TestRealChangelogs(t *testing.T) {
	entries := map[string][]string{}
	for n, line := range realdata.Lines(t, realdata.Path(t, "entities", "merico_changelog.jsonl")) {
		var row struct {
			Data  json.RawMessage
			Input struct {
				Issue int `json:"issue_id"`
			}
		}
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatalf("line %d cannot be read", n)
		}
		id := strconv.Itoa(row.Input.Issue)
		entries[id] = append(entries[id], string(row.Data))
	}
	h := historyTable()
	f, rows := into(table.Issues(nil, nil), h, table.ValueErrors())
	items, contradictions := 0, 0
	for _, id := range slices.Sorted(maps.Keys(entries)) {
		raw := `{"id":"` + id + `","changelog":{"histories":[` + strings.Join(entries[id], ",") + `]}}`
		items += strings.Count(raw, `"fieldtype"`)
		if _, err := f.Issue([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	rows[h.Name].Pad()
	for _, c := range cells(rows[h.Name], table.IssueID, "field", "history_id", "from_differs") {
		if c[3] == "true" {
			contradictions++
			t.Logf("contradiction: issue %s, %s, change %s", c[0], c[1], c[2])
		}
	}
	if rows[h.Name].Len() == 0 || len(f.Odd()) > 0 {
		t.Errorf("%d rows, value errors %v", rows[h.Name].Len(), f.Odd())
	}
	t.Logf("%d issues, %d items, %d rows, %d contradictions", len(entries), items, rows[h.Name].Len(), contradictions)
}

// checkReal compares the rows of one issue with what encoding/json reads, takes
// them away, and returns how many comments and changelog items there were.
func checkReal(t *testing.T, line int, raw []byte, rows map[string]*stages.Rows) (remarks, items int) {
	t.Helper()
	var want, got any
	var doc struct {
		Fields struct {
			Comment struct{ Comments []json.RawMessage }
		}
		Changelog struct {
			Histories []struct{ Items []json.RawMessage }
		}
	}
	for _, r := range rows {
		r.Pad()
		defer r.Reset()
	}
	if n := rows["issues"].Len(); n != 1 {
		t.Errorf("line %d: %d rows", line, n)
	}
	stored := cell(rows["issues"], table.Raw, 0)
	for _, err := range []error{json.Unmarshal(raw, &want), json.Unmarshal([]byte(stored), &got), json.Unmarshal(raw, &doc)} {
		if err != nil {
			t.Fatalf("line %d: %v", line, err)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("line %d: _raw is another value", line)
	}
	for _, h := range doc.Changelog.Histories {
		items += len(h.Items)
	}
	remarks = len(doc.Fields.Comment.Comments)
	if c, i := rows[comments.Name].Len(), rows[changelog.Name].Len(); c != remarks || i != items {
		t.Errorf("line %d: %d comments and %d changelog items, want %d and %d", line, c, i, remarks, items)
	}
	return remarks, items
}
