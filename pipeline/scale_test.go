package pipeline_test

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
)

// scale is the number of issues of TestDeletions: enough for several pages of a
// census, or what SNOWDRIFT_SCALE says.
func scale(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SNOWDRIFT_SCALE")
	if text == "" {
		return 12_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SNOWDRIFT_SCALE: %v", err)
	}
	return n
}

// TestDeletions: 3 % of the issues are deleted and found out with few requests;
// a project that is hidden is not taken for deleted, in a run that nobody has
// to confirm, and comes back; a census that is cut in the middle flags nothing.
func TestDeletions(t *testing.T) {
	t.Parallel()
	issues := scale(t)
	b := newBench(t, jirasim.Options{Issues: issues, Projects: 4})
	b.fields = []string{"summary"}
	b.run(pipeline.Complete)
	victims := map[string]string{}
	for i, id := range b.sim.IDs() {
		if i%33 == 0 {
			b.do(func() error { return b.sim.Delete(id) })
			victims[fmt.Sprint(id)] = "deleted"
		}
	}

	cut := 0
	b.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if !strings.HasSuffix(r.URL.Path, "/search/jql") {
			return nil
		}
		if cut++; cut < 3 { // the changes, and the census' first page
			return nil
		}
		return &jirasim.Fault{CutAfter: 1000}
	})
	before := b.presences()
	report, err := b.try(t.Context())
	if err == nil || !strings.Contains(err.Error(), "census") || report.Outcome != pipeline.Failed || len(b.presences()) != len(before) {
		t.Errorf("a census that was cut: %s, %d issues flagged: %v", report.Outcome, len(b.presences()), err)
	}
	b.sim.Fault(nil)

	b.sim.ResetRequests()
	report = b.run(pipeline.Complete)
	most := issues/5000 + len(victims)/100 + 20
	if n := len(b.sim.Requests()); n > most {
		t.Errorf("%d requests for %d issues of which %d were deleted, want at most %d: %v", n, issues, len(victims), most, b.sim.Counts())
	} else {
		t.Logf("%d issues, %d deleted: %d requests, at most %d allowed", issues, len(victims), n, most)
	}
	if got := b.presences(); !reflect.DeepEqual(got, victims) || report.Proof.Marked["deleted"] != int64(len(victims)) {
		t.Errorf("%d issues are flagged, want %d", len(got), len(victims))
	}

	hidden := b.sim.Projects()[2]
	secret := 0
	for _, id := range b.issuesOf(hidden) {
		if victims[fmt.Sprint(id)] == "" {
			secret++
		}
	}
	b.do(func() error { return b.sim.HideProject(hidden) })
	report = b.run(pipeline.Complete)
	if want := map[string]int64{"no_access": int64(secret)}; !reflect.DeepEqual(report.Proof.Marked, want) {
		t.Errorf("a hidden project: %v, want %v", report.Proof.Marked, want)
	}
	b.do(func() error { return b.sim.ShowProject(hidden) })
	report = b.run(pipeline.Complete)
	if got := b.presences(); !reflect.DeepEqual(got, victims) || report.Proof.Missing != secret {
		t.Errorf("shown again: %d issues are flagged, want %d; %d were fetched, want %d", len(got), len(victims), report.Proof.Missing, secret)
	}
}

// TestSeesNothing: an account that sees no project any more, as an anonymous
// visitor would, has lost its access; nothing is said of any issue.
func TestSeesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 15, Projects: 2})
	b.run(pipeline.Complete)
	for _, p := range b.sim.Projects() {
		b.do(func() error { return b.sim.HideProject(p) })
	}
	report := b.run(pipeline.Unproven)
	if report.Proof.Held != 15 || len(report.Proof.Marked) > 0 {
		t.Errorf("%+v: %s", report.Proof, report.Conclusion)
	}
	b.want("SELECT COUNT(*) FROM issues WHERE _presence = 'live'", "15")
	b.options = func(o *pipeline.Options) { o.Confirmed = true }
	if report := b.run(pipeline.Complete); report.Proof.Marked["no_access"] != 15 {
		t.Errorf("confirmed: %+v", report.Proof)
	}
}
