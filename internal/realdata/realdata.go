// Package realdata opens, for tests, a folder of real Jira data that is no part
// of this repository: the one that SNOWDRIFT_REAL_DATA names. Tests that use it
// are skipped without it.
//
// What is in there may name people. Messages of tests say which file and line,
// how many and which field, and never quote a value.
package realdata

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Variable is the environment variable that names the folder.
const Variable = "SNOWDRIFT_REAL_DATA"

// Path returns the path of something in the folder. The test is skipped when
// there is no folder.
func Path(t testing.TB, elements ...string) string {
	t.Helper()
	dir := os.Getenv(Variable)
	if dir == "" {
		t.Skip(Variable + " names no folder of real data")
	}
	return filepath.Join(append([]string{dir}, elements...)...)
}

// Glob returns the files in the folder that match a pattern; none is an error.
func Glob(t testing.TB, elements ...string) []string {
	t.Helper()
	pattern := Path(t, elements...)
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return files
}

// Open opens a file until the test ends; one that ends in .gz is decompressed.
func Open(t testing.TB, path string) io.Reader {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	if !strings.HasSuffix(path, ".gz") {
		return file
	}
	plain, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return plain
}

// Lines yields the lines of a file that are not empty, with their numbers from 1.
func Lines(t testing.TB, path string) iter.Seq2[int, []byte] {
	t.Helper()
	in := bufio.NewReaderSize(Open(t, path), 1<<20)
	return func(yield func(int, []byte) bool) {
		for n := 1; ; n++ {
			line, err := in.ReadBytes('\n')
			if err != nil && err != io.EOF {
				t.Fatalf("%s: line %d: %v", filepath.Base(path), n, err)
			}
			if line = bytes.TrimSpace(line); len(line) > 0 && !yield(n, line) || err == io.EOF {
				return
			}
		}
	}
}

// Issues returns the lines of a file of issues by the id of the issue; of several
// the last.
func Issues(t testing.TB, path string) map[string]string {
	t.Helper()
	issues := map[string]string{}
	for n, line := range Lines(t, path) {
		var issue struct{ ID string }
		if err := json.Unmarshal(line, &issue); err != nil {
			t.Fatalf("%s: line %d cannot be read", filepath.Base(path), n) // the error could quote it
		}
		issues[issue.ID] = string(line)
	}
	return issues
}
