package translate

import (
	"fmt"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// special is a function whose translation needs more than a template. args are
// translated already.
type special func(b *binder, c *syntax.Call, args []value) (value, error)

// call translates a function call: aggregates and window functions first, then
// functions with code of their own, then the table of templates.
func (b *binder) call(c *syntax.Call, sc *scope) (value, error) {
	if v, ok, err := b.aggregate(c, sc); ok || err != nil {
		return v, err
	}
	if c.Over != nil || c.Distinct || c.WithinGroup != nil || c.Named != nil {
		return value{}, sferr.Unsupported("function %s with OVER, DISTINCT, WITHIN GROUP or named arguments", c.Name)
	}
	if c.Name == "SEQ4" || c.Name == "SEQ8" {
		return sequence(c, sc)
	}
	args, err := b.exprs(withoutUnit(c), sc)
	if err != nil {
		return value{}, err
	}
	for _, table := range []map[string]special{generalFunctions, timeFunctions, semiFunctions} {
		if f := table[c.Name]; f != nil {
			return f(b, c, args)
		}
	}
	overloads, ok := simpleFunctions[c.Name]
	if !ok {
		return value{}, sferr.Unsupported("function %s", c.Name)
	}
	for _, s := range overloads {
		if len(s.params) == len(args) {
			return b.simple(c.Name, s, args)
		}
	}
	return value{}, sferr.Compilation("000939", "22023", "wrong number of arguments (%d) for function %s", len(args), c.Name)
}

// sequence is the row number, from 0, of the GENERATOR in FROM.
func sequence(c *syntax.Call, sc *scope) (value, error) {
	for s := sc; s != nil && len(c.Args) == 0; s = s.parent {
		for _, src := range s.sources {
			if src.generator != "" {
				return value{sql: "CAST(" + src.generator + " AS DECIMAL(38,0))", typ: sqltype.Fixed(38, 0)}, nil
			}
		}
	}
	return value{}, sferr.Unsupported("%s with arguments or without GENERATOR in FROM", c.Name)
}

// withoutUnit leaves out a first argument that is a date part written as a word,
// DATEDIFF(day, a, b), which is no column.
func withoutUnit(c *syntax.Call) []syntax.Expr {
	if unitFunctions[c.Name] && len(c.Args) > 0 {
		return c.Args[1:]
	}
	return c.Args
}

// signature is a function that is a template: params has one letter per
// argument, $1 … stand for the arguments.
//
//	t VARCHAR  n NUMBER or FLOAT  i integer (BIGINT in DuckDB)  f FLOAT
//	b BOOLEAN  d DATE  c TIME  p TIMESTAMP_NTZ  v VARIANT, OBJECT or ARRAY  x BINARY
//
// result is one of them (i gives NUMBER(38,0)) or 1, the first argument's type;
// a ARRAY.
type signature struct {
	params string
	result byte
	sql    string
}

func (b *binder) simple(name string, s signature, args []value) (value, error) {
	sql, nullable := s.sql, false
	for i, v := range args {
		arg, err := b.argument(name, v, s.params[i])
		if err != nil {
			return value{}, err
		}
		args[i] = arg
		nullable = nullable || v.nullable
	}
	var pairs []string
	for i, v := range args {
		pairs = append(pairs, fmt.Sprintf("$%d", i+1), v.sql)
	}
	sql = strings.NewReplacer(pairs...).Replace(sql)
	out := value{sql: sql, nullable: true}
	switch s.result {
	case 'i':
		out.typ = sqltype.Fixed(38, 0)
		out.sql = "CAST(" + sql + " AS DECIMAL(38,0))"
	case '1':
		out.typ = args[0].typ
		out.sql = "CAST(" + sql + " AS " + out.typ.DuckDB() + ")"
	default:
		out.typ = sqltype.Of(letters[s.result])
	}
	return out, nil
}

// timestampFromParts joins a date and a time, or six numbers.
var timestampFromParts = []signature{{"dc", 'p', "($1 + $2)"}, {"iiiiii", 'p', "make_timestamp($1, $2, $3, $4, $5, $6::DOUBLE)"}}

var letters = map[byte]sqltype.Kind{
	'c': sqltype.Time, 'p': sqltype.TimestampNTZ,
	't': sqltype.Text, 'f': sqltype.Float, 'b': sqltype.Boolean, 'd': sqltype.Date, 'v': sqltype.Variant, 'x': sqltype.Binary, 'a': sqltype.Array,
}

func (b *binder) argument(name string, v value, letter byte) (value, error) {
	switch letter {
	case 'n':
		return b.numeric(v)
	case 'i':
		n, err := b.numeric(v)
		n.sql = "CAST(" + n.sql + " AS BIGINT)"
		return n, err
	case 'v':
		if !v.typ.Kind.Semi() && v.typ.Kind != sqltype.Unknown {
			return value{}, argumentTypes(name, v.typ)
		}
		return v, nil
	}
	return b.coerce(v, sqltype.Of(letters[letter]))
}

// simpleFunctions are the functions that are templates.
var simpleFunctions = map[string][]signature{
	"UPPER": {{"t", 't', "upper($1)"}}, "LOWER": {{"t", 't', "lower($1)"}},
	"INITCAP": {{"t", 't', "array_to_string(list_transform(string_split(lower($1), ' '), w -> upper(left(w, 1)) || substr(w, 2)), ' ')"}},
	"LENGTH":  {{"t", 'i', "length($1)"}}, "LEN": {{"t", 'i', "length($1)"}}, "OCTET_LENGTH": {{"t", 'i', "strlen($1)"}},
	"TRIM":       {{"t", 't', "trim($1, ' ')"}, {"tt", 't', "trim($1, $2)"}},
	"LTRIM":      {{"t", 't', "ltrim($1, ' ')"}, {"tt", 't', "ltrim($1, $2)"}},
	"RTRIM":      {{"t", 't', "rtrim($1, ' ')"}, {"tt", 't', "rtrim($1, $2)"}},
	"LPAD":       {{"ti", 't', "lpad($1, $2::INTEGER, ' ')"}, {"tit", 't', "lpad($1, $2::INTEGER, $3)"}},
	"RPAD":       {{"ti", 't', "rpad($1, $2::INTEGER, ' ')"}, {"tit", 't', "rpad($1, $2::INTEGER, $3)"}},
	"LEFT":       {{"ti", 't', "left($1, $2)"}},
	"RIGHT":      {{"ti", 't', "right($1, $2)"}},
	"SUBSTR":     {{"ti", 't', "substr($1, $2)"}, {"tii", 't', "substr($1, $2, $3)"}},
	"SUBSTRING":  {{"ti", 't', "substr($1, $2)"}, {"tii", 't', "substr($1, $2, $3)"}},
	"REPLACE":    {{"tt", 't', "replace($1, $2, '')"}, {"ttt", 't', "replace($1, $2, $3)"}},
	"REPEAT":     {{"ti", 't', "repeat($1, $2)"}},
	"REVERSE":    {{"t", 't', "reverse($1)"}},
	"TRANSLATE":  {{"ttt", 't', "translate($1, $2, $3)"}},
	"POSITION":   {{"tt", 'i', "strpos($2, $1)"}},
	"CHARINDEX":  {{"tt", 'i', "strpos($2, $1)"}},
	"CONTAINS":   {{"tt", 'b', "contains($1, $2)"}},
	"STARTSWITH": {{"tt", 'b', "starts_with($1, $2)"}},
	"ENDSWITH":   {{"tt", 'b', "ends_with($1, $2)"}},
	"ASCII":      {{"t", 'i', "ascii($1)"}}, "CHR": {{"i", 't', "chr($1::INTEGER)"}}, "CHAR": {{"i", 't', "chr($1::INTEGER)"}},
	// An absent part is '' in Snowflake and in DuckDB; a negative part counts from the end in both.
	"SPLIT_PART":     {{"tti", 't', "split_part($1, $2, $3)"}},
	"SPLIT":          {{"tt", 'a', "CAST(to_json(string_split($1, $2)) AS VARCHAR)"}},
	"REGEXP_LIKE":    {{"tt", 'b', "regexp_full_match($1, $2)"}, {"ttt", 'b', "regexp_full_match($1, $2, $3)"}},
	"RLIKE":          {{"tt", 'b', "regexp_full_match($1, $2)"}},
	"REGEXP_REPLACE": {{"tt", 't', "regexp_replace($1, $2, '', 'g')"}, {"ttt", 't', "regexp_replace($1, $2, $3, 'g')"}},
	"REGEXP_SUBSTR":  {{"tt", 't', "nullif(regexp_extract($1, $2), '')"}},
	"REGEXP_COUNT":   {{"tt", 'i', "len(regexp_extract_all($1, $2))"}},
	"MD5":            {{"t", 't', "md5($1)"}}, "MD5_HEX": {{"t", 't', "md5($1)"}},
	"SHA1": {{"t", 't', "sha1($1)"}}, "SHA2": {{"t", 't', "sha256($1)"}}, "SHA2_HEX": {{"t", 't', "sha256($1)"}},
	"HEX_ENCODE": {{"t", 't', "hex($1)"}}, "BASE64_ENCODE": {{"t", 't', "base64(encode($1))"}},
	"TO_BINARY": {{"t", 'x', "unhex($1)"}},

	"ABS":   {{"n", '1', "abs($1)"}},
	"SIGN":  {{"n", 'i', "sign($1)"}},
	"SQRT":  {{"f", 'f', "sqrt($1)"}},
	"EXP":   {{"f", 'f', "exp($1)"}},
	"LN":    {{"f", 'f', "ln($1)"}},
	"LOG":   {{"ff", 'f', "(ln($2) / ln($1))"}},
	"POWER": {{"ff", 'f', "pow($1, $2)"}}, "POW": {{"ff", 'f', "pow($1, $2)"}},
	"BITAND": {{"ii", 'i', "($1 & $2)"}}, "BITOR": {{"ii", 'i', "($1 | $2)"}}, "BITXOR": {{"ii", 'i', "xor($1, $2)"}},
	"BITSHIFTLEFT": {{"ii", 'i', "($1 << $2)"}}, "BITSHIFTRIGHT": {{"ii", 'i', "($1 >> $2)"}},

	"ARRAY_SIZE":      {{"v", 'i', "CASE WHEN json_type($1) = 'ARRAY' THEN json_array_length($1) END"}},
	"OBJECT_KEYS":     {{"v", 'a', "CAST(to_json(json_keys($1)) AS VARCHAR)"}},
	"ARRAY_TO_STRING": {{"vt", 't', "array_to_string(from_json($1, '[\"VARCHAR\"]'), $2)"}},
	"ARRAY_DISTINCT":  {{"v", 'a', "CAST(to_json(list_distinct(from_json($1, '[\"JSON\"]'))) AS VARCHAR)"}},
	"TYPEOF":          {{"v", 't', "sf_typeof($1)"}},
	"IS_NULL_VALUE":   {{"v", 'b', "(json_type($1) = 'NULL')"}},
	"IS_ARRAY":        {{"v", 'b', "(json_type($1) = 'ARRAY')"}},
	"IS_OBJECT":       {{"v", 'b', "(json_type($1) = 'OBJECT')"}},
	"TO_JSON":         {{"v", 't', "$1"}},
	// AS_… give NULL for another type.
	"AS_VARCHAR": {{"v", 't', "CASE WHEN json_type($1) = 'VARCHAR' THEN json_extract_string($1, '$') END"}},
	"AS_CHAR":    {{"v", 't', "CASE WHEN json_type($1) = 'VARCHAR' THEN json_extract_string($1, '$') END"}},
	"AS_ARRAY":   {{"v", 'a', "CASE WHEN json_type($1) = 'ARRAY' THEN $1 END"}},

	"LAST_DAY":                 {{"d", 'd', "last_day($1)"}},
	"TIMESTAMP_FROM_PARTS":     timestampFromParts,
	"TIMESTAMP_NTZ_FROM_PARTS": timestampFromParts,
	"DAYNAME":                  {{"d", 't', "left(dayname($1), 3)"}}, "MONTHNAME": {{"d", 't', "left(monthname($1), 3)"}},
}
