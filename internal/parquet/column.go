package parquet

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// room is what is left before the cells of a page for their levels, which come first
// and are known last: enough for some thousand cells.
const room = 512

// column is a column of the open row group.
type column struct {
	Column
	physical format.Type
	scratch  *scratch

	// Of the page that is open.
	valid  bitmap
	nulls  int
	plain  []byte   // room, and the cells that are not NULL, in plain encoding
	bits   bitmap   // the same of booleans
	places []uint32 // the same in the dictionary

	// Of the row group.
	dictionary dictionary
	overflown  bool   // there is no dictionary, or no more room in it: texts are plain from here on
	pages      []byte // closed, with their headers
	meta       format.ColumnMetaData
	bounds     bounds
	missing    int64 // NULL cells
}

func newColumn(c Column, physical format.Type, s *scratch) *column {
	to := &column{Column: c, physical: physical, scratch: s, plain: make([]byte, room)}
	to.reset()
	return to
}

// size returns about how many bytes the column has.
func (c *column) size() int {
	return len(c.pages) + len(c.dictionary.plain) + len(c.plain) - room + len(c.bits.bytes) + 4*len(c.places)
}

// append appends the cells of an Arrow array.
func (c *column) append(a arrow.Array) error {
	if !arrow.TypeEqual(a.DataType(), c.Type) || a.Data().Offset() != 0 {
		return fmt.Errorf("cells of %v from %d on do not fit a column of %v", a.DataType(), a.Data().Offset(), c.Type)
	}
	switch a := a.(type) {
	case *array.Int64:
		appendInts(c, a, a.Int64Values(), 8)
	case *array.Timestamp:
		appendInts(c, a, a.TimestampValues(), 8)
	case *array.Date32:
		appendInts(c, a, a.Date32Values(), 4)
	case *array.Float64:
		c.appendFloats(a)
	case *array.Boolean:
		c.appendBooleans(a)
	case *array.String:
		return c.appendTexts(a)
	}
	if len(c.plain)-room >= c.PageBytes {
		return c.endPage()
	}
	return nil
}

// endPage closes the page that is open, if there are cells in it.
func (c *column) endPage() error {
	if c.valid.n == 0 {
		return nil
	}
	page, encoding := c.page()
	s := c.scratch
	s.header = format.PageHeader{Type: format.DataPage}
	s.header.DataPageHeader.Set(format.DataPageHeader{NumValues: int32(c.valid.n), Encoding: encoding,
		DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		Statistics: format.Statistics{NullCount: int64(c.nulls)}})
	var err error
	c.pages, err = c.appendPage(c.pages, page, encoding)
	c.meta.NumValues += int64(c.valid.n)
	c.missing += int64(c.nulls)
	c.valid.reset()
	c.bits.reset()
	c.nulls, c.plain, c.places = 0, c.plain[:room], c.places[:0]
	return err
}

// page returns the levels and cells of the open page as a file has them.
func (c *column) page() ([]byte, format.Encoding) {
	s := c.scratch
	s.page = appendLevels(s.page[:0], &c.valid, c.nulls)
	switch levels := len(s.page); {
	case len(c.places) > 0:
		s.page = appendPlaces(s.page, c.places, len(c.dictionary.starts))
		return s.page, format.RLEDictionary
	case c.physical == format.Boolean:
		s.page = append(s.page, c.bits.bytes...)
	case levels <= room: // the way of nearly all bytes
		page := c.plain[room-levels:]
		copy(page, s.page)
		return page, format.Plain
	default:
		s.page = append(s.page, c.plain[room:]...)
	}
	return s.page, format.Plain
}

// appendPage appends a page with its header, which lacks the sizes, and counts it.
func (c *column) appendPage(dst, page []byte, encoding format.Encoding) ([]byte, error) {
	s := c.scratch
	if len(page) > math.MaxInt32 {
		return dst, fmt.Errorf("a page of %d bytes is more than the format allows", len(page))
	}
	s.compressed = c.Codec.compress(s.compressed, page)
	s.header.UncompressedPageSize, s.header.CompressedPageSize = int32(len(page)), int32(len(s.compressed))
	header, err := s.encode(&s.header)
	if err != nil {
		return dst, err
	}
	c.meta.TotalUncompressedSize += int64(len(header) + len(page))
	c.meta.TotalCompressedSize += int64(len(header) + len(s.compressed))
	if !slices.Contains(c.meta.Encoding, encoding) {
		c.meta.Encoding = append(c.meta.Encoding, encoding)
	}
	return append(append(dst, header...), s.compressed...), nil
}

// fewTexts is how many bytes the texts of a row group have at most that get no
// dictionary.
const fewTexts = 1536

// spell makes plain texts of those of the row group if they are few. A dictionary is
// one more page, and would cost readers more than it saves: DuckDB took 25 KB of
// memory for each, and a wide table has more than a thousand.
func (c *column) spell() {
	if len(c.pages) > 0 || len(c.places) == 0 {
		return
	}
	for _, place := range c.places {
		c.plain = appendText(c.plain, c.dictionary.text(place))
		if len(c.plain)-room > fewTexts {
			c.plain = c.plain[:room]
			return
		}
	}
	c.places = c.places[:0]
	c.dictionary.reset()
}

// end closes the last page and returns the dictionary's page, if there is one, the
// others, and what the footer says of them but for their places in the file. The pages
// are valid until reset, which is to follow, the dictionary's until the next column's.
func (c *column) end() (dictionary, pages []byte, meta format.ColumnMetaData, err error) {
	c.spell()
	if err := c.endPage(); err != nil {
		return nil, nil, meta, err
	}
	if n := len(c.dictionary.starts); n > 0 {
		c.scratch.header = format.PageHeader{Type: format.DictionaryPage}
		c.scratch.header.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(n), Encoding: format.Plain})
		s := c.scratch
		if s.dictionary, err = c.appendPage(s.dictionary[:0], c.dictionary.plain, format.Plain); err != nil {
			return nil, nil, meta, err
		}
		dictionary = s.dictionary
	}
	meta = c.meta
	meta.Type, meta.Codec, meta.PathInSchema = c.physical, c.Codec.id, thrift.Slice[string]{c.Name}
	meta.Encoding = append(meta.Encoding, format.RLE) // of levels
	meta.Statistics = format.Statistics{NullCount: c.missing}
	if c.Bounds {
		meta.Statistics.MinValue, meta.Statistics.MaxValue = c.bounds.encoded(c.physical)
	}
	return dictionary, c.pages, meta, nil
}

// reset begins the next row group.
func (c *column) reset() {
	c.dictionary.reset()
	c.overflown, c.missing, c.bounds = c.Dictionary == 0, 0, bounds{}
	c.meta, c.pages = format.ColumnMetaData{}, c.pages[:0]
}
