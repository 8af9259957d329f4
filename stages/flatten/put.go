package flatten

import (
	"math"

	"snowdrift/internal/jiratime"
	"snowdrift/internal/rawjson"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// expected says, by column type, what a value would have to be to fit.
var expected = map[table.Type]string{
	table.Bool: "true or false", table.Int: "an integer", table.Float: "a number that a double can hold",
	table.Text: "a text of at most 16 MiB", table.Date: "a date of the years 1 to 9999",
	table.Timestamp: "a date and time of the years 1 to 9999", table.List: "an array of texts",
}

// put sets a cell to what the target's path finds in value, from which its paths
// were followed.
func (f *Flattener) put(t *target, value []byte) {
	fits := false
	r := f.rows[t.table]
	if t.typ == table.List {
		fits = f.putList(r, t, value)
	} else {
		end := t.paths.ends[t.path]
		if end.blocked {
			f.misfit(t, end.value, "an object")
			return
		}
		value = end.value
		if rawjson.IsNull(value) || t.form == table.Document && rawjson.TypeOf(value) == rawjson.String {
			return
		}
		fits = putCell(r, t, value)
	}
	if !fits {
		f.misfit(t, value, expected[t.typ])
	}
}

// putCell sets a cell to one value, which is not null, and reports whether it fits.
func putCell(r *stages.Rows, t *target, v []byte) bool {
	var n int64
	var ok bool
	switch t.typ {
	case table.Float:
		x, ok := rawjson.Float64(v)
		if ok {
			r.SetFloat(t.column, x)
		}
		return ok
	case table.JSON:
		return r.SetBytes(t.column, func(dst []byte) ([]byte, bool) {
			dst, _ = rawjson.AppendStorable(dst, v)
			return dst, true
		})
	case table.Text:
		return r.SetBytes(t.column, func(dst []byte) ([]byte, bool) {
			before := len(dst)
			dst, ok := appendText(dst, v, t.form)
			return dst, ok && len(dst)-before <= table.MaxText
		})
	case table.Int:
		n, ok = integer(v)
	case table.Bool:
		n, ok = boolean(v)
	case table.Date:
		var days int32
		days, ok = jiratime.ParseDate(v)
		n = int64(days)
	case table.Timestamp:
		n, ok = jiratime.ParseMillis(v)
		n *= 1000
	}
	if ok {
		r.SetInt(t.column, n)
	}
	return ok
}

func integer(v []byte) (int64, bool) {
	if n, ok := rawjson.Int64(v); ok {
		return n, true
	}
	x, ok := rawjson.Float64(v) // 3600.0
	return int64(x), ok && x == math.Trunc(x) && math.Abs(x) < 1<<53
}

func boolean(v []byte) (int64, bool) {
	switch string(v) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	return 0, false
}
