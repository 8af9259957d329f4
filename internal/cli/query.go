package cli

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
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
changing it, and prints the answer. The tables are described in docs/TABLES.md.

A column that is called like one before it gets a name of its own: id, id_1. Times
are in UTC; lists, structs and maps are printed as JSON. What JSON has no form for is
a string: dates and times, UUIDs, "inf", "-inf" and "nan".`,
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
	for _, c := range ownNames(rows.Columns()) {
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
			row = append(row, forPeople(c, types[i]))
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
	if err := out.Write(ownNames(rows.Columns())); err != nil {
		return err
	}
	types := rows.Types()
	for cells, err := range rows.All() {
		if err != nil {
			return err
		}
		var record []string
		for i, c := range cells {
			record = append(record, load.CellText(c, types[i]))
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// printJSON prints an answer as JSON objects, one in a line, with members in the order of
// the columns.
func printJSON(w io.Writer, rows load.Rows) error {
	var names [][]byte
	for _, name := range ownNames(rows.Columns()) {
		names = append(names, load.AppendJSON(nil, name, ""))
	}
	types, line := rows.Types(), []byte(nil)
	for cells, err := range rows.All() {
		if err != nil {
			return err
		}
		line = append(line[:0], '{')
		for i, c := range cells {
			if i > 0 {
				line = append(line, ',')
			}
			line = append(append(line, names[i]...), ':')
			line = load.AppendJSON(line, c, types[i])
		}
		if _, err := w.Write(append(line, "}\n"...)); err != nil {
			return err
		}
	}
	return nil
}

// ownNames gives columns of one name names of their own.
func ownNames(columns []string) []string {
	names := slices.Clone(columns)
	for i, column := range columns {
		for n := 1; slices.Contains(names[:i], names[i]) || n > 1 && slices.Contains(columns, names[i]); n++ {
			names[i] = fmt.Sprint(column, "_", n)
		}
	}
	return names
}

// forPeople writes a cell as text for people: a time in UTC without what machines need.
func forPeople(cell any, sqlType string) string {
	switch t, isTime := cell.(time.Time); {
	case cell == nil:
		return "NULL"
	case isTime && t.Equal(t.Truncate(24*time.Hour)) && sqlType != "TIME":
		return load.CellText(t, "DATE")
	case isTime:
		return strings.TrimSuffix(strings.Replace(load.CellText(t, sqlType), "T", " ", 1), "Z")
	}
	return load.CellText(cell, sqlType)
}
