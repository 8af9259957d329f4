package duckdb

import "context"

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
	if w.version.before("v1.2.") {
		return nil
	}
	for _, s := range withZstd {
		if err := w.exec(ctx, "choose the compression of", w.opts.Path, s); err != nil {
			return err
		}
	}
	return nil
}
