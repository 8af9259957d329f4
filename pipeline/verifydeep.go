package pipeline

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"

	"golang.org/x/sync/errgroup"

	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/flatten"
	"snowdrift/stages/load"
)

// DeepResult is what the comparison of cells found.
type DeepResult struct {
	Issues int64  `json:"issues"` // compared
	Seed   uint64 `json:"seed"`   // by which they were chosen
	// Gone is the number of issues that Jira no longer returned.
	Gone        int              `json:"gone"`
	Differences []CellDifference `json:"differences"`
}

// CellDifference is a difference of an issue with its key.
type CellDifference struct {
	Key string `json:"key"`
	load.Difference
}

// portion is how many issues are on local disk at once to be compared.
const portion = 10_000

// deep reads issues again and compares them with their rows, cell by cell.
func (v *verification) deep(ctx context.Context) error {
	v.result.Deep = &DeepResult{Seed: v.Seed, Differences: []CellDifference{}}
	for ids := range slices.Chunk(v.sample(), portion) {
		if err := v.deepPortion(ctx, ids); err != nil {
			return err
		}
	}
	return nil
}

// sample chooses among the issues that have a row of their version.
func (v *verification) sample() []int64 {
	other := map[int64]bool{}
	for _, m := range v.result.Missing {
		other[m.ID] = true
	}
	for _, s := range slices.Concat(v.result.Stale, v.result.Newer) {
		other[s.ID] = true
	}
	for _, id := range v.result.Changed {
		other[id] = true
	}
	var ids []int64
	for id := range v.versions {
		if !other[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if v.Deep == DeepAll || v.Deep >= len(ids) {
		return ids
	}
	random := rand.New(rand.NewPCG(v.Seed, 0))
	random.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	ids = ids[:v.Deep]
	slices.Sort(ids)
	return ids
}

// deepPortion compares some issues.
func (v *verification) deepPortion(ctx context.Context, ids []int64) error {
	readers := max(v.Concurrency, 1)
	reader := &run{Options: Options{Concurrency: readers, Progress: v.Progress}, source: v.source}
	keys := map[int64]string{} // of the issues that are compared
	changed := len(v.result.Changed)
	g, inner := errgroup.WithContext(ctx)
	pages := make(chan stages.Page, 2)
	g.Go(func() error {
		return closing(pages, reader.fetch(inner, newAdmission(readers), fetch.ByID("verify", ids), pages))
	})
	var files []stages.File
	g.Go(func() (err error) {
		files, err = v.write(inner, pages, keys)
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	// Files go on their way in the background, longer than the group lives.
	if err := stageAll(ctx, v.warehouse, files); err != nil {
		return err
	}
	v.result.Deep.Issues += int64(len(keys))
	v.result.Deep.Gone += len(ids) - len(keys) - (len(v.result.Changed) - changed)
	if len(keys) == 0 {
		return nil
	}
	found, err := v.warehouse.Compare(ctx, flatten.Same)
	for _, d := range found {
		if d.Table == table.FieldHistory && d.Column == table.FieldName {
			continue // who renames a field changes no issue
		}
		v.result.Deep.Differences = append(v.result.Deep.Differences, CellDifference{keys[d.Issue], d})
	}
	return err
}

// write flattens the issues of pages and writes their rows to files. Issues that
// changed meanwhile are left out.
func (v *verification) write(ctx context.Context, pages <-chan stages.Page, keys map[int64]string) (files []stages.File, err error) {
	b := batch.New(batch.Options{Dir: v.Dir, Prefix: v.RunID + "-v", FileSize: v.FileSize, Format: v.warehouse.Format()})
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Discard())
		}
	}()
	set := newSet(v.tables)
	v.flattener.Into(set)
	for page, err := range receive(ctx, pages) {
		if err != nil {
			return nil, err
		}
		for _, raw := range page.Issues {
			ref, err := v.flattener.Issue(raw)
			if err != nil {
				return nil, err
			}
			v.Progress.issue()
			if _, twice := keys[ref.ID]; twice {
				v.flattener.Drop()
				continue
			}
			if ref.Updated != v.versions[ref.ID] {
				v.flattener.Drop()
				v.result.Changed = append(v.result.Changed, ref.ID)
				continue
			}
			keys[ref.ID] = string(rawjson.AppendString(nil, rawjson.Lookup(raw, "key")))
		}
		page.Release()
		if size(set) < ChunkBytes {
			continue
		}
		if err := writeAll(b, set); err != nil {
			return nil, err
		}
	}
	if err := writeAll(b, set); err != nil {
		return nil, err
	}
	if err := b.Flush(); err != nil {
		return nil, err
	}
	return b.Closed(), nil
}

// writeAll writes rows to files and takes their memory back.
func writeAll(b *batch.Batcher, set []*stages.Rows) error {
	for _, rows := range set {
		if err := b.Write(rows); err != nil {
			return err
		}
		rows.Reset()
	}
	return nil
}
