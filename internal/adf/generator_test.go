package adf

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// gNode is a generated node.
type gNode struct {
	Type    string         `json:"type"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Text    string         `json:"text,omitempty"`
	Marks   []gMark        `json:"marks,omitempty"`
	Content []gNode        `json:"content,omitempty"`
}

type gMark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

type generator struct{ *rand.Rand }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

func (g generator) blocks(depth int) []gNode {
	var out []gNode
	for range g.IntN(5) {
		out = append(out, g.block(depth))
	}
	return out
}

func (g generator) block(depth int) gNode {
	kinds := []string{"paragraph", "paragraph", "heading", "codeBlock", "rule", "media"}
	if depth > 0 {
		kinds = append(kinds, "bulletList", "bulletList", "orderedList", "taskList", "blockquote", "panel", "table", "expand")
	}
	switch kind := pick(g, kinds...); kind {
	case "heading":
		return gNode{Type: kind, Attrs: map[string]any{"level": 1 + g.IntN(6)}, Content: g.inlines()}
	case "codeBlock":
		return gNode{Type: kind, Attrs: map[string]any{"language": pick(g, "", "go", "c++")}, Content: []gNode{{Type: "text", Text: g.code()}}}
	case "rule":
		return gNode{Type: kind}
	case "media":
		return gNode{Type: "mediaSingle", Content: []gNode{{Type: kind,
			Attrs: map[string]any{"type": "external", "url": g.url(), "alt": "pic " + g.text()}}}}
	case "bulletList", "orderedList":
		n := gNode{Type: kind}
		if kind == "orderedList" {
			n.Attrs = map[string]any{"order": pick(g, 0, 1, 1, 1, 7)}
		}
		for range 1 + g.IntN(3) {
			item := gNode{Type: "listItem", Content: g.blocks(depth - 1)}
			// goldmark (1.8.7) ends the outer list after an empty nested item.
			if g.IntN(8) > 0 || depth < 3 {
				first := gNode{Type: "paragraph", Content: append([]gNode{{Type: "text", Text: "item"}}, g.inlines()...)}
				item.Content = append([]gNode{first}, item.Content...)
			}
			n.Content = append(n.Content, item)
		}
		return n
	case "taskList":
		n := gNode{Type: kind}
		for range 1 + g.IntN(3) {
			text := gNode{Type: "text", Text: "do "}
			n.Content = append(n.Content, gNode{Type: "taskItem", Attrs: map[string]any{"state": pick(g, "TODO", "DONE")},
				Content: append([]gNode{text}, g.inlines()...)})
		}
		return n
	case "blockquote":
		return gNode{Type: kind, Content: g.blocks(depth - 1)}
	case "panel":
		return gNode{Type: kind, Attrs: map[string]any{"panelType": "custom"}, Content: g.blocks(depth - 1)}
	case "expand":
		return gNode{Type: kind, Attrs: map[string]any{"title": "x" + g.text()}, Content: g.blocks(depth - 1)}
	case "table":
		n := gNode{Type: kind}
		head := pick(g, "tableHeader", "tableHeader", "tableCell")
		for range 1 + g.IntN(3) {
			r := gNode{Type: "tableRow"}
			for range 1 + g.IntN(3) {
				cell := gNode{Type: head}
				for range 1 + g.IntN(2) {
					cell.Content = append(cell.Content, gNode{Type: "paragraph", Content: g.inlines()})
				}
				r.Content = append(r.Content, cell)
			}
			n.Content = append(n.Content, r)
			head = "tableCell"
		}
		return n
	}
	return gNode{Type: "paragraph", Content: g.inlines()}
}

func (g generator) inlines() []gNode {
	var out []gNode
	for range g.IntN(6) {
		out = append(out, g.inline())
		if len(out) > 1 && (out[len(out)-1].Type == "status" || out[len(out)-2].Type == "status") {
			// A status is written as code; two codes in a row get a blank.
			out = slices.Insert(out, len(out)-1, gNode{Type: "text", Text: " "})
		}
	}
	return out
}

func (g generator) inline() gNode {
	switch g.IntN(12) {
	case 0:
		return gNode{Type: "hardBreak"}
	case 1:
		return gNode{Type: "mention", Attrs: map[string]any{"id": "1", "text": "@User_" + pick(g, "7", "*8*")}, Marks: g.marks(false)}
	case 2:
		return gNode{Type: "status", Attrs: map[string]any{"text": pick(g, "DONE", "a`b")}, Marks: g.marks(false)}
	case 3:
		return gNode{Type: "inlineCard", Attrs: map[string]any{"url": g.url()}}
	case 4:
		return gNode{Type: "text", Text: g.code(), Marks: append(g.marks(true), gMark{Type: "code"})}
	case 5:
		return gNode{Type: "emoji", Attrs: map[string]any{"shortName": ":a_b:"}}
	}
	return gNode{Type: "text", Text: g.text(), Marks: g.marks(true)}
}

func (g generator) marks(links bool) []gMark {
	var out []gMark
	for _, kind := range []string{"em", "strong", "strike", "underline", "textColor"} {
		if g.IntN(5) == 0 {
			out = append(out, gMark{Type: kind})
		}
	}
	if g.IntN(8) == 0 {
		out = append(out, gMark{Type: "subsup", Attrs: map[string]any{"type": pick(g, "sub", "sup")}})
	}
	if links && g.IntN(6) == 0 {
		out = append(out, gMark{Type: "link", Attrs: map[string]any{"href": g.url(), "title": pick(g, "", `a "b" \c &lt; |`)}})
	}
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (g generator) url() string {
	return pick(g, "https://example.com/a", "http://example.com/~u/_x_(y)*", "https://example.com/?a=1&amp;b|c", "mailto:user7@example.com")
}

func (g generator) text() string {
	var b strings.Builder
	for range 1 + g.IntN(5) {
		b.WriteString(pick(g,
			"a", "b", "word", "ab c", " ", " ", "  ", "\n", "\t", "*", "**", "_", "__", "~", "~~", "`", "``", "[", "]", "(", ")", "[x]", "[a](b)",
			"![", "!", "<", ">", "<b>", "</p>", "<!--", "&", "&amp;", "&#65;", ";", "\\", "\\*", "|", "| a |", "#", "# ", "###### ", "-", "- ", "---", "--|--", "+ ", "=", "===", ":-", ": ",
			"1.", "1. ", "12) ", "2", ".", ",", ":", "://", "http://", "https://example.com/_a_", "https://example.com/b_c", "www.example.com", "www.example.com/~x*", "\u00a0", "\u201c", "、", "中文", "é", "😀", "€", "{", "}", "\"", "'", "    ", "snake_case", "[ ] ", "[!NOTE]", "^"))
	}
	return b.String()
}

func (g generator) code() string {
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(pick(g, "x", "y ", " z", "`", "``", "```", "|", "\\", "*", "<b>", "&amp;", "~~~", "\n", "# ", "- "))
	}
	return b.String()
}
