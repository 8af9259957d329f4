package snowflake

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/internal/privatekey"
	"snowdrift/internal/secret"
	"snowdrift/internal/snowflaketest"
	"snowdrift/stages/load"
)

// refusedLogin opens and wants a refusal with all the texts.
func refusedLogin(t *testing.T, opts Options, texts ...string) {
	t.Helper()
	w, err := Open(t.Context(), opts)
	if err == nil {
		must(t, w.Close())
	}
	var refusal *load.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a *load.Error", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not in: %v", text, err)
		}
	}
}

func TestWrongKey(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	opts := options(t, account(t, nil))
	opts.Login = KeyPair{other}
	refusedLogin(t, opts, "390144", privatekey.Fingerprint(&other.PublicKey), `DESC USER "LOADER"`, "RSA_PUBLIC_KEY_FP")
}

func TestWrongNames(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	for name, change := range map[string]func(*Options){
		"role": func(o *Options) { o.Role = "NOBODY" }, "database": func(o *Options) { o.Database = "NOWHERE" },
	} {
		opts := options(t, srv)
		change(&opts)
		refusedLogin(t, opts, "destination.snowflake."+name)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	current := "oauth-token-2"
	srv := account(t, func(o *snowflaketest.Options) {
		o.OAuthToken = func() string { return current }
		o.PATs = []string{"pat-1"}
	})
	file := filepath.Join(t.TempDir(), "token")
	must(t, os.WriteFile(file, []byte(current), 0o600))
	for name, c := range map[string]struct {
		login         Login
		authenticator string
	}{
		"OAuth":         {Token{Value: secret.Plain(current)}, "OAUTH"},
		"OAuth file":    {Token{File: file}, "OAUTH"},
		"session token": {SessionToken{File: file}, "OAUTH"},
		"access token":  {Token{Value: secret.Plain("pat-1"), Access: true}, "PROGRAMMATIC_ACCESS_TOKEN"},
	} {
		opts := options(t, srv)
		opts.Login = c.login
		w, err := Open(t.Context(), opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		must(t, w.Close())
		logins := srv.Logins()
		if got := logins[len(logins)-1].Authenticator; got != c.authenticator {
			t.Errorf("%s: authenticator %s", name, got)
		}
	}
	opts := options(t, srv)
	opts.Login = Token{Value: secret.Plain("never valid")}
	refusedLogin(t, opts, "token")
	must(t, os.Chmod(file, 0o644))
	opts.Login = Token{File: file}
	if _, err := Open(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a file that others may read: %v", err)
	}
}

// TestSession: what a session asks of the server.
func TestSession(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	l := start(t, srv, "r1")
	l.stage(issue{id: 1, updated: 100, summary: "one"})
	l.mustCommit(1)
	for _, login := range srv.Logins() {
		for name, value := range map[string]string{
			"TIMEZONE": "UTC", "STATEMENT_TIMEOUT_IN_SECONDS": "3600", "LOCK_TIMEOUT": "1", "CLIENT_SESSION_KEEP_ALIVE": "true",
		} {
			if got := login.Parameters[name]; got != value {
				t.Errorf("%s = %q, want %q", name, got, value)
			}
		}
		if login.Application != "snowdrift" || login.Warehouse != "LOAD_WH" {
			t.Errorf("login %+v", login)
		}
	}
	for _, s := range srv.Statements() { // all come after Acquire
		if s.Tag != "snowdrift run r1" {
			t.Errorf("tag %q: %s", s.Tag, s.Text)
		}
	}
}

// TestAccountParameters: a load is not at the mercy of what an account's
// administrator set for all sessions.
func TestAccountParameters(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"TIMESTAMP_INPUT_FORMAT": "DD.MM.YYYY", "DATE_INPUT_FORMAT": "DD.MM.YYYY", "ROWS_PER_RESULTSET": "1", "MULTI_STATEMENT_COUNT": "0",
		"ERROR_ON_NONDETERMINISTIC_MERGE": "false", "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": "1", "ABORT_DETACHED_QUERY": "false",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := account(t, func(o *snowflaketest.Options) { o.AccountParameters = map[string]string{name: value} })
			l := start(t, srv, "r1")
			l.stage(issue{id: 1, updated: 100, summary: "one"}, issue{id: 2, updated: 100, summary: "two"})
			l.mustCommit(1)
			rows, err := l.Query(t.Context(), `SELECT "ID" FROM "ISSUES"`)
			must(t, err)
			n := 0
			for _, err := range rows.All() {
				must(t, err)
				n++
			}
			if n != 2 {
				t.Errorf("%d rows of two", n)
			}
			if _, err := l.Query(t.Context(), `SELECT 1; DELETE FROM "ISSUES"`); err == nil {
				t.Error("two statements in one went through")
			}
			want(t, srv, summaries, "1|one|live|r1", "2|two|live|r1")
			for _, login := range srv.Logins() {
				if got := login.Parameters[name]; got == "" || got == value {
					t.Errorf("%s = %q at login", name, got)
				}
			}
		})
	}
}

// TestRunTimes: the run ledger's times need no format of the session's.
func TestRunTimes(t *testing.T) {
	t.Parallel()
	l := start(t, account(t, nil), "r1")
	must(t, l.with(t.Context(), l.lead))
	must(t, l.main.run(t.Context(), "test", "", `ALTER SESSION SET TIMESTAMP_INPUT_FORMAT = 'DD.MM.YYYY'`))
	_, err := l.Record(t.Context(), l.entry())
	must(t, err)
}

// TestSecrets: neither a statement nor a parameter nor a log line holds a part
// of the key, and no value of an issue is in a statement's text.
func TestSecrets(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	opts := options(t, srv)
	log, lines := logged()
	opts.Log = log
	l := openWith(t, opts, "r1")
	l.readState()
	prepare(t, l, l.tables)
	l.stage(issue{id: 1, updated: 100, summary: "a summary that is nobody's business"})
	l.mustCommit(1)
	l.end()
	der := x509.MarshalPKCS1PrivateKey(key(t))
	everything := lines.String() + fmt.Sprintf("%v %+v %#v", opts.Login, opts.Login, opts)
	for _, s := range srv.Statements() {
		everything += s.Text + strings.Join(s.Binds, " ")
	}
	for _, hidden := range []string{base64.StdEncoding.EncodeToString(der)[40:80], key(t).D.String()[:30], key(t).Primes[0].String()[:30], "nobody's business"} {
		if strings.Contains(everything, hidden) {
			t.Errorf("%q came out", hidden)
		}
	}
	if !strings.Contains(lines.String(), "query_id=01bf") {
		t.Error("no query id in the log")
	}
}

// TestPrivileges: a missing grant is named.
func TestPrivileges(t *testing.T) {
	t.Parallel()
	srv := account(t, nil)
	srv.Revoke("CREATE TABLE", "RAW.JIRA")
	l := open(t, srv, "r1")
	if err := l.Prepare(t.Context(), l.tables); err == nil || !strings.Contains(err.Error(), "003001") || !strings.Contains(err.Error(), "setup --print") {
		t.Errorf("error %v", err)
	}
	srv.Grant("CREATE TABLE", "RAW.JIRA")
	srv.Revoke("USAGE", "LOAD_WH")
	if err := l.Prepare(t.Context(), l.tables); err == nil || !strings.Contains(err.Error(), "GRANT USAGE ON WAREHOUSE") {
		t.Errorf("error %v", err)
	}
	srv.Grant("USAGE", "LOAD_WH")
}

// TestQueryReads: nothing that writes goes through.
func TestQueryReads(t *testing.T) {
	t.Parallel()
	l := start(t, account(t, nil), "r1")
	for _, statement := range []string{`DELETE FROM "ISSUES"`, "-- SELECT\nDROP TABLE issues", "/* SELECT */ UPDATE issues SET id = 1", "", "(INSERT", "CALL p()"} {
		if _, err := l.Query(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "reads") {
			t.Errorf("%q: %v", statement, err)
		}
	}
	for _, statement := range []string{`select count(*) from issues`, "-- a comment\n WITH x AS (SELECT 1 AS a) SELECT a FROM x", "/* a */ (SELECT 1)", "SHOW TABLES"} {
		rows, err := l.Query(t.Context(), statement)
		if err != nil {
			t.Errorf("%q: %v", statement, err)
			continue
		}
		for _, err := range rows.All() {
			must(t, err)
		}
	}
}
