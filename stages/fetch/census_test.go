package fetch_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/stages"
	"snowdrift/stages/fetch"
	"snowdrift/state"
)

// failureOf returns the error that ends a sequence.
func failureOf[T any](seq iter.Seq2[T, error]) (last error) {
	for _, err := range seq {
		last = err
	}
	return last
}

// TestIssueWithoutID: an issue that cannot be told from others is no issue less,
// wherever ids are read.
func TestIssueWithoutID(t *testing.T) {
	for _, id := range []string{`"id":"TO-1"`, `"id":null`, `"key":"TO-1"`, `"id":"99999999999999999999"`} {
		sim, source := open(t, jirasim.Options{Issues: 5}, fetch.Options{})
		sim.Fault(func(*http.Request) *jirasim.Fault {
			return &jirasim.Fault{Status: http.StatusOK, Body: `{"issues":[{` + id + `,"fields":{}}],"isLast":true}`}
		})
		for where, err := range map[string]error{
			"census":    failureOf(source.Census(t.Context())),
			"versions":  failureOf(source.Versions(t.Context(), []int64{10001}, 0)),
			"absent":    failureOf(source.Absent(t.Context(), []int64{10001})),
			"rehearsal": rehearse(t.Context(), source),
		} {
			if err == nil || !strings.Contains(err.Error(), "an issue came without a numeric id") {
				t.Errorf("{%s}, %s: %v", id, where, err)
			}
		}
	}
}

func rehearse(ctx context.Context, source *fetch.Source) error {
	_, err := source.Rehearse(ctx)
	return err
}

// TestRefusedQuery: wherever the user's JQL is sent, what Jira does not understand
// of it is for the user to mend. Queries of ours alone, and pages behind the first,
// say nothing of it.
func TestRefusedQuery(t *testing.T) {
	for _, mine := range []bool{true, false} {
		for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
			opts := fetch.Options{Readers: 4, PartitionIssues: 100}
			if mine {
				opts.Query.JQL = "project is not EMPTY"
			}
			sim, source := open(t, jirasim.Options{Issues: 5, Deployment: deployment}, opts)
			loaded := loadedState(t, source)
			narrower := loaded.Clone()
			narrower.Asked.Query = "project = 1"
			changes, err := source.Plan(t.Context(), loaded)
			if err != nil {
				t.Fatal(err)
			}
			sim.Fault(func(r *http.Request) *jirasim.Fault {
				if endpoint := jirasim.Endpoint(r); strings.HasPrefix(endpoint, "search") {
					return &jirasim.Fault{Status: http.StatusBadRequest, Body: `{"errorMessages":["Field 'nonsense' does not exist."]}`}
				}
				return nil
			})
			for where, err := range map[string]error{
				"first load":      planned(t.Context(), source, state.New("jira")),
				"a changed query": planned(t.Context(), source, narrower),
				"changes":         failureOf(source.Pages(t.Context(), changes.Partitions[0])),
				"census":          failureOf(source.Census(t.Context())),
				"rehearsal":       rehearse(t.Context(), source),
			} {
				var bad *fetch.BadQuery
				if errors.As(err, &bad) != mine || jira.KindOf(err) != jira.KindBadRequest {
					t.Errorf("%s, a query of the user's %t, %s: %v", deployment, mine, where, err)
				}
			}
		}
	}
	sim, source := open(t, jirasim.Options{Issues: 5, PageCap: 2}, fetch.Options{PartitionIssues: 100, Query: fetch.Query{JQL: "project is not EMPTY"}})
	searches := 0
	sim.Fault(func(*http.Request) *jirasim.Fault {
		if searches++; searches == 2 {
			return &jirasim.Fault{Status: http.StatusBadRequest}
		}
		return nil
	})
	var bad *fetch.BadQuery
	part := &stages.Partition{Name: "all", JQL: "project is not EMPTY", Order: "created"}
	if err := failureOf(source.Pages(t.Context(), part)); jira.KindOf(err) != jira.KindBadRequest || errors.As(err, &bad) {
		t.Errorf("a second page that is refused: %v", err)
	}
}

// loadedState is the state after a first load.
func loadedState(t *testing.T, source *fetch.Source) *state.State {
	t.Helper()
	plan, err := source.Plan(t.Context(), state.New("jira"))
	if err != nil {
		t.Fatal(err)
	}
	plan.State.Load, plan.State.Cursor = nil, 1
	return plan.State
}

func planned(ctx context.Context, source *fetch.Source, before *state.State) error {
	_, err := source.Plan(ctx, before)
	return err
}
