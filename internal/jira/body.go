package jira

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
)

// buffer holds one decoded answer. Buffers are reused, so that reading a site
// costs the memory of the pages in flight and not of the pages read.
type buffer struct {
	b      []byte
	issues [][]byte // parts of b; kept for its capacity
}

// maxPooled is the capacity above which a buffer is left to the garbage
// collector: one page with giant comments must not hold its memory for ever.
const maxPooled = 32 << 20

// bodies reads answers into pooled buffers.
type bodies struct {
	limit   int64        // bytes of one decoded answer
	usual   atomic.Int64 // bytes of the last large one
	buffers sync.Pool
	readers sync.Pool // *gzip.Reader
}

func newBodies(limit int64) *bodies {
	return &bodies{
		limit:   limit,
		buffers: sync.Pool{New: func() any { return new(buffer) }},
		readers: sync.Pool{New: func() any { return new(gzip.Reader) }},
	}
}

func (p *bodies) put(b *buffer) {
	if b == nil || cap(b.b) > maxPooled {
		return
	}
	b.b = b.b[:0]
	p.buffers.Put(b)
}

// errTooLarge marks an answer above the limit.
var errTooLarge = errors.New("the answer is larger than allowed")

// read takes the whole body, decoded. It returns the bytes that came over the
// wire also when it fails. The caller owns the buffer.
func (p *bodies) read(resp *http.Response) (*buffer, int64, error) {
	wire := &countingReader{r: resp.Body}
	var src io.Reader = wire
	switch encoding := strings.ToLower(resp.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		zr := p.readers.Get().(*gzip.Reader)
		defer p.readers.Put(zr)
		if err := zr.Reset(wire); err != nil {
			return nil, wire.n, fmt.Errorf("read the gzip header: %w", unexpected(err))
		}
		src = zr
	default:
		return nil, wire.n, fmt.Errorf("the answer is encoded as %q, which we did not ask for", encoding)
	}
	buf := p.buffers.Get().(*buffer)
	if n := resp.ContentLength; n > 0 && n <= p.limit && n <= maxPooled {
		buf.b = slices.Grow(buf.b, int(n)+1)
	}
	if err := buf.readFrom(src, p.limit, int(p.usual.Load())); err != nil {
		p.put(buf)
		return nil, wire.n, err
	}
	if n := len(buf.b); n > firstRoom {
		p.usual.Store(int64(n))
	}
	return buf, wire.n, nil
}

// firstRoom is what an answer gets room for to begin with: most are smaller.
const firstRoom = 64 << 10

// readFrom reads an answer. usual is the size that it is likely to have once it
// turns out to be a large one: pages are about equal, and the garbage collector
// empties pools, so that buffers grow anew all the time.
func (b *buffer) readFrom(src io.Reader, limit int64, usual int) error {
	for {
		if n := len(b.b); n == cap(b.b) {
			// By a quarter, not by doubling: what buffers have too much is held by
			// each of them.
			more := max(firstRoom, n/4)
			if n >= firstRoom {
				more = max(more, usual+usual/8-n)
			}
			b.b = slices.Grow(b.b, more)
		}
		n, err := src.Read(b.b[len(b.b):cap(b.b)])
		b.b = b.b[:len(b.b)+n]
		if int64(len(b.b)) > limit {
			return fmt.Errorf("%w: more than %d bytes", errTooLarge, limit)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the answer after %d bytes: %w", len(b.b), err)
		}
	}
}

// unexpected keeps a body that ended early from looking like a clean end.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
