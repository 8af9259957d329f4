package config

import (
	"bytes"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// exampleHead opens the example file.
const exampleHead = `# snowdrift: every key, what it means and its default.
#
# Made from the program itself (snowdrift config example). Copy it to
# snowdrift.yaml and keep what you need: a key that is left out has its default.
# Keys right behind a # have none and show an example.
#
# A variable in brackets overrides the key: flag > environment > .env > file >
# default. ${NAME} and ${NAME:-otherwise} put in environment variables. Secrets,
# and any other value, can be references: env:NAME, file:PATH[#FIELD],
# vault:MOUNT/PATH#FIELD, aws-sm:NAME[#FIELD], aws-ssm:NAME,
# azure-kv:VAULT/NAME[#FIELD], gcp-sm:PROJECT/NAME[#FIELD].
# Sizes: 128MB, 1GiB. Durations: 90s, 15m, 24h, 7d. Relative paths begin at this
# file's directory.
`

// exampleWidth is where comments break.
const exampleWidth = 80

// Example returns snowdrift.example.yaml: a configuration with every key, its
// meaning and its default. It can be loaded as it is once JIRA_EMAIL and
// JIRA_API_TOKEN are set.
func Example() []byte {
	var b bytes.Buffer
	b.WriteString(exampleHead)
	for _, n := range declaration().children {
		b.WriteByte('\n')
		writeExample(&b, n, "")
	}
	return b.Bytes()
}

// writeExample writes one key with its comment and what is below it.
func writeExample(b *bytes.Buffer, n *node, indent string) {
	writeComment(b, describeKey(n), indent)
	switch {
	case n.list:
		writeSources(b, n, indent)
	case !n.isLeaf():
		open := "" // a group without a key in force is commented out whole
		if !inForce(n) {
			open = "#"
		}
		fmt.Fprintf(b, "%s%s%s:\n", indent, open, n.name)
		for _, c := range n.children {
			writeExample(b, c, indent+"  ")
		}
	case n.def != "":
		fmt.Fprintf(b, "%s%s: %s\n", indent, n.name, n.exampleText(n.def))
	case n.fill != "":
		fmt.Fprintf(b, "%s%s: %s\n", indent, n.name, n.exampleText(n.fill))
	default:
		fmt.Fprintf(b, "%s#%s: %s\n", indent, n.name, n.exampleText(n.example))
	}
}

// inForce reports whether a key below n is written uncommented.
func inForce(n *node) bool {
	for _, l := range n.leaves() {
		if l.def != "" || l.fill != "" {
			return true
		}
	}
	return false
}

// writeSources shows the shape of a list of sites.
func writeSources(b *bytes.Buffer, n *node, indent string) {
	for _, line := range []string{
		n.name + ":",
		"  - name: emea",
		"    jira: {url: https://emea.example.org, auth: {method: bearer, token: env:EMEA_TOKEN}}",
		"  - name: apac",
		"    jira: {url: https://apac.example.org, auth: {method: bearer, token: env:APAC_TOKEN}}",
	} {
		b.WriteString(indent + "#" + line + "\n")
	}
}

// describeKey is the comment of a key: its meaning, what it may hold and which
// variable overrides it.
func describeKey(n *node) string {
	text := n.doc
	if len(n.enum) > 0 {
		text += " One of " + strings.Join(n.enum, ", ") + "."
	}
	switch {
	case n.min != "" && n.max != "":
		text += " From " + n.min + " to " + n.max + "."
	case n.min != "" && n.min != "0" && n.min != "0s":
		text += " At least " + n.min + "."
	}
	if n.env != "" {
		text += " [" + n.env + "]"
	}
	return text
}

// writeComment writes text as comment lines of readable width.
func writeComment(b *bytes.Buffer, text, indent string) {
	line := indent + "#"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > exampleWidth {
			b.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// exampleText is a value as the example file writes it: a text in quotes where
// YAML would read it as something else, also if it were moved into {braces}.
func (n *node) exampleText(text string) string {
	switch {
	case !n.secret() && n.typ.Kind() != reflect.String:
		return text
	case strings.ContainsAny(text, "{}#"):
		return strconv.Quote(text)
	default:
		return text
	}
}
