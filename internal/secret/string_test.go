package secret

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"text/template"
	"unsafe"

	"github.com/goccy/go-yaml"
)

const canary = "canary-3f1c"

// memory is a store that counts its reads.
type memory struct {
	mu    sync.Mutex
	value string
	err   error
	reads int
}

func (*memory) Check(Reference) error { return nil }

func (m *memory) Read(context.Context, Reference) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return m.value, m.err
}

// writable is a memory that can be written.
type writable struct{ memory }

func (w *writable) Write(_ context.Context, _ Reference, value string) error {
	w.value = value
	return w.err
}

func parse(t *testing.T, stores map[string]Store, text string) String {
	t.Helper()
	s, err := NewResolver(stores).Parse(text, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// holder has a secret where fmt cannot call methods: in an unexported field.
type holder struct {
	Name   string
	Secret String
	hidden String
}

func TestNeverPrinted(t *testing.T) {
	resolved := parse(t, map[string]Store{"mem": &memory{value: canary}}, "mem:x")
	if _, err := resolved.Reveal(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]String{"plain": Plain(canary), "resolved": resolved} {
		h := holder{Name: "n", Secret: s, hidden: s}
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%20s", "%-3v", "%T"} {
			for _, value := range []any{s, &s, h, &h, []String{s}, map[string]String{"k": s}, any(s)} {
				fmt.Fprintf(&out, verb+"\n", value)
			}
		}
		fmt.Fprintln(&out, s, h, fmt.Errorf("wrapped: %v %w", s, errors.New(s.String())))
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "secret", s, "holder", h, "pointer", &h)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "secret", s, "holder", h, "pointer", &h)
		encode(t, &out, "json", func() ([]byte, error) { return json.Marshal(h) })
		encode(t, &out, "json key", func() ([]byte, error) { return json.Marshal(map[string]any{"k": s, "p": &s}) })
		encode(t, &out, "xml", func() ([]byte, error) { return xml.Marshal(h) })
		encode(t, &out, "yaml", func() ([]byte, error) { return yaml.Marshal(struct{ Secret String }{s}) })
		if err := gob.NewEncoder(&out).Encode(struct{ Secret String }{s}); err != nil {
			t.Fatal(err)
		}
		if err := template.Must(template.New("").Parse("{{.}} {{.Secret}}")).Execute(&out, h); err != nil {
			t.Fatal(err)
		}
		deepPrint(&out, reflect.ValueOf(h), 0)
		func() {
			defer func() { fmt.Fprint(&out, recover()) }()
			panic(h)
		}()
		if strings.Contains(out.String(), canary) || strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
			t.Errorf("%s: the secret shows in:\n%s", name, out.String())
		}
		if !strings.Contains(out.String(), mask) {
			t.Errorf("%s: no mask in:\n%s", name, out.String())
		}
	}
}

func encode(t *testing.T, out *bytes.Buffer, name string, marshal func() ([]byte, error)) {
	t.Helper()
	text, err := marshal()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(mask)) {
		t.Errorf("%s: %s has no mask", name, text)
	}
	out.Write(text)
}

// deepPrint does what dumpers in debuggers and test libraries do: it follows
// pointers and unexported fields.
func deepPrint(out *bytes.Buffer, v reflect.Value, depth int) {
	if depth > 10 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			deepPrint(out, v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if f.CanAddr() {
				f = reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
			}
			deepPrint(out, f, depth+1)
		}
	case reflect.String:
		fmt.Fprintln(out, v.String())
	default:
		fmt.Fprintln(out, v)
	}
}

func TestGobIsNotReadBack(t *testing.T) {
	var out bytes.Buffer
	if err := gob.NewEncoder(&out).Encode(struct{ S String }{Plain(canary)}); err != nil {
		t.Fatal(err)
	}
	var back struct{ S String }
	if err := gob.NewDecoder(&out).Decode(&back); !errors.Is(err, Invalid) {
		t.Errorf("got %v, want a refusal: the mask is not a secret", err)
	}
}

func TestZero(t *testing.T) {
	var s String
	value, err := s.Reveal(t.Context())
	if !s.IsZero() || !Plain("").IsZero() || value != "" || err != nil || s.Reference() != "" || s.String() != mask {
		t.Errorf("zero: %q %v %q", value, err, s.Reference())
	}
	if changed, err := s.Reload(t.Context()); changed || err != nil {
		t.Errorf("reload of nothing: %v %v", changed, err)
	}
	if err := s.Replace(t.Context(), "x"); !errors.Is(err, ReadOnly) {
		t.Errorf("replace of nothing: %v", err)
	}
}

func TestRevealIsLazyAndShared(t *testing.T) {
	m := &memory{value: "one\n"}
	s := parse(t, map[string]Store{"mem": m}, "mem:x#f")
	if m.reads != 0 || s.Reference() != "mem:x#f" {
		t.Fatalf("%d reads before the first use of %q", m.reads, s.Reference())
	}
	twin := s
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got, err := twin.Reveal(t.Context()); got != "one" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	group.Wait()
	if m.reads != 1 {
		t.Errorf("%d reads, want 1", m.reads)
	}
	m.value = "two"
	if changed, err := s.Reload(t.Context()); !changed || err != nil {
		t.Errorf("reload: %v %v", changed, err)
	}
	if changed, err := s.Reload(t.Context()); changed || err != nil {
		t.Errorf("second reload: %v %v", changed, err)
	}
	if got, _ := twin.Reveal(t.Context()); got != "two" {
		t.Errorf("the copy has %q", got)
	}
	m.err = errors.New("store is down")
	if _, err := s.Reload(t.Context()); !errors.Is(err, Unreachable) || !errors.Is(err, m.err) {
		t.Errorf("reload of a store that is down: %v", err)
	}
	if got, err := s.Reveal(t.Context()); got != "two" || err != nil {
		t.Errorf("the known value is lost: %q, %v", got, err)
	}
}

func TestFailuresAreNotRemembered(t *testing.T) {
	m := &memory{err: &Error{Kind: Denied, Mend: "ask"}}
	s := parse(t, map[string]Store{"mem": m}, "mem:x")
	_, err := s.Reveal(t.Context())
	if !errors.Is(err, Denied) || err.Error() != "read secret mem:x: access denied; ask" {
		t.Fatalf("got %v", err)
	}
	m.err, m.value = nil, "\r\n"
	if _, err := s.Reveal(t.Context()); !errors.Is(err, Empty) {
		t.Errorf("an empty secret: %v", err)
	}
	m.value = canary
	if got, err := s.Reveal(t.Context()); got != canary || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestErrorsKeepTheirStory(t *testing.T) {
	inner := &Error{Op: "read", Ref: Reference{Scheme: "env", Name: "ROLE_ID"}, Kind: NotFound, Mend: "set it"}
	for want, err := range map[string]error{
		"read secret mem:x: not found: read secret env:ROLE_ID: not found; set it":         inner,
		"read secret mem:x: not found: log in: read secret env:ROLE_ID: not found; set it": fmt.Errorf("log in: %w", inner),
		"read secret mem:x: sealed: HTTP 503; unseal":                                      &Error{Kind: Sealed, Err: errors.New("HTTP 503"), Mend: "unseal"},
		"read secret mem:x: not reachable: unforeseen":                                     errors.New("unforeseen"),
	} {
		s := parse(t, map[string]Store{"mem": &memory{err: err}}, "mem:x")
		if _, got := s.Reveal(t.Context()); got == nil || got.Error() != want {
			t.Errorf("got  %v\nwant %s", got, want)
		}
	}
}

func TestReplace(t *testing.T) {
	w := &writable{memory{value: "old"}}
	s := parse(t, map[string]Store{"mem": w}, "mem:x")
	if err := s.Replace(t.Context(), "new"); err != nil || w.value != "new" {
		t.Fatalf("stored %q, %v", w.value, err)
	}
	w.err = &Error{Kind: Denied}
	if err := s.Replace(t.Context(), "newer"); !errors.Is(err, Denied) {
		t.Errorf("got %v", err)
	}
	for name, s := range map[string]String{
		"plain":     Plain("old"),
		"read-only": parse(t, map[string]Store{"mem": &memory{value: "old"}}, "mem:x"),
	} {
		if err := s.Replace(t.Context(), canary); !errors.Is(err, ReadOnly) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := s.Reveal(t.Context()); got != canary || err != nil {
			t.Errorf("%s: this process lost the new value: %q, %v", name, got, err)
		}
	}
}

// slow blocks until it is released, then finds nothing.
type slow struct{ entered, release chan struct{} }

func (slow) Check(Reference) error { return nil }

func (s slow) Read(context.Context, Reference) (string, error) {
	close(s.entered)
	<-s.release
	return "", &Error{Kind: NotFound}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	store := slow{make(chan struct{}), make(chan struct{})}
	s := parse(t, map[string]Store{"slow": store}, "slow:x")
	done := make(chan error)
	go func() { _, err := s.Reveal(context.Background()); done <- err }()
	<-store.entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Reveal(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(store.release)
	if err := <-done; !errors.Is(err, NotFound) {
		t.Errorf("got %v", err)
	}
}

// Only a reference to a store that is a Writer can take a new value.
func TestWritable(t *testing.T) {
	r := NewResolver(map[string]Store{"file": File{}, "env": Env{}})
	for text, want := range map[string]bool{"file:token": true, "env:TOKEN": false, "literal:x": false, "": false} {
		s, err := r.Parse(text, "")
		if err != nil || s.Writable() != want {
			t.Errorf("%q: writable %v, %v", text, s.Writable(), err)
		}
	}
}
