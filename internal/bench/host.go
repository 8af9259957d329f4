package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"snowdrift/internal/jirasim"
)

// host serves a site from this process, where it can be changed between loads
// and what is asked of it is recorded. Its CPU time is not that of the loads
// either, but memory and caches are shared: it is for requests and for times
// that consist of waiting.
func (b *bench) host(opts jirasim.Options) (*site, *recorder, error) {
	truth, err := jirasim.New(opts)
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	r := &recorder{site: truth}
	server := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	ctx, cancel := context.WithCancel(context.Background())
	s := &site{opts: opts, truth: truth, url: "http://" + l.Addr().String(), cancel: cancel, ended: make(chan error, 2)}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.ended <- err
		}
	}()
	go func() {
		<-ctx.Done()
		s.ended <- server.Close()
	}()
	return s, r, nil
}

// recorder writes down what is asked of a site.
type recorder struct {
	site http.Handler

	mu    sync.Mutex
	asked []request
}

// request is one request to the site.
type request struct {
	what     string // pageOf…, or the path
	from, to time.Time
	status   int
	bytes    int64 // of the answer, not compressed
}

// The requests that matter.
const (
	pageOfIssues = "issues"
	pageOfIDs    = "census"
	edgeOfScope  = "edge" // one issue, for the date of the first or last one
)

// ServeHTTP passes a request on to the site.
func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	asked := request{what: req.URL.Path, from: time.Now()}
	var search struct {
		Fields     []string `json:"fields"`
		MaxResults int      `json:"maxResults"`
	}
	if json.Unmarshal(body, &search) == nil && search.MaxResults > 0 {
		switch {
		case slices.Equal(search.Fields, []string{"id"}):
			asked.what = pageOfIDs
		case search.MaxResults == 1:
			asked.what = edgeOfScope
		default:
			asked.what = pageOfIssues
		}
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.Header.Del("Accept-Encoding")
	counted := &countingWriter{ResponseWriter: w}
	r.site.ServeHTTP(counted, req)
	asked.to, asked.status, asked.bytes = time.Now(), counted.status, counted.bytes
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, asked)
}

// take returns what was asked since it was called last.
func (r *recorder) take() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(p []byte) (int, error) {
	w.bytes += int64(len(p))
	return w.ResponseWriter.Write(p)
}
