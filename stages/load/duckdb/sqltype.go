package duckdb

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/duckdb/duckdb-go/v2"

	"snowdrift/stages/load"
)

// sqlType is a type as DuckDB names it.
type sqlType struct {
	name  string    // all of it, of one that is not composed
	kind  string    // "[]" (also of arrays), STRUCT, UNION or MAP; "" for one that is not composed
	size  string    // "[]", or with the length of an array
	parts []subtype // the elements, the members, the key and the value
}

// subtype is a type within another one.
type subtype struct {
	name string // of a member; "" if it has none
	sqlType
}

// parseType reads the name of a type.
func parseType(name string) sqlType {
	name = strings.TrimSpace(name)
	if open := strings.LastIndexByte(name, '['); open > 0 && strings.HasSuffix(name, "]") {
		return sqlType{kind: "[]", size: name[open:], parts: []subtype{{sqlType: parseType(name[:open])}}}
	}
	kind, inner, composed := strings.Cut(name, "(")
	if !composed || !slices.Contains([]string{"STRUCT", "UNION", "MAP"}, kind) {
		return sqlType{name: name}
	}
	t := sqlType{kind: kind}
	for _, text := range splitTypes(strings.TrimSuffix(inner, ")")) {
		member := ""
		if kind != "MAP" {
			member, text = cutMember(text)
		}
		t.parts = append(t.parts, subtype{member, parseType(text)})
	}
	return t
}

// splitTypes splits a list of types at its commas.
func splitTypes(list string) (types []string) {
	depth, from, quote := 0, 0, byte(0)
	for i := range len(list) {
		switch c := list[i]; {
		case quote != 0:
			if c == quote { // a doubled one opens again
				quote = 0
			}
		case c == '"', c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			types, from = append(types, list[from:i]), i+1
		}
	}
	return append(types, list[from:])
}

// cutMember splits a member into its name, which that of row() has not, and its type.
func cutMember(text string) (name, typ string) {
	text = strings.TrimSpace(text)
	if quoted := quotedName.FindString(text); quoted != "" {
		return strings.ReplaceAll(quoted[1:len(quoted)-1], `""`, `"`), text[len(quoted):]
	}
	name, typ, found := strings.Cut(text, " ")
	if !found || strings.ContainsAny(name, "([") || strings.HasPrefix(typ, "WITH TIME ZONE") {
		return "", text
	}
	return name, typ
}

var quotedName = regexp.MustCompile(`^"(?:[^"]|"")*"`)

// read are the types that the driver reads as they are. Of others it makes Go values
// that say less, or none at all: it rounds the numbers of JSON, an UUID is bytes, and
// it refuses a VARIANT.
var read = []string{
	"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT", "BIGNUM",
	"FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE",
}

// readable returns the type that a value is cast to before the driver reads it: text for
// what it cannot read, and for the keys of maps, which are names in JSON. Members
// without a name would all be one to the driver, and get numbers.
func (t sqlType) readable() string {
	switch t.kind {
	case "":
		if slices.Contains(read, t.name) || strings.HasPrefix(t.name, "DECIMAL(") {
			return t.name
		}
		return "VARCHAR"
	case "[]":
		return t.parts[0].readable() + t.size
	case "MAP":
		return "MAP(VARCHAR, " + t.parts[1].readable() + ")"
	}
	var members []string
	for i, p := range t.parts {
		members = append(members, `"`+strings.ReplaceAll(p.member(i), `"`, `""`)+`" `+p.readable())
	}
	return t.kind + "(" + strings.Join(members, ", ") + ")"
}

// member is the name of a part in a type that can be read.
func (p subtype) member(i int) string {
	if p.name == "" {
		return strconv.Itoa(i + 1)
	}
	return p.name
}

// appendJSON appends what the driver reads of a value as JSON. Members keep their order;
// those without names are a list.
func (t sqlType) appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case []any:
		return appendAll(append(b, '['), len(v), func(b []byte, i int) []byte { return t.parts[0].appendJSON(b, v[i]) }, ']')
	case map[string]any:
		if len(t.parts) > 0 && t.parts[0].name == "" {
			return appendAll(append(b, '['), len(t.parts), func(b []byte, i int) []byte { return t.parts[i].appendJSON(b, v[t.parts[i].member(i)]) }, ']')
		}
		return appendAll(append(b, '{'), len(t.parts), func(b []byte, i int) []byte {
			return t.parts[i].appendJSON(appendName(b, t.parts[i].name), v[t.parts[i].name])
		}, '}')
	case duckdb.OrderedMap:
		keys, values := v.Keys(), v.Values()
		return appendAll(append(b, '{'), len(keys), func(b []byte, i int) []byte {
			return t.parts[1].appendJSON(appendName(b, fmt.Sprint(keys[i])), values[i])
		}, '}')
	case duckdb.Union:
		i := slices.IndexFunc(t.parts, func(p subtype) bool { return p.name == v.Tag })
		return append(t.parts[i].appendJSON(appendName(append(b, '{'), v.Tag), v.Value), '}')
	}
	return load.AppendJSON(b, value, t.name)
}

func appendAll(b []byte, n int, element func([]byte, int) []byte, end byte) []byte {
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = element(b, i)
	}
	return append(b, end)
}

func appendName(b []byte, name string) []byte {
	return append(load.AppendJSON(b, name, "VARCHAR"), ':')
}
