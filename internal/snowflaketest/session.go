package snowflaketest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"snowdrift/internal/snowflaketest/engine"
	"snowdrift/internal/snowflaketest/sferr"
)

// Lifetimes of tokens on real accounts.
const (
	sessionLife = time.Hour
	masterLife  = 4 * time.Hour
)

// session is a login with its tokens. The server's mu guards it.
type session struct {
	engine  *engine.Session
	token   string
	master  string
	issued  time.Time // of token
	renewed time.Time // of master: by login, renewal and heartbeat
	expired bool      // token was expired by a fault or by ExpireTokens
	gone    bool
}

func (s *Server) addSession(e *engine.Session) *session {
	now := s.opts.Now()
	ses := &session{engine: e, token: uuid.NewString(), master: uuid.NewString(), issued: now, renewed: now}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[ses.token], s.masters[ses.master] = ses, ses
	return ses
}

func (s *Server) openSessions() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[*session]bool{}
	var out []*session
	for _, ses := range s.sessions {
		if !seen[ses] {
			seen[ses] = true
			out = append(out, ses)
		}
	}
	return out
}

// ExpireTokens makes all session tokens expire now: the next request of each
// session gets 390112.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ses := range s.sessions {
		ses.expired = true
	}
}

// EndSessions ends all sessions, as their idle time would after four hours. A
// client that was killed cannot log out: until then its transaction stays open and
// keeps its locks, and its temporary objects and their files stay.
func (s *Server) EndSessions() error {
	var errs []error
	for _, ses := range s.openSessions() {
		errs = append(errs, s.endSession(ses))
	}
	return errors.Join(errs...)
}

// loginData is the data of a successful login.
func (ses *session) loginData(s *Server) map[string]any {
	c := ses.engine.Context()
	return map[string]any{
		"token": ses.token, "masterToken": ses.master, "validityInSeconds": int(sessionLife.Seconds()), "masterValidityInSeconds": int(masterLife.Seconds()),
		"displayUserName": s.opts.User, "serverVersion": "9.1.0", "firstLogin": false, "remMeToken": nil, "remMeValidityInSeconds": 0,
		"healthCheckInterval": 45, "newClientForUpgrade": nil, "sessionId": ses.engine.ID, "parameters": ses.engine.Parameters(),
		"sessionInfo": map[string]any{"databaseName": null(c.Database), "schemaName": null(c.Schema), "warehouseName": null(c.Warehouse), "roleName": c.Role},
		"idToken":     nil, "idTokenValidityInSeconds": 0, "responseData": nil, "mfaToken": nil, "mfaTokenValidityInSeconds": 0,
	}
}

// null is nil for the empty text.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), `Snowflake Token="`)
	return strings.TrimSuffix(token, `"`)
}

// sessionOf finds the session of a request: 390112 asks the driver to renew the
// token, 390111 and 390114 mean that a new login is needed.
func (s *Server) sessionOf(r *http.Request) (*session, *sferr.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := bearer(r)
	ses := s.sessions[token]
	now := s.opts.Now()
	switch {
	case ses == nil || ses.gone:
		return nil, sferr.New("390111", "08003", "Session no longer exists.  New login required to access the service.")
	case now.Sub(ses.renewed) > masterLife:
		return nil, sferr.New("390114", "08001", "Authentication token has expired.  The user must authenticate again.")
	case ses.token != token || ses.expired || now.Sub(ses.issued) > sessionLife:
		return nil, sessionExpired()
	}
	return ses, nil
}

func sessionExpired() *sferr.Error {
	return sferr.New("390112", "08001", "Your session has expired. Please authenticate again.")
}

// renew gives a session new tokens for its master token.
func (s *Server) renew(w http.ResponseWriter, r *http.Request) {
	var body struct{ OldSessionToken, RequestType string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.RequestType != "RENEW" {
		http.Error(w, "token-request wants requestType RENEW", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	ses := s.masters[bearer(r)]
	now := s.opts.Now()
	if ses == nil || ses.gone || now.Sub(ses.renewed) > masterLife {
		s.mu.Unlock()
		write(w, refused(sferr.New("390114", "08001", "Authentication token has expired.  The user must authenticate again.")))
		return
	}
	delete(s.masters, ses.master)
	ses.token, ses.master, ses.issued, ses.renewed, ses.expired = uuid.NewString(), uuid.NewString(), now, now, false
	s.sessions[ses.token], s.masters[ses.master] = ses, ses
	data := map[string]any{
		"sessionToken": ses.token, "validityInSecondsST": int(sessionLife.Seconds()), "masterToken": ses.master,
		"validityInSecondsMT": int(masterLife.Seconds()), "sessionId": ses.engine.ID,
	}
	s.mu.Unlock()
	write(w, answer{Data: data, Success: true})
}

// heartbeat keeps the master token alive.
func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request) {
	ses, refusal := s.sessionOf(r)
	if refusal != nil {
		write(w, refused(refusal))
		return
	}
	s.mu.Lock()
	ses.renewed = s.opts.Now()
	s.mu.Unlock()
	write(w, answer{Success: true})
}

// closeSession is the driver's logout.
func (s *Server) closeSession(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("delete") != "true" {
		http.Error(w, "POST /session wants delete=true", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	ses := s.sessions[bearer(r)]
	s.mu.Unlock()
	if ses == nil {
		write(w, refused(sferr.New("390111", "08003", "Session no longer exists.  New login required to access the service.")))
		return
	}
	if err := s.endSession(ses); err != nil {
		write(w, refused(sferr.As(err)))
		return
	}
	write(w, answer{Success: true})
}

// endSession stops the session's statements, rolls back and drops its temporary
// objects.
func (s *Server) endSession(ses *session) error {
	s.mu.Lock()
	ses.gone = true
	jobs := slices.Clone(s.order)
	s.mu.Unlock()
	for _, j := range jobs {
		if j.session == ses {
			s.abortJob(j)
		}
	}
	return ses.engine.Close(s.ctx)
}
