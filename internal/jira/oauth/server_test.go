package oauth

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"snowdrift/internal/jira"
)

// plain is a secret for tests.
type plain string

func (p plain) Reveal(context.Context) (string, error) { return string(p), nil }

// shelf is a secret that can be written, as in a file or a vault.
type shelf struct {
	mu     sync.Mutex
	kept   string // what is stored
	read   string // what was last read of it
	broken error  // of writing
	writes []string
}

func (s *shelf) Reveal(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == "" {
		s.read = s.kept
	}
	return s.read, nil
}

func (s *shelf) Refresh(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = s.kept
	return nil
}

func (s *shelf) store(_ context.Context, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.kept = value
	s.writes = append(s.writes, value)
	return nil
}

// An issuer is an authorization server with rotating refresh tokens: each is
// good for one use, and its successor comes with the access token.
type issuer struct {
	*httptest.Server

	mu              sync.Mutex
	rotation        int
	requests        []url.Values
	fail            func(w http.ResponseWriter) bool // may answer in its place
	challenge, code string
}

const clientSecret = "canary-client-secret"

func newIssuer(t *testing.T) *issuer {
	s := &issuer{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.token))
	t.Cleanup(s.Close)
	return s
}

func (s *issuer) refreshToken() string { return fmt.Sprintf("refresh-%d", s.rotation) }

func (s *issuer) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		panic(err)
	}
	s.requests = append(s.requests, r.PostForm)
	if s.fail != nil && s.fail(w) {
		return
	}
	if r.PostForm.Get("client_id") != "app" || r.PostForm.Get("client_secret") != clientSecret {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	answer := map[string]any{"token_type": "bearer", "expires_in": 3600}
	switch r.PostForm.Get("grant_type") {
	case "client_credentials":
		s.rotation++
	case "refresh_token":
		if r.PostForm.Get("refresh_token") != s.refreshToken() {
			refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		s.rotation++
		answer["refresh_token"] = s.refreshToken()
	case "authorization_code":
		if r.PostForm.Get("code") != s.code || !pkceMatches(s.challenge, r.PostForm.Get("code_verifier")) {
			refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		s.rotation++
		answer["refresh_token"] = s.refreshToken()
	}
	answer["access_token"] = fmt.Sprintf("access-%d", s.rotation)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":%q,"error_description":"words of the server"}`, code)
}

func (s *issuer) app() App {
	return App{ID: "app", Secret: plain(clientSecret), AuthURL: s.URL + "/authorize", TokenURL: s.URL + "/token", Scopes: []string{"read:jira-work", "offline_access"}}
}

// header asks a login for its Authorization.
func header(ctx context.Context, l jira.Login) (string, error) {
	req, err := http.NewRequest(http.MethodGet, "https://jira.example.com/rest/api/2/myself?fields=a", nil)
	if err != nil {
		return "", err
	}
	err = l.Apply(ctx, req)
	return req.Header.Get("Authorization"), err
}

// hands is a clock that a test moves.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}
