package jirasim

import (
	"strings"
)

// A query is a parsed JQL query.
type query struct {
	where node // nil: everything
	order []orderTerm
}

// A node is a *junction or a *clause.
type node interface{ negated() node }

// A junction is its members joined by AND, or by OR.
type junction struct {
	or      bool
	members []node
}

type clause struct {
	field    string
	custom   bool // field is the number in cf[n]
	op       string
	operands []operand
	list     bool
	text     string // for messages
}

// An operand is a value, EMPTY, or a function call.
type operand struct {
	text   string
	quoted bool
	empty  bool
	fn     bool
	args   []string
}

type orderTerm struct {
	field  string
	custom bool
	desc   bool
}

// opposite operators: Jira pushes NOT down to the clauses, so that NOT a = 1
// is a != 1, which does not find issues without a.
var opposite = map[string]string{
	"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "~": "!~", "!~": "~",
	"in": "not in", "not in": "in", "is": "is not", "is not": "is",
}

func (g *junction) negated() node {
	n := &junction{or: !g.or}
	for _, m := range g.members {
		n.members = append(n.members, m.negated())
	}
	return n
}

func (c *clause) negated() node {
	n := *c
	n.op = opposite[c.op]
	return &n
}

type parser struct {
	jql    string
	tokens []token
	depth  int
}

// parseJQL reads a query.
func parseJQL(jql string) (*query, error) {
	tokens, err := lex(jql)
	if err != nil {
		return nil, err
	}
	p := &parser{jql: jql, tokens: tokens}
	q := &query{}
	if !p.peek().is("order") && p.peek().kind != tokenEnd {
		if q.where, err = p.or(); err != nil {
			return nil, err
		}
	}
	if p.peek().is("order") {
		if q.order, err = p.orderBy(); err != nil {
			return nil, err
		}
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, p.unexpected(t, "Expecting either 'OR' or 'AND'")
	}
	return q, nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) take() token {
	t := p.tokens[0]
	if t.kind != tokenEnd {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) unexpected(t token, expecting string) error {
	if t.kind == tokenEnd {
		return badSyntax(p.jql, t.at, "%s but got the end of the query.", expecting)
	}
	return badSyntax(p.jql, t.at, "%s but got '%s'.", expecting, t.text)
}

func (p *parser) or() (node, error)  { return p.joined("or", p.and) }
func (p *parser) and() (node, error) { return p.joined("and", p.not) }

func (p *parser) joined(word string, member func() (node, error)) (node, error) {
	first, err := member()
	if err != nil || !p.peek().is(word) {
		return first, err
	}
	g := &junction{or: word == "or", members: []node{first}}
	for p.peek().is(word) {
		p.take()
		next, err := member()
		if err != nil {
			return nil, err
		}
		g.members = append(g.members, next)
	}
	return g, nil
}

// maxNesting keeps hostile queries off the stack.
const maxNesting = 500

func (p *parser) not() (node, error) {
	if p.depth++; p.depth > maxNesting {
		return nil, badSyntax(p.jql, p.peek().at, "The query is nested too deeply.")
	}
	defer func() { p.depth-- }()
	switch t := p.peek(); {
	case t.is("not"):
		p.take()
		n, err := p.not()
		if err != nil {
			return nil, err
		}
		return n.negated(), nil
	case t.is("("):
		p.take()
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if t := p.take(); !t.is(")") {
			return nil, p.unexpected(t, "Expecting ')'")
		}
		return n, nil
	}
	return p.clause()
}

// name reads a field's name.
func (p *parser) name() (string, bool, error) {
	switch t := p.take(); t.kind {
	case tokenCustom:
		return t.text, true, nil
	case tokenString:
		return t.text, false, nil
	case tokenWord:
		if reservedWords[strings.ToLower(t.text)] {
			return "", false, p.reserved(t)
		}
		return t.text, false, nil
	default:
		return "", false, p.unexpected(t, "Expecting a field name")
	}
}

func (p *parser) reserved(t token) error {
	return badSyntax(p.jql, t.at, "'%s' is a reserved JQL word. You must surround it in quotation marks to use it in a query.", t.text)
}

func (p *parser) clause() (node, error) {
	start := p.peek().at
	name, custom, err := p.name()
	if err != nil {
		return nil, err
	}
	c := &clause{field: name, custom: custom}
	if c.op, err = p.operator(); err != nil {
		return nil, err
	}
	if p.peek().is("(") {
		c.list = true
		c.operands, err = p.list()
	} else {
		var o operand
		o, err = p.operand()
		c.operands = []operand{o}
	}
	if err != nil {
		return nil, err
	}
	switch isList := c.op == "in" || c.op == "not in"; {
	case c.list != isList && !(isList && c.operands[0].fn):
		return nil, jqlErrorf("Operator '%s' does not support the operand in the clause for field '%s'.", c.op, name)
	case strings.HasPrefix(c.op, "is") && !c.operands[0].empty:
		return nil, jqlErrorf("Operator '%s' does not support the non-empty value in the clause for field '%s'.", c.op, name)
	}
	c.text = strings.TrimSpace(p.jql[start:p.peek().at])
	return c, nil
}

func (p *parser) operator() (string, error) {
	t := p.take()
	switch {
	case t.kind == tokenSign && opposite[t.text] != "":
		return t.text, nil
	case t.is("in"):
		return "in", nil
	case t.is("not") && p.peek().is("in"):
		p.take()
		return "not in", nil
	case t.is("is"):
		if p.peek().is("not") {
			p.take()
			return "is not", nil
		}
		return "is", nil
	case t.is("was"), t.is("changed"):
		return "", badSyntax(p.jql, t.at, "this simulator does not evaluate '%s'", t.text)
	}
	return "", p.unexpected(t, "Expecting operator")
}

func (p *parser) list() ([]operand, error) {
	p.take() // (
	var all []operand
	for {
		o, err := p.operand()
		if err != nil {
			return nil, err
		}
		all = append(all, o)
		switch t := p.take(); {
		case t.is(","):
		case t.is(")"):
			return all, nil
		default:
			return nil, p.unexpected(t, "Expecting ')' or ','")
		}
	}
}

func (p *parser) operand() (operand, error) {
	t := p.take()
	switch t.kind {
	case tokenString, tokenWord:
		if t.is("empty") || t.is("null") {
			return operand{text: t.text, empty: true}, nil
		}
		if p.peek().is("(") {
			return p.call(t.text)
		}
		if t.kind == tokenWord && reservedWords[strings.ToLower(t.text)] {
			return operand{}, p.reserved(t)
		}
		return operand{text: t.text, quoted: t.kind == tokenString}, nil
	}
	return operand{}, p.unexpected(t, "Expecting either a value, list or function")
}

func (p *parser) call(name string) (operand, error) {
	p.take() // (
	o := operand{text: name, fn: true}
	for !p.peek().is(")") {
		t := p.take()
		if t.kind != tokenWord && t.kind != tokenString {
			return o, p.unexpected(t, "Expecting a function argument")
		}
		o.args = append(o.args, t.text)
		if p.peek().is(",") {
			p.take()
		} else if !p.peek().is(")") {
			return o, p.unexpected(p.peek(), "Expecting ')' or ','")
		}
	}
	p.take()
	return o, nil
}

func (p *parser) orderBy() ([]orderTerm, error) {
	p.take()
	if t := p.take(); !t.is("by") {
		return nil, p.unexpected(t, "Expecting 'by'")
	}
	var terms []orderTerm
	for {
		name, custom, err := p.name()
		if err != nil {
			return nil, err
		}
		term := orderTerm{field: name, custom: custom}
		if p.peek().is("asc") || p.peek().is("desc") {
			term.desc = p.take().is("desc")
		}
		terms = append(terms, term)
		if !p.peek().is(",") {
			return terms, nil
		}
		p.take()
	}
}
