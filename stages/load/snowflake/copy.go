package snowflake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// copy loads the files on the stage into temporary tables, once in a session.
func (w *Warehouse) copy(ctx context.Context, s *session, files map[string][]stagedFile) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if w.copied[name] {
			continue
		}
		if err := s.run(ctx, "load", name, createStaged(files[name][0].table)); err != nil {
			return err
		}
		for part := range slices.Chunk(files[name], maxFiles) {
			if err := w.copyFiles(ctx, s, part); err != nil {
				return err
			}
		}
		w.copied[name] = true
	}
	return nil
}

// copyFiles loads files of one table and checks that each came whole.
func (w *Warehouse) copyFiles(ctx context.Context, s *session, files []stagedFile) error {
	var names []string
	for _, f := range files {
		names = append(names, f.name)
	}
	t := files[0].table
	statement := copyInto(t, location(w.job.Pipeline, w.job.Run), names)
	rows, err := s.named(ctx, "load", t.Name, statement)
	if err != nil {
		return err
	}
	if err := checkCopy(rows, files); err != nil {
		return fail("load", t.Name, statement, err)
	}
	return nil
}

// checkCopy compares COPY's answer, a row for each file, with what was written
// into the files.
func checkCopy(rows []map[string]string, files []stagedFile) error {
	loaded := map[string]int64{}
	for _, r := range rows {
		if r["status"] != "LOADED" {
			return fmt.Errorf("COPY answered %q for file %q: %s", r["status"], r["file"], r["first_error"])
		}
		n, err := strconv.ParseInt(r["rows_loaded"], 10, 64)
		if err != nil {
			return fmt.Errorf("COPY answered %q rows for file %q", r["rows_loaded"], r["file"])
		}
		loaded[tail(r["file"])] += n
	}
	for _, f := range files {
		n, found := loaded[f.name]
		if !found {
			return fmt.Errorf("COPY did not load file %s", f.name)
		}
		if n != f.rows {
			return fmt.Errorf("COPY loaded %d rows of file %s, which has %d", n, f.name, f.rows)
		}
	}
	if len(rows) != len(files) {
		return fmt.Errorf("COPY loaded %d files of %d", len(rows), len(files))
	}
	return nil
}

// tail returns the last two parts of a path on a stage, which name a file within
// a run.
func tail(path string) string {
	parts := strings.Split(path, "/")
	return strings.Join(parts[max(len(parts)-2, 0):], "/")
}

// removeRun removes the files of a run from the stage.
func (w *Warehouse) removeRun(ctx context.Context, s *session, run string) error {
	_, err := s.named(ctx, "remove the files of run", run, "REMOVE "+location(w.job.Pipeline, run))
	if err == nil && run == w.job.Run {
		w.uploads.removed()
	}
	return err
}

// discard removes what this run staged and did not commit.
func (w *Warehouse) discard(ctx context.Context) error {
	if _, err := w.uploads.wait(); err != nil { // nobody needs the file any more
		w.opts.Log.Debug("an upload that is discarded had failed", "error", err)
	}
	w.uploads.forget()
	clear(w.copied)
	if !w.uploads.littered() {
		return nil
	}
	return w.with(ctx, func(ctx context.Context, s *session) error { return w.removeRun(ctx, s, w.job.Run) })
}
