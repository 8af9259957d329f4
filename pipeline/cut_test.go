package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// wholeFiles is a destination that wants files of few issues, two in a commit. It notes how
// many rows those of each commit have, and fails once it has committed so often.
type wholeFiles struct {
	load.Warehouse
	left    *int // commits until it fails; never if it begins with 0
	staged  []int64
	commits [][]int64
}

const issuesOfFile = 30

var errEnough = errors.New("that is enough")

func (w *wholeFiles) Format() stages.Format {
	f := w.Warehouse.Format()
	f.IssueRows, f.CommitFiles = issuesOfFile, 2
	return f
}

func (w *wholeFiles) Stage(ctx context.Context, f stages.File) error {
	if f.Table.Role == table.Issue {
		w.staged = append(w.staged, f.Rows)
	}
	return w.Warehouse.Stage(ctx, f)
}

func (w *wholeFiles) Commit(ctx context.Context, c load.Commit) (load.Result, error) {
	result, err := w.Warehouse.Commit(ctx, c)
	if len(w.staged) > 0 && c.State.Load != nil { // more is to come
		w.commits = append(w.commits, w.staged)
	}
	w.staged = nil
	if err == nil && c.State != nil {
		if *w.left--; *w.left == 0 {
			return result, errEnough
		}
	}
	return result, err
}

// reading notes which issues came of which partition.
type reading struct {
	pipeline.Source
	mu *sync.Mutex
	of map[string][]int64
}

func (r reading) Pages(ctx context.Context, p *stages.Partition) iter.Seq2[stages.Page, error] {
	return func(yield func(stages.Page, error) bool) {
		for page, err := range r.Source.Pages(ctx, p) {
			r.mu.Lock()
			for _, raw := range page.Issues {
				id, _ := rawjson.Int64(rawjson.Lookup(raw, "id"))
				r.of[p.Name] = append(r.of[p.Name], id)
			}
			r.mu.Unlock()
			if !yield(page, err) {
				return
			}
		}
	}
}

// TestWholeFiles: a destination that wants whole files of issues gets them, as long as more
// come, with the child rows of these issues and no others. Wherever the run ends, what the
// state claims is there: the issues of partitions that are done, and the readings of
// changes.
func TestWholeFiles(t *testing.T) {
	t.Parallel()
	opts := jirasim.Options{Issues: 400, Projects: 3}
	edit := func(b *bench) {
		b.clock.move(time.Hour)
		b.editSome(2)
	}
	want := newBench(t, opts)
	want.tables = killTables
	want.run(pipeline.Complete)
	loaded := want.contents()
	edit(want)
	want.run(pipeline.Complete)
	edited := want.contents()
	for name, fileSize := range map[string]int64{"whole": 128 << 20, "cut by size": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := 0
			for left, ended := 1, false; !ended; left++ {
				b := newBench(t, opts)
				b.partition, b.tables = 40, killTables
				b.options = func(o *pipeline.Options) { o.FileSize = fileSize }
				var to *wholeFiles
				limit := left
				b.warehouse = func(w load.Warehouse) load.Warehouse {
					to = &wholeFiles{Warehouse: w, left: &limit}
					return to
				}
				from := reading{mu: new(sync.Mutex), of: map[string][]int64{}}
				b.between = func(s pipeline.Source) pipeline.Source { from.Source = s; return from }

				_, err := b.try(t.Context())
				if err != nil && !errors.Is(err, errEnough) {
					t.Fatal(err)
				}
				ended = err == nil
				where := fmt.Sprintf("a first load of %d commits", left)
				b.holdsWhatItClaims(where, from.of)
				for _, files := range to.commits {
					whole += len(files)
					rows := int64(0)
					for _, n := range files {
						rows += n
					}
					if rows%issuesOfFile != 0 {
						t.Errorf("%s: %d issues in a commit with more to come", where, rows)
					}
					if fileSize > 1 && !slices.Equal(files, slices.Repeat([]int64{issuesOfFile}, max(2, len(files)))) {
						t.Errorf("%s: files of %d issues in a commit with more to come", where, files)
					}
				}
				limit = 0
				b.run(pipeline.Complete)
				b.holds(where, loaded)

				edit(b)
				limit = left
				if _, err := b.try(t.Context()); err != nil && !errors.Is(err, errEnough) {
					t.Fatal(err)
				}
				where = fmt.Sprintf("changes in %d commits", left)
				b.notAhead(where)
				limit = 0
				b.run(pipeline.Complete)
				b.holds(where, edited)
			}
			if whole < 16 {
				t.Errorf("%d whole files: nothing is shown by this", whole)
			}
		})
	}
}

// holds wants the rows of a load that nobody disturbed.
func (b *bench) holds(where string, undisturbed map[string][]string) {
	b.t.Helper()
	got := b.contents()
	for _, name := range slices.Sorted(maps.Keys(undisturbed)) {
		if !slices.Equal(got[name], undisturbed[name]) {
			b.t.Errorf("%s: table %s differs from that of a load that nobody disturbed", where, name)
		}
	}
}

// holdsWhatItClaims wants rows of all issues of the partitions that the state has as done,
// and no child row without its issue.
func (b *bench) holdsWhatItClaims(where string, of map[string][]int64) {
	b.t.Helper()
	have := map[string]bool{}
	for _, row := range b.rows("SELECT id FROM issues") {
		have[row[0]] = true
	}
	if st := b.state(); st.Load != nil {
		for _, name := range st.Load.Done {
			for _, id := range of[name] {
				if !have[fmt.Sprint(id)] {
					b.t.Errorf("%s: partition %s is done, and issue %d has no row", where, name, id)
				}
			}
		}
	}
	for _, child := range []string{"issue_comments", "issue_labels"} {
		if n := b.one("SELECT COUNT(*) FROM " + child + " WHERE issue_id NOT IN (SELECT id FROM issues)"); n != "0" {
			b.t.Errorf("%s: %s rows of %s have no issue", where, n, child)
		}
	}
}
