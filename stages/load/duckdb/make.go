package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/duckdb/duckdb-go/v2"
)

// newFile are the options of a file that we make. They cannot be changed later,
// but for rowGroups.
//
// From storage version 1.2.0 on long texts, which _raw is full of, are
// compressed, to about a tenth. Blocks and row groups are small because a load
// holds some of each for every column, and a Jira site has hundreds of columns:
// with DuckDB's own sizes (256 KiB, 122,880 rows) 130 columns took more than
// 200 MB and spilled gigabytes to disk.
var newFile = "STORAGE_VERSION 'v1.2.0', BLOCK_SIZE 16384, " + rowGroups

// rowGroup is the number of rows of a row group. The file does not keep it: it has
// to be said whenever the file is opened to be written to. Half of it spills less of
// the raw texts, and the load of issues takes 0.8 of the CPU time; but what DuckDB
// holds of each row group of which rows were deleted would double, see withRoom.
const rowGroup = 4096

// rowGroups is how it is said.
var rowGroups = fmt.Sprintf("ROW_GROUP_SIZE %d", rowGroup)

// makeFile makes an empty database file under a name that is free; if somebody
// else takes the name meanwhile, that file stays. While DuckDB makes a file, a
// second process that makes it too can damage it, before either has the lock
// (seen when fifty runs began at once). So the file is made where nobody looks,
// and gets its name when it is whole.
func makeFile(ctx context.Context, path string) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".snowdrift-new-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	made := filepath.Join(dir, "new.duckdb")
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	_, err = db.ExecContext(ctx, "ATTACH "+Dialect.Literal(made)+" AS made ("+newFile+")")
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Link(made, path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
