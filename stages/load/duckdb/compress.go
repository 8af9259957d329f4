package duckdb

import (
	"context"
	"strings"
)

// withZstd are the settings by which DuckDB compresses texts with zstd where a
// dictionary does not do. Its own choice is FSST for texts of less than 4,096
// bytes, for which it builds a table of symbols for every column of every row
// group, mostly to find that a dictionary is smaller. With all tables that took
// a quarter of a commit's CPU time, and the file was a third larger.
var withZstd = []string{
	"SET disabled_compression_methods = 'fsst'",
	"SET zstd_min_string_length = 32",
}

// compress says how texts are to be compressed. A file that something else than
// snowdrift made may be in a form that has no zstd: there FSST is all there is
// for texts that do not repeat.
func (w *Warehouse) compress(ctx context.Context) error {
	const op = "choose the compression of"
	const query = `SELECT COALESCE(tags['storage_version'], '') FROM duckdb_databases() WHERE database_name = '` + catalog + `'`
	var version string
	if err := w.conn.QueryRowContext(ctx, query).Scan(&version); err != nil {
		return w.fail(op, w.opts.Path, query, err)
	}
	for _, old := range []string{"v0.", "v1.0.", "v1.1."} {
		if version == "" || strings.HasPrefix(version, old) {
			return nil
		}
	}
	for _, s := range withZstd {
		if err := w.exec(ctx, op, w.opts.Path, s); err != nil {
			return err
		}
	}
	return nil
}
