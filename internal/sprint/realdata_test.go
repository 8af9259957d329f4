package sprint

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every sprint of the real Cloud issues is read whole, compared with a decoder
// that knows their shape.
func TestRealData(t *testing.T) {
	root := os.Getenv("SNOWDRIFT_REAL_DATA")
	if root == "" {
		t.Skip("SNOWDRIFT_REAL_DATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(root, "*", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no data below $SNOWDRIFT_REAL_DATA: %v", err)
	}
	read := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			var v any
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatalf("%s: %v", filepath.Base(file), err)
			}
			read += checkSprints(t, filepath.Base(file), v)
		}
	}
	if read == 0 {
		t.Error("no sprint found")
	}
	t.Logf("%d sprints", read)
}

// checkSprints parses every sprint inside v and returns how many there were.
func checkSprints(t *testing.T, file string, v any) (n int) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += checkSprints(t, file, e)
		}
	case map[string]any:
		for _, e := range v {
			n += checkSprints(t, file, e)
		}
		_, onBoard := v["boardId"]
		_, fromBoard := v["originBoardId"]
		if v["state"] == nil || !onBoard && !fromBoard {
			return n
		}
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(raw)
		_, hasStart := v["startDate"].(string)
		_, hasEnd := v["endDate"].(string)
		_, hasComplete := v["completeDate"].(string)
		if err != nil || float64(s.ID) != v["id"] || s.Name != v["name"] || s.State != v["state"] || s.BoardID == 0 ||
			s.Start.IsZero() == hasStart || s.End.IsZero() == hasEnd || s.Complete.IsZero() == hasComplete {
			t.Errorf("%s: sprint %v of board %d: %v", file, v["id"], s.BoardID, err)
		}
		n++
	}
	return n
}
