package jira

import (
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
)

// Stats are exact counts since Dial began.
type Stats struct {
	Requests     map[string]int64 `json:"requests"`      // requests sent, by endpoint; each attempt counts
	Retries      int64            `json:"retries"`       // calls sent again after a transient failure
	Throttled    int64            `json:"throttled"`     // answers 429
	BytesWire    int64            `json:"bytes_wire"`    // body bytes received, as they came
	BytesDecoded int64            `json:"bytes_decoded"` // the same after decompression
}

// Total is the number of all requests.
func (s Stats) Total() int64 {
	var n int64
	for _, count := range s.Requests {
		n += count
	}
	return n
}

type counters struct {
	mu       sync.Mutex
	requests map[string]int64
	said     http.Header // about limits, in the last answer that spoke of them

	retries, throttled, wire, decoded atomic.Int64
}

func (c *counters) requested(endpoint string, times int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = make(map[string]int64)
	}
	c.requests[endpoint] += times
}

func (c *counters) limits(h http.Header) {
	said := limitHeaders(h)
	if len(said) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = said
}

// LimitHeaders are the headers in which the site last spoke of its rate limits,
// as it sent them; empty if it never did.
func (c *Client) LimitHeaders() http.Header {
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	return c.stats.said.Clone()
}

// Stats gives the counts so far.
func (c *Client) Stats() Stats {
	c.stats.mu.Lock()
	defer c.stats.mu.Unlock()
	return Stats{
		Requests:     maps.Clone(c.stats.requests),
		Retries:      c.stats.retries.Load(),
		Throttled:    c.stats.throttled.Load(),
		BytesWire:    c.stats.wire.Load(),
		BytesDecoded: c.stats.decoded.Load(),
	}
}
