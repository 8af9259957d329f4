package jiratime

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"snowdrift/internal/realdata"
)

// Every date-time of the real issues is read, and package time agrees.
func TestRealData(t *testing.T) {
	dateTime := regexp.MustCompile(`^"\d{4,6}-\d\d-\d\d(?:[T ]\d\d:\d\d[^" \\]*)?"$`)
	seen := map[string]bool{}
	for _, file := range realdata.Glob(t, "issues", "*.jsonl*") {
		data, err := io.ReadAll(realdata.Open(t, file))
		if err != nil {
			t.Fatal(err)
		}
		for v := range bytes.SplitSeq(data, []byte(`:"`)) {
			end := bytes.IndexByte(v, '"')
			if end < len("2006-01-02") || v[0] < '0' || v[0] > '9' {
				continue
			}
			v = append([]byte{'"'}, v[:end+1]...)
			if seen[string(v)] || !dateTime.Match(v) {
				continue
			}
			seen[string(v)] = true
			got, err := Parse(v)
			want, ok := stdParse(string(unquote(v)))
			if err != nil || !ok || !got.Equal(want) {
				t.Errorf("%s: %s: got %v, %v; package time says %v, %t", filepath.Base(file), v, got, err, want, ok)
			}
			if !bytes.Contains(v, []byte(":")) {
				days, ok := ParseDate(v)
				if !ok || int64(days) != got.Unix()/secondsPerDay || got.Format(time.DateOnly) != string(unquote(v)) {
					t.Errorf("%s: ParseDate(%s) = %d, %t", filepath.Base(file), v, days, ok)
				}
			}
		}
	}
	if len(seen) == 0 {
		t.Error("no date-time found")
	}
	t.Logf("%d distinct values", len(seen))
}
