package snowflake

import (
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"testing"

	"snowdrift/internal/snowflaketest"
	"snowdrift/stages"
	"snowdrift/stages/batch"
	"snowdrift/stages/load"
)

// rehearsalFile writes a file as check does.
func rehearsalFile(t *testing.T) stages.File {
	t.Helper()
	b := batch.New(batch.Options{Dir: t.TempDir(), Prefix: "check", FileSize: 1 << 20})
	must(t, errors.Join(b.Write(Samples()), b.Flush()))
	return b.Closed()[0]
}

// TestRehearse: a rehearsal finds the privilege that a load would lack, and
// leaves the schema as it was: empty, or with tables.
func TestRehearse(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	file := func() stages.File { return rehearsalFile(t) }
	objects := func() string {
		l := open(t, srv, "look")
		defer l.end()
		var out []string
		for _, kind := range []string{"TABLES", "STAGES"} {
			rows, err := l.main.named(t.Context(), "look", "", "SHOW "+kind+" IN SCHEMA")
			must(t, err)
			for _, r := range rows {
				out = append(out, r["name"]+" "+r["rows"])
			}
		}
		return strings.Join(out, ", ")
	}
	must(t, Rehearse(t.Context(), options(t, srv), file()))
	if got := objects(); got != "" {
		t.Errorf("left behind: %s", got)
	}
	for _, c := range []struct{ privilege, object, op string }{
		{"CREATE TABLE", "RAW.JIRA", "make a table"},
		{"CREATE STAGE", "RAW.JIRA", "make a stage"},
		{"USAGE", "LOAD_WH", "log in"},
	} {
		srv.Revoke(c.privilege, c.object)
		refusedBy(t, Rehearse(t.Context(), options(t, srv), file()), c.op)
		srv.Grant(c.privilege, c.object)
		if got := objects(); got != "" {
			t.Errorf("without %s there is left: %s", c.privilege, got)
		}
	}

	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one", odd: 1})
	l.mustCommit(1)
	l.end()
	before := objects()
	must(t, Rehearse(t.Context(), options(t, srv), file()))
	for _, privilege := range []string{"INSERT", "UPDATE", "DELETE"} {
		srv.Revoke(privilege, "RAW.JIRA.ISSUES")
		refusedBy(t, Rehearse(t.Context(), options(t, srv), file()), "issues")
		srv.Grant(privilege, "RAW.JIRA.ISSUES")
	}
	if got := objects(); got != before {
		t.Errorf("before %s\nafter  %s", before, got)
	}
	want(t, srv, `SELECT "ID", "_RUN_ID" FROM "ISSUES"`, "1|r1")
}

// TestRehearsalStorages: a rehearsal goes through any cloud's storage.
func TestRehearsalStorages(t *testing.T) {
	t.Parallel()
	for _, storage := range []string{"S3", "GCS"} {
		srv := account(t, func(o *snowflaketest.Options) { o.Storage = storage })
		must(t, Rehearse(t.Context(), options(t, srv), rehearsalFile(t)))
	}
}

// behindFirewall lets through what goes to Snowflake, and nothing to the storage.
type behindFirewall struct{ http.RoundTripper }

func (f behindFirewall) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme == "https" {
		return nil, errors.New("connection refused")
	}
	return f.RoundTripper.RoundTrip(r)
}

// TestStorageUnreachable: files go to the cloud's storage, which is another host
// than the account's.
func TestStorageUnreachable(t *testing.T) {
	t.Parallel()
	srv := account(t, func(o *snowflaketest.Options) { o.Storage = "GCS" })
	opts := options(t, srv)
	opts.Transport = behindFirewall{opts.Transport}
	err := Rehearse(t.Context(), opts, rehearsalFile(t))
	if err == nil || number(err) != 264003 || !strings.Contains(err.Error(), "SYSTEM$ALLOWLIST()") {
		t.Errorf("error %v", err)
	}
}

// TestCheckSamples: the value that came back different is named.
func TestCheckSamples(t *testing.T) {
	t.Parallel()
	back := func() [][]sql.NullString {
		rows := [][]sql.NullString{nil, make([]sql.NullString, len(samples))}
		for _, s := range samples {
			rows[0] = append(rows[0], sql.NullString{String: s.back, Valid: true})
		}
		return rows
	}
	must(t, checkSamples(back()))
	for i, s := range samples {
		for name, change := range map[string]func([][]sql.NullString){
			"NULL":      func(rows [][]sql.NullString) { rows[0][i] = sql.NullString{} },
			"different": func(rows [][]sql.NullString) { rows[0][i].String += "." },
			"not NULL":  func(rows [][]sql.NullString) { rows[1][i].Valid = true },
		} {
			rows := back()
			change(rows)
			if err := checkSamples(rows); err == nil || !strings.HasPrefix(err.Error(), s.column+": ") {
				t.Errorf("%s, %s: %v", s.column, name, err)
			}
		}
	}
	if err := checkSamples(back()[:1]); err == nil {
		t.Error("a row is missing")
	}
}

func refusedBy(t *testing.T, err error, op string) {
	t.Helper()
	var e *load.Error
	if !errors.As(err, &e) || !strings.Contains(e.Op+" "+e.On, op) || e.Hint == "" {
		t.Errorf("got %v, want a refusal of %q with what to do", err, op)
	}
}
