package stage

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"sort"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// bucket holds all stages, each under its prefix.
const bucket = "snowflaketest-stage"

// keyID is the id of the stage master key in the encryption material.
const keyID = 7

// S3 stores behind gofakes3 on a TLS listener at 127.0.0.1, in memory. The driver
// encrypts with the stage's master key before it uploads; Fetch decrypts.
type S3 struct {
	server    *httptest.Server
	backend   *s3mem.Backend
	masterKey []byte
	dir       string // for plain copies
}

// NewS3 starts the S3 listener. Plain copies of fetched files go to dir.
func NewS3(dir string) (*S3, error) {
	s := &S3{backend: s3mem.New(), masterKey: make([]byte, 32), dir: dir}
	if _, err := rand.Read(s.masterKey); err != nil {
		return nil, fmt.Errorf("make stage master key: %w", err)
	}
	if err := s.backend.CreateBucket(bucket); err != nil {
		return nil, fmt.Errorf("make S3 bucket: %w", err)
	}
	s.server = httptest.NewTLSServer(gofakes3.New(s.backend, gofakes3.WithTimeSkewLimit(0)).Server())
	return s, nil
}

// CertificatePEM is the certificate to trust for the S3 endpoint.
func (s *S3) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
}

// Transport trusts the endpoint's certificate; it serves plain HTTP too.
func (s *S3) Transport() http.RoundTripper { return s.server.Client().Transport }

// Upload implements Store.
func (s *S3) Upload(_ context.Context, stage, dir, _, queryID string, _ bool) (Upload, error) {
	location := path.Join(bucket, stage, dir) + "/"
	return Upload{
		StageInfo: map[string]any{
			"locationType": "S3", "location": location, "path": dir, "region": "us-east-1", "storageAccount": nil, "isClientSideEncrypted": true,
			"creds":        map[string]any{"AWS_KEY_ID": "AKIASNOWFLAKETEST", "AWS_SECRET_KEY": "not-a-secret", "AWS_TOKEN": "not-a-token"},
			"presignedUrl": nil, "endPoint": s.server.Listener.Addr().String(),
		},
		EncryptionMaterial: map[string]any{
			"queryStageMasterKey": base64.StdEncoding.EncodeToString(s.masterKey), "queryId": queryID, "smkId": keyID,
		},
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
	f, err := os.CreateTemp(s.dir, "plain-*.parquet")
	if err != nil {
		return "", nil, fmt.Errorf("copy staged file: %w", err)
	}
	_, err = f.Write(plain)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", nil, errors.Join(fmt.Errorf("copy staged file: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), func() error { return os.Remove(f.Name()) }, nil
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

// decrypt undoes the driver's encryption (facts part 3.4): the file key is wrapped
// with the master key in AES-ECB, the body is AES-CBC with PKCS5 padding. A file
// without the metadata, or too short, is refused: COPY must not read plain text
// that a client forgot to encrypt.
func (s *S3) decrypt(data []byte, meta map[string]string) ([]byte, error) {
	get := func(name string) ([]byte, error) {
		for k, v := range meta {
			if strings.EqualFold(k, "X-Amz-Meta-"+name) {
				return base64.StdEncoding.DecodeString(v)
			}
		}
		return nil, fmt.Errorf("no metadata %s", name)
	}
	wrapped, err := get("x-amz-key")
	if err != nil {
		return nil, err
	}
	iv, err := get("x-amz-iv")
	if err != nil {
		return nil, err
	}
	fileKey, err := unwrap(wrapped, s.masterKey)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(fileKey)
	if err != nil {
		return nil, err
	}
	if len(iv) != aes.BlockSize || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%d bytes are no AES-CBC text", len(data))
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	return unpad(plain)
}

// unwrap decrypts block by block (ECB).
func unwrap(wrapped, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if len(wrapped) == 0 || len(wrapped)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("wrapped key of %d bytes", len(wrapped))
	}
	out := make([]byte, len(wrapped))
	for i := 0; i < len(out); i += aes.BlockSize {
		block.Decrypt(out[i:], wrapped[i:])
	}
	return unpad(out)
}

func unpad(b []byte) ([]byte, error) {
	n := int(b[len(b)-1])
	if n < 1 || n > aes.BlockSize || !bytes.Equal(b[len(b)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errors.New("bad padding: wrong key, or the file lost its end")
	}
	return b[:len(b)-n], nil
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

// Close stops the listener.
func (s *S3) Close() error {
	s.server.Close()
	return nil
}
