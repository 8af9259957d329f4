package stage

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
)

// Cloud is a Store behind a cloud's own interface.
type Cloud interface {
	Store
	// CertificatePEM is the certificate to trust for the endpoint.
	CertificatePEM() []byte
	// Transport trusts that certificate; it serves plain HTTP too.
	Transport() http.RoundTripper
	// ExpireToken ends the token that PUTs were given so far: the storage refuses
	// it, as it does on real accounts after some hours.
	ExpireToken()
}

// keyID is the id of the stage master key in the encryption material.
const keyID = 7

// endpoint is what clouds have in common: a TLS listener at 127.0.0.1, a token,
// and files that are encrypted with the stage's master key.
type endpoint struct {
	server    *httptest.Server
	masterKey []byte
	dir       string // for plain copies

	mu     sync.Mutex
	tokens int // how many have expired
}

// serve starts the listener. Plain copies of fetched files go to dir.
func (e *endpoint) serve(dir string, h http.Handler) error {
	e.masterKey, e.dir = make([]byte, 32), dir
	if _, err := rand.Read(e.masterKey); err != nil {
		return fmt.Errorf("make stage master key: %w", err)
	}
	e.server = httptest.NewTLSServer(h)
	return nil
}

// CertificatePEM implements Cloud.
func (e *endpoint) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: e.server.Certificate().Raw})
}

// Transport implements Cloud.
func (e *endpoint) Transport() http.RoundTripper { return e.server.Client().Transport }

// ExpireToken implements Cloud.
func (e *endpoint) ExpireToken() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tokens++
}

// token is the one that is valid now.
func (e *endpoint) token() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return fmt.Sprintf("not-a-token-%d", e.tokens)
}

func (e *endpoint) valid(token string) bool { return token == e.token() }

// material is the encryption material of a PUT.
func (e *endpoint) material(queryID string) map[string]any {
	return map[string]any{"queryStageMasterKey": base64.StdEncoding.EncodeToString(e.masterKey), "queryId": queryID, "smkId": keyID}
}

// plainCopy writes decrypted bytes into a temporary file.
func (e *endpoint) plainCopy(plain []byte) (string, func() error, error) {
	f, err := os.CreateTemp(e.dir, "plain-*.parquet")
	if err != nil {
		return "", nil, fmt.Errorf("copy staged file: %w", err)
	}
	_, err = f.Write(plain)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", nil, errors.Join(fmt.Errorf("copy staged file: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), func() error { return os.Remove(f.Name()) }, nil
}

// open undoes the driver's encryption (facts part 3.4): the file key is wrapped
// with the master key in AES-ECB, the body is AES-CBC with PKCS5 padding.
func (e *endpoint) open(data []byte, wrappedKey, initial string) ([]byte, error) {
	wrapped, err := base64.StdEncoding.DecodeString(wrappedKey)
	if err != nil {
		return nil, err
	}
	iv, err := base64.StdEncoding.DecodeString(initial)
	if err != nil {
		return nil, err
	}
	fileKey, err := unwrap(wrapped, e.masterKey)
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

// Close stops the listener.
func (e *endpoint) Close() error {
	if e.server != nil {
		e.server.Close()
	}
	return nil
}
