// Package config reads what a user wants snowdrift to do.
//
// A configuration is one YAML file, overridden by environment variables,
// overridden by flags. [Load] gives a [Config] or one [*Error] that lists every
// problem it found, with file, line and column.
//
// # One declaration
//
// The structs of this package are the only description of the keys. Parsing,
// the check for unknown keys, [Config.Rows], [Example] and [Schema] are derived
// from their tags:
//
//	yaml     name of the key
//	env      environment variable that overrides the file
//	default  value when nothing is said, as it would be written in YAML
//	enum     allowed words, separated by commas; case does not matter
//	min,max  allowed range
//	doc      one or more sentences for the user
//	example  value shown commented out in the example file
//	fill     value shown in force in the example file
//
// To add a key, add a field with tags; to add a rule between keys, see
// validate.go.
//
// # Where values come from
//
// Precedence is flag, environment, .env file beside the configuration, file,
// default. An environment variable that is set to nothing counts as not set.
// Within the file, ${NAME} and ${NAME:-otherwise} are replaced by environment
// variables; $${ writes a plain ${. Lists in flags and in the environment are
// separated by commas or written as [a, b].
//
// Any value may be a reference to a secret store (package secret lists them).
// Secrets are read when they are first used, other values while loading.
//
// A relative path in the file is taken from the file's directory, one in a flag
// or variable from the working directory.
package config

import (
	"fmt"

	"snowdrift/internal/secret"
)

// DefaultFile is read when no file is named and the working directory has it.
const DefaultFile = "snowdrift.yaml"

// Config is everything that snowdrift can be told. Load checks what is said;
// what a command needs besides is checked by [Config.RequireJira].
type Config struct {
	Pipeline    string      `yaml:"pipeline" default:"jira" doc:"Name of this pipeline. Several pipelines can share a destination; each remembers its own state under its name."`
	Jira        Jira        `yaml:"jira" doc:"The Jira site to read."`
	Sources     []Source    `yaml:"sources" doc:"Several sites into one warehouse: each with a name and a jira block. What a block does not say is taken from the jira block above. A source's pipeline is called PIPELINE_NAME, and its rows bear the name in the column _site."`
	Destination Destination `yaml:"destination" doc:"Where the tables go."`
	Batch       Batch       `yaml:"batch" doc:"Files between Jira and the destination, and how often they are committed."`
	Tables      []string    `yaml:"tables" default:"default" doc:"Tables to load: default, which is issues with every table that comes along with them or that takes few requests, less -exclusions; a list of the names in docs/TABLES.md; or issues alone, which takes least time and memory. A table that is listed needs its field among jira.fields; default leaves it out without."`
	Dimensions  Dimensions  `yaml:"dimensions" doc:"The tables of what issues refer to: projects, users, versions, ..."`
	Views       bool        `yaml:"views" default:"true" doc:"Whether to make views for analysts beside the tables: current issues, time in status, cycle time, sprint reports and more, see docs/TABLES.md. Those whose tables are not loaded are not made."`
	Census      Census      `yaml:"census" doc:"How completeness is proven: ids in Jira against ids in the table."`
	Secrets     Secrets     `yaml:"secrets" doc:"How to reach the secret stores that references in this file name."`

	file       string
	openDotEnv string   // a warning, or ""
	unset      problems // see RequireVariables
	loaded     []setting
	resolver   *secret.Resolver
	source     string // key of the source that this is the configuration of, see Sites
}

// Source is one of several Jira sites.
type Source struct {
	Name string `yaml:"name" doc:"Name of the site, and of its rows in the column _site: letters, digits, - and _."`
	Jira Jira   `yaml:"jira" doc:"The site; what is not said here is taken from the jira block at the top."`
}

// Sites returns what is to be loaded, site by site: the configuration itself, or
// with sources one for each, in their order. That of a source has the source's
// Jira block, and a pipeline that is named after both. Only the configuration
// that was loaded is to be closed.
func (c *Config) Sites() []*Config {
	if len(c.Sources) == 0 {
		return []*Config{c}
	}
	var sites []*Config
	for i, s := range c.Sources {
		one := *c
		one.Jira, one.Sources, one.source = s.Jira, nil, fmt.Sprintf("sources[%d].", i)
		one.Pipeline += "_" + s.Name
		sites = append(sites, &one)
	}
	return sites
}

// SourceName is the name of the source that this is the configuration of, see
// Sites; "" if it is that of the jira block alone.
func (c *Config) SourceName() string {
	if c.source == "" {
		return ""
	}
	return c.Jira.Site
}

// File returns the path of the file that was read, "" when there was none.
func (c *Config) File() string { return c.file }

// Close ends what reading secrets may have started, such as the renewal of a
// Vault token.
func (c *Config) Close() error {
	if c.resolver == nil {
		return nil
	}
	return c.resolver.Close()
}
