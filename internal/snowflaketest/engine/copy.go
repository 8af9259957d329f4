package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/stage"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

// maxFiles is how many names FILES may have (docs: sql/copy-into-table).
const maxFiles = 1000

// rowRange is a range of a file's rows, from 0, end excluded.
type rowRange struct{ from, to int64 }

// fileLoad is one file of a COPY.
type fileLoad struct {
	file     stage.File
	shown    string
	parquet  *parquetFile
	ranges   []rowRange // rows that can be loaded
	loaded   int64
	failed   int64
	firstErr *sferr.Error
	firstRow int64
}

// copy runs COPY INTO: which files, which of their rows, then all of them in one
// transaction.
func (x *execution) copy(ctx context.Context, st *syntax.Copy) (res *Result, err error) {
	t, err := x.changing(st.Table, "INSERT")
	if err != nil {
		return nil, err
	}
	s, err := x.findStage(st.Location.Stage)
	if err != nil {
		return nil, err
	}
	if err := x.require("READ", s.name); err != nil {
		return nil, err
	}
	if st, err = checkCopy(st, x.translated(t)); err != nil {
		return nil, err
	}
	files, err := x.filesToLoad(ctx, st, s, t)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		r := status(typeCopy, "Copy executed with 0 files processed.")
		r.Warehouse = true
		return r, nil
	}
	target, err := x.writable(ctx, t, false)
	if err != nil {
		return nil, err
	}
	loads := maps.Clone(x.loads(t))
	defer func() {
		for _, f := range files {
			if f.parquet != nil {
				err = errors.Join(err, f.parquet.release())
			}
		}
	}()
	if err := x.loadFiles(ctx, st, s, t, target, files); err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.loaded > 0 || f.failed == 0 {
			loads[s.id+"/"+f.file.Name] = f.file.MD5
		}
		if st.Purge && f.failed == 0 {
			if err := x.engine.opts.Stages.Remove(ctx, s.id, f.file.Name); err != nil {
				return nil, err
			}
		}
	}
	x.setLoads(t, loads)
	return copyResult(files), nil
}

// checkCopy refuses combinations that Snowflake refuses. Without column names and
// transformation, a file goes whole into the one semi-structured column.
func checkCopy(st *syntax.Copy, columns []translate.Column) (*syntax.Copy, error) {
	if err := checkFormat(st.Format); err != nil {
		return nil, err
	}
	switch {
	case len(st.Files) > maxFiles:
		return nil, sferr.Compilation("001003", "42000", "FILES has %d names, at most %d are possible", len(st.Files), maxFiles)
	case st.Transform != nil && st.MatchByName != "":
		return nil, sferr.Compilation("002019", "0A000", "match_by_column_name is not supported with copy transform.")
	case st.MatchByName != "" && st.Columns != nil:
		return nil, sferr.Unsupported("a column list with MATCH_BY_COLUMN_NAME")
	case st.IncludeMetadata != nil && st.MatchByName == "":
		return nil, sferr.Compilation("002019", "0A000", "INCLUDE_METADATA needs MATCH_BY_COLUMN_NAME.")
	case st.Transform != nil || st.MatchByName != "":
		return st, nil
	case len(columns) != 1 || !columns[0].Type.Kind.Semi():
		return nil, sferr.Compilation("002019", "0A000", "PARQUET file format can produce one and only one column of type variant, object, or array. "+
			"Load data into separate columns using the MATCH_BY_COLUMN_NAME copy option or copy with transformation.")
	}
	whole := *st
	whole.Transform = &syntax.Select{Items: []syntax.Item{{X: &syntax.Dollar{Index: 1}}}}
	return &whole, nil
}

func checkFormat(format map[string]string) error {
	if format["TYPE"] != "PARQUET" {
		return sferr.Unsupported("FILE_FORMAT of type %q; write FILE_FORMAT=(TYPE=PARQUET …)", format["TYPE"])
	}
	for name, v := range format {
		switch name {
		case "TYPE", "COMPRESSION":
		case "USE_LOGICAL_TYPE", "BINARY_AS_TEXT", "USE_VECTORIZED_SCANNER":
			if v != "TRUE" && v != "FALSE" {
				return sferr.Compilation("001003", "42000", "file format option %s = %s", name, v)
			}
		default:
			return sferr.Unsupported("file format option %s", name)
		}
	}
	return nil
}

// filesToLoad lists the files that FILES, the prefix and PATTERN name, without
// those that the load metadata knows unchanged.
func (x *execution) filesToLoad(ctx context.Context, st *syntax.Copy, s *stageObject, t *table) ([]*fileLoad, error) {
	prefix := st.Location.Path
	staged, err := x.engine.staged(ctx, s, prefix, st.Pattern)
	if err != nil {
		return nil, err
	}
	if st.Files != nil {
		if prefix != "" && !strings.HasSuffix(prefix, "/") {
			prefix += "/"
		}
		var named []stage.File
		for _, name := range st.Files {
			i := slices.IndexFunc(staged, func(f stage.File) bool { return f.Name == prefix+name })
			if i < 0 {
				return nil, sferr.New("091016", "22000", "Remote file '%s' was not found. There are several potential causes. "+
					"The file might not exist. The required credentials may be missing or invalid.", shownPath(s, prefix+name))
			}
			named = append(named, staged[i])
		}
		staged = named
	}
	loads := x.loads(t)
	var out []*fileLoad
	for _, f := range staged {
		if loads[s.id+"/"+f.Name] != f.MD5 || st.Force {
			out = append(out, &fileLoad{file: f, shown: shownPath(s, f.Name)})
		}
	}
	return out, nil
}

// loadFiles inserts all rows that can be loaded, in one DuckDB transaction.
func (x *execution) loadFiles(ctx context.Context, st *syntax.Copy, s *stageObject, t *table, target string, files []*fileLoad) error {
	var inserts []string
	var of []*fileLoad
	for _, f := range files {
		err := x.openFile(ctx, st, s, f)
		if err == nil {
			err = x.findLoadable(ctx, st, t, f)
		}
		if err != nil {
			if st.OnError == "ABORT_STATEMENT" || ctx.Err() != nil {
				return inFile(statementError(ctx, err), f)
			}
			f.fail(statementError(ctx, err), 0, 1)
		}
		for _, r := range f.ranges {
			sql, err := translate.Load(x.env, x.translated(t), st, f.parquet.staged(r))
			if err != nil {
				return inFile(statementError(ctx, err), f)
			}
			inserts, of = append(inserts, "INSERT INTO "+target+" "+sql), append(of, f)
		}
	}
	counts, err := x.execAll(ctx, inserts)
	if err != nil {
		// execAll stops at the first failure; with one file it is known which.
		if len(files) == 1 {
			return inFile(statementError(ctx, err), files[0])
		}
		return err
	}
	for i, n := range counts {
		of[i].loaded += n
	}
	return nil
}

func (x *execution) openFile(ctx context.Context, st *syntax.Copy, s *stageObject, f *fileLoad) error {
	local, release, err := x.engine.opts.Stages.Fetch(ctx, s.id, f.file.Name)
	if err != nil {
		return badParquet(err)
	}
	p, err := x.describeParquet(ctx, local, f.file.Name, st)
	if err != nil {
		return errors.Join(badParquet(err), release())
	}
	p.release = release
	f.parquet = p
	return nil
}

func badParquet(err error) error {
	return sferr.New("100080", "22000", "Invalid Parquet file: %v", err)
}

// findLoadable sets the ranges of rows that load without error: all of them if
// errors are to abort, which shows when they are inserted.
func (x *execution) findLoadable(ctx context.Context, st *syntax.Copy, t *table, f *fileLoad) error {
	all := rowRange{0, f.parquet.rows}
	switch st.OnError {
	case "SKIP_FILE":
		if err := x.probe(ctx, st, t, f, all); err != nil {
			return err
		}
	case "CONTINUE":
		return x.bisect(ctx, st, t, f, all)
	}
	f.ranges = []rowRange{all}
	return nil
}

// probe converts a range of rows without storing them.
func (x *execution) probe(ctx context.Context, st *syntax.Copy, t *table, f *fileLoad, r rowRange) error {
	sql, err := translate.Load(x.env, x.translated(t), st, f.parquet.staged(r))
	if err != nil {
		return err
	}
	const table = "temp.main.snowflaketest_probe"
	_, err = x.conn.ExecContext(ctx, "CREATE OR REPLACE TEMP TABLE "+table+" AS "+sql)
	_, dropErr := x.conn.ExecContext(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+table)
	return errors.Join(err, dropErr)
}

// bisect finds the rows that fail by halving.
func (x *execution) bisect(ctx context.Context, st *syntax.Copy, t *table, f *fileLoad, r rowRange) error {
	err := x.probe(ctx, st, t, f, r)
	switch {
	case err == nil:
		f.ranges = append(f.ranges, r)
		return nil
	case ctx.Err() != nil:
		return err
	case r.to-r.from <= 1:
		f.fail(statementError(ctx, err), r.from+1, 1)
		return nil
	}
	middle := (r.from + r.to) / 2
	if err := x.bisect(ctx, st, t, f, rowRange{r.from, middle}); err != nil {
		return err
	}
	return x.bisect(ctx, st, t, f, rowRange{middle, r.to})
}

func (f *fileLoad) rows() int64 {
	if f.parquet == nil {
		return 0
	}
	return f.parquet.rows
}

func (f *fileLoad) fail(err error, row, n int64) {
	f.failed += n
	if f.firstErr == nil {
		f.firstErr, f.firstRow = sferr.As(err), row
	}
}

func inFile(err error, f *fileLoad) error {
	e := *sferr.As(err)
	e.Message += fmt.Sprintf("\n  File '%s'", f.shown)
	return &e
}

// copyResult is COPY's answer (facts part 3.2): one row per file.
func copyResult(files []*fileLoad) *Result {
	names := []string{"file", "status", "rows_parsed", "rows_loaded", "error_limit", "errors_seen",
		"first_error", "first_error_line", "first_error_character", "first_error_column_name"}
	var rows [][]any
	loaded := int64(0)
	for _, f := range files {
		loaded += f.loaded
		status := "LOADED"
		switch {
		case f.failed > 0 && f.loaded == 0:
			status = "LOAD_FAILED"
		case f.failed > 0:
			status = "PARTIALLY_LOADED"
		}
		row := []any{f.shown, status, f.rows(), f.loaded, int64(1), f.failed, nil, nil, nil, nil}
		if f.firstErr != nil {
			row[6], row[7] = f.firstErr.Message, f.firstRow
		}
		rows = append(rows, row)
	}
	r := grid(typeCopy, names, rows)
	r.Warehouse, r.Affected = true, loaded
	return r
}
