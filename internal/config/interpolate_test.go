package config

import (
	"strings"
	"testing"
)

func TestInterpolate(t *testing.T) {
	env := map[string]string{"A": "a", "EMPTY": "", "NESTED": "${A}", "B_2": "b"}
	lookup := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	for _, c := range []struct{ text, want, err string }{
		{"", "", ""}, {"plain", "plain", ""}, {"${A}", "a", ""}, {"x${A}y${B_2}z", "xaybz", ""},
		{"${NONE:-other}", "other", ""}, {"${EMPTY:-other}", "other", ""}, {"${A:-other}", "a", ""}, {"${NONE:-}", "", ""},
		{"${NONE:-http://x:80/-}", "http://x:80/-", ""}, {"${EMPTY}", "", ""},
		{"${NESTED}", "${A}", ""}, // what a variable holds is not read again
		{"$${A}", "${A}", ""}, {"pa$$word$", "pa$$word$", ""}, {"$A", "$A", ""}, {"a$${b}${A}", "a${b}a", ""},
		{"${NONE}", "", "NONE"}, {"${A", "", "is not ${NAME}"}, {"${}", "", "is not ${NAME}"}, {"${1A}", "", "is not ${NAME}"},
		{"${A-x}", "", "is not ${NAME}"}, {"${A:?x}", "", "is not ${NAME}"}, {"${A B}", "", "is not ${NAME}"},
	} {
		got, err := interpolate(c.text, lookup)
		if c.err == "" && (err != nil || got != c.want) {
			t.Errorf("%q: got %q, %v; want %q", c.text, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%q: got %q, %v; want an error about %s", c.text, got, err, c.err)
		}
	}
}

// FuzzInterpolate: a text without ${ is itself, and one with it doubled comes
// back as it was.
func FuzzInterpolate(f *testing.F) {
	f.Add("a${B}c")
	f.Add("$$${")
	f.Fuzz(func(t *testing.T, text string) {
		none := func(string) (string, bool) { return "", false }
		if got, err := interpolate(text, none); !strings.Contains(text, "${") && (got != text || err != nil) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
		escaped := strings.ReplaceAll(text, "${", "$${")
		if got, err := interpolate(escaped, none); got != text || err != nil {
			t.Errorf("%q: got %q, %v", escaped, got, err)
		}
	})
}

// FuzzDocument: no file makes the parser panic, and every one is either read or
// refused with a position.
func FuzzDocument(f *testing.F) {
	f.Add(string(Example()))
	for _, c := range shapes {
		f.Add(c.yaml)
	}
	f.Fuzz(func(t *testing.T, content string) {
		in := &loading{env: func(string) (string, bool) { return "", false }, doc: parseDocument("f", []byte(content))}
		in.resolver = bootstrap(in.lookup)
		c := &Config{}
		in.assignAll(t.Context(), c, func(*node) bool { return true })
		in.assignSources(t.Context(), c)
		for _, p := range append(in.doc.problems, in.problems...) {
			if p.Text == "" || p.Origin == (Origin{}) {
				t.Errorf("a problem without text or place: %+v", p)
			}
		}
		c.loaded = in.settings
		_ = c.validate()
	})
}
