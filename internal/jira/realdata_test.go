package jira

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"snowdrift/internal/realdata"
)

// TestSplitRealIssues makes pages of real issues and takes them apart again.
func TestSplitRealIssues(t *testing.T) {
	for _, file := range realdata.Glob(t, "issues", "*.jsonl*") {
		lines := readLines(t, file)
		for page := range slices.Chunk(lines, 100) {
			body := bytes.Join([][]byte{[]byte(`{"issues":[`), bytes.Join(page, []byte(",")), []byte(`],"isLast":true}`)}, nil)
			var env envelope
			if err := splitPage(body, &env); err != nil {
				t.Fatalf("%s: %v", filepath.Base(file), err)
			}
			if len(env.issues) != len(page) {
				t.Fatalf("%s: %d issues of %d", filepath.Base(file), len(env.issues), len(page))
			}
			for i := range page {
				if !bytes.Equal(page[i], env.issues[i]) {
					t.Fatalf("%s: an issue was altered", filepath.Base(file))
				}
			}
		}
		t.Logf("%s: %d issues", filepath.Base(file), len(lines))
	}
}

// readLines reads at most 3,000 lines of a file, to stay quick.
func readLines(t *testing.T, file string) (lines [][]byte) {
	t.Helper()
	for _, line := range realdata.Lines(t, file) {
		if lines = append(lines, line); len(lines) == 3000 {
			break
		}
	}
	return lines
}
