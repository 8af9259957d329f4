package snowflake

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // of the test server, to look at its tables

	"snowdrift/internal/snowflaketest"
	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
	"snowdrift/state"
)

// userKey is made once: RSA keys are slow to make.
var userKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func key(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := userKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// account starts a Snowflake account whose user has the test key.
func account(t testing.TB, change func(*snowflaketest.Options)) *snowflaketest.Server {
	t.Helper()
	o := snowflaketest.Options{PublicKeys: []*rsa.PublicKey{&key(t).PublicKey}}
	if change != nil {
		change(&o)
	}
	srv := snowflaketest.Start(t, o)
	t.Cleanup(func() {
		for _, v := range srv.Violations() {
			t.Errorf("violation: %s", v)
		}
	})
	return srv
}

// options is how a loader connects to a test account; nothing waits.
func options(t testing.TB, srv *snowflaketest.Server) Options {
	t.Helper()
	return Options{
		Account: "TESTACCT", User: "LOADER", Role: "JIRA_LOADER", Warehouse: "LOAD_WH", Database: "RAW", Schema: "JIRA",
		Host: srv.Host(), Port: srv.Port(), Protocol: "http", Login: KeyPair{key(t)},
		StatementTimeout: time.Hour, LockTimeout: time.Second, Lease: 30 * time.Minute, Retries: 1,
		Transport: srv.Transport(), Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Log: slog.New(slog.DiscardHandler),
	}
}

// loader is an open warehouse with what its tests need.
type loader struct {
	*Warehouse
	t      *testing.T
	tables []*table.Table
	dir    string
	files  int
	ended  bool
}

// open opens the account as a run of pipeline jira.
func open(t *testing.T, srv *snowflaketest.Server, run string) *loader {
	t.Helper()
	return openWith(t, options(t, srv), run)
}

func openWith(t *testing.T, opts Options, run string) *loader {
	t.Helper()
	w, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	l := &loader{Warehouse: w, t: t, dir: t.TempDir(), tables: []*table.Table{
		table.Issues([]table.Column{{Name: "team", Type: table.JSON, Field: "customfield_1", Doc: "Team."}}, func(f string) bool { return f == "summary" || f == "updated" || f == "labels" || f == "project" }),
		table.ValueErrors(),
	}}
	t.Cleanup(func() {
		if !l.ended {
			must(t, w.Close())
		}
	})
	must(t, w.Acquire(t.Context(), load.Job{Pipeline: "jira", Site: table.DefaultSite, Run: run}))
	return l
}

// start opens, reads the state and prepares the tables, as a run does.
func start(t *testing.T, srv *snowflaketest.Server, run string) *loader {
	t.Helper()
	l := open(t, srv, run)
	l.readState()
	prepare(t, l, l.tables)
	return l
}

func (l *loader) readState() *state.State {
	l.t.Helper()
	st, err := l.State(l.t.Context(), "jira")
	must(l.t, err)
	return st
}

// issue is a row of issues; odd adds as many value errors.
type issue struct {
	id      int64
	updated int64 // seconds
	summary string
	raw     string
	odd     int
}

func (i issue) hash() int64 {
	h := i.id
	for _, b := range i.summary + i.raw {
		h = h*31 + int64(b)
	}
	return h
}

// stage stages issues, each table in one file, and returns how many files.
func (l *loader) stage(issues ...issue) {
	l.t.Helper()
	rows, odd := stages.NewRows(l.tables[0]), stages.NewRows(l.tables[1])
	at := func(name string) int {
		return slices.IndexFunc(l.tables[0].Staged(), func(c table.Column) bool { return c.Name == name })
	}
	for seq, i := range issues {
		raw := i.raw
		if raw == "" {
			raw = fmt.Sprintf(`{"id":"%d","fields":{"summary":%q}}`, i.id, i.summary)
		}
		rows.SetInt(at("id"), i.id)
		rows.SetString(at("key"), fmt.Sprintf("TO-%d", i.id))
		rows.SetInt(at("project_id"), 10)
		rows.SetString(at("summary"), i.summary)
		rows.SetInt(at("updated"), i.updated*1e6)
		rows.SetString(at("labels"), `["a","b"]`)
		rows.SetString(at("_raw"), raw)
		rows.SetString(at("team"), `"red"`)
		rows.SetInt(at("_hash"), i.hash())
		rows.End(int64(seq))
		for n := range i.odd {
			odd.SetInt(0, i.id)
			odd.SetString(1, fmt.Sprintf("customfield_%d", n))
			odd.SetString(2, "issues")
			odd.SetString(3, "team")
			odd.SetString(4, "odd")
			odd.End(int64(seq))
		}
	}
	l.stageRows(rows, odd)
}

func (l *loader) stageRows(sets ...*stages.Rows) {
	l.t.Helper()
	for _, f := range l.write(sets...) {
		must(l.t, l.Stage(l.t.Context(), f))
	}
}

// write writes rows into files.
func (l *loader) write(sets ...*stages.Rows) []stages.File {
	l.t.Helper()
	l.files++
	b := batch.New(batch.Options{Dir: l.dir, Prefix: fmt.Sprintf("%s-%d", l.job.Run, l.files), FileSize: 1 << 20, Format: l.Format()})
	for _, rows := range sets {
		if rows.Len() > 0 {
			must(l.t, b.Write(rows))
		}
	}
	must(l.t, b.Flush())
	return b.Closed()
}

// commit commits what is staged with the n-th state of the run.
func (l *loader) commit(n int) (load.Result, error) {
	l.t.Helper()
	st := state.New("jira")
	st.Commit, st.Cursor = fmt.Sprintf("%s/%d", l.job.Run, n), int64(n)
	st.Columns = []table.Assignment{{Field: "customfield_1", Type: table.JSON, Column: "team", Name: "Team"}}
	return l.Commit(l.t.Context(), load.Commit{State: st, Run: l.entry()})
}

func (l *loader) mustCommit(n int) load.Result {
	l.t.Helper()
	result, err := l.commit(n)
	must(l.t, err)
	return result
}

func (l *loader) entry() state.Run {
	return state.Run{ID: l.job.Run, Pipeline: "jira", Started: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), Outcome: "running", Report: []byte(`{"issues_read":1}`)}
}

// end closes the warehouse within the test.
func (l *loader) end() { l.t.Helper(); l.ended = true; must(l.t, l.Close()) }

// prepare makes tables.
func prepare(t testing.TB, w load.Warehouse, tables []*table.Table) {
	t.Helper()
	err := w.Prepare(t.Context(), tables)
	must(t, err)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// look reads committed rows below the server, "|" between cells.
func look(t *testing.T, srv *snowflaketest.Server, query string) []string {
	t.Helper()
	db := srv.DB()
	defer func() { must(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), query)
	must(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(t, err)
	var out []string
	for rows.Next() {
		cells, into := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		must(t, rows.Scan(into...))
		var texts []string
		for _, c := range cells {
			if c == nil {
				c = ""
			}
			texts = append(texts, fmt.Sprint(c))
		}
		out = append(out, strings.Join(texts, "|"))
	}
	must(t, rows.Err())
	return out
}

func want(t *testing.T, srv *snowflaketest.Server, query string, lines ...string) {
	t.Helper()
	if got := look(t, srv, query); !slices.Equal(got, lines) {
		t.Errorf("%s\n got %q\nwant %q", query, got, lines)
	}
}

const summaries = `SELECT "ID", "SUMMARY", "_PRESENCE", "_RUN_ID" FROM "ISSUES" ORDER BY 1`

// kinds lists the statements that the server received, from the n-th on.
func kinds(srv *snowflaketest.Server, from int) []string {
	var out []string
	for _, s := range srv.Statements()[from:] {
		out = append(out, s.Kind)
	}
	return out
}

// noFiles wants an empty stage.
func noFiles(t *testing.T, srv *snowflaketest.Server) {
	t.Helper()
	files, err := srv.StagedFiles()
	must(t, err)
	if len(files) > 0 {
		t.Errorf("files on the stage: %q", files)
	}
}

// logged is a log that a test can read.
func logged() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug})), &b
}

func mkdir(path string) error { return os.Mkdir(path, 0o700) }
