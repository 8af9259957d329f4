package jirasim

import (
	"bytes"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

// A call is one request on its way to an answer.
type call struct {
	s         *Sim
	r         *http.Request
	at        time.Time
	fault     Fault
	adf       bool
	anonymous bool
	gateway   bool
	endpoint  string
}

// An answer is what a handler makes of a call.
type answer struct {
	status int
	header http.Header // further headers
	kind   string      // content type; "": JSON
	body   []byte
	page   *[]byte // of pages, to be given back
}

type handler func(c *call) answer

// who may call an endpoint
type access int

const (
	public    access = iota // also without any look at the login
	anonymous               // without a login there is nothing to see
	personal                // only with a login
)

const (
	jsonType    = "application/json;charset=UTF-8"
	problemType = "application/problem+json"
	htmlType    = "text/html;charset=UTF-8"
)

// handle registers an endpoint of the platform API; path is what follows
// /rest/api/<version>/.
func (s *Sim) handle(method, path string, who access, h handler) {
	s.handleAt(method, "/rest/api/{version}/"+path, who, func(c *call) answer {
		if v := c.r.PathValue("version"); v == "2" || v == "latest" || v == "3" && s.cloud {
			return h(c)
		}
		return deadLink(c)
	})
}

// handleAt registers an endpoint at a whole path.
func (s *Sim) handleAt(method, path string, who access, h handler) {
	s.endpoints = append(s.endpoints, endpointOf(path))
	s.mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, who, h) })
}

// unknown is the endpoint of requests that no endpoint answers.
const unknown = "unknown"

// Endpoint names the endpoint that a request is for, as the journal does. It
// is meant for functions given to [Sim.Fault].
func Endpoint(r *http.Request) string {
	_, path, ok := strings.Cut(r.Pattern, " ")
	if !ok {
		return unknown
	}
	return endpointOf(path)
}

func endpointOf(path string) string {
	if rest, ok := strings.CutPrefix(path, "/rest/api/{version}/"); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(path, "/rest/agile/1.0/"); ok {
		return "agile/" + rest
	}
	return strings.TrimPrefix(path, "/")
}

// Endpoints are the names of all endpoints, as the journal has them.
func (s *Sim) Endpoints() []string {
	all := slices.Clone(s.endpoints)
	slices.Sort(all)
	return slices.Compact(all)
}

// serve takes a request through faults, limits and login to its handler.
func (s *Sim) serve(w http.ResponseWriter, r *http.Request, who access, h handler) {
	c := &call{s: s, r: r, at: s.now(), endpoint: Endpoint(r), gateway: throughGateway(r), adf: s.cloud && r.PathValue("version") != "2"}
	s.mu.Lock()
	faults := s.faults
	ok, wait := s.bucket.take(c.at)
	s.mu.Unlock()
	if faults != nil {
		if f := faults(r); f != nil {
			c.fault = *f
		}
	}
	if !c.delay() {
		c.record(0, 0)
		return
	}
	var a answer
	switch {
	case c.fault.Reset:
		c.record(0, 0)
		reset(w)
		return
	case c.fault.Status != 0:
		a = answer{status: c.fault.Status, header: c.fault.Header, body: []byte(c.fault.Body)}
	case !ok:
		a = s.throttled(wait)
	default:
		a = s.admit(c, who, h)
	}
	s.limitHeaders(&a, ok)
	c.send(w, a)
}

// delay waits out latency and stalls; false when the client gave up.
func (c *call) delay() bool {
	if c.fault.Stall && c.fault.CutAfter == 0 {
		<-c.r.Context().Done()
		return false
	}
	if c.s.opt.Latency <= 0 {
		return true
	}
	t := time.NewTimer(c.s.opt.Latency)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.r.Context().Done():
		return false
	}
}

func (c *call) record(status int, bytes int) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.journal.add(Request{At: c.at, Method: c.r.Method, Path: c.r.URL.Path, Endpoint: c.endpoint, Status: status, Bytes: int64(bytes)})
}

// reset breaks the connection so that the client sees a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // not a real connection: there is nothing to break
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the close below is what matters
	}
	_ = conn.Close()
}

var gzipWriters = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	if err != nil {
		return gzip.NewWriter(io.Discard)
	}
	return w
}}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// send writes an answer, compressed where the client accepts it, with the
// faults that concern bodies. It is recorded first, so that a client that has
// its answer finds it in the journal.
func (c *call) send(w http.ResponseWriter, a answer) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	body := a.body
	if c.fault.BadJSON {
		body = body[:len(body)/2]
	}
	c.record(a.status, len(body))
	if a.kind == "" {
		a.kind = jsonType
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", a.kind)
	}
	h.Set("Cache-Control", "no-cache, no-store, no-transform")
	switch {
	case c.fault.BadGzip:
		h.Set("Content-Encoding", "gzip")
	case len(body) > 1024 && strings.Contains(c.r.Header.Get("Accept-Encoding"), "gzip"):
		h.Set("Content-Encoding", "gzip")
		packed := buffers.Get().(*bytes.Buffer)
		packed.Reset()
		defer buffers.Put(packed)
		compress(packed, body)
		body = packed.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	if n := c.fault.CutAfter; n > 0 && n < len(body) {
		body = body[:n] // the server closes a connection that owes bytes
	}
	if c.r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that went away needs no answer
	}
	if a.page != nil {
		pages.Put(a.page)
	}
	if c.fault.Stall && http.NewResponseController(w).Flush() == nil {
		<-c.r.Context().Done()
	}
}

func compress(to *bytes.Buffer, body []byte) {
	z := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(z)
	z.Reset(to)
	_, _ = z.Write(body) // a bytes.Buffer takes everything
	_ = z.Close()
}

// throttled is the 429 of either deployment.
func (s *Sim) throttled(wait time.Duration) answer {
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	h := http.Header{"Retry-After": {seconds}}
	if s.cloud {
		h.Set("RateLimit-Reason", "jira-burst-based")
		h.Set("X-RateLimit-Reset", s.now().Add(wait).UTC().Format(time.RFC3339))
		return answer{status: http.StatusTooManyRequests, header: h, body: []byte(`{"errorMessages":["Rate limit exceeded."],"errors":{}}`)}
	}
	return answer{status: http.StatusTooManyRequests, header: h, body: []byte(`{"message":"Rate limit exceeded."}`)}
}

// limitHeaders tells the state of the rate limit where one is set. Data Center
// sends Retry-After: 0 with every success.
func (s *Sim) limitHeaders(a *answer, ok bool) {
	if s.opt.RateLimit <= 0 {
		return
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header = a.header.Clone()
	s.mu.Lock()
	left := int(s.bucket.tokens)
	s.mu.Unlock()
	limit := strconv.Itoa(int(math.Ceil(s.opt.RateLimit)))
	a.header.Set("X-RateLimit-Limit", limit)
	a.header.Set("X-RateLimit-Remaining", strconv.Itoa(left))
	if s.cloud {
		if float64(left) < s.opt.RateLimit/5 {
			a.header.Set("X-RateLimit-NearLimit", "true")
		}
		return
	}
	a.header.Set("X-RateLimit-Interval-Seconds", "1")
	a.header.Set("X-RateLimit-FillRate", limit)
	if ok && a.header.Get("Retry-After") == "" {
		a.header.Set("Retry-After", "0")
	}
}

// jsonAnswer is a 200 with a body.
func jsonAnswer(body []byte) answer { return answer{status: http.StatusOK, body: body} }

// failure is Jira's own error envelope.
func failure(status int, messages ...string) answer {
	b := []byte(`{"errorMessages":`)
	b = list(b, len(messages), func(b []byte, i int) []byte { return appendString(b, messages[i]) })
	return answer{status: status, body: append(b, `,"errors":{}}`...)}
}

// problem is the error of the framework in front of Cloud's API.
func problem(status int, detail string) answer {
	b := []byte(`{"type":"about:blank","title":`)
	b = appendString(b, http.StatusText(status))
	b = append(b, `,"status":`...)
	b = appendInt(b, int64(status))
	b = append(b, `,"detail":`...)
	b = appendString(b, detail)
	return answer{status: status, kind: problemType, body: append(b, '}')}
}

// message is the error of the filter in front of both.
func message(status int, text string) answer {
	b := []byte(`{"message":`)
	b = appendString(b, text)
	b = append(b, `,"status-code":`...)
	b = appendInt(b, int64(status))
	return answer{status: status, body: append(b, '}')}
}

// deadLink is the page for a path that does not exist.
func deadLink(c *call) answer {
	if c.s.cloud && slices.ContainsFunc([]string{"GET", "POST"}, func(m string) bool { return c.s.routed(m, c.r.URL.Path) }) {
		return problem(http.StatusMethodNotAllowed, "Method '"+c.r.Method+"' is not supported.")
	}
	return answer{status: http.StatusNotFound, kind: htmlType, body: []byte("<!DOCTYPE html><html><head><title>Oops, you&#39;ve found a dead link.</title></head><body><h1>Oops, you&#39;ve found a dead link.</h1></body></html>")}
}

// routed tells whether an endpoint answers at a path.
func (s *Sim) routed(method, path string) bool {
	r, err := http.NewRequest(method, path, nil)
	if err != nil {
		return false
	}
	_, pattern := s.mux.Handler(r)
	return pattern != "/" && pattern != ""
}
