package snowflake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"snowdrift/internal/table"
	"snowdrift/stages"
	"snowdrift/stages/load"
)

// uploads are the files on their way to the stage, several at once. Each way
// has a session of its own.
type uploads struct {
	w       *Warehouse
	ways    chan *session // free ones; nil for one that has no session yet
	running sync.WaitGroup

	mu       sync.Mutex
	errs     []error
	files    map[string][]stagedFile // uploaded, by table
	number   int
	hasStage bool // the stage is known to exist
	used     bool // something of this run was sent there
}

// stagedFile is a file on the stage.
type stagedFile struct {
	table *table.Table
	name  string // relative to the run's location
	rows  int64
}

// defaultUploads is enough to fill a line: the driver sends the parts of a
// large file in parallel besides.
const defaultUploads = 3

func newUploads(w *Warehouse) *uploads {
	n := w.opts.Uploads
	if n <= 0 {
		n = defaultUploads
	}
	u := &uploads{w: w, ways: make(chan *session, n), files: map[string][]stagedFile{}}
	for range n {
		u.ways <- nil
	}
	return u
}

// add begins the upload of a file as soon as a way is free, and returns what
// went wrong with earlier ones.
func (u *uploads) add(ctx context.Context, f stages.File) error {
	var s *session
	select {
	case s = <-u.ways:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	u.mu.Lock()
	u.number++
	// A directory for each file: the name of one that was staged before must
	// not come again, since COPY would take it for the same file.
	directory := strconv.Itoa(u.number)
	earlier := errors.Join(u.errs...)
	u.used = true
	u.mu.Unlock()
	if earlier != nil {
		u.ways <- s
		return earlier
	}
	u.running.Go(func() {
		s, err := u.upload(ctx, s, f, directory)
		err = errors.Join(err, os.Remove(f.Path)) // it is ours either way
		u.mu.Lock()
		if err != nil {
			u.errs = append(u.errs, err)
		} else {
			name := directory + "/" + filepath.Base(f.Path)
			u.files[f.Table.Name] = append(u.files[f.Table.Name], stagedFile{f.Table, name, f.Rows})
		}
		u.mu.Unlock()
		u.ways <- s
	})
	return nil
}

// putAttempts is how often a file is PUT before the run gives up. The driver
// repeats failed requests itself; this is for sessions that end and for
// storage that refuses.
const putAttempts = 3

// errStorage is an answer to PUT that names no error. The driver gives it when the
// storage's token has expired, which it does not renew; the next PUT gets a new one.
var errStorage = errors.New("the file did not come to the stage")

// upload brings a file to the stage and returns the session to go on with.
func (u *uploads) upload(ctx context.Context, s *session, f stages.File, directory string) (*session, error) {
	for n := 1; ; n++ {
		err := u.try(ctx, &s, f, directory)
		if err == nil {
			return s, nil
		}
		storage := number(err)/1000 == 264 || errors.Is(err, errStorage) // the driver's errors of PUT
		if s != nil && lost(err) {
			_ = s.close() // it is gone already
			s = nil
		}
		if ctx.Err() != nil || n == putAttempts || !lost(err) && !storage {
			return s, err
		}
		u.w.opts.Log.Warn("PUT failed, trying again", "file", filepath.Base(f.Path), "error", err)
		if err := u.w.opts.Wait(ctx, backoff(n)); err != nil {
			return s, err
		}
	}
}

func (u *uploads) try(ctx context.Context, s **session, f stages.File, directory string) (err error) {
	if *s == nil {
		if *s, err = u.w.dial(ctx, filepath.Dir(f.Path)); err != nil {
			*s = nil
			return err
		}
	}
	if err := u.ensureStage(ctx, *s); err != nil {
		return err
	}
	return put(ctx, *s, f, location(u.w.job.Pipeline, u.w.job.Run)+directory+"/")
}

// ensureStage makes the stage if nobody saw it yet.
func (u *uploads) ensureStage(ctx context.Context, s *session) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hasStage {
		return nil
	}
	if err := s.run(ctx, "prepare stage", stageOf(u.w.job.Pipeline), createStage(u.w.job.Pipeline)); err != nil {
		return err
	}
	u.hasStage = true
	return nil
}

// sawStage notes that the stage is there.
func (u *uploads) sawStage() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.hasStage = true
}

// littered reports whether something of this run may lie on the stage.
func (u *uploads) littered() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.hasStage && u.used
}

// removed notes that nothing of this run lies there any more.
func (u *uploads) removed() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.used = false
}

// put uploads one file and checks what the driver says of it.
func put(ctx context.Context, s *session, f stages.File, location string) error {
	path, err := filepath.Abs(f.Path)
	if err != nil {
		return fmt.Errorf("upload %s: %w", f.Path, err)
	}
	path = filepath.ToSlash(path)
	if strings.ContainsAny(path, `'"\*?[`) { // PUT would read them as patterns or ends of the path
		return fmt.Errorf("upload %s: its path has characters that PUT does not take; set batch.dir to a directory without quotes and wildcards", f.Path)
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return fmt.Errorf("upload: %w", err)
	}
	statement := putFile(path, location)
	rows, err := s.named(ctx, "upload", filepath.Base(path), statement)
	if err != nil {
		// Of large files the driver hands over the storage's error as it is.
		if e := (*load.Error)(nil); number(err) == 0 && ctx.Err() == nil && errors.As(err, &e) {
			e.Err, e.Hint = fmt.Errorf("%w: %w", errStorage, e.Err), storageHint
		}
		return err
	}
	if problem := checkPut(rows, info.Size()); problem != nil {
		return fail("upload", filepath.Base(path), statement, problem)
	}
	return nil
}

// checkPut wants one file, sent whole.
func checkPut(rows []map[string]string, size int64) error {
	if len(rows) != 1 {
		return fmt.Errorf("PUT of one file answered for %d", len(rows))
	}
	if status := rows[0]["status"]; status != "UPLOADED" {
		return fmt.Errorf("%w: PUT answered %s: %s", errStorage, status, rows[0]["message"])
	}
	if got := rows[0]["source_size"]; got != strconv.FormatInt(size, 10) {
		return fmt.Errorf("PUT sent %s of %d bytes", got, size)
	}
	// Encrypted data are longer, by less than a block.
	if got, err := strconv.ParseInt(rows[0]["target_size"], 10, 64); err != nil || got < size {
		return fmt.Errorf("of %d bytes %q arrived", size, rows[0]["target_size"])
	}
	return nil
}

// wait waits for all uploads and returns the files on the stage, by table.
func (u *uploads) wait() (map[string][]stagedFile, error) {
	u.running.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.files, errors.Join(u.errs...)
}

// forget takes the files of the named tables, all of them without names, off
// the list of what is to be loaded.
func (u *uploads) forget(names ...string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(names) == 0 {
		clear(u.files)
		u.errs = nil
	}
	for _, name := range names {
		delete(u.files, name)
	}
}

// close ends the sessions, after the last upload.
func (u *uploads) close() error {
	u.running.Wait()
	var errs []error
	for range cap(u.ways) {
		if s := <-u.ways; s != nil {
			errs = append(errs, s.close())
		}
	}
	return errors.Join(errs...)
}
