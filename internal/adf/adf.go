// Package adf turns Atlassian Document Format, the JSON in which Jira Cloud
// returns descriptions, comments and other rich text, into plain text and into
// GitHub-flavoured Markdown.
//
//	text := adf.Valid(raw).AppendText(nil)     // for search and language models
//	md := adf.Valid(raw).AppendMarkdown(nil)   // for people
//
// Whoever has the raw JSON value has had it checked with the page that it came in
// (rawjson.Valid), so there is no error to return. Both read it once into a flat list
// of nodes and write from there. What each node and mark of the official schema
// becomes is said in one place, the two tables of rules.go.
//
// # Plain text
//
// Every block starts on a new line, the cells of a table row are separated by
// tabs, a mention is "@Name", a date yyyy-mm-dd, an image its alternative text
// or file name. There is no markup: no bullets, no targets of links.
//
// # Markdown
//
// Text is escaped wherever CommonMark or its GFM extensions would read it as
// markup, so that a renderer shows the characters that Jira shows. Emphasis
// whose delimiters CommonMark would not recognise ("**Note:**text") becomes an
// HTML tag. A line break inside a table cell is <br>. What Markdown has no
// notion of (colours, alignment, widths, layouts) leaves no trace.
//
// # Values that are not documents
//
// They add what they say:
//
//   - null and no bytes at all add nothing;
//   - a string is added as it is. That is what REST v2 and Data Center return:
//     wiki markup, which this package leaves alone;
//   - a number or boolean adds its literal;
//   - an array is read as the content of a document, an object of an unknown
//     type by its content or else its text or URL.
//
// Strings may hold invalid UTF-8 and lone surrogates; U+FFFD replaces them.
// Object members may come in any order. Of a member given twice the last
// counts, but content given twice is joined.
//
// # Limits
//
// Markdown deeper than 500 blocks, or more than 256 bytes from the margin, is
// written as one paragraph of its plain text. Prose comes out shorter than its JSON,
// but not everything does: an invalid byte becomes a U+FFFD of three, and a line break
// deep in nested Markdown lists takes the indentation of its list. A document of more
// than some 700 MB adds nothing.
package adf

import (
	"math"
	"sync"
)

// Valid is one JSON value that is known to be valid, or nothing.
type Valid []byte

// AppendText appends the document's plain text to dst.
func (doc Valid) AppendText(dst []byte) []byte { return doc.convert(dst, appendText) }

// AppendMarkdown appends the document as GitHub-flavoured Markdown to dst, without a
// newline at the end.
func (doc Valid) AppendMarkdown(dst []byte) []byte { return doc.convert(dst, appendMarkdown) }

// A scratch is the memory of one conversion. It is reused: rich text is
// converted a million times in a load.
type scratch struct {
	tree tree
	md   markdown
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxKept bounds each list that a scratch keeps between conversions, in elements,
// lest one giant comment stays in memory for the rest of the run.
const maxKept = 1 << 16

func (doc Valid) convert(dst []byte, write func(dst []byte, s *scratch) []byte) []byte {
	if len(doc) > maxDocument {
		return dst
	}
	s := scratches.Get().(*scratch)
	dst = s.convert(dst, doc, write)
	t := &s.tree
	if max(cap(t.nodes), cap(t.attrs), cap(t.marks), cap(t.text), cap(t.label), cap(s.md.scratch), cap(s.md.probe)) <= maxKept {
		scratches.Put(s)
	}
	return dst
}

func (s *scratch) convert(dst, doc []byte, write func(dst []byte, s *scratch) []byte) []byte {
	s.tree.read(doc)
	dst = write(dst, s)
	s.md.dst = nil // keep no hold on the caller's memory
	return dst
}

// maxDocument is how long a document may be in bytes: positions are int32, and
// U+FFFD can triple the text.
const maxDocument = math.MaxInt32 / 3
