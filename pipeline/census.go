package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/fetch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// census is what Jira has in scope, in files for the destination to compare
// with.
type census struct {
	digest state.Digest
	files  []stages.File
	// deep is where the deep census stands when what this one shows is mended;
	// nil if it is not the deep census' turn. left is how many requests it may
	// still make.
	deep *state.Deep
	left int
	// compared is how many issues are in it with their version; silent are those of
	// which Jira did not tell one when it was asked.
	compared int64
	silent   []int64
	// came are the issues that were missing and came when they were asked for by id:
	// their rows should be live.
	came map[int64]bool
}

// takeCensus reads the ids in scope, and the versions of as many as are due.
func (r *run) takeCensus(ctx context.Context) (c *census, err error) {
	c = &census{left: r.DeepBudget, came: map[int64]bool{}}
	if r.DeepNow || r.DeepBudget == 0 {
		c.left = math.MaxInt
	}
	b := batch.New(batch.Options{Dir: r.Dir, Prefix: r.RunID, FileSize: r.FileSize, Format: r.warehouse.Format()})
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Discard())
		}
	}()
	ids, err := r.listIDs(ctx, c, b)
	if err != nil {
		return c, err
	}
	if back := r.state.Unseen.In(ids); len(back) > 0 {
		if err := r.readUnseen(ctx, c, back, b); err != nil {
			return c, err
		}
	}
	if r.deepDue() {
		if err := r.readVersions(ctx, c, ids, b); err != nil {
			return c, err
		}
	} else if r.lapDue() {
		c.deep = &r.state.Deep
	}
	if err := b.Flush(); err != nil {
		return c, err
	}
	c.files = b.Closed()
	return c, nil
}

// listIDs writes the ids in scope to files, sums them up, and returns them in
// order.
func (r *run) listIDs(ctx context.Context, c *census, b *batch.Batcher) ([]int64, error) {
	ids, err := idsInScope(ctx, r.source, r.Progress)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, b.Write(nothing())
	}
	return ids, writeEach(b, table.Census(), ids, func(rows *stages.Rows, id int64) {
		c.digest.Add(id)
		rows.SetInt(0, id)
	})
}

// deepSlack is the part of Options.Deep that must have passed before the next
// round of the deep census begins. The rest is room to spread it over runs, so
// that it ends in time.
const deepSlack = 0.75

// deepDue reports whether versions are to be compared in this run.
func (r *run) deepDue() bool {
	switch d := r.state.Deep; {
	case r.DeepNow:
		return true
	case r.Deep <= 0:
		return false
	case d.Began > 0:
		return true
	default:
		return float64(r.source.Now().UnixMilli()-d.Proven) >= deepSlack*float64(r.Deep.Milliseconds())
	}
}

// readVersions asks for the versions of the issues whose turn it is, within the
// budget, and writes them to files.
func (r *run) readVersions(ctx context.Context, c *census, ids []int64, b *batch.Batcher) error {
	now := r.source.Now().UnixMilli()
	next := r.state.Deep
	if r.DeepNow {
		next = state.Deep{Proven: next.Proven}
	}
	if next.Began == 0 {
		next.Began, next.Through = now, 0
	}
	at, done := slices.BinarySearch(ids, next.Through)
	if done {
		at++
	}
	turn := ids[at:]
	proof := &DeepProof{Budget: r.DeepBudget}
	if r.DeepNow {
		proof.Budget = 0
	}
	made, before := 0, c.compared
	var last []stages.Ref
	for versions, err := range r.source.Versions(ctx, turn, c.left) {
		if err != nil {
			return fmt.Errorf("deep census: %w", err)
		}
		made++
		last = newest(append(last, versions.Issues...))
		next.Through = versions.Through
		if turn, err = c.add(versions, turn, b); err != nil {
			return err
		}
	}
	proof.Compared = c.compared - before
	r.checkIndex(ctx, last, c.left-made, proof)
	if len(turn) == 0 {
		next = state.Deep{Proven: next.Began, Gone: max(next.Gone, firstID)}
		proof.Whole = true
	}
	if behind := time.Duration(now-next.Proven) * time.Millisecond; next.Proven > 0 && r.Deep > 0 && behind > r.Deep {
		proof.Behind = behind.Round(time.Second).String()
		r.Log.Warn("the deep census is behind: raise census.deep_budget, or run with --deep", "last_round_began", time.UnixMilli(next.Proven).UTC(), "deep", r.Deep, "budget", r.DeepBudget)
	}
	c.left -= made
	c.deep, r.report.Proof.Deep = &next, proof
	return nil
}

// add writes the versions that an answer tells to files. They were asked for from the
// first of some issues on; it returns those that are left, and notes those that are not
// in the answer.
func (c *census) add(v fetch.Versions, asked []int64, b *batch.Batcher) (left []int64, err error) {
	rows, told := stages.NewRows(table.Census()), map[int64]bool{}
	for _, ref := range v.Issues {
		if told[ref.ID] = true; ref.Updated > 0 {
			setVersion(rows, ref)
			c.compared++
		}
	}
	for len(asked) > 0 && asked[0] <= v.Through {
		if !told[asked[0]] {
			c.silent = append(c.silent, asked[0])
		}
		asked = asked[1:]
	}
	return asked, b.Write(rows)
}

// readUnseen asks for the versions of issues that are in scope again.
func (r *run) readUnseen(ctx context.Context, c *census, back []int64, b *batch.Batcher) error {
	r.Log.Info("the versions of issues are compared that Jira did not show when it was asked before", "issues", len(back))
	for versions, err := range r.source.Versions(ctx, back, 0) {
		if err != nil {
			return fmt.Errorf("versions of issues that are back: %w", err)
		}
		if back, err = c.add(versions, back, b); err != nil {
			return err
		}
	}
	return nil
}

// indexSample is how many issues are read past the index of Data Center to find out
// whether it is behind: those that changed last, which are the likeliest to have
// changed since it stopped.
const indexSample = 5

// newest keeps of issues those that changed last.
func newest(issues []stages.Ref) []stages.Ref {
	slices.SortFunc(issues, func(a, b stages.Ref) int { return cmp.Compare(b.Updated, a.Updated) })
	return slices.Clone(issues[:min(len(issues), indexSample)])
}

// checkIndex finds out, as far as the budget reaches, whether the versions that were
// compared are those of an index that is behind. It proves nothing, so nothing
// depends on its success.
func (r *run) checkIndex(ctx context.Context, shown []stages.Ref, left int, proof *DeepProof) {
	behind, err := r.source.Behind(ctx, shown[:max(min(len(shown), left), 0)])
	if err != nil {
		r.Log.Warn("whether the search index of this site is behind could not be found out", "error", err)
	}
	if proof.Index = len(behind); proof.Index > 0 {
		r.Log.Warn("the search index of this site is behind: issues that changed before this run are older in it; have it built anew", "issues", behind)
	}
}

// DeepProof is what the deep census did in a run.
type DeepProof struct {
	Compared int64 `json:"compared"` // issues whose version was compared
	Stale    int   `json:"stale"`    // of them, rows that were out of date: fetched
	Budget   int   `json:"budget,omitempty"`
	// Index is how many of a few issues the index of Data Center shows older than
	// they are.
	Index int `json:"index_behind,omitempty"`
	// Whole says that a round ended with this run: all issues were compared.
	Whole bool `json:"whole"`
	// Behind is how long ago the last whole round began, if that is longer than
	// census.deep.
	Behind string `json:"behind,omitempty"`
}

// words are the end of a conclusion.
func (p *DeepProof) words() string {
	s := fmt.Sprintf("; the versions of %d were compared", p.Compared)
	if p.Stale > 0 {
		s += fmt.Sprintf(", %d rows were out of date", p.Stale)
	}
	if p.Index > 0 {
		s += fmt.Sprintf("; the search index of this site is behind: it shows %d of the issues that changed last older than they are, and how many others nobody can tell: have it built anew", p.Index)
	}
	if p.Behind != "" {
		s += "; the deep census is behind, its last whole round began " + p.Behind + " ago: raise census.deep_budget"
	}
	return s
}

// older returns the ids of rows that are older than their issue. The others are
// newer than what Jira shows now: fetching them would change nothing, since an
// older version never overwrites a newer one.
func older(stale []load.Stale) []int64 {
	var ids []int64
	for _, s := range stale {
		if s.Row.Before(s.Jira) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}
