package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // to look at the tables

	"snowdrift/internal/jirasim"
	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/pipeline"
	"snowdrift/state"
)

// The kill tests run a loader in a process of its own and kill it (SIGKILL) at
// every statement. SNOWDRIFT_KILL chooses: "all" kills at each of them in turn,
// a number n at every killStride-th, from the n-th on; unset, from the first.
const killVariable = "SNOWDRIFT_KILL"

// killStride is the distance of the statements at which `go test` kills. Being
// a prime it meets other statements in every commit.
const killStride = 61

// killPoints returns the numbers, of 1 to n, that SNOWDRIFT_KILL chooses.
func killPoints(t *testing.T, n int) []int {
	t.Helper()
	first, stride := 1, killStride
	switch choice := os.Getenv(killVariable); choice {
	case "":
	case "all":
		stride = 1
	default:
		seed, err := strconv.Atoi(choice)
		if err != nil || seed < 1 {
			t.Fatalf("%s=%q: want a number from 1, or all", killVariable, choice)
		}
		first = (seed-1)%stride + 1
	}
	var points []int
	for k := first; k <= n; k += stride {
		points = append(points, k)
	}
	return points
}

// place is a site and an account for one case. The account's clock is the
// machine's plus what has passed.
type place struct {
	t      *testing.T
	sim    atomic.Pointer[jirasim.Sim]
	srv    *snowflaketest.Server
	passed atomic.Int64
	job    job
	runs   int
}

func newPlace(t *testing.T, sim *jirasim.Sim) *place {
	t.Helper()
	p := &place{t: t}
	p.sim.Store(sim)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.sim.Load().ServeHTTP(w, r) }))
	t.Cleanup(site.Close)
	p.srv = snowflaketest.Start(t, snowflaketest.Options{
		PATs: []string{snowflakeToken}, Now: func() time.Time { return time.Now().Add(time.Duration(p.passed.Load())) },
	})
	p.job = job{Site: site.URL, Tables: killTables, Partition: 20, CommitSize: 1, Port: p.srv.Port()}
	return p
}

// next is the job of the next run.
func (p *place) next() job {
	p.t.Helper()
	p.runs++
	j := p.job
	j.Run, j.Dir = fmt.Sprintf("run-%03d", p.runs), p.t.TempDir()
	return j
}

// load loads in this process, and wants it to end complete.
func (p *place) load() pipeline.Report {
	p.t.Helper()
	report, err := p.next().run(p.t.Context())
	if err != nil || report.Outcome != pipeline.Complete {
		p.t.Fatalf("run %d ended %s (%s): %v", p.runs, report.Outcome, report.Conclusion, err)
	}
	return report
}

// killAt loads in a process of its own and kills it at the k-th event: before a
// statement, or a login, is executed, or when that has happened and the answer
// is about to be sent. It returns what was struck, "" when the process survived,
// and the number of events.
func (p *place) killAt(k int) (struck string, events int) {
	p.t.Helper()
	started := make(chan *process, 1)
	p.srv.Fault(func(s snowflaketest.Statement, phase snowflaketest.Phase) *snowflaketest.Fault {
		if events++; events != k {
			return nil
		}
		struck = "before " + s.Kind
		if phase == snowflaketest.AfterExecution {
			struck = "after " + s.Kind
		}
		(<-started).kill()
		return &snowflaketest.Fault{Reset: true}
	})
	child := start(p.t, p.next())
	started <- child
	killed := child.killed(p.t)
	p.srv.Fault(nil) // and waits for the function to return
	if killed != (struck != "") {
		p.t.Fatalf("killed: %t, at %q", killed, struck)
	}
	return struck, events
}

// lines reads committed rows below the server, as JSON texts.
func (p *place) lines(query string) []string {
	p.t.Helper()
	db := p.srv.DB()
	defer db.Close()
	rows, err := db.QueryContext(p.t.Context(), "SELECT CAST(to_json(x) AS VARCHAR) AS line FROM ("+query+") x ORDER BY line")
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	out := []string{}
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			p.t.Fatal(err)
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// has reports whether the account has a table.
func (p *place) has(name string) bool {
	return len(p.lines("SELECT 1 FROM duckdb_tables() WHERE table_name = '"+name+"'")) > 0
}

// dataTables are all tables but our own records.
func dataTables() []string {
	return append([]string{"issues", table.ValueErrors().Name}, killTables...)
}

// contents are the rows of the data tables, but for the stamps of who wrote a
// row and when.
func (p *place) contents() map[string][]string {
	p.t.Helper()
	out := map[string][]string{}
	for _, name := range dataTables() {
		columns := "*"
		if stamped[name] {
			columns = `* EXCLUDE ("_RUN_ID", "_LOADED_AT")`
		}
		out[name] = p.lines(fmt.Sprintf(`SELECT %s FROM "%s"`, columns, strings.ToUpper(name)))
	}
	return out
}

// row is what the checks want of a row of issues.
type row struct {
	ID       int64  `json:"ID"`
	Key      string `json:"KEY"`
	Updated  int64
	Presence string `json:"_PRESENCE"`
	Raw      string `json:"_RAW"`
}

// issues returns the rows of issues by id; none may be there twice.
func (p *place) issues() map[int64]row {
	p.t.Helper()
	out := map[int64]row{}
	if !p.has("ISSUES") {
		return out
	}
	for _, line := range p.lines(`SELECT "ID", "KEY", epoch_ms("UPDATED".t) AS "Updated", "_PRESENCE", "_RAW" FROM "ISSUES"`) {
		var r row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			p.t.Fatal(err)
		}
		if out[r.ID].ID != 0 {
			p.t.Errorf("issue %d has two rows", r.ID)
		}
		out[r.ID] = r
	}
	return out
}

// state returns the state in the table, that of a pipeline that never ran if
// there is none.
func (p *place) state() *state.State {
	p.t.Helper()
	st := state.New("jira")
	if !p.has("_SNOWDRIFT_STATE") {
		return st
	}
	lines := p.lines(`SELECT "DOCUMENT" FROM "_SNOWDRIFT_STATE"`)
	if len(lines) == 0 {
		return st
	}
	var cell struct{ Document string }
	err := json.Unmarshal([]byte(lines[0]), &cell)
	if err == nil {
		st, err = state.Parse([]byte(cell.Document))
	}
	if err != nil || len(lines) > 1 {
		p.t.Fatalf("%d states: %v", len(lines), err)
	}
	return st
}

// notAhead wants every claim of the state to be true of the rows: the digest is
// theirs, all that was read is there, and so is all that the site had changed
// up to the cursor or in partitions that are done. The hint claims no more.
func (p *place) notAhead(where string) {
	p.t.Helper()
	st, rows := p.state(), p.issues()
	var digest state.Digest
	for _, r := range rows {
		if r.Presence == "live" {
			digest.Add(r.ID)
		}
	}
	if st.Digest != digest {
		p.t.Errorf("killed %s: the state claims %+v, the rows are %+v", where, st.Digest, digest)
	}
	for _, ref := range st.Recent {
		if r := rows[ref.ID]; r.Updated < ref.Updated {
			p.t.Errorf("killed %s: the state claims issue %d as of %d, the row is %+v", where, ref.ID, ref.Updated, r.Updated)
		}
	}
	claimed := p.claimed(st)
	p.sim.Load().Each(func(id int64, key string, raw []byte) bool {
		updated := updatedOf(p.t, raw)
		if (claimed[id] || updated <= st.Cursor) && rows[id].Updated != updated {
			p.t.Errorf("killed %s: the state claims issue %d (%s) as of %d, the row is of %d", where, id, key, updated, rows[id].Updated)
		}
		return true
	})
	w, err := p.job.open(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	defer w.Close()
	hint, err := w.State(p.t.Context(), "jira")
	if err != nil || hint.Commit != st.Commit {
		p.t.Errorf("killed %s: the state that a run would set out from is that of %q, the truth %q: %v", where, hint.Commit, st.Commit, err)
	}
}

// claimed returns the issues of the partitions that the state says are loaded.
func (p *place) claimed(st *state.State) map[int64]bool {
	p.t.Helper()
	out := map[int64]bool{}
	if st.Load == nil {
		return out
	}
	for _, part := range st.Load.Partitions {
		if !slices.Contains(st.Load.Done, part.Name) {
			continue
		}
		for _, id := range p.search(part.JQL) {
			out[id] = true
		}
		if len(out) == 0 {
			p.t.Fatalf("partition %s holds no issue: this test shows nothing", part.Name)
		}
	}
	return out
}

// search returns the ids of the issues that the site finds.
func (p *place) search(jql string) (ids []int64) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"jql": jql, "fields": []string{"id"}, "maxResults": 5000})
	if err != nil {
		p.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.job.Site+"/rest/api/3/search/jql", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.SetBasicAuth("user7@example.com", "secret")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Issues []struct {
			ID int64 `json:"id,string"`
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		p.t.Fatal(err)
	}
	for _, i := range answer.Issues {
		ids = append(ids, i.ID)
	}
	return ids
}

// settled wants the tables to be those of a load that nobody disturbed, and the
// site's.
func (p *place) settled(where string, want map[string][]string) {
	p.t.Helper()
	rows := p.issues()
	p.sim.Load().Each(func(id int64, key string, raw []byte) bool {
		if r := rows[id]; r.Key != key || r.Presence != "live" || canonical(r.Raw) != canonical(string(raw)) {
			p.t.Errorf("killed %s: issue %d (%s) is not what the site has", where, id, key)
		}
		return true
	})
	got := p.contents()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(got[name], want[name]) {
			p.t.Errorf("killed %s: table %s differs from that of a load that nobody disturbed: %d rows, want %d", where, name, len(got[name]), len(want[name]))
		}
	}
	// A run that had nothing to write leaves the lease, which has expired, to the
	// run that was killed.
	if mine := p.lines(fmt.Sprintf(`SELECT "RUN_ID" FROM "_SNOWDRIFT_LEASE" WHERE "RUN_ID" = 'run-%03d'`, p.runs)); len(mine) > 0 {
		p.t.Errorf("killed %s: the run that mended it still holds the lease", where)
	}
	for _, v := range p.srv.Violations() {
		p.t.Errorf("killed %s: violation: %s", where, v)
	}
}

// staged lists the files on the stage.
func (p *place) staged() []string {
	p.t.Helper()
	files, err := p.srv.StagedFiles()
	if err != nil {
		p.t.Fatal(err)
	}
	return files
}

func updatedOf(t *testing.T, raw []byte) int64 {
	t.Helper()
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		t.Fatal(err)
	}
	ms, err := strconv.ParseInt(o.millis("fields.updated"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return ms
}
