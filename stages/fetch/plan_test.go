package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
	"snowdrift/internal/rawjson"
	"snowdrift/stages"
	"snowdrift/stages/fetch"
	"snowdrift/state"
)

type password string

func (p password) Reveal(context.Context) (string, error) { return string(p), nil }

var now = time.Date(2026, 7, 1, 9, 30, 15, 250e6, time.UTC)

// open serves a site and opens it as a source.
func open(t *testing.T, site jirasim.Options, opts fetch.Options) (*jirasim.Sim, *fetch.Source) {
	t.Helper()
	site.Now = func() time.Time { return now }
	sim, url := simtest.Serve(t, site)
	client, err := jira.Dial(t.Context(), jira.Options{BaseURL: url, Login: jira.Basic{User: "loader@example.com", Secret: password("secret")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	opts.Log, opts.PageSize, opts.Overlap, opts.Tables = slog.New(slog.DiscardHandler), 200, 10*time.Minute, []string{"issues"}
	source, err := fetch.Open(t.Context(), client, opts)
	if err != nil {
		t.Fatal(err)
	}
	return sim, source
}

// read returns how often each issue of a partition came.
func read(t *testing.T, source *fetch.Source, p *stages.Partition) map[int64]int {
	t.Helper()
	came := map[int64]int{}
	for page, err := range source.Pages(t.Context(), p) {
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Issues {
			id, ok := rawjson.Int64(rawjson.Lookup(raw, "id"))
			if !ok {
				t.Fatalf("an issue without id: %.100s", raw)
			}
			came[id]++
		}
		page.Release()
	}
	return came
}

// skewed writes a data file whose issues are nearly all created in one minute,
// as after an import.
func skewed(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		created := "2024-05-06T07:08:09.123+0000"
		if i%50 == 0 {
			created = fmt.Sprintf("20%02d-01-01T00:00:00.000+0000", 10+i*14/n)
		}
		fmt.Fprintf(&b, `{"id":"%d","key":"ABC-%d","fields":{"summary":"Issue %d","project":{"id":"3","key":"ABC","name":"Letters"},"created":"%s","updated":"%s"}}`+"\n",
			100+i, i+1, i, created, created)
	}
	path := filepath.Join(t.TempDir(), "issues.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFirstLoadPlan: the partitions of a first load cover everything, each issue
// once, at a bounded number of requests.
func TestFirstLoadPlan(t *testing.T) {
	for name, tt := range map[string]struct {
		site jirasim.Options
		opts fetch.Options
		// overlaps: literals in minutes are widened so that nothing is lost.
		overlaps bool
	}{
		"one partition":         {jirasim.Options{Issues: 700}, fetch.Options{PartitionIssues: 20_000}, false},
		"many":                  {jirasim.Options{Issues: 2500}, fetch.Options{PartitionIssues: 100}, false},
		"many small projects":   {jirasim.Options{Issues: 600, Projects: 300}, fetch.Options{PartitionIssues: 250}, false},
		"data center":           {jirasim.Options{Deployment: jirasim.DataCenter, Issues: 1500}, fetch.Options{PartitionIssues: 100}, false},
		"minutes, west":         {jirasim.Options{Issues: 1500, NoEpochMillis: true, TimeZone: "America/New_York"}, fetch.Options{PartitionIssues: 60}, true},
		"minutes, half an hour": {jirasim.Options{Issues: 1500, NoEpochMillis: true, TimeZone: "Australia/Lord_Howe", RepeatedHour: "first"}, fetch.Options{PartitionIssues: 60}, true},
		"by status":             {jirasim.Options{Issues: 2500}, fetch.Options{PartitionIssues: 100, Query: fetch.Query{StatusCategories: []string{"Done"}}}, false},
		"by JQL":                {jirasim.Options{Issues: 1500}, fetch.Options{PartitionIssues: 100, Query: fetch.Query{JQL: "priority = High OR priority = Low"}}, false},
		"skewed":                {jirasim.Options{Data: []string{skewed(t, 1200)}}, fetch.Options{PartitionIssues: 100}, false},
		"skewed, data center":   {jirasim.Options{Deployment: jirasim.DataCenter, Data: []string{skewed(t, 1200)}}, fetch.Options{PartitionIssues: 100}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, source := open(t, tt.site, tt.opts)
			plan, err := source.Plan(t.Context(), state.New("jira"))
			if err != nil {
				t.Fatal(err)
			}
			if !plan.Load || plan.Reason != "first load" || plan.State.Load == nil || plan.State.Load.Since == 0 {
				t.Errorf("plan: %+v", plan)
			}
			planned := len(sim.Requests())
			came, rows := map[int64]int{}, 0
			names := map[string]bool{}
			for _, p := range plan.Partitions {
				if names[p.Name] {
					t.Errorf("two partitions have the name %s", p.Name)
				}
				names[p.Name] = true
				for id, n := range read(t, source, p) {
					came[id] += n
					rows += n
				}
			}
			var want []int64
			for ids, err := range source.Census(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, ids...)
			}
			if tt.opts.Query.JQL == "" && tt.opts.Query.StatusCategories == nil && len(want) != sim.Count() {
				t.Errorf("the census has %d ids of %d issues", len(want), sim.Count())
			}
			if len(want) == 0 || len(came) != len(want) || !tt.overlaps && rows != len(want) {
				t.Errorf("%d issues came in %d rows, want %d", len(came), rows, len(want))
			}
			for _, id := range want {
				if came[id] == 0 {
					t.Errorf("issue %d is in no partition", id)
				}
			}
			// Halves of too big a slice are at least half empty, and some twenty
			// cuts lead from years to minutes.
			if most := 4*int64(len(want))/tt.opts.PartitionIssues + 25; int64(len(plan.Partitions)) > most {
				t.Errorf("%d partitions for %d issues, want at most %d", len(plan.Partitions), len(want), most)
			}
			const page = 100
			each := 1
			if strings.HasPrefix(name, "skewed") { // it takes counts to find the one minute
				each = 2
			}
			if n, most := len(sim.Requests()), rows/page+each*len(plan.Partitions)+40; n > most {
				t.Errorf("%d requests (%d to plan) for %d issues in %d partitions, want at most %d", n, planned, len(want), len(plan.Partitions), most)
			}
		})
	}
}

// TestWindow: Data Center lets nobody page beyond 10,000 rows; census and
// partitions get all of them nevertheless.
func TestWindow(t *testing.T) {
	sim, source := open(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 10_700, TimeZone: "Asia/Kolkata"},
		fetch.Options{PartitionIssues: 20_000, Fields: []string{"summary"}})
	ids := map[int64]bool{}
	for page, err := range source.Census(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range page {
			ids[id] = true
		}
	}
	if len(ids) != sim.Count() {
		t.Errorf("the census has %d ids of %d", len(ids), sim.Count())
	}
	all := &stages.Partition{Name: "all", JQL: "updated > 0", Order: "updated"}
	if came := read(t, source, all); len(came) != sim.Count() {
		t.Errorf("%d issues of %d came", len(came), sim.Count())
	}
	plan, err := source.Plan(t.Context(), state.New("jira"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan.Partitions {
		if p.Expected > 5000 {
			t.Errorf("partition %s has %d issues, near the window", p.Name, p.Expected)
		}
	}
}

// TestTooManyInOneInstant: where more rows than one may page through have one
// date, the error says so; nothing is lost in silence.
func TestTooManyInOneInstant(t *testing.T) {
	_, source := open(t, jirasim.Options{Deployment: jirasim.DataCenter, Data: []string{skewed(t, 11_000)}}, fetch.Options{PartitionIssues: 20_000})
	var last error
	for _, err := range source.Census(t.Context()) {
		last = err
	}
	if !errors.Is(last, jira.ErrResultWindow) {
		t.Errorf("error %v, want %v", last, jira.ErrResultWindow)
	}
}

// TestNextPlans: what a state leads to.
func TestNextPlans(t *testing.T) {
	_, source := open(t, jirasim.Options{Issues: 100}, fetch.Options{PartitionIssues: 30})
	first, err := source.Plan(t.Context(), state.New("jira"))
	if err != nil {
		t.Fatal(err)
	}
	done := first.State.Clone()
	done.Cursor, done.Load = done.Load.Since, nil

	resumed := first.State.Clone()
	resumed.Load.Done = []string{first.Partitions[0].Name}

	narrower := resumed.Clone()
	narrower.Asked.Query = "project in (10000)"

	other := done.Clone()
	other.Site = "https://other.example.com"

	changed := done.Clone()
	changed.Asked.Fields = []string{"created", "project", "summary", "updated"}

	for name, tt := range map[string]struct {
		before     *state.State
		reason     string
		partitions int
		load       bool
		fails      error
	}{
		"changes":                {done, "changes since " + time.UnixMilli(done.Cursor).Add(-10*time.Minute).UTC().Format(time.RFC3339), 1, false, nil},
		"resumed":                {resumed, fmt.Sprintf("first load goes on, 1 of %d partitions are done", len(first.Partitions)), len(first.Partitions) - 1, true, nil},
		"other site":             {other, "", 0, false, fetch.ErrOtherSite},
		"changed while it loads": {narrower, "everything is read again: the query changed from «project in (10000)» to all issues", len(first.Partitions), true, nil},
		"changed fields":         {changed, "everything is read again: fields added: *all; fields no longer asked for: created, project, summary, updated", len(first.Partitions), true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := source.Plan(t.Context(), tt.before)
			if !errors.Is(err, tt.fails) {
				t.Fatalf("error %v, want %v", err, tt.fails)
			}
			if err == nil && (plan.Reason != tt.reason || len(plan.Partitions) != tt.partitions || plan.Load != tt.load) {
				t.Errorf("got %q, %d partitions, load %t", plan.Reason, len(plan.Partitions), plan.Load)
			}
		})
	}
}

// TestByID: issues asked for by id come past the index; those that are gone
// don't.
func TestByID(t *testing.T) {
	sim, source := open(t, jirasim.Options{Issues: 2300}, fetch.Options{PartitionIssues: 20_000, Fields: []string{"summary"}})
	ids := sim.IDs()
	if err := sim.Delete(ids[0]); err != nil {
		t.Fatal(err)
	}
	came := map[int64]int{}
	parts := fetch.ByID("some", ids)
	for _, p := range parts {
		for id, n := range read(t, source, p) {
			came[id] += n
		}
	}
	if len(parts) != 3 || len(came) != 2299 || came[ids[0]] > 0 {
		t.Errorf("%d issues came in %d partitions", len(came), len(parts))
	}
}

// TestPartitionsForReaders: with one huge project and many small ones, eight
// readers that take partitions in the plan's order, one page at a time, finish
// in little more than an eighth of the pages' time; and partitions cost few
// requests. Time here is a number of pages, so it is exact.
func TestPartitionsForReaders(t *testing.T) {
	const readers, page = 8, 100
	for name, site := range map[string]jirasim.Options{
		"20,000 in 200 projects":  {Issues: 20_000, Projects: 200},
		"100,000 in 200 projects": {Issues: 100_000, Projects: 200},
		"60,000 in one project":   {Issues: 60_000, Projects: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, source := open(t, site, fetch.Options{PartitionIssues: 20_000, Readers: readers})
			plan, err := source.Plan(t.Context(), state.New("jira"))
			if err != nil {
				t.Fatal(err)
			}
			var busy [readers]int64 // pages that each has read
			var pages int64
			for _, p := range plan.Partitions {
				n := max(1, (p.Expected+page-1)/page)
				pages += n
				next := 0
				for i := range busy {
					if busy[i] < busy[next] {
						next = i
					}
				}
				busy[next] += n
			}
			ideal := float64(site.Issues) / page / readers
			longest := slices.Max(busy[:])
			t.Logf("%d partitions, %d pages, the longest reader %d: %.0f %% of the ideal", len(plan.Partitions), pages, longest, 100*ideal/float64(longest))
			if ideal/float64(longest) < 0.85 {
				t.Errorf("the longest reader reads %d pages of %d, where %.0f would be ideal", longest, pages, ideal)
			}
			if n, most := pages+int64(len(sim.Requests())), int64(site.Issues/page+len(plan.Partitions)+40); n > most {
				t.Errorf("%d requests for the pages of %d partitions and the plan, want at most %d", n, len(plan.Partitions), most)
			}
		})
	}
}
