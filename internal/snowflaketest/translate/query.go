package translate

import (
	"fmt"
	"strconv"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// query translates WITH, the body, ORDER BY and LIMIT.
func (b *binder) query(q *syntax.Query, parent *scope) (output, error) {
	sc := &scope{parent: parent, ctes: map[string]*cte{}}
	var with []string
	recursive := false
	for _, c := range q.With {
		text, rec, err := b.with(c, sc)
		if err != nil {
			return output{}, err
		}
		with, recursive = append(with, text), recursive || rec
	}
	out, err := b.orderedBody(q, sc)
	if err != nil {
		return output{}, err
	}
	if len(with) > 0 {
		keyword := "WITH "
		if recursive {
			keyword = "WITH RECURSIVE "
		}
		out.sql = keyword + strings.Join(with, ", ") + " " + out.sql
	}
	return out, nil
}

// with binds one CTE and enters it into sc.
func (b *binder) with(c syntax.CTE, sc *scope) (text string, recursive bool, err error) {
	name := b.alias("w")
	if set, ok := c.Query.Body.(*syntax.SetOperation); ok && c.Recursive && set.Op == "UNION ALL" && len(c.Query.With) == 0 {
		text, err = b.recursive(c, set, name, sc)
		return text, true, err
	}
	out, err := b.query(c.Query, sc)
	if err != nil {
		return "", false, err
	}
	columns, err := rename(out.columns(), c.Columns, c.Name)
	if err != nil {
		return "", false, err
	}
	sc.ctes[c.Name] = &cte{sql: name, columns: columns}
	return name + " AS (" + out.sql + ")", false, nil
}

// recursive binds anchor UNION ALL step. The anchor decides the types, as in
// Snowflake; the step's columns are cast to them.
func (b *binder) recursive(c syntax.CTE, set *syntax.SetOperation, name string, sc *scope) (string, error) {
	anchor, err := b.body(set.L, sc)
	if err != nil {
		return "", err
	}
	columns, err := rename(anchor.columns(), c.Columns, c.Name)
	if err != nil {
		return "", err
	}
	for i := range columns {
		columns[i].NotNull = false
	}
	sc.ctes[c.Name] = &cte{sql: name, columns: columns}
	step, err := b.body(set.R, sc)
	if err != nil {
		return "", err
	}
	types := make([]sqltype.Type, len(columns))
	names := make([]string, len(columns))
	for i, col := range columns {
		types[i], names[i] = col.Type, fmt.Sprintf("c%d", i+1)
	}
	if len(step.values) != len(types) {
		return "", setOperationArity()
	}
	stepSQL, err := b.castOutput(step, types)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s(%s) AS (%s UNION ALL %s)", name, strings.Join(names, ", "), anchor.sql, stepSQL), nil
}

func rename(columns []Column, names []string, of string) ([]Column, error) {
	if names == nil {
		return columns, nil
	}
	if len(names) != len(columns) {
		return nil, sferr.Compilation("002020", "21S01", "%s has %d columns and %d column names", of, len(columns), len(names))
	}
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = c
		out[i].Name = names[i]
	}
	return out, nil
}

// orderedBody translates the body with ORDER BY, LIMIT and OFFSET.
func (b *binder) orderedBody(q *syntax.Query, sc *scope) (output, error) {
	sel, plain := q.Body.(*syntax.Select)
	var out output
	var err error
	var order []string
	if plain && !sel.Distinct {
		var inner *scope
		out, inner, err = b.selectBlock(sel, sc)
		if err != nil {
			return output{}, err
		}
		order, err = b.orderBy(q.OrderBy, inner, out)
	} else {
		out, err = b.body(q.Body, sc)
		if err != nil {
			return output{}, err
		}
		if len(q.OrderBy) > 0 {
			// Only output columns can be ordered by here; name them by a subquery.
			name := b.alias("q")
			s := newSource("", name, out.columns(), false)
			for i := range out.values {
				out.values[i].sql = s.columns[i].sql
			}
			order, err = b.orderBy(q.OrderBy, &scope{parent: sc, sources: []*source{s}}, out)
			out.sql = fmt.Sprintf("SELECT * FROM (%s) AS %s", out.sql, name)
		}
	}
	if err != nil {
		return output{}, err
	}
	if len(order) > 0 {
		out.sql += " ORDER BY " + strings.Join(order, ", ")
	}
	limit := q.Limit
	if plain && limit == nil {
		limit = sel.Limit
	}
	tail, err := b.limit(limit, q.Offset)
	out.sql += tail
	return out, err
}

func (b *binder) limit(limit, offset syntax.Expr) (string, error) {
	text := ""
	for _, part := range []struct {
		word string
		x    syntax.Expr
	}{{"LIMIT", limit}, {"OFFSET", offset}} {
		switch x := part.x.(type) {
		case nil, *syntax.Null:
		case *syntax.Number:
			n, err := strconv.ParseInt(x.Text, 10, 64)
			if err != nil || n < 0 {
				return "", sferr.Compilation("001003", "42000", "%s %s is not a row count", part.word, x.Text)
			}
			text += fmt.Sprintf(" %s %d", part.word, n)
		case *syntax.Bind:
			v, err := b.bind(x.Index)
			if err != nil {
				return "", err
			}
			text += fmt.Sprintf(" %s CAST(%s AS BIGINT)", part.word, v.sql)
		default:
			return "", sferr.Unsupported("%s that is not a number", part.word)
		}
	}
	return text, nil
}

// orderBy translates ORDER BY items: positions, output names, expressions.
func (b *binder) orderBy(items []syntax.Order, sc *scope, out output) ([]string, error) {
	var order []string
	for _, o := range items {
		v, ok, err := outputItem(o.X, out)
		if err != nil {
			return nil, err
		}
		if !ok {
			if v, err = b.expr(o.X, sc); err != nil {
				return nil, err
			}
		}
		order = append(order, ordered(v, o))
	}
	return order, nil
}

// outputItem finds the output that an ORDER BY item names or numbers.
func outputItem(x syntax.Expr, out output) (value, bool, error) {
	switch x := x.(type) {
	case *syntax.Number:
		n, err := strconv.Atoi(x.Text)
		if err != nil || n < 1 || n > len(out.values) {
			return value{}, false, sferr.Compilation("002071", "42601", "ORDER BY position %s is not in the select list", x.Text)
		}
		return out.values[n-1], true, nil
	case *syntax.Column:
		if len(x.Name) != 1 {
			return value{}, false, nil
		}
		for i, name := range out.names {
			if name == x.Name[0] {
				return out.values[i], true, nil
			}
		}
	}
	return value{}, false, nil
}

func ordered(v value, o syntax.Order) string {
	s := v.key()
	if o.Desc {
		s += " DESC"
	}
	if o.NullsFirst {
		return s + " NULLS FIRST"
	}
	return s + " NULLS LAST"
}

// body translates a SELECT, a set operation, VALUES or a query in parentheses.
func (b *binder) body(body syntax.Body, sc *scope) (output, error) {
	switch body := body.(type) {
	case *syntax.Query:
		out, err := b.query(body, sc)
		out.sql = "SELECT * FROM (" + out.sql + ") AS " + b.alias("q")
		return out, err
	case *syntax.Select:
		out, _, err := b.selectBlock(body, sc)
		if err != nil || body.Limit == nil {
			return out, err
		}
		return output{}, sferr.Unsupported("TOP inside a set operation")
	case *syntax.Values:
		return b.values(body, sc)
	case *syntax.SetOperation:
		return b.setOperation(body, sc)
	}
	return output{}, sferr.Unsupported("query body %T", body)
}

func setOperationArity() error {
	return sferr.Compilation("001789", "42601", "invalid number of result columns for set operator input branches")
}

func (b *binder) setOperation(set *syntax.SetOperation, sc *scope) (output, error) {
	l, err := b.body(set.L, sc)
	if err != nil {
		return output{}, err
	}
	r, err := b.body(set.R, sc)
	if err != nil {
		return output{}, err
	}
	if len(l.values) != len(r.values) {
		return output{}, setOperationArity()
	}
	types := make([]sqltype.Type, len(l.values))
	out := output{names: l.names}
	for i := range l.values {
		t, ok := sqltype.Common(l.values[i].typ, r.values[i].typ)
		if !ok {
			return output{}, incompatible(l.values[i].typ, r.values[i].typ)
		}
		types[i] = t
		out.values = append(out.values, value{typ: t, nullable: l.values[i].nullable || r.values[i].nullable})
	}
	lsql, err := b.castOutput(l, types)
	if err != nil {
		return output{}, err
	}
	rsql, err := b.castOutput(r, types)
	if err != nil {
		return output{}, err
	}
	out.sql = fmt.Sprintf("(%s) %s (%s)", lsql, set.Op, rsql)
	return out, nil
}

// castOutput wraps a query so that its columns have the given types.
func (b *binder) castOutput(o output, types []sqltype.Type) (string, error) {
	name := b.alias("q")
	items := make([]string, len(types))
	same := true
	for i, t := range types {
		v := o.values[i]
		v.sql = fmt.Sprintf("%s.c%d", name, i+1)
		c, err := b.coerce(v, t)
		if err != nil {
			return "", err
		}
		same = same && c.sql == v.sql
		items[i] = fmt.Sprintf("%s AS c%d", c.sql, i+1)
	}
	if same {
		return o.sql, nil
	}
	return fmt.Sprintf("SELECT %s FROM (%s) AS %s", strings.Join(items, ", "), o.sql, name), nil
}

// values translates VALUES (…), (…); its columns are COLUMN1, COLUMN2, ….
func (b *binder) values(v *syntax.Values, sc *scope) (output, error) {
	rows := make([][]value, len(v.Rows))
	types := make([]sqltype.Type, len(v.Rows[0]))
	out := output{}
	for i, row := range v.Rows {
		for j, x := range row {
			e, err := b.expr(x, sc)
			if err != nil {
				return output{}, err
			}
			t, ok := sqltype.Common(types[j], e.typ)
			if !ok {
				return output{}, incompatible(types[j], e.typ)
			}
			types[j], rows[i] = t, append(rows[i], e)
		}
	}
	var lines []string
	for _, row := range rows {
		cells := make([]string, len(row))
		for j, e := range row {
			c, err := b.coerce(e, types[j])
			if err != nil {
				return output{}, err
			}
			cells[j] = c.sql
		}
		lines = append(lines, "("+strings.Join(cells, ", ")+")")
	}
	names := make([]string, len(types))
	for j, t := range types {
		names[j] = fmt.Sprintf("c%d", j+1)
		out.names = append(out.names, fmt.Sprintf("COLUMN%d", j+1))
		out.values = append(out.values, value{typ: t, nullable: true})
	}
	out.sql = fmt.Sprintf("SELECT * FROM (VALUES %s) AS %s(%s)", strings.Join(lines, ", "), b.alias("q"), strings.Join(names, ", "))
	return out, nil
}
