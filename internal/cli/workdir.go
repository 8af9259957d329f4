package cli

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"

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
		return nil, usageError{fmt.Errorf("make a directory for files on their way: %w; set batch.dir to one that can be written", err)}
	}
	return d, nil
}

// sweepWorkDirs removes the directories of runs that were killed.
func sweepWorkDirs(cfg *config.Config, log *slog.Logger) {
	workdir.Sweep(workDirParent(cfg), workDirName, log)
}
