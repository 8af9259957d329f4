// Package snowflaketest is a Snowflake account for tests: a server that speaks
// Snowflake's wire protocol to the real gosnowflake driver over loopback HTTP,
// executes on an in-memory DuckDB, and is as strict as Snowflake where a loader can
// go wrong. Only tests may use it.
//
//	srv := snowflaketest.Start(t, snowflaketest.Options{PublicKeys: []*rsa.PublicKey{&key.PublicKey}})
//	cfg := &gosnowflake.Config{Account: "TESTACCT", User: "LOADER", Authenticator: gosnowflake.AuthTypeJwt,
//		PrivateKey: key, Host: srv.Host(), Port: srv.Port(), Protocol: "http", Database: "RAW", Schema: "JIRA", …}
//
// Statements, Logins and Violations tell what the client did; Fault makes things go
// wrong at a chosen statement; DB looks at the committed tables directly, in which
// values are stored as package sqltype describes. Revoke takes privileges away.
// SuspendWarehouse and WarehouseWakes show whether a run needed a warehouse: DML,
// COPY and SELECT on tables do; DDL, SHOW, DESCRIBE, PUT, LIST and logins do not.
//
// # What it is strict about
//
//  1. JWTs: RS256 by a registered key, issuer with its fingerprint, subject, times; OAuth and access tokens.
//  2. A request id that comes again gets the first result, the statement runs once.
//  3. Expired sessions (390112), 333333 chains, HTTP failures and resets before and after execution.
//  4. DDL inside a transaction commits it, and is noted as a violation.
//  5. A failed statement leaves its transaction open; the end of a session rolls it back and drops temporary objects.
//     A client that was killed has not ended its session: its locks stay, see EndSessions.
//  6. MERGE: 100090 for a target row matched twice, silent inserts of unmatched duplicates.
//  7. COPY: NULL rows when no column matches, a text \N is NULL unless NULL_IF says otherwise, texts into VARIANT stay strings,
//     load metadata per table.
//  8. NUMBER rounding and 38 digits, timestamps shifted by the session's zone, 16 MB texts, NOT NULL.
//  9. PUT: SKIPPED, lost bytes, a directory per stage, or S3 or GCS with client-side encryption and tokens that expire.
//  10. Aborting a statement stops it (000604).
//  11. Session parameters, query tags and every SQL text are recorded. The account may have changed parameters for all sessions:
//     formats of times, rows of an answer, statements in one request.
//  12. Views of other roles are not seen; missing privileges (003001, 002003), warehouse (000606), role (390189).
//
// # What it is not
//
// SQL outside the dialect of the loader and its views is refused with 001003
// "unsupported by snowflaketest", never passed through. Timestamps have
// microseconds, quotients and averages 15 digits. INSERT waits for an open MERGE of
// the same table, where Snowflake may let both go on. Results come in one piece,
// without chunks to download: SELECT in Arrow format, or JSON when the session
// parameter GO_QUERY_RESULT_FORMAT says so, everything else in JSON. What Snowflake does in the cases marked [K] in the sources is
// general knowledge, not verified.
//
// The parts: sqltype and syntax (types, grammar), translate (Snowflake SQL to
// DuckDB SQL), duckfn (functions that DuckDB lacks), stage (staged files), engine
// (catalog, sessions, transactions, COPY); this package is the protocol.
package snowflaketest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"

	"snowdrift/internal/snowflaketest/engine"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/stage"
)

// Server is a running account.
type Server struct {
	opts     Options
	engine   *engine.Engine
	stages   stage.Store
	cloud    stage.Cloud // nil with LOCAL_FS
	http     *http.Server
	listener net.Listener
	tempDir  string
	ctx      context.Context // ends with the server
	cancel   context.CancelFunc
	running  sync.WaitGroup // statements and the HTTP loop

	faultMu sync.Mutex
	fault   func(Statement, Phase) *Fault

	mu         sync.Mutex
	sessions   map[string]*session // by session token, old ones included
	masters    map[string]*session
	jobs       map[string]*job // by request id
	queries    map[string]*job // by query id
	order      []*job
	logins     []Login
	usedTokens map[string]bool // OAuth tokens that were valid once
	sequence   int64
	serveErr   error
}

// Start runs a server for the duration of a test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatalf("start Snowflake test server: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close Snowflake test server: %v", err)
		}
	})
	return s
}

// New runs a server until Close.
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	s := &Server{
		opts: o, sessions: map[string]*session{}, masters: map[string]*session{}, jobs: map[string]*job{}, queries: map[string]*job{}, usedTokens: map[string]bool{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) start() error {
	if err := s.openStages(); err != nil {
		return err
	}
	var err error
	s.engine, err = engine.New(s.ctx, engine.Options{
		Account: s.opts.Account, User: s.opts.User, Database: s.opts.Database, Schema: s.opts.Schema, Warehouse: s.opts.Warehouse,
		Role: s.opts.Role, Zone: s.opts.AccountTimezone, Parameters: s.opts.AccountParameters, Stages: s.stages, Now: s.opts.Now,
	})
	if err != nil {
		return err
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.http = &http.Server{Handler: s.routes()}
	s.running.Go(func() {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.serveErr = err
		}
	})
	return nil
}

func (s *Server) openStages() error {
	dir := s.opts.StageDir
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "snowflaketest-"); err != nil {
			return fmt.Errorf("make stage directory: %w", err)
		}
		s.tempDir = dir
	}
	var err error
	switch s.opts.Storage {
	case "":
		s.stages = stage.NewLocal(dir)
		return nil
	case "S3":
		s.cloud, err = stage.NewS3(dir)
	case "GCS":
		s.cloud, err = stage.NewGCS(dir)
	default:
		return fmt.Errorf("unknown storage %q", s.opts.Storage)
	}
	s.stages = s.cloud
	return err
}

// Close stops the server: running statements are cancelled, sessions ended.
func (s *Server) Close() error {
	s.cancel()
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.Close())
	}
	s.running.Wait()
	errs = append(errs, s.serveErr)
	for _, ses := range s.openSessions() {
		errs = append(errs, ses.engine.Close(context.Background()))
	}
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	if s.stages != nil {
		errs = append(errs, s.stages.Close())
	}
	if s.tempDir != "" {
		errs = append(errs, os.RemoveAll(s.tempDir))
	}
	return errors.Join(errs...)
}

// Host is the address to connect to, with protocol "http".
func (s *Server) Host() string { return "127.0.0.1" }

// Port is the port to connect to.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Transport trusts the certificate of the storage's endpoint and also speaks plain
// HTTP: a gosnowflake.Config.Transporter for tests with Options.Storage. Without it,
// it is http.DefaultTransport.
func (s *Server) Transport() http.RoundTripper {
	if s.cloud == nil {
		return http.DefaultTransport
	}
	return s.cloud.Transport()
}

// StorageCertificatePEM is the certificate of the storage's endpoint, for a process
// that is to trust it by SSL_CERT_FILE; nil without Options.Storage.
func (s *Server) StorageCertificatePEM() []byte {
	if s.cloud == nil {
		return nil
	}
	return s.cloud.CertificatePEM()
}

// ExpireStageTokens makes the storage refuse the tokens that it gave so far: the
// driver asks for new ones by sending its PUT again.
func (s *Server) ExpireStageTokens() {
	if s.cloud != nil {
		s.cloud.ExpireToken()
	}
}

// DB opens the DuckDB below, for assertions on what is committed. Tables are in
// the schema "DATABASE.SCHEMA", which is the default of the handle. Close it.
func (s *Server) DB() *sql.DB { return s.engine.DB() }

// Violations lists what the client did that Snowflake permits and a loader must
// not do: DDL inside a transaction, BEGIN inside a transaction.
func (s *Server) Violations() []string { return s.engine.Violations() }

// SuspendWarehouse puts the warehouse to sleep; it starts asleep.
func (s *Server) SuspendWarehouse() { s.engine.SuspendWarehouse() }

// WarehouseWakes counts how many times a statement resumed the warehouse.
func (s *Server) WarehouseWakes() int { return s.engine.WarehouseWakes() }

// Revoke takes a privilege on an object ("RAW.JIRA.ISSUES", "RAW.JIRA", "LOAD_WH")
// away from the role; see engine.Engine.Revoke for the privileges.
func (s *Server) Revoke(privilege, object string) { s.engine.Revoke(privilege, object) }

// Grant gives a revoked privilege back.
func (s *Server) Grant(privilege, object string) { s.engine.Grant(privilege, object) }

// StagedFiles lists the paths of all staged files, "STAGE/path", permanent stages
// of the default schema and all temporary ones included.
func (s *Server) StagedFiles() ([]string, error) { return s.engine.StagedFiles(context.Background()) }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /session/v1/login-request", s.login)
	mux.HandleFunc("POST /session/token-request", s.renew)
	mux.HandleFunc("POST /session/heartbeat", s.heartbeat)
	mux.HandleFunc("POST /session", s.closeSession)
	mux.HandleFunc("POST /queries/v1/query-request", s.query)
	mux.HandleFunc("POST /queries/v1/abort-request", s.abort)
	mux.HandleFunc("GET /queries/{id}/result", s.result)
	mux.HandleFunc("GET /monitoring/queries/{id}", s.monitoring)
	mux.HandleFunc("POST /telemetry/send", func(w http.ResponseWriter, _ *http.Request) { write(w, answer{Success: true}) })
	return mux
}

// answer is the envelope of everything the server says. Code and Message are
// null in successes.
type answer struct {
	Data    any     `json:"data"`
	Code    *string `json:"code"`
	Message *string `json:"message"`
	Success bool    `json:"success"`
}

// refused is the answer to a failed login, renewal or request: no data.
func refused(e *sferr.Error) answer { return answer{Code: &e.Code, Message: &e.Message} }

// write sends JSON. A client that is gone is no concern of the server's.
func write(w http.ResponseWriter, a answer) {
	body, err := json.Marshal(a)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
