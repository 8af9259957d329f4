package duckdb

import (
	"fmt"
	"math"
)

// rowGroups are the numbers of rows of a row group, by the columns of the file's widest
// table up to which they are used. The larger they are, the less there is to do for each,
// and the less DuckDB holds of those of which rows were deleted, see roomToDelete; but
// one is in memory while it is filled, with its raw texts.
var rowGroups = []struct{ columns, rows int }{
	{200, 6144},
	{mostColumns, 4096},
	{math.MaxInt, wideRowGroup},
}

// mostColumns is the number of columns up to which a table is not wide.
const mostColumns = 400

// wideRowGroup is the number of rows of a row group of a file with a wide table. DuckDB
// has none that are smaller.
const wideRowGroup = 2048

// fitRowGroups chooses the row groups for a file whose widest table has so many
// columns. The next commit attaches the file anew if they change.
func (w *Warehouse) fitRowGroups(columns int) {
	for _, size := range rowGroups {
		if columns <= size.columns {
			w.rowGroup = size.rows
			return
		}
	}
}

// wide reports whether the file has a wide table.
func (w *Warehouse) wide() bool { return w.rowGroup == wideRowGroup }

// rowGroupSize is how ATTACH is told the number of rows of a row group. A file does not
// keep it: it has to be said whenever the file is opened to be written to.
func (w *Warehouse) rowGroupSize() string { return fmt.Sprintf("ROW_GROUP_SIZE %d", w.rowGroup) }

// written is how ATTACH is told in what form to write to a file that is there. One that is
// in a newer form already could not be attached in an older one.
func (w *Warehouse) written() string {
	if w.wide() && w.version.before("v1.4.") {
		return wideFile + ", " + w.rowGroupSize()
	}
	return w.rowGroupSize()
}
