package translate

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
)

// number types a numeric literal by its digits: 1.50 is NUMBER(3,2); with an
// exponent it is FLOAT.
func number(s string) (value, error) {
	if strings.ContainsAny(s, "eE") {
		return value{sql: "CAST(" + s + " AS DOUBLE)", typ: sqltype.Of(sqltype.Float)}, nil
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	whole = strings.TrimLeft(whole, "0")
	p := len(whole) + len(fraction)
	if p > sqltype.MaxPrecision || len(fraction) > 37 {
		return value{}, sferr.Compilation("001003", "42000", "numeric literal %s has more than 38 digits", s)
	}
	t := sqltype.Fixed(p, len(fraction))
	return value{sql: fmt.Sprintf("CAST(%s AS %s)", duckfn.Quote(s), t.DuckDB()), typ: t}, nil
}

func text(s string) value {
	return value{sql: duckfn.Quote(s), typ: sqltype.Type{Kind: sqltype.Text, Length: max(1, len(s))}}
}

// bind translates the i-th bound value from the driver's text forms: integers
// and floats as digits, dates in milliseconds, times and timestamps in
// nanoseconds, TIMESTAMP_TZ with "offset minutes + 1440" behind.
func (b *binder) bind(i int) (value, error) {
	if i < 1 || i > len(b.env.Binds) {
		return value{}, sferr.Compilation("002049", "42601", "Bind variable ? not set.")
	}
	in := b.env.Binds[i-1]
	if in.Value == nil {
		return value{sql: "NULL", nullable: true}, nil
	}
	s := *in.Value
	bad := func(err error) (value, error) {
		return value{}, sferr.New("002049", "42601", "bind %d: %q is not a value of type %s: %v", i, s, in.Type, err)
	}
	switch in.Type {
	case "TEXT":
		return text(s), nil
	case "FIXED":
		v, err := number(s)
		if err == nil {
			v.typ = sqltype.Fixed(38, v.typ.Scale)
			v.sql = fmt.Sprintf("CAST(%s AS %s)", v.sql, v.typ.DuckDB())
		}
		return v, err
	case "REAL":
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			return bad(err)
		}
		return value{sql: "CAST(" + duckfn.Quote(s) + " AS DOUBLE)", typ: sqltype.Of(sqltype.Float)}, nil
	case "BOOLEAN":
		v, err := strconv.ParseBool(s)
		if err != nil {
			return bad(err)
		}
		return boolean(strings.ToUpper(fmt.Sprint(v)), false), nil
	case "BINARY":
		if _, err := hex.DecodeString(s); err != nil {
			return bad(err)
		}
		return value{sql: "unhex(" + duckfn.Quote(s) + ")", typ: sqltype.Of(sqltype.Binary)}, nil
	}
	v, err := temporalBind(in.Type, s)
	if err != nil {
		return bad(err)
	}
	return v, nil
}

func temporalBind(kind, s string) (value, error) {
	s, offset, hasOffset := strings.Cut(s, " ")
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return value{}, err
	}
	const layout = "2006-01-02 15:04:05.999999"
	at := time.Unix(n/1e9, n%1e9).UTC()
	switch kind {
	case "DATE":
		d := time.UnixMilli(n).UTC().Format(time.DateOnly)
		return value{sql: "DATE " + duckfn.Quote(d), typ: sqltype.Of(sqltype.Date)}, nil
	case "TIME":
		return value{sql: "TIME " + duckfn.Quote(at.Format("15:04:05.999999")), typ: sqltype.Of(sqltype.Time)}, nil
	case "TIMESTAMP_NTZ":
		return value{sql: "TIMESTAMP " + duckfn.Quote(at.Format(layout)), typ: sqltype.Of(sqltype.TimestampNTZ)}, nil
	case "TIMESTAMP_LTZ":
		return value{sql: instant(at), typ: sqltype.Of(sqltype.TimestampLTZ)}, nil
	case "TIMESTAMP_TZ":
		minutes, err := strconv.Atoi(offset)
		if err != nil || !hasOffset {
			return value{}, fmt.Errorf("no offset behind %s", s)
		}
		return zoned(at, minutes-1440), nil
	}
	return value{}, fmt.Errorf("unknown bind type")
}

// instant is a TIMESTAMPTZ literal.
func instant(t time.Time) string {
	return "CAST(" + duckfn.Quote(t.UTC().Format("2006-01-02 15:04:05.999999")+"+00") + " AS TIMESTAMPTZ)"
}

func zoned(t time.Time, offset int) value {
	return value{sql: fmt.Sprintf("{'t': %s, 'o': %d::SMALLINT}", instant(t), offset), typ: sqltype.Of(sqltype.TimestampTZ)}
}

// units of DATEADD, DATEDIFF, DATE_TRUNC, DATE_PART and INTERVAL, with the names
// that DuckDB has for them.
var units = func() map[string]string {
	m := map[string]string{}
	for unit, names := range map[string]string{
		"year": "YEAR YEARS Y YY YYY YYYY YR YRS", "quarter": "QUARTER QUARTERS Q QTR QTRS", "month": "MONTH MONTHS MM MON MONS",
		"week": "WEEK WEEKS W WK WEEKOFYEAR WOY WY", "day": "DAY DAYS D DD DAYOFMONTH", "hour": "HOUR HOURS H HH HR HRS",
		"minute": "MINUTE MINUTES M MI MIN MINS", "second": "SECOND SECONDS S SEC SECS",
		"millisecond": "MILLISECOND MILLISECONDS MS MSEC", "microsecond": "MICROSECOND MICROSECONDS US USEC",
	} {
		for n := range strings.FieldsSeq(names) {
			m[n] = unit
		}
	}
	return m
}()

// interval translates '1 day, 2 hours'. Its Scale is 1 when a part is smaller than
// a day: added to a DATE such an interval makes a TIMESTAMP_NTZ.
func interval(s string) (value, error) {
	var parts []string
	t := sqltype.Of(sqltype.IntervalKind)
	for part := range strings.SplitSeq(s, ",") {
		amount, name, ok := strings.Cut(strings.TrimSpace(part), " ")
		unit := units[strings.ToUpper(strings.TrimSpace(name))]
		if !ok && amount != "" {
			unit = "second"
		}
		n, err := strconv.Atoi(amount)
		if err != nil || unit == "" {
			return value{}, sferr.Compilation("001003", "42000", "invalid interval '%s'", s)
		}
		switch unit {
		case "hour", "minute", "second", "millisecond", "microsecond":
			t.Scale = 1
		}
		parts = append(parts, fmt.Sprintf("to_%ss(%d)", unit, n))
	}
	return value{sql: "(" + strings.Join(parts, " + ") + ")", typ: t}, nil
}
