package translate

import (
	"fmt"
	"strings"
	"time"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// unitFunctions take a date part, a word or a text, as their first argument.
var unitFunctions = map[string]bool{
	"DATEADD": true, "TIMEADD": true, "TIMESTAMPADD": true, "DATEDIFF": true, "TIMEDIFF": true, "TIMESTAMPDIFF": true,
	"DATE_TRUNC": true, "DATE_PART": true,
}

// timeFunctions are the date and time functions.
var timeFunctions = map[string]special{
	"CURRENT_TIMESTAMP": now(sqltype.TimestampLTZ), "GETDATE": now(sqltype.TimestampLTZ), "SYSTIMESTAMP": now(sqltype.TimestampLTZ),
	"LOCALTIMESTAMP": now(sqltype.TimestampLTZ), "CURRENT_DATE": now(sqltype.Date), "CURRENT_TIME": now(sqltype.Time),
	"SYSDATE": sysdate,
	"DATEADD": dateAdd, "TIMEADD": dateAdd, "TIMESTAMPADD": dateAdd,
	"DATEDIFF": dateDiff, "TIMEDIFF": dateDiff, "TIMESTAMPDIFF": dateDiff,
	"DATE_TRUNC": dateTrunc, "DATE_PART": datePart,
	"ADD_MONTHS":       addMonths,
	"CONVERT_TIMEZONE": convertTimezone,
	"TO_DATE":          toTimestamp(sqltype.Date, false), "DATE": toTimestamp(sqltype.Date, false),
	"TO_TIME": toTimestamp(sqltype.Time, false), "TIME": toTimestamp(sqltype.Time, false),
	"TO_TIMESTAMP": toTimestamp(sqltype.TimestampNTZ, false), "TO_TIMESTAMP_NTZ": toTimestamp(sqltype.TimestampNTZ, false),
	"TO_TIMESTAMP_LTZ": toTimestamp(sqltype.TimestampLTZ, false), "TO_TIMESTAMP_TZ": toTimestamp(sqltype.TimestampTZ, false),
	"TRY_TO_TIMESTAMP": toTimestamp(sqltype.TimestampNTZ, true), "TRY_TO_TIMESTAMP_NTZ": toTimestamp(sqltype.TimestampNTZ, true),
	"TRY_TO_TIMESTAMP_LTZ": toTimestamp(sqltype.TimestampLTZ, true), "TRY_TO_TIMESTAMP_TZ": toTimestamp(sqltype.TimestampTZ, true),
	"DATE_FROM_PARTS": dateFromParts, "DATEFROMPARTS": dateFromParts,
	"YEAR": part("year"), "QUARTER": part("quarter"), "MONTH": part("month"), "DAY": part("day"), "DAYOFMONTH": part("day"),
	"HOUR": part("hour"), "MINUTE": part("minute"), "SECOND": part("second"), "WEEK": part("week"), "WEEKOFYEAR": part("week"),
	"WEEKISO": part("week"), "DAYOFWEEK": part("dow"), "DAYOFWEEKISO": part("isodow"), "DAYOFYEAR": part("doy"), "YEAROFWEEKISO": part("isoyear"),
}

// now is the statement's time: all calls in one statement agree.
func now(k sqltype.Kind) special {
	return func(b *binder, c *syntax.Call, args []value) (value, error) {
		if len(args) > 1 {
			return value{}, wrongCount(c)
		}
		v := value{sql: instant(b.env.Now), typ: sqltype.Of(sqltype.TimestampLTZ)}
		return b.cast(v, sqltype.Of(k))
	}
}

// sysdate is the time in UTC without a zone.
func sysdate(b *binder, _ *syntax.Call, _ []value) (value, error) {
	return value{sql: "timezone('UTC', " + instant(b.env.Now) + ")", typ: sqltype.Of(sqltype.TimestampNTZ)}, nil
}

// unit reads the date part that is a call's first argument.
func unit(c *syntax.Call) (string, error) {
	name := ""
	if len(c.Args) > 0 {
		switch x := c.Args[0].(type) {
		case *syntax.Column:
			name = x.Name[len(x.Name)-1]
		case *syntax.String:
			name = strings.ToUpper(x.Value)
		}
	}
	if u := units[name]; u != "" {
		return u, nil
	}
	return "", sferr.Unsupported("date part %q of %s", name, c.Name)
}

// temporal brings a text to a timestamp, as date functions do by themselves.
func (b *binder) temporal(v value) (value, error) {
	if v.typ.Kind.Temporal() {
		return v, nil
	}
	if v.typ.Kind == sqltype.Text || v.typ.Kind == sqltype.Unknown {
		return b.cast(v, sqltype.Of(sqltype.TimestampNTZ))
	}
	return value{}, argumentTypes("date function", v.typ)
}

func dateAdd(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	u, err := unit(c)
	if err != nil {
		return value{}, err
	}
	return b.addUnits(u, args[0], args[1])
}

func addMonths(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	return b.addUnits("month", args[1], args[0])
}

func (b *binder) addUnits(u string, amount, to value) (value, error) {
	to, err := b.temporal(to)
	if err != nil {
		return value{}, err
	}
	n, err := b.numeric(amount)
	if err != nil {
		return value{}, err
	}
	t := to.typ
	if isClockUnit(u) {
		if t.Kind == sqltype.Date {
			t = sqltype.Of(sqltype.TimestampNTZ)
		}
		if t.Kind == sqltype.TimestampLTZ {
			// Physical time: an hour is an hour over a change of the clock.
			return value{sql: fmt.Sprintf("(%s + to_%ss(CAST(%s AS BIGINT)))", to.sql, u, n.sql), typ: t, nullable: true}, nil
		}
	}
	w, err := b.wall(to)
	if err != nil {
		return value{}, err
	}
	sql, err := b.unwall(fmt.Sprintf("(%s + to_%ss(CAST(%s AS INTEGER)))", w, u, n.sql), to, t)
	return value{sql: sql, typ: t, nullable: true}, err
}

// dateDiff counts the boundaries between two times. As soon as one has an offset
// they are compared in UTC [K]; TIMESTAMP_LTZ counts days in the session's zone.
func dateDiff(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	u, err := unit(c)
	if err != nil {
		return value{}, err
	}
	for i := range args {
		if args[i], err = b.temporal(args[i]); err != nil {
			return value{}, err
		}
	}
	args, common, err := b.unify(args)
	if err != nil {
		return value{}, err
	}
	var sides [2]string
	for i, a := range args {
		switch {
		case common.Kind == sqltype.TimestampTZ:
			sides[i] = "timezone('UTC', " + a.key() + ")"
		case common.Kind == sqltype.TimestampLTZ && isClockUnit(u):
			sides[i] = a.sql
		default:
			if sides[i], err = b.wall(a); err != nil {
				return value{}, err
			}
		}
	}
	t := sqltype.Fixed(38, 0)
	sql := fmt.Sprintf("date_diff('%s', %s, %s)", u, sides[0], sides[1])
	if u == "week" {
		// DuckDB counts spans of seven days, Snowflake Mondays.
		sql = fmt.Sprintf("date_diff('day', date_trunc('week', %s), date_trunc('week', %s)) // 7", sides[0], sides[1])
	}
	return value{sql: "CAST(" + sql + " AS " + t.DuckDB() + ")", typ: t, nullable: true}, nil
}

func isClockUnit(u string) bool {
	return u == "hour" || u == "minute" || u == "second" || u == "millisecond" || u == "microsecond"
}

func dateTrunc(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 1 {
		return value{}, wrongCount(c)
	}
	u, err := unit(c)
	if err != nil {
		return value{}, err
	}
	v, err := b.temporal(args[0])
	if err != nil {
		return value{}, err
	}
	w, err := b.wall(v)
	if err != nil {
		return value{}, err
	}
	sql, err := b.unwall(fmt.Sprintf("CAST(date_trunc('%s', %s) AS TIMESTAMP)", u, w), v, v.typ)
	return value{sql: sql, typ: v.typ, nullable: v.nullable}, err
}

// datePart is DATE_PART and EXTRACT.
func datePart(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 1 {
		return value{}, wrongCount(c)
	}
	name := ""
	switch x := c.Args[0].(type) {
	case *syntax.Column:
		name = x.Name[len(x.Name)-1]
	case *syntax.String:
		name = strings.ToUpper(x.Value)
	}
	special := map[string]string{"DAYOFWEEK": "dow", "DOW": "dow", "DAYOFWEEKISO": "isodow", "DOWISO": "isodow", "DAYOFYEAR": "doy", "DOY": "doy",
		"WEEKISO": "week", "YEAROFWEEKISO": "isoyear"}
	switch {
	case name == "EPOCH_SECOND" || name == "EPOCH" || name == "EPOCH_MILLISECOND":
		return epoch(b, name, args[0])
	case special[name] != "":
		return part(special[name])(b, c, args)
	}
	u, err := unit(c)
	if err != nil {
		return value{}, err
	}
	return part(u)(b, c, args)
}

func epoch(b *binder, name string, v value) (value, error) {
	v, err := b.temporal(v)
	if err != nil {
		return value{}, err
	}
	sql := v.key()
	if v.typ.Kind == sqltype.Date || v.typ.Kind == sqltype.TimestampNTZ {
		if sql, err = b.wall(v); err != nil {
			return value{}, err
		}
	}
	divisor := "1000000"
	if name == "EPOCH_MILLISECOND" {
		divisor = "1000"
	}
	t := sqltype.Fixed(38, 0)
	return value{sql: fmt.Sprintf("CAST(floor(epoch_us(%s) / %s.0) AS %s)", sql, divisor, t.DuckDB()), typ: t, nullable: v.nullable}, nil
}

// part extracts a field of the wall clock.
func part(name string) special {
	return func(b *binder, c *syntax.Call, args []value) (value, error) {
		if len(args) != 1 {
			return value{}, wrongCount(c)
		}
		v, err := b.temporal(args[0])
		if err != nil {
			return value{}, err
		}
		w, err := b.wall(v)
		t := sqltype.Fixed(38, 0)
		return value{sql: fmt.Sprintf("CAST(date_part('%s', %s) AS %s)", name, w, t.DuckDB()), typ: t, nullable: v.nullable}, err
	}
}

// convertTimezone is CONVERT_TIMEZONE([source,] target, timestamp). With a source
// it moves a wall clock; without, it gives the instant the target's offset.
func convertTimezone(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 && len(args) != 3 {
		return value{}, wrongCount(c)
	}
	var names []string
	for _, x := range c.Args[:len(c.Args)-1] {
		s, ok := x.(*syntax.String)
		if !ok {
			return value{}, sferr.Unsupported("CONVERT_TIMEZONE with a zone that is not a literal")
		}
		if _, err := time.LoadLocation(s.Value); err != nil {
			return value{}, sferr.New("100035", "22007", "Unknown timezone: '%s'", s.Value)
		}
		names = append(names, duckfn.Quote(s.Value))
	}
	v, err := b.temporal(args[len(args)-1])
	if err != nil {
		return value{}, err
	}
	if len(names) == 2 {
		w, err := b.wall(v)
		return value{sql: fmt.Sprintf("timezone(%s, timezone(%s, %s))", names[1], names[0], w), typ: sqltype.Of(sqltype.TimestampNTZ), nullable: v.nullable}, err
	}
	if v, err = b.cast(v, sqltype.Of(sqltype.TimestampLTZ)); err != nil {
		return value{}, err
	}
	return value{sql: fmt.Sprintf("sf_zoned(%s, %s)", v.sql, names[0]), typ: sqltype.Of(sqltype.TimestampTZ), nullable: v.nullable}, nil
}

// toTimestamp is TO_DATE, TO_TIMESTAMP_… and their TRY_ forms: of a text with an
// optional format, of a number of seconds (or 10^-scale seconds), of another
// temporal value.
func toTimestamp(k sqltype.Kind, try bool) special {
	return func(b *binder, c *syntax.Call, args []value) (value, error) {
		if len(args) != 1 && len(args) != 2 {
			return value{}, wrongCount(c)
		}
		to, v := sqltype.Of(k), args[0]
		format := ""
		if len(args) == 2 && v.typ.Kind != sqltype.Number {
			f, ok := c.Args[1].(*syntax.String)
			if !ok || v.typ.Kind != sqltype.Text {
				return value{}, sferr.Unsupported("%s(%s, format)", c.Name, v.typ)
			}
			format = f.Value
		}
		var sql string
		var err error
		if v.typ.Kind == sqltype.Number && k.Timestamp() {
			sql, err = b.fromEpoch(c, v, to)
		} else {
			sql, err = b.castSQL(v, to, format)
		}
		if try {
			sql = "TRY(" + sql + ")"
		}
		return value{sql: sql, typ: to, nullable: v.nullable || try || v.typ.Kind.Semi()}, err
	}
}

func (b *binder) fromEpoch(c *syntax.Call, v value, to sqltype.Type) (string, error) {
	factor := map[string]string{"": "1000000", "0": "1000000", "3": "1000", "6": "1"}
	scale := ""
	if len(c.Args) == 2 {
		n, _ := c.Args[1].(*syntax.Number)
		scale = numberText(n)
	}
	f, ok := factor[scale]
	if !ok {
		return "", sferr.Unsupported("%s of a number with scale %s", c.Name, scale)
	}
	ntz := value{sql: fmt.Sprintf("make_timestamp(CAST(%s * %s AS BIGINT))", v.sql, f), typ: sqltype.Of(sqltype.TimestampNTZ)}
	if to.Kind == sqltype.TimestampNTZ {
		return ntz.sql, nil
	}
	ltz := value{sql: "timezone('UTC', " + ntz.sql + ")", typ: sqltype.Of(sqltype.TimestampLTZ)}
	out, err := b.cast(ltz, to)
	return out.sql, err
}

func dateFromParts(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 3 {
		return value{}, wrongCount(c)
	}
	var parts [3]string
	for i, a := range args {
		n, err := b.argument(c.Name, a, 'i')
		if err != nil {
			return value{}, err
		}
		parts[i] = n.sql
	}
	return value{sql: fmt.Sprintf("make_date(%s, %s, %s)", parts[0], parts[1], parts[2]), typ: sqltype.Of(sqltype.Date), nullable: true}, nil
}
