package syntax

import "strings"

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
