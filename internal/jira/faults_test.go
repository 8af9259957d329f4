package jira

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

const goodField = `[{"id":"summary","name":"Summary","navigable":true,"schema":{"type":"string","system":"summary"}}]`

// fault spoils one answer.
type fault func(w http.ResponseWriter)

func failWith(status int, headers ...string) fault {
	return func(w http.ResponseWriter) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"errorMessages":["words of Jira"],"errors":{}}`))
	}
}

func hijack(write string) fault {
	return func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = conn.Write([]byte(write))
		_ = conn.Close()
	}
}

func cutGzip(w http.ResponseWriter) {
	var packed bytes.Buffer
	zw := gzip.NewWriter(&packed)
	_, _ = zw.Write([]byte(goodField))
	_ = zw.Close()
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(packed.Bytes()[:packed.Len()-9])
}

func answerWith(headers map[string]string, body string) fault {
	return func(w http.ResponseWriter) {
		for k, v := range headers {
			w.Header().Set(k, v)
		}
		_, _ = w.Write([]byte(body))
	}
}

// Every transient fault heals when the site does, and every lasting one ends
// in an error of its kind; what is permanent is asked once.
func TestFaults(t *testing.T) {
	tests := []struct {
		name      string
		fault     fault
		kind      Kind
		transient bool
	}{
		{"400", failWith(400), KindBadRequest, false},
		{"401", failWith(401), KindAuth, false},
		{"403", failWith(403), KindForbidden, false},
		{"404", failWith(404), KindNotFound, false},
		{"410", failWith(410), KindGone, false},
		{"413", failWith(413), KindBadRequest, false},
		{"415", failWith(415), KindBadRequest, false},
		{"204", failWith(204), KindProtocol, true},
		{"408", failWith(408), KindUnavailable, true},
		{"429", failWith(429), KindThrottled, true},
		{"500", failWith(500), KindUnavailable, true},
		{"502", failWith(502), KindUnavailable, true},
		{"503 with Retry-After", failWith(503, "Retry-After", "3"), KindUnavailable, true},
		{"anonymous", failWith(200, "X-Seraph-LoginReason", "AUTHENTICATED_FAILED"), KindAuth, false},
		{"reset", hijack(""), KindUnreachable, true},
		{"cut by length", hijack("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n[{\"id\""), KindProtocol, true},
		{"cut chunk", hijack("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{\"id\r\n"), KindProtocol, true},
		{"cut gzip", cutGzip, KindProtocol, true},
		{"bad gzip", answerWith(map[string]string{"Content-Encoding": "gzip"}, "no gzip at all"), KindProtocol, true},
		{"unknown encoding", answerWith(map[string]string{"Content-Encoding": "br"}, "x"), KindProtocol, true},
		{"bad JSON", answerWith(nil, `[{"id":`), KindProtocol, true},
		{"empty body", answerWith(nil, ``), KindProtocol, true},
		{"empty list", answerWith(nil, `[]`), KindProtocol, true},
		{"other JSON", answerWith(nil, `{"id":5}`), KindProtocol, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, Cloud)
			var faults, asked atomic.Int64
			s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				if faults.Add(-1) >= 0 {
					tt.fault(w)
					return
				}
				answerJSON(w, goodField)
			})
			c, clock := dial(t, s)

			faults.Store(2)
			fields, err := c.Fields(t.Context())
			if tt.transient {
				if err != nil || len(fields) != 1 || asked.Load() != 3 {
					t.Fatalf("after two faults: %d fields in %d requests, %v", len(fields), asked.Load(), err)
				}
				// The transport itself repeats a GET whose kept connection was reset.
				if got := c.Stats().Retries; got != 2 && tt.name != "reset" {
					t.Errorf("%d retries counted, want 2", got)
				}
				if got := c.Stats().Requests["field"]; got != asked.Load() {
					t.Errorf("%d requests counted, %d were made", got, asked.Load())
				}
			} else if asked.Load() != 1 {
				t.Fatalf("a permanent fault was asked %d times", asked.Load())
			}

			faults.Store(1 << 30)
			before := clock.total()
			_, err = c.Fields(t.Context())
			var e *Error
			if !errors.As(err, &e) || e.Kind != tt.kind {
				t.Fatalf("lasting fault: %v, want kind %s", err, tt.kind)
			}
			if e.Endpoint != "field" || e.Hint == "" || e.Op == "" {
				t.Errorf("bare error %+v", e)
			}
			spent := clock.total() - before
			if spent > c.options.RetryBudget || !tt.transient && spent != 0 {
				t.Errorf("slept %s over one call", spent)
			}
			before = clock.total()
			if _, err := c.Fields(WithRetryBudget(t.Context(), 10*time.Second)); KindOf(err) != tt.kind {
				t.Errorf("with less patience: %v", err)
			}
			if less := clock.total() - before; less > spent/5 || tt.transient && less == 0 {
				t.Errorf("slept %s over one call that was to be retried for 10 s, and %s over another", less, spent)
			}
			if e.Status >= 400 && e.Message != "words of Jira" {
				t.Errorf("message %q", e.Message)
			}
		})
	}
}

// A site that takes the request and then says nothing.
func TestStall(t *testing.T) {
	s := newSite(t, Cloud)
	var asked atomic.Int64
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1) {
		case 1: // no header
		case 2: // half a body
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte(goodField[:9]))
			w.(http.Flusher).Flush()
		default:
			answerJSON(w, goodField)
			return
		}
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	var log bytes.Buffer
	c, _ := dial(t, s, func(o *Options) { o.Log = logTo(&log) })
	c.options.RequestTimeout = 20 * time.Millisecond
	if fields, err := c.Fields(t.Context()); err != nil || len(fields) != 1 {
		t.Fatalf("%d fields, %v", len(fields), err)
	}
	if n := strings.Count(log.String(), "no complete answer within 20ms"); n != 2 {
		t.Errorf("%d stalls in the log, want 2:\n%s", n, log.String())
	}
}
