package fetch_test

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/stages/fetch"
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
