package adf

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"snowdrift/internal/rawjson"
)

var update = flag.Bool("update", false, "write the expected results in testdata")

// goldens returns the hand-written documents of testdata by name.
func goldens(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents in testdata: %v", err)
	}
	docs := map[string][]byte{}
	for _, file := range files {
		doc, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		docs[strings.TrimSuffix(filepath.Base(file), ".json")] = doc
	}
	return docs
}

func TestGolden(t *testing.T) {
	for name, doc := range goldens(t) {
		for ext, convert := range map[string]func(doc Valid, dst []byte) []byte{".txt": Valid.AppendText, ".md": Valid.AppendMarkdown} {
			got := convert(doc, nil)
			file := filepath.Join("testdata", name+ext)
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(want) {
				t.Errorf("%s\n--- got\n%s\n--- want\n%s", file, got, want)
			}
		}
	}
}

func TestNotADocument(t *testing.T) {
	deep := func(n int, inside string) string {
		return strings.Repeat(`{"type":"blockquote","content":[`, n) + inside + strings.Repeat(`]}`, n)
	}
	for _, tt := range []struct{ name, in, text, md string }{
		{"nothing", "", "", ""},
		{"blanks", " \n", "", ""},
		{"null", "null", "", ""},
		{"string", `"h1. *wiki* \u0041 \"x\""`, `h1. *wiki* A "x"`, `h1. *wiki* A "x"`},
		{"string with line ends", `"a\r\nb\n"`, "a\r\nb\n", "a\r\nb\n"},
		{"number", "-1.5e400", "-1.5e400", "-1.5e400"},
		{"boolean", "true", "true", "true"},
		{"empty object", "{}", "", ""},
		{"empty array", "[]", "", ""},
		{"foreign object", `{"id":"10001","name":"Done"}`, "", ""},
		{"array of nodes", `[{"type":"rule"},{"type":"paragraph","content":[{"type":"text","text":"a"}]}]`, "a", "---\n\na"},
		{"array of strings", `["a","b"]`, "ab", "ab"},
		{"one node", `{"type":"text","text":"a*"}`, "a*", `a\*`},
		{"escaped names", `{"\u0074ype":"text","te\u0078t":"a"}`, "a", "a"},
		{"duplicate members", `{"type":"text","text":"a","text":"b"}`, "b", "b"},
		{"duplicate content", `{"content":["a"],"content":["b"]}`, "ab", "ab"},
		{"lone surrogates", `{"type":"text","text":"a\ud83d\u0041\udc00"}`, "a\uFFFDA\uFFFD", "a\uFFFDA\uFFFD"},
		{"invalid UTF-8", "{\"type\":\"text\",\"text\":\"a\xff\"}", "a\uFFFD", "a\uFFFD"},
		{"control characters", `{"type":"text","text":"a\u0000b\u001bc"}`, "a\x00b\x1bc", "a\x00b\x1bc"},
		{"hundred levels", deep(100, `{"type":"text","text":"x"}`), "x", strings.Repeat("> ", 100) + "x"},
		{"beyond the margin", deep(2000, `{"type":"text","text":"*a*\nb"}`), "*a*\nb",
			strings.Repeat("> ", 129) + "\\*a\\*\\\n" + strings.Repeat("> ", 129) + "b"},
		{"beyond the depth", strings.Repeat(`{"type":"expand","content":[`, 3000) + `{"type":"heading","content":["x"]}` + strings.Repeat(`]}`, 3000), "x", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if text := Valid(tt.in).AppendText([]byte("before ")); string(text) != "before "+tt.text {
				t.Errorf("text %q, want %q", text, tt.text)
			}
			if md := Valid(tt.in).AppendMarkdown([]byte("before ")); string(md) != "before "+tt.md {
				t.Errorf("Markdown %q, want %q", md, tt.md)
			}
		})
	}
}

// The order of an object's members does not matter.
func TestMemberOrder(t *testing.T) {
	for name, doc := range goldens(t) {
		var v any
		if err := json.Unmarshal(doc, &v); err != nil {
			t.Fatal(err)
		}
		for _, order := range [][]string{
			{"type", "attrs", "marks", "text", "content"},
			{"content", "text", "marks", "attrs", "type"},
			{"attrs", "content", "type", "text", "marks"},
		} {
			shuffled := appendOrdered(nil, v, order)
			for _, convert := range []func(doc Valid, dst []byte) []byte{Valid.AppendText, Valid.AppendMarkdown} {
				if want, got := convert(doc, nil), convert(shuffled, nil); !bytes.Equal(got, want) {
					t.Errorf("%s with members %v\n--- got\n%s\n--- want\n%s", name, order, got, want)
				}
			}
		}
	}
}

// appendOrdered encodes v with the named members of objects in that order, and
// the others after them.
func appendOrdered(dst []byte, v any, order []string) []byte {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		rank := func(name string) int {
			if i := slices.Index(order, name); i >= 0 {
				return i
			}
			return len(order)
		}
		slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
		dst = append(dst, '{')
		for i, name := range names {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendOrdered(dst, name, order)
			dst = append(dst, ':')
			dst = appendOrdered(dst, v[name], order)
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendOrdered(dst, e, order)
		}
		return append(dst, ']')
	}
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // v comes from json.Unmarshal
	}
	return append(dst, raw...)
}

func FuzzConvert(f *testing.F) {
	for _, doc := range goldens(f) {
		f.Add(doc)
	}
	f.Add([]byte(`"wiki"`))
	f.Add([]byte(`[{"type":"table","content":[{},{"content":[{"attrs":{"rowspan":9,"colspan":9}},1]}]}]`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		const before = "before \n"
		for name, c := range map[string]struct {
			convert func(doc Valid, dst []byte) []byte
			growth  int // bound of the result's length as a multiple of the document's, plus 64 bytes
		}{"text": {Valid.AppendText, 4}, "Markdown": {Valid.AppendMarkdown, 160}} {
			got := c.convert(doc, []byte(before))
			result, ok := bytes.CutPrefix(got, []byte(before))
			switch {
			case !ok:
				t.Fatalf("%s: what was there before has changed: %q", name, got)
			case !rawjson.Valid(doc): // to come to an end is all
			case len(result) > c.growth*len(doc)+64:
				t.Fatalf("%s: %d bytes became %d", name, len(doc), len(result))
			case !utf8.Valid(result):
				t.Fatalf("%s: not UTF-8: %q", name, result)
			}
		}
	})
}

// benchDoc is a description as people write them, about 8 KB of JSON.
func benchDoc(b testing.TB) []byte {
	docs := goldens(b)
	var doc bytes.Buffer
	doc.WriteString(`{"type":"doc","version":1,"content":[`)
	for i, name := range []string{"blocks", "lists", "tables", "marks", "inline"} {
		var d struct{ Content json.RawMessage }
		if err := json.Unmarshal(docs[name], &d); err != nil {
			b.Fatal(err)
		}
		if i > 0 {
			doc.WriteByte(',')
		}
		var content bytes.Buffer
		if err := json.Compact(&content, d.Content); err != nil {
			b.Fatal(err)
		}
		doc.Write(content.Bytes()[1 : content.Len()-1])
	}
	doc.WriteString(`]}`)
	return doc.Bytes()
}

// A scratch that has seen a document like it needs no memory for the next.
func TestAllocations(t *testing.T) {
	doc := benchDoc(t)
	dst := make([]byte, 0, 4*len(doc))
	var s scratch
	for name, write := range map[string]func(dst []byte, s *scratch) []byte{"text": appendText, "Markdown": appendMarkdown} {
		n := testing.AllocsPerRun(50, func() {
			s.convert(dst, doc, write)
		})
		if n > 2 { // the words of attrs.language
			t.Errorf("%s: %v allocations a document, want at most 2", name, n)
		}
	}
}

func BenchmarkAppendText(b *testing.B)     { benchmark(b, Valid.AppendText) }
func BenchmarkAppendMarkdown(b *testing.B) { benchmark(b, Valid.AppendMarkdown) }

func benchmark(b *testing.B, convert func(doc Valid, dst []byte) []byte) {
	doc := benchDoc(b)
	var dst []byte
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		dst = convert(doc, dst[:0])
	}
}
