package syntax

import (
	"strconv"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
)

// primary parses an operand without its postfixes.
func (p *parser) primary() (Expr, error) {
	t := p.peek()
	switch {
	case t.kind == tokNumber:
		p.pos++
		return &Number{Text: t.text}, nil
	case t.kind == tokString:
		p.pos++
		return &String{Value: t.text}, nil
	case t.kind == tokDollar:
		n, err := strconv.Atoi(t.text)
		if err != nil {
			return nil, p.unexpected()
		}
		p.pos++
		return &Dollar{Index: n}, nil
	case p.accept("?"):
		p.binds++
		return &Bind{Index: p.binds}, nil
	case t.is(":") && p.peekAt(1).kind == tokNumber:
		p.pos++
		n, err := p.integer()
		return &Bind{Index: n}, err
	case p.accept("*"):
		return p.star(nil, t.start)
	case p.accept("("):
		return p.parenthesised()
	case t.is("["), t.is("{"):
		return nil, sferr.Unsupported("array and object literals; use ARRAY_CONSTRUCT, OBJECT_CONSTRUCT")
	case t.kind == tokWord:
		if x, err := p.keywordExpression(); x != nil || err != nil {
			return x, err
		}
	}
	return p.columnOrCall()
}

func (p *parser) parenthesised() (Expr, error) {
	if w := p.peek().word(); w == "SELECT" || w == "WITH" {
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &Subquery{Query: q}, p.expect(")")
	}
	xs, err := p.expressions()
	if err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if len(xs) > 1 {
		return &Tuple{Items: xs}, nil
	}
	return xs[0], nil
}

// keywordExpression parses what begins with a keyword, or returns nil.
func (p *parser) keywordExpression() (Expr, error) {
	next := p.peekAt(1)
	switch w := p.peek().word(); {
	case w == "NULL":
		p.pos++
		return &Null{}, nil
	case w == "TRUE", w == "FALSE":
		p.pos++
		return &Bool{Value: w == "TRUE"}, nil
	case w == "CASE":
		p.pos++
		return p.caseExpression()
	case w == "CAST" || w == "TRY_CAST":
		p.pos++
		return p.castExpression(w == "TRY_CAST")
	case w == "EXISTS" && next.is("("):
		p.pos += 2
		q, err := p.query()
		if err != nil {
			return nil, err
		}
		return &Exists{Query: q}, p.expect(")")
	case w == "INTERVAL" && next.kind == tokString:
		p.pos += 2
		return &Interval{Text: next.text}, nil
	case (w == "DATE" || w == "TIME" || strings.HasPrefix(w, "TIMESTAMP")) && next.kind == tokString:
		p.pos += 2
		return &Cast{X: &String{Value: next.text}, Type: TypeName{Name: w}}, nil
	case w == "EXTRACT" && next.is("("):
		p.pos += 2
		return p.extract()
	case w == "POSITION" && next.is("("):
		return p.position()
	}
	return nil, nil
}

func (p *parser) caseExpression() (Expr, error) {
	c := &Case{}
	var err error
	if p.peek().word() != "WHEN" {
		if c.Operand, err = p.expression(); err != nil {
			return nil, err
		}
	}
	for p.words("WHEN") {
		var w When
		if w.If, err = p.expression(); err != nil {
			return nil, err
		}
		if err := p.expectWords("THEN"); err != nil {
			return nil, err
		}
		if w.Then, err = p.expression(); err != nil {
			return nil, err
		}
		c.Whens = append(c.Whens, w)
	}
	if len(c.Whens) == 0 {
		return nil, p.unexpected()
	}
	if p.words("ELSE") {
		if c.Else, err = p.expression(); err != nil {
			return nil, err
		}
	}
	return c, p.expectWords("END")
}

func (p *parser) castExpression(try bool) (Expr, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	if err := p.expectWords("AS"); err != nil {
		return nil, err
	}
	t, err := p.typeName()
	if err != nil {
		return nil, err
	}
	return &Cast{X: x, Type: t, Try: try}, p.expect(")")
}

// extract reads EXTRACT(part FROM x) as DATE_PART('part', x).
func (p *parser) extract() (Expr, error) {
	part := p.next()
	if part.kind != tokWord && part.kind != tokString {
		p.pos--
		return nil, p.unexpected()
	}
	if err := p.expectWords("FROM"); err != nil {
		return nil, err
	}
	x, err := p.expression()
	if err != nil {
		return nil, err
	}
	return &Call{Name: "DATE_PART", Args: []Expr{&String{Value: part.text}, x}}, p.expect(")")
}

// position reads POSITION(a IN b) and POSITION(a, b).
func (p *parser) position() (Expr, error) {
	c := &Call{Name: "POSITION"}
	p.pos += 2
	a, err := p.additive()
	if err != nil {
		return nil, err
	}
	if !p.words("IN") && !p.accept(",") {
		return nil, p.unexpected()
	}
	b, err := p.additive()
	if err != nil {
		return nil, err
	}
	c.Args = []Expr{a, b}
	return c, p.expect(")")
}

func (p *parser) star(table Name, pos int) (Expr, error) {
	s := &Star{Table: table, Pos: pos}
	if !p.words("EXCLUDE") {
		return s, nil
	}
	var err error
	if p.peek().is("(") {
		s.Exclude, err = p.identifiers()
	} else {
		s.Exclude = make([]string, 1)
		s.Exclude[0], err = p.identifier()
	}
	return s, err
}

// columnOrCall parses a.b.c, f(…), a.*; the system columns METADATA$FILENAME
// are plain words with a dollar sign.
func (p *parser) columnOrCall() (Expr, error) {
	t := p.peek()
	if t.kind == tokWord && p.peekAt(1).is("(") && !notFunctions[t.word()] {
		p.pos += 2
		return p.call(t)
	}
	c := &Column{Pos: t.start}
	for {
		id, err := p.identifier()
		if err != nil {
			return nil, err
		}
		c.Name = append(c.Name, id)
		if len(c.Name) > 4 {
			return nil, p.unexpected()
		}
		if !p.accept(".") {
			break
		}
		if p.accept("*") {
			return p.star(c.Name, t.start)
		}
	}
	// Snowflake knows a few functions that need no parentheses.
	if len(c.Name) == 1 && t.kind == tokWord && bareFunctions[c.Name[0]] {
		return &Call{Name: c.Name[0]}, nil
	}
	return c, nil
}

var bareFunctions = map[string]bool{
	"CURRENT_TIMESTAMP": true, "CURRENT_DATE": true, "CURRENT_TIME": true, "CURRENT_USER": true, "LOCALTIMESTAMP": true,
}

// notFunctions are words that may be followed by a parenthesis without being a
// call; LEFT and RIGHT are both joins and functions.
var notFunctions = map[string]bool{
	"SELECT": true, "FROM": true, "WHERE": true, "AND": true, "OR": true, "NOT": true, "IN": true, "ON": true,
	"VALUES": true, "USING": true, "AS": true, "WHEN": true, "THEN": true, "ELSE": true, "BY": true,
	"HAVING": true, "QUALIFY": true, "UNION": true, "EXCEPT": true, "INTERSECT": true, "MINUS": true,
}
