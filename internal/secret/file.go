package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxFile bounds a secret file: keys and token documents are a few KB, and a
// mistyped path must not read a warehouse into memory.
const maxFile = 1 << 20

// File reads file:PATH, or with a field one value of a JSON document, and
// writes it back. The file must be one that only its owner may use.
type File struct{}

// Check accepts every path.
func (File) Check(Reference) error { return nil }

// Read returns the file's content or the selected field.
func (File) Read(_ context.Context, ref Reference) (string, error) {
	content, err := readPrivate(ref.Name)
	if err != nil {
		return "", err
	}
	if ref.Field == "" {
		return string(content), nil
	}
	return Field(content, ref.Field)
}

// Write replaces the file, or the selected field in it, by a rename: a reader
// and a crash see the old content or the new, never half. A file that is not
// there is created, with mode 0600.
func (File) Write(_ context.Context, ref Reference, value string) error {
	content := []byte(value + "\n")
	if ref.Field != "" {
		old, err := readPrivate(ref.Name)
		if err != nil {
			return err
		}
		if content, err = SetField(old, ref.Field, value); err != nil {
			return err
		}
	}
	// The target of a symbolic link is replaced, not the link.
	path, err := filepath.EvalSymlinks(ref.Name)
	if errors.Is(err, fs.ErrNotExist) {
		path = ref.Name
	} else if err != nil {
		return fileError(err)
	}
	if err := replaceFile(path, content); err != nil {
		return &Error{Kind: ReadOnly, Err: err, Mend: "the directory must be writable for the user that runs snowdrift"}
	}
	return nil
}

// ReadFile reads a key or token file of up to 1 MiB after checking, on the
// opened file, that nobody but its owner may read or change it. Errors are an
// *Error that names the path.
func ReadFile(path string) ([]byte, error) {
	content, err := readPrivate(path)
	return content, describe(err, "read", Reference{Scheme: "file", Name: path})
}

func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fileError(err)
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Kind: Invalid, Mend: "give the path of a regular file"}
	}
	// Windows guards files by access lists, which the mode bits do not show.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, &Error{Kind: Insecure, Mend: fmt.Sprintf("its mode is %#o; run chmod 600 %s (for a mounted Kubernetes secret: defaultMode: 0400)", mode, path)}
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fileError(err)
	}
	if len(content) > maxFile {
		return nil, &Error{Kind: Invalid, Mend: "the file is larger than 1 MiB, which is no secret; check the path"}
	}
	return content, nil
}

func fileError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Kind: NotFound, Mend: "create the file, readable by its owner only"}
	case errors.Is(err, fs.ErrPermission):
		return &Error{Kind: Denied, Mend: "the user that runs snowdrift must own the file"}
	default:
		return &Error{Kind: Unreachable, Err: err}
	}
}

// replaceFile writes content beside path with mode 0600, forces it to disk and
// renames it into place.
func replaceFile(path string, content []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".snowdrift-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory makes the rename itself survive a power cut.
func syncDirectory(dir string) error {
	if runtime.GOOS == "windows" { // where a directory cannot be opened for this
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
