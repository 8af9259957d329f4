package engine

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"snowdrift/internal/snowflaketest/duckfn"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/stage"
	"snowdrift/internal/snowflaketest/translate"
)

// Statement type ids (facts part 3.2).
const (
	typeSelect      = 4096
	typeInsert      = 12544
	typeUpdate      = 12800
	typeDelete      = 13056
	typeMerge       = 13312
	typeCopy        = 13824
	typeAlterSess   = 16640
	typeUse         = 17152
	typeShow        = 17408
	typeDescribe    = 17664
	typeTransaction = 20480
	typeDDL         = 24576
)

// Result is what a statement answers. Cells are in the wire's text form.
type Result struct {
	TypeID    int64
	Columns   []translate.Column
	Rows      [][]*string
	Put       *Put
	Warehouse bool // a running warehouse was needed
	Affected  int64
	Changed   []Parameter // session parameters that the statement set
	Context   Context     // the session's objects after the statement
	Format    string      // GO_QUERY_RESULT_FORMAT
}

// Put is what the driver needs to upload files.
type Put struct {
	Upload            stage.Upload
	Source            string
	Parallel          int
	AutoCompress      bool
	Overwrite         bool
	SourceCompression string
}

func quoted(name string) string { return duckfn.Ident(name) }

// status is the one-cell answer of DDL, USE and the like.
func status(typeID int64, text string) *Result {
	return &Result{TypeID: typeID, Columns: []translate.Column{{Name: "status", Type: sqltype.Of(sqltype.Text)}}, Rows: [][]*string{{&text}}}
}

// count is one column of a DML answer.
type count struct {
	name string
	n    int64
}

func counted(typeID int64, counts ...count) *Result {
	r := &Result{TypeID: typeID, Warehouse: true}
	row := make([]*string, len(counts))
	for i, c := range counts {
		text := strconv.FormatInt(c.n, 10)
		r.Columns = append(r.Columns, translate.Column{Name: c.name, Type: sqltype.Fixed(19, 0), NotNull: true})
		row[i] = &text
		r.Affected += c.n
	}
	r.Rows = [][]*string{row}
	return r
}

// grid builds a result of texts and numbers: SHOW, LIST, COPY. A nil cell is NULL.
func grid(typeID int64, names []string, rows [][]any) *Result {
	r := &Result{TypeID: typeID}
	for _, n := range names {
		r.Columns = append(r.Columns, translate.Column{Name: n, Type: sqltype.Of(sqltype.Text)})
	}
	for _, row := range rows {
		cells := make([]*string, len(row))
		for i, v := range row {
			var text string
			switch v := v.(type) {
			case nil:
				continue
			case string:
				text = v
			case int64:
				text = strconv.FormatInt(v, 10)
				r.Columns[i].Type = sqltype.Fixed(38, 0)
			case time.Time:
				text = seconds(v)
				r.Columns[i].Type = sqltype.Of(sqltype.TimestampLTZ)
			default:
				text = fmt.Sprint(v)
			}
			cells[i] = &text
		}
		r.Rows = append(r.Rows, cells)
	}
	return r
}

// cells runs a translated query and formats its rows.
func (x *execution) cells(ctx context.Context, q translate.Query) ([][]*string, error) {
	rows, err := x.conn.QueryContext(ctx, q.SQL)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	indent, err := strconv.Atoi(x.params["JSON_INDENT"])
	if err != nil {
		return nil, fmt.Errorf("session parameter JSON_INDENT: %w", err)
	}
	out := [][]*string{}
	values, targets := make([]any, len(q.Columns)), make([]any, len(q.Columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, fmt.Errorf("read row: %w", err)
		}
		row := make([]*string, len(values))
		for i, v := range values {
			if v == nil {
				continue
			}
			text, err := cell(v, q.Columns[i].Type.Kind, indent)
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", q.Columns[i].Name, err)
			}
			row[i] = &text
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// cell writes one value as the wire does (facts part 3.2).
func cell(v any, k sqltype.Kind, indent int) (string, error) {
	switch v := v.(type) {
	case string:
		if k.Semi() && indent > 0 {
			return indented(v, indent)
		}
		return v, nil
	case duckdb.Decimal:
		return decimal(v), nil
	case float64:
		return float(v), nil
	case bool:
		if v {
			return "1", nil
		}
		return "0", nil
	case []byte:
		return strings.ToUpper(hex.EncodeToString(v)), nil
	case time.Time:
		switch k {
		case sqltype.Date:
			return strconv.FormatInt(int64(math.Floor(float64(v.Unix())/86400)), 10), nil
		case sqltype.Time:
			midnight := time.Date(v.Year(), v.Month(), v.Day(), 0, 0, 0, 0, v.Location())
			return seconds(time.Unix(0, 0).Add(v.Sub(midnight))), nil
		}
		return seconds(v), nil
	case map[string]any:
		t, okT := v["t"].(time.Time)
		o, okO := v["o"].(int16)
		if okT && okO {
			return fmt.Sprintf("%s %d", seconds(t), int(o)+1440), nil
		}
	}
	return "", fmt.Errorf("cannot write %T as %s", v, k)
}

// seconds writes an instant as seconds since 1970 with nine decimals. Before 1970
// the fraction still counts upwards, as the driver reads it.
func seconds(t time.Time) string { return fmt.Sprintf("%d.%09d", t.Unix(), t.Nanosecond()) }

func float(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func decimal(d duckdb.Decimal) string {
	digits := new(big.Int).Abs(d.Value).String()
	scale := int(d.Scale)
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	text := digits
	if scale > 0 {
		text = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if d.Value.Sign() < 0 {
		text = "-" + text
	}
	return text
}

// indented shows JSON as JSON_INDENT asks: clients get VARIANTs over many lines.
func indented(text string, indent int) (string, error) {
	if text == "" || text[0] != '{' && text[0] != '[' {
		return text, nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", strings.Repeat(" ", indent)); err != nil {
		return "", fmt.Errorf("VARIANT %.60q: %w", text, err)
	}
	return b.String(), nil
}
