// Package stage keeps the files of internal stages: in a directory that the
// driver writes to itself (Local), or behind an S3 interface with client-side
// encryption, as on real accounts (S3).
//
// A Store knows nothing of Snowflake's objects: a stage is an opaque prefix, a
// file a slash-separated name below it.
package stage

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// File is one staged file. Size and MD5 are those of the bytes as stored: on S3 of
// the encrypted ones, which LIST shows on real accounts too.
type File struct {
	Name     string // below the stage, without leading slash
	Size     int64
	MD5      string
	Modified time.Time
}

// Upload tells the driver where to PUT: the stageInfo and encryptionMaterial of
// the answer (facts part 3.4), ready to be marshalled.
type Upload struct {
	StageInfo          map[string]any
	EncryptionMaterial map[string]any // nil without client-side encryption
}

// Store keeps staged files.
type Store interface {
	// Upload prepares a PUT of the file base into stage/dir. queryID enters the
	// encryption material. With overwrite an existing file is taken away where the
	// driver would not truncate it.
	Upload(ctx context.Context, stage, dir, base, queryID string, overwrite bool) (Upload, error)
	// List returns the files of a stage, sorted by name.
	List(ctx context.Context, stage string) ([]File, error)
	// Fetch returns the path of a local file with the plain bytes. release removes
	// it if it is a copy.
	Fetch(ctx context.Context, stage, name string) (path string, release func() error, err error)
	// Remove deletes a file; one that is not there is no error.
	Remove(ctx context.Context, stage, name string) error
	// Truncate cuts a file to size bytes: an upload that lost its end.
	Truncate(ctx context.Context, stage, name string, size int64) error
	// Drop deletes all files of a stage.
	Drop(ctx context.Context, stage string) error
	// Close frees what the store holds.
	Close() error
}

// Local stores under a directory; the driver copies files there (LOCAL_FS).
type Local struct{ dir string }

// NewLocal returns a store below dir, which must exist.
func NewLocal(dir string) *Local { return &Local{dir: dir} }

// path keeps names inside the stage.
func (l *Local) path(stage, name string) (string, error) {
	if name != "" && !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("stage path %q leaves the stage", name)
	}
	return filepath.Join(l.dir, stage, filepath.FromSlash(name)), nil
}

// Upload implements Store.
func (l *Local) Upload(_ context.Context, stage, dir, base, _ string, overwrite bool) (Upload, error) {
	path, err := l.path(stage, dir)
	if err != nil {
		return Upload{}, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return Upload{}, fmt.Errorf("make stage directory: %w", err)
	}
	if overwrite {
		// The driver opens without truncating: a shorter file would keep a tail.
		if err := os.Remove(filepath.Join(path, base)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Upload{}, fmt.Errorf("make room for PUT: %w", err)
		}
	}
	return Upload{StageInfo: map[string]any{
		"locationType": "LOCAL_FS", "location": path + string(filepath.Separator), "path": dir, "region": "", "storageAccount": nil,
		"isClientSideEncrypted": true, "creds": map[string]any{}, "presignedUrl": nil, "endPoint": nil,
	}}, nil
}

// List implements Store.
func (l *Local) List(_ context.Context, stage string) ([]File, error) {
	root := filepath.Join(l.dir, stage)
	var out []File
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		f, err := describe(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		f.Name = filepath.ToSlash(rel)
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list stage: %w", err)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

func describe(path string) (File, error) {
	r, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer r.Close()
	h := md5.New()
	size, err := io.Copy(h, r)
	if err != nil {
		return File{}, err
	}
	info, err := r.Stat()
	if err != nil {
		return File{}, err
	}
	return File{Size: size, MD5: hex.EncodeToString(h.Sum(nil)), Modified: info.ModTime()}, nil
}

// Fetch implements Store; the file itself is returned.
func (l *Local) Fetch(_ context.Context, stage, name string) (string, func() error, error) {
	path, err := l.path(stage, name)
	return path, func() error { return nil }, err
}

// Remove implements Store.
func (l *Local) Remove(_ context.Context, stage, name string) error {
	path, err := l.path(stage, name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove staged file: %w", err)
	}
	return nil
}

// Truncate implements Store.
func (l *Local) Truncate(_ context.Context, stage, name string, size int64) error {
	path, err := l.path(stage, name)
	if err != nil {
		return err
	}
	return os.Truncate(path, size)
}

// Drop implements Store.
func (l *Local) Drop(_ context.Context, stage string) error {
	return os.RemoveAll(filepath.Join(l.dir, stage))
}

// Close implements Store. The directory is its owner's.
func (l *Local) Close() error { return nil }

// Under tells whether the file lies below prefix, which Snowflake compares as a
// plain string: run1 covers run10 too.
func Under(f File, prefix string) bool { return strings.HasPrefix(f.Name, prefix) }
