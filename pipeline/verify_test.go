package pipeline_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
)

// verify compares the site with a destination, all cells of all issues.
func (j job) verify(t *testing.T) pipeline.Verification {
	t.Helper()
	ctx := t.Context()
	source, closeSource, err := j.source(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer closeSource()
	w, err := j.open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	v, err := pipeline.Verify(ctx, source, w, pipeline.VerifyOptions{
		Pipeline: "jira", RunID: j.Run, Dir: t.TempDir(), FileSize: 128 << 20, Concurrency: 2, AcceptShrink: 0.1,
		Deep: pipeline.DeepAll, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return v
}

// verify compares all cells of the file with the site, as `snowdrift verify
// --deep all` does.
func (b *bench) verify() pipeline.Verification {
	b.t.Helper()
	source, err := b.source(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	from := pipeline.Source(source)
	if b.between != nil {
		from = b.between(from)
	}
	w := b.open(true)
	v, err := pipeline.Verify(b.t.Context(), from, w, pipeline.VerifyOptions{
		Pipeline: "jira", RunID: "verify", Dir: b.t.TempDir(), FileSize: 128 << 20, Concurrency: 1, AcceptShrink: 0.1,
		Deep: pipeline.DeepAll, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err := errors.Join(err, w.Close()); err != nil {
		b.t.Fatal(err)
	}
	return v
}

// TestVerifyBothDestinations: what was loaded is found again, cell by cell, in
// all tables of both, odd values included; what Jira changed without a sign of
// it differs, and what was changed since is no difference. The run ledger tells
// of it.
func TestVerifyBothDestinations(t *testing.T) {
	t.Parallel()
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		t.Run(deployment, func(t *testing.T) {
			t.Parallel()
			w := newTwins(t, jirasim.Options{Deployment: deployment, Issues: 150, Projects: 3, Seed: 77, OddValues: true})
			var all []string
			for _, c := range table.Children() {
				all = append(all, c.Name)
			}
			w.duck.Tables, w.snow.Tables, w.duck.CommitSize, w.snow.CommitSize = all, all, 1<<30, 1<<30
			w.site.remark(w.site.sim.IDs()[9], 30)
			for _, j := range []job{w.duck, w.snow} {
				j.Run, j.Dir = "run-001", t.TempDir()
				if report, err := j.run(t.Context()); err != nil || report.Outcome != pipeline.Complete || len(report.Odd) == 0 {
					t.Fatalf("%s, %d odd: %v", report.Outcome, len(report.Odd), err)
				}
			}
			silent, edited := w.site.sim.IDs()[5], w.site.sim.IDs()[6]
			for name, j := range map[string]job{"duckdb": w.duck, "snowflake": w.snow} {
				j.Run = "verify-1"
				v := j.verify(t)
				if v.Outcome != pipeline.Clean || v.Deep.Issues != 150 || v.Census != v.Table || !v.Written {
					t.Errorf("%s: %s: %s\n%+v", name, v.Outcome, v.Conclusion, v.Deep)
				}
			}
			w.site.do(
				func() error { return w.site.sim.SilentEdit(silent) },
				func() error { return w.site.sim.Edit(edited) },
			)
			for name, j := range map[string]job{"duckdb": w.duck, "snowflake": w.snow} {
				j.Run = "verify-2"
				v := j.verify(t)
				if v.Outcome != pipeline.Differing || !slices.Equal(v.Changed, []int64{edited}) || v.Deep.Issues != 149 || len(v.Stale)+len(v.Missing)+len(v.Extra) > 0 {
					t.Errorf("%s: %s: %s, changed %v", name, v.Outcome, v.Conclusion, v.Changed)
				}
				for _, d := range v.Deep.Differences {
					if d.Issue != silent || d.Key == "" {
						t.Errorf("%s: %+v", name, d)
					}
				}
			}
			duck, err := w.duck.open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer duck.Close()
			rows := texts(t, duck, `SELECT run_id || ' ' || outcome FROM _snowdrift_runs WHERE run_id LIKE 'verify%' ORDER BY 1`)
			if got := fmt.Sprint(rows); got != "[verify-1 clean verify-2 differing]" {
				t.Errorf("ledger: %s", got)
			}
			reports := texts(t, duck, `SELECT CAST(report AS VARCHAR) FROM _snowdrift_runs WHERE run_id = 'verify-2'`)
			var report pipeline.Verification
			if err := json.Unmarshal([]byte(reports[0]), &report); err != nil || report.Outcome != pipeline.Differing || !report.Written {
				t.Errorf("report %+v: %v", report, err)
			}
		})
	}
}

// TestVerifyOddValuesOfOtherColumns: notes of values that did not fit are no
// difference where their column is not compared: _raw after a change of fields,
// and the column of a field that is no longer asked for.
func TestVerifyOddValuesOfOtherColumns(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 30})
	text, number := b.addField("Remark", "text"), b.addField("Effort", "number")
	b.fields = []string{"all", "-description"}
	ids := b.sim.IDs()
	b.run(pipeline.Complete)
	b.set(ids[1], text, `"half \ud83d"`)
	b.set(ids[2], number, `"seven"`)
	b.run(pipeline.Complete)
	b.clock.move(time.Hour)
	b.do(func() error { return b.sim.Edit(ids[3]) }) // the two are not read again for the overlap
	b.run(pipeline.Complete)
	noted := "SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM _snowdrift_value_errors"
	b.want(noted, "_raw effort")
	for _, fields := range [][]string{nil, {"all", "-" + number}} {
		b.fields = fields
		b.run(pipeline.Complete)
		if v := b.verify(); v.Outcome != pipeline.Clean || v.Deep.Issues != 30 {
			t.Errorf("fields %v: %s (%s): %+v", fields, v.Outcome, v.Conclusion, v.Deep)
		}
	}
	b.want(noted, "_raw effort")
}
