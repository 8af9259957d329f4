package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// schema is the part of JSON Schema, draft 2020-12, that describes our keys.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"` // a name or a list of names
	Properties  map[string]*schema `json:"properties,omitempty"`
	Other       any                `json:"additionalProperties,omitempty"` // false, or the schema of other properties
	Required    []string           `json:"required,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *float64           `json:"minimum,omitempty"`
	Maximum     *float64           `json:"maximum,omitempty"`
	Default     any                `json:"default,omitempty"`
	Examples    []string           `json:"examples,omitempty"`
}

// elsewhere matches a text whose value comes from somewhere else: a ${variable}
// or a reference to a secret store. It may stand for a value of any type.
const elsewhere = `\$\{|^(env|file|vault|aws-sm|aws-ssm|azure-kv|gcp-sm):`

// Schema returns a JSON Schema of the configuration file, for editors that
// complete and check YAML. Load also knows the rules between keys, and takes
// words in upper or lower case.
func Schema() ([]byte, error) {
	root := groupSchema(declaration())
	root.Dialect = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "snowdrift configuration"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the configuration's schema: %w", err)
	}
	return append(text, '\n'), nil
}

// groupSchema describes a block of keys. A block may be left empty.
func groupSchema(n *node) *schema {
	s := &schema{Description: n.doc, Type: []string{"object", "null"}, Other: false, Properties: map[string]*schema{}}
	for _, c := range n.children {
		switch {
		case c.isLeaf():
			s.Properties[c.name] = leafSchema(c)
		case c.list:
			item := groupSchema(&node{children: c.children})
			item.Required = []string{"name"}
			s.Properties[c.name] = &schema{Description: c.doc, Type: []string{"array", "null"}, Items: item}
		case c.short != "":
			short := leafSchema(c.full())
			short.AnyOf = append([]*schema{groupSchema(c)}, short.AnyOf...)
			short.Description = c.doc
			s.Properties[c.name] = short
		default:
			s.Properties[c.name] = groupSchema(c)
		}
	}
	return s
}

// leafSchema describes one value.
func leafSchema(n *node) *schema {
	s := &schema{Description: n.doc}
	if n.env != "" {
		s.Description += " Environment variable: " + n.env + "."
	}
	if n.example != "" && !strings.HasPrefix(n.example, "[") {
		s.Examples = []string{n.example}
	}
	s.Default = defaultJSON(n)
	s.AnyOf = append(valueSchemas(n), &schema{Type: "string", Pattern: elsewhere}, &schema{Type: "null"})
	return s
}

// durationPattern is what parseDuration accepts.
const durationPattern = `([0-9.]+(d|h|m|s|ms|us|µs|ns))+`

// valueSchemas describes what Load accepts for the type of a value.
func valueSchemas(n *node) []*schema {
	text := func(pattern string) []*schema { return []*schema{{Type: "string", Pattern: "^" + pattern + "$"}} }
	switch n.typ {
	case reflect.TypeFor[Size]():
		return append(text(`[0-9]+(\.[0-9]+)?\s*([KkMmGgTt]?[Ii]?[Bb])?`), &schema{Type: "integer"})
	case durationType:
		return text(durationPattern)
	case reflect.TypeFor[Cadence](), reflect.TypeFor[DeepCadence]():
		return append([]*schema{{Enum: []string{"run", "never"}}}, text(durationPattern)...)
	case reflect.TypeFor[Percent]():
		return text(`[0-9.]+\s*%`)
	case reflect.TypeFor[Date]():
		return text(`[0-9]{4}-[0-9]{2}-[0-9]{2}`)
	case listType:
		return []*schema{anyScalar(), {Type: "array", Items: anyScalar()}}
	case namesType:
		return []*schema{{Type: "object", Other: anyScalar()}, {Type: "array", Items: anyScalar()}}
	}
	switch n.typ.Kind() {
	case reflect.Bool:
		return []*schema{{Type: "boolean"}}
	case reflect.Int:
		return []*schema{{Type: "integer", Minimum: bound(n.min), Maximum: bound(n.max)}}
	case reflect.Float64:
		return []*schema{{Type: "number", Minimum: bound(n.min), Maximum: bound(n.max)}}
	}
	if len(n.enum) > 0 {
		return []*schema{{Enum: n.enum}}
	}
	return []*schema{anyScalar()}
}

// anyScalar is any single value: an unquoted project id is a number to YAML.
func anyScalar() *schema {
	return &schema{Type: []string{"string", "number", "boolean", "null"}}
}

func bound(text string) *float64 {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil
	}
	return &number
}

// defaultJSON is the default as the file would have it.
func defaultJSON(n *node) any {
	if n.def == "" {
		return nil
	}
	switch n.typ {
	case reflect.TypeFor[bool]():
		return n.def == "true"
	case reflect.TypeFor[int](), reflect.TypeFor[float64]():
		return json.RawMessage(n.def)
	}
	return n.def
}
