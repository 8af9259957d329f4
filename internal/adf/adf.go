// Package adf turns Atlassian Document Format, the JSON in which Jira Cloud
// returns descriptions, comments and other rich text, into plain text and into
// GitHub-flavoured Markdown.
//
//	text, err := adf.AppendText(nil, raw)     // for search and language models
//	md, err := adf.AppendMarkdown(nil, raw)   // for people
//
// Both read the raw JSON value once into a flat list of nodes and write from
// there. What each node and mark of the official schema becomes is said in one
// place, the two tables of rules.go.
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
// No value is an error but JSON that cannot be read:
//
//   - null and no bytes at all add nothing;
//   - a string is added as it is. That is what REST v2 and Data Center return:
//     wiki markup, which this package leaves alone;
//   - a number or boolean adds its literal;
//   - an array is read as the content of a document, an object of an unknown
//     type by its content or else its text or URL;
//   - of broken JSON, what stands before the fault is added, and the error says
//     where the fault is.
//
// Strings may hold invalid UTF-8 and lone surrogates; U+FFFD replaces them.
// Object members may come in any order. Of a member given twice the last
// counts, but content given twice is joined.
//
// # Limits
//
// JSON nested deeper than 10,000 levels is broken (a limit of jsontext).
// Markdown deeper than 500 blocks, or more than 256 bytes from the margin, is
// written as one paragraph of its plain text. The result is at most
// [MaxTextGrowth] or [MaxMarkdownGrowth] times as long as the document.
package adf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of the length of a result as a multiple of the length of the
// document, plus 64 bytes. Prose comes out shorter than its JSON; the bounds
// are reached by invalid UTF-8, where each byte becomes a three-byte U+FFFD,
// and by line breaks inside deeply nested Markdown lists, where each takes the
// indentation of its list.
const (
	MaxTextGrowth     = 4
	MaxMarkdownGrowth = 160
)

// ErrBroken is wrapped by every error of this package: the value is not JSON.
// The wrapped chain also holds the [jsontext.SyntacticError] with its position.
var ErrBroken = errors.New("rich text is not readable JSON")

// AppendText appends the plain text of the JSON value doc to dst. After an
// error, which wraps [ErrBroken], the result still holds dst and the text
// before the fault.
func AppendText(dst, doc []byte) ([]byte, error) {
	doc, err := check(doc)
	return Valid(doc).AppendText(dst), err
}

// AppendMarkdown appends the JSON value doc as GitHub-flavoured Markdown to
// dst, without a newline at the end. After an error, which wraps [ErrBroken],
// the result still holds dst and what stands before the fault.
func AppendMarkdown(dst, doc []byte) ([]byte, error) {
	doc, err := check(doc)
	return Valid(doc).AppendMarkdown(dst), err
}

// Valid is a JSON value of which it is known that AppendText and AppendMarkdown
// return no error for it, so that it need not be checked again.
type Valid []byte

// AppendText does what the function does.
func (doc Valid) AppendText(dst []byte) []byte { return doc.convert(dst, appendText) }

// AppendMarkdown does what the function does.
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

// check returns doc if it is one JSON value, or nothing. Otherwise it returns what
// stands before the fault, up to the end of the last token, and says where it is.
func check(doc []byte) ([]byte, error) {
	doc = bytes.TrimSpace(doc)
	if len(doc) == 0 {
		return nil, nil
	}
	if len(doc) > maxDocument {
		return nil, fmt.Errorf("%w: %d bytes are more than this package reads", ErrBroken, len(doc))
	}
	options := []jsontext.Options{jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)}
	dec := jsontext.NewDecoder(bytes.NewBuffer(doc), options...)
	err := dec.SkipValue()
	if err != nil {
		dec.Reset(bytes.NewBuffer(doc), options...)
		for _, again := dec.ReadToken(); again == nil; _, again = dec.ReadToken() {
		}
		return doc[:dec.InputOffset()], fmt.Errorf("%w: %w", ErrBroken, err)
	}
	end := dec.InputOffset()
	switch _, err = dec.ReadToken(); err {
	case io.EOF:
		return doc, nil
	case nil:
		err = errors.New("more than one JSON value")
	}
	return doc[:end], fmt.Errorf("%w: %w", ErrBroken, err)
}
