package snowflaketest

import (
	"slices"

	"snowdrift/internal/snowflaketest/sferr"
)

// Statement is what the server knows of one statement that it received.
type Statement struct {
	Text      string
	Kind      string // "SELECT", "COPY", "CREATE TABLE" …; "INVALID" when it does not parse; "LOGIN" for faults at login
	Binds     []string
	RequestID string // the driver's: equal for retries of one statement
	QueryID   string
	SessionID int64
	Tag       string // QUERY_TAG
	Async     bool

	Attempt    int // how many times the request came, from 1
	Executions int // how many times it ran: more than 1 never happens
	Warehouse  bool
	Rows       int64        // rows returned, or changed by DML and COPY
	Err        *sferr.Error // nil for success and while it runs
}

// Login is one login request.
type Login struct {
	Authenticator string
	User          string
	Application   string
	Database      string
	Schema        string
	Warehouse     string
	Role          string
	Parameters    map[string]string // SESSION_PARAMETERS
	SessionID     int64             // 0 when refused
	Err           *sferr.Error
}

// Phase says when a fault strikes.
type Phase int

// A statement is asked about before it executes, and again each time that its
// result is about to be sent.
const (
	BeforeExecution Phase = iota
	AfterExecution
)

// Fault is what goes wrong: one of the fields. Before execution, all but
// InProgress and LosePutBytes mean that the statement does not run now; an error by
// Code is final for its request id, after the others the driver may ask again.
type Fault struct {
	// HTTPStatus answers with a bare HTTP status: 503, 429, ….
	HTTPStatus int
	// Reset closes the connection without an answer.
	Reset bool
	// Hang keeps the client waiting until it aborts the statement, goes away, or
	// the server closes. Before execution, an aborted statement never runs.
	Hang bool
	// SessionExpired answers 390112; the driver renews its token and asks again.
	SessionExpired bool
	// SessionGone ends the session (rollback, temporary objects dropped) and
	// answers 390111.
	SessionGone bool
	// Code and State with Message answer a SQL error.
	Code, State, Message string
	// InProgress answers 333333 so many times before the result.
	InProgress int
	// LosePutBytes lets a PUT through but cuts the file to this many bytes once it
	// has arrived. Before execution only.
	LosePutBytes *int64
}

// Fault sets the function that is asked for faults, nil for none. It is called
// from the goroutines that serve requests, one at a time. It may kill the client's
// process: before execution it should then return a Reset, so that the statement
// does not run.
func (s *Server) Fault(f func(Statement, Phase) *Fault) {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	s.fault = f
}

func (s *Server) askFault(st Statement, p Phase) Fault {
	s.faultMu.Lock()
	defer s.faultMu.Unlock()
	if s.fault == nil {
		return Fault{}
	}
	if f := s.fault(st, p); f != nil {
		return *f
	}
	return Fault{}
}

// Statements lists the statements received, in the order of their arrival.
func (s *Server) Statements() []Statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Statement, len(s.order))
	for i, j := range s.order {
		out[i] = j.record
		out[i].Binds = slices.Clone(j.record.Binds)
	}
	return out
}

// Logins lists the login requests, refused ones included.
func (s *Server) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}
