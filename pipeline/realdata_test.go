package pipeline_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// TestRealData loads real issues and compares every _raw with the line that it
// came from.
func TestRealData(t *testing.T) {
	dir := os.Getenv("SNOWDRIFT_REAL_DATA")
	if dir == "" {
		t.Skip("SNOWDRIFT_REAL_DATA names no folder of real issues")
	}
	for _, tt := range []struct{ file, deployment string }{
		{"dc_apache_allfields.jsonl.gz", jirasim.DataCenter},
		{"redhat_osidb_issues.jsonl", jirasim.DataCenter},
		{"cloud_merico_changelog.jsonl", jirasim.Cloud},
		{"dc_titanium_agile.jsonl.gz", jirasim.DataCenter},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := filepath.Join(dir, "issues", tt.file)
			b := newBench(t, jirasim.Options{Data: []string{path}, Deployment: tt.deployment, Issues: -1})
			report := b.run(pipeline.Complete)
			lines := issueLines(t, path)
			if report.Proof.Table.Count != int64(len(lines)) || report.Proof.Missing > 0 {
				t.Errorf("%d distinct ids in the file; proof %+v", len(lines), report.Proof)
			}
			different := 0
			for _, row := range b.rows("SELECT id, CAST(_raw AS VARCHAR) FROM issues WHERE _presence = 'live'") {
				line, known := lines[row[0]]
				delete(lines, row[0])
				if !known || !sameJSON(t, row[1], line) {
					different++
				}
			}
			if different > 0 || len(lines) > 0 {
				t.Errorf("%d rows differ from their line, %d lines have no row", different, len(lines))
			}
			b.run(pipeline.Complete)
			if commits := len(b.commits); b.commits[commits-1].Digest.Count != report.Proof.Table.Count {
				t.Errorf("a second run changed the table: %+v", b.commits)
			}
		})
	}
}

// issueLines returns the lines of a file by issue id; of several the last.
func issueLines(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	lines := map[string]string{}
	scan := bufio.NewScanner(in)
	scan.Buffer(nil, 64<<20)
	for scan.Scan() {
		var issue struct{ ID string }
		if err := json.Unmarshal(scan.Bytes(), &issue); err != nil {
			t.Fatal(err)
		}
		lines[issue.ID] = scan.Text()
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
