package pipeline_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/realdata"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
)

// tally is how many rows a table should have, and the sum of their instants in
// milliseconds.
type tally struct{ rows, millis int64 }

// TestRealChildren loads real issues and counts their children in two ways.
// Messages hold counts only.
func TestRealChildren(t *testing.T) {
	for _, tt := range []struct{ file, deployment string }{
		{"dc_apache_allfields.jsonl.gz", jirasim.DataCenter},
		{"redhat_osidb_issues.jsonl", jirasim.DataCenter},
		{"dc_titanium_agile.jsonl.gz", jirasim.DataCenter},
		{"server_devlake_links.jsonl", jirasim.DataCenter},
		{"cloud_merico_changelog.jsonl", jirasim.Cloud},
		{"cloud_jirametrics_changelog.jsonl", jirasim.Cloud},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := realdata.Path(t, "issues", tt.file)
			b := newBench(t, jirasim.Options{Data: []string{path}, Deployment: tt.deployment, Issues: -1})
			b.tables = []string{table.Default}
			b.options = func(o *pipeline.Options) { o.Views = true }
			report := b.run(pipeline.Complete)
			b.viewsOfRealData()
			want := map[string]tally{}
			for _, line := range realdata.Issues(t, path) {
				countChildren(t, line, want)
			}
			for name, instant := range map[string]string{
				"issue_comments": "created", "issue_worklogs": "started", "issue_attachments": "created", "issue_changelog": "created",
				"issue_links": "", "issue_labels": "", "issue_components": "", "issue_fix_versions": "", "issue_affects_versions": "",
			} {
				sum := "0"
				if instant != "" {
					sum = "coalesce(sum(epoch_ms(" + instant + ")), 0)"
				}
				if got := b.rows("SELECT count(*), " + sum + " FROM " + name)[0]; fmt.Sprint(got) != fmt.Sprintf("[%d %d]", want[name].rows, want[name].millis) {
					t.Errorf("%s: rows and sum of instants %v, want %v", name, got, want[name])
				}
			}
			t.Logf("%d issues in %d requests: %v; value errors %v", report.Issues, report.Jira.Total(), want, report.Odd)
		})
	}
}

// viewsOfRealData wants every view to answer, and as many stays as issues and
// transitions.
func (b *bench) viewsOfRealData() {
	b.t.Helper()
	rows := map[string]string{}
	for _, v := range b.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal AND database_name = current_database()") {
		rows[v[0]] = b.one("SELECT count(*) FROM (SELECT * FROM " + v[0] + ")")
		// All columns are computed, which a count alone spares.
		b.one("SELECT count(DISTINCT CAST(to_json(v) AS VARCHAR)) FROM " + v[0] + " v")
	}
	b.want("SELECT count(*) FROM time_in_status", b.one(`SELECT (SELECT count(*) FROM issues) +
(SELECT count(*) FROM issue_changelog WHERE field = 'status' AND field_type = 'jira')`))
	b.t.Logf("rows of views %v; %s issues whose history ends in another status than they are in", rows, b.one(`SELECT count(*) FROM issues i
JOIN time_in_status t ON t.issue_id = i.id AND t.is_current WHERE t.status_id IS DISTINCT FROM i.status_id`))
}

func countChildren(t *testing.T, line string, want map[string]tally) {
	t.Helper()
	type child struct{ Created, Started string }
	var issue struct {
		Fields struct {
			Comment                                               struct{ Comments []child }
			Worklog                                               struct{ Worklogs []child }
			Attachment                                            []child
			IssueLinks, Labels, Components, FixVersions, Versions json.RawMessage
		}
		Changelog struct {
			Histories []struct {
				child
				Items []json.RawMessage
			}
		}
	}
	if err := json.Unmarshal([]byte(line), &issue); err != nil {
		t.Fatal("a line cannot be read") // the error could quote it
	}
	add := func(name string, rows int, at string) {
		sum := want[name]
		sum.rows += int64(rows)
		if at != "" {
			instant, err := time.Parse("2006-01-02T15:04:05.000-0700", at)
			if err != nil {
				t.Errorf("%s: an instant cannot be read", name)
			}
			sum.millis += instant.UnixMilli() * int64(rows)
		}
		want[name] = sum
	}
	f := issue.Fields
	for _, c := range f.Comment.Comments {
		add("issue_comments", 1, c.Created)
	}
	for _, c := range f.Worklog.Worklogs {
		add("issue_worklogs", 1, c.Started)
	}
	for _, c := range f.Attachment {
		add("issue_attachments", 1, c.Created)
	}
	for _, h := range issue.Changelog.Histories {
		add("issue_changelog", len(h.Items), h.Created)
	}
	for name, raw := range map[string]json.RawMessage{
		"issue_links": f.IssueLinks, "issue_labels": f.Labels, "issue_components": f.Components, "issue_fix_versions": f.FixVersions, "issue_affects_versions": f.Versions,
	} {
		var elements []json.RawMessage
		if raw = []byte(strings.TrimSpace(string(raw))); len(raw) > 0 {
			if err := json.Unmarshal(raw, &elements); err != nil {
				t.Errorf("%s: no array", name)
			}
		}
		add(name, len(elements), "")
	}
}
