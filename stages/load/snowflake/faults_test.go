package snowflake

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/stages/load"
)

// strike returns a fault function that strikes the first times statements of a
// kind, in a phase.
func strike(kind string, phase snowflaketest.Phase, times int64, fault snowflaketest.Fault) func(snowflaketest.Statement, snowflaketest.Phase) *snowflaketest.Fault {
	var n atomic.Int64
	return func(s snowflaketest.Statement, p snowflaketest.Phase) *snowflaketest.Fault {
		if s.Kind != kind || p != phase || n.Add(1) > times {
			return nil
		}
		return &fault
	}
}

const (
	before = snowflaketest.BeforeExecution
	after  = snowflaketest.AfterExecution
)

// TestFaults: whatever happens once to one statement, the commit succeeds and
// happens once.
func TestFaults(t *testing.T) {
	t.Parallel()
	gone := snowflaketest.Fault{SessionGone: true}
	locked := snowflaketest.Fault{Code: "000625", State: "57014", Message: "Another transaction has locked the table"}
	for name, fault := range map[string]func(snowflaketest.Statement, snowflaketest.Phase) *snowflaketest.Fault{
		"session ends before PUT":           strike("PUT", before, 1, gone),
		"session ends after PUT":            strike("PUT", after, 1, gone),
		"storage refuses PUT":               strike("PUT", before, 1, snowflaketest.Fault{HTTPStatus: 400}),
		"session ends before COPY":          strike("COPY", before, 1, gone),
		"session ends after COPY":           strike("COPY", after, 1, gone),
		"session ends after CREATE TABLE":   strike("CREATE TABLE", after, 2, gone),
		"session ends after BEGIN":          strike("BEGIN", after, 1, gone),
		"session ends before MERGE":         strike("MERGE", before, 2, gone),
		"session ends after MERGE":          strike("MERGE", after, 2, gone),
		"session ends after INSERT":         strike("INSERT", after, 1, gone),
		"session ends before COMMIT":        strike("COMMIT", before, 1, gone),
		"session ends after COMMIT":         strike("COMMIT", after, 1, gone),
		"answer to COMMIT is lost":          strike("COMMIT", after, 1, snowflaketest.Fault{Reset: true}),
		"no answer to COMMIT ever":          strike("COMMIT", after, 2, snowflaketest.Fault{Reset: true}),
		"session ends after the hint":       strike("COMMENT", after, 2, gone),
		"session ends before REMOVE":        strike("REMOVE", before, 1, gone),
		"token expires at COPY":             strike("COPY", before, 1, snowflaketest.Fault{SessionExpired: true}),
		"token expires at MERGE":            strike("MERGE", before, 1, snowflaketest.Fault{SessionExpired: true}),
		"token expires at COMMIT":           strike("COMMIT", after, 1, snowflaketest.Fault{SessionExpired: true}),
		"lock timeout":                      strike("INSERT", before, 3, locked),
		"lock timeout of the fence":         strike("UPDATE", before, 1, locked),
		"COPY takes long":                   strike("COPY", before, 1, snowflaketest.Fault{InProgress: 2}),
		"503 before execution of COPY":      strike("COPY", before, 1, snowflaketest.Fault{HTTPStatus: 503}),
		"503 after execution of the INSERT": strike("INSERT", after, 1, snowflaketest.Fault{HTTPStatus: 503}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := account(t, nil)
			l := start(t, srv, "r1")
			srv.Fault(fault)
			l.stage(issue{id: 1, updated: 100, summary: "one", odd: 1}, issue{id: 2, updated: 100, summary: "two"})
			result := l.mustCommit(1)
			srv.Fault(nil)
			if result.Rows["issues"] != 2 || result.Digest.Count != 2 {
				t.Errorf("result %+v", result)
			}
			want(t, srv, summaries, "1|one|live|r1", "2|two|live|r1")
			want(t, srv, `SELECT "ISSUE_ID" FROM "_SNOWDRIFT_VALUE_ERRORS"`, "1")
			want(t, srv, `SELECT "COMMIT_ID" FROM "_SNOWDRIFT_STATE"`, "r1/1")
			l.stage(issue{id: 2, updated: 101, summary: "two, newer"})
			l.mustCommit(2) // the session is as good as before
			want(t, srv, `SELECT "COMMIT_ID" FROM "_SNOWDRIFT_STATE"`, "r1/2")
			l.end()
			noFiles(t, srv)
			for _, s := range srv.Statements() {
				if s.Executions > 1 {
					t.Errorf("ran %d times: %s", s.Executions, s.Text)
				}
			}
		})
	}
}

// TestStorageToken: the token of the storage expires before a file is there, and
// once more.
func TestStorageToken(t *testing.T) {
	t.Parallel()
	for _, storage := range []string{"S3", "GCS"} {
		t.Run(storage, func(t *testing.T) {
			t.Parallel()
			srv := account(t, func(o *snowflaketest.Options) { o.Storage = storage })
			var puts atomic.Int64
			srv.Fault(func(s snowflaketest.Statement, p snowflaketest.Phase) *snowflaketest.Fault {
				if s.Kind == "PUT" && p == after && puts.Add(1) <= 2 {
					srv.ExpireStageTokens()
				}
				return nil
			})
			l := start(t, srv, "r1")
			l.stage(issue{id: 1, updated: 100, summary: "one"})
			l.mustCommit(1)
			if n := puts.Load(); n < 3 {
				t.Errorf("PUT came %d times: no token had expired", n)
			}
			want(t, srv, summaries, "1|one|live|r1")
		})
	}
}

// TestUnknownOutcome: nobody can say what became of COMMIT.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	committed := false
	srv.Fault(func(s snowflaketest.Statement, p snowflaketest.Phase) *snowflaketest.Fault {
		switch {
		case s.Kind == "COMMIT" && p == after:
			committed = true
			return &snowflaketest.Fault{SessionGone: true}
		case s.Kind == "LOGIN" && committed:
			return &snowflaketest.Fault{Code: "390422", State: "08001", Message: "Incoming request is not allowed"}
		}
		return nil
	})
	_, err := l.commit(1)
	if !errors.Is(err, load.ErrUnknown) {
		t.Errorf("error %v, want ErrUnknown", err)
	}
	srv.Fault(nil)
	l.end()

	l = start(t, srv, "r2") // whose own reading tells
	if st := l.readState(); st.Commit != "r1/1" {
		t.Errorf("state of commit %q", st.Commit)
	}
}

// TestLostCommit: COMMIT did not happen, and is done again.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	from := len(srv.Statements())
	srv.Fault(strike("COMMIT", before, 1, snowflaketest.Fault{HTTPStatus: 400}))
	l.mustCommit(1)
	want(t, srv, summaries, "1|one|live|r1")
	n := 0
	for _, k := range kinds(srv, from) {
		if k == "COMMIT" {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d COMMITs, want two", n)
	}
}

// TestLateCommit: COMMIT happens after somebody looked whether it had.
func TestLateCommit(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	l.stage(issue{id: 2, updated: 100, summary: "two"})
	lose := strike("COMMIT", before, 1, snowflaketest.Fault{HTTPStatus: 400})
	var looked atomic.Bool
	srv.Fault(func(s snowflaketest.Statement, p snowflaketest.Phase) *snowflaketest.Fault {
		if s.Text == selectCommit && p == after && looked.CompareAndSwap(false, true) {
			look(t, srv, `UPDATE "_SNOWDRIFT_STATE" SET "COMMIT_ID" = 'r1/2' RETURNING "COMMIT_ID"`)
		}
		return lose(s, p)
	})
	if result := l.mustCommit(2); result.Rows["issues"] != 1 || result.Digest.Count != 2 {
		t.Errorf("result %+v", result)
	}
	if !looked.Load() {
		t.Error("nobody looked")
	}
}

// TestRefused: errors that no repetition mends leave everything as it was.
func TestRefused(t *testing.T) {
	t.Parallel()
	short := int64(100)
	for name, c := range map[string]struct {
		fault func(snowflaketest.Statement, snowflaketest.Phase) *snowflaketest.Fault
		want  string
	}{
		"cut file":      {strike("PUT", before, 1, snowflaketest.Fault{LosePutBytes: &short}), "load issues"},
		"lock for ever": {strike("INSERT", before, 100, snowflaketest.Fault{Code: "000625", State: "57014", Message: "locked"}), "lock_timeout"},
		"data error":    {strike("INSERT", before, 1, snowflaketest.Fault{Code: "100038", State: "22018", Message: "Numeric value is not recognized"}), "query id 01bf"},
		"stage refused": {strike("PUT", before, 9, snowflaketest.Fault{Code: "003001", State: "42501", Message: "Insufficient privileges"}), "setup --print"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := account(t, nil)
			l := start(t, srv, "r1")
			l.stage(issue{id: 1, updated: 100, summary: "one"})
			l.mustCommit(1)
			srv.Fault(c.fault)
			l.stage(issue{id: 1, updated: 101, summary: "newer"})
			_, err := l.commit(2)
			var refusal *load.Error
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			srv.Fault(nil)
			want(t, srv, summaries, "1|one|live|r1")
			want(t, srv, `SELECT "COMMIT_ID" FROM "_SNOWDRIFT_STATE"`, "r1/1")
			// The run reports its failure without what it had staged.
			_, err = l.Commit(t.Context(), load.Commit{Run: l.entry(), Discard: true})
			must(t, err)
			want(t, srv, summaries, "1|one|live|r1")
			l.end()
			noFiles(t, srv)
		})
	}
}

// TestCancel: the context ends while a statement of the transaction runs.
func TestCancel(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	ctx, cancel := context.WithCancel(t.Context())
	var hung atomic.Bool
	srv.Fault(func(s snowflaketest.Statement, p snowflaketest.Phase) *snowflaketest.Fault {
		if strings.HasPrefix(s.Text, `MERGE INTO "ISSUES"`) && p == before && hung.CompareAndSwap(false, true) {
			cancel()
			return &snowflaketest.Fault{Hang: true}
		}
		return nil
	})
	c := load.Commit{Run: l.entry(), State: l.readState()}
	c.State.Commit = "r1/1"
	if _, err := l.Commit(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	want(t, srv, summaries)
	_, err := l.Commit(t.Context(), load.Commit{Run: l.entry(), Discard: true})
	must(t, err)
	want(t, srv, `SELECT "RUN_ID" FROM "_SNOWDRIFT_RUNS"`, "r1")
	l.end()
	noFiles(t, srv)
}

func TestCheckPut(t *testing.T) {
	t.Parallel()
	row := func(status, source, target string) map[string]string {
		return map[string]string{"status": status, "source_size": source, "target_size": target, "message": "why"}
	}
	for name, c := range map[string]struct {
		rows []map[string]string
		want string
	}{
		"whole":     {[]map[string]string{row("UPLOADED", "10", "10")}, ""},
		"encrypted": {[]map[string]string{row("UPLOADED", "10", "16")}, ""},
		"skipped":   {[]map[string]string{row("SKIPPED", "10", "0")}, "SKIPPED: why"},
		"short":     {[]map[string]string{row("UPLOADED", "9", "10")}, "sent 9 of 10"},
		"arrived":   {[]map[string]string{row("UPLOADED", "10", "0")}, `"0" arrived`},
		"none":      {nil, "answered for 0"},
	} {
		err := checkPut(c.rows, 10)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestCheckCopy(t *testing.T) {
	t.Parallel()
	files := []stagedFile{{name: "1/a.parquet", rows: 2}, {name: "2/a.parquet", rows: 3}}
	row := func(file, status, n string) map[string]string {
		return map[string]string{"file": "stage/run/r1/" + file, "status": status, "rows_loaded": n, "first_error": "why"}
	}
	first := row("1/a.parquet", "LOADED", "2")
	for name, c := range map[string]struct {
		rows []map[string]string
		want string
	}{
		"whole":         {[]map[string]string{row("2/a.parquet", "LOADED", "3"), first}, ""},
		"nothing to do": {[]map[string]string{{"status": "Copy executed with 0 files processed."}}, "0 files processed"},
		"partial":       {[]map[string]string{first, row("2/a.parquet", "PARTIALLY_LOADED", "2")}, "PARTIALLY_LOADED"},
		"fewer rows":    {[]map[string]string{first, row("2/a.parquet", "LOADED", "2")}, "loaded 2 rows"},
		"fewer files":   {[]map[string]string{first}, "did not load file 2/a.parquet"},
		"more files":    {[]map[string]string{first, row("2/a.parquet", "LOADED", "3"), row("3/b.parquet", "LOADED", "1")}, "3 files of 2"},
		"no number":     {[]map[string]string{row("1/a.parquet", "LOADED", "")}, `answered "" rows`},
	} {
		err := checkCopy(c.rows, files)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestPutPath: a path that PUT would read as something else is refused.
func TestPutPath(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.dir = t.TempDir() + "/it's"
	must(t, mkdir(l.dir))
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	if _, err := l.commit(1); err == nil || !strings.Contains(err.Error(), "batch.dir") {
		t.Errorf("error %v", err)
	}
	if slices.Contains(kinds(srv, 0), "PUT") {
		t.Error("a PUT was sent")
	}
}
