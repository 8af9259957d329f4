package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/flatten"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// The outcomes of a verification.
const (
	Clean     Outcome = "clean"     // no difference
	Differing Outcome = "differing" // the lists say where
	Undecided Outcome = "undecided" // it could not be told; Conclusion says why
)

// VerifyOptions say how to verify.
type VerifyOptions struct {
	Pipeline    string
	Site        string // name of the source's site in the tables; "" is table.DefaultSite
	RunID       string
	Dir         string // for files on their way; exists, and belongs to the verification
	FileSize    int64
	Concurrency int
	// Deleted and AcceptShrink are those of the runs, see Options.
	Deleted      Deleted
	AcceptShrink float64
	// Deep is the number of issues that are read again and compared cell by
	// cell, chosen at random by Seed; DeepAll takes all.
	Deep int
	Seed uint64
	// History lists what contradicts itself in the history of fields.
	History  bool
	Progress *Progress // nil: nobody watches
	Log      *slog.Logger
	Now      func() time.Time
}

// DeepAll as VerifyOptions.Deep compares all issues.
const DeepAll = -1

// Verification is what was found. Its JSON form goes into the run ledger, where
// the destination can be written to, and is what `verify --json` prints.
type Verification struct {
	RunID      string    `json:"run_id"`
	Pipeline   string    `json:"pipeline"`
	Site       string    `json:"site"`
	Started    time.Time `json:"started"`
	Ended      time.Time `json:"ended"`
	Outcome    Outcome   `json:"outcome"`
	Conclusion string    `json:"conclusion"`
	// Since is the newest change that the last run saw. What changed later is
	// no difference.
	Since time.Time `json:"since"`
	// Census and Table are digests by id and updated, see state.Digest.
	Census  state.Digest `json:"census"`
	Table   state.Digest `json:"table"`
	Missing []Version    `json:"missing"` // in Jira, not a live row
	// Others are the pipelines of which some of the missing are live rows, with how
	// many.
	Others  map[string]int64 `json:"others,omitempty"`
	Extra   []Extra          `json:"extra"`     // a live row, not in Jira
	Stale   []load.Stale     `json:"stale"`     // older than in Jira
	Newer   []load.Stale     `json:"newer"`     // newer than in Jira
	Strays  []load.Stray     `json:"strays"`    // rows that no load writes
	Changed []int64          `json:"changed"`   // changed since the last run: no difference
	Kept    int              `json:"kept"`      // not in Jira, and to be kept: no difference
	Held    int64            `json:"held"`      // gone, but too many at once to believe it
	Deep    *DeepResult      `json:"deep"`      // nil: no cells were compared
	History *History         `json:"history"`   // nil: nobody asked
	Mixed   bool             `json:"mixed"`     // _raw and _hash were not compared, see state.State
	Written bool             `json:"in_ledger"` // an entry of the run ledger tells of it
	Jira    jira.Stats       `json:"jira"`
}

// Version is an issue and its updated.
type Version struct {
	ID      int64     `json:"id"`
	Updated time.Time `json:"updated"`
}

// Extra is a live row that Jira does not have in scope, and what became of its
// issue by the evidence that the next run would go by.
type Extra struct {
	ID       int64  `json:"id"`
	Key      string `json:"key"`
	Presence string `json:"presence"`
	Evidence string `json:"evidence"`
}

// verification is one under way.
type verification struct {
	VerifyOptions
	source    Source
	warehouse load.Warehouse
	result    Verification
	cursor    int64 // epoch milliseconds
	tables    []*table.Table
	flattener *flatten.Flattener
	brake     brake
	versions  map[int64]int64 // updated of the issues in scope, in epoch milliseconds
}

// Verify compares what Jira has in scope with the pipeline's live rows, and
// changes neither. An error means that it could not be told, from wherever it
// came; the Verification then says how far it went.
func Verify(ctx context.Context, source Source, warehouse load.Warehouse, opts VerifyOptions) (Verification, error) {
	v := &verification{VerifyOptions: opts, source: source, warehouse: warehouse, versions: map[int64]int64{}}
	if v.Progress == nil {
		v.Progress = &Progress{}
	}
	v.Site = cmp.Or(v.Site, table.DefaultSite)
	v.result = Verification{RunID: opts.RunID, Pipeline: opts.Pipeline, Site: source.Site(), Started: opts.Now(), Outcome: Undecided,
		Missing: []Version{}, Extra: []Extra{}, Stale: []load.Stale{}, Newer: []load.Stale{}, Strays: []load.Stray{}, Changed: []int64{}}
	err := v.verify(ctx)
	if err != nil {
		v.result.Outcome, v.result.Conclusion = Undecided, err.Error()
	}
	v.result.Ended, v.result.Jira = opts.Now(), source.Stats()
	return v.result, v.record(ctx, err)
}

func (v *verification) verify(ctx context.Context) error {
	ready, err := v.prepare(ctx)
	if err != nil || !ready {
		return err
	}
	if err := v.census(ctx); err != nil {
		return err
	}
	if err := v.compare(ctx); err != nil {
		return err
	}
	if v.Deep != 0 {
		if err := v.deep(ctx); err != nil {
			return err
		}
	}
	if v.VerifyOptions.History {
		if err := v.history(ctx); err != nil {
			return err
		}
	}
	v.conclude()
	return nil
}

// History is what was found in the history of fields. Contradictions are Jira's
// own, and no differences between Jira and the tables.
type History struct {
	Contradictions []load.Contradiction `json:"contradictions"`
}

// history lists the contradictions.
func (v *verification) history(ctx context.Context) error {
	found, err := v.warehouse.Contradictions(ctx)
	v.result.History = &History{Contradictions: append([]load.Contradiction{}, found...)}
	return err
}

// prepare reads the state, and finds out whether there is something to compare.
func (v *verification) prepare(ctx context.Context) (ready bool, err error) {
	st, err := v.warehouse.State(ctx, v.Pipeline)
	if err != nil {
		return false, err
	}
	if err := st.Claim(v.Site); err != nil {
		return false, err
	}
	changes := v.source.Asked().Changes(st.Asked)
	switch {
	case st.Load != nil || st.Cursor == 0:
		v.result.Conclusion = "the first load has not come to its end: snowdrift run"
		return false, nil
	case st.Site != v.source.Site():
		return false, fmt.Errorf("%w: it was loaded from %s and the configuration names %s", fetch.ErrOtherSite, st.Site, v.source.Site())
	case len(changes) > 0:
		v.result.Conclusion = fmt.Sprintf("the configuration asks for something else than what was loaded (%s): snowdrift run, then verify", strings.Join(changes, "; "))
		return false, nil
	}
	v.cursor, v.brake = st.Cursor, brake{v.AcceptShrink, v.source.Whole() && !st.Unsettled}
	v.result.Since = time.UnixMilli(st.Cursor).UTC()
	fields := v.source.Fields()
	fields.Former = st.Names
	tables, _, err := Tables(v.Site, fields, st.Columns)
	if err != nil {
		return false, err
	}
	if v.result.Mixed = st.Mixed; st.Mixed {
		tables[0] = withoutWhole(tables[0])
	}
	if v.tables, err = v.warehouse.Inspect(ctx, load.Job{Pipeline: v.Pipeline, Site: v.Site, Run: v.RunID}, tables); err != nil {
		return false, err
	}
	if len(v.tables) < len(tables) {
		v.result.Conclusion = fmt.Sprintf("the destination has only %d of the %d tables: snowdrift run", len(v.tables), len(tables))
		return false, nil
	}
	if _, history := load.Histories(v.tables); v.VerifyOptions.History && history == nil {
		return false, &fetch.BadTables{Err: fmt.Errorf("%s is not loaded, and --history looks for contradictions in it: add it to tables, and run", table.FieldHistory)}
	}
	v.flattener = flatten.New(v.tables)
	return true, nil
}

// withoutWhole leaves out of issues what depends on all that was asked for when
// the row was written.
func withoutWhole(issues *table.Table) *table.Table {
	less := *issues
	less.Columns = slices.DeleteFunc(slices.Clone(issues.Columns), func(c table.Column) bool {
		return c.Name == table.Raw || c.Name == table.Hash
	})
	return &less
}

// census reads ids and versions of what is in scope, and stages them. An issue
// that the search still shows and Jira does not return by id is gone.
func (v *verification) census(ctx context.Context) error {
	ids, err := idsInScope(ctx, v.source, v.Progress)
	if err != nil {
		return err
	}
	b := batch.New(batch.Options{Dir: v.Dir, Prefix: v.RunID, FileSize: v.FileSize, Format: v.warehouse.Format()})
	rows := stages.NewRows(table.Census())
	for versions, err := range v.source.Versions(ctx, ids, 0) {
		if err != nil {
			return fmt.Errorf("census of versions: %w", err)
		}
		rows.Reset()
		for _, ref := range versions.Issues {
			v.versions[ref.ID] = ref.Updated
			v.result.Census.AddVersion(ref.ID, ref.Updated)
			setVersion(rows, ref)
		}
		if err := b.Write(rows); err != nil {
			return err
		}
	}
	if len(v.versions) == 0 {
		if err := b.Write(nothing()); err != nil {
			return err
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return stageAll(ctx, v.warehouse, b.Closed())
}

// compare names the rows that differ by id or version.
func (v *verification) compare(ctx context.Context) error {
	var diff load.Diff
	var err error
	if v.result.Table, v.result.Strays, err = v.warehouse.Versions(ctx); err != nil {
		return err
	}
	if diff, err = v.warehouse.Diff(ctx); err != nil {
		return err
	}
	v.result.Others = diff.Others
	for _, id := range diff.Missing {
		if v.versions[id] > v.cursor {
			v.result.Changed = append(v.result.Changed, id)
			continue
		}
		v.result.Missing = append(v.result.Missing, Version{id, time.UnixMilli(v.versions[id]).UTC()})
	}
	for _, s := range diff.Stale {
		s.Row, s.Jira = s.Row.UTC(), s.Jira.UTC()
		switch {
		case s.Jira.UnixMilli() > v.cursor:
			v.result.Changed = append(v.result.Changed, s.ID)
		case s.Row.Before(s.Jira):
			v.result.Stale = append(v.result.Stale, s)
		default:
			v.result.Newer = append(v.result.Newer, s)
		}
	}
	return v.extra(ctx, diff)
}

// extra finds out what became of the rows that the census does not have.
func (v *verification) extra(ctx context.Context, diff load.Diff) error {
	rows, fates, err := absent(ctx, v.source, diff.Absent)
	if err != nil {
		return err
	}
	in, err := inScope(ctx, v.source, rows, fates)
	if err != nil {
		return err
	}
	for id := range in { // the census passed them over
		v.result.Census.AddVersion(id, fates[id].updated)
	}
	diff.Absent = slices.DeleteFunc(rows, func(a load.Absent) bool { return in[a.ID] })
	projects := v.source.Projects()
	findings := judgeAll(diff.Absent, fates, projects)
	v.result.Held = v.brake.held(diff.Absent, findings, fates, diff.Live, projects)
	for i, f := range findings {
		switch {
		case v.Deleted == Keep:
			v.result.Kept++
		case fates[f.id].updated > v.cursor: // it left the scope since the last run
			v.result.Changed = append(v.result.Changed, f.id)
		default:
			v.result.Extra = append(v.result.Extra, Extra{f.id, diff.Absent[i].Key, f.presence, f.evidence})
		}
	}
	return nil
}

// conclude says what follows from the lists.
func (v *verification) conclude() {
	r := &v.result
	rows := len(r.Missing) + len(r.Extra) + len(r.Stale) + len(r.Newer) + len(r.Strays)
	cells := 0
	if r.Deep != nil {
		cells = len(r.Deep.Differences)
	}
	unanswered := unansweredBy(v.source)
	switch {
	case unanswered != nil:
		r.Conclusion = unanswered.Error()
	case r.Held > 0 && v.Deleted != Keep:
		r.Conclusion = fmt.Sprintf("%d issues are gone from Jira's answers at once, more than census.accept_shrink allows: did the account lose a permission, or is Jira's search index being built anew?", r.Held)
	case rows+cells > 0:
		r.Outcome, r.Conclusion = Differing, fmt.Sprintf("%d rows differ by id or version, %d cells or child rows by content", rows, cells)
		for _, name := range slices.Sorted(maps.Keys(r.Others)) {
			r.Conclusion += fmt.Sprintf("; %d are rows of pipeline %s", r.Others[name], name)
		}
	case r.Table != r.Census && len(r.Changed)+r.Kept == 0:
		r.Conclusion = fmt.Sprintf("no row was found to differ, and yet Jira and table do not agree: %d issues and %d live rows", r.Census.Count, r.Table.Count)
	default:
		r.Outcome, r.Conclusion = Clean, fmt.Sprintf("Jira and table agree on %d issues by id and version", r.Census.Count)
		if r.Deep != nil {
			r.Conclusion += fmt.Sprintf(", and on all cells of %d", r.Deep.Issues)
			if r.Mixed {
				r.Conclusion += " but _raw and _hash, which hold what was asked for when a row was written: fields or tables changed since"
			}
		}
		if len(r.Changed) > 0 {
			r.Conclusion += fmt.Sprintf("; %d changed since the last run", len(r.Changed))
		}
	}
}

// record writes the verification into the run ledger, if that can be written.
func (v *verification) record(ctx context.Context, err error) error {
	if v.flattener == nil { // nothing was compared
		return err
	}
	v.result.Written = true
	ctx, cancel := lastWord(ctx)
	defer cancel()
	written, recordErr := v.warehouse.Record(ctx, state.Run{ID: v.RunID, Pipeline: v.Pipeline, Started: v.result.Started,
		Ended: &v.result.Ended, Outcome: string(v.result.Outcome), Report: marshal(v.result)})
	v.result.Written = written && recordErr == nil
	if recordErr != nil {
		v.Log.Warn("the verification could not be written to the ledger", "error", recordErr)
	}
	return err
}
