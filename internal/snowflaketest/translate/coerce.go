package translate

import (
	"cmp"
	"fmt"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
)

// coerce brings v to a type that sqltype.Common found or a function wants:
// conversions that Snowflake makes by itself.
func (b *binder) coerce(v value, to sqltype.Type) (value, error) {
	from := v.typ.Kind
	common, ok := sqltype.Common(v.typ, to)
	toText := to.Kind == sqltype.Text && from != sqltype.Binary && !from.Semi()
	fromVariant := from == sqltype.Variant
	narrowNumber := from == sqltype.Number && to.Kind == sqltype.Number
	floatToNumber := from == sqltype.Float && to.Kind == sqltype.Number
	if !(ok && common.Kind == to.Kind) && !toText && !fromVariant && !narrowNumber && !floatToNumber {
		return value{}, incompatible(v.typ, to)
	}
	if to.Kind == sqltype.Text && from == sqltype.Text {
		return v, nil
	}
	return b.cast(v, to)
}

// cast is x::T.
func (b *binder) cast(v value, to sqltype.Type) (value, error) {
	if v.typ.Kind == sqltype.Unknown {
		return value{sql: "CAST(NULL AS " + to.DuckDB() + ")", typ: to, nullable: true}, nil
	}
	if v.typ == to {
		return v, nil
	}
	sql, err := b.castSQL(v, to, "")
	return value{sql: sql, typ: to, nullable: v.nullable || v.typ.Kind.Semi()}, err
}

// try is TRY_CAST(text AS T): NULL where cast would fail.
func (b *binder) try(v value, to sqltype.Type) (value, error) {
	c, err := b.cast(v, to)
	c.sql, c.nullable = "TRY("+c.sql+")", true
	return c, err
}

// castSQL writes the conversion; format is the second argument of the TO_…
// functions, "" for none.
func (b *binder) castSQL(v value, to sqltype.Type, format string) (string, error) {
	from := v.typ.Kind
	if from == sqltype.Unknown {
		return "CAST(NULL AS " + to.DuckDB() + ")", nil
	}
	if from.Semi() && !to.Kind.Semi() {
		return b.fromVariant(v, to)
	}
	if to.Kind.Semi() {
		return b.toSemi(v, to)
	}
	switch to.Kind {
	case sqltype.Text:
		return b.toText(v, to, format)
	case sqltype.Number, sqltype.Float:
		switch from {
		case sqltype.Number, sqltype.Float, sqltype.Text, sqltype.Boolean:
			return "CAST(" + v.sql + " AS " + to.DuckDB() + ")", nil
		}
	case sqltype.Boolean:
		return toBoolean(v, to)
	case sqltype.Date, sqltype.TimestampNTZ, sqltype.TimestampLTZ, sqltype.TimestampTZ:
		return b.toTemporal(v, to, format)
	case sqltype.Time:
		switch {
		case from == sqltype.Time:
			return v.sql, nil
		case from == sqltype.Text:
			return fmt.Sprintf("sf_time(%s, %s)", v.sql, duckfn.Quote(cmp.Or(format, b.env.TimeFormat))), nil
		case from.Timestamp():
			w, err := b.wall(v)
			return "CAST(" + w + " AS TIME)", err
		}
	case sqltype.Binary:
		switch from {
		case sqltype.Binary:
			return v.sql, nil
		case sqltype.Text:
			return "unhex(" + v.sql + ")", nil
		}
	}
	return "", noCast(v.typ, to)
}

func noCast(from, to sqltype.Type) error {
	return sferr.Compilation("001007", "22023", "invalid type [CAST(%s AS %s)] for parameter 'TO_%s'", from, to, to.Kind)
}

// toText writes values as Snowflake's output formats do. A VARCHAR(n) cuts.
func (b *binder) toText(v value, to sqltype.Type, format string) (string, error) {
	sql := ""
	switch v.typ.Kind {
	case sqltype.Text:
		sql = v.sql
	case sqltype.Number:
		sql = "CAST(" + v.sql + " AS VARCHAR)"
	case sqltype.Boolean:
		sql = "CAST(" + v.sql + " AS VARCHAR)"
	case sqltype.Float:
		sql = "sf_float_text(" + v.sql + ")"
	case sqltype.Binary:
		sql = "hex(" + v.sql + ")"
	case sqltype.Time:
		sql = "strftime(DATE '1970-01-01' + " + v.sql + ", '%H:%M:%S')"
	case sqltype.Date, sqltype.TimestampNTZ, sqltype.TimestampLTZ, sqltype.TimestampTZ:
		w, err := b.wall(v)
		if err != nil {
			return "", err
		}
		if format == "" && v.typ.Kind == sqltype.Date {
			format = "YYYY-MM-DD"
		}
		sql = fmt.Sprintf("sf_format(%s, %s, %s)", w, b.offset(v), duckfn.Quote(format))
	default:
		return "", noCast(v.typ, to)
	}
	if to.Length < v.typ.Length {
		sql = fmt.Sprintf("left(%s, %d)", sql, to.Length)
	}
	return sql, nil
}

// offset is the zone offset of a timestamp in minutes, NULL where it has none.
func (b *binder) offset(v value) string {
	switch v.typ.Kind {
	case sqltype.TimestampLTZ:
		return fmt.Sprintf("struct_extract(sf_zoned(%s, %s), 'o')", v.sql, duckfn.Quote(b.env.Zone))
	case sqltype.TimestampTZ:
		return "struct_extract(" + v.sql + ", 'o')"
	}
	return "NULL::SMALLINT"
}

func toBoolean(v value, to sqltype.Type) (string, error) {
	switch v.typ.Kind {
	case sqltype.Boolean:
		return v.sql, nil
	case sqltype.Number, sqltype.Float:
		return "(" + v.sql + " <> 0)", nil
	case sqltype.Text:
		// DuckDB knows all of Snowflake's words but these two.
		return fmt.Sprintf("CAST(CASE lower(%[1]s) WHEN 'on' THEN 'true' WHEN 'off' THEN 'false' ELSE %[1]s END AS BOOLEAN)", v.sql), nil
	}
	return "", noCast(v.typ, to)
}

// toTemporal converts between DATE and the timestamps, and parses texts. What
// lacks a zone is in the session's.
func (b *binder) toTemporal(v value, to sqltype.Type, format string) (string, error) {
	zone := duckfn.Quote(b.env.Zone)
	if v.typ.Kind == sqltype.Text {
		f := duckfn.Quote(cmp.Or(format, b.env.TimestampFormat))
		if to.Kind == sqltype.Date {
			f = duckfn.Quote(cmp.Or(format, b.env.DateFormat))
		}
		switch to.Kind {
		case sqltype.Date:
			return fmt.Sprintf("sf_date(%s, %s)", v.sql, f), nil
		case sqltype.TimestampNTZ:
			return fmt.Sprintf("sf_ntz(%s, %s)", v.sql, f), nil
		case sqltype.TimestampLTZ:
			return fmt.Sprintf("sf_ltz(%s, %s, %s)", v.sql, f, zone), nil
		}
		return fmt.Sprintf("sf_tz(%s, %s, %s)", v.sql, f, zone), nil
	}
	if !v.typ.Kind.Temporal() {
		return "", noCast(v.typ, to)
	}
	if v.typ.Kind == to.Kind {
		return v.sql, nil
	}
	if v.typ.Kind == sqltype.TimestampTZ && to.Kind == sqltype.TimestampLTZ {
		return v.key(), nil
	}
	if v.typ.Kind == sqltype.TimestampLTZ && to.Kind == sqltype.TimestampTZ {
		return fmt.Sprintf("sf_zoned(%s, %s)", v.sql, zone), nil
	}
	w, err := b.wall(v)
	if err != nil {
		return "", err
	}
	if to.Kind == sqltype.TimestampTZ {
		return fmt.Sprintf("sf_zoned(timezone(%s, %s), %s)", zone, w, zone), nil
	}
	return b.unwall(w, v, to)
}

// toSemi makes VARIANT, OBJECT or ARRAY. A text becomes a string scalar: only
// PARSE_JSON reads it.
func (b *binder) toSemi(v value, to sqltype.Type) (string, error) {
	if v.typ.Kind.Semi() {
		if to.Kind == sqltype.Variant || to.Kind == v.typ.Kind {
			return v.sql, nil
		}
		want := map[sqltype.Kind]string{sqltype.Object: "OBJECT", sqltype.Array: "ARRAY"}[to.Kind]
		return fmt.Sprintf("(CASE WHEN json_type(%[1]s) = '%[2]s' OR %[1]s IS NULL THEN %[1]s ELSE %[3]s END)", v.sql, want,
			duckfn.Raise("100071", "22000", "'Failed to cast variant value ' || left("+v.sql+", 100) || ' to "+want+"'")), nil
	}
	if to.Kind != sqltype.Variant {
		return "", noCast(v.typ, to)
	}
	switch v.typ.Kind {
	case sqltype.Number:
		if v.typ.Scale > 0 {
			return "rtrim(rtrim(CAST(" + v.sql + " AS VARCHAR), '0'), '.')", nil
		}
		return "CAST(" + v.sql + " AS VARCHAR)", nil
	case sqltype.Float:
		return "sf_float_text(" + v.sql + ")", nil
	case sqltype.Boolean:
		return "CAST(" + v.sql + " AS VARCHAR)", nil
	}
	text, err := b.toText(v, sqltype.Of(sqltype.Text), "")
	return "CAST(to_json(" + text + ") AS VARCHAR)", err
}

// fromVariant casts a VARIANT; JSON null becomes NULL.
func (b *binder) fromVariant(v value, to sqltype.Type) (string, error) {
	if to.Kind == sqltype.Text {
		sql := "json_extract_string(" + v.sql + ", '$')"
		if to.Length < sqltype.DefaultLength {
			sql = fmt.Sprintf("left(%s, %d)", sql, to.Length)
		}
		return sql, nil
	}
	if v.typ.Kind != sqltype.Variant {
		return "", noCast(v.typ, to)
	}
	kind := map[sqltype.Kind]string{sqltype.Number: "FIXED", sqltype.Float: "REAL"}[to.Kind]
	if kind == "" {
		kind = to.Kind.String()
	}
	text := value{sql: fmt.Sprintf("sf_scalar(%s, '%s')", v.sql, kind), typ: sqltype.Of(sqltype.Text), nullable: true}
	return b.castSQL(text, to, "")
}

// assignable lists what INSERT, UPDATE and MERGE convert by themselves
// (docs: sql-reference/data-type-conversion, "coercible"). Notably a VARCHAR does
// not become a VARIANT.
var assignable = map[sqltype.Kind][]sqltype.Kind{
	sqltype.Number:       {sqltype.Float, sqltype.Text, sqltype.Variant},
	sqltype.Float:        {sqltype.Number, sqltype.Text, sqltype.Variant},
	sqltype.Boolean:      {sqltype.Text, sqltype.Variant},
	sqltype.Text:         {sqltype.Number, sqltype.Float, sqltype.Boolean, sqltype.Binary, sqltype.Date, sqltype.Time, sqltype.TimestampNTZ, sqltype.TimestampLTZ, sqltype.TimestampTZ},
	sqltype.Date:         {sqltype.Text, sqltype.TimestampNTZ, sqltype.TimestampLTZ, sqltype.TimestampTZ},
	sqltype.Time:         {sqltype.Text},
	sqltype.TimestampNTZ: {sqltype.Text, sqltype.Date, sqltype.Time, sqltype.TimestampLTZ, sqltype.TimestampTZ},
	sqltype.TimestampLTZ: {sqltype.Text, sqltype.Date, sqltype.Time, sqltype.TimestampNTZ, sqltype.TimestampTZ},
	sqltype.TimestampTZ:  {sqltype.Text, sqltype.Date, sqltype.Time, sqltype.TimestampNTZ, sqltype.TimestampLTZ},
	sqltype.Variant: {sqltype.Number, sqltype.Float, sqltype.Boolean, sqltype.Text, sqltype.Date, sqltype.Time, sqltype.TimestampNTZ, sqltype.TimestampLTZ,
		sqltype.TimestampTZ, sqltype.Object, sqltype.Array},
	sqltype.Object: {sqltype.Variant},
	sqltype.Array:  {sqltype.Variant},
}

// assign converts v for storage in column; stored checks the result.
func (b *binder) assign(v value, c Column) (string, error) {
	ok := v.typ.Kind == c.Type.Kind || v.typ.Kind == sqltype.Unknown
	for _, k := range assignable[v.typ.Kind] {
		ok = ok || k == c.Type.Kind
	}
	if !ok {
		return "", sferr.Compilation("002023", "22000", "Expression type does not match column data type, expecting %s but got %s for column %s", c.Type, v.typ, c.Name)
	}
	to := c.Type
	if to.Kind == sqltype.Text {
		to.Length = sqltype.MaxLength // stored refuses what is too long; a cast would cut it
	}
	out, err := b.cast(v, to)
	return out.sql, err
}

// stored checks what goes into a column: NOT NULL and length. sql must be cheap to
// repeat, a column reference.
func stored(sql string, c Column) string {
	checks := ""
	if c.NotNull {
		checks += fmt.Sprintf(" WHEN %s IS NULL THEN %s", sql, duckfn.RaiseText("100072", "22000", "NULL result in a non-nullable column "+c.Name))
	}
	tooLarge := func(length string, limit int) string {
		return fmt.Sprintf(" WHEN %[1]s > %[2]d THEN %[3]s", length, limit,
			duckfn.Raise("100082", "22000", fmt.Sprintf("'Max LOB size (%d) exceeded, actual size of parsed column is ' || CAST(%s AS VARCHAR)", limit, length)))
	}
	switch {
	case c.Type.Kind == sqltype.Text:
		limit := sqltype.DefaultLength
		if c.Type.Length > limit {
			limit = sqltype.MaxLength
		}
		checks += tooLarge("strlen("+sql+")", limit)
		if c.Type.Length != limit {
			checks += fmt.Sprintf(" WHEN length(%[1]s) > %[2]d THEN %[3]s", sql, c.Type.Length,
				duckfn.Raise("100078", "22000", "'String ''' || left("+sql+", 100) || ''' is too long and would be truncated'"))
		}
	case c.Type.Kind == sqltype.Binary:
		checks += tooLarge("octet_length("+sql+")", c.Type.Length)
	case c.Type.Kind.Semi():
		checks += tooLarge("strlen("+sql+")", sqltype.MaxLength)
	}
	if checks == "" {
		return sql
	}
	return "CASE" + checks + " ELSE " + sql + " END"
}
