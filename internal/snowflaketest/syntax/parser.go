// Package syntax reads the part of Snowflake's SQL that the strict test server
// understands: a tokenizer, a recursive-descent parser and the tree it makes.
//
// It knows grammar only. Names are folded (unquoted to upper case) and checked
// for nothing; types, objects and functions are the translator's business. What
// the grammar lacks is refused with 001003, "syntax error" where Snowflake would
// refuse it too and "unsupported by snowflaketest" where only this server does.
package syntax

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
)

type parser struct {
	src    string
	tokens []token
	pos    int
	binds  int
	depth  int
}

// maxDepth bounds the nesting of expressions and queries, so that no input can
// exhaust the stack.
const maxDepth = 400

// Parse reads one statement, with or without its final semicolon. A second
// statement is refused as Snowflake does when MULTI_STATEMENT_COUNT is 1.
func Parse(src string) (Statement, error) {
	all, err := ParseAll(src, 1)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// ParseAll reads as many statements as are wanted (MULTI_STATEMENT_COUNT), any
// number for 0. Another number of them is error 000008.
func ParseAll(src string, wanted int) ([]Statement, error) {
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{src: src, tokens: tokens}
	first, err := p.statement()
	if err != nil {
		return nil, err
	}
	if wanted == 1 {
		return []Statement{first}, p.end()
	}
	out := []Statement{first}
	for p.accept(";") {
		if p.peek().kind == tokEOF || p.peek().is(";") {
			continue
		}
		s, err := p.statement()
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if p.peek().kind != tokEOF {
		return nil, p.unexpected()
	}
	if wanted != 0 && len(out) != wanted {
		return nil, wrongCount(len(out), wanted)
	}
	return out, nil
}

func wrongCount(actual, wanted int) error {
	return sferr.New("000008", "0A000", "Actual statement count %d did not match the desired statement count %d.", actual, wanted)
}

// ParseQuery reads a query alone: the stored text of a view.
func ParseQuery(src string) (*Query, error) {
	s, err := Parse(src)
	if err != nil {
		return nil, err
	}
	q, ok := s.(*SelectStatement)
	if !ok {
		return nil, sferr.Unsupported("%s where a query is expected", s.Kind())
	}
	return q.Query, nil
}

func (p *parser) end() error {
	n := 1
	for p.accept(";") {
		if p.peek().kind != tokEOF && !p.peek().is(";") {
			n++
			for p.peek().kind != tokEOF && !p.peek().is(";") {
				p.pos++
			}
		}
	}
	if p.peek().kind != tokEOF {
		return p.unexpected()
	}
	if n > 1 {
		return wrongCount(n, 1)
	}
	return nil
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) peekAt(n int) token { return p.tokens[min(p.pos+n, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokEOF {
		p.pos++
	}
	return t
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxDepth {
		return sferr.Unsupported("nesting deeper than %d", maxDepth)
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// accept takes the operator op if it is next.
func (p *parser) accept(op string) bool {
	if p.peek().is(op) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) expect(op string) error {
	if !p.accept(op) {
		return p.unexpected()
	}
	return nil
}

// words takes the words in order if all of them are next.
func (p *parser) words(ws ...string) bool {
	for i, w := range ws {
		if p.peekAt(i).word() != w {
			return false
		}
	}
	p.pos += len(ws)
	return true
}

func (p *parser) expectWords(ws ...string) error {
	for _, w := range ws {
		if !p.words(w) {
			return p.unexpected()
		}
	}
	return nil
}

// oneOf takes the next word if it is among ws and returns it, else "".
func (p *parser) oneOf(ws ...string) string {
	if w := p.peek().word(); w != "" && slices.Contains(ws, w) {
		p.pos++
		return w
	}
	return ""
}

func (p *parser) unexpected() error {
	t := p.peek()
	if t.kind == tokEOF {
		return syntaxError(p.src, t.start, "unexpected '<EOF>'")
	}
	return syntaxError(p.src, t.start, fmt.Sprintf("unexpected '%s'", p.src[t.start:t.end]))
}

// identifier takes a name; reserved words must be quoted to be one.
func (p *parser) identifier() (string, error) {
	t := p.peek()
	switch {
	case t.kind == tokQuoted:
		p.pos++
		return t.text, nil
	case t.kind == tokWord && !reserved[t.word()]:
		p.pos++
		return t.word(), nil
	}
	return "", p.unexpected()
}

// name takes up to three identifiers separated by dots.
func (p *parser) name() (Name, error) {
	var n Name
	for {
		id, err := p.identifier()
		if err != nil {
			return nil, err
		}
		n = append(n, id)
		if len(n) == 4 || !p.accept(".") {
			break
		}
	}
	if len(n) > 3 {
		return nil, p.unexpected()
	}
	return n, nil
}

// identifiers takes "(a, b, …)".
func (p *parser) identifiers() ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var out []string
	err := p.list(func() error {
		id, err := p.identifier()
		out = append(out, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, p.expect(")")
}

// list calls item for each of a comma-separated list.
func (p *parser) list(item func() error) error {
	for {
		if err := item(); err != nil {
			return err
		}
		if !p.accept(",") {
			return nil
		}
	}
}

func (p *parser) stringLiteral() (string, error) {
	if p.peek().kind != tokString {
		return "", p.unexpected()
	}
	return p.next().text, nil
}

func (p *parser) integer() (int, error) {
	t := p.peek()
	n, err := strconv.Atoi(t.text)
	if t.kind != tokNumber || err != nil {
		return 0, p.unexpected()
	}
	p.pos++
	return n, nil
}

func (p *parser) boolean() (bool, error) {
	switch p.oneOf("TRUE", "FALSE") {
	case "TRUE":
		return true, nil
	case "FALSE":
		return false, nil
	}
	return false, p.unexpected()
}

// typeName takes a data type: NUMBER(38, 0), DOUBLE PRECISION, TIMESTAMP_TZ(9).
func (p *parser) typeName() (TypeName, error) {
	t := p.peek()
	if t.kind != tokWord {
		return TypeName{}, p.unexpected()
	}
	p.pos++
	tn := TypeName{Name: t.word()}
	if tn.Name == "DOUBLE" && p.words("PRECISION") {
		tn.Name = "DOUBLE"
	}
	if !p.accept("(") {
		return tn, nil
	}
	err := p.list(func() error {
		n, err := p.integer()
		tn.Args = append(tn.Args, n)
		return err
	})
	if err != nil {
		return TypeName{}, err
	}
	return tn, p.expect(")")
}

// location takes @stage/path; in quotes ('@stage/a b/') it may hold spaces.
func (p *parser) location() (Location, error) {
	t := p.peek()
	text := t.text
	if t.kind == tokString && strings.HasPrefix(text, "@") {
		text = text[1:]
	} else if t.kind != tokStage {
		return Location{}, p.unexpected()
	}
	p.pos++
	return parseLocation(text)
}

func parseLocation(text string) (Location, error) {
	if text == "" || strings.HasPrefix(text, "~") || strings.HasPrefix(text, "%") {
		return Location{}, sferr.Unsupported("user and table stages (@~, @%%t); name a stage")
	}
	var loc Location
	for {
		var part string
		n := strings.IndexAny(text, "./")
		if strings.HasPrefix(text, `"`) {
			name, m, ok := quotedName(text)
			if !ok {
				return Location{}, sferr.Unsupported("stage name @%s", text)
			}
			part, text = name, text[m:]
		} else if n >= 0 {
			part, text = strings.ToUpper(text[:n]), text[n:]
		} else {
			part, text = strings.ToUpper(text), ""
		}
		if part == "" || len(loc.Stage) == 3 {
			return Location{}, sferr.Unsupported("stage name with an empty part or more than three")
		}
		loc.Stage = append(loc.Stage, part)
		if !strings.HasPrefix(text, ".") {
			break
		}
		text = text[1:]
	}
	if text != "" && text[0] != '/' {
		return Location{}, sferr.Unsupported("stage location %q", text)
	}
	loc.Path = strings.TrimLeft(text, "/")
	return loc, nil
}

// reserved words cannot be identifiers without quotes: Snowflake's list, cut to
// the words that the grammar of this package meets.
var reserved = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`ALL ALTER AND ANY AS BETWEEN BY CASE CAST CHECK COLUMN CONNECT CREATE CROSS
		CURRENT DELETE DISTINCT DROP ELSE EXISTS FALSE FOLLOWING FOR FROM FULL GRANT GROUP HAVING ILIKE IN
		INNER INSERT INTERSECT INTO IS JOIN LATERAL LEFT LIKE MINUS NATURAL NOT NULL OF ON OR ORDER QUALIFY
		REGEXP REVOKE RIGHT RLIKE ROW ROWS SELECT SET SOME START TABLE THEN TO TRIGGER TRUE TRY_CAST
		UNION UNIQUE UPDATE USING VALUES WHEN WHENEVER WHERE WITH`) {
		m[w] = true
	}
	return m
}()
