package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Secret is a value that is looked up when it is needed. Implementations
// decide where it is kept and for how long it is remembered; one that also is
// a [Refresher] reads it anew when Jira refuses it.
type Secret interface {
	Reveal(ctx context.Context) (string, error)
}

// Login puts proof of who we are on a request, as an Authorization header.
// Apply is called for every attempt, by many goroutines.
type Login interface {
	Apply(ctx context.Context, req *http.Request) error
}

// Refresher is a [Login] or [Secret] that can renew itself: read a rotated
// secret, fetch a new access token. It is called once after Jira answered 401,
// however many calls were refused at the same time. The refused request is
// repeated only if its Authorization then differs: trying a refused credential
// again is worse than useless, for Data Center answers a few wrong passwords
// with a CAPTCHA.
type Refresher interface {
	Refresh(ctx context.Context) error
}

// Adviser is a [Login] that knows better than this package what to do when Jira
// does not accept it. said is what Jira said, which may hold an OAuth code.
type Adviser interface {
	Advise(d Deployment, said string) string
}

// LoginExpires is when the present token of the login ends; zero if that is not
// known, as of all tokens but those of OAuth 2.0.
func (c *Client) LoginExpires() time.Time {
	if l, ok := c.options.Login.(interface{ Expires() time.Time }); ok {
		return l.Expires()
	}
	return time.Time{}
}

// Basic is an account with an API token (Cloud) or password (Data Center).
type Basic struct {
	User   string
	Secret Secret
}

// Apply sets the header.
func (b Basic) Apply(ctx context.Context, req *http.Request) error {
	secret, err := reveal(ctx, "API token or password", b.Secret)
	if err != nil {
		return err
	}
	req.SetBasicAuth(b.User, secret)
	return nil
}

// Refresh reads the secret anew.
func (b Basic) Refresh(ctx context.Context) error { return reread(ctx, b.Secret) }

// Advise tells an API token from a password by the deployment.
func (b Basic) Advise(d Deployment, _ string) string {
	if d == Cloud {
		return "check the e-mail address and the API token; a token ends after at most a year, and a new one is made at https://id.atlassian.com/manage-profile/security/api-tokens"
	}
	return "check the user name and the password; do not just try again, after a few wrong ones Jira wants a CAPTCHA"
}

// String names the login without its parts.
func (b Basic) String() string { return "basic login" }

// GoString keeps %#v from showing the parts.
func (b Basic) GoString() string { return b.String() }

// Bearer is a Data Center personal access token, or any other token that goes
// into the header as it is.
type Bearer struct {
	Token Secret
}

// Apply sets the header.
func (b Bearer) Apply(ctx context.Context, req *http.Request) error {
	token, err := reveal(ctx, "bearer token", b.Token)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return nil
}

// Refresh reads the token anew.
func (b Bearer) Refresh(ctx context.Context) error { return reread(ctx, b.Token) }

// Advise knows that Cloud has no personal access tokens.
func (b Bearer) Advise(d Deployment, _ string) string {
	if d == Cloud {
		return "Cloud has no personal access tokens: its API tokens belong to the method basic, with the account's e-mail address"
	}
	return "the personal access token is wrong, expired or revoked; make a new one in the account's profile, under Personal Access Tokens"
}

// String names the login without its parts.
func (b Bearer) String() string { return "bearer login" }

// GoString keeps %#v from showing the parts.
func (b Bearer) GoString() string { return b.String() }

func reveal(ctx context.Context, what string, s Secret) (string, error) {
	if s == nil {
		return "", fmt.Errorf("read the %s: none is configured", what)
	}
	value, err := s.Reveal(ctx)
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", what, err)
	}
	if value == "" {
		return "", fmt.Errorf("read the %s: it is empty", what)
	}
	return value, nil
}

func reread(ctx context.Context, s Secret) error {
	if r, ok := s.(Refresher); ok {
		return r.Refresh(ctx)
	}
	return nil
}

// session is the login shared by all calls. Its generation counts renewals, so
// that of many calls refused together only the first renews.
type session struct {
	login Login

	mu         sync.Mutex
	generation int
}

// apply signs req and says with which generation of the login.
func (s *session) apply(ctx context.Context, req *http.Request) (int, error) {
	s.mu.Lock()
	generation := s.generation
	s.mu.Unlock()
	if s.login == nil {
		return generation, errors.New("no login is configured")
	}
	return generation, s.login.Apply(ctx, req)
}

// renew makes the login newer than the refused generation, unless it is
// already. The lock is held meanwhile, so that later requests wait for it.
func (s *session) renew(ctx context.Context, refused int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation > refused {
		return nil
	}
	if r, ok := s.login.(Refresher); ok {
		if err := r.Refresh(ctx); err != nil {
			return fmt.Errorf("renew the login: %w", err)
		}
	}
	s.generation++
	return nil
}
