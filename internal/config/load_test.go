package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/secret"
)

// site is a directory with a configuration, and the world around it.
type site struct {
	dir   string
	env   map[string]string
	flags map[string]string
}

// newSite writes the files; names without a directory.
func newSite(t *testing.T, files map[string]string) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), env: map[string]string{}}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *site) path() string { return filepath.Join(s.dir, DefaultFile) }

func (s *site) lookup(name string) (string, bool) { value, ok := s.env[name]; return value, ok }

func (s *site) try(ctx context.Context) (*Config, error) {
	return Loader{Environment: s.lookup}.Load(ctx, s.path(), s.flags)
}

func (s *site) load(t *testing.T) *Config {
	t.Helper()
	c, err := s.try(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (s *site) row(t *testing.T, c *Config, key string) Row {
	t.Helper()
	for _, r := range c.Rows() {
		if r.Key == key {
			r.Origin = strings.ReplaceAll(r.Origin, s.dir+string(filepath.Separator), "")
			return r
		}
	}
	t.Fatalf("no row %q", key)
	return Row{}
}

func reveal(t *testing.T, s secret.String) string {
	t.Helper()
	value, err := s.Reveal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestDesignExample(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": `
pipeline: jira
jira:
  url: https://your-company.atlassian.net/
  deployment: auto
  auth: {method: basic, email: "${JIRA_EMAIL}", api_token: "${JIRA_API_TOKEN}"}
  search:
    type: SIMPLE
    project: PROJ
    status_category: [Done]
    updated_after: 2023-10-01
    created_after: 2023-10-02
    jql: ""
  fields: all
  page_size: 200
  concurrency: 8
destination:
  type: snowflake
  duckdb: {path: jira.duckdb, schema: main}
  snowflake: {account: ORG-ACCT, user: LOADER, role: JIRA_LOADER, warehouse: LOAD_WH, database: RAW, schema: JIRA,
              auth: KEY_PAIR, private_key_file: key.p8, private_key_passphrase: "env:KEY_PASS"}
tables: default
census: {every: run, accept_shrink: 10%}
`})
	s.env = map[string]string{"JIRA_EMAIL": "user7@example.org", "JIRA_API_TOKEN": "t0ken", "KEY_PASS": "pa55"}
	c := s.load(t)
	if err := c.RequireJira(); err != nil {
		t.Fatal(err)
	}
	got := []any{
		c.Pipeline, c.Jira.URL, c.Jira.Deployment, c.Jira.Auth.Method, c.Jira.Auth.Email, reveal(t, c.Jira.Auth.APIToken),
		c.Jira.Search.Type, c.Jira.Search.Project, c.Jira.Search.StatusCategory, c.Jira.Search.UpdatedAfter, c.Jira.Search.CreatedAfter.String(),
		c.Jira.Fields.Select, c.Jira.PageSize, c.Jira.Concurrency, c.Jira.RequestsPerSecond, c.Jira.RequestTimeout, c.Jira.MaxResponse,
		c.Destination.Snowflake.Account, string(c.Destination.Snowflake.PrivateKeyFile), reveal(t, c.Destination.Snowflake.PrivateKeyPassphrase),
		c.Destination.Snowflake.Port, c.Destination.Snowflake.StatementTimeout, c.Tables,
		c.Census.Every, c.Census.AcceptShrink.Share(), c.Census.Deleted, c.Batch.FileSize, c.Batch.CommitEvery,
	}
	want := []any{
		"jira", "https://your-company.atlassian.net", "auto", "basic", "user7@example.org", "t0ken",
		"SIMPLE", []string{"PROJ"}, []string{"Done"}, Date{2023, time.October, 1}, "2023-10-02",
		[]string{"all"}, 200, 8, 0.0, 2 * time.Minute, Size(256e6),
		"ORG-ACCT", filepath.Join(s.dir, "key.p8"), "pa55",
		443, time.Hour, []string{"default"},
		Cadence{}, 0.1, "soft", Size(128e6), 15 * time.Minute,
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("value %d: got %#v, want %#v", i, got[i], want[i])
		}
	}
}

// TestDotEnv: values are taken as they are, however many $ there are in them; quotes and
// comments are none of them.
func TestDotEnv(t *testing.T) {
	for text, want := range map[string]string{
		"V=pa$ABC9word":             "pa$ABC9word",
		"A=x\nV=$A${A}$$(A)\\$A":    "$A${A}$$(A)\\$A",
		`V="pa$ABC9 # word" # mine`: "pa$ABC9 # word",
		`V="pa\$ABC9 \"a\" word"`:   `pa$ABC9 "a" word`,
		`V='pa$ABC9\n'`:             `pa$ABC9\n`,
		"export V=$ # mine":         "$",
		"V=\"$A\n$B\"\n":            "$A\n$B",
	} {
		variables, err := parseDotEnv(text)
		if got := variables["V"]; err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	if _, err := parseDotEnv("V=a\x00b"); err == nil {
		t.Error("a zero byte was taken for a $")
	}
}

func TestPrecedence(t *testing.T) {
	s := newSite(t, map[string]string{
		"snowdrift.yaml": "jira:\n  url: https://file.example.org\n  page_size: 7\n  search: {project: [A, B]}\n  auth: {email: \"${WHO:-nobody}\"}\n",
		".env":           "JIRA_URL=https://dotenv.example.org\nJIRA_PROJECT=C\nWHO=user8$WHO9word\nJIRA_API_TOKEN='dot $token'\n",
	})
	check := func(key, value, origin string) {
		t.Helper()
		c := s.load(t)
		if got, want := s.row(t, c, key), (Row{key, value, origin}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	check("jira.url", "https://dotenv.example.org", ".env JIRA_URL")
	check("jira.page_size", "7", "snowdrift.yaml:3:14")
	check("jira.concurrency", "8", "default")
	check("jira.cloud_id", "", "")
	check("jira.auth.email", "user8$WHO9word", "snowdrift.yaml:5:17")
	check("jira.auth.api_token", "***", ".env JIRA_API_TOKEN")
	check("jira.search.project", "C", ".env JIRA_PROJECT")
	s.env["JIRA_URL"] = "https://env.example.org"
	s.env["JIRA_PROJECT"] = `X, "Y Z"`
	s.env["WHO"] = ""
	check("jira.url", "https://env.example.org", "environment JIRA_URL")
	check("jira.search.project", "X, Y Z", "environment JIRA_PROJECT")
	check("jira.auth.email", "nobody", "snowdrift.yaml:5:17")
	s.env["JIRA_PROJECT"] = ""
	check("jira.search.project", "C", ".env JIRA_PROJECT")
	s.flags = map[string]string{"jira.url": "https://flag.example.org", "jira.search.project": "[P,Q]", "jira.page_size": "9"}
	check("jira.url", "https://flag.example.org", "flag")
	check("jira.search.project", "P, Q", "flag")
	check("jira.page_size", "9", "flag")
}

func TestLists(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": ""})
	for text, want := range map[string][]string{
		"A": {"A"}, "A,B": {"A", "B"}, " A , B ": {"A", "B"}, "[A, B]": {"A", "B"}, `"A, B",C`: {"A, B", "C"}, `["A, B", C]`: {"A, B", "C"},
		"A,,B,": {"A", "B"}, "O'Hara": {"O'Hara"}, `say "hi"`: {`say "hi"`}, "A\nB": {"A", "B"}, "[]": nil, "env:P": {"from,there"},
	} {
		s.env["P"] = "from,there"
		s.flags = map[string]string{"jira.search.project": text}
		if got := s.load(t).Jira.Search.Project; !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestEmptyCountsAsNotSet(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "pipeline: ''\njira:\n  page_size:\n  fields: ~\n  search: {type: \"${NONE:-}\", project: ''}\n  auth:\ncensus: {}\n"})
	c := s.load(t)
	if c.Pipeline != "jira" || c.Jira.PageSize != 200 || c.Jira.Search.Type != SearchSimple || len(c.Jira.Search.Project) != 0 || c.Jira.Fields.Select[0] != "all" {
		t.Errorf("got %+v", c.Jira)
	}
	if got := s.row(t, c, "jira.search.type").Origin; got != "default" {
		t.Errorf("origin %q", got)
	}
}

func TestScalarsAsWritten(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "jira:\n  search: {project: [007, 1e3, NO, true, 0x1F, 'a: b', \"tab\\t\"]}\n  page_size: \"50\"\n  tls:\n    ca_pem: |\n      line 1\n      line 2\n"})
	c := s.load(t)
	if want := []string{"007", "1e3", "NO", "true", "0x1F", "a: b", "tab\t"}; !reflect.DeepEqual(c.Jira.Search.Project, want) {
		t.Errorf("got %q, want %q", c.Jira.Search.Project, want)
	}
	if c.Jira.PageSize != 50 || c.Jira.TLS.CAPEM != "line 1\nline 2\n" {
		t.Errorf("got %d, %q", c.Jira.PageSize, c.Jira.TLS.CAPEM)
	}
}

func TestAnchors(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "jira: {search: {project: &p [issue_labels, issue_links]}, tls: {ca_file: &ca /ca.pem}}\ntables: *p\nsecrets: {vault: {tls: {ca_file: *ca}}}\n"})
	c := s.load(t)
	if !reflect.DeepEqual(c.Tables, []string{"issue_labels", "issue_links"}) || c.Secrets.Vault.TLS.CAFile != "/ca.pem" {
		t.Errorf("got %q, %q", c.Tables, c.Secrets.Vault.TLS.CAFile)
	}
}

func TestReferencesForAnyValue(t *testing.T) {
	s := newSite(t, map[string]string{
		"snowdrift.yaml": "jira:\n  url: file:site.json#jira.url\n  page_size: env:PAGE\n  cloud_id: literal:env:PAGE\n  auth: {api_token: file:site.json#/jira/token, email: \"${ADDRESS}\"}\n",
		"site.json":      `{"jira": {"url": "https://a.example.org", "token": "t0ken"}}`,
	})
	s.env = map[string]string{"PAGE": "33", "ADDRESS": "env:REAL", "REAL": "user9@example.org"}
	c := s.load(t)
	if c.Jira.URL != "https://a.example.org" || c.Jira.PageSize != 33 || c.Jira.CloudID != "env:PAGE" || c.Jira.Auth.Email != "user9@example.org" || reveal(t, c.Jira.Auth.APIToken) != "t0ken" {
		t.Errorf("got %+v", c.Jira)
	}
	file := filepath.Join(s.dir, "site.json")
	for key, want := range map[string]string{
		"jira.url":            "*** (file:" + file + "#jira.url)",
		"jira.page_size":      "*** (env:PAGE)",
		"jira.auth.api_token": "*** (file:" + file + "#/jira/token)",
	} {
		if got := s.row(t, c, key).Value; got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestPathsBeginWhereTheyAreWritten(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "destination: {duckdb: {path: data/jira.duckdb}}\nbatch: {dir: /var/tmp}\n"})
	c := s.load(t)
	if got, want := string(c.Destination.DuckDB.Path), filepath.Join(s.dir, "data/jira.duckdb"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if c.Batch.Dir != "/var/tmp" {
		t.Errorf("got %q", c.Batch.Dir)
	}
	s.flags = map[string]string{"destination.duckdb.path": "here.duckdb"}
	if c = s.load(t); c.Destination.DuckDB.Path != "here.duckdb" {
		t.Errorf("got %q", c.Destination.DuckDB.Path)
	}
}

func TestSources(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": `
jira:
  concurrency: 3
  auth: {method: bearer}
sources:
  - name: emea
    jira: {url: https://emea.example.org/jira/, auth: {token: env:EMEA}, search: {project: E}}
  - name: apac
    jira: {url: https://apac.example.org, page_size: 50, auth: {token: env:APAC}}
`})
	s.env = map[string]string{"EMEA": "e", "APAC": "a"}
	c := s.load(t)
	if err := c.RequireJira(); err != nil {
		t.Fatal(err)
	}
	sites := c.Sites()
	if len(sites) != 2 || sites[0].Jira.Site != "emea" || sites[1].SourceName() != "apac" || sites[1].Pipeline != "jira_apac" || sites[0].Jira.URL != "https://emea.example.org/jira" || sites[1].Jira.PageSize != 50 ||
		sites[0].Jira.PageSize != 200 || sites[1].Jira.Concurrency != 3 || len(sites[1].Jira.Search.Project) != 0 {
		t.Errorf("got %+v", sites)
	}
	if a, b := reveal(t, sites[0].Jira.Auth.Token), reveal(t, sites[1].Jira.Auth.Token); a != "e" || b != "a" {
		t.Errorf("tokens %q, %q", a, b)
	}
	if got := s.row(t, c, "sources[1].jira.page_size"); got.Value != "50" || got.Origin != "snowdrift.yaml:9:54" {
		t.Errorf("got %+v", got)
	}
	var keys []string
	for key := range c.SecretValues() {
		keys = append(keys, key)
	}
	if want := []string{"sources[0].jira.auth.token", "sources[1].jira.auth.token"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("secrets %q, want %q", keys, want)
	}
}

func TestSitesWithoutSources(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "jira: {url: https://a.example.org}"})
	if sites := s.load(t).Sites(); len(sites) != 1 || sites[0].SourceName() != "" || sites[0].Jira.Site != "jira" || sites[0].Pipeline != "jira" || sites[0].Jira.URL != "https://a.example.org" {
		t.Errorf("got %+v", sites)
	}
}

func TestWithoutFile(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("JIRA_URL", "https://a.example.org")
	c, err := Load("", map[string]string{"jira.page_size": "5"})
	if err != nil {
		t.Fatal(err)
	}
	if c.File() != "" || c.Jira.URL != "https://a.example.org" || c.Jira.PageSize != 5 || c.Destination.DuckDB.Path != "jira.duckdb" {
		t.Errorf("got %q %+v", c.File(), c.Jira)
	}
	if err := os.WriteFile(DefaultFile, []byte("\ufeffjira: {page_size: 6}\ndestination: {duckdb: {path: x.duckdb}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = Load("", nil); err != nil || c.File() != DefaultFile || c.Jira.PageSize != 6 || c.Destination.DuckDB.Path != "x.duckdb" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := newSite(t, nil).try(t.Context())
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestCloseWithoutLoad(t *testing.T) {
	if err := (&Config{}).Close(); err != nil {
		t.Error(err)
	}
}

// jira.fields is a value, a list, or a block; flags know all of them.
func TestFieldsAreShortForTheirSelection(t *testing.T) {
	for _, tt := range []struct {
		yaml  string
		flags map[string]string
		want  Fields
	}{
		{"jira: {fields: summary}", nil, Fields{Select: []string{"summary"}}},
		{"jira: {fields: [summary, -comment]}", nil, Fields{Select: []string{"summary", "-comment"}}},
		{"jira: {fields: {rename: {points: customfield_1, team: Squad}}}", nil, Fields{Select: []string{"all"}, Rename: Names{"points": "customfield_1", "team": "Squad"}}},
		{"jira: {fields: {select: summary}}", map[string]string{"jira.fields": "all", "jira.fields.rename": "[points: customfield_1]"},
			Fields{Select: []string{"all"}, Rename: Names{"points": "customfield_1"}}},
		{"", map[string]string{"jira.fields.rename": "{points: customfield_1, team: Squad}"},
			Fields{Select: []string{"all"}, Rename: Names{"points": "customfield_1", "team": "Squad"}}},
		{"jira: {fields: {select: summary}}", map[string]string{"jira.fields.select": "status"}, Fields{Select: []string{"status"}}},
	} {
		s := newSite(t, map[string]string{"snowdrift.yaml": tt.yaml})
		s.flags = tt.flags
		if c := s.load(t); !reflect.DeepEqual(c.Jira.Fields, tt.want) {
			t.Errorf("%s %v: %+v", tt.yaml, tt.flags, c.Jira.Fields)
		}
	}
}
