package translate

import (
	"fmt"
	"strings"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// expr translates one expression. The SQL it returns is safe to stand as an
// operand anywhere.
func (b *binder) expr(x syntax.Expr, sc *scope) (value, error) {
	switch x := x.(type) {
	case *syntax.Column:
		return b.column(x, sc)
	case *syntax.Number:
		return number(x.Text)
	case *syntax.String:
		return text(x.Value), nil
	case *syntax.Bool:
		return value{sql: strings.ToUpper(fmt.Sprint(x.Value)), typ: sqltype.Of(sqltype.Boolean)}, nil
	case *syntax.Null:
		return value{sql: "NULL", nullable: true}, nil
	case *syntax.Bind:
		return b.bind(x.Index)
	case *syntax.Interval:
		return interval(x.Text)
	case *syntax.Unary:
		return b.unary(x, sc)
	case *syntax.Binary:
		return b.binary(x, sc)
	case *syntax.Cast:
		return b.castExpr(x, sc)
	case *syntax.Call:
		return b.call(x, sc)
	case *syntax.Case:
		return b.caseExpr(x, sc)
	case *syntax.In:
		return b.in(x, sc)
	case *syntax.Between:
		return b.between(x, sc)
	case *syntax.Like:
		return b.like(x, sc)
	case *syntax.Is:
		return b.is(x, sc)
	case *syntax.Distinct:
		return b.distinct(x, sc)
	case *syntax.Exists:
		out, err := b.query(x.Query, sc)
		return boolean("EXISTS ("+out.sql+")", false), err
	case *syntax.Subquery:
		return b.subquery(x, sc)
	case *syntax.Path:
		return b.path(x, sc)
	case *syntax.Dollar:
		return b.dollar(x, nil, sc)
	case *syntax.Star:
		return value{}, sferr.Compilation("001003", "42000", "* outside a select list")
	}
	return value{}, sferr.Unsupported("expression %T", x)
}

func boolean(sql string, nullable bool) value {
	return value{sql: sql, typ: sqltype.Of(sqltype.Boolean), nullable: nullable}
}

func (b *binder) exprs(xs []syntax.Expr, sc *scope) ([]value, error) {
	out := make([]value, len(xs))
	for i, x := range xs {
		v, err := b.expr(x, sc)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

func (b *binder) unary(x *syntax.Unary, sc *scope) (value, error) {
	if x.Op == "NOT" {
		c, err := b.condition(x.X, sc)
		return boolean("(NOT "+c+")", true), err
	}
	v, err := b.expr(x.X, sc)
	if err != nil {
		return value{}, err
	}
	if v, err = b.numeric(v); err != nil {
		return value{}, err
	}
	v.sql = "(" + x.Op + v.sql + ")"
	return v, nil
}

func (b *binder) binary(x *syntax.Binary, sc *scope) (value, error) {
	if x.Op == "AND" || x.Op == "OR" {
		l, err := b.condition(x.L, sc)
		if err != nil {
			return value{}, err
		}
		r, err := b.condition(x.R, sc)
		return boolean("("+l+" "+x.Op+" "+r+")", true), err
	}
	l, err := b.expr(x.L, sc)
	if err != nil {
		return value{}, err
	}
	r, err := b.expr(x.R, sc)
	if err != nil {
		return value{}, err
	}
	switch x.Op {
	case "=", "<>", "<", "<=", ">", ">=":
		return b.compare(x.Op, l, r)
	case "||":
		return b.concat(l, r)
	}
	return b.arithmetic(x.Op, l, r)
}

func (b *binder) concat(l, r value) (value, error) {
	t := sqltype.Of(sqltype.Text)
	lt, err := b.coerce(l, t)
	if err != nil {
		return value{}, err
	}
	rt, err := b.coerce(r, t)
	return value{sql: "(" + lt.sql + " || " + rt.sql + ")", typ: t, nullable: l.nullable || r.nullable}, err
}

func (b *binder) castExpr(x *syntax.Cast, sc *scope) (value, error) {
	to, err := sqltype.Resolve(x.Type)
	if err != nil {
		return value{}, err
	}
	v, err := b.expr(x.X, sc)
	if err != nil {
		return value{}, err
	}
	if !x.Try {
		return b.cast(v, to)
	}
	if v.typ.Kind != sqltype.Text && v.typ.Kind != sqltype.Unknown {
		return value{}, sferr.Compilation("001065", "22023", "Function TRY_CAST cannot be used with arguments of types %s and %s", v.typ, to)
	}
	return b.try(v, to)
}

func (b *binder) caseExpr(x *syntax.Case, sc *scope) (value, error) {
	var conditions []string
	var results []value
	var operand value
	var err error
	if x.Operand != nil {
		if operand, err = b.expr(x.Operand, sc); err != nil {
			return value{}, err
		}
	}
	for _, w := range x.Whens {
		var c string
		if x.Operand == nil {
			c, err = b.condition(w.If, sc)
		} else {
			var v value
			if v, err = b.expr(w.If, sc); err == nil {
				v, err = b.compare("=", operand, v)
				c = v.sql
			}
		}
		if err != nil {
			return value{}, err
		}
		r, err := b.expr(w.Then, sc)
		if err != nil {
			return value{}, err
		}
		conditions, results = append(conditions, c), append(results, r)
	}
	otherwise := value{sql: "NULL", nullable: true}
	if x.Else != nil {
		if otherwise, err = b.expr(x.Else, sc); err != nil {
			return value{}, err
		}
	}
	return b.choose(conditions, append(results, otherwise))
}

// choose writes CASE with its results brought to one type; the last result is
// the ELSE.
func (b *binder) choose(conditions []string, results []value) (value, error) {
	results, t, err := b.unify(results)
	if err != nil {
		return value{}, err
	}
	var s strings.Builder
	s.WriteString("CASE")
	nullable := false
	for i, r := range results {
		if i < len(conditions) {
			fmt.Fprintf(&s, " WHEN %s THEN %s", conditions[i], r.sql)
		} else {
			fmt.Fprintf(&s, " ELSE %s END", r.sql)
		}
		nullable = nullable || r.nullable
	}
	return value{sql: "(" + s.String() + ")", typ: t, nullable: nullable}, nil
}

// unify brings values to their common type.
func (b *binder) unify(vs []value) ([]value, sqltype.Type, error) {
	var t sqltype.Type
	for _, v := range vs {
		c, ok := sqltype.Common(t, v.typ)
		if !ok {
			return nil, t, incompatible(t, v.typ)
		}
		t = c
	}
	out := make([]value, len(vs))
	for i, v := range vs {
		c, err := b.coerce(v, t)
		if err != nil {
			return nil, t, err
		}
		out[i] = c
	}
	return out, t, nil
}

func (b *binder) coalesce(vs []value) (value, error) {
	vs, t, err := b.unify(vs)
	if err != nil {
		return value{}, err
	}
	parts, nullable := make([]string, len(vs)), true
	for i, v := range vs {
		parts[i] = v.sql
		nullable = nullable && v.nullable
	}
	return value{sql: "COALESCE(" + strings.Join(parts, ", ") + ")", typ: t, nullable: nullable}, nil
}

func (b *binder) subquery(x *syntax.Subquery, sc *scope) (value, error) {
	out, err := b.query(x.Query, sc)
	if err != nil {
		return value{}, err
	}
	if len(out.values) != 1 {
		return value{}, sferr.Compilation("001044", "42601", "a subquery used as a value must have one column, this one has %d", len(out.values))
	}
	return value{sql: "(" + out.sql + ")", typ: out.values[0].typ, nullable: true}, nil
}

func (b *binder) is(x *syntax.Is, sc *scope) (value, error) {
	not := ""
	if x.Not {
		not = "NOT "
	}
	if x.What == "NULL" {
		v, err := b.expr(x.X, sc)
		return boolean("("+v.sql+" IS "+not+"NULL)", false), err
	}
	c, err := b.condition(x.X, sc)
	return boolean("("+c+" IS "+not+x.What+")", false), err
}

func (b *binder) like(x *syntax.Like, sc *scope) (value, error) {
	t := sqltype.Of(sqltype.Text)
	operand := func(e syntax.Expr) (string, error) {
		v, err := b.expr(e, sc)
		if err != nil {
			return "", err
		}
		v, err = b.coerce(v, t)
		return v.sql, err
	}
	l, err := operand(x.X)
	if err != nil {
		return value{}, err
	}
	escape := ""
	if x.Escape != nil {
		e, err := operand(x.Escape)
		if err != nil {
			return value{}, err
		}
		escape = " ESCAPE " + e
	}
	var parts []string
	for _, p := range x.Patterns {
		r, err := operand(p)
		if err != nil {
			return value{}, err
		}
		if x.Op == "RLIKE" {
			// Snowflake anchors the pattern at both ends.
			parts = append(parts, "regexp_full_match("+l+", "+r+")")
		} else {
			parts = append(parts, "("+l+" "+x.Op+" "+r+escape+")")
		}
	}
	sql := "(" + strings.Join(parts, " OR ") + ")"
	if x.Not {
		sql = "(NOT " + sql + ")"
	}
	return boolean(sql, true), nil
}

// path translates x:a.b[0] on semi-structured data.
func (b *binder) path(x *syntax.Path, sc *scope) (value, error) {
	if d, ok := x.X.(*syntax.Dollar); ok {
		return b.dollar(d, x.Steps, sc)
	}
	v, err := b.expr(x.X, sc)
	if err != nil {
		return value{}, err
	}
	if !v.typ.Kind.Semi() {
		return value{}, argumentTypes("GET", v.typ)
	}
	p, err := jsonPath(x.Steps)
	if err != nil {
		return value{}, err
	}
	return value{sql: jsonExtract(v.sql, p), typ: sqltype.Of(sqltype.Variant), nullable: true}, nil
}

func jsonExtract(sql, path string) string {
	return "CAST(json_extract(" + sql + ", " + duckfn.Quote(path) + ") AS VARCHAR)"
}

// jsonPath writes steps as a DuckDB JSON path.
func jsonPath(steps []syntax.Step) (string, error) {
	path := "$"
	for _, s := range steps {
		if s.Index == nil {
			path += "." + jsonKey(s.Key)
			continue
		}
		n, ok := s.Index.(*syntax.Number)
		if !ok || strings.ContainsAny(n.Text, ".eE-") {
			return "", sferr.Unsupported("an index into semi-structured data that is not a literal")
		}
		path += "[" + n.Text + "]"
	}
	return path, nil
}

func jsonKey(key string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
}

func jsonPathOfDots(path string) string {
	out := "$"
	for part := range strings.SplitSeq(path, ".") {
		out += "." + jsonKey(part)
	}
	return out
}
