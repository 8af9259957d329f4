// Package sqltype describes Snowflake's data types: how they are written, how
// they are stored in the DuckDB below the test server, and which type an
// operation on two of them has.
//
// Storage:
//
//	NUMBER(p,s)    DECIMAL(p,s)
//	FLOAT          DOUBLE
//	VARCHAR        VARCHAR
//	BOOLEAN        BOOLEAN
//	BINARY         BLOB
//	DATE, TIME     DATE, TIME
//	TIMESTAMP_NTZ  TIMESTAMP     (microseconds; Snowflake has nanoseconds)
//	TIMESTAMP_LTZ  TIMESTAMPTZ
//	TIMESTAMP_TZ   STRUCT(t TIMESTAMPTZ, o SMALLINT): the instant, the offset in minutes
//	VARIANT, OBJECT, ARRAY   VARCHAR holding canonical JSON text
//
// A VARIANT's text is the tag: a string scalar keeps its JSON quotes, so the text
// {"a":1} is an object and "{\"a\":1}" a string that looks like one.
package sqltype

import (
	"fmt"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
)

// Kind is the family of a type.
type Kind uint8

// The kinds. Unknown is the type of NULL.
const (
	Unknown Kind = iota
	Number
	Float
	Text
	Boolean
	Binary
	Date
	Time
	TimestampNTZ
	TimestampLTZ
	TimestampTZ
	Variant
	Object
	Array
	IntervalKind
)

// Limits of Snowflake's types.
const (
	MaxPrecision = 38
	// DefaultLength is VARCHAR without a length: 16,777,216 characters, and as many bytes.
	DefaultLength = 16_777_216
	// MaxLength is the largest length that can be asked for since BCR 2025_03, in
	// bytes; VARIANT, OBJECT and ARRAY have it always.
	MaxLength = 134_217_728
	// BinaryLength is BINARY without a length, in bytes.
	BinaryLength = 8_388_608
)

// Type is one data type. Precision and Scale belong to Number, Length (characters
// or bytes) to Text and Binary.
type Type struct {
	Kind             Kind
	Precision, Scale int
	Length           int
}

// Of returns the type of a kind with its default size.
func Of(k Kind) Type {
	switch k {
	case Number:
		return Fixed(MaxPrecision, 0)
	case Text:
		return Type{Kind: Text, Length: DefaultLength}
	case Binary:
		return Type{Kind: Binary, Length: BinaryLength}
	}
	return Type{Kind: k}
}

// Fixed returns NUMBER(p,s), p cut to 38 and s to p.
func Fixed(p, s int) Type {
	p = max(1, min(p, MaxPrecision))
	return Type{Kind: Number, Precision: p, Scale: max(0, min(s, p))}
}

var names = map[string]Kind{
	"NUMBER": Number, "DECIMAL": Number, "NUMERIC": Number, "DEC": Number,
	"INT": Number, "INTEGER": Number, "BIGINT": Number, "SMALLINT": Number, "TINYINT": Number, "BYTEINT": Number,
	"FLOAT": Float, "FLOAT4": Float, "FLOAT8": Float, "DOUBLE": Float, "REAL": Float,
	"VARCHAR": Text, "CHAR": Text, "CHARACTER": Text, "STRING": Text, "TEXT": Text, "NVARCHAR": Text,
	"BOOLEAN": Boolean, "BINARY": Binary, "VARBINARY": Binary, "DATE": Date, "TIME": Time,
	"DATETIME": TimestampNTZ, "TIMESTAMP": TimestampNTZ, "TIMESTAMP_NTZ": TimestampNTZ, "TIMESTAMPNTZ": TimestampNTZ,
	"TIMESTAMP_LTZ": TimestampLTZ, "TIMESTAMPLTZ": TimestampLTZ, "TIMESTAMP_TZ": TimestampTZ, "TIMESTAMPTZ": TimestampTZ,
	"VARIANT": Variant, "OBJECT": Object, "ARRAY": Array,
}

// Resolve turns a written type into a Type. TIMESTAMP is TIMESTAMP_NTZ, the
// default of TIMESTAMP_TYPE_MAPPING.
func Resolve(n syntax.TypeName) (Type, error) {
	k, ok := names[n.Name]
	if !ok {
		return Type{}, sferr.Compilation("002040", "42710", "Unsupported data type '%s'.", n.Name)
	}
	arg := func(i, otherwise int) int {
		if i < len(n.Args) {
			return n.Args[i]
		}
		return otherwise
	}
	t := Of(k)
	switch k {
	case Number:
		t.Precision, t.Scale = arg(0, MaxPrecision), arg(1, 0)
		if t.Precision < 1 || t.Precision > MaxPrecision || t.Scale < 0 || t.Scale > min(37, t.Precision) {
			return Type{}, sferr.Compilation("002017", "22023", "Invalid precision or scale of %s(%d,%d): precision is 1 to 38, scale 0 to 37.", n.Name, t.Precision, t.Scale)
		}
	case Text, Binary:
		otherwise := t.Length
		if n.Name == "CHAR" || n.Name == "CHARACTER" {
			otherwise = 1
		}
		t.Length = arg(0, otherwise)
		if t.Length < 1 || t.Length > MaxLength {
			return Type{}, sferr.Compilation("002018", "22023", "Invalid length of %s(%d).", n.Name, t.Length)
		}
	case TimestampNTZ, TimestampLTZ, TimestampTZ, Time:
		if p := arg(0, 9); p < 6 || p > 9 {
			return Type{}, sferr.Unsupported("%s(%d): fractional seconds shorter than 6 digits", n.Name, p)
		}
	default:
		if len(n.Args) > 0 {
			return Type{}, sferr.Unsupported("arguments of type %s", n.Name)
		}
	}
	return t, nil
}

// String writes the type as DESCRIBE TABLE does.
func (t Type) String() string {
	switch t.Kind {
	case Number:
		return fmt.Sprintf("NUMBER(%d,%d)", t.Precision, t.Scale)
	case Text:
		return fmt.Sprintf("VARCHAR(%d)", t.Length)
	case Binary:
		return fmt.Sprintf("BINARY(%d)", t.Length)
	case TimestampNTZ, TimestampLTZ, TimestampTZ, Time:
		return t.Kind.String() + "(9)"
	}
	return t.Kind.String()
}

// String is the kind's Snowflake name.
func (k Kind) String() string {
	return [...]string{"NULL", "NUMBER", "FLOAT", "VARCHAR", "BOOLEAN", "BINARY", "DATE", "TIME",
		"TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "VARIANT", "OBJECT", "ARRAY", "INTERVAL"}[k]
}

// Wire is the kind's name in a result's rowtype.
func (k Kind) Wire() string {
	return [...]string{"text", "fixed", "real", "text", "boolean", "binary", "date", "time",
		"timestamp_ntz", "timestamp_ltz", "timestamp_tz", "variant", "object", "array", "text"}[k]
}

// DuckDB is the storage type.
func (t Type) DuckDB() string {
	switch t.Kind {
	case Number:
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	case Float:
		return "DOUBLE"
	case Boolean:
		return "BOOLEAN"
	case Binary:
		return "BLOB"
	case Date:
		return "DATE"
	case Time:
		return "TIME"
	case TimestampNTZ:
		return "TIMESTAMP"
	case TimestampLTZ:
		return "TIMESTAMPTZ"
	case TimestampTZ:
		return "STRUCT(t TIMESTAMPTZ, o SMALLINT)"
	case IntervalKind:
		return "INTERVAL"
	}
	return "VARCHAR"
}

// Semi tells whether the kind is semi-structured.
func (k Kind) Semi() bool { return k == Variant || k == Object || k == Array }

// Timestamp tells whether the kind is one of the three timestamps.
func (k Kind) Timestamp() bool { return k == TimestampNTZ || k == TimestampLTZ || k == TimestampTZ }

// Temporal tells whether the kind is a date or a timestamp.
func (k Kind) Temporal() bool { return k == Date || k.Timestamp() }

// Arithmetic is the type of l op r for two NUMBERs
// (docs: sql-reference/operators-arithmetic, "Scale and precision").
func Arithmetic(op string, l, r Type) Type {
	ll, lr := l.Precision-l.Scale, r.Precision-r.Scale
	switch op {
	case "*":
		s := min(l.Scale+r.Scale, max(l.Scale, r.Scale, 12))
		return Fixed(ll+lr+s, s)
	case "/":
		s := max(l.Scale, min(l.Scale+6, 12))
		return Fixed(ll+r.Scale+s, s)
	case "%":
		s := max(l.Scale, r.Scale)
		return Fixed(max(ll, lr)+s, s)
	}
	s := max(l.Scale, r.Scale)
	return Fixed(max(ll, lr)+1+s, s)
}

// Common is the type that values of both types are brought to in comparisons,
// CASE, COALESCE and set operations; ok is false when Snowflake has none.
func Common(l, r Type) (t Type, ok bool) {
	switch {
	case l.Kind == Unknown:
		return r, true
	case r.Kind == Unknown:
		return l, true
	case l.Kind == r.Kind:
		if l.Kind == Number {
			s := max(l.Scale, r.Scale)
			return Fixed(max(l.Precision-l.Scale, r.Precision-r.Scale)+s, s), true
		}
		l.Length = max(l.Length, r.Length)
		return l, true
	case l.Kind.Semi() || r.Kind.Semi():
		return Of(Variant), true
	}
	for _, pair := range [2][2]Type{{l, r}, {r, l}} {
		if t, ok := promote(pair[0], pair[1]); ok {
			return t, true
		}
	}
	return Type{}, false
}

// promote tells whether a value of type from becomes one of type to by itself.
func promote(from, to Type) (Type, bool) {
	switch {
	case from.Kind == Number && to.Kind == Float:
		return to, true
	case from.Kind == Date && to.Kind.Timestamp():
		return to, true
	case from.Kind == TimestampNTZ && (to.Kind == TimestampLTZ || to.Kind == TimestampTZ):
		return to, true
	case from.Kind == TimestampLTZ && to.Kind == TimestampTZ:
		return to, true
	case from.Kind == Text && to.Kind == Number:
		// A text may carry decimals; Snowflake compares with NUMBER(18,5).
		return Fixed(MaxPrecision, max(to.Scale, 5)), true
	case from.Kind == Text && (to.Kind == Float || to.Kind == Boolean || to.Kind == Time || to.Kind.Temporal()):
		return to, true
	}
	return Type{}, false
}
