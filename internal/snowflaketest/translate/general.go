package translate

import (
	"fmt"
	"strconv"
	"strings"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

func wrongCount(c *syntax.Call) error {
	return sferr.Compilation("000939", "22023", "wrong number of arguments (%d) for function %s", len(c.Args), c.Name)
}

// constant makes a special that answers text from the session.
func constant(f func(*Env) string) special {
	return func(b *binder, c *syntax.Call, args []value) (value, error) {
		if len(args) != 0 {
			return value{}, wrongCount(c)
		}
		s := f(b.env)
		if s == "" {
			return value{sql: "CAST(NULL AS VARCHAR)", typ: sqltype.Of(sqltype.Text), nullable: true}, nil
		}
		return text(s), nil
	}
}

// generalFunctions are conditional, numeric and context functions.
var generalFunctions = map[string]special{
	"COALESCE":   coalesceCall,
	"NVL":        coalesceCall,
	"IFNULL":     coalesceCall,
	"NVL2":       nvl2,
	"IFF":        iff,
	"NULLIF":     nullif,
	"ZEROIFNULL": zeroIfNull,
	"NULLIFZERO": func(b *binder, c *syntax.Call, args []value) (value, error) {
		return nullif(b, c, append(args, zero()))
	},
	"EQUAL_NULL":     equalNull,
	"DECODE":         decode,
	"GREATEST":       extreme,
	"LEAST":          extreme,
	"CONCAT":         concatCall,
	"CONCAT_WS":      concatWS,
	"MOD":            mod,
	"ROUND":          round,
	"TRUNC":          round,
	"TRUNCATE":       round,
	"FLOOR":          round,
	"CEIL":           round,
	"DIV0":           div0,
	"TO_NUMBER":      toNumber,
	"TO_DECIMAL":     toNumber,
	"TO_NUMERIC":     toNumber,
	"TO_DOUBLE":      convertTo(sqltype.Float),
	"TO_BOOLEAN":     convertTo(sqltype.Boolean),
	"TO_VARCHAR":     toVarchar,
	"TO_CHAR":        toVarchar,
	"UUID_STRING":    func(*binder, *syntax.Call, []value) (value, error) { return textOf("CAST(uuid() AS VARCHAR)"), nil },
	"TRY_TO_DATE":    tryTo(sqltype.Date),
	"TRY_TO_TIME":    tryTo(sqltype.Time),
	"TRY_TO_NUMBER":  tryTo(sqltype.Number),
	"TRY_TO_DECIMAL": tryTo(sqltype.Number),
	"TRY_TO_DOUBLE":  tryTo(sqltype.Float),
	"TRY_TO_BOOLEAN": tryTo(sqltype.Boolean),
	"CHECK_JSON":     checkJSON,
	"LAST_QUERY_ID": constant(func(e *Env) string {
		return e.LastQueryID
	}),
	"CURRENT_DATABASE":  constant(func(e *Env) string { return e.Database }),
	"CURRENT_SCHEMA":    constant(func(e *Env) string { return e.Schema }),
	"CURRENT_WAREHOUSE": constant(func(e *Env) string { return e.Warehouse }),
	"CURRENT_ROLE":      constant(func(e *Env) string { return e.Role }),
	"CURRENT_USER":      constant(func(e *Env) string { return e.User }),
	"CURRENT_ACCOUNT":   constant(func(e *Env) string { return e.Account }),
	"CURRENT_SESSION":   constant(func(e *Env) string { return strconv.FormatInt(e.SessionID, 10) }),
	"CURRENT_VERSION":   constant(func(*Env) string { return "9.1.0" }),
}

func textOf(sql string) value { return value{sql: sql, typ: sqltype.Of(sqltype.Text), nullable: true} }

func zero() value { return value{sql: "CAST(0 AS DECIMAL(1,0))", typ: sqltype.Fixed(1, 0)} }

func coalesceCall(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) < 2 {
		return value{}, wrongCount(c)
	}
	return b.coalesce(args)
}

func nvl2(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 3 {
		return value{}, wrongCount(c)
	}
	return b.choose([]string{"(" + args[0].sql + " IS NOT NULL)"}, args[1:])
}

func iff(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 3 {
		return value{}, wrongCount(c)
	}
	cond, err := b.coerce(args[0], sqltype.Of(sqltype.Boolean))
	if err != nil {
		return value{}, err
	}
	return b.choose([]string{cond.sql}, args[1:])
}

func nullif(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	eq, err := b.compare("=", args[0], args[1])
	if err != nil {
		return value{}, err
	}
	return b.choose([]string{eq.sql}, []value{{sql: "NULL", nullable: true}, args[0]})
}

func zeroIfNull(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 1 {
		return value{}, wrongCount(c)
	}
	return b.coalesce(append(args, zero()))
}

func equalNull(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	return b.compare("IS NOT DISTINCT FROM", args[0], args[1])
}

func decode(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) < 3 {
		return value{}, wrongCount(c)
	}
	var conditions []string
	var results []value
	rest := args[1:]
	for ; len(rest) >= 2; rest = rest[2:] {
		// DECODE finds NULL equal to NULL.
		eq, err := b.compare("IS NOT DISTINCT FROM", args[0], rest[0])
		if err != nil {
			return value{}, err
		}
		conditions, results = append(conditions, eq.sql), append(results, rest[1])
	}
	otherwise := value{sql: "NULL", nullable: true}
	if len(rest) == 1 {
		otherwise = rest[0]
	}
	return b.choose(conditions, append(results, otherwise))
}

// extreme is GREATEST and LEAST, NULL when any argument is (DuckDB skips NULLs).
func extreme(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) == 0 {
		return value{}, wrongCount(c)
	}
	args, t, err := b.unify(args)
	if err != nil {
		return value{}, err
	}
	var parts, nulls []string
	for _, a := range args {
		parts, nulls = append(parts, a.sql), append(nulls, a.sql+" IS NULL")
	}
	sql := fmt.Sprintf("(CASE WHEN %s THEN NULL ELSE %s(%s) END)", strings.Join(nulls, " OR "), strings.ToLower(c.Name), strings.Join(parts, ", "))
	return value{sql: sql, typ: t, nullable: true}, nil
}

func concatCall(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) == 0 {
		return value{}, wrongCount(c)
	}
	out, err := b.coerce(args[0], sqltype.Of(sqltype.Text))
	for _, a := range args[1:] {
		if err != nil {
			return value{}, err
		}
		out, err = b.concat(out, a)
	}
	return out, err
}

// concatWS is NULL when an argument is, unlike DuckDB's, which skips it.
func concatWS(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) < 2 {
		return value{}, wrongCount(c)
	}
	joined := args[1:2]
	for _, a := range args[2:] {
		joined = append(joined, args[0], a)
	}
	return concatCall(b, c, joined)
}

func mod(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	return b.arithmetic("%", args[0], args[1])
}

// round is ROUND, TRUNC, FLOOR and CEIL with a literal scale; TRUNC of a date or
// timestamp is DATE_TRUNC.
func round(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) < 1 || len(args) > 2 {
		return value{}, wrongCount(c)
	}
	if args[0].typ.Kind.Temporal() {
		return value{}, sferr.Unsupported("%s of a date; use DATE_TRUNC", c.Name)
	}
	scale := 0
	if len(args) == 2 {
		n, ok := c.Args[1].(*syntax.Number)
		s, err := strconv.Atoi(numberText(n))
		if !ok || err != nil || s < 0 || s > 12 {
			return value{}, sferr.Unsupported("%s with a scale that is not a literal from 0 to 12", c.Name)
		}
		scale = s
	}
	v, err := b.numeric(args[0])
	if err != nil {
		return value{}, err
	}
	function := map[string]string{"ROUND": "round", "TRUNC": "trunc", "TRUNCATE": "trunc", "FLOOR": "floor", "CEIL": "ceil"}[c.Name]
	if v.typ.Kind == sqltype.Float {
		return value{sql: fmt.Sprintf("(%s(%s * 1e%d) / 1e%d)", function, v.sql, scale, scale), typ: v.typ, nullable: v.nullable}, nil
	}
	if scale >= v.typ.Scale {
		return v, nil
	}
	// ROUND and CEIL may need one digit more: 9.9 -> 10.
	t := sqltype.Fixed(v.typ.Precision-v.typ.Scale+scale+1, scale)
	if function == "round" {
		return value{sql: "CAST(" + v.sql + " AS " + t.DuckDB() + ")", typ: t, nullable: v.nullable}, nil
	}
	// Shift the point so that DuckDB's one-argument function cuts at the scale.
	sql := fmt.Sprintf("CAST(CAST(%s(CAST(%s AS DECIMAL(38,%d)) * %s) AS DECIMAL(38,0)) AS DECIMAL(38,%d)) / %[4]s",
		function, v.sql, v.typ.Scale, "1"+strings.Repeat("0", scale), scale)
	return value{sql: "CAST((" + sql + ") AS " + t.DuckDB() + ")", typ: t, nullable: v.nullable}, nil
}

func numberText(n *syntax.Number) string {
	if n == nil {
		return ""
	}
	return n.Text
}

func div0(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	q, err := b.arithmetic("/", args[0], args[1])
	if err != nil {
		return value{}, err
	}
	return b.choose([]string{"(" + args[1].sql + " = 0)"}, []value{zero(), q})
}

// toNumber is TO_NUMBER(x [, precision [, scale]]); formats are not supported.
func toNumber(b *binder, c *syntax.Call, args []value) (value, error) {
	size := []int{38, 0}
	for i := 1; i < len(args); i++ {
		n, ok := c.Args[i].(*syntax.Number)
		v, err := strconv.Atoi(numberText(n))
		if !ok || err != nil || i > 2 {
			return value{}, sferr.Unsupported("%s with a format", c.Name)
		}
		size[i-1] = v
	}
	if len(args) == 0 {
		return value{}, wrongCount(c)
	}
	return b.cast(args[0], sqltype.Fixed(size[0], size[1]))
}

func convertTo(k sqltype.Kind) special {
	return func(b *binder, c *syntax.Call, args []value) (value, error) {
		if len(args) != 1 {
			return value{}, wrongCount(c)
		}
		return b.cast(args[0], sqltype.Of(k))
	}
}

func tryTo(k sqltype.Kind) special {
	return func(b *binder, c *syntax.Call, args []value) (value, error) {
		if len(args) != 1 || args[0].typ.Kind != sqltype.Text && args[0].typ.Kind != sqltype.Unknown {
			return value{}, sferr.Unsupported("%s of anything but one text", c.Name)
		}
		return b.try(args[0], sqltype.Of(k))
	}
}

// toVarchar is TO_VARCHAR(x [, format]) for dates and timestamps, and without
// format for everything.
func toVarchar(b *binder, c *syntax.Call, args []value) (value, error) {
	t := sqltype.Of(sqltype.Text)
	switch {
	case len(args) == 1:
		return b.cast(args[0], t)
	case len(args) == 2 && args[0].typ.Kind.Temporal():
		f, ok := c.Args[1].(*syntax.String)
		if !ok {
			return value{}, sferr.Unsupported("%s with a format that is not a literal", c.Name)
		}
		sql, err := b.castSQL(args[0], t, f.Value)
		return value{sql: sql, typ: t, nullable: args[0].nullable}, err
	case len(args) == 2:
		return value{}, sferr.Unsupported("%s of %s with a format", c.Name, args[0].typ)
	}
	return value{}, wrongCount(c)
}

func checkJSON(_ *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 1 || args[0].typ.Kind != sqltype.Text {
		return value{}, wrongCount(c)
	}
	bad := duckfn.Quote("invalid JSON")
	return textOf(fmt.Sprintf("(CASE WHEN %[1]s IS NOT NULL AND trim(%[1]s) <> '' AND TRY(sf_parse_json(%[1]s)) IS NULL THEN %[2]s END)", args[0].sql, bad)), nil
}
