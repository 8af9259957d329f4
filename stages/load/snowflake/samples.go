package snowflake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// sample is a value that a rehearsal brings to Snowflake and reads back: one of
// those that come back different, or not at all, where a loader or an account has
// a setting that it should not have.
type sample struct {
	column string
	kind   table.Type
	value  any    // string, int64 or float64
	back   string // the text that is read back
}

// samples are the columns of the rehearsal's file.
var samples = []sample{
	{"empty", table.Text, "", ""},
	{"null_mark", table.Text, `\N`, `\N`}, // what NULL_IF of a file format makes NULL by default
	{"odd_text", table.Text, "Zoë's \\ \"snow\" 😀\n ", "Zoë's \\ \"snow\" 😀\n "},
	{"instant", table.Timestamp, int64(1_709_251_199_987_000), "1709251199987"}, // 2024-02-29 23:59:59.987 UTC
	{"day", table.Date, int64(19_782), "2024-02-29"},
	{"large", table.Int, int64(9_007_199_254_740_993), "9007199254740993"},
	{"fraction", table.Float, 1.5, "1.5"},
	{"flag", table.Bool, int64(1), "true"},
	{"document", table.JSON, `{"name": "😀"}`, `{"name":"😀"}`},
	{"member_twice", table.JSON, `{"a":1,"a":2}`, `"{\"a\":1,\"a\":2}"`}, // kept as a text, see stored
	{"list", table.List, `["a", "é"]`, `["a","é"]`},
}

// samplesTable describes the rehearsal's file.
func samplesTable() *table.Table {
	t := &table.Table{Name: scratch, Role: table.Scratch, Key: []string{table.ID}, Doc: "Values of a rehearsal.",
		Columns: []table.Column{{Name: table.ID, Type: table.Int, Doc: "Number of the row."}}}
	for _, s := range samples {
		t.Columns = append(t.Columns, table.Column{Name: s.column, Type: s.kind, Doc: "A value."})
	}
	return t
}

// Samples returns the rows of which Rehearse wants a file: one that has all the
// values, and one that has none.
func Samples() *stages.Rows {
	rows := stages.NewRows(samplesTable())
	rows.SetInt(0, 0)
	for i, s := range samples {
		switch v := s.value.(type) {
		case string:
			rows.SetString(i+1, v)
		case int64:
			rows.SetInt(i+1, v)
		case float64:
			rows.SetFloat(i+1, v)
		}
	}
	rows.End(0)
	rows.SetInt(0, 1)
	rows.End(1)
	return rows
}

// readSamples returns the query that reads the values back, as texts.
func readSamples() string {
	var list []string
	for _, s := range samples {
		expr := compared(s.kind, stored(s.kind, Dialect.Quote(s.column)))
		switch s.kind {
		case table.Timestamp:
			expr = "TO_VARCHAR(" + Dialect.Millis(expr) + ")"
		case table.Date:
			expr = "TO_VARCHAR(" + expr + ", 'YYYY-MM-DD')"
		case table.Int, table.Float, table.Bool:
			expr = "TO_VARCHAR(" + expr + ")"
		}
		list = append(list, expr)
	}
	return "SELECT " + strings.Join(list, ", ") + "\nFROM " + Dialect.Quote(load.StageName(samplesTable())) + " ORDER BY " + Dialect.Quote(table.ID)
}

// rehearseValues reads back what was copied.
func (w *Warehouse) rehearseValues(ctx context.Context, s *session) error {
	const op = "rehearse a load: read values back from"
	var got [][]sql.NullString
	err := s.each(ctx, op, scratch, readSamples(), nil, func(rows *sql.Rows) error {
		cells, into := make([]sql.NullString, len(samples)), make([]any, len(samples))
		for i := range cells {
			into[i] = &cells[i]
		}
		err := rows.Scan(into...)
		got = append(got, cells)
		return err
	})
	if err != nil {
		return err
	}
	if err := checkSamples(got); err != nil {
		return &load.Error{Op: op, On: scratch, Err: err, Hint: "this account would store something else than Jira has: do not load into it, and report these lines"}
	}
	return nil
}

// checkSamples names each value that came back different.
func checkSamples(rows [][]sql.NullString) error {
	if len(rows) != 2 {
		return fmt.Errorf("%d rows came back of two", len(rows))
	}
	var errs []error
	for i, s := range samples {
		if got := rows[0][i]; !got.Valid || got.String != s.back {
			errs = append(errs, fmt.Errorf("%s: the %s %q came back as %s, not as %q", s.column, s.kind, fmt.Sprint(s.value), shown(got), s.back))
		}
		if got := rows[1][i]; got.Valid {
			errs = append(errs, fmt.Errorf("%s: NULL came back as %s", s.column, shown(got)))
		}
	}
	return errors.Join(errs...)
}

func shown(cell sql.NullString) string {
	if !cell.Valid {
		return "NULL"
	}
	return fmt.Sprintf("%q", cell.String)
}
