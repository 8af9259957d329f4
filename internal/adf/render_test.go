package adf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	dom "golang.org/x/net/html"
)

// What a reader sees: random documents are written as Markdown, a GFM renderer
// makes HTML of it, and that must show the document's structure, every
// character and the marks on it.
func TestRenderedMarkdownShowsTheDocument(t *testing.T) {
	failures, shortest := 0, ""
	for seed := range uint64(1000) {
		if report := differs(t, seed); report != "" {
			failures++
			if shortest == "" || len(report) < len(shortest) {
				shortest = report
			}
		}
	}
	if failures > 0 {
		t.Errorf("%d documents are not shown as they are; the shortest:\n%s", failures, shortest)
	}
}

func FuzzRenderedMarkdown(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		if report := differs(t, seed); report != "" {
			t.Error(report)
		}
	})
}

// differs reports how the document of the seed is shown otherwise than it is.
func differs(t *testing.T, seed uint64) string {
	t.Helper()
	g := generator{rand.New(rand.NewPCG(seed, 7))}
	doc := gNode{Type: "doc", Content: g.blocks(int(seed % 4))}
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	md := Valid(raw).AppendMarkdown(nil)
	page := render(t, md)
	want, got := shownByDoc(doc.Content), shownByHTML(t, page)
	if got == want {
		return ""
	}
	return fmt.Sprintf("seed %d\n--- document\n%s\n--- Markdown\n%s\n--- HTML\n%s\n--- shows\n%s--- should show\n%s",
		seed, raw, md, page, got, want)
}

var gfm = goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))

func render(t *testing.T, md []byte) string {
	t.Helper()
	var page bytes.Buffer
	if err := gfm.Convert(md, &page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// Both descriptions below give one line per block: where it is and what it
// shows. Within a line every character is preceded by the marks that change
// at it; white space is one blank, or ⏎ if it has a line break.

type shown struct {
	out   strings.Builder
	chars []shownChar
}

type shownChar struct {
	r     rune
	marks string
}

func (s *shown) add(text, marks string) {
	for _, r := range text {
		s.chars = append(s.chars, shownChar{r, marks})
	}
}

// flush ends a line of inline content. Empty lines are not shown.
func (s *shown) flush(where string) bool {
	var b strings.Builder
	marks, space := "", rune(0)
	for _, c := range s.chars {
		if unicode.IsSpace(c.r) {
			if c.r == '\n' || space == 0 {
				space = map[bool]rune{true: '⏎', false: ' '}[c.r == '\n']
			}
			continue
		}
		if space != 0 && b.Len() > 0 {
			b.WriteRune(space)
		}
		space = 0
		if c.marks != marks {
			fmt.Fprintf(&b, "{%s}", c.marks)
			marks = c.marks
		}
		b.WriteRune(c.r)
	}
	s.chars = s.chars[:0]
	if b.Len() == 0 {
		return false
	}
	fmt.Fprintf(&s.out, "%s: %s\n", where, b.String())
	return true
}

// shownByDoc describes generated nodes.
func shownByDoc(blocks []gNode) string {
	var s shown
	s.docBlocks(blocks, "")
	return s.out.String()
}

func (s *shown) docBlocks(blocks []gNode, where string) {
	for _, b := range blocks {
		switch b.Type {
		case "paragraph":
			s.docLine(b.Content, false)
			s.flush(where + "/p")
		case "heading":
			s.docLine(b.Content, true)
			s.flush(where + fmt.Sprintf("/h%v", b.Attrs["level"]))
		case "codeBlock":
			if text := strings.TrimSuffix(b.Content[0].Text, "\n"); text != "" {
				fmt.Fprintf(&s.out, "%s/pre %s: %q\n", where, b.Attrs["language"], text)
			}
		case "rule":
			fmt.Fprintf(&s.out, "%s/hr\n", where)
		case "mediaSingle":
			s.add(fmt.Sprintf("⟦%s %s⟧", strings.Join(strings.Fields(b.Content[0].Attrs["alt"].(string)), " "), b.Content[0].Attrs["url"]), "")
			s.flush(where + "/p")
		case "bulletList", "taskList":
			s.docItems(b.Content, where+"/ul")
		case "orderedList":
			s.docItems(b.Content, fmt.Sprintf("%s/ol%v", where, b.Attrs["order"]))
		case "blockquote", "panel":
			s.docBlocks(b.Content, where+"/quote")
		case "expand":
			s.add(strings.Join(strings.Fields(b.Attrs["title"].(string)), " "), " strong")
			s.flush(where + "/p")
			s.docBlocks(b.Content, where)
		case "table":
			s.docTable(b, where)
		}
	}
}

func (s *shown) docItems(items []gNode, where string) {
	for _, item := range items {
		fmt.Fprintf(&s.out, "%s/li\n", where)
		if item.Type == "taskItem" {
			s.add(map[bool]string{true: "☑ ", false: "☐ "}[item.Attrs["state"] == "DONE"], "")
			s.docLine(item.Content, false)
			s.flush(where + "/li/p")
			continue
		}
		s.docBlocks(item.Content, where+"/li")
	}
}

func (s *shown) docTable(b gNode, where string) {
	above := 0
	if b.Content[0].Content[0].Type == "tableCell" {
		above = 1 // an empty header
	}
	for r, row := range b.Content {
		for c, cell := range row.Content {
			for _, p := range cell.Content {
				s.docLine(p.Content, false)
				s.add("\n", "")
			}
			s.flush(fmt.Sprintf("%s/table/%d/%d", where, above+r, c))
		}
	}
}

func (s *shown) docLine(inlines []gNode, heading bool) {
	for _, n := range inlines {
		text, m := n.Text, markNames(n.Marks)
		switch n.Type {
		case "hardBreak":
			text = "\n"
		case "mention":
			text = n.Attrs["text"].(string)
		case "status":
			text, m = n.Attrs["text"].(string), m+" code"
		case "inlineCard":
			text = n.Attrs["url"].(string)
		case "emoji":
			text = n.Attrs["shortName"].(string)
		}
		if heading || strings.Contains(m, "code") {
			text = strings.ReplaceAll(text, "\n", " ")
		}
		s.add(text, m)
	}
}

func markNames(marks []gMark) string {
	has := map[string]string{}
	for _, m := range marks {
		switch m.Type {
		case "link":
			has["a"] = fmt.Sprintf("a %s %q", m.Attrs["href"], m.Attrs["title"])
		case "subsup":
			has[m.Attrs["type"].(string)] = m.Attrs["type"].(string)
		case "strike":
			has["del"] = "del"
		case "underline":
			has["u"] = "u"
		case "textColor":
		default:
			has[m.Type] = m.Type
		}
	}
	return joinMarks(has)
}

func joinMarks(has map[string]string) string {
	out := ""
	for _, k := range []string{"a", "strong", "em", "del", "u", "sub", "sup", "code"} {
		if v, ok := has[k]; ok {
			out += " " + v
		}
	}
	return out
}

// shownByHTML describes a rendered page.
func shownByHTML(t *testing.T, page string) string {
	root, err := dom.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var s shown
	s.htmlBlocks(root, "")
	return s.out.String()
}

func (s *shown) htmlBlocks(n *dom.Node, where string) {
	at := func(name string) string { return where + "/" + name }
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Data {
		case "p", "h1", "h2", "h3", "h4", "h5", "h6":
			s.flush(at("p"))
			s.htmlInline(c, nil)
			s.flush(at(c.Data))
		case "html", "head", "body":
			s.htmlBlocks(c, where)
		case "blockquote":
			s.flush(at("p"))
			s.htmlBlocks(c, at("quote"))
		case "ul":
			s.flush(at("p"))
			s.htmlBlocks(c, at("ul"))
		case "ol":
			s.flush(at("p"))
			s.htmlBlocks(c, at("ol"+attrOr(c, "start", "1")))
		case "li":
			fmt.Fprintf(&s.out, "%s/li\n", where)
			s.htmlBlocks(c, at("li"))
		case "pre":
			s.flush(at("p"))
			lang := strings.TrimPrefix(attrOr(c.FirstChild, "class", ""), "language-")
			fmt.Fprintf(&s.out, "%s/pre %s: %q\n", where, lang, strings.TrimSuffix(textOf(c), "\n"))
		case "hr":
			s.flush(at("p"))
			fmt.Fprintf(&s.out, "%s/hr\n", where)
		case "table":
			s.flush(at("p"))
			s.htmlTable(c, at("table"), new(int))
		default:
			s.htmlNode(c, nil)
		}
	}
	s.flush(where + "/p")
}

func (s *shown) htmlTable(n *dom.Node, where string, row *int) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Data != "tr" {
			s.htmlTable(c, where, row)
			continue
		}
		col := 0
		for cell := c.FirstChild; cell != nil; cell = cell.NextSibling {
			if cell.Type == dom.ElementNode {
				s.htmlInline(cell, nil)
				s.flush(fmt.Sprintf("%s/%d/%d", where, *row, col))
				col++
			}
		}
		*row++
	}
}

func (s *shown) htmlInline(n *dom.Node, marks map[string]string) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s.htmlNode(c, marks)
	}
}

func (s *shown) htmlNode(c *dom.Node, marks map[string]string) {
	switch {
	case c.Type == dom.TextNode:
		// A line end in the source of a paragraph is a blank.
		s.add(strings.ReplaceAll(c.Data, "\n", " "), joinMarks(marks))
		return
	case c.Type != dom.ElementNode:
		return
	}
	with := map[string]string{}
	for k, v := range marks {
		with[k] = v
	}
	switch c.Data {
	case "br":
		s.add("\n", "")
	case "input":
		s.add(map[bool]string{true: "☑", false: "☐"}[attrOr(c, "checked", "no") == ""], "")
	case "img":
		s.add(fmt.Sprintf("⟦%s %s⟧", strings.Join(strings.Fields(attrOr(c, "alt", "")), " "), unescape(attrOr(c, "src", ""))), joinMarks(marks))
	case "a":
		href := unescape(attrOr(c, "href", ""))
		if text := textOf(c); text != href && "http://"+text != href {
			with["a"] = fmt.Sprintf("a %s %q", href, attrOr(c, "title", ""))
		}
	default:
		with[c.Data] = c.Data
	}
	s.htmlInline(c, with)
}

func attrOr(n *dom.Node, name, otherwise string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return otherwise
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

func textOf(n *dom.Node) string {
	if n.Type == dom.TextNode {
		return n.Data
	}
	out := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out += textOf(c)
	}
	return out
}
