package adf

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	dom "golang.org/x/net/html"

	"snowdrift/internal/realdata"
)

// Every node and mark of the official schema has a rule.
func TestSchemaCoverage(t *testing.T) {
	for _, file := range realdata.Glob(t, "spec", "adf-full-schema-*.json") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Definitions map[string]struct {
				Properties struct {
					Type struct{ Enum []string }
				}
			}
		}
		if err := json.Unmarshal(raw, &schema); err != nil {
			t.Fatal(err)
		}
		nodes, marks := 0, 0
		for name, d := range schema.Definitions {
			for _, typ := range d.Properties.Type.Enum {
				var ok bool
				if strings.HasSuffix(name, "_mark") {
					_, ok = markRules[typ]
					marks++
				} else {
					_, ok = nodeForms[typ]
					nodes++
				}
				if !ok {
					t.Errorf("%s: %s %q has no rule in rules.go", filepath.Base(file), name, typ)
				}
			}
		}
		if nodes < 40 || marks < 10 {
			t.Errorf("%s: found only %d nodes and %d marks: is the schema written differently?", filepath.Base(file), nodes, marks)
		}
	}
}

// Where the flavour of a corpus is justly not ours, its expected Markdown is
// translated before the comparison.
var flavours = map[string][]struct{ why, from, to string }{
	"ajbeck/jira_comment_mixed": {
		{"GFM has no mentions: a link to an account id would lead nowhere", `@\[(@[^\]]*)\]\([^)]*\)`, "$1"},
	},
	"ajbeck/confluence_extension_layout": {
		{"Markdown has no columns; their content follows one after the other", `\[layout-(section|column \d+)\]\n+`, ""},
		{"a bracket that is no link is escaped; the key alone says what is missing", `\[extension:extension:([^\]]*)\]`, `\[$1\]`},
	},
}

func TestCorpora(t *testing.T) {
	compared := 0
	for _, file := range realdata.Glob(t, "adf", "*", "*.json") {
		name := filepath.Base(filepath.Dir(file)) + "/" + strings.TrimSuffix(filepath.Base(file), ".json")
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, md := Valid(doc).AppendText(nil), Valid(doc).AppendMarkdown(nil)
		if len(text) == 0 {
			t.Errorf("%s: no text", name)
		}
		if !strings.Contains(string(doc), `"extension"`) { // Markdown names what text leaves out
			if want, got := letters(string(text)), letters(readerSees(t, md)); got != want {
				t.Errorf("%s: rendered Markdown reads %q, the text %q", name, got, want)
			}
		}
		expected, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".md")
		if os.IsNotExist(err) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		compared++
		want := strings.TrimSpace(string(expected))
		for _, f := range flavours[name] {
			want = regexp.MustCompile(f.from).ReplaceAllString(want, f.to)
		}
		if string(md) != want {
			t.Errorf("%s\n--- got\n%s\n--- want\n%s", name, md, want)
		}
	}
	if compared == 0 {
		t.Error("no document has expected Markdown beside it")
	}
}

var alertLabel = regexp.MustCompile(`\[!(NOTE|IMPORTANT|TIP|WARNING|CAUTION)\]`)

// readerSees returns all text of the rendered Markdown, but for the labels of
// alerts.
func readerSees(t *testing.T, md []byte) string {
	t.Helper()
	root, err := dom.Parse(strings.NewReader(render(t, md)))
	if err != nil {
		t.Fatal(err)
	}
	var s strings.Builder
	for n := range root.Descendants() {
		if n.Type == dom.TextNode {
			s.WriteString(n.Data)
		} else if n.Data == "img" {
			s.WriteString(attrOr(n, "alt", ""))
		}
	}
	return alertLabel.ReplaceAllString(s.String(), "")
}

// letters returns s without white space.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}
