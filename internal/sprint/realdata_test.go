package sprint

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"snowdrift/internal/realdata"
)

// Every sprint of the real Cloud issues is read whole, compared with a decoder
// that knows their shape.
func TestRealData(t *testing.T) {
	read := 0
	for _, file := range realdata.Glob(t, "*", "*.jsonl") {
		for n, line := range realdata.Lines(t, file) {
			var v any
			if err := json.Unmarshal(line, &v); err != nil {
				t.Fatalf("%s: line %d cannot be read", filepath.Base(file), n)
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
