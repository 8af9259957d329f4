package jiratime

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every date-time of the real issues is read, and package time agrees.
func TestRealData(t *testing.T) {
	root := os.Getenv("SNOWDRIFT_REAL_DATA")
	if root == "" {
		t.Skip("SNOWDRIFT_REAL_DATA is not set")
	}
	files, err := filepath.Glob(filepath.Join(root, "issues", "*.jsonl*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no issue files below $SNOWDRIFT_REAL_DATA: %v", err)
	}
	dateTime := regexp.MustCompile(`^"\d{4,6}-\d\d-\d\d(?:[T ]\d\d:\d\d[^" \\]*)?"$`)
	seen := map[string]bool{}
	for _, file := range files {
		data := readMaybeGzip(t, file)
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

func readMaybeGzip(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
