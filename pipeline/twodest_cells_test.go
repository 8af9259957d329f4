package pipeline_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"snowdrift/internal/table"
)

// canonical writes a JSON text with sorted members, and numbers by their value:
// 1.0, 1 and 10e-1 are one. A text that is not JSON stays as it is, marked.
func canonical(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return "not JSON: " + text
	}
	out, err := json.Marshal(byValue(v))
	if err != nil {
		return "not JSON: " + err.Error()
	}
	return string(out)
}

// byValue replaces the numbers in a decoded JSON value.
func byValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return map[string]string{"number": r.RatString()}
		}
	case []any:
		for i := range v {
			v[i] = byValue(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = byValue(v[name])
		}
	}
	return v
}

// cell writes a cell, as either destination hands it over, so that equal values
// are equal texts:
//
//	bool, text          as they are
//	int, float          by value
//	date                2006-01-02
//	timestamp           the instant, in UTC
//	json, list          canonical JSON; DuckDB's are read as texts
func cell(kind table.Type, v any) string {
	if v == nil {
		return "∅"
	}
	text := fmt.Sprint(v)
	switch kind {
	case table.Date:
		if t, ok := v.(time.Time); ok {
			return t.Format(time.DateOnly)
		}
	case table.Timestamp:
		if t, ok := v.(time.Time); ok {
			return t.UTC().Format(time.RFC3339Nano)
		}
	case table.Float:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	case table.JSON, table.List:
		return canonical(text)
	}
	return text
}

// typeNames are the catalogue's names of our types: DuckDB's, and Snowflake's
// as SHOW COLUMNS writes them, with precision and scale.
var typeNames = map[table.Type][2]string{
	table.Bool:      {"BOOLEAN", "BOOLEAN(0,0)"},
	table.Int:       {"BIGINT", "FIXED(38,0)"},
	table.Float:     {"DOUBLE", "REAL(0,0)"},
	table.Text:      {"VARCHAR", "TEXT(0,0)"},
	table.Date:      {"DATE", "DATE(0,0)"},
	table.Timestamp: {"TIMESTAMP WITH TIME ZONE", "TIMESTAMP_TZ(0,9)"},
	table.JSON:      {"JSON", "VARIANT(0,0)"},
	table.List:      {"VARCHAR[]", "ARRAY(0,0)"},
}
