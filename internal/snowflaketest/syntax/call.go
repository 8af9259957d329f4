package syntax

import "snowdrift/internal/snowflaketest/sferr"

// call parses the arguments and suffixes of the function whose name was taken
// together with its opening parenthesis.
func (p *parser) call(name token) (Expr, error) {
	c := &Call{Name: name.word()}
	c.Distinct = p.words("DISTINCT")
	if err := p.arguments(c); err != nil {
		return nil, err
	}
	if err := p.nullTreatment(c); err != nil {
		return nil, err
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	if err := p.nullTreatment(c); err != nil {
		return nil, err
	}
	if p.words("WITHIN", "GROUP") {
		if err := p.withinGroup(c); err != nil {
			return nil, err
		}
	}
	if p.words("OVER") {
		w, err := p.window()
		if err != nil {
			return nil, err
		}
		c.Over = w
	}
	return c, nil
}

func (p *parser) arguments(c *Call) error {
	if p.peek().is(")") {
		return nil
	}
	if w := p.peek().word(); w == "SELECT" || w == "WITH" {
		return sferr.Unsupported("a query as the argument of %s", c.Name)
	}
	return p.list(func() error {
		if p.peek().kind == tokWord && p.peekAt(1).is("=>") {
			key := p.next().word()
			p.pos++
			x, err := p.expression()
			if c.Named == nil {
				c.Named = map[string]Expr{}
			}
			c.Named[key] = x
			return err
		}
		x, err := p.expression()
		c.Args = append(c.Args, x)
		return err
	})
}

func (p *parser) nullTreatment(c *Call) error {
	switch {
	case p.words("IGNORE", "NULLS"):
		c.IgnoreNulls = true
	case p.words("RESPECT", "NULLS"):
	}
	return nil
}

func (p *parser) withinGroup(c *Call) error {
	if err := p.expect("("); err != nil {
		return err
	}
	if err := p.expectWords("ORDER", "BY"); err != nil {
		return err
	}
	var err error
	if c.WithinGroup, err = p.orderItems(); err != nil {
		return err
	}
	return p.expect(")")
}

func (p *parser) window() (*Window, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	w := &Window{}
	var err error
	if p.words("PARTITION", "BY") {
		if w.Partition, err = p.expressions(); err != nil {
			return nil, err
		}
	}
	if p.words("ORDER", "BY") {
		if w.Order, err = p.orderItems(); err != nil {
			return nil, err
		}
	}
	if unit := p.oneOf("ROWS", "RANGE"); unit != "" {
		if w.Frame, err = p.frame(unit); err != nil {
			return nil, err
		}
	}
	return w, p.expect(")")
}

func (p *parser) frame(unit string) (*Frame, error) {
	if !p.words("BETWEEN") {
		from, err := p.frameBound()
		return &Frame{Unit: unit, From: from, To: "CURRENT ROW"}, err
	}
	from, err := p.frameBound()
	if err != nil {
		return nil, err
	}
	if err := p.expectWords("AND"); err != nil {
		return nil, err
	}
	to, err := p.frameBound()
	return &Frame{Unit: unit, From: from, To: to}, err
}

func (p *parser) frameBound() (string, error) {
	if p.words("CURRENT", "ROW") {
		return "CURRENT ROW", nil
	}
	what := ""
	if p.words("UNBOUNDED") {
		what = "UNBOUNDED"
	} else {
		t := p.peek()
		if _, err := p.integer(); err != nil {
			return "", err
		}
		what = t.text
	}
	side := p.oneOf("PRECEDING", "FOLLOWING")
	if side == "" {
		return "", p.unexpected()
	}
	return what + " " + side, nil
}

func (p *parser) orderItems() ([]Order, error) {
	var out []Order
	err := p.list(func() error {
		x, err := p.expression()
		if err != nil {
			return err
		}
		o := Order{X: x, Desc: p.oneOf("ASC", "DESC") == "DESC"}
		o.NullsFirst = o.Desc
		switch {
		case p.words("NULLS", "FIRST"):
			o.NullsFirst = true
		case p.words("NULLS", "LAST"):
			o.NullsFirst = false
		}
		out = append(out, o)
		return nil
	})
	return out, err
}
