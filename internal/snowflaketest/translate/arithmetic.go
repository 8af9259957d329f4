package translate

import (
	"fmt"
	"strings"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
)

// numeric brings a value to NUMBER or FLOAT for arithmetic.
func (b *binder) numeric(v value) (value, error) {
	switch v.typ.Kind {
	case sqltype.Number, sqltype.Float:
		return v, nil
	case sqltype.Unknown:
		return b.coerce(v, sqltype.Of(sqltype.Number))
	case sqltype.Text:
		// Snowflake reads the text as NUMBER(18,5) here [K].
		return b.coerce(v, sqltype.Fixed(38, 5))
	}
	return value{}, argumentTypes("arithmetic", v.typ)
}

// arithmetic translates + - * / % with Snowflake's result types.
func (b *binder) arithmetic(op string, l, r value) (value, error) {
	if l.typ.Kind.Temporal() || r.typ.Kind.Temporal() || l.typ.Kind == sqltype.IntervalKind || r.typ.Kind == sqltype.IntervalKind {
		return b.dateArithmetic(op, l, r)
	}
	l, err := b.numeric(l)
	if err != nil {
		return value{}, err
	}
	if r, err = b.numeric(r); err != nil {
		return value{}, err
	}
	nullable := l.nullable || r.nullable
	if l.typ.Kind == sqltype.Float || r.typ.Kind == sqltype.Float {
		t := sqltype.Of(sqltype.Float)
		if l, err = b.coerce(l, t); err != nil {
			return value{}, err
		}
		if r, err = b.coerce(r, t); err != nil {
			return value{}, err
		}
		return value{sql: fmt.Sprintf("(%s %s %s)", l.sql, op, nonZero(op, r.sql)), typ: t, nullable: nullable}, nil
	}
	t := sqltype.Arithmetic(op, l.typ, r.typ)
	sql := fmt.Sprintf("CAST((%s %s %s) AS %s)", l.sql, op, nonZero(op, r.sql), t.DuckDB())
	if op == "/" {
		// DuckDB divides DECIMALs as DOUBLE: quotients are right to 15 digits.
		sql = fmt.Sprintf("CAST((CAST(%s AS DOUBLE) / CAST(%s AS DOUBLE)) AS %s)", l.sql, nonZero(op, r.sql), t.DuckDB())
	}
	return value{sql: sql, typ: t, nullable: nullable}, nil
}

// nonZero guards a divisor: DuckDB would answer NULL or infinity.
func nonZero(op, divisor string) string {
	if op != "/" && op != "%" {
		return divisor
	}
	return fmt.Sprintf("(CASE WHEN %s = 0 THEN %s ELSE %s END)", divisor, duckfn.RaiseText("100051", "22012", "Division by zero"), divisor)
}

// fits checks that a NUMBER that DuckDB computed in 128 bits has 38 digits.
func fits(sql string, scale int) string {
	limit := strings.Repeat("9", sqltype.MaxPrecision-scale)
	if scale > 0 {
		limit += "." + strings.Repeat("9", scale)
	}
	return fmt.Sprintf("(CASE WHEN %[1]s > %[2]s::DECIMAL(38,%[3]d) OR %[1]s < -%[2]s::DECIMAL(38,%[3]d) THEN %[4]s ELSE %[1]s END)", sql, limit, scale,
		duckfn.Raise("100046", "22003", "'Number out of representable range: type FIXED[SB16](38,"+fmt.Sprint(scale)+"){nullable}, value ' || CAST("+sql+" AS VARCHAR)"))
}

// dateArithmetic translates DATE ± days, DATE - DATE and x ± INTERVAL.
func (b *binder) dateArithmetic(op string, l, r value) (value, error) {
	if op == "+" && !l.typ.Kind.Temporal() {
		l, r = r, l
	}
	nullable := l.nullable || r.nullable
	switch {
	case (op == "+" || op == "-") && l.typ.Kind.Temporal() && r.typ.Kind == sqltype.IntervalKind:
		t := l.typ
		if l.typ.Kind == sqltype.Date && r.typ.Scale == 1 {
			t = sqltype.Of(sqltype.TimestampNTZ)
		}
		w, err := b.wall(l)
		if err != nil {
			return value{}, err
		}
		sql, err := b.unwall("("+w+" "+op+" "+r.sql+")", l, t)
		return value{sql: sql, typ: t, nullable: nullable}, err
	case (op == "+" || op == "-") && l.typ.Kind == sqltype.Date && r.typ.Kind == sqltype.Number:
		return value{sql: fmt.Sprintf("CAST((%s %s CAST(%s AS INTEGER)) AS DATE)", l.sql, op, r.sql), typ: l.typ, nullable: nullable}, nil
	case op == "-" && l.typ.Kind == sqltype.Date && r.typ.Kind == sqltype.Date:
		t := sqltype.Fixed(9, 0)
		return value{sql: fmt.Sprintf("CAST(date_diff('day', %s, %s) AS %s)", r.sql, l.sql, t.DuckDB()), typ: t, nullable: nullable}, nil
	}
	return value{}, sferr.Compilation("001041", "42601", "Invalid argument types for operator '%s': (%s, %s)", op, l.typ, r.typ)
}

// wall is the wall clock of a date or timestamp, a DuckDB TIMESTAMP: the value's
// own for TIMESTAMP_TZ, the session zone's for TIMESTAMP_LTZ.
func (b *binder) wall(v value) (string, error) {
	switch v.typ.Kind {
	case sqltype.Date:
		return "CAST(" + v.sql + " AS TIMESTAMP)", nil
	case sqltype.TimestampNTZ:
		return v.sql, nil
	case sqltype.TimestampLTZ:
		return "timezone(" + duckfn.Quote(b.env.Zone) + ", " + v.sql + ")", nil
	case sqltype.TimestampTZ:
		return "sf_wall(" + v.sql + ")", nil
	}
	return "", sferr.Unsupported("wall clock of %s", v.typ)
}

// unwall makes a value of type to from a wall clock; origin gives the offset of
// a TIMESTAMP_TZ.
func (b *binder) unwall(wall string, origin value, to sqltype.Type) (string, error) {
	switch to.Kind {
	case sqltype.Date:
		return "CAST(" + wall + " AS DATE)", nil
	case sqltype.TimestampNTZ:
		return wall, nil
	case sqltype.TimestampLTZ:
		return "timezone(" + duckfn.Quote(b.env.Zone) + ", " + wall + ")", nil
	case sqltype.TimestampTZ:
		return "sf_rewall(" + wall + ", " + origin.sql + ")", nil
	}
	return "", sferr.Unsupported("%s from a wall clock", to)
}
