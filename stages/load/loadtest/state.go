package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// someState returns a state in which everything is set but the column ledger.
func someState() *state.State {
	no := false
	s := state.New(pipeline)
	s.Site = "https://jira.example.com"
	s.Asked = state.Asked{Query: `project = "it's \ TO" AND summary ~ "ü"`, Fields: []string{"*all", "-comment"}, Tables: []string{"issues"}}
	s.Load = &state.Load{Since: 1732877091123, Partitions: []*stages.Partition{{Name: "TO 1", JQL: "project = 1", Expected: -1}}, Done: []string{}}
	s.Cursor = 1732877091123
	s.Recent = []stages.Ref{{ID: 1<<63 - 1, Updated: 1732877091123, Hash: 1<<64 - 1}, {ID: 2, Hash: 1<<53 + 1}}
	s.EpochMillis = &no
	s.Commit = "run 1/1"
	return s
}

// state reads the state of the suite's pipeline.
func (d *destination) state() *state.State {
	d.Helper()
	s, err := d.w.State(d.Context(), pipeline)
	d.must(err)
	return s
}

func (d *destination) wantState(want *state.State) {
	d.Helper()
	if got := d.state(); !reflect.DeepEqual(got, want) {
		d.Errorf("state\ngot  %s\nwant %s", document(got), document(want))
	}
}

func document(s *state.State) string {
	text, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stateRoundTrip: what was committed is there after the destination was opened
// again; a commit without a state leaves it; a clear keeps the columns.
func stateRoundTrip(d *destination) {
	d.wantState(state.New(pipeline))
	s := someState()
	s.Columns = []table.Assignment{{Field: "customfield_2", Type: table.Float, Column: "points", Name: "Points, \"it's\""}}
	d.stage(reading{id: 7, updated: 1, hash: 1})
	s.Digest = d.commit(s).Digest
	if s.Digest.Count != 1 {
		d.Errorf("digest %v after one issue", s.Digest)
	}
	d.wantState(s)
	d.acquire("run 2")
	d.wantState(s)
	d.commit(nil)
	d.wantState(s)

	next := s.Clone()
	next.Load, next.Commit, next.Cursor, next.Recent = nil, "run 2/1", next.Cursor+1, nil
	next.Digest = d.commit(next).Digest
	d.wantState(next)

	cleared := next.Cleared()
	cleared.Digest = d.commit(cleared).Digest
	d.acquire("run 3")
	d.wantState(cleared)
	d.want(`SELECT COUNT(*) FROM issues`, "1")
	d.wantRows(d.load(reading{id: 7, updated: 1, hash: 1}).Rows, nil) // loaded again, nothing changes
}

// stateOfPipelines: pipelines share a destination and know nothing of each
// other but the column ledger.
func stateOfPipelines(d *destination) {
	s := someState()
	s.Columns = []table.Assignment{{Field: "customfield_2", Type: table.Float, Column: "points", Name: "Points"}}
	s.Digest = d.commit(s).Digest
	other, err := d.w.State(d.Context(), "other")
	d.must(err)
	want := state.New("other")
	want.Columns = s.Columns
	if !reflect.DeepEqual(other, want) {
		d.Errorf("state of a pipeline that never ran: %s", document(other))
	}
	d.acquireFor("other", "run 2")
	other.Commit = "run 2/1"
	d.stage(reading{id: 1, updated: 1, hash: 1})
	d.wantDigest(d.commit(other).Digest, 1)
	d.acquire("run 3")
	d.stage(reading{id: 2, updated: 1, hash: 1})
	d.wantDigest(d.commit(nil).Digest, 2) // of its own rows
	d.wantState(s)
	all, err := d.w.States(d.Context())
	d.must(err)
	if len(all) != 2 || all[0].Pipeline != pipeline || all[0].Site != s.Site || all[1].Pipeline != "other" {
		d.Errorf("states: %d, %s", len(all), document(all[0]))
	}
}

// columnLedger: columns are added, never changed, and never lost.
func columnLedger(d *destination) {
	points := table.Assignment{Field: "customfield_2", Type: table.Float, Column: "points", Name: "Points"}
	tags := table.Assignment{Field: "customfield_6", Suffix: "_ids", Type: table.List, Column: "tags_ids", Name: "Tags"}
	s := state.New(pipeline)
	s.Columns = []table.Assignment{points}
	d.commit(s)
	s = d.state()
	s.Columns = append(s.Columns, tags)
	d.commit(s)
	d.commit(state.New(pipeline)) // a state without columns takes none away
	if got, want := d.state().Columns, []table.Assignment{points, tags}; !reflect.DeepEqual(got, want) {
		d.Errorf("got %v, want %v", got, want)
	}
	d.want(`SELECT COUNT(*) FROM _snowdrift_columns`, "2")
}

// runLedger: one row for each run that wrote something, with what it said last.
func runLedger(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1})
	rows := `SELECT run_id, pipeline, started, ended, outcome FROM _snowdrift_runs ORDER BY run_id`
	d.want(rows, "run 1|jira|2026-11-21T22:23:24.567Z|NULL|running")
	ended := started.Add(90 * time.Second)
	run := d.run
	run.Ended, run.Outcome, run.Report = &ended, "complete", json.RawMessage(`{"text":"it's \\ \"done\" ü","n":[1,null]}`)
	_, err := d.w.Commit(d.Context(), load.Commit{Run: run})
	d.must(err)
	d.acquire("run 2")
	d.load(reading{id: 1, updated: 1, hash: 1}) // a run that writes nothing may leave no entry
	d.want(rows, "run 1|jira|2026-11-21T22:23:24.567Z|2026-11-21T22:24:54.567Z|complete", "run 2|jira|2026-11-21T22:23:24.567Z|NULL|running")
	d.wantJSON(`SELECT CAST(TO_JSON(report) AS VARCHAR) FROM _snowdrift_runs WHERE run_id = 'run 1'`, string(run.Report))
}

// killedRuns: the entry of a run that ended without a word is closed by the
// next one of its pipeline that writes.
func killedRuns(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1})
	d.acquireFor("other", "run 2")
	d.load(reading{id: 2, updated: 1, hash: 1})
	rows := `SELECT run_id, outcome FROM _snowdrift_runs ORDER BY run_id`
	d.want(rows, "run 1|running", "run 2|running")
	d.acquire("run 3")
	d.load(reading{id: 1, updated: 2, hash: 2})
	d.want(rows, "run 1|killed", "run 2|running", "run 3|running")
	d.must(d.w.Acquire(d.Context(), d.job())) // its own it leaves
	d.want(rows, "run 1|killed", "run 2|running", "run 3|running")
}

// leaseOfAnEndedRun: a run that ended, with or without a commit, hinders nobody.
func leaseOfAnEndedRun(d *destination) {
	d.acquire("run 2")
	d.load(reading{id: 1, updated: 1, hash: 1})
	d.must(d.w.Acquire(d.Context(), d.job())) // the same run again
	d.load(reading{id: 1, updated: 2, hash: 2})
	d.acquire("run 3")
	d.load(reading{id: 1, updated: 3, hash: 3})
	d.want(`SELECT id, _hash, _run_id FROM issues`, "1|3|run 3")
}

// brokenFile: a file that cannot be read to its end fails the commit as a whole,
// whatever was loaded before it came to that.
func brokenFile(d *destination) {
	s := someState()
	d.stage(reading{id: 1, updated: 1, hash: 1, parts: []string{"old"}, errors: []string{"day"}}, reading{id: 2, updated: 1, hash: 1})
	d.commit(s)
	before := d.everything()

	d.stage(reading{id: 1, updated: 2, hash: 2}, reading{id: 3, updated: 1, hash: 1})
	d.handOverBroken()
	next := d.state()
	next.Commit = "run 1/2"
	run := d.run
	run.Outcome = "complete"
	if _, err := d.w.Commit(d.Context(), load.Commit{State: next, Run: run}); err == nil {
		d.Fatal("the commit went through")
	}
	d.unchanged(before)
	d.acquire("run 2") // closing removed the files
	d.noFiles()
	d.unchanged(before)
	d.load(reading{id: 1, updated: 2, hash: 2})
	d.want(`SELECT id, _hash FROM issues ORDER BY id`, "1|2", "2|1")
}

// handOverBroken stages a file of child rows whose pages are overwritten, with
// everything that describes them intact.
func (d *destination) handOverBroken() {
	d.Helper()
	kids := stages.NewRows(parts)
	for i := range int64(500) {
		set(d.T, kids, map[string]any{table.IssueID: i, "position": i, "body": "body"}, d.seq)
	}
	b := batch.New(batch.Options{Dir: d.dir, Prefix: "broken", FileSize: 1 << 20, Format: d.w.Format()})
	d.must(b.Write(kids))
	d.must(b.Flush())
	file := b.Closed()[0]
	text, err := os.ReadFile(file.Path)
	d.must(err)
	footer := int(text[len(text)-8]) | int(text[len(text)-7])<<8
	pages := text[4 : len(text)-8-footer]
	copy(pages, bytes.Repeat([]byte{0xff}, len(pages)))
	d.must(os.WriteFile(file.Path, text, 0o600))
	d.must(d.w.Stage(d.Context(), file))
}

// cancelled: a context that is done fails the commit and leaves everything.
func cancelled(d *destination) {
	d.load(reading{id: 1, updated: 1, hash: 1})
	before := d.everything()
	d.stage(reading{id: 1, updated: 2, hash: 2})
	ctx, cancel := context.WithCancel(d.Context())
	cancel()
	if _, err := d.w.Commit(ctx, load.Commit{Run: d.run}); !errors.Is(err, context.Canceled) {
		d.Errorf("got %v, want %v", err, context.Canceled)
	}
	d.unchanged(before)
	d.acquire("run 2")
	d.unchanged(before)
}

// discard: what was staged is dropped, the ledger is written.
func discard(d *destination) {
	d.stage(reading{id: 1, updated: 1, hash: 1})
	d.commit(someState())
	before := d.query(`SELECT id, _hash, _run_id FROM issues`)
	d.stage(reading{id: 1, updated: 2, hash: 2}, reading{id: 2, updated: 1, hash: 1})
	run := d.run
	run.Outcome = "failed"
	_, err := d.w.Commit(d.Context(), load.Commit{Run: run, Discard: true})
	d.must(err)
	d.noFiles()
	d.want(`SELECT id, _hash, _run_id FROM issues`, before...)
	d.want(`SELECT run_id, outcome FROM _snowdrift_runs`, "run 1|failed")
	d.commit(nil) // they are gone for good
	d.want(`SELECT id, _hash, _run_id FROM issues`, before...)
	if s := d.state(); s.Commit != someState().Commit {
		d.Errorf("state of commit %q", s.Commit)
	}
}

// query: names of columns, no rows, errors.
func query(d *destination) {
	answer, err := d.w.Query(d.Context(), `SELECT id, key FROM issues`)
	d.must(err)
	if c := answer.Columns(); len(c) != 2 {
		d.Errorf("columns %v", c)
	}
	for row, err := range answer.All() {
		d.Errorf("a row of an empty table: %v, %v", row, err)
	}
	if _, err := d.w.Query(d.Context(), `SELECT id FROM there_is_no_such_table`); err == nil {
		d.Error("a query of a table that is not there succeeded")
	}
	d.load(reading{id: 1, hash: 1}, reading{id: 2, hash: 2})
	answer, err = d.w.Query(d.Context(), `SELECT id FROM issues ORDER BY id`)
	d.must(err)
	for row, err := range answer.All() { // who stops early leaves nothing open
		d.must(err)
		if got := show(row[0]); got != "1" {
			d.Errorf("got %s", got)
		}
		break
	}
	d.want(`SELECT COUNT(*) FROM issues`, "2")
}
