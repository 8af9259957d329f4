package load

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// CellText writes a cell of an answer as text, by the destination's name of its type:
// instants in UTC with their Z, clocks without a zone without one, numbers with all of
// their digits. NULL is the empty text.
func CellText(cell any, sqlType string) string {
	switch c := cell.(type) {
	case nil:
		return ""
	case string:
		return c
	case []byte:
		return strings.ToUpper(hex.EncodeToString(c))
	case float32:
		return floatText(float64(c), 32)
	case float64:
		return floatText(c, 64)
	case time.Time:
		return timeText(c.UTC(), sqlType)
	}
	return fmt.Sprint(cell)
}

// AppendJSON appends a cell as JSON: a document as it is, a number as a number, also one
// that no float64 holds, and what JSON has no form for, inf, -inf and nan included, as a
// string with its text.
func AppendJSON(b []byte, cell any, sqlType string) []byte {
	text := CellText(cell, sqlType)
	switch cell.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		if sqlType != "FIXED" && !IsDocument(sqlType) { // the digits of a text are no number
			return appendString(b, text)
		}
	case []byte, time.Time:
		return appendString(b, text)
	}
	out := bytes.NewBuffer(b)
	if json.Compact(out, []byte(text)) == nil {
		return out.Bytes()
	}
	return appendString(b, text)
}

// IsDocument reports whether texts of a type are JSON. Composed values of DuckDB come as
// JSON, too.
func IsDocument(sqlType string) bool {
	switch sqlType {
	case "JSON", "VARIANT", "OBJECT", "ARRAY":
		return true
	}
	return strings.HasSuffix(sqlType, "]") || strings.HasPrefix(sqlType, "STRUCT(") ||
		strings.HasPrefix(sqlType, "MAP(") || strings.HasPrefix(sqlType, "UNION(")
}

func appendString(b []byte, text string) []byte {
	out := bytes.NewBuffer(b)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // which no text fails
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// floatText writes a number as JSON does: with an exponent only where the digits would
// be many. What is no number is written as DuckDB writes it.
func floatText(f float64, bits int) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.FormatFloat(f, 'e', -1, bits)
	}
	return strconv.FormatFloat(f, 'f', -1, bits)
}

// timeText writes a time in UTC. DuckDB's infinite ones are the last that its types hold.
func timeText(t time.Time, sqlType string) string {
	layout, last := "2006-01-02T15:04:05.999999999", time.UnixMicro(math.MaxInt64)
	switch sqlType {
	case "DATE":
		layout, last = time.DateOnly, time.Unix(math.MaxInt32*24*60*60, 0)
	case "TIME":
		layout = "15:04:05.999999999"
	case "TIMESTAMPTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ", "TIMESTAMP WITH TIME ZONE":
		layout = time.RFC3339Nano
	}
	switch {
	case t.Equal(last):
		return "infinity"
	case t.Equal(time.Unix(-last.Unix(), -int64(last.Nanosecond()))):
		return "-infinity"
	}
	return t.Format(layout)
}
