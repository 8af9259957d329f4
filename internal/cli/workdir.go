package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"syscall"

	"snowdrift/internal/config"
	"snowdrift/internal/workdir"
)

// workDirName are the names that newWorkDir gives.
var workDirName = regexp.MustCompile(`^snowdrift-([0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}|check)-[0-9]+$`)

func workDirParent(cfg *config.Config) string {
	if cfg.Batch.Dir == "" {
		return os.TempDir()
	}
	return string(cfg.Batch.Dir)
}

// newWorkDir makes the directory for a run's files on their way.
func newWorkDir(cfg *config.Config, id string) (*workdir.Dir, error) {
	d, err := workdir.Make(workDirParent(cfg), "snowdrift-"+id+"-*")
	if err != nil {
		return nil, noPlace(err)
	}
	return d, nil
}

// noRoom: the disk for files on their way is full, of data or of files.
type noRoom struct{ error }

func (e noRoom) Unwrap() error { return e.error }

// noPlace says that the directory cannot be made: a wrong one is a fault of the
// configuration, a full disk is not.
func noPlace(err error) error {
	const doing = "make a directory for files on their way"
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return noRoom{fmt.Errorf("%s: %w; free space and inodes there, or set batch.dir to another directory", doing, err)}
	}
	return usageError{fmt.Errorf("%s: %w; set batch.dir to one that can be written", doing, err)}
}

// sweepWorkDirs removes the directories of runs that were killed.
func sweepWorkDirs(cfg *config.Config, log *slog.Logger) {
	workdir.Sweep(workDirParent(cfg), workDirName, log)
}
