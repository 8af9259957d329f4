package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"

	"snowdrift/internal/config"
)

// A workDir is the directory for a run's files on their way. While the run lives it
// holds a lock on a file in it; by that the next run knows the directory of one that
// was killed.
type workDir struct {
	path string
	lock *os.File // has its name only where files can be locked: else nobody removes the directory but us
}

// workDirName are the names that newWorkDir gives.
var workDirName = regexp.MustCompile(`^snowdrift-([0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}|check)-[0-9]+$`)

const (
	lockName        = "lock"
	lockNameAtFirst = "lock.new"
)

func workDirParent(cfg *config.Config) string {
	if cfg.Batch.Dir == "" {
		return os.TempDir()
	}
	return string(cfg.Batch.Dir)
}

// newWorkDir makes the directory. The file gets its name when it is locked, so that
// nobody finds it unlocked meanwhile.
func newWorkDir(cfg *config.Config, id string) (d *workDir, err error) {
	d = &workDir{}
	if d.path, err = os.MkdirTemp(workDirParent(cfg), "snowdrift-"+id+"-"); err != nil {
		return nil, usageError{fmt.Errorf("make a directory for files on their way: %w; set batch.dir to one that can be written", err)}
	}
	atFirst := filepath.Join(d.path, lockNameAtFirst)
	f, err := os.OpenFile(atFirst, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		d.lock = f
		if tryLock(f) {
			err = os.Rename(atFirst, filepath.Join(d.path, lockName))
		}
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("make a directory for files on their way: %w", errors.Join(err, d.remove()))}
	}
	return d, nil
}

// remove removes the directory with all that is in it.
func (d *workDir) remove() error {
	err := os.RemoveAll(d.path)
	if d.lock != nil {
		err = errors.Join(err, d.lock.Close())
	}
	return err
}

// sweepWorkDirs removes the directories of runs that were killed. What cannot be
// looked into is somebody else's.
func sweepWorkDirs(cfg *config.Config, log *slog.Logger) {
	parent := workDirParent(cfg)
	entries, err := os.ReadDir(parent)
	if err != nil {
		log.Debug("killed runs' files are not looked for", "dir", parent, "error", err)
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !workDirName.MatchString(e.Name()) {
			continue
		}
		dir := filepath.Join(parent, e.Name())
		switch removed, err := removeDead(dir); {
		case err != nil:
			log.Warn("files of a run that was killed could not be removed", "dir", dir, "error", err)
		case removed:
			log.Info("removed files of a run that was killed", "dir", dir)
		}
	}
}

// removeDead removes the directory of a run if it is dead.
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
