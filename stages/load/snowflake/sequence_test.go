package snowflake

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
)

// TestSequence: what plan prints is what a run sends.
func TestSequence(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := open(t, srv, "r1")
	l.readState()
	var sent []string
	prepare(t, l, l.tables)
	for _, s := range srv.Statements() {
		if strings.HasPrefix(s.Kind, "CREATE") {
			sent = append(sent, s.Text)
		}
	}
	from := len(srv.Statements())
	l.stage(issue{id: 1, updated: 100, summary: "one", odd: 1})
	l.mustCommit(1)
	if got, want := append(sent, normal(srv.Statements()[from:])...), append(withoutStage(DDL(l.tables, "jira")), Sequence("jira", table.DefaultSite, l.tables)...); !slices.Equal(got, want) {
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Fatalf("statement %d\nsent    %q\nplanned %q", i, got[min(i, len(got)):], want[min(i, len(want)):])
			}
		}
	}
}

// withoutStage leaves out what a run does with its first file.
func withoutStage(ddl []string) []string {
	return slices.DeleteFunc(ddl, func(s string) bool { return s == createStage("jira") })
}

// normal replaces what belongs to a run by what stands for it in a plan.
func normal(statements []snowflaketest.Statement) []string {
	var out []string
	for _, s := range statements {
		text := strings.ReplaceAll(s.Text, "/run/r1/", "/run/"+sampleRun+"/")
		text = regexp.MustCompile(`file:///[^']*`).ReplaceAllString(text, "file:///DIR/"+sampleFile)
		text = regexp.MustCompile(`/run/RUN/\d+/`).ReplaceAllString(text, "/run/RUN/N/")
		text = regexp.MustCompile(`'\d+/r1[^']*'`).ReplaceAllString(text, "'N/"+sampleFile+"'")
		text = regexp.MustCompile(hintPrefix+`[^']*`).ReplaceAllString(text, sampleState)
		out = append(out, text)
	}
	return out
}
