package batch

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/snappy"
	codec "github.com/parquet-go/parquet-go/compress/zstd"

	"snowdrift/internal/table"
	"snowdrift/stages"
)

const (
	// pageBytes is the size of the cells at which a page of a column is closed.
	// With all tables there are some 600 columns, each of which holds one.
	pageBytes = 64 << 10
	// textBytes is the same where long texts come together: JSON of 512 KB
	// compresses to a tenth less than the same in two pages.
	textBytes = 512 << 10
	// dictionaryBytes is the size of a dictionary at which its column goes on
	// without one.
	dictionaryBytes = 256 << 10
)

// pages holds the pages of open row groups, in pieces: most columns of a wide site
// have few cells, so a larger piece each would be mostly air.
var pages = parquet.NewChunkBufferPool(8 << 10)

// options are the Parquet settings of a table's files. Data pages are of version
// 1, which every reader understands. Bounds let readers skip row groups; nobody
// does so by a text, and those of texts would be as long as these.
func options(t *table.Table, format stages.Format) []parquet.WriterOption {
	opts := []parquet.WriterOption{
		parquet.NewSchema("schema", columnsOf(t, format)),
		parquet.Compression(&snappyCodec{}),
		parquet.PageBufferSize(pageBytes),
		parquet.ColumnPageBuffers(pages),
		parquet.DictionaryMaxBytes(dictionaryBytes),
		parquet.DataPageVersion(1),
		parquet.DataPageStatistics(false),
		parquet.CreatedBy("snowdrift", "", ""),
	}
	for _, c := range t.Staged() {
		if c.Type == table.Text || c.Type == table.List || c.Type == table.JSON || c.Source == table.FromHash {
			opts = append(opts, parquet.SkipPageBounds(c.Name))
		}
	}
	return opts
}

// group is the root of a file's schema. The library's own sorts its columns.
type group struct {
	parquet.Group // nothing is in it
	columns       []parquet.Field
}

// Fields returns the columns in the order of the table.
func (g group) Fields() []parquet.Field { return g.columns }

// GoType returns some type: cells are written column by column, not as values
// of a Go type, and the library's own panics where two columns differ by a sign.
func (g group) GoType() reflect.Type { return reflect.TypeFor[struct{}]() }

// field is a column in a group.
type field struct {
	parquet.Node
	name string
}

// Name returns the column's name.
func (f field) Name() string { return f.name }

// Value is not for columns that no Go type has a field for.
func (f field) Value(reflect.Value) reflect.Value { return reflect.Value{} }

// columnsOf returns the schema of the files of t: its staged columns, then the
// sequence number, every one of which can hold NULL.
func columnsOf(t *table.Table, format stages.Format) group {
	var g group
	for _, c := range t.Staged() {
		g.columns = append(g.columns, field{parquet.Optional(node(c.Type, format)), c.Name})
	}
	g.columns = append(g.columns, field{parquet.Optional(node(table.Int, format)), table.Seq})
	return g
}

// node returns the Parquet type of a column. Times are marked as UTC: DuckDB
// reads an instant, Snowflake a TIMESTAMP_LTZ (SNOWFLAKE_FACTS §4.3). Texts get
// a dictionary, since most of them come again and again; numbers do not, since
// ids and times hardly repeat, and JSON never does.
//
// All is compressed by Snappy, which costs next to nothing, but for JSON, nearly
// all of a file, which is compressed by zstd where the file has a network to cross.
func node(t table.Type, format stages.Format) parquet.Node {
	switch t {
	case table.Bool:
		return parquet.Leaf(parquet.BooleanType)
	case table.Int:
		return parquet.Int(64)
	case table.Float:
		return parquet.Leaf(parquet.DoubleType)
	case table.Date:
		return parquet.Date()
	case table.Timestamp:
		return parquet.Timestamp(parquet.Microsecond)
	case table.Text, table.List:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case table.JSON:
		text := parquet.String()
		if format.MarkJSON {
			text = parquet.JSON()
		}
		if format.Embedded {
			return text
		}
		return parquet.Compressed(text, &zstdCodec{})
	}
	panic(fmt.Sprintf("batch: no Parquet type for columns of %v", t))
}

// snappyCodec compresses pages by Snappy. The library's own looks for better
// matches, which takes twice the time and saves a tenth of the bytes.
type snappyCodec struct{ snappy.Codec }

// Encode compresses src into dst.
func (*snappyCodec) Encode(dst, src []byte) ([]byte, error) {
	return s2.EncodeSnappy(dst[:cap(dst)], src), nil
}

// zstdCodec compresses pages by zstd. A page is all that an encoder need
// remember.
type zstdCodec struct{ codec.Codec }

// zstdEncoder is made when the first page wants it.
var zstdEncoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(textBytes), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
})

// Encode compresses src into dst.
func (*zstdCodec) Encode(dst, src []byte) ([]byte, error) {
	encoder, err := zstdEncoder()
	if err != nil {
		return nil, err
	}
	return encoder.EncodeAll(src, dst[:0]), nil
}
