package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	textformat "github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"snowdrift/stages/load"
)

func (a *app) query() *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   `query "SELECT …"`,
		Short: "Run SQL against the destination",
		Long: `Query runs one SQL statement against the configured destination, without
changing it, and prints the answer. The tables are described in docs/TABLES.md.`,
		Example: `  snowdrift query "SELECT status, COUNT(*) FROM issues GROUP BY status"
  snowdrift query --format csv "SELECT key, summary FROM issues" > issues.csv`,
		Args: exactArgs(1, "one SQL statement"),
		RunE: func(c *cobra.Command, args []string) error {
			print, known := formats[format]
			if !known {
				return usageError{fmt.Errorf("--format %q: use table, csv or json", format)}
			}
			cfg, err := a.loadConfig(nil)
			if err != nil {
				return err
			}
			warehouse, err := a.openWarehouse(c.Context(), cfg, true)
			if err != nil {
				return err
			}
			defer warehouse.Close()
			rows, err := warehouse.Query(c.Context(), args[0])
			if err != nil {
				return err
			}
			return print(a.stdout, rows)
		},
	}
	c.Flags().StringVar(&format, "format", "table", "table, csv or json")
	return c
}

var formats = map[string]func(io.Writer, load.Rows) error{"table": printTable, "csv": printCSV, "json": printJSON}

// newTable returns a table for people, with headings as they are written.
func newTable(w io.Writer) table.Writer {
	t := table.NewWriter()
	t.SetOutputMirror(w)
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = textformat.FormatDefault
	return t
}

// printTable prints an answer for people.
func printTable(w io.Writer, rows load.Rows) error {
	t := newTable(w)
	var header table.Row
	for _, c := range rows.Columns() {
		header = append(header, c)
	}
	t.AppendHeader(header)
	types := rows.Types()
	for cells, err := range rows.All() {
		if err != nil {
			return err
		}
		row := table.Row{}
		for i, c := range cells {
			row = append(row, text(c, types[i], "NULL"))
		}
		t.AppendRow(row)
	}
	t.Render()
	return nil
}

// printCSV prints an answer as CSV with a header, for programs: NULL is an empty cell,
// and an instant says its zone.
func printCSV(w io.Writer, rows load.Rows) error {
	out := csv.NewWriter(w)
	if err := out.Write(rows.Columns()); err != nil {
		return err
	}
	types := rows.Types()
	for cells, err := range rows.All() {
		if err != nil {
			return err
		}
		var record []string
		for i, c := range cells {
			if t, ok := c.(time.Time); ok {
				c = t.UTC().Format(timeLayout(types[i]))
			}
			record = append(record, text(c, types[i], ""))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// printJSON prints an answer as JSON objects, one in a line.
func printJSON(w io.Writer, rows load.Rows) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	columns, types := rows.Columns(), rows.Types()
	for cells, err := range rows.All() {
		if err != nil {
			return err
		}
		object := make(map[string]any, len(cells))
		for i, c := range cells {
			object[columns[i]] = asJSON(c, types[i])
		}
		if err := out.Encode(object); err != nil {
			return err
		}
	}
	return nil
}

// asJSON returns what is encoded for a cell: an exact number as it is, and JSON, which
// destinations return as its text, as JSON.
func asJSON(cell any, sqlType string) any {
	switch c := cell.(type) {
	case decimal:
		return json.Number(c.String())
	case string:
		switch sqlType {
		case "JSON", "VARIANT", "OBJECT", "ARRAY":
			if raw := json.RawMessage(c); json.Valid(raw) {
				return raw
			}
		}
	case []any:
		element, isList := strings.CutSuffix(sqlType, "[]")
		for i := 0; isList && i < len(c); i++ {
			c[i] = asJSON(c[i], element)
		}
	}
	return cell
}

// decimal is what destinations return for exact numbers with a scale.
type decimal interface {
	Float64() float64
	String() string
}

// timeLayout is how values of a type are written in UTC. A timestamp without a zone,
// as no table of ours has one, gets none.
func timeLayout(sqlType string) string {
	switch sqlType {
	case "DATE":
		return time.DateOnly
	case "TIME":
		return "15:04:05.999999"
	case "TIMESTAMPTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ":
		return time.RFC3339Nano
	}
	return "2006-01-02T15:04:05.999999999"
}

// text writes a cell as text for people: instants in UTC, composed values as JSON.
func text(cell any, sqlType, null string) string {
	switch v := cell.(type) {
	case nil:
		return null
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.UTC().Format(time.DateOnly)
		}
		return v.UTC().Format("2006-01-02 15:04:05.999")
	case []byte:
		return string(v)
	case []any, map[string]any:
		if b, err := json.Marshal(asJSON(v, sqlType)); err == nil {
			return string(b)
		}
	}
	return fmt.Sprint(cell)
}
