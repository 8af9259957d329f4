package snowflaketest

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"snowdrift/internal/snowflaketest/engine"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/syntax"
	"snowdrift/internal/snowflaketest/translate"
)

// queryRequest is the body of a query (facts part 3.2).
type queryRequest struct {
	SQLText      string         `json:"sqlText"`
	AsyncExec    bool           `json:"asyncExec"`
	DescribeOnly bool           `json:"describeOnly"`
	Parameters   map[string]any `json:"parameters"`
	Bindings     map[string]struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	} `json:"bindings"`
	BindStage string `json:"bindStage"`
}

// job is one statement with its execution and result. The server's mu guards
// record, started and waits; result and err are set before done is closed.
type job struct {
	record    Statement
	statement syntax.Statement
	more      []syntax.Statement // behind it, where MULTI_STATEMENT_COUNT lets them
	binds     []translate.Bind
	invalid   *sferr.Error // the statement could not be read
	describe  bool
	session   *session

	ctx     context.Context // cancelled by abort-request
	cancel  context.CancelFunc
	started bool
	waits   int // 333333 answers still to give
	done    chan struct{}
	result  *engine.Result
	err     *sferr.Error
}

// receive finds the job of a request id, or makes it.
func (s *Server) receive(ses *session, requestID string, q queryRequest) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j := s.jobs[requestID]; j != nil {
		j.record.Attempt++
		return j
	}
	s.sequence++
	j := &job{session: ses, describe: q.DescribeOnly, done: make(chan struct{})}
	j.ctx, j.cancel = context.WithCancel(s.ctx)
	j.record = Statement{
		Text: q.SQLText, Kind: "INVALID", RequestID: requestID, QueryID: fmt.Sprintf("01bf0000-0000-0000-0000-%012x", s.sequence),
		SessionID: ses.engine.ID, Tag: ses.engine.Parameter("QUERY_TAG"), Async: q.AsyncExec, Attempt: 1,
	}
	if tag, ok := q.Parameters["QUERY_TAG"].(string); ok {
		j.record.Tag = tag
	}
	j.read(q)
	s.jobs[requestID], s.queries[j.record.QueryID] = j, j
	s.order = append(s.order, j)
	return j
}

// read parses the statement and its binds.
func (j *job) read(q queryRequest) {
	if n, ok := q.Parameters["MULTI_STATEMENT_COUNT"]; ok && fmt.Sprint(n) != "1" {
		j.invalid = sferr.Unsupported("several statements in one request")
		return
	}
	if q.BindStage != "" {
		j.invalid = sferr.Unsupported("binds through a stage")
		return
	}
	binds, err := readBinds(q)
	if err != nil {
		j.invalid = sferr.As(err)
		return
	}
	j.binds = binds
	for _, b := range binds {
		text := "NULL"
		if b.Value != nil {
			text = *b.Value
		}
		j.record.Binds = append(j.record.Binds, text)
	}
	wanted, err := strconv.Atoi(j.session.engine.Parameter("MULTI_STATEMENT_COUNT"))
	if err != nil {
		j.invalid = sferr.As(err)
		return
	}
	all, err := syntax.ParseAll(q.SQLText, wanted)
	if err != nil {
		j.invalid = sferr.As(err)
		return
	}
	j.statement, j.more, j.record.Kind = all[0], all[1:], all[0].Kind()
}

func readBinds(q queryRequest) ([]translate.Bind, error) {
	out := make([]translate.Bind, len(q.Bindings))
	for i := range out {
		b, ok := q.Bindings[strconv.Itoa(i+1)]
		if !ok {
			return nil, sferr.New("002049", "42601", "bind %d is missing", i+1)
		}
		out[i].Type = b.Type
		if err := json.Unmarshal(b.Value, &out[i].Value); err != nil {
			return nil, sferr.Unsupported("bind %d: array binds", i+1)
		}
	}
	return out, nil
}

// launch starts the job's execution unless it runs or has run already.
func (s *Server) launch(j *job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j.started || s.ctx.Err() != nil {
		return
	}
	j.started = true
	if j.invalid == nil {
		j.record.Executions++
	}
	s.running.Go(func() {
		var res *engine.Result
		err := error(j.invalid)
		if j.invalid == nil {
			res, err = j.execute()
		}
		if err != nil {
			s.finish(j, nil, sferr.As(err))
			return
		}
		s.finish(j, res, nil)
	})
}

// execute runs the job's statement, and those behind it, whose results nobody asks
// for.
func (j *job) execute() (*engine.Result, error) {
	r := engine.Request{Statement: j.statement, Text: j.record.Text, QueryID: j.record.QueryID, Binds: j.binds, DescribeOnly: j.describe}
	res, err := j.session.engine.Execute(j.ctx, r)
	for _, st := range j.more {
		if err != nil {
			break
		}
		r.Statement = st
		_, err = j.session.engine.Execute(j.ctx, r)
	}
	return res, err
}

// abortJob cancels a job: one that runs will end with 000604, one that has not
// begun ends now. It tells whether there was anything to cancel.
func (s *Server) abortJob(j *job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if isDone(j) {
		return false
	}
	j.cancel()
	if !j.started {
		s.finishLocked(j, nil, sferr.Canceled())
	}
	return true
}

// finish sets the job's outcome once; later calls change nothing.
func (s *Server) finish(j *job, res *engine.Result, e *sferr.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finishLocked(j, res, e)
}

func (s *Server) finishLocked(j *job, res *engine.Result, e *sferr.Error) {
	if isDone(j) {
		return
	}
	j.started = true
	j.result, j.err, j.record.Err = res, e, e
	if res != nil {
		j.record.Warehouse = res.Warehouse
		if j.record.Rows = res.Affected; res.Affected == 0 && j.record.Kind == "SELECT" {
			j.record.Rows = int64(len(res.Rows))
		}
	}
	close(j.done)
}

func isDone(j *job) bool {
	select {
	case <-j.done:
		return true
	default:
		return false
	}
}

func (s *Server) isStarted(j *job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return j.started
}

func (s *Server) recordOf(j *job) Statement {
	s.mu.Lock()
	defer s.mu.Unlock()
	return j.record
}
