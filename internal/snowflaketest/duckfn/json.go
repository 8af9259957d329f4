package duckfn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
)

// ParseJSON is PARSE_JSON: the canonical text of a VARIANT, or an error 100069.
// Canonical means no white space, keys sorted (a VARIANT's object has no order
// and Snowflake shows it sorted [K]), escapes undone where they can be, decimals
// without trailing zeros and numbers with an exponent as Snowflake prints a
// DOUBLE. ok is false for the empty text, which PARSE_JSON turns into NULL.
//
// Refused as Snowflake refuses them: duplicate keys and NaN. Refused because
// what Snowflake does is not known here: lone surrogates, numbers beyond DOUBLE.
func ParseJSON(text string) (canonical string, ok bool, err error) {
	if strings.TrimSpace(text) == "" {
		return "", false, nil
	}
	v := jsontext.Value(text).Clone()
	if err := v.Format(jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false)); err != nil {
		return "", false, sferr.New("100069", "22P02", "Error parsing JSON: %v", strings.TrimPrefix(err.Error(), "jsontext: "))
	}
	out, err := canonicalNumbers(v)
	if err != nil {
		return "", false, err
	}
	if len(out) > sqltype.MaxLength {
		return "", false, TooLarge(len(out), sqltype.MaxLength)
	}
	return string(out), true, nil
}

// TooLarge is the error for a value of n bytes in a place for limit bytes.
func TooLarge(n, limit int) *sferr.Error {
	return sferr.New("100082", "22000", "Max LOB size (%d) exceeded, actual size of parsed column is %d", limit, n)
}

// canonicalNumbers rewrites the numbers of compact JSON that have a point, an
// exponent or a minus before zero; the rest is canonical already.
func canonicalNumbers(src []byte) ([]byte, error) {
	var out []byte
	copied := 0
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '"':
			i += stringLength(src[i:])
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(src) && strings.IndexByte("0123456789+-.eE", src[end]) >= 0 {
				end++
			}
			n, err := canonicalNumber(string(src[i:end]))
			if err != nil {
				return nil, err
			}
			if n != string(src[i:end]) {
				out = append(append(out, src[copied:i]...), n...)
				copied = end
			}
			i = end
		default:
			i++
		}
	}
	if copied == 0 {
		return src, nil
	}
	return append(out, src[copied:]...), nil
}

// stringLength is the length of the JSON string at the start of src.
func stringLength(src []byte) int {
	for i := 1; i < len(src); i++ {
		switch src[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(src)
}

// canonicalNumber writes a number as VARIANT holds it: up to 38 digits without
// exponent exactly, everything else as a DOUBLE.
func canonicalNumber(s string) (string, error) {
	if !strings.ContainsAny(s, "eE") {
		digits := strings.TrimLeft(strings.Replace(strings.TrimPrefix(s, "-"), ".", "", 1), "0")
		if len(digits) <= sqltype.MaxPrecision {
			if strings.Contains(s, ".") {
				s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
			}
			if s == "-0" {
				s = "0"
			}
			return s, nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return "", sferr.New("100069", "22P02", "Error parsing JSON: number %s is out of the range of DOUBLE", s)
	}
	return strconv.FormatFloat(f, 'e', 15, 64), nil
}

// Object is OBJECT_CONSTRUCT: keys and the JSON texts of their values. A pair
// whose key or value is NULL is left out.
func Object(keys, values []any) (string, error) {
	if len(keys) != len(values) {
		return "", fmt.Errorf("object of %d keys and %d values", len(keys), len(values))
	}
	fields := map[string]json.RawMessage{}
	for i := range keys {
		k, hasKey := keys[i].(string)
		v, hasValue := values[i].(string)
		if !hasKey || !hasValue {
			continue
		}
		if _, double := fields[k]; double {
			return "", sferr.New("100102", "22000", "Duplicate field key '%s'", k)
		}
		fields[k] = json.RawMessage(v)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		return "", fmt.Errorf("object: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// Scalar is the text of a VARIANT that is to be cast to kind (FIXED, REAL,
// BOOLEAN, DATE …). ok is false for JSON null, which casts to NULL. An object or
// an array, or a text that cannot be one of kind, is error 100071.
func Scalar(variant, kind string) (text string, ok bool, err error) {
	bad := func() (string, bool, error) {
		shown := variant
		if len(shown) > 100 {
			shown = shown[:100] + "..."
		}
		return "", false, sferr.New("100071", "22000", "Failed to cast variant value %s to %s", shown, kind)
	}
	if variant == "" {
		return bad()
	}
	switch variant[0] {
	case 'n':
		return "", false, nil
	case '{', '[':
		return bad()
	case '"':
		s, err := jsontext.AppendUnquote(nil, variant)
		if err != nil {
			return "", false, fmt.Errorf("variant %.50q: %w", variant, err)
		}
		if !plausible(string(s), kind) {
			return bad()
		}
		return string(s), true, nil
	case 't', 'f':
		switch {
		case kind == "BOOLEAN":
			return variant, true, nil
		case kind == "FIXED" || kind == "REAL":
			return map[byte]string{'t': "1", 'f': "0"}[variant[0]], true, nil
		}
		return bad()
	}
	if kind == "BOOLEAN" {
		f, err := strconv.ParseFloat(variant, 64)
		if err != nil {
			return bad()
		}
		return strconv.FormatBool(f != 0), true, nil
	}
	return variant, true, nil
}

// plausible tells whether the text of a string VARIANT can be cast to kind.
func plausible(s, kind string) bool {
	switch kind {
	case "FIXED", "REAL":
		_, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		return err == nil
	case "BOOLEAN":
		return strings.Contains(" true false t f yes no y n on off 1 0 ", " "+strings.ToLower(s)+" ") && s != ""
	}
	return true
}
