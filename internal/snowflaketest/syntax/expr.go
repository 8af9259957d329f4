package syntax

import (
	"strconv"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
)

// expression parses in Snowflake's order of precedence:
// OR < AND < NOT < comparison, IS, IN, LIKE, BETWEEN < + - || < * / % < unary < :: : [ ].
func (p *parser) expression() (Expr, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	return p.binaryWord([]string{"OR"}, func() (Expr, error) {
		return p.binaryWord([]string{"AND"}, p.negation)
	})
}

func (p *parser) binaryWord(ops []string, operand func() (Expr, error)) (Expr, error) {
	l, err := operand()
	if err != nil {
		return nil, err
	}
	for {
		op := p.oneOf(ops...)
		if op == "" {
			return l, nil
		}
		r, err := operand()
		if err != nil {
			return nil, err
		}
		l = &Binary{Op: op, L: l, R: r}
	}
}

func (p *parser) binaryOperator(ops []string, operand func() (Expr, error)) (Expr, error) {
	l, err := operand()
	if err != nil {
		return nil, err
	}
	for {
		op := ""
		for _, o := range ops {
			if p.accept(o) {
				op = o
				break
			}
		}
		if op == "" {
			return l, nil
		}
		r, err := operand()
		if err != nil {
			return nil, err
		}
		l = &Binary{Op: op, L: l, R: r}
	}
}

func (p *parser) negation() (Expr, error) {
	if !p.words("NOT") {
		return p.comparison()
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	x, err := p.negation()
	return &Unary{Op: "NOT", X: x}, err
}

func (p *parser) comparison() (Expr, error) {
	l, err := p.additive()
	if err != nil {
		return nil, err
	}
	for {
		e, err := p.predicate(l)
		if err != nil {
			return nil, err
		}
		if e == nil {
			return l, nil
		}
		l = e
	}
}

// predicate parses what may follow an operand, or returns nil.
func (p *parser) predicate(l Expr) (Expr, error) {
	for _, op := range []string{"=", "<>", "!=", "<=", ">=", "<", ">"} {
		if p.accept(op) {
			r, err := p.additive()
			if op == "!=" {
				op = "<>"
			}
			return &Binary{Op: op, L: l, R: r}, err
		}
	}
	if p.words("IS") {
		return p.isPredicate(l)
	}
	not := p.peek().word() == "NOT"
	if not {
		switch p.peekAt(1).word() {
		case "IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP":
			p.pos++
		default:
			return nil, nil
		}
	}
	switch op := p.oneOf("IN", "BETWEEN", "LIKE", "ILIKE", "RLIKE", "REGEXP"); op {
	case "IN":
		return p.inPredicate(l, not)
	case "BETWEEN":
		low, err := p.additive()
		if err != nil {
			return nil, err
		}
		if err := p.expectWords("AND"); err != nil {
			return nil, err
		}
		high, err := p.additive()
		return &Between{X: l, Low: low, High: high, Not: not}, err
	case "LIKE", "ILIKE", "RLIKE", "REGEXP":
		return p.likePredicate(l, op, not)
	}
	return nil, nil
}

func (p *parser) isPredicate(l Expr) (Expr, error) {
	not := p.words("NOT")
	if p.words("DISTINCT", "FROM") {
		r, err := p.additive()
		return &Distinct{L: l, R: r, Not: not}, err
	}
	what := p.oneOf("NULL", "TRUE", "FALSE")
	if what == "" {
		return nil, p.unexpected()
	}
	return &Is{X: l, What: what, Not: not}, nil
}

func (p *parser) inPredicate(l Expr, not bool) (Expr, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	in := &In{X: l, Not: not}
	var err error
	if w := p.peek().word(); w == "SELECT" || w == "WITH" {
		in.Query, err = p.query()
	} else {
		in.List, err = p.expressions()
	}
	if err != nil {
		return nil, err
	}
	return in, p.expect(")")
}

func (p *parser) likePredicate(l Expr, op string, not bool) (Expr, error) {
	if op == "REGEXP" {
		op = "RLIKE"
	}
	like := &Like{Op: op, X: l, Not: not}
	if p.words("ANY") {
		if err := p.expect("("); err != nil {
			return nil, err
		}
		var err error
		if like.Patterns, err = p.expressions(); err != nil {
			return nil, err
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
	} else {
		x, err := p.additive()
		if err != nil {
			return nil, err
		}
		like.Patterns = []Expr{x}
	}
	if p.words("ESCAPE") {
		var err error
		if like.Escape, err = p.additive(); err != nil {
			return nil, err
		}
	}
	return like, nil
}

func (p *parser) additive() (Expr, error) {
	return p.binaryOperator([]string{"+", "-", "||"}, func() (Expr, error) {
		return p.binaryOperator([]string{"*", "/", "%"}, p.unary)
	})
}

func (p *parser) unary() (Expr, error) {
	for _, op := range []string{"-", "+"} {
		if p.accept(op) {
			if err := p.enter(); err != nil {
				return nil, err
			}
			defer p.leave()
			x, err := p.unary()
			if n, ok := x.(*Number); ok && op == "-" && !strings.HasPrefix(n.Text, "-") {
				return &Number{Text: "-" + n.Text}, err
			}
			return &Unary{Op: op, X: x}, err
		}
	}
	return p.postfix()
}

// postfix parses ::type, :path, [index] after a primary.
func (p *parser) postfix() (Expr, error) {
	x, err := p.primary()
	if err != nil {
		return nil, err
	}
	for {
		switch {
		case p.accept("::"):
			t, err := p.typeName()
			if err != nil {
				return nil, err
			}
			x = &Cast{X: x, Type: t}
		case p.peek().is(":") && isPathKey(p.peekAt(1)):
			p.pos++
			x, err = p.path(x)
		case p.peek().is("["):
			x, err = p.path(x)
		default:
			return x, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func isPathKey(t token) bool { return t.kind == tokWord || t.kind == tokQuoted }

// path parses a.b[0]['c'] after the colon; keys keep their case.
func (p *parser) path(x Expr) (Expr, error) {
	out := &Path{X: x}
	if isPathKey(p.peek()) {
		out.Steps = append(out.Steps, Step{Key: p.next().text})
	}
	for {
		switch {
		case len(out.Steps) > 0 && p.peek().is(".") && isPathKey(p.peekAt(1)):
			p.pos++
			out.Steps = append(out.Steps, Step{Key: p.next().text})
		case p.accept("["):
			s, err := p.pathIndex()
			if err != nil {
				return nil, err
			}
			out.Steps = append(out.Steps, s)
		default:
			return out, nil
		}
	}
}

func (p *parser) pathIndex() (Step, error) {
	x, err := p.expression()
	if err != nil {
		return Step{}, err
	}
	if err := p.expect("]"); err != nil {
		return Step{}, err
	}
	if s, ok := x.(*String); ok {
		return Step{Key: s.Value}, nil
	}
	return Step{Index: x}, nil
}

func (p *parser) expressions() ([]Expr, error) {
	var out []Expr
	err := p.list(func() error {
		x, err := p.expression()
		out = append(out, x)
		return err
	})
	return out, err
}

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
	return &Call{Name: "DATE_PART", Args: []Expr{&String{Value: part.text}, x}, Pos: part.start}, p.expect(")")
}

// position reads POSITION(a IN b); the form with commas is an ordinary call.
func (p *parser) position() (Expr, error) {
	start := p.pos
	pos := p.peek().start
	p.pos += 2
	a, err := p.additive()
	if err != nil {
		return nil, err
	}
	if !p.words("IN") {
		p.pos = start
		return p.columnOrCall()
	}
	b, err := p.additive()
	if err != nil {
		return nil, err
	}
	return &Call{Name: "POSITION", Args: []Expr{a, b}, Pos: pos}, p.expect(")")
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
		return &Call{Name: c.Name[0], Pos: t.start}, nil
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
