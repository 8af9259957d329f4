// Package pipeline runs the job: plan → stream → commit → prove → report. It is
// the only package that knows the order of the stages.
//
//	fetch ──pages──▶ flatten ──chunks──▶ batch ──cuts──▶ load
//
// Data goes forward through bounded channels; what comes back is the commit's
// acknowledgement, which moves the state. The destination holds the state and
// changes it with the rows, so a run can end at any instant and the next one
// goes on.
package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/fetch"
	"snowdrift/stages/flatten"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Source is where issues come from; see fetch.Source.
type Source interface {
	Site() string
	Asked() state.Asked
	Fields() fetch.Selection
	Projects() map[int64]jira.Project
	Whole() bool
	Plan(ctx context.Context, before *state.State) (fetch.Plan, error)
	Pages(ctx context.Context, p *stages.Partition) iter.Seq2[stages.Page, error]
	Answers(ctx context.Context, what string) iter.Seq2[[]byte, error]
	Census(ctx context.Context) iter.Seq2[[]int64, error]
	Versions(ctx context.Context, ids []int64, requests int) iter.Seq2[fetch.Versions, error]
	Behind(ctx context.Context, shown []stages.Ref) ([]int64, error)
	Absent(ctx context.Context, ids []int64) iter.Seq2[fetch.Versions, error]
	Unanswered() map[int64]string
	CutShort() error
	InScope(ctx context.Context, ids []int64) (map[int64]bool, error)
	Now() time.Time
	Stats() jira.Stats
}

// Options say how a run works.
type Options struct {
	Pipeline string
	Site     string // name of the source's site in the tables; "" is table.DefaultSite
	RunID    string // unique, sorts by time
	// Dir takes the files on their way; it exists and belongs to the run.
	Dir         string
	FileSize    int64         // compressed bytes of a Parquet file
	CommitSize  int64         // staged bytes after which a commit is due
	CommitEvery time.Duration // time after which a commit is due
	Concurrency int           // partitions read at once
	Overlap     time.Duration // what the next run will read again
	// Dimensions is the age at which a dimension is read again; 0: in every run.
	Dimensions time.Duration
	// Census says whether completeness is to be proven, CensusEvery how old the
	// last proof may be before another census is taken; 0 takes one in every run.
	Census      bool
	CensusEvery time.Duration
	// Deep is the time within which every issue is compared by version, too; 0
	// is never. DeepBudget bounds the requests that a run makes for it, 0 does
	// not; DeepNow compares all of them in this run.
	Deep       time.Duration
	DeepBudget int
	DeepNow    bool
	// Deleted says what becomes of rows whose issue is gone.
	Deleted Deleted
	// Views says whether the destination gets the views for analysts.
	Views bool
	// AcceptShrink is the share of a project's issues that may be gone at once
	// before somebody has to confirm it; Confirmed is that confirmation.
	AcceptShrink float64
	Confirmed    bool
	Progress     *Progress // nil: nobody watches
	Log          *slog.Logger
	Now          func() time.Time
}

// Deleted says what becomes of rows whose issue is gone.
type Deleted uint8

// What can become of them.
const (
	Soft Deleted = iota // they are marked
	Hard                // those of issues that are deleted are removed, the others marked
	Keep                // they stay as they are
)

// run is one run under way.
type run struct {
	Options
	source    Source
	warehouse load.Warehouse
	state     *state.State    // where the run stands
	saved     *state.State    // what the destination has
	returned  []stages.Return // issues that came when asked for by id, see prove
	tables    []*table.Table  // those that rows of issues go into
	flattener *flatten.Flattener
	replaced  []string   // dimensions that the next commit replaces
	owing     bool       // what was owed is read: it is written even if it is as it was
	turn      sync.Mutex // of those who take turns with an embedded destination
	report    Report
	commits   int
	begun     time.Time
	asOf      time.Time // the site's clock when the reading under way began
}

// Run brings the destination up to date with the source, proves it, and
// reports. The report is valid even with an error; then it tells how far the
// run came. A run whose tables are loaded but not proven to be complete ends
// without error and with Outcome Unproven.
func Run(ctx context.Context, source Source, warehouse load.Warehouse, opts Options) (Report, error) {
	r := &run{Options: opts, source: source, warehouse: warehouse, begun: opts.Now()}
	if r.Progress == nil {
		r.Progress = &Progress{}
	}
	r.Site = cmp.Or(r.Site, table.DefaultSite)
	r.report = NewReport(opts.Pipeline, opts.RunID, r.begun)
	r.report.Site = source.Site()
	err := r.run(ctx)
	r.finish(ctx, err)
	return r.report, err
}

func (r *run) run(ctx context.Context) error {
	if err := r.warehouse.Acquire(ctx, load.Job{Pipeline: r.Pipeline, Site: r.Site, Run: r.RunID}); err != nil {
		return err
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := r.dimensions(ctx); err != nil {
		return err
	}
	for more := true; more; {
		plan, err := r.source.Plan(ctx, r.state)
		if err != nil {
			return err
		}
		r.Log.Info("plan", "reason", plan.Reason, "partitions", len(plan.Partitions))
		r.report.Plan = append(r.report.Plan, plan.Reason)
		r.state = plan.State
		if err := r.stream(ctx, plan.Partitions); err != nil {
			return err
		}
		more = plan.Load // then what changed meanwhile
	}
	if err := r.collect(ctx); err != nil {
		return r.unsure(ctx, err)
	}
	return r.prove(ctx)
}

// prepare surveys the destination, and makes the tables that the source's fields ask
// for and the views of them.
func (r *run) prepare(ctx context.Context) error {
	survey, err := Look(ctx, r.source, r.warehouse, r.Pipeline, r.Site)
	if err != nil {
		return err
	}
	r.saved = survey.Saved
	all := survey.Tables
	st, lost := survey.Left(r.source.Asked(), r.Log)
	r.notAhead(st)
	r.tables = slices.DeleteFunc(slices.Clone(all), func(t *table.Table) bool { return t.Role == table.Dimension })
	r.flattener = flatten.New(r.tables)
	if lost { // nobody would know it any more when they are made
		r.state = st
		if err := r.commit(ctx, st.Clone()); err != nil {
			return err
		}
		st = r.state
	}
	if err := r.warehouse.Prepare(ctx, all); err != nil {
		return err
	}
	r.state = st
	if !r.Views {
		return nil
	}
	return r.warehouse.MakeViews(ctx, load.Views(r.Site, all[0], st.Columns))
}

// Tables describes the tables for a selection of a site's fields, and returns
// the column ledger with the columns that are new. A name for a column that another one has
// is a *fetch.BadQuery.
func Tables(site string, fields fetch.Selection, ledger []table.Assignment) ([]*table.Table, []table.Assignment, error) {
	wanted := fields.TableFields()
	if err := table.CheckNames(site, wanted, ledger); err != nil {
		return nil, nil, &fetch.BadQuery{Err: fmt.Errorf("jira.fields.rename: %w", err)}
	}
	custom, ledger := table.Custom(site, wanted, ledger)
	tables := []*table.Table{table.Issues(custom, fields.Has).WithText(fields.Text)}
	for _, child := range fields.Children {
		if child.Name == table.FieldHistory {
			history := *child
			history.History = table.HistoryOf(site, wanted, ledger, fields.Has)
			child = &history
		}
		tables = append(tables, child.WithText(fields.Text))
	}
	return append(append(tables, table.ValueErrors()), fields.Dimensions...), ledger, nil
}

// finish closes the report and writes it to the ledger.
func (r *run) finish(ctx context.Context, err error) {
	ended := r.Now()
	r.report.Ended = ended
	r.report.Jira = r.source.Stats()
	r.report.odd(r.flattener)
	if err != nil {
		r.report.Fail(ctx, err, ended)
	}
	if r.state == nil { // it never came to have anything to write
		return
	}
	// An interrupted run still says so in the ledger. What is staged belongs to
	// a commit that never came.
	c := load.Commit{Run: r.ledger(&ended), Discard: true}
	ctx, cancel := lastWord(ctx)
	defer cancel()
	if _, err := r.warehouse.Commit(ctx, c); err != nil {
		r.Log.Warn("the run's report could not be written to the ledger", "error", err)
	}
}

// lastWord is the context for the entry of the ledger with which everything ends, an
// interruption included. A destination that does not answer is not waited for longer.
func lastWord(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
}

// ledger returns the run's entry in the run ledger as it stands.
func (r *run) ledger(ended *time.Time) state.Run {
	r.report.Issues = r.Progress.Flattened.Load()
	outcome := Running
	if ended != nil {
		outcome = r.report.Outcome
	}
	return state.Run{ID: r.RunID, Pipeline: r.Pipeline, Started: r.begun, Ended: ended, Outcome: string(outcome), Report: r.report.json()}
}

// commit writes what is staged together with the state, and takes the state
// over once the destination has it.
func (r *run) commit(ctx context.Context, next *state.State) error {
	return r.commitWith(ctx, load.Commit{State: next})
}

// commitWith is commit with more to it than a state.
func (r *run) commitWith(ctx context.Context, c load.Commit) error {
	next := c.State
	if r.warehouse.Format().Embedded {
		r.turn.Lock()
		defer r.turn.Unlock()
	}
	r.commits++
	c.Before = r.state.Clone()
	c.Before.Recent, c.Before.Dimensions = nil, maps.Clone(r.saved.Dimensions)
	next.Commit = fmt.Sprintf("%s/%d", r.RunID, r.commits)
	c.Run, c.Dimensions, c.Rewrite = r.ledger(nil), r.replaced, r.state.Rewrite || r.owing
	result, err := r.warehouse.Commit(ctx, c)
	if err != nil {
		return err
	}
	r.replaced = nil
	next.Digest = result.Digest
	r.state, r.saved = next, next
	r.report.committed(result)
	r.Progress.committed(result)
	r.Log.Info("commit", "commit", next.Commit, "rows", result.Rows, "live", result.Digest.Count, "took", result.Took)
	return nil
}
