//go:build unix

// Package readers compares JSON readers on issues as Jira sends them. It is a
// module of its own, so that what is only compared is no dependency of snowdrift:
//
//	cd internal/bench/readers && go test -bench . -v
package readers

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/ast"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/minio/simdjson-go"
	"github.com/valyala/fastjson"

	"snowdrift/internal/jirasim"
	"snowdrift/internal/rawjson"
)

// reader finds the id and the members of an issue's fields, and returns how many
// there are. That is the least a loader has to do with an issue.
type reader struct {
	name string
	// checks says that text which is not JSON is refused.
	checks bool
	fields func(issue []byte) (int, error)
}

func readers() []reader {
	var parser fastjson.Parser
	var tape *simdjson.ParsedJson
	return []reader{
		{"jsontext, checked only", true, func(issue []byte) (int, error) {
			return fieldCount, decoder(issue).SkipValue()
		}},
		{"rawjson, after its check", true, func(issue []byte) (int, error) {
			if !rawjson.Valid(issue) {
				return 0, errInvalid
			}
			return walk(issue), nil
		}},
		{"rawjson, unchecked", false, func(issue []byte) (int, error) { return walk(issue), nil }},
		{"jsontext, every token", true, tokens},
		{"fastjson", true, func(issue []byte) (int, error) {
			v, err := parser.ParseBytes(issue)
			if err != nil {
				return 0, err
			}
			return v.GetObject("fields").Len(), nil
		}},
		{"simdjson-go", true, func(issue []byte) (n int, err error) {
			if tape, err = simdjson.Parse(issue, tape, simdjson.WithCopyStrings(false)); err != nil {
				return 0, err
			}
			return simdFields(tape)
		}},
		{"sonic, into values", true, func(issue []byte) (int, error) {
			var v struct{ Fields map[string]any }
			err := sonic.ConfigStd.Unmarshal(issue, &v)
			return len(v.Fields), err
		}},
		{"sonic/ast", true, func(issue []byte) (int, error) {
			node, err := sonic.Get(issue, "fields")
			if err != nil {
				return 0, err
			}
			return sonicFields(node)
		}},
		{"encoding/json, checked only", true, func(issue []byte) (int, error) {
			if !json.Valid(issue) {
				return 0, errInvalid
			}
			return fieldCount, nil
		}},
		{"encoding/json, raw members", true, func(issue []byte) (int, error) {
			var v struct{ Fields map[string]json.RawMessage }
			err := json.Unmarshal(issue, &v)
			return len(v.Fields), err
		}},
		{"encoding/json, into values", true, func(issue []byte) (int, error) {
			var v struct{ Fields map[string]any }
			err := json.Unmarshal(issue, &v)
			return len(v.Fields), err
		}},
	}
}

var errInvalid = errors.New("this is not JSON")

// fieldCount stands for a number of fields that a reader does not find out.
const fieldCount = -1

func decoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
}

func walk(issue []byte) (n int) {
	c := rawjson.NewCursor(issue)
	c.Members(func(name []byte) {
		if string(name) == "fields" {
			c.Members(func([]byte) { n++ })
		}
	})
	return n
}

func tokens(issue []byte) (n int, err error) {
	dec := decoder(issue)
	for depth := -1; depth != 0; {
		token, err := dec.ReadToken()
		if err != nil {
			return 0, err
		}
		depth = dec.StackDepth()
		if depth == 2 && token.Kind() == '"' {
			if _, at := dec.StackIndex(2); at%2 == 1 { // a name
				n++
			}
		}
	}
	return n, nil
}

func simdFields(tape *simdjson.ParsedJson) (n int, err error) {
	err = tape.ForEach(func(i simdjson.Iter) error {
		object, err := i.Object(nil)
		if err != nil {
			return err
		}
		element := object.FindKey("fields", nil)
		if element == nil {
			return nil
		}
		fields, err := element.Iter.Object(nil)
		if err != nil {
			return err
		}
		return fields.ForEach(func(_ []byte, _ simdjson.Iter) { n++ }, nil)
	})
	return n, err
}

func sonicFields(node ast.Node) (int, error) {
	if err := node.LoadAll(); err != nil {
		return 0, err
	}
	return node.Len()
}

func issues(tb testing.TB) (all [][]byte, bytes int64) {
	sim, err := jirasim.New(jirasim.Options{Issues: 500, Seed: 6})
	if err != nil {
		tb.Fatal(err)
	}
	sim.Each(func(_ int64, _ string, raw []byte) bool {
		all = append(all, slices.Clone(raw))
		bytes += int64(len(raw))
		return true
	})
	return all, bytes
}

func BenchmarkReaders(b *testing.B) {
	all, size := issues(b)
	for _, r := range readers() {
		b.Run(r.name, func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			began := cpuTime(b)
			for b.Loop() {
				for _, raw := range all {
					if n, err := r.fields(raw); err != nil || n != fieldCount && n < 20 {
						b.Fatal(n, err)
					}
				}
			}
			// Of CPU time, which others that are at work disturb less than the clock.
			b.ReportMetric(float64(size)*float64(b.N)/1e6/(cpuTime(b)-began).Seconds(), "MB/cpu-s")
		})
	}
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestOdd prints which readers take what legal pages hold: the issue has to be
// read with all of its fields.
func TestOdd(t *testing.T) {
	texts := []struct{ name, value string }{
		{"1e400", `1e400`},
		{"200 levels", strings.Repeat("[", 200) + strings.Repeat("]", 200)},
		{"10,000 levels", strings.Repeat(`[`, 9_990) + strings.Repeat(`]`, 9_990)},
		{"a lone surrogate", `"\ud800"`},
		{"bytes that are not UTF-8", "\"\xff\""},
		{"3 MB of text", `"` + strings.Repeat("x", 3<<20) + `"`},
		{"a name twice", `1,"a":2`},
	}
	for _, r := range readers() {
		var refused []string
		for _, text := range texts {
			n, err := r.fields([]byte(`{"id":"1","fields":{"a":` + text.value + `,"b":true}}`))
			if err != nil || n != fieldCount && n < 2 {
				refused = append(refused, text.name)
			}
		}
		if n, err := r.fields([]byte(`{"id":"1","fields":{"a":[1,}}`)); r.checks && err == nil {
			t.Errorf("%s takes what is not JSON: %d", r.name, n)
		}
		t.Logf("%-36s refuses: %s", r.name, strings.Join(refused, ", "))
	}
}
