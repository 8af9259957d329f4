package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"snowdrift/internal/jira"
)

// Login puts an OAuth 2.0 access token on requests and gets a new one when it
// is about to expire or was refused. One exchange runs at a time; those who
// need its outcome wait for it.
type Login struct {
	app  App
	next func(ctx context.Context) (*oauth2.Token, error)

	busy    chan struct{} // holds one element while an exchange runs
	access  string
	expires time.Time // zero: the server did not tell
}

var (
	_ jira.GatewayLogin = (*Login)(nil)
	_ jira.Refresher    = (*Login)(nil)
)

// early is how long before its end an access token is given up.
const early = time.Minute

func newLogin(app App) (*Login, error) {
	if err := app.check(); err != nil {
		return nil, err
	}
	if app.Now == nil {
		app.Now = time.Now
	}
	return &Login{app: app, busy: make(chan struct{}, 1)}, nil
}

// ServiceLogin is a login of the app itself (2LO, client credentials): a
// service account of Cloud or Data Center.
func (a App) ServiceLogin() (*Login, error) {
	l, err := newLogin(a)
	if err != nil {
		return nil, err
	}
	l.next = func(ctx context.Context) (*oauth2.Token, error) {
		c, err := l.app.config(ctx)
		if err != nil {
			return nil, err
		}
		service := clientcredentials.Config{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, Scopes: c.Scopes,
			TokenURL: c.Endpoint.TokenURL, AuthStyle: c.Endpoint.AuthStyle,
		}
		token, err := service.Token(l.app.dial(ctx))
		if err != nil {
			return nil, failure("fetch an access token for the service account", err, c.ClientSecret)
		}
		return token, nil
	}
	return l, nil
}

// Apply sets the header.
func (l *Login) Apply(ctx context.Context, req *http.Request) error {
	if err := l.lock(ctx); err != nil {
		return err
	}
	defer l.unlock()
	if l.access == "" || !l.expires.IsZero() && !l.app.Now().Before(l.expires.Add(-early)) {
		if err := l.exchange(ctx); err != nil {
			return err
		}
	}
	req.Header.Set("Authorization", "Bearer "+l.access)
	return nil
}

// Refresh gets another access token, whatever the old one's age.
func (l *Login) Refresh(ctx context.Context) error {
	if err := l.lock(ctx); err != nil {
		return err
	}
	defer l.unlock()
	return l.exchange(ctx)
}

// NeedsGateway reports App.Gateway.
func (l *Login) NeedsGateway() bool { return l.app.Gateway }

// Expires is when the present access token ends, which the login renews by
// itself; zero while there is none or it does not say.
func (l *Login) Expires() time.Time {
	l.busy <- struct{}{}
	defer l.unlock()
	return l.expires
}

// Advise is about an access token that the authorization server has just given
// out.
func (l *Login) Advise(jira.Deployment, string) string {
	return "the authorization server gave an access token that Jira does not accept; check that the app or service account has access to this site, and its scopes"
}

// String names the login without its parts.
func (l *Login) String() string { return "oauth2 login" }

// GoString keeps %#v from showing the parts.
func (l *Login) GoString() string { return l.String() }

func (l *Login) lock(ctx context.Context) error {
	select {
	case l.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *Login) unlock() { <-l.busy }

// exchange gets and keeps the next access token. It does not stop half-way when
// ctx ends: a refresh token whose successor is never received or stored is lost.
func (l *Login) exchange(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTimeout)
	defer cancel()
	l.access = ""
	token, err := l.next(ctx)
	if err != nil {
		return err
	}
	l.access, l.expires = token.AccessToken, time.Time{}
	if !token.Expiry.IsZero() { // which the package reckons by the machine's clock
		l.expires = l.app.Now().Add(time.Until(token.Expiry))
	}
	return nil
}

// Store keeps a refresh token where the next run finds it.
type Store func(ctx context.Context, refreshToken string) error

// UserLogin is a login on behalf of a person who consented before (3LO). The
// refresh token is read once and then replaced by its successors, each of which
// is given to store before its access token is used.
func (a App) UserLogin(refreshToken jira.Secret, store Store) (*Login, error) {
	if refreshToken == nil || store == nil {
		return nil, errors.New("oauth2: a login of a person needs a refresh token, and a place to store the next one")
	}
	l, err := newLogin(a)
	if err != nil {
		return nil, err
	}
	r := &rotation{login: l, secret: refreshToken, store: store}
	l.next = r.next
	return l, nil
}

// rotation follows the refresh token from use to use.
type rotation struct {
	login  *Login
	secret jira.Secret
	store  Store

	current string        // empty: not read yet
	pending *oauth2.Token // received with a refresh token that is not stored yet
}

func (r *rotation) next(ctx context.Context) (*oauth2.Token, error) {
	if r.pending != nil { // storing failed the last time
		return r.keep(ctx, r.pending)
	}
	if r.current == "" {
		if err := r.read(ctx); err != nil {
			return nil, err
		}
	}
	config, err := r.login.app.config(ctx)
	if err != nil {
		return nil, err
	}
	token, err := r.use(ctx, config)
	if refusesGrant(err) {
		// Perhaps another run has used ours and stored a newer one.
		used := r.current
		if err := r.read(ctx); err != nil {
			return nil, err
		}
		if r.current != used {
			token, err = r.use(ctx, config)
		}
	}
	if err != nil {
		e := failure("refresh the access token", err, r.current, config.ClientSecret)
		if refusesGrant(err) {
			e.Hint = "the refresh token was used up, revoked, or not used for 90 days; run snowdrift auth oauth2 to authorize the app again"
		}
		return nil, e
	}
	return r.keep(ctx, token)
}

// read gets the refresh token from where it is kept.
func (r *rotation) read(ctx context.Context) error {
	if s, ok := r.secret.(jira.Refresher); ok && r.current != "" {
		if err := s.Refresh(ctx); err != nil {
			return fmt.Errorf("read the refresh token anew: %w", err)
		}
	}
	value, err := r.secret.Reveal(ctx)
	if err != nil {
		return fmt.Errorf("read the refresh token: %w", err)
	}
	if value == "" {
		return errors.New("read the refresh token: it is empty; authorize the app again")
	}
	r.current = value
	return nil
}

func (r *rotation) use(ctx context.Context, config *oauth2.Config) (*oauth2.Token, error) {
	return config.TokenSource(r.login.app.dial(ctx), &oauth2.Token{RefreshToken: r.current}).Token()
}

// keep stores the successor of the used refresh token, if there is one, and
// only then lets the access token go.
func (r *rotation) keep(ctx context.Context, token *oauth2.Token) (*oauth2.Token, error) {
	if token.RefreshToken != r.current || r.pending != nil {
		r.current, r.pending = token.RefreshToken, token
		if err := r.store(ctx, token.RefreshToken); err != nil {
			return nil, fmt.Errorf("store the new refresh token, without which the next run could not log in: %w", err)
		}
	}
	r.pending = nil
	return token, nil
}
