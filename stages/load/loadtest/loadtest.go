// Package loadtest is the contract of load.Warehouse as a test suite. Every
// destination runs it:
//
//	func TestContract(t *testing.T) {
//		loadtest.Run(t, func(t *testing.T) load.Warehouse { … })
//	}
//
// The suite makes rows of a small table of issues with a column of each type,
// a child table and a dimension, writes them to files as the pipeline does, loads them, and
// looks at the tables through Query, in SQL that all destinations understand:
// names without quotes, and no function but COUNT, CAST and TO_JSON.
package loadtest

import (
	"testing"

	"snowdrift/internal/table"
	"snowdrift/stages/load"
)

// Run holds a destination to the contract.
//
// open returns the destination that belongs to t: an empty one for a t.Name()
// that it has not seen, and the same one, with all that was committed, when it
// has. The suite closes a Warehouse before it opens the destination again.
func Run(t *testing.T, open func(t *testing.T) load.Warehouse) {
	for _, c := range []struct {
		name string
		test func(*destination)
	}{
		{"PrepareTwice", prepareTwice},
		{"FirstCommit", firstCommit},
		{"Types", types},
		{"SameAgain", sameAgain},
		{"Versions", versions},
		{"TwoReadings", twoReadings},
		{"ChildrenAreASet", childrenAreASet},
		{"ValueErrorsAreASet", valueErrorsAreASet},
		{"DimensionsAreWhole", dimensionsAreWhole},
		{"DimensionsTwice", dimensionsTwice},
		{"DimensionsOfSites", dimensionsOfSites},
		{"ColumnsAddedLater", columnsAddedLater},
		{"MistypedColumns", mistypedColumns},
		{"ColumnsNotInTheLoad", columnsNotInTheLoad},
		{"Presence", presence},
		{"Removal", removal},
		{"Digest", digest},
		{"Live", live},
		{"TakingOver", takingOver},
		{"Diff", diff},
		{"DiffOfVersions", diffOfVersions},
		{"DiffNeedsACensus", diffNeedsACensus},
		{"Gone", gone},
		{"VersionDigest", versionDigest},
		{"Inspect", inspect},
		{"InspectNothing", inspectNothing},
		{"Compare", compare},
		{"Sites", sites},
		{"CensusOfASite", censusOfASite},
		{"RemovalAtASite", removalAtASite},
		{"ComparisonAtASite", comparisonAtASite},
		{"TablesWithoutSites", tablesWithoutSites},
		{"State", stateRoundTrip},
		{"StateOfPipelines", stateOfPipelines},
		{"ColumnLedger", columnLedger},
		{"ColumnLedgerOfSites", columnLedgerOfSites},
		{"RunLedger", runLedger},
		{"KilledRuns", killedRuns},
		{"LeaseOfAnEndedRun", leaseOfAnEndedRun},
		{"BrokenFile", brokenFile},
		{"Cancelled", cancelled},
		{"Discard", discard},
		{"Query", query},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &destination{T: t, open: open, site: table.DefaultSite, dir: t.TempDir()}
			defer d.close() // before what open has cleaned up
			d.acquire("run 1")
			c.test(d)
		})
	}
}
