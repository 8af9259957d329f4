package cli

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"snowdrift/internal/config"
)

// TestNoPlace: a full disk is no fault of the configuration, as it is none later on.
func TestNoPlace(t *testing.T) {
	for cause, want := range map[error]int{syscall.ENOSPC: exitDestination, syscall.EDQUOT: exitDestination, fs.ErrPermission: exitUsage, fs.ErrNotExist: exitUsage} {
		err := noPlace(&fs.PathError{Op: "mkdir", Path: "tmp", Err: cause})
		if code := exitCode(t.Context(), err); code != want || !errors.Is(err, cause) || !strings.Contains(err.Error(), "batch.dir") {
			t.Errorf("%v: exit code %d, want %d", err, code, want)
		}
	}
}

// TestWorkDirNames: directories for files on their way have the names that are looked for
// when those of killed runs are removed.
func TestWorkDirNames(t *testing.T) {
	cfg := &config.Config{}
	cfg.Batch.Dir = config.Path(t.TempDir())
	for _, id := range []string{newRunID(), "check"} {
		d, err := newWorkDir(cfg, id)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(d.Path); !workDirName.MatchString(name) {
			t.Errorf("%s is not looked for", name)
		}
		if err := d.Remove(); err != nil {
			t.Error(err)
		}
	}
}
