// Package vaulttest is a test double of HashiCorp Vault that keeps its rules:
// tokens and policies guard every path, errors have Vault's status codes and
// words, key-value engines of both versions behave as theirs, and it can be
// sealed.
//
// What tests set up goes through the same administration API as on a real
// server (mounts, policies, tokens, AppRole), so that one suite runs against
// both. Only the identities that a real server would verify with a third party,
// Kubernetes, JWT issuers and AWS, are declared with methods of [Server].
package vaulttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/google/uuid"
)

// RootToken opens everything.
const RootToken = "root"

// Server is a Vault on 127.0.0.1.
type Server struct {
	*httptest.Server

	mu        sync.Mutex
	sealed    bool
	namespace string // the only one that exists; "" is root
	tokens    map[string]*token
	policies  map[string][]rule
	engines   map[string]*engine // by mount path with its slash
	methods   map[string]string  // login method by mount path with its slash
	roles     map[string]*role   // by mount path and name
	renewed   chan string
	requests  []string
}

type token struct {
	policies  []string
	ttl       int // seconds, 0 lives for ever
	renewable bool
}

// New starts a server with a key-value engine of version 2 at secret/, as
// vault server -dev has. Stop it with Close.
func New() *Server {
	s := &Server{
		tokens:   map[string]*token{RootToken: {policies: []string{"root"}}},
		policies: map[string][]rule{"default": parsePolicy(defaultPolicy)},
		engines:  map[string]*engine{"secret/": newEngine(true)},
		methods:  map[string]string{"token/": "token"},
		roles:    map[string]*role{},
		renewed:  make(chan string, 64),
	}
	s.Server = httptest.NewServer(s)
	return s
}

// Seal closes the server until Unseal.
func (s *Server) Seal() { s.setSealed(true) }

// Unseal opens it again.
func (s *Server) Unseal() { s.setSealed(false) }

func (s *Server) setSealed(sealed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sealed = sealed
}

// OnlyNamespace moves everything into one namespace: requests to another are
// answered as if nothing were there.
func (s *Server) OnlyNamespace(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.namespace = name
}

// Renewed receives each token that is renewed.
func (s *Server) Renewed() <-chan string { return s.renewed }

// Requests lists method and path of each request so far.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

// TokenExists reports whether a token is valid.
func (s *Server) TokenExists(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens[id] != nil
}

// call is one request being answered.
type call struct {
	method string // GET, PUT, DELETE; POST counts as PUT
	path   string // without /v1/
	token  string
	body   map[string]any
}

// answer is a status with Vault's JSON envelope: data, auth, or errors.
type answer struct {
	status int
	body   map[string]any
}

func refuse(status int, words ...string) answer {
	if words == nil {
		words = []string{}
	}
	return answer{status, map[string]any{"errors": words}}
}

func denied() answer {
	return refuse(http.StatusForbidden, "1 error occurred:\n\t* permission denied\n\n")
}

func data(d map[string]any) answer {
	return answer{http.StatusOK, map[string]any{"request_id": uuid.NewString(), "data": d}}
}

func done() answer { return answer{status: http.StatusNoContent} }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := call{method: r.Method, path: strings.TrimPrefix(r.URL.Path, "/v1/"), token: r.Header.Get("X-Vault-Token")}
	if c.method == http.MethodPost {
		c.method = http.MethodPut
	}
	s.requests = append(s.requests, c.method+" "+c.path)
	a := refuse(http.StatusBadRequest, "error parsing JSON")
	if readBody(r, &c) == nil {
		a = s.serve(c, r.Header.Get("X-Vault-Namespace"))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	if a.body != nil {
		// A client that has gone away is its own business.
		_ = json.NewEncoder(w).Encode(a.body)
	}
}

// readBody decodes the JSON object of a request that has one.
func readBody(r *http.Request, c *call) error {
	content, err := io.ReadAll(r.Body)
	if err != nil || len(content) == 0 {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	return decoder.Decode(&c.body)
}

func (s *Server) serve(c call, namespace string) answer {
	switch {
	case s.sealed:
		return refuse(http.StatusServiceUnavailable, "Vault is sealed")
	case strings.Trim(namespace, "/") != s.namespace:
		return refuse(http.StatusNotFound, fmt.Sprintf("no handler for route %q. route entry not found.", c.path))
	}
	if mount, kind := s.loginAt(c.path); kind != "" {
		return s.login(mount, kind, c)
	}
	t := s.tokens[c.token]
	if t == nil {
		return refuse(http.StatusForbidden, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n")
	}
	// The preflight has a rule of its own: anything allowed within the mount.
	if path, ok := strings.CutPrefix(c.path, "sys/internal/ui/mounts/"); ok {
		return s.preflight(t, path)
	}
	if !s.allows(t, c) {
		return denied()
	}
	if strings.HasPrefix(c.path, "sys/") || strings.HasPrefix(c.path, "auth/") {
		return s.administer(t, c)
	}
	for mount, e := range s.engines {
		if path, ok := strings.CutPrefix(c.path, mount); ok {
			return e.serve(c.method, path, c.body)
		}
	}
	return refuse(http.StatusNotFound, fmt.Sprintf("no handler for route %q. route entry not found.", c.path))
}

// preflight says which engine serves a path to a token that may do anything
// there, and denies alike what is forbidden and what does not exist.
func (s *Server) preflight(t *token, path string) answer {
	for mount, e := range s.engines {
		if strings.HasPrefix(path, mount) && s.reaches(t, mount) {
			version := "1"
			if e.v2 {
				version = "2"
			}
			return data(map[string]any{"path": mount, "type": "kv", "options": map[string]any{"version": version}})
		}
	}
	return refuse(http.StatusForbidden, fmt.Sprintf("preflight capability check returned 403, please ensure client's policies grant access to path %q", path+"/"))
}
