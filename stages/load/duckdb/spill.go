package duckdb

import (
	"crypto/rand"
	"path/filepath"
	"regexp"

	"snowdrift/internal/workdir"
)

// DuckDB gives the files that it spills to the same names in every process, and removes
// all that have one when it ends. Two that share a directory, such as two queries of one
// file, overwrite and remove each other's. So each has one of its own, beside the file,
// where there is to be room. DuckDB would make it when it first spills, but then there
// would be no lock in it meanwhile, by which others know that it is in use: a load may
// have spilled when it lets go of the file, see attachAnew.

// spillDir makes the directory, and returns its name. Where none can be made, as beside a
// file that may only be read, it is left to DuckDB to make it or to say why it cannot,
// should it have to spill.
func (w *Warehouse) spillDir() string {
	dir, err := workdir.Make(filepath.Dir(w.opts.Path), filepath.Base(w.opts.Path)+".tmp-*")
	if err != nil {
		w.opts.Log.Debug("there is no directory to spill to", "path", w.opts.Path, "error", err)
		return w.opts.Path + ".tmp-" + rand.Text()
	}
	w.spill = dir
	return dir.Path
}

// sweepSpilled removes what processes that were killed have spilled.
func (w *Warehouse) sweepSpilled() {
	names := regexp.MustCompile(`^` + regexp.QuoteMeta(filepath.Base(w.opts.Path)) + `\.tmp-[0-9]+$`)
	workdir.Sweep(filepath.Dir(w.opts.Path), names, w.opts.Log)
}

// removeSpilled removes the directory. What could not be removed, a later process that
// writes to the file does.
func (w *Warehouse) removeSpilled() {
	if w.spill == nil {
		return
	}
	if err := w.spill.Remove(); err != nil {
		w.opts.Log.Warn("what was spilled to disk was not removed", "dir", w.spill.Path, "error", err)
	}
}
