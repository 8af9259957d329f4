package config

import "fmt"

// OriginKind says which layer a value comes from.
type OriginKind string

// Layers, the weakest first.
const (
	FromDefault     OriginKind = "default"
	FromFile        OriginKind = "file"
	FromDotEnv      OriginKind = ".env"
	FromEnvironment OriginKind = "environment"
	FromFlag        OriginKind = "flag"
)

// Origin says where a value stands.
type Origin struct {
	Kind   OriginKind
	Name   string // file, or name of the variable
	Line   int    // in the file, from 1
	Column int
}

// String reads "default", "snowdrift.yaml:3:8", "environment JIRA_URL",
// ".env JIRA_URL" or "flag"; "" for the zero Origin.
func (o Origin) String() string {
	switch {
	case o.Kind == FromFile && o.Line > 0:
		return fmt.Sprintf("%s:%d:%d", o.Name, o.Line, o.Column)
	case o.Kind == FromFile:
		return o.Name
	case o.Name != "":
		return string(o.Kind) + " " + o.Name
	default:
		return string(o.Kind)
	}
}
