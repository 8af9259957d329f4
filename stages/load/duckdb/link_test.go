package duckdb

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSymbolicLink: the file is where the links lead, whether it is there, is empty or is
// still to be made; the links stay, and nothing is made beside them. One that leads to no
// directory is refused with the name of the file that is missing.
func TestSymbolicLink(t *testing.T) {
	for _, there := range []string{"none", "empty", "whole"} {
		t.Run(there, func(t *testing.T) {
			dir := t.TempDir()
			small, big := filepath.Join(dir, "small"), filepath.Join(dir, "disks", "big")
			file, link := filepath.Join(big, "jira.duckdb"), filepath.Join(small, "jira.duckdb")
			for _, err := range []error{
				os.Mkdir(small, 0o700), os.MkdirAll(big, 0o700),
				os.Symlink(big, filepath.Join(dir, "data")),
				os.Symlink("../data/../big/next.duckdb", link), // by the directory that data leads to
				os.Symlink("jira.duckdb", filepath.Join(big, "next.duckdb")),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			switch there {
			case "empty":
				if err := os.WriteFile(file, nil, 0o640); err != nil {
					t.Fatal(err)
				}
			case "whole":
				if err := open(t, options(file)).Close(); err != nil {
					t.Fatal(err)
				}
			}
			if err := Rehearse(t.Context(), options(link), t.TempDir()); err != nil {
				t.Error(err)
			}
			w := open(t, options(link))
			prepared(t, w, "run 1").commit(1, 3)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("the link is %v, %v", info, err)
			}
			reading := options(file)
			reading.ReadOnly = true
			w = open(t, reading)
			if got := count(t, w, `SELECT COUNT(*) FROM issues`); got != 3 {
				t.Errorf("%d issues in the file that the link leads to, want 3", got)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			for in, want := range map[string]int{small: 1, big: 2} {
				if left, err := os.ReadDir(in); err != nil || len(left) != want {
					t.Errorf("%s holds %v, %v", in, left, err)
				}
			}
			if err := os.RemoveAll(big); err != nil {
				t.Fatal(err)
			}
			w, err := Open(t.Context(), options(link))
			if err == nil {
				t.Fatal(w.Close())
			}
			if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "next.duckdb") || !strings.Contains(err.Error(), "make its directory") {
				t.Errorf("no such directory: %v", err)
			}
		})
	}
}
