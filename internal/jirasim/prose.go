package jirasim

import (
	"fmt"
	"strings"
)

// prose is made once: rendering copies ready pieces, so that a page costs what
// copying costs. Each piece exists as an ADF node and as wiki markup.
type prose struct {
	blocks   []block
	words    []string
	sentence [][]byte // JSON-escaped, without quotes
	plain    []string // the same sentences as they read
}

type block struct {
	adf  []byte // one block node
	wiki []byte // JSON-escaped, without quotes
	text string
}

var vocabulary = strings.Fields(`adapter archive batch border branch buffer build cache channel check client clock
cluster column commit config cursor deploy driver error event export field filter format gateway handle header
import index insert issue job kernel key label latency ledger limit load lock log merge message metric module
network node null offset order owner packet page parser partition patch plan pool port probe queue quota query
range rate record region release replica report request result retry role route rule runner sample schema scope
screen script search secret server session shard signal snapshot source stage state store stream string switch
table target task thread timeout token trace type update upload user value vault vector version view volume
warehouse watch window worker zone naïve façade Größe 雪 übertragen`)

func newProse(seed uint64, users []user, cloud bool) *prose {
	p := &prose{words: vocabulary}
	r := draw(seed, forProse)
	for range 256 {
		phrase := p.say(&r, 3+r.n(6))
		p.plain = append(p.plain, phrase)
		p.sentence = append(p.sentence, escaped(phrase))
	}
	for i := range 96 {
		p.blocks = append(p.blocks, p.block(&r, i, users, cloud))
	}
	return p
}

// escaped is s as the inside of a JSON string.
func escaped(s string) []byte {
	b := appendString(nil, s)
	return b[1 : len(b)-1]
}

// say makes a phrase of n words.
func (p *prose) say(r *rng, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		w := p.words[r.n(len(p.words))]
		if i == 0 && w[0] < 0x80 {
			w = strings.ToUpper(w[:1]) + w[1:]
		}
		b.WriteString(w)
	}
	return b.String()
}

func (p *prose) block(r *rng, i int, users []user, cloud bool) block {
	text := p.say(r, 12+r.n(30)) + "."
	more := p.say(r, 8+r.n(12))
	q, qm := quote(text), quote(more)
	node := func(adf, wiki string) block {
		return block{adf: []byte(adf), wiki: escaped(wiki), text: text + " " + more}
	}
	switch i % 12 {
	case 0:
		return node(fmt.Sprintf(`{"type":"heading","attrs":{"level":2},"content":[{"type":"text","text":%s}]}`, qm), "h2. "+more)
	case 1:
		return node(fmt.Sprintf(`{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":%s}]}]},{"type":"listItem","content":[{"type":"paragraph","content":[{"type":"text","text":%s,"marks":[{"type":"code"}]}]}]}]}`, q, qm),
			"* "+text+"\r\n* {{"+more+"}}")
	case 2:
		return node(fmt.Sprintf(`{"type":"codeBlock","attrs":{"language":"go"},"content":[{"type":"text","text":%s}]}`, quote("if err != nil {\n\treturn \""+more+"\"\n}")),
			"{code:go}\r\nif err != nil {\r\n\treturn \""+more+"\"\r\n}\r\n{code}")
	case 3:
		cell := func(kind, text string) string {
			return fmt.Sprintf(`{"type":"%s","attrs":{},"content":[{"type":"paragraph","content":[{"type":"text","text":%s}]}]}`, kind, text)
		}
		return node(fmt.Sprintf(`{"type":"table","attrs":{"isNumberColumnEnabled":false,"layout":"default"},"content":[{"type":"tableRow","content":[%s,%s]},{"type":"tableRow","content":[%s,%s]}]}`,
			cell("tableHeader", `"a | b"`), cell("tableHeader", qm), cell("tableCell", qm), cell("tableCell", q)),
			"||a \\| b||"+more+"||\r\n|"+more+"|"+text+"|")
	case 4:
		return node(fmt.Sprintf(`{"type":"panel","attrs":{"panelType":"warning"},"content":[{"type":"paragraph","content":[{"type":"text","text":%s,"marks":[{"type":"strong"}]}]}]}`, q),
			"{panel}\r\n*"+text+"*\r\n{panel}")
	case 5:
		u := users[r.n(len(users))]
		wiki := "[~" + u.id + "] " + text
		if cloud {
			wiki = "[~accountid:" + u.id + "] " + text
		}
		return node(fmt.Sprintf(`{"type":"paragraph","content":[{"type":"mention","attrs":{"id":"%s","text":"@%s"}},{"type":"text","text":%s}]}`, u.id, u.name, quote(" "+text)), wiki)
	case 6:
		return node(fmt.Sprintf(`{"type":"paragraph","content":[{"type":"text","text":%s,"marks":[{"type":"link","attrs":{"href":"https://example.com/%d"}}]},{"type":"hardBreak"},{"type":"emoji","attrs":{"shortName":":snowflake:","id":"2744","text":"❄️"}},{"type":"text","text":%s}]}`, qm, i, quote(" "+text)),
			fmt.Sprintf("[%s|https://example.com/%d]\r\n❄️ %s", more, i, text))
	}
	return node(fmt.Sprintf(`{"type":"paragraph","content":[{"type":"text","text":%s},{"type":"text","text":%s,"marks":[{"type":"em"}]}]}`, q, quote(" "+more)),
		text+" _"+more+"_")
}

// appendProse writes n blocks as a rich-text value: an ADF document, or a
// string of wiki markup.
func (p *prose) appendProse(b []byte, r rng, n int, adf bool) []byte {
	if adf {
		b = append(b, `{"type":"doc","version":1,"content":[`...)
		for i := range n {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, p.blocks[r.n(len(p.blocks))].adf...)
		}
		return append(b, "]}"...)
	}
	b = append(b, '"')
	for i := range n {
		if i > 0 {
			b = append(b, `\r\n\r\n`...)
		}
		b = append(b, p.blocks[r.n(len(p.blocks))].wiki...)
	}
	return append(b, '"')
}

// appendPhrase writes one sentence as a JSON string.
func (p *prose) appendPhrase(b []byte, r rng) []byte {
	b = append(b, '"')
	b = append(b, p.sentence[r.n(len(p.sentence))]...)
	return append(b, '"')
}

// phrase is what appendPhrase writes.
func (p *prose) phrase(r rng) string { return p.plain[r.n(len(p.plain))] }

// appendPlain writes a string as a rich-text value: a paragraph, or itself.
func appendPlain(b []byte, s string, adf bool) []byte {
	if !adf {
		return appendString(b, s)
	}
	b = append(b, `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":`...)
	b = appendString(b, s)
	return append(b, "}]}]}"...)
}
