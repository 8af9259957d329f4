package flatten

import (
	"snowdrift/internal/adf"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
)

// appendText appends the text of a value: of strings what they say, of numbers
// and booleans their literal, of rich text what a reader sees.
func appendText(dst, v []byte, form table.Form) ([]byte, bool) {
	switch rawjson.TypeOf(v) {
	case rawjson.String:
		return rawjson.AppendString(dst, v), true
	case rawjson.Number, rawjson.Bool:
		return append(dst, v...), true
	case rawjson.Object:
		if rawjson.TypeOf(rawjson.Lookup(v, "type")) != rawjson.String {
			return dst, false
		}
		switch form {
		case table.RichText:
			return adf.Valid(v).AppendText(dst), true
		case table.RichMarkdown:
			return adf.Valid(v).AppendMarkdown(dst), true
		}
	}
	return dst, false
}
