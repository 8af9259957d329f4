package table

import (
	"slices"
	"strings"
)

// RichTexts says what is made of rich text. The zero value is Plain.
type RichTexts string

// What rich text can be made of.
const (
	PlainText    RichTexts = ""
	MarkdownText RichTexts = "markdown"
	BothTexts    RichTexts = "both"
)

// markdown is what the names of Markdown columns end in.
const markdown = "_markdown"

// WithText returns the table with the columns of rich text that are wanted: for
// each that its description has in plain text that one, one of Markdown beside
// it or in its place. Columns of custom fields are left as they are; Custom has
// made the right ones.
func (t *Table) WithText(text RichTexts) *Table {
	if text == PlainText {
		return t
	}
	out := *t
	out.Columns = nil
	for _, c := range t.Columns {
		rich := c.Form == RichText && !strings.HasPrefix(c.Field, "customfield_")
		if !rich || text == BothTexts {
			out.Columns = append(out.Columns, c)
		}
		if rich {
			c.Name, c.Form, c.Doc = c.Name+markdown, RichMarkdown, strings.Replace(c.Doc, "plain text", "Markdown", 1)
			out.Columns = append(out.Columns, c)
		}
	}
	return &out
}

// parts returns the parts of the field's kind, with rich text as it is wanted.
func (f Field) parts() []Part {
	parts := KindOf(f).Parts
	if f.Text == PlainText || !slices.ContainsFunc(parts, func(p Part) bool { return p.Form == RichText }) {
		return parts
	}
	var out []Part
	for _, p := range parts {
		if p.Form != RichText || f.Text == BothTexts {
			out = append(out, p)
		}
		if p.Form == RichText {
			out = append(out, Part{p.Suffix + markdown, Text, p.Path, RichMarkdown})
		}
	}
	return out
}
