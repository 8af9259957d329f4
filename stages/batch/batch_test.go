package batch

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/parquet"
	parquetfile "github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/schema"

	"snowdrift/internal/parquet/parquettest"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

// everyType has a column of each type, and one that no file carries.
var everyType = &table.Table{Name: "every_type", Columns: []table.Column{
	{Name: "id", Type: table.Int}, {Name: "flag", Type: table.Bool}, {Name: "ratio", Type: table.Float},
	{Name: "title", Type: table.Text}, {Name: "loaded", Type: table.Timestamp, Source: table.FromLoad},
	{Name: "day", Type: table.Date}, {Name: "at", Type: table.Timestamp}, {Name: "doc", Type: table.JSON},
	{Name: "tags", Type: table.List}, {Name: "nothing", Type: table.Text}, {Name: "hash", Type: table.Int, Source: table.FromHash},
}}

// fileColumns are the columns of everyType's files.
var fileColumns = []string{"id", "flag", "ratio", "title", "day", "at", "doc", "tags", "nothing", "hash", table.Seq}

// random appends n rows, about a third of the cells NULL, and returns what they
// say, a nil cell being NULL.
func random(r *stages.Rows, rnd *rand.Rand, n int) [][]any {
	var want [][]any
	for range n {
		row := make([]any, len(r.Columns))
		for col := range r.Columns[:len(r.Columns)-1] {
			if rnd.IntN(3) == 0 || col == 8 {
				continue
			}
			switch r.Columns[col].Type {
			case table.Float:
				row[col] = []float64{0, math.Copysign(0, -1), math.MaxFloat64, 5e-324, rnd.NormFloat64()}[rnd.IntN(5)]
				r.SetFloat(col, row[col].(float64))
			case table.Text, table.JSON, table.List:
				row[col] = []string{"", "\x00", "é😀", `["a"]`, fmt.Sprint(rnd.Int64()), strings.Repeat("long ", rnd.IntN(300))}[rnd.IntN(6)]
				r.SetString(col, row[col].(string))
			case table.Bool:
				row[col] = rnd.IntN(2) == 1
				r.SetInt(col, map[bool]int64{true: 1}[row[col].(bool)])
			case table.Date:
				row[col] = int64([]int{-719162, 2932896, 0, rnd.IntN(40000)}[rnd.IntN(4)]) // years 1 to 9999
				r.SetInt(col, row[col].(int64))
			case table.Timestamp:
				row[col] = []int64{-62135596800000000, 253402300799999000, 0, rnd.Int64N(1 << 51)}[rnd.IntN(4)]
				r.SetInt(col, row[col].(int64))
			default:
				row[col] = []int64{math.MinInt64, math.MaxInt64, 0, rnd.Int64()}[rnd.IntN(4)]
				r.SetInt(col, row[col].(int64))
			}
		}
		seq := rnd.Int64()
		row[len(row)-1] = seq
		r.End(seq)
		want = append(want, row)
	}
	return want
}

// readBack returns the columns and cells of a Parquet file.
func readBack(t *testing.T, path string) (names []string, rows [][]any) {
	t.Helper()
	file, err := parquetfile.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	return parquettest.Rows(t, file)
}

// Cell by cell, whatever was written in however many pieces comes back.
func TestFilesHoldTheRows(t *testing.T) {
	for _, format := range []stages.Format{{}, {MarkJSON: true, Embedded: true}} {
		t.Run(fmt.Sprintf("%+v", format), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 1))
			b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30, Format: format})
			r := stages.NewRows(everyType)
			var want [][]any
			for _, n := range []int{1, 0, 7, 8, 9, 1000, 64} {
				r.Reset()
				want = append(want, random(r, rnd, n)...)
				if err := b.Write(r); err != nil {
					t.Fatal(err)
				}
			}
			files := flush(t, b)
			if len(files) != 1 || files[0].Rows != int64(len(want)) || files[0].Table != everyType {
				t.Fatalf("files %+v, want one of %d rows", files, len(want))
			}
			names, got := readBack(t, files[0].Path)
			if !reflect.DeepEqual(names, fileColumns) {
				t.Errorf("columns %v, want %v", names, fileColumns)
			}
			for i := range want {
				if !reflect.DeepEqual(got[i], want[i]) {
					t.Fatalf("row %d: got %v, want %v", i, got[i], want[i])
				}
			}
		})
	}
}

// Texts that outgrow a page and a dictionary, in every row group anew, come back,
// too.
func TestTextsThatOutgrowTheirDictionary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 1))
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30})
	r := stages.NewRows(everyType)
	var want [][]any
	for len(want) < 3*rowGroupBytes(everyType)/300 {
		r.Reset()
		for range 700 {
			row := make([]any, len(r.Columns))
			if rnd.IntN(4) > 0 {
				row[3] = noise(rnd, rnd.IntN(600))
				r.SetString(3, row[3].(string))
			}
			row[len(row)-1] = int64(len(want))
			r.End(int64(len(want)))
			want = append(want, row)
		}
		if err := b.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	file := flush(t, b)[0]
	_, got := readBack(t, file.Path)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows came back of %d, or others", len(got), len(want))
	}
}

func flush(t *testing.T, b *Batcher) []stages.File {
	t.Helper()
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Closed()
}

// What a destination sees of a file's types.
func TestParquetTypes(t *testing.T) {
	for _, format := range []stages.Format{{}, {MarkJSON: true, Embedded: true}} {
		b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30, Format: format})
		r := stages.NewRows(everyType)
		random(r, rand.New(rand.NewPCG(2, 1)), 3)
		if err := b.Write(r); err != nil {
			t.Fatal(err)
		}
		file, err := parquetfile.OpenParquetFile(flush(t, b)[0].Path, false)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		document := "String"
		if format.MarkJSON {
			document = "JSON"
		}
		want := map[string]string{"id": "INT64", "flag": "BOOLEAN", "ratio": "DOUBLE", "title": "String", "day": "Date",
			"doc": document, "tags": "String", "nothing": "String", "hash": "INT64", table.Seq: "INT64",
			"at": "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)"}
		root := file.MetaData().Schema
		for i := range root.NumColumns() {
			c := root.Column(i)
			got := c.PhysicalType().String()
			if l := c.LogicalType(); !l.IsNone() && !l.Equals(schema.NewIntLogicalType(64, true)) {
				got = l.String()
			}
			if got != want[c.Name()] {
				t.Errorf("%+v: %s is %s, want %s", format, c.Name(), got, want[c.Name()])
			}
			if c.SchemaNode().RepetitionType() != parquet.Repetitions.Optional {
				t.Errorf("%s must be able to hold NULL", c.Name())
			}
		}
	}
}

// Files are cut when they reach their size, and hold little more than that: what
// one Write brings, and the pages that were not compressed yet.
func TestFilesAreCutBySize(t *testing.T) {
	const limit, rowBytes = 1 << 20, 100 << 10
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: limit})
	rnd := rand.New(rand.NewPCG(3, 1))
	var want [][]any
	for range 50 {
		r := stages.NewRows(everyType)
		want = append(want, random(r, rnd, 5)...)
		last := make([]any, len(r.Columns))
		last[7], last[10] = noise(rnd, rowBytes), int64(len(want))
		r.SetString(7, last[7].(string))
		r.End(last[10].(int64))
		want = append(want, last)
		if err := b.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	files := flush(t, b)
	if len(files) < 3 {
		t.Fatalf("%d files", len(files))
	}
	var got [][]any
	names := map[string]bool{}
	for i, f := range files {
		info, err := os.Stat(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Bytes != info.Size() || info.Size() > limit*3/2 || (i < len(files)-1 && info.Size() < limit) {
			t.Errorf("file %d has %d bytes, it says %d; the limit is %d", i, info.Size(), f.Bytes, limit)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Path, info.Mode())
		}
		names[filepath.Base(f.Path)] = true
		_, rows := readBack(t, f.Path)
		got = append(got, rows...)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows came back of %d, or in another order", len(got), len(want))
	}
	if !names["run-every_type-00001.parquet"] || len(names) != len(files) {
		t.Errorf("names %v", names)
	}
}

// noise returns n bytes of text that hardly compresses.
func noise(rnd *rand.Rand, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(' ' + rnd.IntN(95))
	}
	return string(text)
}

// A file that is open takes a row group of memory, not the file's size: row
// groups go to disk when their cells have rowGroupBytes.
func TestRowGroupsBoundTheMemory(t *testing.T) {
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30})
	r := stages.NewRows(everyType)
	text := strings.Repeat("compresses well ", 1<<16) // 1 MiB
	for range 40 {
		r.Reset()
		r.SetString(3, text)
		r.End(1)
		if err := b.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	file, err := parquetfile.OpenParquetFile(flush(t, b)[0].Path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	limit := rowGroupBytes(everyType)
	if n, want := file.NumRowGroups(), 40<<20/limit; n != want {
		t.Errorf("%d row groups of 40 MiB of cells, want %d", n, want)
	}
	for i := range file.NumRowGroups() {
		if n := file.MetaData().RowGroups[i].TotalByteSize; n > int64(limit)+(2<<20) {
			t.Errorf("row group %d has %d bytes", i, n)
		}
	}
}

// A file is closed before its footer, which lists every column of every row
// group, is large.
func TestColumnChunksBoundTheFooter(t *testing.T) {
	wide := &table.Table{Name: "wide"}
	for i := range 2500 {
		wide.Columns = append(wide.Columns, table.Column{Name: fmt.Sprint("c", i), Type: table.Text})
	}
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30, Format: stages.Format{Embedded: true}})
	rows, group := stages.NewRows(wide), strings.Repeat("x", rowGroupBytes(wide))
	for seq := range 5 {
		rows.SetString(0, group)
		rows.End(int64(seq))
		if err := b.Write(rows); err != nil {
			t.Fatal(err)
		}
		rows.Reset()
	}
	var got []int64
	for _, f := range flush(t, b) {
		got = append(got, f.Rows)
	}
	if want := []int64{2, 2, 1}; !reflect.DeepEqual(got, want) { // 2 row groups of 2,501 columns
		t.Errorf("files of %v rows, want %v", got, want)
	}
}

// Where the destination writes so many rows of issues at once, files have as many,
// wherever the rows that come together begin and end, and no cell changes.
func TestFilesOfAsManyIssues(t *testing.T) {
	const most = 21
	issues := *everyType
	issues.Role = table.Issue
	rnd := rand.New(rand.NewPCG(1, 2))
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30, Format: stages.Format{IssueRows: most}})
	var want [][]any
	rows := stages.NewRows(&issues)
	for _, n := range []int{5, 1, most, 0, 2 * most, 70, 9} {
		want = append(want, random(rows, rnd, n)...)
		if err := b.Write(rows); err != nil {
			t.Fatal(err)
		}
		rows.Reset()
	}
	var got [][]any
	files := flush(t, b)
	for i, f := range files {
		_, rows := readBack(t, f.Path)
		if got = append(got, rows...); len(rows) != int(f.Rows) || f.Rows != most && i < len(files)-1 {
			t.Errorf("file %d of %d has %d rows, and says %d", i+1, len(files), len(rows), f.Rows)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %d rows, want %d, or their cells differ", len(got), len(want))
	}
}

func TestTablesHaveFilesOfTheirOwn(t *testing.T) {
	b := New(Options{Dir: t.TempDir(), Prefix: "run", FileSize: 1 << 30})
	other := &table.Table{Name: "other", Columns: []table.Column{{Name: "id", Type: table.Int}}}
	for range 3 {
		for _, tb := range []*table.Table{everyType, other} {
			r := stages.NewRows(tb)
			r.SetInt(0, 1)
			r.End(1)
			if err := b.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if b.Pending() <= 0 {
		t.Error("rows are pending, and Pending says 0")
	}
	if got := b.Closed(); len(got) != 0 {
		t.Errorf("closed before Flush: %v", got)
	}
	rows := map[string]int64{}
	for _, f := range flush(t, b) {
		rows[f.Table.Name] += f.Rows
	}
	if !reflect.DeepEqual(rows, map[string]int64{"every_type": 3, "other": 3}) {
		t.Errorf("got %v", rows)
	}
	if b.Pending() != 0 || len(b.Closed()) != 0 {
		t.Errorf("after Flush and Closed: %d bytes pending", b.Pending())
	}
}

func TestNoRowsMakeNoFile(t *testing.T) {
	dir := t.TempDir()
	b := New(Options{Dir: dir, Prefix: "run", FileSize: 1})
	if err := b.Write(stages.NewRows(everyType)); err != nil {
		t.Fatal(err)
	}
	if files := flush(t, b); len(files) != 0 {
		t.Errorf("got %v", files)
	}
	wantEmpty(t, dir)
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
