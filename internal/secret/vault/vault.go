// Package vault reads and writes secrets in HashiCorp Vault and OpenBao.
//
// A [Store] serves references vault:MOUNT/PATH#FIELD over key-value engines of
// version 1 and 2; it asks the server which one a mount is. It logs in when the
// first secret is read (see login.go for the methods), keeps its token alive
// for as long as the server allows, logs in again when the token ends, and
// revokes a token that it obtained itself when it is closed.
//
// Failures are told apart: sealed, denied, a token that is no longer valid, no
// such path, a deleted version, no such field, not reachable.
package vault

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/hashicorp/vault/api"

	"snowdrift/internal/secret"
)

// Options say which server to ask and how to log in.
type Options struct {
	Address   string // https://host:8200, or unix:///path of an agent
	Namespace string
	Login     Login
	TLS       func() (*tls.Config, error) // asked when connecting; nil trusts the system's authorities
	RetryWait time.Duration               // between attempts at a server that answers 5xx; 0 means a second
}

// Store is a secret.Store and secret.Writer. The zero Store is not usable; see
// New.
type Store struct {
	options Options

	mu      sync.Mutex // guards what follows, and the login
	client  *api.Client
	watcher *api.LifetimeWatcher
	own     bool // the token was obtained by a login and is revoked by Close
}

// attempts at a request when the server answers 5xx or not at all.
const attempts = 3

// requestTimeout bounds one request, so that a dead server is noticed.
const requestTimeout = 30 * time.Second

// New returns a store. Nothing is contacted yet.
func New(o Options) *Store { return &Store{options: o} }

// Check wants MOUNT/PATH and a field.
func (*Store) Check(ref secret.Reference) error {
	mount, path, _ := strings.Cut(ref.Name, "/")
	if mount == "" || path == "" || ref.Field == "" {
		return &secret.Error{Kind: secret.Invalid, Mend: "write vault:MOUNT/PATH#FIELD, such as vault:secret/jira#api_token"}
	}
	return nil
}

// Read returns one field of a secret.
func (s *Store) Read(ctx context.Context, ref secret.Reference) (string, error) {
	var value string
	err := s.withSession(ctx, func(c *api.Client) error {
		entry, err := find(ctx, c, ref.Name)
		if err != nil {
			return err
		}
		value, err = entry.field(ref.Field)
		return err
	})
	return value, err
}

// Write sets one field of a secret and leaves the others as they are. In an
// engine of version 2 it becomes a new version; a change by somebody else in
// between is not overwritten but read again.
func (s *Store) Write(ctx context.Context, ref secret.Reference, value string) error {
	return s.withSession(ctx, func(c *api.Client) error {
		for range attempts {
			entry, err := find(ctx, c, ref.Name)
			if err != nil && !errors.Is(err, secret.NotFound) {
				return err
			}
			conflict, err := entry.put(ctx, c, ref.Field, value)
			if !conflict {
				return err
			}
		}
		return &secret.Error{Kind: secret.ReadOnly, Mend: "somebody else keeps changing this secret; try again"}
	})
}

// withSession does work with a logged-in client. When the server says that the
// token is not valid any more, it logs in anew and does the work once more.
func (s *Store) withSession(ctx context.Context, work func(*api.Client) error) error {
	c, err := s.session(ctx, nil)
	if err != nil {
		return err
	}
	err = work(c)
	if !errors.Is(err, secret.Denied) || tokenIsValid(ctx, c) {
		return err
	}
	if c, err = s.session(ctx, c); err != nil {
		return err
	}
	return work(c)
}

// tokenIsValid asks whether it was the token, not a policy, that was refused.
func tokenIsValid(ctx context.Context, c *api.Client) bool {
	_, err := c.Auth().Token().LookupSelfWithContext(ctx)
	return err == nil
}

// session returns the logged-in client, logging in if there is none or if the
// one that the caller found refused is still the current one.
func (s *Store) session(ctx context.Context, refused *api.Client) (*api.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.client != refused {
		return s.client, nil
	}
	s.stopWatcher()
	s.client, s.own = nil, false
	c, err := s.options.connect()
	if err != nil {
		return nil, err
	}
	auth, err := s.options.Login.login(ctx, c)
	if err != nil {
		return nil, err
	}
	s.client, s.own = c, s.options.Login.obtainsToken()
	if auth != nil && auth.Renewable {
		if err := s.watch(c, auth); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// watch renews the token in the background until Close. What it does not manage
// is noticed at the next request, which logs in again.
func (s *Store) watch(c *api.Client, auth *api.SecretAuth) error {
	w, err := c.NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: &api.Secret{Auth: auth}})
	if err != nil {
		return fmt.Errorf("renew the Vault token: %w", err)
	}
	go w.Start()
	s.watcher = w
	return nil
}

func (s *Store) stopWatcher() {
	if s.watcher != nil {
		s.watcher.Stop()
		s.watcher = nil
	}
}

// Close ends the renewal and revokes the token if a login obtained it.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopWatcher()
	c, own := s.client, s.own
	s.client, s.own = nil, false
	if c == nil || !own {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	if err := c.Auth().Token().RevokeSelfWithContext(ctx, ""); err != nil {
		return fmt.Errorf("revoke the Vault token: %w", failure(err, "auth/token/revoke-self", "update"))
	}
	return nil
}

// connect makes a client that takes nothing from the environment: what counts
// stands in the configuration, which reads VAULT_ADDR and the like itself.
func (o Options) connect() (*api.Client, error) {
	if o.Address == "" {
		return nil, &secret.Error{Kind: secret.Invalid, Mend: "the address of Vault is missing; set secrets.vault.address or VAULT_ADDR"}
	}
	transport := cleanhttp.DefaultPooledTransport()
	if o.TLS != nil {
		trust, err := o.TLS()
		if err != nil {
			return nil, &secret.Error{Kind: secret.Invalid, Err: err, Mend: "check secrets.vault.tls"}
		}
		transport.TLSClientConfig = trust
	}
	wait := o.RetryWait
	if wait == 0 {
		wait = time.Second
	}
	c, err := api.NewClient(&api.Config{
		Address: o.Address,
		HttpClient: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Timeout: requestTimeout, MaxRetries: attempts - 1, MinRetryWait: wait, MaxRetryWait: 2 * wait,
	})
	if err != nil {
		return nil, &secret.Error{Kind: secret.Invalid, Err: err, Mend: "check secrets.vault.address"}
	}
	c.SetToken("")
	c.ClearNamespace()
	if o.Namespace != "" {
		c.SetNamespace(o.Namespace)
	}
	return c, nil
}
