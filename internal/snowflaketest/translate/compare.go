package translate

import (
	"fmt"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// incompatible is the error for two types without a common one.
func incompatible(l, r sqltype.Type) error {
	return sferr.Compilation("001040", "42601", "incompatible types: [%s] and [%s]", l, r)
}

// argumentTypes is the error for arguments that a function does not take.
func argumentTypes(function string, types ...sqltype.Type) error {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = t.String()
	}
	return sferr.Compilation("001044", "42P13", "Invalid argument types for function '%s': (%s)", function, strings.Join(names, ", "))
}

// comparable brings two values to a type in which they can be compared.
func (b *binder) comparable(l, r value) (value, value, error) {
	t, ok := sqltype.Common(l.typ, r.typ)
	if !ok {
		return l, r, incompatible(l.typ, r.typ)
	}
	// A VARIANT beside another type is compared as that type; a number of unknown
	// scale must not be rounded for it.
	for _, pair := range [2][2]sqltype.Kind{{l.typ.Kind, r.typ.Kind}, {r.typ.Kind, l.typ.Kind}} {
		other := pair[1]
		if !pair[0].Semi() || other.Semi() || other == sqltype.Unknown {
			continue
		}
		if t = sqltype.Of(other); other == sqltype.Number {
			t = sqltype.Fixed(38, 10)
		}
	}
	l, err := b.coerce(l, t)
	if err != nil {
		return l, r, err
	}
	r, err = b.coerce(r, t)
	return l, r, err
}

func (b *binder) compare(op string, l, r value) (value, error) {
	l, r, err := b.comparable(l, r)
	if err != nil {
		return value{}, err
	}
	return boolean("("+l.key()+" "+op+" "+r.key()+")", l.nullable || r.nullable), nil
}

func (b *binder) distinct(x *syntax.Distinct, sc *scope) (value, error) {
	l, err := b.expr(x.L, sc)
	if err != nil {
		return value{}, err
	}
	r, err := b.expr(x.R, sc)
	if err != nil {
		return value{}, err
	}
	op := "IS DISTINCT FROM"
	if x.Not {
		op = "IS NOT DISTINCT FROM"
	}
	v, err := b.compare(op, l, r)
	v.nullable = false
	return v, err
}

func (b *binder) between(x *syntax.Between, sc *scope) (value, error) {
	vs, err := b.exprs([]syntax.Expr{x.X, x.Low, x.High}, sc)
	if err != nil {
		return value{}, err
	}
	low, err := b.compare(">=", vs[0], vs[1])
	if err != nil {
		return value{}, err
	}
	high, err := b.compare("<=", vs[0], vs[2])
	if err != nil {
		return value{}, err
	}
	sql := "(" + low.sql + " AND " + high.sql + ")"
	if x.Not {
		sql = "(NOT " + sql + ")"
	}
	return boolean(sql, low.nullable || high.nullable), nil
}

func (b *binder) in(x *syntax.In, sc *scope) (value, error) {
	if x.Query != nil {
		return b.inQuery(x, sc)
	}
	if t, ok := x.X.(*syntax.Tuple); ok {
		return b.inTuples(t, x, sc)
	}
	l, err := b.expr(x.X, sc)
	if err != nil {
		return value{}, err
	}
	var parts []string
	for _, item := range x.List {
		r, err := b.expr(item, sc)
		if err != nil {
			return value{}, err
		}
		eq, err := b.compare("=", l, r)
		if err != nil {
			return value{}, err
		}
		parts = append(parts, eq.sql)
	}
	return negated("("+strings.Join(parts, " OR ")+")", x.Not), nil
}

func negated(sql string, not bool) value {
	if not {
		sql = "(NOT " + sql + ")"
	}
	return boolean(sql, true)
}

// inTuples translates (a, b) IN ((1, 2), (3, 4)).
func (b *binder) inTuples(t *syntax.Tuple, x *syntax.In, sc *scope) (value, error) {
	var rows []string
	for _, item := range x.List {
		r, ok := item.(*syntax.Tuple)
		if !ok || len(r.Items) != len(t.Items) {
			return value{}, sferr.Compilation("001040", "42601", "IN with rows of different length")
		}
		row, err := b.equalRows(t.Items, func(i int) (value, error) { return b.expr(r.Items[i], sc) }, sc)
		if err != nil {
			return value{}, err
		}
		rows = append(rows, row)
	}
	return negated("("+strings.Join(rows, " OR ")+")", x.Not), nil
}

func (b *binder) equalRows(l []syntax.Expr, r func(int) (value, error), sc *scope) (string, error) {
	var parts []string
	for i, x := range l {
		lv, err := b.expr(x, sc)
		if err != nil {
			return "", err
		}
		rv, err := r(i)
		if err != nil {
			return "", err
		}
		eq, err := b.compare("=", lv, rv)
		if err != nil {
			return "", err
		}
		parts = append(parts, eq.sql)
	}
	return "(" + strings.Join(parts, " AND ") + ")", nil
}

// inQuery translates x IN (query) and (x, y) IN (query).
func (b *binder) inQuery(x *syntax.In, sc *scope) (value, error) {
	left := []syntax.Expr{x.X}
	t, tuple := x.X.(*syntax.Tuple)
	if tuple {
		left = t.Items
	}
	out, err := b.query(x.Query, sc)
	if err != nil {
		return value{}, err
	}
	if len(out.values) != len(left) {
		return value{}, sferr.Compilation("001040", "42601", "IN compares %d values with a query of %d columns", len(left), len(out.values))
	}
	name := b.alias("q")
	column := func(i int) (value, error) {
		v := out.values[i]
		v.sql = fmt.Sprintf("%s.c%d", name, i+1)
		return v, nil
	}
	if tuple {
		if x.Not {
			return value{}, sferr.Unsupported("(a, b) NOT IN (query); use NOT EXISTS")
		}
		eq, err := b.equalRows(left, column, sc)
		return boolean(fmt.Sprintf("EXISTS (SELECT 1 FROM (%s) AS %s WHERE %s)", out.sql, name, eq), false), err
	}
	l, err := b.expr(x.X, sc)
	if err != nil {
		return value{}, err
	}
	r, err := column(0)
	if err != nil {
		return value{}, err
	}
	if l, r, err = b.comparable(l, r); err != nil {
		return value{}, err
	}
	return negated(fmt.Sprintf("(%s IN (SELECT %s FROM (%s) AS %s))", l.key(), r.key(), out.sql, name), x.Not), nil
}
