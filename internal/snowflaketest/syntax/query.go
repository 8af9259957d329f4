package syntax

import (
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
)

// query parses [WITH …] body [ORDER BY …] [LIMIT n [OFFSET m]].
func (p *parser) query() (*Query, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	q := &Query{}
	var err error
	if p.words("WITH") {
		if q.With, err = p.ctes(); err != nil {
			return nil, err
		}
	}
	if q.Body, err = p.setOperation(); err != nil {
		return nil, err
	}
	if p.words("ORDER", "BY") {
		if q.OrderBy, err = p.orderItems(); err != nil {
			return nil, err
		}
	}
	return q, p.limit(q)
}

func (p *parser) limit(q *Query) error {
	var err error
	if p.words("LIMIT") {
		if q.Limit, err = p.additive(); err != nil {
			return err
		}
	}
	if p.words("OFFSET") {
		if q.Offset, err = p.additive(); err != nil {
			return err
		}
		p.oneOf("ROW", "ROWS")
	}
	if q.Limit == nil && p.words("FETCH") {
		p.oneOf("FIRST", "NEXT")
		if q.Limit, err = p.additive(); err != nil {
			return err
		}
		p.oneOf("ROW", "ROWS")
		p.words("ONLY")
	}
	return nil
}

func (p *parser) ctes() ([]CTE, error) {
	recursive := p.words("RECURSIVE")
	var out []CTE
	err := p.list(func() error {
		c := CTE{Recursive: recursive}
		var err error
		if c.Name, err = p.identifier(); err != nil {
			return err
		}
		if p.peek().is("(") {
			if c.Columns, err = p.identifiers(); err != nil {
				return err
			}
		}
		if err := p.expectWords("AS"); err != nil {
			return err
		}
		if c.Query, err = p.queryInParentheses(); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	})
	return out, err
}

func (p *parser) queryInParentheses() (*Query, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	q, err := p.query()
	if err != nil {
		return nil, err
	}
	return q, p.expect(")")
}

// setOperation parses UNION, EXCEPT and MINUS, which bind weaker than INTERSECT.
func (p *parser) setOperation() (Body, error) {
	l, err := p.intersection()
	if err != nil {
		return nil, err
	}
	for {
		op := p.oneOf("UNION", "EXCEPT", "MINUS")
		if op == "" {
			return l, nil
		}
		if op == "MINUS" {
			op = "EXCEPT"
		}
		if op == "UNION" && p.words("ALL") {
			op = "UNION ALL"
		}
		p.words("DISTINCT")
		r, err := p.intersection()
		if err != nil {
			return nil, err
		}
		l = &SetOperation{Op: op, L: l, R: r}
	}
}

func (p *parser) intersection() (Body, error) {
	l, err := p.queryTerm()
	if err != nil {
		return nil, err
	}
	for p.words("INTERSECT") {
		r, err := p.queryTerm()
		if err != nil {
			return nil, err
		}
		l = &SetOperation{Op: "INTERSECT", L: l, R: r}
	}
	return l, nil
}

func (p *parser) queryTerm() (Body, error) {
	switch {
	case p.words("SELECT"):
		return p.selectBlock()
	case p.words("VALUES"):
		return p.values()
	case p.peek().is("("):
		return p.queryInParentheses()
	}
	return nil, p.unexpected()
}

func (p *parser) values() (*Values, error) {
	v := &Values{}
	err := p.list(func() error {
		if err := p.expect("("); err != nil {
			return err
		}
		row, err := p.expressions()
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
		return p.expect(")")
	})
	if err != nil {
		return nil, err
	}
	for _, row := range v.Rows {
		if len(row) != len(v.Rows[0]) {
			return nil, sferr.Compilation("001040", "42601", "VALUES clause with rows of different length")
		}
	}
	return v, nil
}

func (p *parser) selectBlock() (*Select, error) {
	s := &Select{Distinct: p.words("DISTINCT")}
	p.words("ALL")
	var err error
	if p.words("TOP") {
		if s.Limit, err = p.primary(); err != nil {
			return nil, err
		}
	}
	if err := p.list(func() error { return p.item(s) }); err != nil {
		return nil, err
	}
	if p.words("FROM") {
		if err := p.list(func() error {
			t, err := p.joins()
			s.From = append(s.From, t)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return s, p.selectClauses(s)
}

func (p *parser) selectClauses(s *Select) error {
	var err error
	if p.words("WHERE") {
		if s.Where, err = p.expression(); err != nil {
			return err
		}
	}
	if p.words("GROUP", "BY") {
		if s.GroupAll = p.words("ALL"); !s.GroupAll {
			if s.GroupBy, err = p.expressions(); err != nil {
				return err
			}
		}
	}
	if p.words("HAVING") {
		if s.Having, err = p.expression(); err != nil {
			return err
		}
	}
	if p.words("QUALIFY") {
		if s.Qualify, err = p.expression(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parser) item(s *Select) error {
	start := p.peek().start
	x, err := p.expression()
	if err != nil {
		return err
	}
	it := Item{X: x, Text: strings.ToUpper(p.src[start:p.tokens[p.pos-1].end])}
	if _, star := x.(*Star); !star {
		if it.Alias, err = p.alias(); err != nil {
			return err
		}
	}
	s.Items = append(s.Items, it)
	return nil
}

// alias takes [AS] name. Without AS the word must not begin the next clause.
func (p *parser) alias() (string, error) {
	if p.words("AS") {
		return p.identifier()
	}
	t := p.peek()
	if t.kind == tokQuoted || t.kind == tokWord && !reserved[t.word()] && !clauseWords[t.word()] {
		return p.identifier()
	}
	return "", nil
}

// clauseWords may be identifiers but are not taken as aliases without AS.
var clauseWords = map[string]bool{
	"LIMIT": true, "OFFSET": true, "FETCH": true, "EXCEPT": true, "WINDOW": true, "INNER": true, "END": true,
	"FILE_FORMAT": true, "PIVOT": true, "UNPIVOT": true, "SAMPLE": true, "TABLESAMPLE": true, "AT": true, "BEFORE": true,
	"MATCH_RECOGNIZE": true, "ASOF": true, "CONNECT": true,
}

// joins parses one item of FROM with the joins behind it.
func (p *parser) joins() (Table, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	l, err := p.tableFactor()
	if err != nil {
		return nil, err
	}
	for {
		kind := ""
		switch w := p.peek().word(); w {
		case "JOIN":
			kind = "INNER"
		case "INNER", "CROSS":
			kind = w
			p.pos++
		case "LEFT", "RIGHT", "FULL":
			kind = w
			p.pos++
			p.words("OUTER")
		case "NATURAL", "ASOF":
			return nil, sferr.Unsupported("%s JOIN", w)
		default:
			return l, nil
		}
		if err := p.expectWords("JOIN"); err != nil {
			return nil, err
		}
		j := &Join{Kind: kind, L: l}
		if j.R, err = p.tableFactor(); err != nil {
			return nil, err
		}
		if err := p.joinCondition(j); err != nil {
			return nil, err
		}
		l = j
	}
}

func (p *parser) joinCondition(j *Join) error {
	var err error
	switch {
	case p.words("ON"):
		j.On, err = p.expression()
	case p.words("USING"):
		j.Using, err = p.identifiers()
	}
	return err
}

func (p *parser) tableFactor() (Table, error) {
	lateral := p.words("LATERAL")
	t := p.peek()
	switch {
	case t.is("("):
		return p.parenthesisedTable(lateral)
	case t.kind == tokStage || t.kind == tokString && strings.HasPrefix(t.text, "@"):
		loc, err := p.location()
		if err != nil {
			return nil, err
		}
		alias, err := p.alias()
		return &StagedFiles{Location: loc, Alias: alias}, err
	case t.word() == "TABLE" && p.peekAt(1).is("("):
		p.pos += 2
		f, err := p.tableFunction()
		if err != nil {
			return nil, err
		}
		if err := p.expect(")"); err != nil {
			return nil, err
		}
		f.Alias, err = p.alias()
		return f, err
	case p.words("VALUES"):
		v, err := p.values()
		if err != nil {
			return nil, err
		}
		return p.derivedAlias(&Derived{Query: &Query{Body: v}})
	case t.kind == tokWord && p.peekAt(1).is("("):
		f, err := p.tableFunction()
		if err != nil {
			return nil, err
		}
		f.Alias, err = p.alias()
		return f, err
	}
	return p.tableName()
}

func (p *parser) tableName() (Table, error) {
	n, err := p.name()
	if err != nil {
		return nil, err
	}
	alias, err := p.alias()
	return &TableName{Name: n, Alias: alias}, err
}

func (p *parser) tableFunction() (*TableFunction, error) {
	name := p.next()
	if name.kind != tokWord || !p.accept("(") {
		p.pos--
		return nil, p.unexpected()
	}
	c := &Call{Name: name.word()}
	if err := p.arguments(c); err != nil {
		return nil, err
	}
	return &TableFunction{Call: c}, p.expect(")")
}

// parenthesisedTable parses a subquery, VALUES, or joins in parentheses.
func (p *parser) parenthesisedTable(lateral bool) (Table, error) {
	inner := p.peekAt(1)
	if w := inner.word(); w != "SELECT" && w != "WITH" && w != "VALUES" && !inner.is("(") {
		p.pos++
		t, err := p.joins()
		if err != nil {
			return nil, err
		}
		return t, p.expect(")")
	}
	q, err := p.queryInParentheses()
	if err != nil {
		return nil, err
	}
	return p.derivedAlias(&Derived{Query: q, Lateral: lateral})
}

// derivedAlias takes [AS] alias [(columns)].
func (p *parser) derivedAlias(d *Derived) (Table, error) {
	var err error
	if d.Alias, err = p.alias(); err != nil {
		return nil, err
	}
	if d.Alias != "" && p.peek().is("(") {
		d.Columns, err = p.identifiers()
	}
	return d, err
}
