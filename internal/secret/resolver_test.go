package secret

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	stores := map[string]Store{"env": Env{Lookup: func(name string) (string, bool) { return "from " + name, name == "TOKEN" }}, "file": File{}}
	r := NewResolver(stores)
	for _, c := range []struct {
		text, reference, value string
	}{
		{"plain", "", "plain"},
		{"https://user:pw@host", "", "https://user:pw@host"},
		{"unknown:x", "", "unknown:x"},
		{"literal:env:TOKEN", "", "env:TOKEN"},
		{"env:TOKEN", "env:TOKEN", "from TOKEN"},
		{"", "", ""},
	} {
		s, err := r.Parse(c.text, "")
		if err != nil {
			t.Fatalf("%q: %v", c.text, err)
		}
		got, err := s.Reveal(t.Context())
		if s.Reference() != c.reference || got != c.value || err != nil {
			t.Errorf("%q: reference %q, value %q, %v", c.text, s.Reference(), got, err)
		}
	}
	for _, text := range []string{"env:", "env:" + canary + "!", "env:TOKEN#" + canary, "file:"} {
		if _, err := r.Parse(text, ""); !errors.Is(err, Invalid) || strings.Contains(err.Error(), canary) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFieldIsBehindTheLastHash(t *testing.T) {
	ref, ok, err := NewResolver(map[string]Store{"file": File{}}).Reference("file:a#b.json#c.d", "/etc/snowdrift")
	want := Reference{Scheme: "file", Name: filepath.Join("/etc/snowdrift", "a#b.json"), Field: "c.d"}
	if ref != want || !ok || err != nil {
		t.Errorf("got %+v, %v, %v", ref, ok, err)
	}
}

func TestRelativeFiles(t *testing.T) {
	r := NewResolver(map[string]Store{"file": File{}, "mem": &memory{}})
	for _, c := range []struct{ text, dir, want string }{
		{"file:key", "", "file:key"},
		{"file:key", "conf", "file:" + filepath.Join("conf", "key")},
		{"file:/run/key", "conf", "file:/run/key"},
		{"mem:key", "conf", "mem:key"},
	} {
		ref, _, err := r.Reference(c.text, c.dir)
		if ref.String() != c.want || err != nil {
			t.Errorf("%s in %q: got %s, %v", c.text, c.dir, ref, err)
		}
	}
}

func TestLookup(t *testing.T) {
	r := NewResolver(map[string]Store{"mem": &memory{value: "v\n"}})
	if got, err := r.Lookup(t.Context(), Reference{Scheme: "mem", Name: "x"}); got != "v" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := r.Lookup(t.Context(), Reference{Scheme: "none", Name: "x"}); !errors.Is(err, Invalid) || !strings.Contains(err.Error(), "mem:…") {
		t.Errorf("got %v", err)
	}
}

// closing is a store with something to let go of.
type closing struct {
	memory
	err error
}

func (c *closing) Close() error { return c.err }

func TestClose(t *testing.T) {
	r := NewResolver(map[string]Store{"mem": &memory{}, "a": &closing{err: io.ErrClosedPipe}, "b": &closing{}})
	if err := r.Close(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}
