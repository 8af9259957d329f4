package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"time"

	"snowdrift/internal/jira"
	"snowdrift/stages"
	"snowdrift/stages/flatten"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes of runs. In the ledger a run that ended without a word is "killed" once
// another one holds the lease, see load.Warehouse.
const (
	Running     Outcome = "running"
	Complete    Outcome = state.Complete // loaded, and proven as far as was asked for
	Unproven    Outcome = state.Unproven // loaded, but Conclusion says what is not proven
	Failed      Outcome = "failed"       // ended by an error; what was committed stays
	Interrupted Outcome = "interrupted"  // ended by a signal; likewise
)

// Report is what a run did. Its JSON form goes into the run ledger and is what
// `run --json` prints.
type Report struct {
	RunID      string           `json:"run_id"`
	Pipeline   string           `json:"pipeline"`
	Site       string           `json:"site"`
	Started    time.Time        `json:"started"`
	Ended      time.Time        `json:"ended"`
	Outcome    Outcome          `json:"outcome"`
	Conclusion string           `json:"conclusion,omitempty"`
	Error      string           `json:"error,omitempty"`
	Plan       []string         `json:"plan"`
	Left       []Left           `json:"left,omitempty"` // dimensions that stay as they were
	Issues     int64            `json:"issues_read"`
	Rows       map[string]int64 `json:"rows_written"` // inserted, updated or deleted, by table
	Files      int64            `json:"files"`
	FileBytes  int64            `json:"file_bytes"`
	Commits    int64            `json:"commits"`
	// Statements are those of the commits, 0 where none are sent. LoadMillis is
	// the time between the first statement of each commit and its end, which is
	// what a Snowflake warehouse is awake for.
	Statements int64      `json:"statements"`
	LoadMillis int64      `json:"load_ms"`
	Odd        []Odd      `json:"value_errors"`
	Proof      Proof      `json:"proof"`
	Jira       jira.Stats `json:"jira"`
}

// Proof is what the census found.
type Proof struct {
	Census  state.Digest     `json:"census"`
	Table   state.Digest     `json:"table"`
	Missing int              `json:"missing"`          // in the census, not in the table: fetched
	Absent  int              `json:"absent"`           // in the table, not in the census
	Others  map[string]int64 `json:"others,omitempty"` // of the missing, rows of other pipelines: taken over
	Newer   int              `json:"newer,omitempty"`  // rows of a later version than Jira shows
	Deep    *DeepProof       `json:"deep,omitempty"`   // nil: no versions were compared
	Again   int64            `json:"again,omitempty"`  // rows that are not live and were judged again
	Marked  map[string]int64 `json:"marked,omitempty"`
	Held    int64            `json:"held,omitempty"` // gone, but too many at once to believe it
	Kept    int              `json:"kept,omitempty"` // absent, but their rows are to stay as they are
}

// Left is a dimension that could not be read, and so stays as it was.
type Left struct {
	Table string `json:"table"`
	Why   string `json:"why"`
}

// Odd counts values that did not fit their column.
type Odd struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Field  string `json:"field"`
	Count  int64  `json:"count"`
}

// NewReport returns the report of a run that has just begun, and counts as
// failed until it has ended otherwise.
func NewReport(pipeline, runID string, started time.Time) Report {
	return Report{RunID: runID, Pipeline: pipeline, Started: started, Outcome: Failed,
		Plan: []string{}, Rows: map[string]int64{}, Odd: []Odd{}}
}

// Fail closes the report of a run that ended by an error.
func (r *Report) Fail(ctx context.Context, err error, ended time.Time) {
	r.Ended, r.Error, r.Outcome = ended, err.Error(), Failed
	if ctx.Err() != nil {
		r.Outcome = Interrupted
	}
}

func (r *Report) conclude(o Outcome, why string) { r.Outcome, r.Conclusion = o, why }

func (r *Report) staged(f stages.File) {
	r.Files++
	r.FileBytes += f.Bytes
}

func (r *Report) committed(result load.Result) {
	r.Commits++
	r.Statements += result.Statements
	r.LoadMillis += result.Took.Milliseconds()
	for t, n := range result.Rows {
		r.Rows[t] += n
	}
}

// odd takes over what the flattener counted.
func (r *Report) odd(f *flatten.Flattener) {
	if f == nil {
		return
	}
	for o, n := range f.Odd() {
		r.Odd = append(r.Odd, Odd{Table: o.Table, Column: o.Column, Field: o.Field, Count: n})
	}
	slices.SortFunc(r.Odd, func(a, b Odd) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Field, b.Field))
	})
}

func (r *Report) json() json.RawMessage { return marshal(r) }

// marshal writes a report.
func marshal(report any) json.RawMessage {
	text, err := json.Marshal(report)
	if err != nil {
		panic("pipeline: a report always marshals: " + err.Error())
	}
	return text
}

func (p *Proof) marked(presence string) {
	if p.Marked == nil {
		p.Marked = map[string]int64{}
	}
	p.Marked[presence]++
}

func removeFiles(files []stages.File) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, os.Remove(f.Path))
	}
	return errors.Join(errs...)
}
