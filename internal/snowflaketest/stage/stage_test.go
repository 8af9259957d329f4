package stage

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
)

func TestLocal(t *testing.T) {
	t.Parallel()
	l := NewLocal(t.TempDir())
	ctx := t.Context()
	up, err := l.Upload(ctx, "stage-1", "run/", "f.parquet", "q", true)
	if err != nil {
		t.Fatal(err)
	}
	dir, ok := up.StageInfo["location"].(string)
	if !ok || up.EncryptionMaterial != nil {
		t.Fatalf("upload %v", up)
	}
	for name, content := range map[string]string{"f.parquet": "one", "g.parquet": "three"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (out string) {
		files, err := l.List(ctx, "stage-1")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			out += f.Name + ":" + f.MD5[:4] + " "
		}
		return out
	}
	if got := names(); got != "run/f.parquet:f97c run/g.parquet:35d6 " {
		t.Errorf("list %s", got)
	}
	if err := l.Truncate(ctx, "stage-1", "run/g.parquet", 0); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(ctx, "stage-1", "run/f.parquet"); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(ctx, "stage-1", "run/f.parquet"); err != nil {
		t.Errorf("second removal: %v", err)
	}
	if got := names(); got != "run/g.parquet:d41d " {
		t.Errorf("list %s", got)
	}
	if _, err := l.Upload(ctx, "stage-1", "../other/", "x", "q", false); err == nil {
		t.Error("a path left its stage")
	}
	if err := l.Drop(ctx, "stage-1"); err != nil {
		t.Fatal(err)
	}
	if got := names(); got != "" {
		t.Errorf("list after drop %s", got)
	}
}

// encrypted makes what the driver uploads.
func encrypted(t *testing.T, master, fileKey, iv, plain []byte) ([]byte, map[string]string) {
	t.Helper()
	pad := func(b []byte) []byte {
		n := aes.BlockSize - len(b)%aes.BlockSize
		return append(bytes.Clone(b), bytes.Repeat([]byte{byte(n)}, n)...)
	}
	block := func(key []byte) cipher.Block {
		c, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	key := pad(fileKey)
	for i := 0; i < len(key); i += aes.BlockSize {
		block(master).Encrypt(key[i:], key[i:])
	}
	body := pad(plain)
	cipher.NewCBCEncrypter(block(fileKey), iv).CryptBlocks(body, body)
	return body, map[string]string{"X-Amz-Meta-X-Amz-Key": base64.StdEncoding.EncodeToString(key), "X-Amz-Meta-X-Amz-Iv": base64.StdEncoding.EncodeToString(iv)}
}

func TestDecrypt(t *testing.T) {
	t.Parallel()
	master, key, iv := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32), bytes.Repeat([]byte{3}, 16)
	s := &S3{endpoint: endpoint{masterKey: master}}
	for _, n := range []int{0, 1, 15, 16, 17, 1000} {
		plain := bytes.Repeat([]byte("p"), n)
		body, meta := encrypted(t, master, key, iv, plain)
		got, err := s.decrypt(body, meta)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %d back, %v", n, len(got), err)
		}
	}
	body, meta := encrypted(t, master, key, iv, []byte("secret"))
	other, otherMeta := encrypted(t, bytes.Repeat([]byte{9}, 32), key, iv, []byte("secret"))
	for name, tc := range map[string]struct {
		body []byte
		meta map[string]string
	}{
		"plain text": {[]byte("0123456789abcdef"), nil},
		"cut":        {body[:8], meta},
		"empty":      {nil, meta},
		"other key":  {other, otherMeta},
	} {
		if got, err := s.decrypt(tc.body, tc.meta); err == nil {
			t.Errorf("%s decrypted to %q", name, got)
		}
	}
}

// FuzzDecrypt: no stored object may crash the server.
func FuzzDecrypt(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), []byte("0123456789abcdef0123456789abcdef"), []byte("0123456789abcdef"))
	s := &S3{endpoint: endpoint{masterKey: bytes.Repeat([]byte{1}, 32)}}
	f.Fuzz(func(t *testing.T, body, key, iv []byte) {
		meta := map[string]string{"X-Amz-Meta-X-Amz-Key": base64.StdEncoding.EncodeToString(key), "X-Amz-Meta-X-Amz-Iv": base64.StdEncoding.EncodeToString(iv)}
		if plain, err := s.decrypt(body, meta); err == nil && len(plain) >= len(body) {
			t.Errorf("%d bytes became %d", len(body), len(plain))
		}
	})
}
