package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"snowdrift/internal/table"
)

// normalize writes what can be written in several ways in one.
func (c *Config) normalize() {
	c.Jira.URL = strings.TrimRight(c.Jira.URL, "/")
	for i := range c.Sources {
		c.Sources[i].Jira.URL = strings.TrimRight(c.Sources[i].Jira.URL, "/")
		c.Sources[i].Jira.Site = c.Sources[i].Name
	}
}

// validate checks the rules between keys: contradictions, and what the chosen
// destination needs.
func (c *Config) validate() problems {
	v := &validation{c: c}
	v.name("pipeline", c.Pipeline)
	v.jira("", c.Jira)
	v.sources()
	if _, _, err := table.Choose(c.Tables); err != nil {
		v.add("tables", "%v", err)
	}
	if deep := c.Census.Deep; !deep.Never && deep.After == 0 {
		v.add("census.deep", "%s", errDeep)
	}
	switch c.Destination.Type {
	case DestinationDuckDB:
		v.duckdb()
	case DestinationSnowflake:
		v.snowflake()
	}
	return v.problems
}

// RequireVariables checks that no key of the jira block needs a variable that is not
// set: an [*Error] lists those that do. Who never talks to Jira can do without.
func (c *Config) RequireVariables() error { return c.unset.err() }

// RequireJira checks that every site to read has an address and a complete
// login. Commands that talk to Jira call it; those that only query the
// destination do not need it. The error is an [*Error].
func (c *Config) RequireJira() error {
	if err := c.RequireVariables(); err != nil {
		return err
	}
	v := &validation{c: c}
	for _, site := range c.Sites() {
		if site.Jira.URL == "" {
			v.missing(site.source+"jira.url", "the address of the Jira site")
		}
		v.login(site.source+"jira.auth.", site.Jira.Auth)
	}
	return v.problems.err()
}

// validation collects the problems of one configuration.
type validation struct {
	c        *Config
	problems problems
}

// add notes a problem at the place where the key is written. A key that a
// source took from the block at the top is found there.
func (v *validation) add(key, format string, args ...any) {
	v.problems.add(key, v.origin(key), format, args...)
}

func (v *validation) origin(key string) Origin {
	if s := v.c.setting(key); s != nil {
		return s.origin
	}
	if _, rest, ok := strings.Cut(key, "]."); ok {
		return v.origin(rest)
	}
	return Origin{}
}

// setting finds a loaded value by its key, nil when there is none.
func (c *Config) setting(key string) *setting {
	for i := range c.loaded {
		if c.loaded[i].key == key {
			return &c.loaded[i]
		}
	}
	return nil
}

// missing notes a key that must be given, with the ways to give it.
func (v *validation) missing(key, what string) {
	way := "set it in the file"
	_, plain, ok := strings.Cut(key, "].")
	if !ok {
		plain = key
	}
	if n := declaration().leaf(plain); n != nil && n.env != "" {
		way += " or as " + n.env + " in the environment"
	}
	v.add(key, "is missing: %s; %s", what, way)
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*$`)

func (v *validation) name(key, name string) {
	if !nameForm.MatchString(name) {
		v.add(key, "must be a name of letters, digits, - and _")
	}
}

func (v *validation) sources() {
	var names []string
	for i, s := range v.c.Sources {
		prefix := fmt.Sprintf("sources[%d].", i)
		// Snowflake folds the names of stages, which hold those of pipelines.
		if v.name(prefix+"name", s.Name); slices.Contains(names, strings.ToLower(s.Name)) {
			v.add(prefix+"name", "is the name of another source too")
		}
		names = append(names, strings.ToLower(s.Name))
		if v.c.setting(prefix+"jira.site") != nil {
			v.add(prefix+"jira.site", "is the name of the source; remove it")
		}
		v.jira(prefix, s.Jira)
	}
	if s := v.c.setting("jira.site"); len(names) > 0 && s.origin.Kind != FromDefault {
		v.add("jira.site", "has no meaning beside sources, whose names are those of their sites; remove it")
	}
}

// jira checks one site. prefix is that of its source, "" at the top.
func (v *validation) jira(prefix string, j Jira) {
	key := func(name string) string { return prefix + "jira." + name }
	if prefix == "" {
		v.name("jira.site", j.Site)
	}
	v.url(key("url"), j.URL, j.AllowHTTP)
	v.url(key("auth.oauth2.token_url"), j.Auth.OAuth2.TokenURL, j.AllowHTTP)
	v.url(key("auth.oauth2.authorize_url"), j.Auth.OAuth2.AuthorizeURL, j.AllowHTTP)
	v.search(prefix+"jira.search.", j.Search)
	v.tls(key("tls."), j.TLS)
	v.rename(key("fields.rename"), j.Fields.Rename)
	if all := j.Fields.Select; slices.Contains(all, "all") && len(all) > 1 && !allExclusions(all) {
		v.add(key("fields.select"), "all already holds every field; list single fields, or all with -exclusions")
	}
}

// rename checks the names that custom columns are to get.
func (v *validation) rename(key string, names Names) {
	fields := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := table.CheckName(name); err != nil {
			v.add(key, "%s: %v", name, err)
		}
		field := names[name]
		if other, twice := fields[field]; twice {
			v.add(key, "%s and %s are both to be names of %s; keep one", other, name, field)
		}
		fields[field] = name
	}
}

// allExclusions reports whether a list holds all and -exclusions only.
func allExclusions(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool { return f != "all" && !strings.HasPrefix(f, "-") })
}

func (v *validation) search(prefix string, s Search) {
	simple := []struct {
		name string
		set  bool
	}{
		{"project", len(s.Project) > 0}, {"status_category", len(s.StatusCategory) > 0},
		{"updated_after", !s.UpdatedAfter.IsZero()}, {"created_after", !s.CreatedAfter.IsZero()},
	}
	if s.Type == SearchSimple && s.JQL != "" {
		v.add(prefix+"jql", "is only read with type JQL; set %stype: JQL, or remove jql", prefix)
	}
	if s.Type == SearchJQL && s.JQL == "" {
		v.missing(prefix+"jql", "the query that type JQL stands for; all issues are loaded with type SIMPLE")
	}
	for _, condition := range simple {
		if s.Type == SearchJQL && condition.set {
			v.add(prefix+condition.name, "is only read with type SIMPLE; put the condition into jql and remove this, or set %stype: SIMPLE", prefix)
		}
	}
}

func (v *validation) tls(prefix string, t TLS) {
	if t.CAFile != "" && t.CAPEM != "" {
		v.add(prefix+"ca_pem", "and ca_file are both given; keep one")
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		v.add(prefix+"cert_file", "and key_file belong together; give both or neither")
	}
}

// url checks an address that secrets are sent to; "" is no address yet.
func (v *validation) url(key, text string, allowHTTP bool) {
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err == nil && u.Scheme == "" && !strings.Contains(text, " "), err == nil && u.Host == "" && u.Opaque != "":
		v.add(key, "lacks https:// in front")
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		v.add(key, "is not an address such as https://your-company.atlassian.net")
	case u.User != nil:
		v.add(key, "holds a user name or password; give them under auth")
	case u.RawQuery != "" || u.Fragment != "":
		v.add(key, "must end before ? and #")
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		v.add(key, "would send the login in clear over http; use https, or set allow_http: true if you accept that")
	case strings.HasSuffix(u.Hostname(), ".atlassian.net") && u.Path != "":
		v.add(key, "must be the site alone, https://%s", u.Hostname())
	}
}

// loopback reports whether a host name means this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (v *validation) duckdb() {
	path := string(v.c.Destination.DuckDB.Path)
	if filepath.Base(path) == ":memory:" {
		v.add("destination.duckdb.path", "would be gone when the run ends; name a file")
	}
}

func (v *validation) snowflake() {
	const prefix = "destination.snowflake."
	s := v.c.Destination.Snowflake
	for _, need := range []struct{ name, value, what string }{
		{"account", s.Account, "the account identifier, such as ORG-ACCT"},
		{"warehouse", s.Warehouse, "the warehouse that loads"},
		{"database", s.Database, "the database of the tables"},
		{"schema", s.Schema, "the schema of the tables"},
	} {
		if need.value == "" {
			v.missing(prefix+need.name, need.what)
		}
	}
	if strings.Contains(s.Account, "/") || strings.Contains(strings.ToLower(s.Account), ".snowflakecomputing.") {
		v.add(prefix+"account", "is the account identifier alone, such as ORG-ACCT, without https:// and .snowflakecomputing.com")
	}
	if s.Protocol == "http" && !loopback(s.Host) {
		v.add(prefix+"protocol", "http is only for tests against this machine (host 127.0.0.1); use https")
	}
	v.snowflakeLogin(prefix, s)
}

func (v *validation) snowflakeLogin(prefix string, s Snowflake) {
	key, keyFile := !s.PrivateKey.IsZero(), s.PrivateKeyFile != ""
	token, tokenFile := !s.Token.IsZero(), s.TokenFile != ""
	switch s.Auth {
	case SnowflakeKeyPair:
		if s.User == "" {
			v.missing(prefix+"user", "the user whose key this is")
		}
		if !key && !keyFile {
			v.missing(prefix+"private_key", "KEY_PAIR needs the private key, here or as private_key_file")
		}
		if key && keyFile {
			v.add(prefix+"private_key", "and private_key_file are both given; keep one")
		}
	case SnowflakeSessionToken:
		if s.User != "" {
			v.add(prefix+"user", "must be left out with SNOWFLAKE_SESSION_TOKEN: the service's token says who it is")
		}
		if s.Role != "" {
			v.add(prefix+"role", "must be left out with SNOWFLAKE_SESSION_TOKEN: the service runs as its owner role")
		}
	case SnowflakeOAuth, SnowflakePAT:
		if !token && !tokenFile {
			v.missing(prefix+"token", s.Auth+" needs the token, here or as token_file")
		}
		if token && tokenFile {
			v.add(prefix+"token", "and token_file are both given; keep one")
		}
		if s.Auth == SnowflakePAT && s.User == "" {
			v.missing(prefix+"user", "the user whose token this is")
		}
	}
}
