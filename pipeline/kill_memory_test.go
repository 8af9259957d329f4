package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
	"snowdrift/stages/load/snowflake"
	"snowdrift/state"
)

const (
	// bulkRows is how many rows TestBulkMemory loads; unset, it does not run.
	bulkRows = "SNOWDRIFT_BULK"
	// bulkVariable tells the test binary that it is the loader of that test.
	bulkVariable = "SNOWDRIFT_TEST_BULK"
	// bulkFile is the size at which files are closed.
	bulkFile = 64 << 20
	// bulkPeak is the memory that the loader may take.
	bulkPeak = 400 << 20
)

// bulk is a load of made-up rows, and what became of it.
type bulk struct {
	Port int
	Rows int64
	Dir  string

	Files []int64 // their sizes
	Peak  int64   // resident bytes of the process
	Live  int64   // rows, as the commit counted them
	Took  time.Duration
}

// TestBulkMemory PUTs, COPYs and merges many rows of issues, some 1.5 KB each,
// from a process of its own, and holds its memory and its files to their size:
//
//	SNOWDRIFT_BULK=100000 go test -run TestBulkMemory -v ./pipeline
//
// The test account keeps all rows in memory, several times over while it merges.
func TestBulkMemory(t *testing.T) {
	text := os.Getenv(bulkRows)
	if text == "" {
		t.Skip(bulkRows + " does not say how many rows to load")
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	srv := snowflaketest.Start(t, snowflaketest.Options{PATs: []string{snowflakeToken}})
	order, err := json.Marshal(bulk{Port: srv.Port(), Rows: n, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), bulkVariable+"="+string(order)), os.Stderr
	said, err := cmd.Output()
	var done bulk
	if err = errors.Join(err, json.Unmarshal(said, &done)); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows in %d files of %d to %d bytes; the loader took %d MiB and %s",
		done.Live, len(done.Files), slices.Min(done.Files), slices.Max(done.Files), done.Peak>>20, done.Took)
	if done.Live != n {
		t.Errorf("%d rows were loaded, want %d", done.Live, n)
	}
	if done.Peak > bulkPeak {
		t.Errorf("the loader took %d bytes, more than %d", done.Peak, bulkPeak)
	}
	for i, size := range done.Files { // the last one is what was left
		if size > bulkFile*5/4 || i < len(done.Files)-1 && size < bulkFile*3/4 {
			t.Errorf("file %d has %d bytes, want about %d", i+1, size, bulkFile)
		}
	}
	if files, err := srv.StagedFiles(); err != nil || len(files) > 0 {
		t.Errorf("files on the stage: %q, %v", files, err)
	}
}

// beBulkLoader loads and prints what became of it.
func beBulkLoader(order string) {
	debug.SetGCPercent(60) // as the program does
	var b bulk
	err := json.Unmarshal([]byte(order), &b)
	if err == nil {
		err = b.load(context.Background())
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(b)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (b *bulk) load(ctx context.Context) (err error) {
	began := time.Now()
	opts := job{Port: b.Port}.account()
	opts.Log = slog.New(slog.DiscardHandler)
	w, err := snowflake.Open(ctx, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := w.Acquire(ctx, load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: "run-001"}); err != nil {
		return err
	}
	issues := table.Issues(nil, func(string) bool { return true })
	if err := w.Prepare(ctx, []*table.Table{issues, table.ValueErrors()}); err != nil {
		return err
	}
	if err := b.stage(ctx, w, issues); err != nil {
		return err
	}
	st := state.New("jira")
	st.Commit = "run-001/1"
	result, err := w.Commit(ctx, load.Commit{State: st, Run: state.Run{ID: "run-001", Pipeline: "jira", Started: began, Outcome: "complete"}})
	if err != nil {
		return err
	}
	b.Live, b.Took = result.Digest.Count, time.Since(began)
	b.Peak, err = peak()
	return err
}

// stage writes the rows into files, in chunks as the pipeline does, and stages
// each file when it is closed.
func (b *bulk) stage(ctx context.Context, w load.Warehouse, issues *table.Table) error {
	files := batch.New(batch.Options{Dir: b.Dir, Prefix: "run-001", FileSize: bulkFile, Format: w.Format()})
	pass := func() error {
		for _, f := range files.Closed() {
			b.Files = append(b.Files, f.Bytes)
			if err := w.Stage(ctx, f); err != nil {
				return err
			}
		}
		return nil
	}
	rows, random := stages.NewRows(issues), rand.New(rand.NewPCG(1, 2))
	for id := range b.Rows {
		fillBulk(rows, random, id)
		if rows.Size() < 4<<20 && id < b.Rows-1 {
			continue
		}
		if err := errors.Join(files.Write(rows), pass()); err != nil {
			return err
		}
		rows.Reset()
	}
	return errors.Join(files.Flush(), pass())
}

// fillBulk makes one row.
func fillBulk(rows *stages.Rows, random *rand.Rand, id int64) {
	var text strings.Builder
	for range 90 { // hardly compressible, unlike what people write
		fmt.Fprintf(&text, "%x ", random.Uint64())
	}
	for i, c := range rows.Table.Staged() {
		switch c.Name {
		case "id", "_hash":
			rows.SetInt(i, id+1)
		case "project_id":
			rows.SetInt(i, id%7)
		case "key", "summary":
			rows.SetString(i, fmt.Sprintf("TO-%d", id))
		case "created", "updated":
			rows.SetInt(i, 1_700_000_000_000_000+id*1_000_000)
		case table.Raw:
			rows.SetString(i, fmt.Sprintf(`{"id":"%d","fields":{"summary":"TO-%d","description":%q}}`, id, id, text.String()))
		}
	}
	rows.End(id)
}

// peak returns the most memory that the process has had, as Linux counts it.
func peak() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("read the peak of memory: %w", err)
	}
	_, line, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes int64
	if _, err := fmt.Sscanf(strings.TrimSpace(line), "%d kB", &kilobytes); err != nil {
		return 0, fmt.Errorf("read the peak of memory: %w", err)
	}
	return kilobytes << 10, nil
}
