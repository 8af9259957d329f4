package duckdb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// newFile are the options of a file that we make. They cannot be changed later.
//
// From storage version 1.2.0 on long texts, which _raw is full of, are
// compressed, to about a tenth. Blocks and row groups are small because a load
// holds some of each for every column, and a Jira site has hundreds of columns:
// with DuckDB's own sizes (256 KiB, 122,880 rows) 130 columns took more than
// 200 MB and spilled gigabytes to disk.
const newFile = "STORAGE_VERSION 'v1.2.0', BLOCK_SIZE 16384"

// errLogLeft: a database was removed, and its write-ahead log was not. DuckDB would
// write what is in the log into the file that we make.
var errLogLeft = errors.New("is the log of a database that is no longer there")

// noDatabase reports whether there is no database at path, and why: no file, or an empty
// one, which is what a disk that is full may leave, or only the log of one.
//
// It looks for the log first. Another run that makes the database has the file before
// it has a log: so who sees its log sees its file as well.
func noDatabase(path string) (bool, error) {
	_, noLog := os.Stat(path + ".wal")
	info, err := os.Stat(path)
	empty := err == nil && info.Mode().IsRegular() && info.Size() == 0
	switch {
	case err == nil && !empty:
		return false, nil
	case empty && noLog == nil:
		return true, fmt.Errorf("the file is empty, and %s.wal %w", path, errLogLeft)
	case empty:
		return true, fmt.Errorf("the file is empty: %w", fs.ErrNotExist)
	case errors.Is(err, fs.ErrNotExist) && noLog == nil:
		return true, fmt.Errorf("%s.wal %w", path, errLogLeft)
	}
	return true, err
}

// mostLinks are the symbolic links, each to the next one, that are followed; Linux follows
// as many.
const mostLinks = 40

// resolve returns where the file is, or is to be made, that symbolic links lead to. What is
// made beside a link, to get its name when it is whole, would be on another disk and take
// the link's place. filepath.EvalSymlinks tells nothing of a file that is not there.
func resolve(path string) string {
	if before, _, found := strings.Cut(path, ":"); found && len(before) > 1 && filepath.IsLocal(before) {
		path = "." + string(filepath.Separator) + path // a prefix would name an extension or a service
	}
	for range mostLinks {
		to, err := os.Readlink(path)
		if err != nil { // it is no link
			return path
		}
		dir, name := filepath.Split(to)
		if !filepath.IsAbs(to) {
			beside, _ := filepath.Split(path)
			dir = beside + dir
		}
		if leads, err := filepath.EvalSymlinks(cmp.Or(dir, ".")); err == nil {
			dir = leads
		}
		path = filepath.Join(dir, name)
	}
	return path
}

// errNoLinks: a file cannot be made aside and then get its name.
var errNoLinks = errors.New("no links can be made there")

// makeFile makes an empty database file under a name that is free; if somebody
// else takes the name meanwhile, that file stays. While DuckDB makes a file, a
// second process that makes it too can damage it, before either has the lock
// (seen when fifty runs began at once). So the file is made where nobody looks,
// and gets its name when it is whole. Whatever fails, no half of a file has the name.
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
	err = os.Link(made, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		missing, why := noDatabase(path)
		switch {
		case !missing:
			return nil
		case errors.Is(why, errLogLeft):
			return why
		}
		return replaceEmpty(made, path)
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, fs.ErrPermission): // the latter where a file system has none
		return fmt.Errorf("%w: %w", errNoLinks, err)
	}
	return err
}
