package jira

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are exact counts since Dial began.
type Stats struct {
	Requests     map[string]int64 // requests sent, by endpoint; each attempt counts
	Retries      int64            // calls sent again after a transient failure
	Throttled    int64            // answers 429
	BytesWire    int64            // body bytes received, as they came
	BytesDecoded int64            // the same after decompression
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
