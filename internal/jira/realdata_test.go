package jira

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// TestSplitRealIssues makes pages of real issues and takes them apart again.
func TestSplitRealIssues(t *testing.T) {
	data := os.Getenv("SNOWDRIFT_REAL_DATA")
	if data == "" {
		t.Skip("SNOWDRIFT_REAL_DATA does not name a folder with issues/*.jsonl")
	}
	files, err := filepath.Glob(filepath.Join(data, "issues", "*.jsonl*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no issues: %v", err)
	}
	for _, file := range files {
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
func readLines(t *testing.T, file string) [][]byte {
	t.Helper()
	f, err := os.Open(file)
	fail(t, err)
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		zr, err := gzip.NewReader(f)
		fail(t, err)
		r = zr
	}
	var lines [][]byte
	for br := bufio.NewReader(r); len(lines) < 3000; {
		line, err := br.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, line)
		}
		if err == io.EOF {
			break
		}
		fail(t, err)
	}
	return lines
}
