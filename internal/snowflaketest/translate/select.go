package translate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// selectBlock translates one SELECT. The returned scope is that of its ORDER BY.
func (b *binder) selectBlock(s *syntax.Select, parent *scope) (output, *scope, error) {
	sc := &scope{parent: parent, aliases: map[string]value{}}
	from, err := b.from(s.From, sc)
	if err != nil {
		return output{}, nil, err
	}
	out, err := b.items(s.Items, sc)
	if err != nil {
		return output{}, nil, err
	}
	where, err := b.clause(" WHERE ", s.Where, sc)
	if err != nil {
		return output{}, nil, err
	}
	group, err := b.groupBy(s, sc, out)
	if err != nil {
		return output{}, nil, err
	}
	having, err := b.clause(" HAVING ", s.Having, sc)
	if err != nil {
		return output{}, nil, err
	}
	qualify, err := b.clause(" QUALIFY ", s.Qualify, sc)
	if err != nil {
		return output{}, nil, err
	}
	list := make([]string, len(out.values))
	for i, v := range out.values {
		list[i] = fmt.Sprintf("%s AS c%d", v.sql, i+1)
	}
	out.sql = "SELECT "
	if s.Distinct {
		out.sql += "DISTINCT "
	}
	out.sql += strings.Join(list, ", ")
	if from != "" {
		out.sql += " FROM " + from
	}
	out.sql += where + group + having + qualify
	return out, sc, nil
}

// clause writes word and the condition x, or nothing without x.
func (b *binder) clause(word string, x syntax.Expr, sc *scope) (string, error) {
	if x == nil {
		return "", nil
	}
	c, err := b.condition(x, sc)
	return word + c, err
}

// condition translates a BOOLEAN expression.
func (b *binder) condition(x syntax.Expr, sc *scope) (string, error) {
	v, err := b.expr(x, sc)
	if err != nil {
		return "", err
	}
	v, err = b.coerce(v, sqltype.Of(sqltype.Boolean))
	return v.sql, err
}

// groupBy translates GROUP BY: positions, output names and expressions.
func (b *binder) groupBy(s *syntax.Select, sc *scope, out output) (string, error) {
	if s.GroupAll {
		return " GROUP BY ALL", nil
	}
	if len(s.GroupBy) == 0 {
		return "", nil
	}
	var keys []string
	for _, x := range s.GroupBy {
		if n, ok := x.(*syntax.Number); ok {
			i, err := strconv.Atoi(n.Text)
			if err != nil || i < 1 || i > len(out.values) {
				return "", sferr.Compilation("002071", "42601", "GROUP BY position %s is not in the select list", n.Text)
			}
			keys = append(keys, out.values[i-1].sql)
			continue
		}
		if c, ok := x.(*syntax.Call); ok && (c.Name == "ROLLUP" || c.Name == "CUBE" || c.Name == "GROUPING") {
			return "", sferr.Unsupported("GROUP BY %s", c.Name)
		}
		v, err := b.expr(x, sc)
		if err != nil {
			return "", err
		}
		keys = append(keys, v.sql)
	}
	return " GROUP BY " + strings.Join(keys, ", "), nil
}

// items translates the select list. An alias can be used by the items behind it.
func (b *binder) items(items []syntax.Item, sc *scope) (output, error) {
	var out output
	for _, it := range items {
		if star, ok := it.X.(*syntax.Star); ok {
			if err := b.star(star, sc, &out); err != nil {
				return output{}, err
			}
			continue
		}
		v, err := b.expr(it.X, sc)
		if err != nil {
			return output{}, err
		}
		name := it.Alias
		if c, ok := it.X.(*syntax.Column); ok && name == "" {
			name = c.Name[len(c.Name)-1]
		} else if name == "" {
			name = it.Text
		} else {
			sc.aliases[name] = v
		}
		out.names = append(out.names, name)
		out.values = append(out.values, v)
	}
	if len(out.values) == 0 {
		return output{}, sferr.Compilation("001003", "42000", "empty select list")
	}
	return out, nil
}

// star expands * and t.*; columns joined by USING come once, first.
func (b *binder) star(star *syntax.Star, sc *scope, out *output) error {
	add := func(name string, v value) {
		if !slices.Contains(star.Exclude, name) {
			out.names = append(out.names, name)
			out.values = append(out.values, v)
		}
	}
	found := false
	for _, src := range sc.sources {
		if !src.answersTo(star.Table) {
			continue
		}
		found = true
		for _, c := range src.columns {
			v := c.value()
			if len(star.Table) == 0 && src.hidden[c.Name] {
				continue
			}
			if m, ok := sc.merged[c.Name]; ok && len(star.Table) == 0 {
				v = m
			}
			add(c.Name, v)
		}
	}
	if !found {
		return b.errorAt(star.Pos, "000904", "42000", "invalid identifier '%s'", strings.Join(append(star.Table, "*"), "."))
	}
	return nil
}
