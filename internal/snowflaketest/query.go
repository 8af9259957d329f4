package snowflaketest

import (
	"encoding/json"
	"net"
	"net/http"

	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
)

// query answers a query request: faults before, execution once per request id,
// faults after, result.
func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	ses, refusal := s.sessionOf(r)
	if refusal != nil {
		write(w, refused(refusal))
		return
	}
	requestID := r.URL.Query().Get("requestId")
	var q queryRequest
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || requestID == "" {
		http.Error(w, "query-request wants JSON and a requestId", http.StatusBadRequest)
		return
	}
	j := s.receive(ses, requestID, q)
	if !s.isStarted(j) {
		f := s.askFault(s.recordOf(j), BeforeExecution)
		if s.preventedBy(w, r, j, f) {
			return
		}
	}
	s.launch(j)
	if q.AsyncExec {
		write(w, inProgress(j, "333334", "Asynchronous execution in progress. Use provided query id to perform query monitoring and management."))
		return
	}
	if s.waitsMore(j) {
		write(w, inProgress(j, "333333", "Query execution in progress"))
		return
	}
	s.deliver(w, r, j)
}

// preventedBy lets a fault strike before execution; true means that the request
// is answered.
func (s *Server) preventedBy(w http.ResponseWriter, r *http.Request, j *job, f Fault) bool {
	switch {
	case f.LosePutBytes != nil:
		p, ok := j.statement.(*syntax.Put)
		if !ok {
			s.finish(j, nil, sferr.Unsupported("Fault.LosePutBytes for %s", j.record.Kind))
			return false
		}
		if err := j.session.engine.ShortenPut(p, *f.LosePutBytes); err != nil {
			s.finish(j, nil, sferr.As(err))
		}
		return false
	case f.Hang:
		select {
		case <-j.ctx.Done():
			return false
		case <-r.Context().Done():
			return true
		}
	case f.SessionGone:
		s.goneAnswer(w, j)
		return true
	case f.Code != "":
		s.finish(j, nil, &sferr.Error{Code: f.Code, State: f.State, Message: f.Message})
		return false
	case f.InProgress > 0:
		s.mu.Lock()
		j.waits = f.InProgress
		s.mu.Unlock()
		return false
	}
	return s.interfered(w, r, f)
}

func (s *Server) goneAnswer(w http.ResponseWriter, j *job) {
	if err := s.endSession(j.session); err != nil {
		write(w, refused(sferr.As(err)))
		return
	}
	write(w, refused(sferr.New("390111", "08003", "Session no longer exists.  New login required to access the service.")))
}

// interfered lets the faults of the connection strike; true means that the
// request is answered, or never will be.
func (s *Server) interfered(w http.ResponseWriter, r *http.Request, f Fault) bool {
	switch {
	case f.HTTPStatus != 0:
		w.WriteHeader(f.HTTPStatus)
	case f.Reset:
		reset(w)
	case f.Hang:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
	case f.SessionExpired:
		write(w, refused(sessionExpired()))
	case f.Code != "":
		write(w, refused(&sferr.Error{Code: f.Code, State: f.State, Message: f.Message}))
	default:
		return false
	}
	return true
}

// reset closes the connection without an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // RST instead of FIN; either ends the request
	}
	_ = conn.Close()
}

// waitsMore counts down the 333333 answers.
func (s *Server) waitsMore(j *job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.waits == 0 {
		return false
	}
	j.waits--
	return true
}

// deliver waits for the result and sends it, unless a fault takes it.
func (s *Server) deliver(w http.ResponseWriter, r *http.Request, j *job) {
	select {
	case <-j.done:
	case <-r.Context().Done():
		return
	case <-s.ctx.Done():
		return
	}
	f := s.askFault(s.recordOf(j), AfterExecution)
	switch {
	case f.SessionGone:
		s.goneAnswer(w, j)
		return
	case f.InProgress > 0:
		s.mu.Lock()
		j.waits = f.InProgress - 1
		s.mu.Unlock()
		write(w, inProgress(j, "333333", "Query execution in progress"))
		return
	case s.interfered(w, r, f):
		return
	}
	write(w, s.resultAnswer(j))
}

// result answers GET /queries/<id>/result.
func (s *Server) result(w http.ResponseWriter, r *http.Request) {
	if _, refusal := s.sessionOf(r); refusal != nil {
		write(w, refused(refusal))
		return
	}
	j := s.jobByQuery(r.PathValue("id"))
	switch {
	case j == nil:
		write(w, refused(sferr.New("000709", "02000", "Statement %s not found", r.PathValue("id"))))
	case s.waitsMore(j):
		write(w, inProgress(j, "333333", "Query execution in progress"))
	default:
		s.deliver(w, r, j)
	}
}

func (s *Server) jobByQuery(id string) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queries[id]
}

// abort cancels the statement of a request id. "000605" means that it is not
// running, or no longer.
func (s *Server) abort(w http.ResponseWriter, r *http.Request) {
	if _, refusal := s.sessionOf(r); refusal != nil {
		write(w, refused(refusal))
		return
	}
	var body struct {
		RequestID string `json:"requestId"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "abort-request: "+err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	j := s.jobs[body.RequestID]
	s.mu.Unlock()
	if j == nil || !s.abortJob(j) {
		write(w, refused(sferr.New("000605", "02000", "Identified SQL statement is not currently executing.")))
		return
	}
	write(w, answer{Success: true})
}

// monitoring tells a statement's status.
func (s *Server) monitoring(w http.ResponseWriter, r *http.Request) {
	if _, refusal := s.sessionOf(r); refusal != nil {
		write(w, refused(refusal))
		return
	}
	queries := []any{}
	if j := s.jobByQuery(r.PathValue("id")); j != nil {
		st := s.recordOf(j)
		status, code, message := "RUNNING", "", ""
		if isDone(j) {
			status = "SUCCESS"
			if st.Err != nil {
				status, code, message = "FAILED_WITH_ERROR", st.Err.Code, st.Err.Message
			}
		}
		queries = append(queries, map[string]any{
			"id": st.QueryID, "status": status, "state": status, "sqlText": st.Text, "startTime": 0, "endTime": 0,
			"errorCode": code, "errorMessage": message, "stats": map[string]any{"scanBytes": 0, "producedRows": st.Rows},
		})
	}
	write(w, answer{Data: map[string]any{"queries": queries}, Success: true})
}
