package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"weak"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
	"snowdrift/internal/rawjson"
)

type secret string

func (s secret) Reveal(context.Context) (string, error) { return string(s), nil }

// simulated opens a site for changelogs alone.
func simulated(t *testing.T, opts jirasim.Options) (*jirasim.Sim, *Source) {
	t.Helper()
	sim, url := simtest.Serve(t, opts)
	client, err := jira.Dial(t.Context(), jira.Options{BaseURL: url, Login: jira.Basic{User: "user7@example.com", Secret: secret("token-7")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	s, err := Open(t.Context(), client, Options{Tables: []string{"issue_changelog"}, PageSize: 100, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return sim, s
}

// everything reads all issues of the site: how many pages, and all issues.
func everything(t *testing.T, pages iter.Seq2[*jira.Page, error]) (count int, issues map[int64]string) {
	t.Helper()
	issues = map[int64]string{}
	for page, err := range pages {
		if err != nil {
			t.Fatal(err)
		}
		count++
		for _, raw := range page.Issues {
			issues[look(raw).id] = string(raw)
		}
		page.Release()
	}
	return count, issues
}

// However little may be held at once, the same issues come.
func TestLimits(t *testing.T) {
	sim, s := simulated(t, jirasim.Options{Issues: 320, Seed: 9})
	search := jira.Search{JQL: `created >= "1990-01-01" ORDER BY created ASC, key ASC`, PageSize: 100}
	var want map[int64]string
	for _, tt := range []struct {
		limits
		pages, requests int // at least
	}{
		{limits{1000, 16 << 20, 64 << 20}, 1, 1},
		{limits{200, 16 << 20, 64 << 20}, 2, 2},
		{limits{1, 16 << 20, 64 << 20}, 4, 4},
		{limits{1000, 1, 64 << 20}, 4, 4},
		{limits{1000, 16 << 20, 100_000}, 10, 20},
		{limits{1000, 16 << 20, 0}, 320, 639},
	} {
		s.limits = tt.limits
		sim.ResetRequests()
		pages, issues := everything(t, s.withChangelogs(t.Context(), s.client.Search(t.Context(), search)))
		requests := sim.Counts()["changelog/bulkfetch"]
		if pages < tt.pages || requests < tt.requests || pages > 2*tt.pages+5 {
			t.Errorf("%+v: %d pages, %d requests", tt, pages, requests)
		}
		if want == nil {
			want = issues
		}
		if len(issues) != 320 {
			t.Errorf("%+v: %d issues", tt, len(issues))
		}
		for id, raw := range issues {
			if raw != want[id] {
				t.Errorf("%+v: issue %d is another one", tt, id)
			}
		}
	}
}

// A reader that waits for its next turn holds nothing of what it has passed on,
// neither the issues nor the pages that they were copied from: the memory of
// eight readers is what a load's peak is made of.
func TestWaitingReaderHoldsNothing(t *testing.T) {
	_, s := simulated(t, jirasim.Options{Issues: 250, Seed: 11})
	var held []weak.Pointer[byte]
	watch := func(page *jira.Page) {
		for _, raw := range page.Issues {
			held = append(held, weak.Make(&raw[0]))
		}
	}
	watched := func(yield func(*jira.Page, error) bool) {
		for page, err := range s.client.Search(t.Context(), jira.Search{JQL: `created >= "1990-01-01"`}) {
			if err == nil {
				watch(page)
			}
			if !yield(page, err) {
				return
			}
		}
	}
	for page, err := range s.withChangelogs(t.Context(), watched) {
		if err != nil {
			t.Fatal(err)
		}
		watch(page)
		issues := page.Issues // as the frames of a reader have it
		page.Release()
		for range 3 { // pools give up what they have in the second
			runtime.GC()
		}
		runtime.KeepAlive(issues)
		live := 0
		for _, raw := range held {
			if raw.Value() != nil {
				live++
			}
		}
		if live > 0 {
			t.Errorf("%d of %d issues are still in memory", live, len(held))
		}
		held = nil
	}
}

// An issue that comes twice in a page is whole both times.
func TestTwiceInAPage(t *testing.T) {
	sim, s := simulated(t, jirasim.Options{Issues: 40, Seed: 10})
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "search/jql" {
			return &jirasim.Fault{Duplicates: true}
		}
		return nil
	})
	all := map[int64][]string{}
	for page, err := range s.withChangelogs(t.Context(), s.client.Search(t.Context(), jira.Search{JQL: `created >= "1990-01-01"`})) {
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range page.Issues {
			all[look(raw).id] = append(all[look(raw).id], string(raw))
		}
	}
	for id, copies := range all {
		if len(copies) != 2 || copies[0] != copies[1] || !json.Valid([]byte(copies[1])) || !strings.Contains(copies[1], `"histories":[{`) && strings.Contains(copies[0], `"histories":[{`) {
			t.Errorf("issue %d: %d copies", id, len(copies))
		}
	}
	if len(all) != 40 {
		t.Errorf("%d issues", len(all))
	}
}

// Data Center has no other way to a changelog: one that is cut is no silence.
func TestCutChangelogOnDataCenter(t *testing.T) {
	_, s := simulated(t, jirasim.Options{Deployment: jirasim.DataCenter, Issues: 1})
	pages := func(raw string) iter.Seq2[*jira.Page, error] {
		return func(yield func(*jira.Page, error) bool) { yield(&jira.Page{Issues: [][]byte{[]byte(raw)}}, nil) }
	}
	for raw, cut := range map[string]bool{
		`{"id":"1","changelog":{"total":1,"histories":[{"id":"5"}]}}`:                   false,
		`{"id":"1","changelog":{"total":0,"maxResults":0,"histories":[]}}`:              false,
		`{"id":"1","changelog":{"total":2,"maxResults":2,"histories":[{"id":"5"}]}}`:    true,
		`{"id":"1","changelog":{"maxResults":40,"histories":[{"id":"5"},{"id":"6"}]}}`:  true,
		`{"id":"1","changelog":null,"changelog":{"total":"1","histories":[{"id":"5"}]}`: false,
	} {
		for _, err := range s.withChangelogs(t.Context(), pages(raw)) {
			if (err != nil) != cut || cut && (jira.KindOf(err) != jira.KindProtocol || !strings.Contains(err.Error(), "issue 1")) {
				t.Errorf("%s: %v", raw, err)
			}
		}
	}
}

// What is written into an issue takes the place of what was there, and nothing else.
func TestSplice(t *testing.T) {
	logs := &changelogs{entries: map[int64][]history{
		1: {{created: 2, id: 7, raw: []byte(`{"id":"7"}`)}, {created: 1, id: 9, raw: []byte(`{"id":"9"}`)}, {created: 2, id: 7, raw: []byte(`{"id":"7"}`)}, {created: 2, id: 6, raw: []byte(`{"id":"6"}`)}},
		2: nil,
	}}
	logs.order()
	const three = `{"startAt":0,"maxResults":3,"total":3,"histories":[{"id":"9"},{"id":"6"},{"id":"7"}]}`
	for raw, want := range map[string]string{
		`{"id":"1"}`:     `{"id":"1","snowdrift:changelog":` + three + `}`,
		"{\"id\":1 }\n ": "{\"id\":1 ,\"snowdrift:changelog\":" + three + "}\n ",
		`{"changelog":{"total":50,"histories":[{"id":"7"}]},"id":"1","fields":{"changelog":1}}`: `{"changelog":` + three + `,"id":"1","fields":{"changelog":1}}`,
		`{"id":"1","changelog": null}`:                           `{"id":"1","changelog": ` + three + `}`,
		`{"id":"2","key":"A-2"}`:                                 `{"id":"2","key":"A-2","snowdrift:changelog":{"startAt":0,"maxResults":0,"total":0,"histories":[]}}`,
		`{"id":"3","changelog":{"total":0,"histories":[]}}`:      `{"id":"3","changelog":{"total":0,"histories":[]}}`,
		`{"id":"1","changelog":null,"changelog":{"total":"x"} }`: `{"id":"1","changelog":null,"changelog":` + three + ` }`,
	} {
		got := logs.into([]issue{look([]byte(`{"id":"3"}`)), look(bytes.Clone([]byte(raw)))})
		if string(got[0]) != `{"id":"3"}` || string(got[1]) != want {
			t.Errorf("%s\n got %s\nwant %s", raw, got[1], want)
		}
	}
}

// FuzzLook: what is found in an issue can be replaced in place, whatever else
// the issue holds.
func FuzzLook(f *testing.F) {
	f.Add([]byte(`{"id":"1","changelog":{"total":2,"histories":[{}]},"fields":{"comment":{"total":1,"comments":[]},"worklog":null}}`))
	f.Add([]byte(`{"fields":{"a":"\"comment\":","comment" : [1] ,"comment":2}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if raw = bytes.TrimSpace(raw); !json.Valid(raw) || raw[0] != '{' {
			return
		}
		is := look(raw)
		for _, part := range [][]byte{is.changelog, is.remarks[0], is.remarks[1]} {
			if len(part) == 0 {
				continue
			}
			at := rawjson.Offset(is.raw, part)
			if !bytes.Equal(raw[at:at+len(part)], part) {
				t.Fatalf("%q is not at %d of %q", part, at, raw)
			}
			if edited := apply(raw, edit{at: at, drop: len(part), list: "x"}); !json.Valid(edited) {
				t.Errorf("%q became %q", raw, edited)
			}
			lacks(part, "comments")
		}
	})
}
