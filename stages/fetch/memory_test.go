package fetch

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/state"
)

// loadedState is the state behind a load of everything.
func loadedState(t *testing.T, s *Source) *state.State {
	t.Helper()
	s.opts.PartitionIssues = 20_000
	plan, err := s.Plan(t.Context(), state.New("jira"))
	if err != nil {
		t.Fatal(err)
	}
	st := plan.State
	st.Cursor, st.Load, st.Commit = st.Load.Since, nil, "run-1/1"
	return st
}

// plainText is a custom field of the simulated site in which some issues have text.
func plainText(t *testing.T, s *Source) string {
	t.Helper()
	for _, f := range s.fields.Custom {
		if terms, err := s.answerable(t.Context(), []jira.Field{f}); err == nil && len(terms) == 1 && s.kinds()[f.ID] == "text" {
			return f.ID
		}
	}
	t.Fatal("the site has no text field")
	return ""
}

// What a run reads beside what changed, by what the state remembers.
func TestArrivals(t *testing.T) {
	_, s := simulated(t, jirasim.Options{Issues: 80, ExtraCustomFields: 250})
	done := loadedState(t, s)
	text := plainText(t, s)
	_, clause, _ := strings.Cut(text, "_")
	for name, tt := range map[string]struct {
		change func(*state.State)
		reason string
		holds  []string // in the JQL of the partitions
		parts  int      // partitions at least
		anew   bool     // rows are written even if they look as they did
		mixed  bool
	}{
		"nothing new":               {func(*state.State) {}, "changes since", nil, 1, false, false},
		"of a version without them": {func(st *state.State) { st.Kinds = nil }, "changes since", nil, 1, false, false},
		"a field":                   {func(st *state.State) { delete(st.Kinds, text) }, "issues that have what is new are read again: fields seen for the first time, or in another type: " + text, []string{"cf[" + clause + "] is not EMPTY"}, 1, false, false},
		"of another kind":           {func(st *state.State) { st.Kinds[text] = "number" }, "issues that have what is new are read again", []string{"cf[" + clause + "] is not EMPTY"}, 1, false, false},
		"many fields":               {func(st *state.State) { clear(st.Kinds) }, "issues that have what is new are read again", []string{"cf[" + clause + "] is not EMPTY"}, 3, false, false},
		"a field is seen again": {func(st *state.State) { delete(st.Kinds, text); st.Left = map[string]int64{text: 1732877091123} },
			"issues that have what is new are read again: loaded before, and not lately: " + text, []string{"cf[" + clause + "] is not EMPTY", "updated >= 1732704291123"}, 1, true, false},
		"a field is seen again, nobody knows since when": {func(st *state.State) { delete(st.Kinds, text); st.Left = map[string]int64{text: 0} },
			"everything is read again: loaded before, and not lately: " + text, nil, 1, true, false},
		"a table comes back": {func(st *state.State) {
			st.Asked.Tables, st.Left = []string{"issues"}, map[string]int64{"issue_changelog": 1732877091123}
		}, "everything is read again: tables added: issue_changelog; loaded before", nil, 1, true, true},
		"a table of a version without them": {func(st *state.State) { st.Kinds, st.Asked.Tables = nil, []string{"issues"} },
			"everything is read again: tables added: issue_changelog; loaded before", nil, 1, true, true},
		"an excluded field comes back": {func(st *state.State) {
			st.Asked.Fields, st.Left = []string{"*all", "-" + text}, map[string]int64{text: 1732877091123}
			delete(st.Kinds, text)
		}, "everything is read again: fields no longer asked for: -" + text, nil, 1, true, true},
		"an excluded field is asked for": {func(st *state.State) {
			st.Asked.Fields = []string{"*all", "-" + text}
			delete(st.Kinds, text)
		}, "issues that have what is new are read again: fields no longer asked for: -" + text, []string{"cf[" + clause + "] is not EMPTY"}, 1, false, true},
		"something else while a field is read again": {func(st *state.State) {
			st.Asked.Tables = append(st.Asked.Tables, "issue_labels")
			st.Cursor, st.Load, st.Left = 0, &state.Load{}, map[string]int64{text: state.Returning}
		}, "everything is read again: tables no longer asked for: issue_labels", nil, 1, true, false},
		"a clear while a field is read again": {func(st *state.State) {
			st.Load, st.Left = &state.Load{}, map[string]int64{text: state.Returning}
			*st = *st.Cleared()
		}, "first load", nil, 1, true, false},
		"a field that was read again": {func(st *state.State) { st.Left = map[string]int64{text: state.Returning} }, "changes since", nil, 1, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			st := done.Clone()
			tt.change(st)
			plan, err := s.Plan(t.Context(), st)
			if err != nil {
				t.Fatal(err)
			}
			var all []string
			names := map[string]bool{}
			for _, p := range plan.Partitions {
				all, names[p.Name] = append(all, p.JQL), true
				if n := strings.Count(p.JQL, "is not EMPTY"); n > termsAtOnce {
					t.Errorf("partition %s asks for %d fields", p.Name, n)
				}
			}
			if !strings.HasPrefix(plan.Reason, tt.reason) || len(names) != len(plan.Partitions) || len(names) < tt.parts || plan.State.Mixed != tt.mixed {
				t.Errorf("plan %.300q, %d partitions of %d names, mixed: %t", plan.Reason, len(plan.Partitions), len(names), plan.State.Mixed)
			}
			for _, want := range tt.holds {
				if !strings.Contains(strings.Join(all, "\n"), want) {
					t.Errorf("no partition asks %q: %.500q", want, all)
				}
			}
			returning := slices.Contains(slices.Collect(maps.Values(plan.State.Left)), state.Returning)
			if !maps.Equal(plan.State.Kinds, s.kinds()) || returning != tt.anew || plan.State.Rewrite != tt.anew {
				t.Errorf("what is remembered: %d kinds, left %v, rewrite: %t", len(plan.State.Kinds), plan.State.Left, plan.State.Rewrite)
			}
		})
	}
}

// What is no longer loaded, and the cursor up to which it was.
func TestLeft(t *testing.T) {
	_, s := simulated(t, jirasim.Options{Issues: 40})
	done := loadedState(t, s)
	done.Cursor = 77
	text := plainText(t, s)
	open := func(fields, tables []string) *Source {
		less := &Source{client: s.client, opts: s.opts, scope: s.scope, site: s.site, projects: s.projects, limits: s.limits}
		var err error
		if less.fields, err = selectFields(s.site, fields); err != nil {
			t.Fatal(err)
		}
		less.opts.Tables = tables
		if err := less.chooseTables(); err != nil {
			t.Fatal(err)
		}
		return less
	}
	less := open([]string{"all", "-labels", "-" + text}, []string{"issues"})
	plan, err := less.Plan(t.Context(), done)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]int64{"labels": 77, text: 77, "issue_changelog": 77}; !reflect.DeepEqual(plan.State.Left, want) || plan.State.Kinds[text] != "" {
		t.Errorf("left %v, want %v", plan.State.Left, want)
	}
	if done.Left != nil || done.Kinds[text] == "" {
		t.Error("the plan changed the state that it was made from")
	}
	again := plan.State.Clone()
	again.Cursor = 99
	if plan, err = less.Plan(t.Context(), again); err != nil || !reflect.DeepEqual(plan.State, again) {
		t.Errorf("an idle plan changes the state to %+v, %v", plan.State, err)
	}

	dropped := done.Clone() // while it is read again
	dropped.Cursor, dropped.Load, dropped.Left = 0, &state.Load{}, map[string]int64{text: state.Returning}
	if plan, err = less.Plan(t.Context(), dropped); err != nil || plan.State.Left[text] != 0 || len(plan.State.Left) != 3 {
		t.Errorf("dropped while it was read again: left %v, %v", plan.State.Left, err)
	}

	loading := done.Clone()
	loading.Cursor, loading.Load = 0, &state.Load{Since: 77}
	kept := maps.Clone(loading.Kinds)
	loading.Kinds["customfield_9"] = "text" // which the site does not show now
	delete(loading.Kinds, text)
	delete(kept, text)
	if plan, err = s.Plan(t.Context(), loading); err != nil || !maps.Equal(plan.State.Kinds, kept) || !reflect.DeepEqual(plan.State.Left, map[string]int64{"customfield_9": 0}) {
		t.Errorf("while it loads: left %v, a field more: %t, %v", plan.State.Left, plan.State.Kinds[text] != "", err)
	}

	old := done.Clone()
	old.Kinds, old.Asked.Fields, old.Asked.Tables = nil, []string{"created", "project", "updated"}, []string{"issues"}
	old.Columns = []table.Assignment{{Field: text}, {Site: "emea", Field: "customfield_10016"}}
	few := open([]string{"created"}, []string{"issues"})
	if plan, err = few.Plan(t.Context(), old); err != nil || !strings.HasPrefix(plan.Reason, "changes since") {
		t.Errorf("of an older version: %q, %v", plan.Reason, err)
	}
	left := plan.State.Left
	for name, want := range map[string]bool{text: true, "labels": true, "issue_changelog": true, "created": false, "issues": false, "customfield_10016": false} {
		if at, there := left[name]; there != want || at != 0 {
			t.Errorf("of an older version: %s is left: %t, at %d", name, there, at)
		}
	}
	if plan, err = few.Plan(t.Context(), done.Cleared()); err != nil || plan.State.Left["labels"] != 0 || plan.State.Left["customfield_10016"] != 0 || len(plan.State.Left) < 50 || plan.State.Mixed {
		t.Errorf("after a clear: %v, %v", plan.State.Left, err)
	}
}

// Fields that Jira cannot be asked about cost no reading of everything, and no
// other field its values; the log has one word of them.
func TestFieldsThatCannotBeAskedFor(t *testing.T) {
	sim, s := simulated(t, jirasim.Options{Issues: 80, ExtraCustomFields: 30})
	done := loadedState(t, s)
	var log bytes.Buffer
	s.opts.Log = slog.New(slog.NewTextHandler(&log, nil))
	text := plainText(t, s)
	var bad []string
	for i, f := range s.site {
		if f.Custom && f.ID != text && len(bad) < 6 {
			bad = append(bad, f.ID)
			if len(bad) <= 3 { // they have no searcher
				s.site[i].ClauseNames = nil
			}
		}
	}
	slices.Sort(bad)
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		if r.Body == nil || r.Method != http.MethodPost {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		for _, id := range bad {
			if strings.Contains(string(body), "cf["+strings.TrimPrefix(id, "customfield_")+"]") {
				return &jirasim.Fault{Status: http.StatusBadRequest, Body: `{"errorMessages":["Field cannot be searched."]}`}
			}
		}
		return nil
	})
	clear(done.Kinds)
	plan, err := s.Plan(t.Context(), done)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(plan.Reason, "issues that have what is new are read again") || !strings.Contains(fmt.Sprint(plan.Partitions[0].JQL), s.notEmpty(text)) {
		t.Errorf("plan %q, %+v", plan.Reason, plan.Partitions)
	}
	for _, id := range bad {
		if !strings.Contains(log.String(), id) {
			t.Errorf("no word of %s in the log: %s", id, &log)
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings", n)
	}
	if n := sim.Counts()["search/jql"]; n > 40 {
		t.Errorf("%d searches to find out which they are", n)
	}
	sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "search/jql" {
			return &jirasim.Fault{Status: http.StatusForbidden, Body: `{}`}
		}
		return nil
	})
	clear(done.Kinds)
	if _, err := s.Plan(t.Context(), done); jira.KindOf(err) != jira.KindForbidden {
		t.Errorf("another failure: %v", err)
	}
}
