package load

import (
	"slices"
	"strings"
	"testing"

	"snowdrift/internal/table"
)

// TestPointsCells: points are read from the columns of fields called so, those of
// estimates last, and from nothing else.
func TestPointsCells(t *testing.T) {
	d := Dialect{Fold: strings.ToLower, Types: map[table.Type]string{table.Text: "VARCHAR", table.Float: "DOUBLE"}}
	ledger := []table.Assignment{
		{Field: "customfield_1", Type: table.Float, Column: "story_point_estimate", Name: "Story point estimate"},
		{Field: "customfield_2", Type: table.Float, Column: "story_points_2", Name: "Story Points"},
		{Field: "customfield_3", Type: table.Float, Column: "effort", Name: "story  points"},
		{Field: "customfield_3", Type: table.Text, Column: "effort_text", Name: "Story Points"}, // its type changed
		{Field: "customfield_4", Type: table.Text, Column: "story_points_4", Name: "Story Points"},
		{Field: "customfield_4", Type: table.Int, Suffix: "_id", Column: "story_points_4_id", Name: "Story Points"}, // of an option
		{Field: "customfield_5", Type: table.JSON, Column: "story_points_5", Name: "Story Points"},
		{Field: "customfield_6", Type: table.Float, Column: "points", Name: "Points"},
		{Field: "customfield_7", Type: table.Float, Column: "story_points", Name: "Estimation"}, // renamed by somebody
		{Field: "customfield_8", Type: table.Float, Column: "story_points_done", Name: "Story Points Done"},
	}
	have := Shape{"issues": {table.ID}}
	for _, a := range ledger {
		have["issues"] = append(have["issues"], a.Column)
	}
	have["issues"] = append(have["issues"], "story_points_9") // of nobody
	want := []string{`i."story_points_2"`,
		`CASE WHEN i."effort_text" IS NOT NULL THEN TRY_CAST(CAST(i."effort_text" AS VARCHAR) AS DOUBLE) WHEN i."effort" IS NOT NULL THEN i."effort" ELSE i."effort" END`,
		`TRY_CAST(CAST(i."effort_text" AS VARCHAR) AS DOUBLE)`,
		`TRY_CAST(CAST(i."story_points_4" AS VARCHAR) AS DOUBLE)`, `i."story_points"`, `i."story_point_estimate"`}
	if got := pointsCells(newCurrent(d, have, table.DefaultSite, table.Issues(nil, nil), ledger)); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
