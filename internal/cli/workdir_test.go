package cli

import (
	"path/filepath"
	"testing"

	"snowdrift/internal/config"
)

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
