package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/flatten"
)

// oneCoreResult is what the stages took on one core.
type oneCoreResult struct {
	Issues  int
	Bytes   int64
	Scan    time.Duration // least CPU time of reading the JSON once
	Flatten time.Duration // of flattening it
	Parquet time.Duration // of flattening it and writing Arrow and Parquet
	Allocs  float64       // objects per issue while flattening
	Written float64       // objects per issue while flattening and writing
}

// stages measures flatten and batch without network and destination.
func (b *bench) stages(ctx context.Context) error {
	t := newSheet(b.out, "Flatten, Arrow and Parquet on one core", "tables", "files for", "scan MB/s", "flatten MB/s", "with Parquet MB/s", "of the scan", "allocs/issue", "with Parquet")
	for _, tables := range []string{"issues", "default"} {
		for _, dest := range []string{"DuckDB", "Snowflake"} {
			stdout, _, err := b.part(ctx, []string{"GOMAXPROCS=1"}, "stages", tables, dest, b.dir, fmt.Sprint(b.volume))
			if err != nil {
				return err
			}
			var r oneCoreResult
			if err := json.Unmarshal(stdout, &r); err != nil {
				return err
			}
			speed := func(d time.Duration) string { return fmt.Sprintf("%.0f", float64(r.Bytes)/1e6/d.Seconds()) }
			t.row(tables, dest, speed(r.Scan), speed(r.Flatten), speed(r.Parquet), percent(r.Scan.Seconds()/r.Parquet.Seconds()),
				fmt.Sprintf("%.2f", r.Allocs), fmt.Sprintf("%.1f", r.Written))
		}
	}
	return t.print()
}

// oneCore is the part that measures the stages: args are the tables, the
// destination whose files are written, a directory and the MB of JSON to work
// through, after a first round that fills the buffers.
func oneCore(args []string, stdout io.Writer) (err error) {
	if len(args) != 4 {
		return errors.New("stages takes tables, a destination, a directory and the MB of JSON to work through")
	}
	volume, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	issues, selection, err := simulated(args[0])
	if err != nil {
		return err
	}
	tables, _, err := pipeline.Tables(table.DefaultSite, selection, nil)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(args[2], "stages-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r := oneCoreResult{Issues: len(issues)}
	for _, raw := range issues {
		r.Bytes += int64(len(raw))
	}
	rounds := int(max(1, volume*1e6/r.Bytes))
	f := flatten.New(tables)
	var set []*stages.Rows
	for _, t := range tables {
		set = append(set, stages.NewRows(t))
	}
	f.Into(set)
	format := stages.Format{}
	if args[1] == "DuckDB" {
		format = stages.Format{MarkJSON: true, Embedded: true}
	}
	// The files go on through all rounds, and are as large as those of a load.
	w := batch.New(batch.Options{Dir: dir, Prefix: "stages", FileSize: 128 << 20, Format: format})
	times, allocs, err := interleaved(rounds, len(issues),
		func() error { return scanAll(issues) },
		func() error { return flattenAll(f, set, issues, nil) },
		func() error { return flattenAll(f, set, issues, w) })
	if err != nil {
		return err
	}
	r.Scan, r.Flatten, r.Parquet = times[0], times[1], times[2]
	r.Allocs, r.Written = allocs[1], allocs[2]
	if err := finish(w, (rounds+1)*len(issues)); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(r)
}

// simulated returns issues of a site and what a loader selects of it.
func simulated(tables string) ([][]byte, fetch.Selection, error) {
	sim, err := jirasim.New(jirasim.Options{Issues: 2000})
	if err != nil {
		return nil, fetch.Selection{}, err
	}
	url, stop, err := sim.Listen("127.0.0.1:0")
	if err != nil {
		return nil, fetch.Selection{}, err
	}
	ctx := context.Background()
	client, err := jira.Dial(ctx, jira.Options{BaseURL: url, Login: jira.Basic{User: "bench@example.com", Secret: token{}}})
	if err != nil {
		return nil, fetch.Selection{}, errors.Join(err, stop())
	}
	defer client.Close()
	source, err := fetch.Open(ctx, client, fetch.Options{Fields: []string{"*all"}, Tables: []string{tables}})
	if err = errors.Join(err, stop()); err != nil {
		return nil, fetch.Selection{}, err
	}
	var issues [][]byte
	sim.Each(func(_ int64, _ string, raw []byte) bool {
		issues = append(issues, slices.Clone(raw))
		return true
	})
	return issues, source.Fields(), nil
}

// token is the secret of a simulated site, which takes any.
type token struct{}

// Reveal returns it.
func (token) Reveal(context.Context) (string, error) { return "bench", nil }

// interleaved does each of several works in every round, after one that is not
// counted, and returns the least CPU time of each, for others' work on the machine
// only adds to it, and the objects that it allocates per issue.
func interleaved(rounds, issues int, works ...func() error) ([]time.Duration, []float64, error) {
	least, allocs := make([]time.Duration, len(works)), make([]float64, len(works))
	for round := range rounds + 1 {
		for i, work := range works {
			took, objects, err := timed(work)
			if err != nil {
				return nil, nil, err
			}
			if round == 0 {
				continue
			}
			if least[i] == 0 || took < least[i] {
				least[i] = took
			}
			allocs[i] += float64(objects) / float64(rounds*issues)
		}
	}
	return least, allocs, nil
}

// timed returns the CPU time of work and the objects that it allocates.
func timed(work func() error) (time.Duration, uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, err := cpuTime()
	if err != nil {
		return 0, 0, err
	}
	if err := work(); err != nil {
		return 0, 0, err
	}
	ended, err := cpuTime()
	runtime.ReadMemStats(&after)
	return ended - began, after.Mallocs - before.Mallocs, err
}

func scanAll(issues [][]byte) error {
	for _, raw := range issues {
		if err := scan(raw); err != nil {
			return err
		}
	}
	return nil
}

// flattenAll flattens all issues, in chunks of the size that the pipeline uses,
// and writes them if there is something to write them to.
func flattenAll(f *flatten.Flattener, set []*stages.Rows, issues [][]byte, w *batch.Batcher) error {
	emptied := func() error {
		for _, rows := range set {
			if w != nil {
				if err := w.Write(rows); err != nil {
					return err
				}
			}
			rows.Reset()
		}
		return nil
	}
	for _, raw := range issues {
		if _, err := f.Issue(raw); err != nil {
			return err
		}
		size := 0
		for _, rows := range set {
			size += rows.Size()
		}
		if size >= pipeline.ChunkBytes {
			if err := emptied(); err != nil {
				return err
			}
		}
	}
	return emptied()
}

// finish closes the files, wants all issues to be in them, and removes them.
func finish(w *batch.Batcher, issues int) error {
	if err := w.Flush(); err != nil {
		return err
	}
	var rows int64
	for _, f := range w.Closed() {
		if f.Table.Name == "issues" {
			rows += f.Rows
		}
		if err := os.Remove(f.Path); err != nil {
			return err
		}
	}
	if rows != int64(issues) {
		return fmt.Errorf("%d rows of %d issues were written", rows, issues)
	}
	return nil
}
