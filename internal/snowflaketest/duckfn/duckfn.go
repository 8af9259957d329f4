// Package duckfn gives DuckDB the functions that it lacks or that mean something
// else in Snowflake: PARSE_JSON, casts from VARIANT, timestamp texts, zones.
//
// Install registers them once per database, all named sf_…; the translator
// writes calls to them. A function that fails, and SQL made by Raise, puts the
// Snowflake error into DuckDB's message between two marks, from where Decode
// takes it back.
package duckfn

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"snowdrift/internal/snowflaketest/sferr"
)

const (
	markOpen  = "[[sf:"
	markClose = ":sf]]"
)

// Raise is a DuckDB expression that fails with a Snowflake error. message is a
// DuckDB expression of type VARCHAR.
func Raise(code, state, message string) string {
	return fmt.Sprintf("error('%s%s:%s:' || %s || '%s')", markOpen, code, state, message, markClose)
}

// RaiseText is Raise with a constant message.
func RaiseText(code, state, message string) string { return Raise(code, state, Quote(message)) }

// Quote writes a DuckDB string literal.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Ident writes a DuckDB identifier.
func Ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func encode(err error) error {
	e := sferr.As(err)
	return fmt.Errorf("%s%s:%s:%s%s", markOpen, e.Code, e.State, e.Message, markClose)
}

// Decode finds the Snowflake error that Raise or one of the functions put into the
// text of a DuckDB error; nil when there is none.
func Decode(text string) *sferr.Error {
	_, rest, ok := strings.Cut(text, markOpen)
	if !ok {
		return nil
	}
	body, _, ok := strings.Cut(rest, markClose)
	parts := strings.SplitN(body, ":", 3)
	if !ok || len(parts) != 3 {
		return nil
	}
	return &sferr.Error{Code: parts[0], State: parts[1], Message: parts[2]}
}

// function is one scalar function for DuckDB.
type function struct {
	name   string
	in     []duckdb.TypeInfo
	out    duckdb.TypeInfo
	nulls  bool // called with NULLs too
	invoke func(args []driver.Value) (any, error)
}

// Config implements duckdb.ScalarFunc.
func (f *function) Config() duckdb.ScalarFuncConfig {
	return duckdb.ScalarFuncConfig{InputTypeInfos: f.in, ResultTypeInfo: f.out, SpecialNullHandling: f.nulls}
}

// Executor implements duckdb.ScalarFunc.
func (f *function) Executor() duckdb.ScalarFuncExecutor {
	return duckdb.ScalarFuncExecutor{RowExecutor: func(args []driver.Value) (any, error) {
		v, err := f.invoke(args)
		if err != nil {
			return nil, encode(err)
		}
		return v, nil
	}}
}

// Install registers the functions and macros in conn's database.
func Install(ctx context.Context, conn *sql.Conn) error {
	fs, err := functions()
	if err != nil {
		return fmt.Errorf("describe DuckDB functions: %w", err)
	}
	for _, f := range fs {
		if err := duckdb.RegisterScalarUDF(conn, f.name, f); err != nil {
			return fmt.Errorf("register DuckDB function %s: %w", f.name, err)
		}
	}
	for _, m := range macros {
		if _, err := conn.ExecContext(ctx, "CREATE MACRO "+m); err != nil {
			return fmt.Errorf("create DuckDB macro %s: %w", m, err)
		}
	}
	return nil
}

// macros are kept small: a macro repeats its arguments in the query.
var macros = []string{
	// the wall clock of a TIMESTAMP_TZ
	`sf_wall(x) AS (timezone('UTC', x.t) + to_minutes(x.o::BIGINT))`,
	// a TIMESTAMP_TZ with x's offset and another wall clock
	`sf_rewall(w, x) AS (CASE WHEN w IS NOT NULL AND x IS NOT NULL THEN {'t': timezone('UTC', w - to_minutes(x.o::BIGINT)), 'o': x.o} END)`,
	// an instant as TIMESTAMP_TZ with the offset that zone has then
	`sf_zoned(i, zone) AS (CASE WHEN i IS NOT NULL THEN {'t': i, 'o': date_diff('minute', timezone('UTC', i), timezone(zone, i))::SMALLINT} END)`,
	// FLOAT as text: 100, not 100.0
	`sf_float_text(x) AS (CASE WHEN x = trunc(x) AND abs(x) < 1e15 THEN x::BIGINT::VARCHAR ELSE x::VARCHAR END)`,
	// TYPEOF of a VARIANT
	`sf_typeof(x) AS (CASE json_type(x) WHEN 'NULL' THEN 'NULL_VALUE' WHEN 'UBIGINT' THEN 'INTEGER' WHEN 'BIGINT' THEN 'INTEGER' ` +
		`WHEN 'DOUBLE' THEN (CASE WHEN contains(x, 'e') THEN 'DOUBLE' WHEN contains(x, '.') THEN 'DECIMAL' ELSE 'INTEGER' END) ELSE json_type(x) END)`,
}

func functions() ([]*function, error) {
	var firstErr error
	typ := func(t duckdb.Type) duckdb.TypeInfo {
		info, err := duckdb.NewTypeInfo(t)
		if err != nil && firstErr == nil {
			firstErr = err
		}
		return info
	}
	text, small := typ(duckdb.TYPE_VARCHAR), typ(duckdb.TYPE_SMALLINT)
	ntz, ltz := typ(duckdb.TYPE_TIMESTAMP), typ(duckdb.TYPE_TIMESTAMP_TZ)
	date, clock := typ(duckdb.TYPE_DATE), typ(duckdb.TYPE_TIME)
	if firstErr != nil {
		return nil, firstErr
	}
	texts, err := duckdb.NewListInfo(text)
	if err != nil {
		return nil, err
	}
	t, err := duckdb.NewStructEntry(ltz, "t")
	if err != nil {
		return nil, err
	}
	o, err := duckdb.NewStructEntry(small, "o")
	if err != nil {
		return nil, err
	}
	tz, err := duckdb.NewStructInfo(t, o)
	if err != nil {
		return nil, err
	}
	z := &zones{loaded: map[string]*time.Location{}}
	in := func(ts ...duckdb.TypeInfo) []duckdb.TypeInfo { return ts }
	return []*function{
		{name: "sf_parse_json", in: in(text), out: text, invoke: parseJSON},
		{name: "sf_scalar", in: in(text, text), out: text, invoke: scalar},
		{name: "sf_object", in: in(texts, texts), out: text, invoke: object},
		{name: "sf_date", in: in(text, text), out: date, invoke: func(a []driver.Value) (any, error) { return ParseDate(a[0].(string), a[1].(string)) }},
		{name: "sf_time", in: in(text, text), out: clock, invoke: func(a []driver.Value) (any, error) { return ParseTime(a[0].(string), a[1].(string)) }},
		{name: "sf_ntz", in: in(text, text), out: ntz, invoke: parseNTZ},
		{name: "sf_ltz", in: in(text, text, text), out: ltz, invoke: z.parseLTZ},
		{name: "sf_tz", in: in(text, text, text), out: tz, invoke: z.parseTZ},
		{name: "sf_format", in: in(ntz, small, text), out: text, nulls: true, invoke: format},
	}, nil
}

func parseJSON(a []driver.Value) (any, error) {
	s, ok, err := ParseJSON(a[0].(string))
	if err != nil || !ok {
		return nil, err
	}
	return s, nil
}

func scalar(a []driver.Value) (any, error) {
	s, ok, err := Scalar(a[0].(string), a[1].(string))
	if err != nil || !ok {
		return nil, err
	}
	return s, nil
}

func object(a []driver.Value) (any, error) { return Object(a[0].([]any), a[1].([]any)) }

func parseNTZ(a []driver.Value) (any, error) {
	in, err := ParseTimestamp(a[0].(string), a[1].(string))
	if err != nil {
		return nil, err
	}
	return in.Wall, nil
}

func format(a []driver.Value) (any, error) {
	wall, ok := a[0].(time.Time)
	if !ok {
		return nil, nil
	}
	offset, has := a[1].(int16)
	return FormatTimestamp(wall, int(offset), has, a[2].(string))
}

// zones caches time zones by name.
type zones struct {
	mu     sync.Mutex
	loaded map[string]*time.Location
}

func (z *zones) load(name string) (*time.Location, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if l := z.loaded[name]; l != nil {
		return l, nil
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w", name, err)
	}
	z.loaded[name] = l
	return l, nil
}

// parse reads a timestamp as an instant and its offset in minutes; a text
// without offset is in the session's zone.
func (z *zones) parse(a []driver.Value) (time.Time, int, error) {
	in, err := ParseTimestamp(a[0].(string), a[1].(string))
	if err != nil {
		return time.Time{}, 0, err
	}
	if in.HasOffset {
		return in.Wall.Add(-time.Duration(in.Offset) * time.Minute), in.Offset, nil
	}
	l, err := z.load(a[2].(string))
	if err != nil {
		return time.Time{}, 0, err
	}
	w := in.Wall
	local := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), l)
	_, seconds := local.Zone()
	return local.UTC(), seconds / 60, nil
}

func (z *zones) parseLTZ(a []driver.Value) (any, error) {
	t, _, err := z.parse(a)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (z *zones) parseTZ(a []driver.Value) (any, error) {
	t, offset, err := z.parse(a)
	if err != nil {
		return nil, err
	}
	return map[string]any{"t": t, "o": int16(offset)}, nil
}
