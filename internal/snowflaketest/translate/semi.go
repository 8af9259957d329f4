package translate

import (
	"fmt"
	"strings"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/syntax"
)

// semiFunctions make and read semi-structured data.
var semiFunctions = map[string]special{
	"PARSE_JSON":                 parseJSON,
	"TRY_PARSE_JSON":             parseJSON,
	"TO_VARIANT":                 convertTo(sqltype.Variant),
	"TO_OBJECT":                  convertTo(sqltype.Object),
	"TO_ARRAY":                   toArray,
	"OBJECT_CONSTRUCT":           objectConstruct,
	"OBJECT_CONSTRUCT_KEEP_NULL": objectConstruct,
	"ARRAY_CONSTRUCT":            arrayConstruct,
	"ARRAY_CONTAINS":             arrayContains,
	"GET":                        get,
	"GET_PATH":                   getPath,
}

func parseJSON(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 1 {
		return value{}, wrongCount(c)
	}
	if args[0].typ.Kind == sqltype.Variant {
		// A VARIANT that is a string is parsed as its text.
		args[0] = value{sql: "json_extract_string(" + args[0].sql + ", '$')", typ: sqltype.Of(sqltype.Text)}
	}
	if k := args[0].typ.Kind; k != sqltype.Text && k != sqltype.Unknown {
		return value{}, argumentTypes(c.Name, args[0].typ)
	}
	sql := "sf_parse_json(" + args[0].sql + ")"
	if c.Name == "TRY_PARSE_JSON" {
		sql = "TRY(" + sql + ")"
	}
	return value{sql: sql, typ: sqltype.Of(sqltype.Variant), nullable: true}, nil
}

func toArray(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 1 {
		return value{}, wrongCount(c)
	}
	t := sqltype.Of(sqltype.Array)
	v, err := b.cast(args[0], sqltype.Of(sqltype.Variant))
	if err != nil {
		return value{}, err
	}
	sql := fmt.Sprintf("(CASE WHEN %[1]s IS NULL OR json_type(%[1]s) IN ('ARRAY', 'NULL') THEN %[1]s ELSE '[' || %[1]s || ']' END)", v.sql)
	return value{sql: sql, typ: t, nullable: true}, nil
}

// variants casts values to VARIANT and lists their SQL.
func (b *binder) variants(args []value) ([]string, error) {
	out := make([]string, len(args))
	for i, a := range args {
		v, err := b.cast(a, sqltype.Of(sqltype.Variant))
		if err != nil {
			return nil, err
		}
		out[i] = v.sql
	}
	return out, nil
}

func objectConstruct(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args)%2 != 0 {
		return value{}, wrongCount(c)
	}
	var keys []string
	var values []value
	for i := 0; i < len(args); i += 2 {
		k, err := b.coerce(args[i], sqltype.Of(sqltype.Text))
		if err != nil {
			return value{}, err
		}
		keys, values = append(keys, k.sql), append(values, args[i+1])
	}
	vs, err := b.variants(values)
	if err != nil {
		return value{}, err
	}
	if c.Name == "OBJECT_CONSTRUCT_KEEP_NULL" {
		for i := range vs {
			vs[i] = "COALESCE(" + vs[i] + ", 'null')"
		}
	}
	sql := fmt.Sprintf("sf_object(CAST([%s] AS VARCHAR[]), CAST([%s] AS VARCHAR[]))", strings.Join(keys, ", "), strings.Join(vs, ", "))
	return value{sql: sql, typ: sqltype.Of(sqltype.Object)}, nil
}

func arrayConstruct(b *binder, c *syntax.Call, args []value) (value, error) {
	vs, err := b.variants(args)
	if err != nil {
		return value{}, err
	}
	for i := range vs {
		vs[i] = "COALESCE(" + vs[i] + ", 'null')"
	}
	return value{sql: "('[' || array_to_string(CAST([" + strings.Join(vs, ", ") + "] AS VARCHAR[]), ',') || ']')", typ: sqltype.Of(sqltype.Array)}, nil
}

// arrayContains is ARRAY_CONTAINS(variant, array).
func arrayContains(_ *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 || !args[1].typ.Kind.Semi() {
		return value{}, wrongCount(c)
	}
	if args[0].typ.Kind != sqltype.Variant {
		return value{}, argumentTypes(c.Name, args[0].typ, args[1].typ)
	}
	return boolean(fmt.Sprintf("list_contains(CAST(json_extract(%s, '$[*]') AS VARCHAR[]), %s)", args[1].sql, args[0].sql), true), nil
}

// get is GET(v, 'key') or GET(v, index) with literals.
func get(b *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	step := syntax.Step{Index: c.Args[1]}
	if s, ok := c.Args[1].(*syntax.String); ok {
		step = syntax.Step{Key: s.Value}
	}
	p, err := jsonPath([]syntax.Step{step})
	if err != nil {
		return value{}, err
	}
	return extract(c, args[0], p)
}

func getPath(_ *binder, c *syntax.Call, args []value) (value, error) {
	if len(args) != 2 {
		return value{}, wrongCount(c)
	}
	s, ok := c.Args[1].(*syntax.String)
	if !ok || strings.ContainsAny(s.Value, "[]") {
		return value{}, sferr.Unsupported("GET_PATH with a path that is not a literal of keys")
	}
	return extract(c, args[0], jsonPathOfDots(s.Value))
}

func extract(c *syntax.Call, v value, path string) (value, error) {
	if !v.typ.Kind.Semi() {
		return value{}, argumentTypes(c.Name, v.typ)
	}
	return value{sql: jsonExtract(v.sql, path), typ: sqltype.Of(sqltype.Variant), nullable: true}, nil
}

// stagedRow is the row of a staged file in a COPY transformation.
type stagedRow struct {
	columns  map[string]value // by exact name
	order    []string
	filename value
	row      value
}

func (s *stagedRow) metadata(name string) (value, bool) {
	switch name {
	case "METADATA$FILENAME":
		return s.filename, true
	case "METADATA$FILE_ROW_NUMBER":
		return s.row, true
	}
	return value{}, false
}

// dollar is $1 or $1:column… of a staged file; names are compared exactly.
func (b *binder) dollar(d *syntax.Dollar, steps []syntax.Step, sc *scope) (value, error) {
	var row *stagedRow
	for s := sc; s != nil && row == nil; s = s.parent {
		row = s.staged
	}
	if row == nil || d.Index != 1 {
		return value{}, sferr.Unsupported("$%d here; Parquet files have $1 only, in COPY transformations", d.Index)
	}
	variant := sqltype.Of(sqltype.Variant)
	if len(steps) > 0 && steps[0].Index == nil {
		v, ok := row.columns[steps[0].Key]
		if !ok {
			return value{sql: "CAST(NULL AS VARCHAR)", typ: variant, nullable: true}, nil
		}
		v, err := b.cast(v, variant)
		if err != nil || len(steps) == 1 {
			return v, err
		}
		p, err := jsonPath(steps[1:])
		return value{sql: jsonExtract(v.sql, p), typ: variant, nullable: true}, err
	}
	var keys, values []string
	for _, name := range row.order {
		v, err := b.cast(row.columns[name], variant)
		if err != nil {
			return value{}, err
		}
		keys, values = append(keys, duckfn.Quote(name)), append(values, v.sql)
	}
	sql := fmt.Sprintf("sf_object(CAST([%s] AS VARCHAR[]), CAST([%s] AS VARCHAR[]))", strings.Join(keys, ", "), strings.Join(values, ", "))
	return value{sql: sql, typ: variant}, nil
}
