package translate

import (
	"fmt"
	"strconv"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// folded is a call on its way to SQL: inner is what OVER goes behind, wrap what
// is put around both.
type folded struct {
	inner string
	typ   sqltype.Type
	wrap  func(string) string
}

// aggregate translates aggregate and window functions; ok is false for others.
func (b *binder) aggregate(c *syntax.Call, sc *scope) (v value, ok bool, err error) {
	if c.Name == "COUNT" && len(c.Args) == 1 {
		if star, isStar := c.Args[0].(*syntax.Star); isStar {
			if len(star.Table) > 0 || c.Distinct {
				return value{}, false, sferr.Unsupported("COUNT(t.*) and COUNT(DISTINCT *)")
			}
			return b.over(c, folded{inner: "count(*)", typ: sqltype.Fixed(18, 0)}, sc)
		}
	}
	f := aggregates[c.Name]
	if f == nil {
		f = windowFunctions[c.Name]
		if f != nil {
			if err := checkWindow(c); err != nil {
				return value{}, false, err
			}
		}
	}
	if f == nil {
		return value{}, false, nil
	}
	args, err := b.exprs(c.Args, sc)
	if err != nil {
		return value{}, false, err
	}
	order, err := b.withinGroup(c, sc)
	if err != nil {
		return value{}, false, err
	}
	out, err := f(b, c, args, order)
	if err != nil {
		return value{}, false, err
	}
	return b.over(c, out, sc)
}

// over adds the window and the wrapping.
func (b *binder) over(c *syntax.Call, f folded, sc *scope) (value, bool, error) {
	sql := f.inner
	if c.Over != nil {
		w, err := b.window(c, sc)
		if err != nil {
			return value{}, false, err
		}
		sql += " OVER (" + w + ")"
	}
	if f.wrap != nil {
		sql = f.wrap(sql)
	}
	// DuckDB counts in BIGINT and HUGEINT.
	if f.typ.Kind == sqltype.Number {
		sql = "CAST(" + sql + " AS " + f.typ.DuckDB() + ")"
	}
	return value{sql: sql, typ: f.typ, nullable: c.Name != "COUNT"}, true, nil
}

func (b *binder) window(c *syntax.Call, sc *scope) (string, error) {
	var parts []string
	if len(c.Over.Partition) > 0 {
		var keys []string
		for _, x := range c.Over.Partition {
			v, err := b.expr(x, sc)
			if err != nil {
				return "", err
			}
			keys = append(keys, v.key())
		}
		parts = append(parts, "PARTITION BY "+strings.Join(keys, ", "))
	}
	if len(c.Over.Order) > 0 {
		var keys []string
		for _, o := range c.Over.Order {
			v, err := b.expr(o.X, sc)
			if err != nil {
				return "", err
			}
			keys = append(keys, ordered(v, o))
		}
		parts = append(parts, "ORDER BY "+strings.Join(keys, ", "))
	}
	switch f := c.Over.Frame; {
	case f != nil:
		parts = append(parts, fmt.Sprintf("%s BETWEEN %s AND %s", f.Unit, f.From, f.To))
	case c.Name == "FIRST_VALUE" || c.Name == "LAST_VALUE" || c.Name == "NTH_VALUE":
		// Snowflake's default frame of these three is the whole partition.
		parts = append(parts, "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING")
	}
	return strings.Join(parts, " "), nil
}

func (b *binder) withinGroup(c *syntax.Call, sc *scope) ([]value, error) {
	var out []value
	for _, o := range c.WithinGroup {
		v, err := b.expr(o.X, sc)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// orderClause is " ORDER BY …" inside an aggregate's parentheses.
func orderClause(c *syntax.Call, order []value) string {
	if len(order) == 0 {
		return ""
	}
	keys := make([]string, len(order))
	for i, v := range order {
		keys[i] = ordered(v, c.WithinGroup[i])
	}
	return " ORDER BY " + strings.Join(keys, ", ")
}

type aggregateFunc func(b *binder, c *syntax.Call, args, order []value) (folded, error)

var aggregates = map[string]aggregateFunc{
	"COUNT": count, "SUM": sum, "AVG": avg, "MIN": extremeAggregate, "MAX": extremeAggregate, "ANY_VALUE": extremeAggregate,
	"MODE": extremeAggregate, "MIN_BY": byAggregate, "MAX_BY": byAggregate, "COUNT_IF": countIf, "LISTAGG": listagg, "ARRAY_AGG": arrayAgg,
	"MEDIAN": percentile, "PERCENTILE_CONT": percentile, "PERCENTILE_DISC": percentile,
	"BOOLOR_AGG": boolAggregate("bool_or"), "BOOLAND_AGG": boolAggregate("bool_and"),
	"STDDEV": floatAggregate("stddev_samp"), "STDDEV_SAMP": floatAggregate("stddev_samp"), "STDDEV_POP": floatAggregate("stddev_pop"),
	"VARIANCE": floatAggregate("var_samp"), "VAR_SAMP": floatAggregate("var_samp"), "VAR_POP": floatAggregate("var_pop"), "CORR": floatAggregate("corr"),
}

func oneArgument(c *syntax.Call, args []value) (value, error) {
	if len(args) != 1 {
		return value{}, wrongCount(c)
	}
	return args[0], nil
}

func distinctWord(c *syntax.Call) string {
	if c.Distinct {
		return "DISTINCT "
	}
	return ""
}

func count(_ *binder, c *syntax.Call, args, _ []value) (folded, error) {
	v, err := oneArgument(c, args)
	return folded{inner: "count(" + distinctWord(c) + v.key() + ")", typ: sqltype.Fixed(18, 0)}, err
}

func countIf(b *binder, c *syntax.Call, args, _ []value) (folded, error) {
	v, err := oneArgument(c, args)
	if err != nil {
		return folded{}, err
	}
	v, err = b.coerce(v, sqltype.Of(sqltype.Boolean))
	return folded{inner: "count(CASE WHEN " + v.sql + " THEN 1 END)", typ: sqltype.Fixed(18, 0)}, err
}

// sum of NUMBERs has 38 digits and fails beyond, where DuckDB goes on to 2^127.
func sum(b *binder, c *syntax.Call, args, _ []value) (folded, error) {
	v, err := oneArgument(c, args)
	if err != nil {
		return folded{}, err
	}
	if v, err = b.numeric(v); err != nil {
		return folded{}, err
	}
	out := folded{inner: "sum(" + distinctWord(c) + v.sql + ")", typ: v.typ}
	if v.typ.Kind == sqltype.Number {
		out.typ = sqltype.Fixed(38, v.typ.Scale)
		out.wrap = func(s string) string { return fits(s, v.typ.Scale) }
	}
	return out, nil
}

func avg(b *binder, c *syntax.Call, args, _ []value) (folded, error) {
	v, err := oneArgument(c, args)
	if err != nil {
		return folded{}, err
	}
	if v, err = b.numeric(v); err != nil {
		return folded{}, err
	}
	t := v.typ
	if t.Kind == sqltype.Number {
		t = sqltype.Fixed(38, max(t.Scale, min(t.Scale+6, 12)))
	}
	return folded{inner: "avg(" + distinctWord(c) + v.sql + ")", typ: t}, nil
}

func extremeAggregate(_ *binder, c *syntax.Call, args, _ []value) (folded, error) {
	v, err := oneArgument(c, args)
	return folded{inner: strings.ToLower(c.Name) + "(" + v.sql + ")", typ: v.typ}, err
}

func byAggregate(_ *binder, c *syntax.Call, args, _ []value) (folded, error) {
	if len(args) != 2 {
		return folded{}, wrongCount(c)
	}
	return folded{inner: fmt.Sprintf("%s(%s, %s)", strings.ToLower(c.Name), args[0].sql, args[1].key()), typ: args[0].typ}, nil
}

// listagg of nothing is the empty text in Snowflake.
func listagg(b *binder, c *syntax.Call, args, order []value) (folded, error) {
	if len(args) < 1 || len(args) > 2 {
		return folded{}, wrongCount(c)
	}
	t := sqltype.Of(sqltype.Text)
	v, err := b.coerce(args[0], t)
	if err != nil {
		return folded{}, err
	}
	separator := "''"
	if len(args) == 2 {
		separator = args[1].sql
	}
	return folded{inner: fmt.Sprintf("string_agg(%s%s, %s%s)", distinctWord(c), v.sql, separator, orderClause(c, order)), typ: t,
		wrap: func(s string) string { return "COALESCE(" + s + ", '')" }}, nil
}

// arrayAgg leaves NULLs out and makes [] of nothing.
func arrayAgg(b *binder, c *syntax.Call, args, order []value) (folded, error) {
	v, err := oneArgument(c, args)
	if err != nil {
		return folded{}, err
	}
	if v, err = b.cast(v, sqltype.Of(sqltype.Variant)); err != nil {
		return folded{}, err
	}
	return folded{inner: fmt.Sprintf("string_agg(%s%s, ','%s)", distinctWord(c), v.sql, orderClause(c, order)), typ: sqltype.Of(sqltype.Array),
		wrap: func(s string) string { return "('[' || COALESCE(" + s + ", '') || ']')" }}, nil
}

// percentile is MEDIAN(x) and PERCENTILE_CONT|DISC(p) WITHIN GROUP (ORDER BY x).
func percentile(b *binder, c *syntax.Call, args, order []value) (folded, error) {
	p, x := "0.5", value{}
	switch {
	case c.Name == "MEDIAN" && len(args) == 1:
		x = args[0]
	case c.Name != "MEDIAN" && len(args) == 1 && len(order) == 1 && !c.WithinGroup[0].Desc:
		n, ok := c.Args[0].(*syntax.Number)
		if _, err := strconv.ParseFloat(numberText(n), 64); !ok || err != nil {
			return folded{}, sferr.Unsupported("%s with a percentile that is not a literal", c.Name)
		}
		p, x = n.Text, order[0]
	default:
		return folded{}, sferr.Unsupported("%s of this form", c.Name)
	}
	x, err := b.numeric(x)
	if err != nil {
		return folded{}, err
	}
	if c.Name == "PERCENTILE_DISC" {
		return folded{inner: fmt.Sprintf("quantile_disc(%s, %s)", x.sql, p), typ: x.typ}, nil
	}
	t := x.typ
	if t.Kind == sqltype.Number {
		t = sqltype.Fixed(38, min(t.Scale+3, 37)) // three digits more than the argument [K]
	}
	return folded{inner: fmt.Sprintf("quantile_cont(CAST(%s AS DOUBLE), %s)", x.sql, p), typ: t}, nil
}

func boolAggregate(name string) aggregateFunc {
	return func(b *binder, c *syntax.Call, args, _ []value) (folded, error) {
		v, err := oneArgument(c, args)
		if err != nil {
			return folded{}, err
		}
		v, err = b.coerce(v, sqltype.Of(sqltype.Boolean))
		return folded{inner: name + "(" + v.sql + ")", typ: v.typ}, err
	}
}

func floatAggregate(name string) aggregateFunc {
	return func(b *binder, c *syntax.Call, args, _ []value) (folded, error) {
		t := sqltype.Of(sqltype.Float)
		parts := make([]string, len(args))
		for i, a := range args {
			v, err := b.coerce(a, t)
			if err != nil {
				return folded{}, err
			}
			parts[i] = v.sql
		}
		return folded{inner: name + "(" + strings.Join(parts, ", ") + ")", typ: t}, nil
	}
}

// windowFunctions need OVER.
var windowFunctions = map[string]aggregateFunc{
	"ROW_NUMBER": rank, "RANK": rank, "DENSE_RANK": rank, "PERCENT_RANK": rankFloat, "CUME_DIST": rankFloat, "NTILE": ntile,
	"LAG": lag, "LEAD": lag, "FIRST_VALUE": boundary, "LAST_VALUE": boundary,
}

// checkWindow refuses what Snowflake refuses: no OVER, or no ORDER BY in it.
func checkWindow(c *syntax.Call) error {
	if c.Over == nil {
		return sferr.Compilation("002303", "42601", "Window function [%s] requires an OVER clause", c.Name)
	}
	if len(c.Over.Order) == 0 {
		return sferr.Compilation("002303", "42601", "Window function type [%s] requires ORDER BY in window specification", c.Name)
	}
	return nil
}

func rank(_ *binder, c *syntax.Call, args, _ []value) (folded, error) {
	if len(args) != 0 {
		return folded{}, wrongCount(c)
	}
	return folded{inner: strings.ToLower(c.Name) + "()", typ: sqltype.Fixed(18, 0)}, nil
}

func rankFloat(_ *binder, c *syntax.Call, _, _ []value) (folded, error) {
	return folded{inner: strings.ToLower(c.Name) + "()", typ: sqltype.Of(sqltype.Float)}, nil
}

func ntile(b *binder, c *syntax.Call, args, _ []value) (folded, error) {
	v, err := oneArgument(c, args)
	if err != nil {
		return folded{}, err
	}
	n, err := b.argument(c.Name, v, 'i')
	return folded{inner: "ntile(" + n.sql + ")", typ: sqltype.Fixed(18, 0)}, err
}

func nullsWord(c *syntax.Call) string {
	if c.IgnoreNulls {
		return " IGNORE NULLS"
	}
	return ""
}

// lag is LAG and LEAD (x [, n [, default]]).
func lag(b *binder, c *syntax.Call, args, _ []value) (folded, error) {
	if len(args) < 1 || len(args) > 3 {
		return folded{}, wrongCount(c)
	}
	parts := []string{args[0].sql}
	t := args[0].typ
	if len(args) > 1 {
		n, err := b.argument(c.Name, args[1], 'i')
		if err != nil {
			return folded{}, err
		}
		parts = append(parts, n.sql)
	}
	if len(args) > 2 {
		vs, common, err := b.unify([]value{args[0], args[2]})
		if err != nil {
			return folded{}, err
		}
		parts[0], t = vs[0].sql, common
		parts = append(parts, vs[1].sql)
	}
	return folded{inner: strings.ToLower(c.Name) + "(" + strings.Join(parts, ", ") + nullsWord(c) + ")", typ: t}, nil
}

func boundary(_ *binder, c *syntax.Call, args, _ []value) (folded, error) {
	v, err := oneArgument(c, args)
	return folded{inner: strings.ToLower(c.Name) + "(" + v.sql + nullsWord(c) + ")", typ: v.typ}, err
}
