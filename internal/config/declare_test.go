package config

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestDeclaration holds every key to what the example, the schema and the
// documentation need.
func TestDeclaration(t *testing.T) {
	variables := map[string]string{}
	var visit func(n *node)
	visit = func(n *node) {
		for _, c := range n.children {
			if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(c.name) {
				t.Errorf("%s: the name is not in snake_case", c.path)
			}
			if !strings.HasSuffix(c.doc, ".") {
				t.Errorf("%s: doc is not a sentence: %q", c.path, c.doc)
			}
			if !c.isLeaf() {
				visit(c)
				continue
			}
			if c.def == "" && c.example == "" && c.fill == "" && c.path != "name" {
				t.Errorf("%s: has no default, example or fill", c.path)
			}
			if other := variables[c.env]; c.env != "" && other != "" && other != c.path {
				t.Errorf("%s: %s belongs to %s", c.path, c.env, other)
			}
			variables[c.env] = c.path
		}
	}
	visit(declaration())
}

// TestEveryKeyCanBeSet loads the example file with every commented key put in
// force: each example value must be one that its key accepts.
func TestEveryKeyCanBeSet(t *testing.T) {
	all := uncomment(Example())
	s := newSite(t, map[string]string{"snowdrift.yaml": all})
	in := &loading{env: s.lookup, doc: parseDocument("example", []byte(all)), dir: s.dir}
	s.env = map[string]string{"JIRA_EMAIL": "user7@example.org", "JIRA_API_TOKEN": "t", "COMPANY_CA_PEM": "p"}
	in.resolver = resolver(Secrets{}, in.lookup)
	c := &Config{}
	in.assignAll(t.Context(), c, func(*node) bool { return true })
	in.assignSources(t.Context(), c)
	for _, p := range append(in.doc.problems, in.problems...) {
		t.Error(p)
	}
	for _, row := range in.settings {
		if row.origin.Kind != FromFile && row.origin.Kind != FromEnvironment {
			t.Errorf("%s is not in the example", row.key)
		}
	}
	if len(c.Sources) != 2 {
		t.Errorf("%d sources", len(c.Sources))
	}
}

// uncomment puts the keys right behind a # in force. Prose has one space there,
// a continued list more.
func uncomment(example []byte) string {
	return regexp.MustCompile(`(?m)^( *)#([a-z]|  )`).ReplaceAllString(string(example), "$1$2")
}

// TestExampleLoads: a copy of the example works once the login is there.
func TestExampleLoads(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": string(Example())})
	s.env = map[string]string{"JIRA_EMAIL": "user7@example.org", "JIRA_API_TOKEN": "t0ken"}
	c := s.load(t)
	if err := c.RequireJira(); err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings()) > 0 {
		t.Errorf("warnings: %q", c.Warnings())
	}
	empty := newSite(t, map[string]string{"snowdrift.yaml": "jira: {url: https://your-company.atlassian.net}\n"})
	empty.env = s.env
	want := empty.load(t)
	for i, row := range c.Rows() {
		if w := want.Rows()[i]; row.Value != w.Value && row.Key != "destination.duckdb.path" {
			t.Errorf("%s: the example says %q, the default is %q", row.Key, row.Value, w.Value)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.json", text)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("snowdrift.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("snowdrift.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestSchema: what Load accepts the schema accepts, what is plainly wrong it
// refuses.
func TestSchema(t *testing.T) {
	schema := compileSchema(t)
	check := func(name, text string) error {
		asJSON, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return schema.Validate(doc)
	}
	for name, text := range map[string]string{
		"example":    string(Example()),
		"every key":  uncomment(Example()),
		"references": "jira: {page_size: 'env:SIZE', url: 'vault:a/b#c', overlap: '${OVERLAP}', search: {project: 10010}}",
		"forms":      "batch: {file_size: 1.5 GiB}\ncensus: {every: never, accept_shrink: 2.5%}\njira: {request_timeout: 1h30m, overlap: 1d}",
		"empty":      "jira:\ncensus: {}\nsources: []",
	} {
		if err := check(name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"unknown key": "jira: {urll: x}",
		"range":       "jira: {page_size: 9000}",
		"type":        "jira: {page_size: many}",
		"word":        "destination: {type: oracle}",
		"duration":    "jira: {overlap: 5}",
		"date":        "jira: {search: {updated_after: 2023/10/01}}",
		"list":        "jira: {url: [a]}",
		"nameless":    "sources: [{jira: {}}]",
	} {
		if err := check(name, text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRowsAsJSON(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "pipeline: p\n"})
	text, err := json.Marshal(s.row(t, s.load(t), "pipeline"))
	if want := `{"key":"pipeline","value":"p","origin":"snowdrift.yaml:1:11"}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v", text, err)
	}
}
