package pipeline_test

import (
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/realdata"
	"snowdrift/pipeline"
)

// TestRealData loads real issues and compares every _raw with the line that it
// came from.
func TestRealData(t *testing.T) {
	for _, tt := range []struct{ file, deployment string }{
		{"dc_apache_allfields.jsonl.gz", jirasim.DataCenter},
		{"redhat_osidb_issues.jsonl", jirasim.DataCenter},
		{"cloud_merico_changelog.jsonl", jirasim.Cloud},
		{"dc_titanium_agile.jsonl.gz", jirasim.DataCenter},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := realdata.Path(t, "issues", tt.file)
			b := newBench(t, jirasim.Options{Data: []string{path}, Deployment: tt.deployment, Issues: -1})
			report := b.run(pipeline.Complete)
			lines := realdata.Issues(t, path)
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
