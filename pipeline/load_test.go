package pipeline_test

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
	"snowdrift/stages"
	"snowdrift/stages/fetch"
)

// TestFirstLoad loads sites of every kind and compares issue by issue.
func TestFirstLoad(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		site      jirasim.Options
		query     fetch.Query
		partition int64
	}{
		"cloud":                      {site: jirasim.Options{Issues: 300}},
		"cloud, west":                {site: jirasim.Options{Issues: 300, TimeZone: "America/St_Johns"}, partition: 50},
		"cloud, east, minutes":       {site: jirasim.Options{Issues: 300, TimeZone: "Pacific/Apia", NoEpochMillis: true}, partition: 50},
		"cloud, summer time":         {site: jirasim.Options{Issues: 300, TimeZone: "Europe/Berlin", NoEpochMillis: true}, partition: 20},
		"data center":                {site: jirasim.Options{Deployment: jirasim.DataCenter, Issues: 300}},
		"data center, many cuts":     {site: jirasim.Options{Deployment: jirasim.DataCenter, Issues: 300, TimeZone: "Asia/Kolkata"}, partition: 20},
		"data center, early overlap": {site: jirasim.Options{Deployment: jirasim.DataCenter, Issues: 300, TimeZone: "America/New_York", RepeatedHour: "first", NoEpochMillis: true}, partition: 20},
		"JQL":                        {site: jirasim.Options{Issues: 300}, query: fetch.Query{JQL: `created > "1990-01-01" OR summary ~ nothing`}, partition: 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, tt.site)
			b.query = tt.query
			if tt.partition > 0 {
				b.partition = tt.partition
			}
			report := b.run(pipeline.Complete)
			b.compare()
			if report.Proof.Table.Count != int64(b.sim.Count()) || report.Proof.Missing != 0 {
				t.Errorf("proof: %+v of %d issues; the first load itself was to find all", report.Proof, b.sim.Count())
			}
			b.want("SELECT COUNT(*) FROM issues", fmt.Sprint(b.sim.Count()))
			if s := b.state(); s.Load != nil || s.Cursor == 0 {
				t.Errorf("state after a first load: %+v", s)
			}
		})
	}
}

// TestCommitsWhileLittleComes: a commit is due after a time, though what came until then
// would not fill a chunk.
func TestCommitsWhileLittleComes(t *testing.T) {
	t.Parallel()
	b := newBench(t, jirasim.Options{Issues: 100})
	b.partition = 5
	var clock atomic.Int64 // moves by a minute for each page
	b.between = func(s pipeline.Source) pipeline.Source { return slow{s, &clock} }
	b.options = func(o *pipeline.Options) {
		o.CommitEvery, o.Concurrency, o.Census = 5*time.Minute, 1, false
		o.Now = func() time.Time { return time.Unix(clock.Load(), 0) }
	}
	b.run(pipeline.Complete)
	if n, minutes := len(b.commits), int(clock.Load()/60); n < minutes/6 || n > minutes/5+2 {
		t.Errorf("%d commits in %d minutes", n, minutes)
	}
	b.compare()
}

// slow is a source whose pages take a minute each.
type slow struct {
	pipeline.Source
	clock *atomic.Int64
}

func (s slow) Pages(ctx context.Context, p *stages.Partition) iter.Seq2[stages.Page, error] {
	return func(yield func(stages.Page, error) bool) {
		for page, err := range s.Source.Pages(ctx, p) {
			s.clock.Add(60)
			if !yield(page, err) {
				return
			}
		}
	}
}
