package config

import (
	"net/url"
	"strings"

	"snowdrift/internal/secret"
)

// Row is one value as snowdrift understood it.
type Row struct {
	Key    string `json:"key"`
	Value  string `json:"value"` // secrets are ***, or *** and their reference
	Origin string `json:"origin"`
}

// Rows lists every value with its origin, in the order of the example file and
// with those of sources behind. Values that were not given have no origin.
func (c *Config) Rows() []Row {
	rows := make([]Row, 0, len(c.loaded))
	for _, s := range c.loaded {
		row := Row{Key: s.key, Value: format(s.value), Origin: s.origin.String()}
		switch reference := s.reference(); {
		case s.unset != "":
			row.Value = "(" + s.unset + " is not set)"
		case reference != "" && s.node.secret():
			row.Value = format(s.value) + " (" + reference + ")"
		case s.via != "": // came out of a secret store, so it may be a secret
			row.Value = "*** (" + reference + ")"
		}
		rows = append(rows, row)
	}
	return rows
}

// reference is where the value was, or will be, read from.
func (s setting) reference() string {
	if s.via != "" {
		return s.via
	}
	if !s.node.secret() {
		return ""
	}
	return s.value.Interface().(secret.String).Reference()
}

// Warnings lists what works but should not stay, a sentence each; every run
// logs them. A proxy may stand in the file, few have a password; so may a secret
// behind literal:, which says that it is meant.
func (c *Config) Warnings() []string {
	var all []string
	for _, s := range c.loaded {
		switch {
		case s.unset != "": // it has no value yet
		case s.node.name == "dangerously_skip_verification" && s.value.Bool():
			all = append(all, s.key+" is true: whoever sits between here and the server can read the login; trust the server's authority by tls.ca_file instead")
		case s.node.name == "allow_http" && s.value.Bool():
			all = append(all, s.key+" is true: the login may travel in clear; use https")
		case s.node.secret() && s.node.name != "proxy" && s.origin.Kind == FromFile && s.reference() == "" && !s.deliberate:
			all = append(all, s.key+" stands in "+s.origin.Name+" itself; put it elsewhere and write a reference, such as env:NAME or file:PATH")
		}
	}
	all = append(all, c.overridden()...)
	if c.openDotEnv != "" {
		all = append(all, c.openDotEnv)
	}
	if u, err := url.Parse(c.Secrets.Vault.Address); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		all = append(all, "secrets.vault.address is http: the token and the secrets travel in clear; use https")
	}
	return all
}

// overridden lists what a flag or variable says in vain, since a source says otherwise.
func (c *Config) overridden() []string {
	given := map[string]Origin{}
	var all []string
	for _, s := range c.loaded {
		_, key, ofSource := strings.Cut(s.key, "].")
		switch at, ok := given[key]; {
		case ofSource && ok:
			all = append(all, s.key+" wins over "+key+" ("+at.String()+"), which is for sources that do not say it themselves; leave one of the two out")
		case s.origin.Kind == FromFlag, s.origin.Kind == FromEnvironment, s.origin.Kind == FromDotEnv:
			given[s.key] = s.origin
		}
	}
	return all
}
