package cli

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/secret/vault/vaulttest"
	"snowdrift/internal/snowflaketest"
)

// examined is what check --format json prints.
type examined struct {
	OK       bool
	ExitCode int `json:"exit_code"`
	Findings []finding
}

func (w *workplace) check() (examined, outcome) {
	w.t.Helper()
	o := w.command("check", "--format", "json")
	var e examined
	if err := json.Unmarshal([]byte(o.stdout), &e); err != nil {
		w.t.Fatalf("%v in %q, %s", err, o.stdout, o.stderr)
	}
	if e.ExitCode != o.code || e.OK != (o.code == 0) {
		w.t.Errorf("the report says code %d, ok %v; the code is %d", e.ExitCode, e.OK, o.code)
	}
	return e, o
}

// trouble is the first finding that is not good.
func (e examined) trouble() finding {
	for _, f := range e.Findings {
		if f.Status != fine {
			return f
		}
	}
	return finding{}
}

const goodCloud = "auth: {email: user7@example.com, api_token: 'literal:right'}"

func acceptCloud(o jirasim.Options) jirasim.Options {
	o.Email, o.Token = "user7@example.com", "right"
	return o
}

// A good set-up has no trouble, and check leaves nothing behind.
func TestCheckIsContent(t *testing.T) {
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			way.options.RateLimit = 1000
			w := way.open(t)
			before := files(t, w.dir)
			e, o := w.check()
			if !e.OK || e.trouble() != (finding{}) {
				t.Fatalf("%+v, %s", e.trouble(), o.stderr)
			}
			all := fmt.Sprint(e.Findings)
			for _, words := range []string{"login as User", "time zone UTC", "clock 0s apart", "5 projects visible", "custom fields selected", "searched, counted and read by id",
				"X-Ratelimit-Limit: 1000", "destination duckdb can be read and written", "has loaded nothing yet"} {
				if !strings.Contains(all, words) {
					t.Errorf("%q is not in %s", words, all)
				}
			}
			if strings.Contains(way.name, "oauth2") && !strings.Contains(all, "access token until") {
				t.Errorf("the end of the access token is not in %s", all)
			}
			if after := files(t, w.dir); !slices.Equal(before, after) {
				t.Errorf("files before %v, after %v", before, after)
			}
		})
	}
}

// A database that is there is as it was, and its state is told.
func TestCheckAfterLoad(t *testing.T) {
	w := newWorkplace(t, acceptCloud(jirasim.Options{}))
	w.configure(goodCloud)
	w.loads()
	tables := "SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL"
	before := w.command("query", "--format", "csv", tables).stdout
	w.configure(goodCloud, "destination: {duckdb: {path: jira.duckdb, schema: another}}") // which is not there
	if e, o := w.check(); !e.OK {
		t.Fatalf("%+v, %s", e.trouble(), o.stderr)
	}
	w.configure(goodCloud)
	if e, _ := w.check(); !strings.Contains(fmt.Sprint(e.Findings), "pipeline jira, 20 live issues") {
		t.Errorf("%+v", e.Findings)
	}
	if after := w.command("query", "--format", "csv", tables).stdout; after != before || before == "" {
		t.Errorf("tables before %s, after %s", before, after)
	}
	if schemas := w.command("query", "--format", "csv", "SELECT COUNT(*) AS n FROM duckdb_schemas() WHERE schema_name = 'another'").stdout; schemas != "n\n0\n" {
		t.Errorf("a schema was left: %s", schemas)
	}
}

// files lists what a directory holds, hidden files too.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// broken is a set-up that cannot work, and what check has to say about it.
type broken struct {
	name    string
	options jirasim.Options
	setUp   func(*workplace)
	code    int
	check   string // of the finding; "" is not looked at
	mend    string // words of the mend
}

// Each broken set-up has a mend of its own.
func TestCheckNamesTheMend(t *testing.T) {
	all := slices.Concat(brokenConfigurations(), brokenSecrets(), brokenSites(), brokenSelections(), brokenDestinations(), brokenAccounts())
	if len(all) < 25 {
		t.Fatalf("%d set-ups", len(all))
	}
	var mu sync.Mutex
	mends := map[string]string{}
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorkplace(t, acceptCloud(tt.options))
			w.configure(goodCloud)
			tt.setUp(w)
			before := files(t, w.dir)
			e, o := w.check()
			f := e.trouble()
			if o.code != tt.code || tt.check != "" && f.Check != tt.check || !strings.Contains(f.Mend, tt.mend) {
				t.Errorf("exit code %d, want %d: %+v\n%s", o.code, tt.code, f, o.stderr)
			}
			mend := strings.ReplaceAll(f.Mend, w.dir, "")
			mu.Lock()
			defer mu.Unlock()
			if other, known := mends[mend]; known || mend == "" {
				t.Errorf("the mend %q is that of %q too", mend, other)
			}
			mends[mend] = tt.name
			if after := files(t, w.dir); !slices.Equal(before, after) {
				t.Errorf("files before %v, after %v", before, after)
			}
		})
	}
}

func brokenConfigurations() []broken {
	jira := func(block string, more ...string) func(*workplace) {
		return func(w *workplace) { w.configure(block, more...) }
	}
	return []broken{
		{name: "a key is misspelled", setUp: jira("pagesize: 100\n" + goodCloud), code: 2, check: "configuration", mend: "page_size"},
		{name: "no https", setUp: jira("url: http://jira.example.com\n" + goodCloud), code: 2, check: "configuration", mend: "use https"},
		{name: "no login", setUp: jira("concurrency: 4"), code: 2, check: "Jira", mend: "JIRA_EMAIL"},
		{name: "a token without its method", setUp: jira("auth: {token: 'literal:right'}"), code: 2, check: "Jira", mend: "method: bearer"},
		{name: "a certificate without its key", setUp: jira("tls: {cert_file: client.pem}\n" + goodCloud), code: 2, check: "configuration", mend: "give both or neither"},
		{name: "no such authority", setUp: jira("tls: {ca_file: none.pem}\n" + goodCloud), code: 2, check: "Jira", mend: "PEM file that can be read"},
		{name: "an authority that is none", setUp: jira("tls: {ca_pem: MIIB}\n" + goodCloud), code: 2, check: "Jira", mend: "-----BEGIN CERTIFICATE-----"},
		{name: "a proxy that is none", setUp: jira("proxy: 'literal:no proxy'\n" + goodCloud), code: 2, check: "Jira", mend: "http://proxy"},
		{name: "verification is off", setUp: jira("tls: {dangerously_skip_verification: true}\n" + goodCloud), code: 0, check: "configuration", mend: "tls.ca_file"},
		{name: "a secret in the file", setUp: jira("auth: {email: user7@example.com, api_token: right}"), code: 0, check: "configuration", mend: "env:NAME"},
	}
}

func brokenSecrets() []broken {
	token := func(reference string, more ...string) func(*workplace) {
		return func(w *workplace) {
			w.configure("auth: {email: user7@example.com, api_token: '"+reference+"'}", more...)
		}
	}
	inVault := func(reference, token string, change func(*vaulttest.Server)) func(*workplace) {
		return func(w *workplace) {
			server, address := newVault(w.t, "right", nil)
			if change != nil {
				change(server)
			}
			w.configure("auth: {email: user7@example.com, api_token: '"+reference+"'}", vaultConfig(address, token))
		}
	}
	const key = "jira.auth.api_token"
	return []broken{
		{name: "no such variable", setUp: token("env:SNOWDRIFT_TEST_NONE"), code: 2, check: key, mend: "SNOWDRIFT_TEST_NONE"},
		{name: "no such file", setUp: token("file:none"), code: 2, check: key, mend: "create the file"},
		{name: "a file for everybody", setUp: func(w *workplace) {
			if err := os.Chmod(w.write("token", "right"), 0o644); err != nil {
				w.t.Fatal(err)
			}
			token("file:token")(w)
		}, code: 2, check: key, mend: "chmod 600"},
		{name: "an empty file", setUp: func(w *workplace) { w.write("token", "\n"); token("file:token")(w) }, code: 2, check: key, mend: "store a value"},
		{name: "no such member", setUp: func(w *workplace) { w.write("token", `{"a":"b"}`); token("file:token#c")(w) }, code: 2, check: key, mend: `no member "c"`},
		{name: "no document", setUp: func(w *workplace) { w.write("token", "right"); token("file:token#c")(w) }, code: 2, check: key, mend: "not a JSON document"},
		{name: "a directory", setUp: token("file:."), code: 2, check: key, mend: "regular file"},
		{name: "Vault without an address", setUp: token("vault:secret/jira#token"), code: 2, check: key, mend: "VAULT_ADDR"},
		{name: "Vault is sealed", setUp: inVault("vault:secret/jira#token", vaulttest.RootToken, (*vaulttest.Server).Seal), code: 2, check: key, mend: "unseal"},
		{name: "Vault does not know the token", setUp: inVault("vault:secret/jira#token", "stranger", nil), code: 2, check: key, mend: "the token is not valid"},
		{name: "Vault has nothing there", setUp: inVault("vault:secret/other#token", vaulttest.RootToken, nil), code: 2, check: key, mend: "vault kv put secret/other"},
		{name: "Vault has no such field", setUp: inVault("vault:secret/jira#password", vaulttest.RootToken, nil), code: 2, check: key, mend: `no field "password"`},
		{name: "a path of Vault's API", setUp: inVault("vault:secret/data/jira#token", vaulttest.RootToken, nil), code: 2, check: key, mend: "leave data/ out"},
		{name: "a refresh token that cannot be replaced", options: jirasim.Options{OAuth2: &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "right", RefreshToken: "right"}}, setUp: func(w *workplace) {
			w.write(".env", "SNOWDRIFT_TEST_REFRESH=right")
			w.configure("deployment: cloud\n" + strings.Replace(refreshing, "file:refresh", "env:SNOWDRIFT_TEST_REFRESH", 1))
		}, code: 0, check: refreshTokenKey, mend: "keep it at file:PATH"},
		{name: "a refresh token that nobody obtained", setUp: func(w *workplace) { w.configure("deployment: cloud\n" + refreshing) }, code: 2, check: refreshTokenKey, mend: "run snowdrift auth oauth2"},
		{name: "an access token that nobody obtained", setUp: func(w *workplace) {
			w.key(0)
			w.configure("deployment: datacenter\n" + strings.Replace(oauth1Link, "literal:right", "file:none", 1))
		}, code: 2, check: accessTokenKey, mend: "run snowdrift auth oauth1"},
	}
}

func brokenSites() []broken {
	at := func(endpoint string, f jirasim.Fault) func(*workplace) {
		return func(w *workplace) {
			w.sim.Fault(func(r *http.Request) *jirasim.Fault {
				if jirasim.Endpoint(r) == endpoint {
					return &f
				}
				return nil
			})
		}
	}
	elsewhere := func(handler http.HandlerFunc, start func(*httptest.Server)) func(*workplace) {
		return func(w *workplace) {
			server := httptest.NewUnstartedServer(handler)
			server.Config.ErrorLog = nil
			start(server)
			w.t.Cleanup(server.Close)
			w.configure("url: " + server.URL + "\n" + goodCloud)
		}
	}
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Welcome</html>"))
	}
	return []broken{
		{name: "nobody listens", setUp: func(w *workplace) { w.configure("url: http://" + freeAddress(w.t) + "\n" + goodCloud) }, code: 4, check: "Jira", mend: "network"},
		{name: "no Jira", setUp: elsewhere(page, (*httptest.Server).Start), code: 4, check: "Jira", mend: "login page in between"},
		{name: "a redirect", setUp: elsewhere(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://login.example.com/", http.StatusFound)
		}, (*httptest.Server).Start), code: 4, check: "Jira", mend: "URL that it redirects to"},
		{name: "a certificate of an unknown authority", setUp: elsewhere(page, (*httptest.Server).StartTLS), code: 4, check: "Jira", mend: "configure the CA"},
		{name: "another context path", setUp: func(w *workplace) { w.configure("url: $URL/jira\n" + goodCloud) }, code: 4, check: "Jira", mend: "site's base"},
		{name: "a wrong token", setUp: func(w *workplace) { w.sim.SetLogin("user7@example.com", "another") }, code: 4, check: "Jira", mend: "manage-profile"},
		{name: "a CAPTCHA", setUp: at("myself", jirasim.Fault{Status: 403, Header: http.Header{"X-Authentication-Denied-Reason": {"CAPTCHA_CHALLENGE"}}}), code: 4, check: "Jira", mend: "CAPTCHA"},
		{name: "no permission", setUp: at("myself", jirasim.Fault{Status: 403}), code: 4, check: "Jira", mend: "lacks a scope or the account a permission"},
		{name: "no scope", setUp: at("search/jql", jirasim.Fault{Status: 401, Body: `{"code":401,"message":"Unauthorized; scope does not match"}`}), code: 4, check: "issues", mend: "read:jira-work"},
		{name: "Jira is down", setUp: at("serverInfo", jirasim.Fault{Status: 503}), code: 4, check: "Jira", mend: "run again later"},
		{name: "Jira throttles", setUp: at("myself", jirasim.Fault{Status: 429}), code: 4, check: "Jira", mend: "lower the concurrency"},
		{name: "an unknown time zone", setUp: at("myself", jirasim.Fault{Status: 200, Body: `{"accountId":"a","timeZone":"Mars/Base"}`}), code: 4, check: "Jira", mend: "time zone in the account's profile"},
		{name: "the clock", options: jirasim.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }}, setUp: func(*workplace) {}, code: 0, check: "clock", mend: "NTP"},
		{name: "the other deployment", setUp: func(w *workplace) { w.configure("deployment: datacenter\n" + goodCloud) }, code: 4, check: "deployment", mend: "set it to auto"},
	}
}

func brokenSelections() []broken {
	jira := func(block string) func(*workplace) {
		return func(w *workplace) { w.configure(block + "\n" + goodCloud) }
	}
	refused := func(endpoint string, status int) func(*workplace) {
		return func(w *workplace) {
			w.sim.Fault(func(r *http.Request) *jirasim.Fault {
				if jirasim.Endpoint(r) == endpoint {
					return &jirasim.Fault{Status: status}
				}
				return nil
			})
			w.configure(goodCloud, "tables: default")
		}
	}
	return []broken{
		{name: "an unknown project", setUp: jira("search: {project: SNWO}"), code: 2, check: "selection", mend: "similar: SNOW"},
		{name: "an unknown field", setUp: jira("fields: [sumary]"), code: 2, check: "selection", mend: "similar: "},
		{name: "a query that Jira refuses", setUp: jira("search: {type: JQL, jql: 'nosuchfield = 1'}"), code: 2, check: "issues", mend: "repeating it does not help"},
		{name: "a query without issues", setUp: jira("search: {type: JQL, jql: 'id = 1'}"), code: 0, check: "issues", mend: "check jira.search"},
		{name: "a table that the login may not read", setUp: refused("users/search", 403), code: 0, check: "users", mend: "Browse Users and Groups, or take the table out"},
		{name: "a table without which nothing is loaded", setUp: refused("changelog/bulkfetch", 403), code: 4, check: "issue_changelog", mend: "read:issue.changelog:jira"},
		{name: "nothing to see", setUp: func(w *workplace) {
			for _, p := range w.sim.Projects() {
				if err := w.sim.HideProject(p); err != nil {
					w.t.Fatal(err)
				}
			}
		}, code: 0, check: "projects", mend: "Browse Projects"},
	}
}

func brokenDestinations() []broken {
	destination := func(path string) func(*workplace) {
		return func(w *workplace) { w.configure(goodCloud, "destination: {duckdb: {path: "+path+"}}") }
	}
	return []broken{
		{name: "no such directory", setUp: destination("none/jira.duckdb"), code: 5, check: "destination", mend: "make its directory"},
		{name: "no database", setUp: func(w *workplace) { w.write("notes.txt", "milk, bread"); destination("notes.txt")(w) }, code: 5, check: "destination", mend: "another file"},
		{name: "no place for files on their way", setUp: func(w *workplace) { w.configure(goodCloud, "batch: {dir: none}") }, code: 2, check: "batch.dir", mend: "batch.dir"},
		{name: "another site's tables", setUp: func(w *workplace) {
			w.loads()
			front := httptest.NewServer(w.sim)
			w.t.Cleanup(front.Close)
			w.configure("url: " + front.URL + "\n" + goodCloud)
		}, code: 2, check: "state", mend: "another pipeline and schema"},
		{name: "another name for the site", setUp: func(w *workplace) {
			w.loads()
			w.configure("site: emea\n" + goodCloud)
		}, code: 2, check: "state", mend: "or load into another schema"},
		{name: "a name for a column that another one has", setUp: func(w *workplace) {
			w.loads()
			w.configure("fields: {select: all, rename: {sprint: customfield_10016}}\n" + goodCloud)
		}, code: 2, check: "state", mend: "choose another name"},
		{name: "a table that somebody else made", setUp: func(w *workplace) {
			w.byHand("CREATE TABLE users AS SELECT 1 AS id, 'mine' AS name")
			w.configure(goodCloud, "tables: default")
		}, code: 5, check: "state", mend: "rename or drop what is there"},
		{name: "a column that somebody else made", setUp: func(w *workplace) {
			w.loads()
			w.byHand("ALTER TABLE issues ALTER summary TYPE BIGINT USING id")
		}, code: 5, check: "state", mend: "state clear --rewrite"},
	}
}

// byHand runs SQL in the file as somebody else would.
func (w *workplace) byHand(statement string) {
	w.t.Helper()
	db, err := sql.Open("duckdb", filepath.Join(w.dir, "jira.duckdb"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := db.Exec(statement); err != nil {
		w.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// brokenAccounts are Snowflake accounts that refuse a load.
func brokenAccounts() []broken {
	account := func(token string, change func(*snowflaketest.Server)) func(*workplace) {
		return func(w *workplace) {
			valid := "valid"
			srv := snowflaketest.Start(w.t, snowflaketest.Options{PATs: []string{"right"}, OAuthToken: func() string { return valid }})
			if change != nil {
				change(srv)
			}
			w.configure(goodCloud, fmt.Sprintf(`destination: {type: snowflake, snowflake: {account: TESTACCT, user: LOADER, role: JIRA_LOADER, warehouse: LOAD_WH,
  database: RAW, schema: JIRA, host: 127.0.0.1, port: %d, protocol: http, %s}}`, srv.Port(), token))
		}
	}
	const right = "auth: PROGRAMMATIC_ACCESS_TOKEN, token: 'literal:right'"
	return []broken{
		{name: "a role that may make no stage", setUp: account(right, func(srv *snowflaketest.Server) { srv.Revoke("CREATE STAGE", "RAW.JIRA") }),
			code: 5, check: "destination", mend: "the role lacks a privilege"},
		{name: "a role that may not use the warehouse", setUp: account(right, func(srv *snowflaketest.Server) { srv.Revoke("USAGE", "LOAD_WH") }),
			code: 5, check: "destination", mend: "check destination.snowflake.database, schema and warehouse"},
		{name: "a token of another account", setUp: account("auth: OAUTH, token: 'literal:stranger'", nil),
			code: 5, check: "destination", mend: "not valid for this account"},
		{name: "a wrong access token", setUp: account("auth: PROGRAMMATIC_ACCESS_TOKEN, token: 'literal:wrong'", nil),
			code: 5, check: "destination", mend: "token"},
	}
}

// freeAddress is one where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// Check goes on after a failure, and the first failure decides the exit code.
func TestCheckGoesOn(t *testing.T) {
	w := newWorkplace(t, acceptCloud(jirasim.Options{}))
	w.write("notes.txt", "milk, bread")
	w.configure("auth: {email: user7@example.com, api_token: 'literal:wrong'}", "destination: {duckdb: {path: notes.txt}}")
	e, o := w.check()
	if o.code != exitJira || e.ExitCode != exitJira {
		t.Errorf("exit code %d", o.code)
	}
	var failures []string
	for _, f := range e.Findings {
		if f.Status == failed {
			failures = append(failures, f.Check)
		}
	}
	if !slices.Equal(failures, []string{"Jira", "destination"}) {
		t.Errorf("%v", failures)
	}
	if content, err := os.ReadFile(filepath.Join(w.dir, "notes.txt")); err != nil || string(content) != "milk, bread" {
		t.Errorf("%q, %v", content, err)
	}
	text := w.command("check")
	for _, f := range e.Findings {
		line := marks[f.Status] + " "
		if f.Status == failed {
			line += f.Check + ": "
		}
		if !strings.Contains(text.stdout, line+f.Found) || f.Mend != "" && !strings.Contains(text.stdout, f.Found+"; "+f.Mend) {
			t.Errorf("%+v is not in %s", f, text.stdout)
		}
	}
	if o := w.command("check", "--format", "xml"); o.code != exitUsage {
		t.Errorf("exit code %d", o.code)
	}
}
