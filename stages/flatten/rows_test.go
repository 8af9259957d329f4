package flatten

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

// into returns a flattener for tables and the rows that it fills, by table.
func into(tables ...*table.Table) (*Flattener, map[string]*stages.Rows) {
	f := New(tables)
	set, byName := make([]*stages.Rows, len(tables)), map[string]*stages.Rows{}
	for i, t := range tables {
		set[i] = stages.NewRows(t)
		byName[t.Name] = set[i]
	}
	f.Into(set)
	return f, byName
}

// flattenAll flattens issues and returns the rows of tables, by table.
func flattenAll(t testing.TB, tables []*table.Table, issues ...string) map[string]*stages.Rows {
	t.Helper()
	f, rows := into(tables...)
	for _, raw := range issues {
		if _, err := f.Issue([]byte(raw)); err != nil {
			t.Fatalf("%.200s: %v", raw, err)
		}
	}
	for _, r := range rows {
		r.Pad()
	}
	return rows
}

// cells returns the columns called names of all rows, each cell as in show.
func cells(r *stages.Rows, names ...string) [][]string {
	out := make([][]string, r.Len())
	for i := range out {
		for _, name := range names {
			out[i] = append(out[i], cell(r, name, i))
		}
	}
	return out
}

// cell shows one cell: NULL, texts quoted, times in UTC.
func cell(r *stages.Rows, name string, row int) string {
	col := len(r.Columns) - 1 // table.Seq
	for i, c := range r.Table.Staged() {
		if c.Name == name {
			col = i
		}
	}
	c := &r.Columns[col]
	if c.Valid[row>>3]>>(row&7)&1 == 0 {
		return "NULL"
	}
	switch c.Type {
	case table.Float:
		return strconv.FormatFloat(c.Floats[row], 'g', -1, 64)
	case table.Text:
		return strconv.QuoteToASCII(text(c, row))
	case table.JSON, table.List:
		return text(c, row)
	case table.Date:
		return time.Unix(c.Ints[row]*86400, 0).UTC().Format(time.DateOnly)
	case table.Timestamp:
		return time.UnixMicro(c.Ints[row]).UTC().Format("2006-01-02T15:04:05.000000Z")
	case table.Bool:
		return strconv.FormatBool(c.Ints[row] == 1)
	}
	return strconv.FormatInt(c.Ints[row], 10)
}

func text(c *stages.Column, row int) string { return string(c.Data[c.Ends[row]:c.Ends[row+1]]) }

// issue returns a raw issue with the given members of fields.
func issue(id int, fields string) string {
	return fmt.Sprintf(`{"id":"%d","key":"TO-%d","fields":{%s}}`, id, id, fields)
}
