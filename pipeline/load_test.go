package pipeline_test

import (
	"fmt"
	"testing"

	"snowdrift/internal/jirasim"
	"snowdrift/pipeline"
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
