package snowflake

import (
	"slices"
	"strings"

	"snowdrift/internal/table"
)

// What stands in Sequence for what only a run knows.
const (
	sampleRun   = "RUN"
	sampleFile  = "FILE.parquet"
	sampleState = hintPrefix + "…"
)

// Sequence returns the statements of a pipeline's first commit in their order,
// as a run sends them once its tables are there and it holds the lease. RUN stands for the run's id,
// FILE.parquet for each file, and question marks for parameters.
func Sequence(pipeline, site string, tables []*table.Table) []string {
	place, q := location(pipeline, sampleRun), Dialect.For(site)
	var staged []*table.Table
	var issues *table.Table
	for _, t := range tables {
		if t.Role != table.Scratch {
			staged = append(staged, t)
		}
		if t.Role == table.Issue {
			issues = t
		}
	}
	inOrder := slices.SortedFunc(slices.Values(staged), func(a, b *table.Table) int { return strings.Compare(a.Name, b.Name) })
	out := []string{createStage(pipeline)}
	for range staged {
		out = append(out, putFile("/DIR/"+sampleFile, place+"N/"))
	}
	for _, t := range inOrder {
		out = append(out, createStaged(t), copyInto(t, place, []string{"N/" + sampleFile}))
	}
	pick, _ := q.FindChanged(issues, pipeline, false)
	out = append(out, Dialect.CreateChanged(), addSite, commentOnStage(pipeline, commitMark),
		"BEGIN", checkFence, pick, q.MergeIssues(issues))
	for _, t := range staged {
		if t.Role == table.Child {
			out = append(out, q.DeleteRows(t), q.InsertRows(t, nil))
		}
	}
	out = append(out, unparsed(q))
	for _, t := range staged {
		if t.Role == table.Dimension {
			out = append(out, q.ReplaceDimension(t, true, false)...)
		}
	}
	out = append(out, q.LiveDigest(issues), putColumns, putState, putRun, "COMMIT", commentOnStage(pipeline, sampleState))
	return append(out, "REMOVE "+place, "LIST "+runs(pipeline))
}
