package duckdb

import (
	"context"
	"slices"
	"strings"
)

// storageVersion is the version of DuckDB's format that a file is in, such as "v1.2.0+".
// It is "" of a file that says none, which is an old one.
type storageVersion string

// formats are the beginnings of the versions before the newest that is of interest here,
// in their order.
var formats = []string{"v0.", "v1.0.", "v1.1.", "v1.2.", "v1.3.", "v1.4."}

// before reports whether a file's version is older than the one that begins so, which is
// one of formats.
func (v storageVersion) before(begins string) bool {
	older := formats[:slices.Index(formats, begins)]
	return v == "" || slices.ContainsFunc(older, func(f string) bool { return strings.HasPrefix(string(v), f) })
}

// readVersion reads the version of the file.
func (w *Warehouse) readVersion(ctx context.Context) error {
	const query = `SELECT COALESCE(tags['storage_version'], '') FROM duckdb_databases() WHERE database_name = '` + catalog + `'`
	if err := w.conn.QueryRowContext(ctx, query).Scan(&w.version); err != nil {
		return w.fail("read the version of", w.opts.Path, query, err)
	}
	return nil
}
