package batch

import (
	"fmt"

	"snowdrift/internal/parquet"
	"snowdrift/internal/table"
	"snowdrift/stages"
)

const (
	// pageBytes is the size of the cells at which a page of a column is closed.
	// With all tables there are some 600 columns, each of which holds one.
	pageBytes = 64 << 10
	// textBytes is the same where long texts come together: a page of JSON of this
	// size takes 6 % less than the same in two.
	textBytes = 1 << 20
	// dictionaryBytes is the size of a dictionary at which its column goes on
	// without one.
	dictionaryBytes = 256 << 10
)

// codecs compress the pages of a batcher's files.
type codecs struct {
	snappy parquet.Codec
	json   parquet.Codec // JSON columns
}

// codecsFor returns what files of a format are compressed by: all by Snappy, which
// costs next to nothing, but for JSON, nearly all of a file, which is compressed by
// zstd where the file has a network to cross.
func codecsFor(format stages.Format) (c codecs, err error) {
	c.snappy = parquet.Snappy()
	c.json = c.snappy
	if !format.Embedded {
		c.json, err = parquet.NewZstd(textBytes) // a page is all that need be remembered
	}
	return c, err
}

// columnsOf returns the columns of the files of t: its staged columns, then the
// sequence number. Texts get a dictionary, since most of them come again and again;
// numbers do not, since ids and times hardly repeat, and JSON never does. Times are
// marked as UTC: DuckDB reads an instant, Snowflake a TIMESTAMP_LTZ, given
// USE_LOGICAL_TYPE=TRUE (https://docs.snowflake.com/en/sql-reference/sql/create-file-format).
// Bounds let readers skip row groups, which nobody does by a digest.
func columnsOf(t *table.Table, format stages.Format, by codecs) ([]parquet.Column, error) {
	staged := append(t.Staged(), table.Column{Name: table.Seq, Type: table.Int})
	columns := make([]parquet.Column, len(staged))
	for i, c := range staged {
		to := parquet.Column{Name: c.Name, Type: arrowTypes[c.Type], PageBytes: pageBytes, Codec: by.snappy, Bounds: c.Source != table.FromHash}
		switch c.Type {
		case table.Text, table.List:
			to.Dictionary = dictionaryBytes
		case table.JSON:
			to.PageBytes, to.Codec, to.JSON = textBytes, by.json, format.MarkJSON
		}
		if to.Type == nil {
			return nil, fmt.Errorf("column %s: no Parquet type for columns of %v", c.Name, c.Type)
		}
		columns[i] = to
	}
	return columns, nil
}
