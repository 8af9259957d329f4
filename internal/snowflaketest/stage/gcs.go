package stage

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"
)

// GCS stores behind as much of Google Cloud Storage's interface as the driver
// speaks: one PUT, or HEAD, of an object with a bearer token. The driver sends its
// PUT command to Snowflake a second time for this storage, and takes the place of
// the file from that answer.
type GCS struct {
	endpoint
	objects map[string]object // by "stage/name"; guarded by mu
}

// object is a stored object: its bytes, and the metadata that came with them.
type object struct {
	data       []byte
	digest     string
	encryption string // JSON
	modified   time.Time
}

// NewGCS starts the listener. Plain copies of fetched files go to dir.
func NewGCS(dir string) (*GCS, error) {
	g := &GCS{objects: map[string]object{}}
	return g, g.serve(dir, g)
}

// Names of the headers in which the driver sends metadata.
const (
	gcsDigest     = "X-Goog-Meta-Sfc-Digest"
	gcsEncryption = "X-Goog-Meta-Encryptiondata"
)

// ServeHTTP is the storage's interface.
func (g *GCS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	key, inBucket := strings.CutPrefix(r.URL.Path, "/"+bucket+"/")
	switch {
	case !g.valid(token):
		http.Error(w, "the token has expired", http.StatusUnauthorized)
	case !inBucket:
		http.Error(w, "no such bucket", http.StatusNotFound)
	case r.Method == http.MethodPut:
		data, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		g.mu.Lock()
		g.objects[key] = object{data, r.Header.Get(gcsDigest), r.Header.Get(gcsEncryption), time.Now()}
		g.mu.Unlock()
	case r.Method == http.MethodHead:
		o, found := g.object(key)
		if !found {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set(gcsDigest, o.digest)
		w.Header().Set(gcsEncryption, o.encryption)
		w.Header().Set("Content-Length", strconv.Itoa(len(o.data)))
	default:
		http.Error(w, "not served here", http.StatusMethodNotAllowed)
	}
}

func (g *GCS) object(key string) (object, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	o, found := g.objects[key]
	return o, found
}

// Upload implements Store.
func (g *GCS) Upload(_ context.Context, stage, dir, _, queryID string, _ bool) (Upload, error) {
	return Upload{
		StageInfo: map[string]any{
			"locationType": "GCS", "location": path.Join(bucket, stage, dir) + "/", "path": dir, "region": "US-CENTRAL1", "storageAccount": nil,
			"isClientSideEncrypted": true, "creds": map[string]any{"GCS_ACCESS_TOKEN": g.token()},
			"presignedUrl": "", "endPoint": g.server.Listener.Addr().String(),
		},
		EncryptionMaterial: g.material(queryID),
	}, nil
}

// List implements Store.
func (g *GCS) List(_ context.Context, stage string) ([]File, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []File
	for key, o := range g.objects {
		if name, ours := strings.CutPrefix(key, stage+"/"); ours {
			sum := md5.Sum(o.data)
			out = append(out, File{Name: name, Size: int64(len(o.data)), MD5: hex.EncodeToString(sum[:]), Modified: o.modified})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// Fetch implements Store: it decrypts into a temporary file.
func (g *GCS) Fetch(_ context.Context, stage, name string) (string, func() error, error) {
	o, found := g.object(stage + "/" + name)
	if !found {
		return "", nil, fmt.Errorf("read staged file %s: it is not there", name)
	}
	var encryption struct {
		WrappedContentKey   struct{ EncryptedKey string }
		ContentEncryptionIV string
	}
	err := json.Unmarshal([]byte(o.encryption), &encryption)
	var plain []byte
	if err == nil {
		plain, err = g.open(o.data, encryption.WrappedContentKey.EncryptedKey, encryption.ContentEncryptionIV)
	}
	if err != nil {
		return "", nil, fmt.Errorf("decrypt staged file %s: %w", name, err)
	}
	return g.plainCopy(plain)
}

// Remove implements Store.
func (g *GCS) Remove(_ context.Context, stage, name string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.objects, stage+"/"+name)
	return nil
}

// Truncate implements Store.
func (g *GCS) Truncate(_ context.Context, stage, name string, size int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := stage + "/" + name
	o := g.objects[key]
	o.data = o.data[:min(int64(len(o.data)), size)]
	g.objects[key] = o
	return nil
}

// Drop implements Store.
func (g *GCS) Drop(_ context.Context, stage string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key := range g.objects {
		if strings.HasPrefix(key, stage+"/") {
			delete(g.objects, key)
		}
	}
	return nil
}
