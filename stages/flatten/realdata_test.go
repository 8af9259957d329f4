package flatten

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// Every issue of the real data becomes one row, and its _raw says what Jira
// sent. Messages name file and line only.
func TestRealData(t *testing.T) {
	root := os.Getenv("SNOWDRIFT_REAL_DATA")
	if root == "" {
		t.Skip("SNOWDRIFT_REAL_DATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(root, "issues", "*.jsonl*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no issue files below $SNOWDRIFT_REAL_DATA: %v", err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) { flattenFile(t, path) })
	}
}

func flattenFile(t *testing.T, path string) {
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var in io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(file); err != nil {
			t.Fatal(err)
		}
	}
	tables := []*table.Table{table.Issues(nil, nil), table.ValueErrors(), comments, changelog}
	f, rows := into(tables...)
	lines := bufio.NewReaderSize(in, 1<<20)
	issues, remarks, items := 0, 0, 0
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if raw := bytes.TrimSpace(line); len(raw) > 0 {
			if rawjson.IsNull(rawjson.Lookup(raw, "id")) { // one set has fields only
				raw = append([]byte(`{"id":"1",`), raw[1:]...)
			}
			if _, err := f.Issue(raw); err != nil {
				t.Fatalf("line %d: %v", n, err)
			}
			c, i := checkReal(t, n, raw, rows)
			issues, remarks, items = issues+1, remarks+c, items+i
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d issues, %d comments, %d changelog items, value errors %v", issues, remarks, items, f.Odd())
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
