package pipeline

import (
	"sync/atomic"

	"snowdrift/stages"
	"snowdrift/stages/load"
)

// Progress counts what a run has done so far, stage by stage, for somebody who
// watches. It may be read while the run goes on.
type Progress struct {
	Expected  atomic.Int64 // issues that the plan expects; 0 when it doesn't know
	Pages     atomic.Int64 // fetched
	Fetched   atomic.Int64 // issues fetched
	Bytes     atomic.Int64 // of JSON
	Flattened atomic.Int64 // issues flattened
	Files     atomic.Int64 // staged
	FileBytes atomic.Int64
	Written   atomic.Int64 // rows inserted, updated or deleted
	Commits   atomic.Int64
	Census    atomic.Int64 // ids counted
}

func (p *Progress) expect(partitions []*stages.Partition) {
	for _, part := range partitions {
		p.Expected.Add(max(part.Expected, 0))
	}
}

func (p *Progress) page(page stages.Page) {
	p.Pages.Add(1)
	p.Fetched.Add(int64(len(page.Issues)))
	for _, raw := range page.Issues {
		p.Bytes.Add(int64(len(raw)))
	}
}

func (p *Progress) issue() { p.Flattened.Add(1) }

func (p *Progress) staged(f stages.File) {
	p.Files.Add(1)
	p.FileBytes.Add(f.Bytes)
}

func (p *Progress) committed(result load.Result) {
	p.Commits.Add(1)
	for _, n := range result.Rows {
		p.Written.Add(n)
	}
}

func (p *Progress) census(ids int64) { p.Census.Store(ids) }
