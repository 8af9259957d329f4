package stage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"sort"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// bucket holds all stages, each under its prefix.
const bucket = "snowflaketest-stage"

// S3 stores behind gofakes3 on a TLS listener at 127.0.0.1, in memory. The driver
// encrypts with the stage's master key before it uploads; Fetch decrypts.
type S3 struct {
	endpoint
	backend *s3mem.Backend
}

// NewS3 starts the S3 listener. Plain copies of fetched files go to dir.
func NewS3(dir string) (*S3, error) {
	s := &S3{backend: s3mem.New()}
	if err := s.backend.CreateBucket(bucket); err != nil {
		return s, fmt.Errorf("make S3 bucket: %w", err)
	}
	objects := gofakes3.New(s.backend, gofakes3.WithTimeSkewLimit(0)).Server()
	return s, s.serve(dir, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.valid(r.Header.Get("X-Amz-Security-Token")) {
			objects.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`)
	}))
}

// Upload implements Store.
func (s *S3) Upload(_ context.Context, stage, dir, _, queryID string, _ bool) (Upload, error) {
	location := path.Join(bucket, stage, dir) + "/"
	return Upload{
		StageInfo: map[string]any{
			"locationType": "S3", "location": location, "path": dir, "region": "us-east-1", "storageAccount": nil, "isClientSideEncrypted": true,
			"creds":        map[string]any{"AWS_KEY_ID": "AKIASNOWFLAKETEST", "AWS_SECRET_KEY": "not-a-secret", "AWS_TOKEN": s.token()},
			"presignedUrl": nil, "endPoint": s.server.Listener.Addr().String(),
		},
		EncryptionMaterial: s.material(queryID),
	}, nil
}

// List implements Store.
func (s *S3) List(_ context.Context, stage string) ([]File, error) {
	prefix := gofakes3.NewPrefix(ptr(stage+"/"), nil)
	list, err := s.backend.ListBucket(bucket, &prefix, gofakes3.ListBucketPage{})
	if err != nil {
		return nil, fmt.Errorf("list S3 stage: %w", err)
	}
	var out []File
	for _, c := range list.Contents {
		out = append(out, File{Name: strings.TrimPrefix(c.Key, stage+"/"), Size: c.Size, MD5: strings.Trim(c.ETag, `"`), Modified: c.LastModified.Time})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

func ptr[T any](v T) *T { return &v }

// Fetch implements Store: it decrypts into a temporary file.
func (s *S3) Fetch(_ context.Context, stage, name string) (string, func() error, error) {
	cipherText, meta, err := s.read(stage, name)
	if err != nil {
		return "", nil, err
	}
	plain, err := s.decrypt(cipherText, meta)
	if err != nil {
		return "", nil, fmt.Errorf("decrypt staged file %s: %w", name, err)
	}
	return s.plainCopy(plain)
}

func (s *S3) read(stage, name string) ([]byte, map[string]string, error) {
	obj, err := s.backend.GetObject(bucket, stage+"/"+name, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("read staged file %s: %w", name, err)
	}
	defer obj.Contents.Close()
	data, err := io.ReadAll(obj.Contents)
	if err != nil {
		return nil, nil, fmt.Errorf("read staged file %s: %w", name, err)
	}
	return data, obj.Metadata, nil
}

// decrypt undoes the driver's encryption. A file without the metadata is refused:
// COPY must not read plain text that a client forgot to encrypt.
func (s *S3) decrypt(data []byte, meta map[string]string) ([]byte, error) {
	var wrapped, iv string
	for k, v := range meta {
		switch {
		case strings.EqualFold(k, "X-Amz-Meta-x-amz-key"):
			wrapped = v
		case strings.EqualFold(k, "X-Amz-Meta-x-amz-iv"):
			iv = v
		}
	}
	return s.open(data, wrapped, iv)
}

// Remove implements Store.
func (s *S3) Remove(_ context.Context, stage, name string) error {
	if _, err := s.backend.DeleteObject(bucket, stage+"/"+name); err != nil {
		return fmt.Errorf("remove staged file: %w", err)
	}
	return nil
}

// Truncate implements Store.
func (s *S3) Truncate(_ context.Context, stage, name string, size int64) error {
	data, meta, err := s.read(stage, name)
	if err != nil {
		return err
	}
	data = data[:min(int64(len(data)), size)]
	_, err = s.backend.PutObject(bucket, stage+"/"+name, meta, bytes.NewReader(data), int64(len(data)), nil)
	return err
}

// Drop implements Store.
func (s *S3) Drop(ctx context.Context, stage string) error {
	files, err := s.List(ctx, stage)
	if err != nil {
		return err
	}
	for _, f := range files {
		if err := s.Remove(ctx, stage, f.Name); err != nil {
			return err
		}
	}
	return nil
}
