package snowflaketest

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"snowdrift/internal/snowflaketest/engine"
	"snowdrift/internal/snowflaketest/sferr"
)

// maxJWTLife is the longest that Snowflake accepts between iat and exp.
const maxJWTLife = time.Hour

// loginRequest is the body of a login (facts part 3.1).
type loginRequest struct {
	Data struct {
		AccountName       string         `json:"ACCOUNT_NAME"`
		LoginName         string         `json:"LOGIN_NAME"`
		Password          string         `json:"PASSWORD"`
		Authenticator     string         `json:"AUTHENTICATOR"`
		Token             string         `json:"TOKEN"`
		SessionParameters map[string]any `json:"SESSION_PARAMETERS"`
		ClientEnvironment struct {
			Application string `json:"APPLICATION"`
		} `json:"CLIENT_ENVIRONMENT"`
	} `json:"data"`
}

func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if s.interfered(w, r, s.askFault(Statement{Kind: "LOGIN", RequestID: r.URL.Query().Get("requestId"), Attempt: 1}, BeforeExecution)) {
		return
	}
	var req loginRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, "login body: "+err.Error(), http.StatusBadRequest)
		return
	}
	q := r.URL.Query()
	l := Login{
		Authenticator: req.Data.Authenticator, User: strings.ToUpper(req.Data.LoginName), Application: req.Data.ClientEnvironment.Application,
		Database: q.Get("databaseName"), Schema: q.Get("schemaName"), Warehouse: q.Get("warehouse"), Role: q.Get("roleName"), Parameters: map[string]string{},
	}
	for k, v := range req.Data.SessionParameters {
		l.Parameters[strings.ToUpper(k)] = fmt.Sprint(v)
	}
	if accountOf(req.Data.AccountName) != s.opts.Account {
		// A wrong account name is a host that serves nothing.
		http.Error(w, "no such account", http.StatusForbidden)
		return
	}
	ses, refusal := s.authenticate(r, &l, req)
	if refusal != nil {
		l.Err = refusal
	}
	s.mu.Lock()
	if ses != nil {
		l.SessionID = ses.engine.ID
	}
	s.logins = append(s.logins, l)
	s.mu.Unlock()
	if refusal != nil {
		write(w, refusedLogin(l, refusal))
		return
	}
	write(w, answer{Data: ses.loginData(s), Success: true})
}

// refusedLogin has the data that real refusals of tokens have (the driver's
// WireMock mappings, auth/pat and auth/oauth2).
func refusedLogin(l Login, e *sferr.Error) answer {
	a := refused(e)
	if method := map[string]string{"OAUTH": "OAUTH", "PROGRAMMATIC_ACCESS_TOKEN": "PAT"}[l.Authenticator]; method != "" {
		a.Data = map[string]any{"nextAction": "RETRY_LOGIN", "authnMethod": method, "signInOptions": map[string]any{}}
	}
	return a
}

// accountOf cuts an account name at its region.
func accountOf(name string) string {
	account, _, _ := strings.Cut(strings.ToUpper(name), ".")
	return account
}

func (s *Server) authenticate(r *http.Request, l *Login, req loginRequest) (*session, *sferr.Error) {
	var refusal *sferr.Error
	switch req.Data.Authenticator {
	case "SNOWFLAKE_JWT":
		l.User, refusal = s.checkJWT(req.Data.Token)
	case "OAUTH":
		refusal = s.checkOAuth(req.Data.Token)
		if l.User == "" {
			l.User = s.opts.User
		}
	case "PROGRAMMATIC_ACCESS_TOKEN":
		if !slices.Contains(s.opts.PATs, req.Data.Token) {
			refusal = sferr.New("394400", "08001", "Programmatic access token is invalid.")
		}
	default:
		refusal = sferr.New("390100", "08001", "Incorrect username or password was specified.")
	}
	if refusal == nil && l.User != s.opts.User {
		refusal = sferr.New("390100", "08001", "Incorrect username or password was specified.")
	}
	if refusal != nil {
		return nil, refusal
	}
	validate := l.Parameters["CLIENT_VALIDATE_DEFAULT_PARAMETERS"] == "true"
	ses, err := s.engine.Open(r.Context(), engine.Context{Database: l.Database, Schema: l.Schema, Warehouse: l.Warehouse, Role: l.Role}, sessionParameters(l.Parameters), validate)
	if err != nil {
		return nil, sferr.As(err)
	}
	return s.addSession(ses), nil
}

// sessionParameters leaves out what concerns the login alone.
func sessionParameters(all map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range all {
		if k != "CLIENT_VALIDATE_DEFAULT_PARAMETERS" {
			out[k] = v
		}
	}
	return out
}

func invalidJWT(why string) *sferr.Error {
	return sferr.New("390144", "08001", "JWT token is invalid. [%s] (%s)", uuid.NewString(), why)
}

// checkJWT verifies a key-pair token (facts part 3.1) and returns its user. Using
// a token twice is legal while it lives: the driver signs equal ones within a second.
func (s *Server) checkJWT(token string) (user string, refusal *sferr.Error) {
	var claims jwt.RegisteredClaims
	key := func(*jwt.Token) (any, error) {
		for _, k := range s.opts.PublicKeys {
			fp, err := fingerprint(k)
			if err != nil {
				return nil, err
			}
			if claims.Issuer == s.opts.Account+"."+s.opts.User+"."+fp {
				return k, nil
			}
		}
		return nil, errors.New("iss is not ACCOUNT.USER.fingerprint of a registered key")
	}
	_, err := jwt.ParseWithClaims(token, &claims, key, jwt.WithValidMethods([]string{"RS256"}), jwt.WithExpirationRequired(),
		jwt.WithIssuedAt(), jwt.WithTimeFunc(s.opts.Now), jwt.WithLeeway(time.Second))
	switch {
	case err != nil:
		return "", invalidJWT(err.Error())
	case claims.Subject != s.opts.Account+"."+s.opts.User:
		return "", invalidJWT("sub is not ACCOUNT.USER")
	case claims.IssuedAt == nil || claims.ExpiresAt.Sub(claims.IssuedAt.Time) > maxJWTLife:
		return "", invalidJWT("no iat, or a life of more than an hour")
	}
	return s.opts.User, nil
}

// fingerprint is RSA_PUBLIC_KEY_FP: SHA256: and the base64 of the hash of the
// key's PKIX form.
func fingerprint(k *rsa.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return "", fmt.Errorf("fingerprint of a public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return "SHA256:" + base64.StdEncoding.EncodeToString(sum[:]), nil
}

func (s *Server) checkOAuth(token string) *sferr.Error {
	if s.opts.OAuthToken != nil {
		valid := s.opts.OAuthToken()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.usedTokens[valid] = true
		switch {
		case token == valid:
			return nil
		case s.usedTokens[token]:
			return sferr.New("390318", "08001", "OAuth access token expired. [%s]", uuid.NewString())
		}
	}
	return sferr.New("390303", "08001", "Invalid OAuth access token. [%s]", uuid.NewString())
}
