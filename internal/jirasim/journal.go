package jirasim

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// A Request is one answered request, as the journal of the site has it.
type Request struct {
	At       time.Time // by the site's clock
	Method   string
	Path     string // as asked for, without the query
	Endpoint string // a template: search/jql, issue/{key}, agile/board/{id}/sprint
	Status   int    // 0: the connection was broken before an answer
	Bytes    int64  // of the body, before compression
}

type journal struct {
	requests []Request
	counts   map[string]int
}

func (j *journal) add(r Request) {
	j.requests = append(j.requests, r)
	if j.counts == nil {
		j.counts = map[string]int{}
	}
	j.counts[r.Endpoint]++
}

// Requests lists every request since the start or ResetRequests, in the order
// of their answers.
func (s *Sim) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal.requests)
}

// Counts is the number of requests by endpoint.
func (s *Sim) Counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.journal.counts)
}

// ResetRequests empties the journal.
func (s *Sim) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = journal{}
}

// Fault decides about every request from now on; nil from fn leaves the answer
// alone, and a nil fn ends all faults.
func (s *Sim) Fault(fn func(*http.Request) *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = fn
}
