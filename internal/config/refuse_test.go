package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// refusal is one configuration that must not be used.
type refusal struct {
	name  string
	yaml  string
	env   string // NAME=value, separated by spaces
	flags string // key=value, separated by spaces
	jira  bool   // also asked for what Jira needs
}

// TestRefusals compares what is said about wrong configurations with
// testdata/refusals.txt, which is meant to be read: each message has to say
// where, what and how to mend it. No message may hold a canary.
func TestRefusals(t *testing.T) {
	cases := slices.Concat(shapes, values, contradictions, logins)
	var out bytes.Buffer
	for _, c := range cases {
		s := newSite(t, map[string]string{"snowdrift.yaml": c.yaml})
		for pair := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			s.env[name] = value
		}
		s.flags = map[string]string{}
		for pair := range strings.FieldsSeq(c.flags) {
			key, value, _ := strings.Cut(pair, "=")
			s.flags[key] = value
		}
		loaded, err := s.try(t.Context())
		if err == nil && c.jira {
			err = loaded.RequireJira()
		}
		var e *Error
		if !errors.As(err, &e) || len(e.Problems) == 0 {
			t.Errorf("%s: accepted, or another error: %v", c.name, err)
			continue
		}
		text := strings.ReplaceAll(err.Error(), s.dir+string(filepath.Separator), "")
		if strings.Contains(text, canary) {
			t.Errorf("%s: the canary shows in %s", c.name, text)
		}
		fmt.Fprintf(&out, "== %s\n%s\n", c.name, strings.TrimRight(c.yaml, "\n"))
		if with := strings.TrimSpace(c.env + " " + c.flags); with != "" {
			fmt.Fprintf(&out, "(with %s)\n", with)
		}
		fmt.Fprintf(&out, "-- %s\n\n", text)
	}
	golden(t, "refusals.txt", out.Bytes())
}

var shapes = []refusal{
	{name: "unknown key", yaml: "jira:\n  urll: x\n"},
	{name: "unknown key with a hyphen", yaml: "jira:\n  page-size: 5\n"},
	{name: "unknown key at the wrong level", yaml: "jira:\n  project: X\n"},
	{name: "unknown key like nothing", yaml: "census: {frequency: 5}\n"},
	{name: "unknown key in a source", yaml: "sources:\n  - name: a\n    jira: {search: {projct: X}}\n"},
	{name: "several at once", yaml: "pipelin: a\njira: {page_size: 0, concurency: 4}\ntable: x\n"},
	{name: "text for a block", yaml: "jira: https://a.example.org\n"},
	{name: "list for a block", yaml: "jira: [a]\n"},
	{name: "list for a value", yaml: "jira: {url: [a, b]}\n"},
	{name: "block for a value", yaml: "jira: {url: {a: b}}\n"},
	{name: "block for a list", yaml: "tables: {issues: {name: x}}\n"},
	{name: "unknown table", yaml: "tables: [issues, issue_comment]\n"},
	{name: "block within a list", yaml: "jira: {fields: [a, {b: c}]}\n"},
	{name: "block for sources", yaml: "sources: {a: b}\n"},
	{name: "text in sources", yaml: "sources: [a]\n"},
	{name: "duplicate key", yaml: "jira: {auth: {api_token: canary-3f1c}}\njira: {}\n"},
	{name: "no YAML", yaml: "jira:\n  auth: {api_token: \"canary-3f1c\n"},
	{name: "no YAML, tab", yaml: "jira:\n\tauth: canary-3f1c\n"},
	{name: "no YAML, bracket", yaml: "jira: {auth: {api_token: canary-3f1c, email: ${JIRA_EMAIL}}}\n"},
	{name: "no YAML, indentation", yaml: "jira:\n  auth:\n    api_token: canary-3f1c\n   email: x\n"},
	{name: "no YAML, escape", yaml: "jira: {auth: {api_token: \"canary-3f1c\\q\"}}\n"},
	{name: "no YAML, at sign", yaml: "jira: {auth: {api_token: @canary-3f1c}}\n"},
	{name: "two documents", yaml: "pipeline: a\n---\npipeline: b\n"},
	{name: "a text alone", yaml: "canary-3f1c\n"},
	{name: "merge key", yaml: "jira: &j {page_size: 5}\nsources: [{name: a, jira: {<<: *j}}]\n"},
	{name: "anchor of itself", yaml: "jira: &j {auth: *j}\n"},
	{name: "unknown flag", flags: "jira.pagesize=5"},
	{name: "unknown flag elsewhere", flags: "project=X"},
	{name: "flag for a block", flags: "jira=5"},
	{name: "flag for a block within", flags: "jira.search=x"},
	{name: "flag for a list of blocks", flags: "sources=x"},
	{name: "unknown flag like nothing", flags: "wondrous=canary"},
}

var values = []refusal{
	{name: "whole number", yaml: "jira: {page_size: many}\n"},
	{name: "too much", yaml: "jira: {page_size: 9000}\n"},
	{name: "too little", yaml: "jira: {concurrency: 0}\n"},
	{name: "fraction", yaml: "jira: {concurrency: 1.5}\n"},
	{name: "number", yaml: "jira: {requests_per_second: fast}\n"},
	{name: "infinite", yaml: "jira: {requests_per_second: .inf}\n"},
	{name: "below zero", yaml: "jira: {requests_per_second: -1}\n"},
	{name: "truth", yaml: "jira: {allow_http: yes}\n"},
	{name: "word", yaml: "destination: {type: oracle}\n"},
	{name: "duration", yaml: "jira: {request_timeout: 5}\n"},
	{name: "short duration", yaml: "jira: {request_timeout: 5ms}\n"},
	{name: "negative duration", yaml: "jira: {overlap: -5m}\n"},
	{name: "cadence", yaml: "census: {every: always}\n"},
	{name: "deep cadence", yaml: "census: {deep: run}\n"},
	{name: "deep cadence of no time", yaml: "census: {deep: 0s}\n"},
	{name: "deep budget", yaml: "census: {deep_budget: 0}\n"},
	{name: "percentage", yaml: "census: {accept_shrink: 0.1}\n"},
	{name: "percentage above all", yaml: "census: {accept_shrink: 110%}\n"},
	{name: "size", yaml: "batch: {file_size: big}\n"},
	{name: "unit", yaml: "batch: {file_size: 5 bananas}\n"},
	{name: "large size", yaml: "batch: {commit_size: 99999999999TB}\n"},
	{name: "small size", yaml: "batch: {file_size: 10KB}\n"},
	{name: "date with slashes", yaml: "jira: {search: {updated_after: 2023/10/01}}\n"},
	{name: "date with time", yaml: "jira: {search: {updated_after: \"2023-10-01 12:30\"}}\n"},
	{name: "date with points", yaml: "jira: {search: {created_after: 1.10.2023}}\n"},
	{name: "no such day", yaml: "jira: {search: {created_after: 2023-02-30}}\n"},
	{name: "no day", yaml: "jira: {search: {created_after: -5d}}\n"},
	{name: "empty list", yaml: "jira: {fields: []}\n"},
	{name: "missing variable", yaml: "jira:\n  url: https://${SITE}.example.org\n", jira: true},
	{name: "missing variable in a secret", yaml: "jira:\n  auth: {api_token: \"canary-3f1c${TOKEN}\"}\n", jira: true},
	{name: "missing variable and more", yaml: "jira:\n  url: https://${SITE}.example.org\n  page_size: 0\n"},
	{name: "open brace", yaml: "jira: {url: \"https://${SITE\"}\n"},
	{name: "no variable", yaml: "jira: {url: \"https://${SITE:?x}\"}\n"},
	{name: "secret variable in the wrong place", yaml: "jira: {page_size: \"${TOKEN}\"}\n", env: "TOKEN=canary-3f1c"},
	{name: "secret reference in the wrong place", yaml: "jira: {page_size: env:TOKEN}\n", env: "TOKEN=canary-3f1c"},
	{name: "missing reference", yaml: "jira: {url: env:SITE}\n"},
	{name: "malformed reference", yaml: "jira: {auth: {api_token: \"vault:canary-3f1c\"}}\n"},
	{name: "malformed variable name", yaml: "jira: {auth: {api_token: \"env:canary-3f1c\"}}\n"},
	{name: "Vault within Vault", yaml: "secrets: {vault: {token: \"vault:secret/vault#token\"}}\n"},
	{name: "from the environment", env: "SNOWFLAKE_PORT=many SNOWDRIFT_DESTINATION=oracle"},
	{name: "from a flag", flags: "jira.page_size=many"},
	{name: "secret in a flag", flags: "jira.auth.api_token=canary-3f1c"},
	{name: "name of the pipeline", yaml: "pipeline: my pipeline\n"},
}

var contradictions = []refusal{
	{name: "JQL with project", yaml: "jira:\n  search:\n    type: JQL\n    project: A\n    jql: project = B\n"},
	{name: "JQL with a project from elsewhere", yaml: "jira: {search: {type: JQL, jql: project = B}}\n", env: "JIRA_PROJECT=A"},
	{name: "JQL with everything", yaml: "jira: {search: {type: jql, status_category: Done, updated_after: 2023-10-01, created_after: 2023-10-01}}\n"},
	{name: "SIMPLE with jql", yaml: "jira: {search: {jql: project = B}}\n"},
	{name: "all fields and one", yaml: "jira: {fields: [all, summary]}\n"},
	{name: "names for columns that cannot be", yaml: "jira: {fields: {rename: {Story Points: customfield_1, order: customfield_2, StoryPoints: customfield_3, _x: customfield_4, 2nd: customfield_5}}}\n"},
	{name: "two names for one field", yaml: "jira: {fields: {rename: {points: customfield_1, story_points: customfield_1}}}\n"},
	{name: "a name without a field", yaml: "jira: {fields: {rename: [points]}}\n"},
	{name: "a name twice", yaml: "jira: {fields: {rename: [a: x, \"a: y\"]}}\n", flags: "jira.fields.rename=[a:x,a:y]"},
	{name: "a name with a block", yaml: "jira: {fields: {rename: {points: {id: customfield_1}}}}\n"},
	{name: "a single name", yaml: "jira: {fields: {rename: points}}\n"},
	{name: "an unknown key beside rename", yaml: "jira: {fields: {renames: {points: customfield_1}}}\n"},
	{name: "no kind of rich text", yaml: "jira: {rich_text: html}\n"},
	{name: "no scheme", yaml: "jira: {url: your-company.atlassian.net}\n"},
	{name: "no scheme but a port", yaml: "jira: {url: \"jira.example.org:8443\"}\n"},
	{name: "another scheme", yaml: "jira: {url: \"ftp://a.example.org\"}\n"},
	{name: "password in the address", yaml: "jira: {url: \"https://user7:canary-3f1c@a.example.org\"}\n"},
	{name: "query in the address", yaml: "jira: {url: \"https://a.example.org?os_password=canary-3f1c\"}\n"},
	{name: "a page of Cloud", yaml: "jira: {url: https://a.atlassian.net/jira/projects}\n"},
	{name: "http", yaml: "jira: {url: http://a.example.org}\n"},
	{name: "http to a token endpoint", yaml: "jira: {auth: {oauth2: {token_url: http://a.example.org/token}}}\n"},
	{name: "two authorities", yaml: "jira: {tls: {ca_file: a.pem, ca_pem: x}}\n"},
	{name: "certificate without key", yaml: "jira: {tls: {cert_file: a.pem}}\n"},
	{name: "sources without names", yaml: "sources: [{jira: {url: https://a.example.org}}, {name: b c}]\n"},
	{name: "sources of one name", yaml: "sources: [{name: a}, {name: A}]\n"},
	{name: "two names of a source's site", yaml: "sources: [{name: a, jira: {site: b}}]\n"},
	{name: "a site beside sources", yaml: "jira: {site: b}\nsources: [{name: a}]\n"},
	{name: "a site's name", yaml: "jira: {site: \"it's\"}\n"},
	{name: "rules hold in sources", yaml: "jira: {search: {project: A}}\nsources: [{name: a, jira: {search: {type: JQL, jql: x}}}]\n"},
	{name: "memory", yaml: "destination: {duckdb: {path: \":memory:\"}}\n"},
	{name: "Snowflake with nothing", env: "SNOWDRIFT_DESTINATION=snowflake"},
	{name: "Snowflake account as a host", yaml: snowflake("account: org-acct.snowflakecomputing.com, user: u, private_key_file: k")},
	{name: "Snowflake over http", yaml: snowflake("account: a, user: u, private_key_file: k, protocol: http")},
	{name: "Snowflake with two keys", yaml: snowflake("account: a, user: u, private_key_file: k, private_key: env:K")},
	{name: "Snowflake session token with user", yaml: snowflake("account: a, user: u, role: r, auth: SNOWFLAKE_SESSION_TOKEN")},
	{name: "Snowflake access token", yaml: snowflake("account: a, auth: PROGRAMMATIC_ACCESS_TOKEN")},
	{name: "Snowflake with two tokens", yaml: snowflake("account: a, auth: OAUTH, token: canary-3f1c, token_file: t")},
}

func snowflake(keys string) string {
	return "destination:\n  type: snowflake\n  snowflake: {warehouse: w, database: d, schema: s, " + keys + "}\n"
}

var logins = []refusal{
	{name: "nothing for Jira", jira: true},
	{name: "basic without token", yaml: login("email: user7@example.org"), jira: true},
	{name: "basic without e-mail", yaml: login("api_token: canary-3f1c"), jira: true},
	{name: "basic without password", yaml: login("user: user7"), jira: true},
	{name: "basic without user", yaml: login("password: canary-3f1c"), jira: true},
	{name: "basic both ways", yaml: login("user: user7, password: canary-3f1c, api_token: canary-3f1c"), jira: true},
	{name: "basic with a personal access token", yaml: login("token: canary-3f1c"), jira: true},
	{name: "bearer without token", yaml: login("method: bearer, api_token: canary-3f1c"), jira: true},
	{name: "oauth2 with nothing", yaml: login("method: oauth2"), jira: true},
	{name: "oauth2 of a service account", yaml: login("method: oauth2, oauth2: {grant: client_credentials}"), jira: true},
	{name: "oauth1 with nothing", yaml: login("method: oauth1"), jira: true},
	{name: "a source without a login", yaml: "sources: [{name: a, jira: {auth: {method: bearer}}}]\n", jira: true},
}

func login(keys string) string {
	return "jira: {url: https://a.example.org, auth: {" + keys + "}}\n"
}

func TestCompleteLogins(t *testing.T) {
	for _, keys := range []string{
		"email: user7@example.org, api_token: x",
		"user: user7, password: x",
		"method: bearer, token: x",
		"method: oauth2, oauth2: {client_id: c, client_secret: s, refresh_token: r}",
		"method: oauth2, oauth2: {grant: client_credentials, client_id: c, client_secret: s}",
		"method: oauth1, oauth1: {consumer_key: c, private_key: p, access_token: a}",
	} {
		if err := newSite(t, map[string]string{"snowdrift.yaml": login(keys)}).load(t).RequireJira(); err != nil {
			t.Errorf("%s: %v", keys, err)
		}
	}
}

func TestCompleteSnowflake(t *testing.T) {
	for _, keys := range []string{
		"account: ORG-ACCT, user: u, private_key_file: k",
		"account: ORG-ACCT, user: u, private_key: env:K, private_key_passphrase: x",
		"account: ORG-ACCT, auth: SNOWFLAKE_SESSION_TOKEN",
		"account: ORG-ACCT, auth: oauth, token: x",
		"account: ORG-ACCT, auth: OAUTH, token_file: t",
		"account: ORG-ACCT, auth: PROGRAMMATIC_ACCESS_TOKEN, user: u, token: x",
		"account: test, user: u, private_key_file: k, protocol: http, host: 127.0.0.1, port: 8080",
	} {
		c := newSite(t, map[string]string{"snowdrift.yaml": snowflake(keys)}).load(t)
		if c.Destination.Type != DestinationSnowflake {
			t.Errorf("%s: type %q", keys, c.Destination.Type)
		}
	}
}

func TestSessionTokenFile(t *testing.T) {
	if got := (Snowflake{}).SessionTokenFile(); got != "/snowflake/session/token" {
		t.Errorf("got %q", got)
	}
	if got := (Snowflake{TokenFile: "/other"}).SessionTokenFile(); got != "/other" {
		t.Errorf("got %q", got)
	}
}

func TestHTTPIsAllowed(t *testing.T) {
	for _, yaml := range []string{
		"jira: {url: \"http://127.0.0.1:8080/jira\"}\n", "jira: {url: \"http://[::1]:8080\"}\n", "jira: {url: \"http://localhost\"}\n",
		"jira: {url: http://a.example.org, allow_http: true}\n",
	} {
		newSite(t, map[string]string{"snowdrift.yaml": yaml}).load(t)
	}
}

func TestWarnings(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": `
jira:
  allow_http: true
  proxy: http://proxy.example.org
  tls: {dangerously_skip_verification: true}
  auth: {api_token: canary-3f1c, password: "${PW}", token: env:TOKEN, oauth2: {client_secret: "literal:x"}}
secrets: {vault: {address: "http://vault.example.org:8200"}}
`})
	s.env["PW"] = "x"
	got := strings.Join(s.load(t).Warnings(), "\n")
	for _, key := range []string{"jira.allow_http", "jira.tls.dangerously_skip_verification", "jira.auth.api_token", "secrets.vault.address"} {
		if !strings.Contains(got, key+" ") {
			t.Errorf("no warning about %s in:\n%s", key, got)
		}
	}
	if n := strings.Count(got, "\n") + 1; n != 4 || strings.Contains(got, canary) {
		t.Errorf("%d warnings:\n%s", n, got)
	}
	for what, yaml := range map[string]string{"the defaults": "", "a variable that is not set": `jira: {auth: {api_token: "${NONE}"}}`} {
		if all := newSite(t, map[string]string{"snowdrift.yaml": yaml}).load(t).Warnings(); len(all) > 0 {
			t.Errorf("warnings about %s: %q", what, all)
		}
	}
}

// TestOverriddenOverrides: what a source says wins over flags and variables, which
// stand for the block at the top, and that is not passed over in silence.
func TestOverriddenOverrides(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": `
sources:
  - {name: emea, jira: {url: https://emea.example.org}}
  - {name: apac, jira: {url: https://apac.example.org, page_size: 50}}
`})
	if all := s.load(t).Warnings(); len(all) > 0 {
		t.Errorf("nothing is overridden: %q", all)
	}
	s.env["JIRA_URL"] = "https://elsewhere.example.org"
	s.flags = map[string]string{"jira.page_size": "100", "jira.concurrency": "2"}
	got := strings.Join(s.load(t).Warnings(), "\n")
	for _, want := range []string{
		"sources[0].jira.url wins over jira.url (environment JIRA_URL)", "sources[1].jira.url wins over jira.url (environment JIRA_URL)",
		"sources[1].jira.page_size wins over jira.page_size (flag)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning %q in:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n") + 1; n != 3 {
		t.Errorf("%d warnings:\n%s", n, got)
	}
}

// TestOpenDotEnv: a .env file that others may read is warned of if a secret is in it.
func TestOpenDotEnv(t *testing.T) {
	for name, tt := range map[string]struct {
		yaml, dotenv string
		mode         os.FileMode
		warns        bool
	}{
		"by name":           {"", "JIRA_API_TOKEN=canary-3f1c", 0o644, true},
		"by name, private":  {"", "JIRA_API_TOKEN=canary-3f1c", 0o600, false},
		"for the group":     {"", "JIRA_API_TOKEN=canary-3f1c", 0o640, true},
		"by reference":      {"jira: {auth: {api_token: env:TOKEN}}", "TOKEN=canary-3f1c", 0o644, true},
		"by another's name": {"jira: {auth: {api_token: env:OTHER}}", "TOKEN=canary-3f1c", 0o644, false},
		"within a text":     {`jira: {auth: {api_token: "${TOKEN}"}}`, "TOKEN=canary-3f1c", 0o644, true},
		"no secret":         {"", "JIRA_URL=https://a.example.org", 0o644, false},
	} {
		s := newSite(t, map[string]string{"snowdrift.yaml": tt.yaml, ".env": tt.dotenv + "\n"})
		if err := os.Chmod(filepath.Join(s.dir, ".env"), tt.mode); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(s.load(t).Warnings(), "\n")
		if strings.Contains(got, "chmod 600") != tt.warns || strings.Contains(got, canary) || !tt.warns && got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestBadDotEnv(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "", ".env": "JIRA_API_TOKEN=ok\nbad name! canary-3f1c\n"})
	_, err := s.try(t.Context())
	if err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), ".env: has a line that is not NAME=value") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(filepath.Join(s.dir, ".env")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.dir, ".env"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.try(t.Context()); err == nil {
		t.Error("a directory was read as .env")
	}
}
