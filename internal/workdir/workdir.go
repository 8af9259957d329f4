// Package workdir makes directories for files that do not outlive a process, and removes
// those of processes that were killed. While a process lives it holds a lock on a file in
// its directory; by that others know.
package workdir

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
)

// Dir is a directory of this process. Only its owner may look into it.
type Dir struct {
	Path string
	lock *os.File // has its name only where files can be locked: else nobody removes the directory but us
}

const (
	lockName        = "lock"
	lockNameAtFirst = "lock.new"
)

// Make makes a directory, which is named as by os.MkdirTemp. The file gets its name when
// it is locked, so that nobody finds it unlocked meanwhile.
func Make(parent, pattern string) (d *Dir, err error) {
	d = &Dir{}
	if d.Path, err = os.MkdirTemp(parent, pattern); err != nil {
		return nil, err
	}
	atFirst := filepath.Join(d.Path, lockNameAtFirst)
	f, err := os.OpenFile(atFirst, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		d.lock = f
		if tryLock(f) {
			err = os.Rename(atFirst, filepath.Join(d.Path, lockName))
		}
	}
	if err != nil {
		return nil, errors.Join(err, d.Remove())
	}
	return d, nil
}

// Remove removes the directory with all that is in it.
func (d *Dir) Remove() error {
	err := os.RemoveAll(d.Path)
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// Sweep removes the directories with such names whose processes were killed. What cannot
// be looked into is somebody else's.
func Sweep(parent string, names *regexp.Regexp, log *slog.Logger) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		log.Debug("killed processes' files are not looked for", "dir", parent, "error", err)
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !names.MatchString(e.Name()) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		switch removed, err := removeDead(dir); {
		case err != nil:
			log.Warn("files of a process that was killed could not be removed", "dir", dir, "error", err)
		case removed:
			log.Info("removed files of a process that was killed", "dir", dir)
		}
	}
}

// removeDead removes a directory if its process is dead.
func removeDead(dir string) (removed bool, err error) {
	lock := filepath.Join(dir, lockName)
	info, err := os.Lstat(lock)
	if err != nil || !info.Mode().IsRegular() {
		return false, nil // not ours, or not locked yet
	}
	f, err := os.OpenFile(lock, os.O_RDWR, 0)
	if err != nil {
		return false, nil
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !tryLock(f) {
		return false, nil
	}
	return true, os.RemoveAll(dir)
}
