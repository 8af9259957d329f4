package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const canary = "canary-3f1c"

// TestSecretsStaySecret puts a canary into every secret by every way and looks
// for it in everything that can be printed.
func TestSecretsStaySecret(t *testing.T) {
	var flat strings.Builder
	env := map[string]string{}
	dotenv := ""
	for _, n := range declaration().leaves() {
		if !n.secret() {
			continue
		}
		fmt.Fprintf(&flat, "%s: %s\n", n.path, canary)
		if n.env != "" {
			env[n.env] = canary
			dotenv += n.env + "=" + canary + "\n"
		}
	}
	nested := nest(flat.String())
	var sources strings.Builder
	sources.WriteString("sources:\n  - name: a\n")
	for line := range strings.Lines(nest(ofJira(flat.String()))) {
		sources.WriteString("    " + line)
	}
	for name, s := range map[string]*site{
		"file":        newSite(t, map[string]string{"snowdrift.yaml": nested}),
		"variables":   newSite(t, map[string]string{"snowdrift.yaml": strings.ReplaceAll(nested, canary, "${CANARY}")}),
		"sources":     newSite(t, map[string]string{"snowdrift.yaml": sources.String()}),
		"environment": newSite(t, map[string]string{"snowdrift.yaml": ""}),
		"dotenv":      newSite(t, map[string]string{"snowdrift.yaml": "", ".env": dotenv}),
	} {
		t.Run(name, func(t *testing.T) {
			switch name {
			case "variables":
				s.env["CANARY"] = canary
			case "environment":
				s.env = env
			}
			c := s.load(t)
			count := 0
			for key, value := range c.SecretValues() {
				if reveal(t, value) != canary {
					t.Errorf("%s is not the canary", key)
				}
				count++
			}
			if count == 0 {
				t.Fatal("no secret was set")
			}
			asJSON, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			asYAML, err := yaml.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			printed := fmt.Sprintf("%v %+v %#v %s %s %v %v %v", c, *c, *c, asJSON, asYAML, c.Rows(), c.Warnings(), c.RequireJira())
			for _, one := range c.Sites() {
				printed += fmt.Sprintf("%v %+v %#v", one, *one, one.Jira)
			}
			if strings.Contains(printed, canary) {
				t.Errorf("the canary shows in %s", printed)
			}
		})
	}
}

// ofJira keeps the keys of the jira block.
func ofJira(flat string) string {
	var out strings.Builder
	for line := range strings.Lines(flat) {
		if strings.HasPrefix(line, "jira.") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// nest turns dotted keys into YAML blocks.
func nest(flat string) string {
	var out strings.Builder
	var open []string
	for line := range strings.Lines(flat) {
		key, value, _ := strings.Cut(line, ": ")
		parts := strings.Split(key, ".")
		groups := parts[:len(parts)-1]
		shared := 0
		for shared < len(open) && shared < len(groups) && open[shared] == groups[shared] {
			shared++
		}
		for i := shared; i < len(groups); i++ {
			out.WriteString(strings.Repeat("  ", i) + groups[i] + ":\n")
		}
		open = groups
		out.WriteString(strings.Repeat("  ", len(groups)) + parts[len(parts)-1] + ": " + value)
	}
	return out.String()
}
