package pipeline

import (
	"context"
	"slices"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
)

// Runs and verifications bring lists of issues to the destination, in scratch
// tables, for it to compare with its rows.

// idsInScope reads the ids of all issues in scope, each once, in order. A list of
// a million takes 8 MB, a set of them several times as much.
func idsInScope(ctx context.Context, source Source, progress *Progress) ([]int64, error) {
	var all []int64
	for ids, err := range source.Census(ctx) {
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
		progress.census(int64(len(all)))
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// rowsAtOnce is the number of rows of a scratch table that are in memory at once.
const rowsAtOnce = 10_000

// writeEach makes a row of t of each element, which set fills.
func writeEach[T any](b *batch.Batcher, t *table.Table, list []T, set func(*stages.Rows, T)) error {
	rows := stages.NewRows(t)
	for part := range slices.Chunk(list, rowsAtOnce) {
		rows.Reset()
		for _, v := range part {
			set(rows, v)
			rows.End(0)
		}
		if err := b.Write(rows); err != nil {
			return err
		}
	}
	return nil
}

// setVersion makes a row of a census with versions.
func setVersion(rows *stages.Rows, ref stages.Ref) {
	rows.SetInt(0, ref.ID)
	rows.SetInt(1, ref.Updated*1000)
	rows.End(0)
}

// nothing is the census of a scope without issues.
func nothing() *stages.Rows {
	rows := stages.NewRows(table.Census())
	rows.SetInt(0, table.NoIssue)
	rows.End(0)
	return rows
}

// stageAll hands files over.
func stageAll(ctx context.Context, warehouse load.Warehouse, files []stages.File) error {
	for _, f := range files {
		if err := warehouse.Stage(ctx, f); err != nil {
			return err
		}
	}
	return nil
}
