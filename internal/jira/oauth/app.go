package oauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"snowdrift/internal/jira"
)

// Where Atlassian's Cloud asks for consent and gives out tokens.
const (
	CloudAuthURL  = "https://auth.atlassian.com/authorize"
	CloudTokenURL = "https://auth.atlassian.com/oauth/token"
)

// CloudParameters belong on the consent URL of Cloud, see [App.Parameters].
func CloudParameters() url.Values {
	return url.Values{"audience": {"api.atlassian.com"}, "prompt": {"consent"}}
}

// DataCenterAuthURL and DataCenterTokenURL are the same two places of a Data
// Center with this base URL.
func DataCenterAuthURL(base string) string {
	return strings.TrimRight(base, "/") + "/rest/oauth2/latest/authorize"
}

// DataCenterTokenURL gives out tokens, to service accounts too.
func DataCenterTokenURL(base string) string {
	return strings.TrimRight(base, "/") + "/rest/oauth2/latest/token"
}

// App is a registered OAuth 2.0 application. Its URLs must be https, but for
// loopback.
type App struct {
	ID       string
	Secret   jira.Secret // nil for an app that has none and relies on PKCE
	AuthURL  string      // needed by Authorize only
	TokenURL string
	// Scopes to ask for. Cloud gives a refresh token only with offline_access.
	Scopes []string
	// Parameters are added to the consent URL.
	Parameters url.Values
	// Gateway says that the site itself refuses these tokens, as every Cloud
	// site does, see jira.GatewayLogin.
	Gateway bool
	// Transport carries the requests to the authorization server; nil is the
	// default one.
	Transport http.RoundTripper
	Now       func() time.Time // nil is time.Now
}

// exchangeTimeout bounds one conversation with the authorization server.
const exchangeTimeout = time.Minute

func (a App) check() error {
	if a.ID == "" {
		return errors.New("oauth2: the client id is missing")
	}
	return requireTLS("token", a.TokenURL)
}

// requireTLS keeps client secrets and tokens off unencrypted wires.
func requireTLS(what, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return fmt.Errorf("oauth: the %s URL is no URL", what)
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return fmt.Errorf("oauth: the %s URL of %s must be https", what, u.Host)
	}
	return nil
}

// config reads the secret anew each time, since it may be rotated.
func (a App) config(ctx context.Context) (*oauth2.Config, error) {
	secret := ""
	if a.Secret != nil {
		var err error
		if secret, err = a.Secret.Reveal(ctx); err != nil {
			return nil, fmt.Errorf("read the client secret: %w", err)
		}
	}
	return &oauth2.Config{
		ClientID: a.ID, ClientSecret: secret, Scopes: a.Scopes,
		// In the form, where Atlassian wants them; detection would try a
		// refresh token twice.
		Endpoint: oauth2.Endpoint{AuthURL: a.AuthURL, TokenURL: a.TokenURL, AuthStyle: oauth2.AuthStyleInParams},
	}, nil
}

// dial gives the context under which the oauth2 package uses our transport.
func (a App) dial(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, newHTTPClient(a.Transport))
}

// newHTTPClient follows no redirect: it would send secrets along.
func newHTTPClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// failure turns an error of the exchange into a jira.Error, which says whether
// it can pass and what to do. secrets are what was sent, in case that the server
// repeats them.
func failure(op string, err error, secrets ...string) *jira.Error {
	e := &jira.Error{Op: op, Method: http.MethodPost, Endpoint: "oauth token"}
	var refused *oauth2.RetrieveError
	var transport *url.Error
	switch {
	case errors.As(err, &refused):
		e.Status = refused.Response.StatusCode
		e.Kind = kindOf(refused)
		e.Message, e.Hint = words(refused, secrets), hints[e.Kind]
	case errors.As(err, &transport):
		e.Kind, e.Err, e.Hint = jira.KindUnreachable, transport.Err, hints[jira.KindUnreachable]
	default:
		e.Kind, e.Err, e.Hint = jira.KindProtocol, err, hints[jira.KindProtocol]
	}
	return e
}

// words are what the server said, without what was said to it.
func words(refused *oauth2.RetrieveError, secrets []string) string {
	text := refused.ErrorCode
	if refused.ErrorDescription != "" {
		text += ": " + refused.ErrorDescription
	}
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return clip(text)
}

// hints say what to do about a conversation that failed.
var hints = map[jira.Kind]string{
	jira.KindAuth:        "the authorization server does not accept the app: check client_id and client_secret",
	jira.KindForbidden:   "the app may not ask for this; check its grants and scopes",
	jira.KindThrottled:   "the authorization server limits our requests; run again later",
	jira.KindUnavailable: "the authorization server is in trouble; run again later",
	jira.KindUnreachable: "the authorization server cannot be reached; check token_url, the network and the proxy",
	jira.KindProtocol:    "what answered is no token endpoint; check token_url",
}

// refusesGrant recognises a refresh token or code that is no longer good.
// invalid_grant is RFC 6749's word for it; Atlassian says 403
// unauthorized_client.
func refusesGrant(err error) bool {
	var refused *oauth2.RetrieveError
	return errors.As(err, &refused) && (refused.ErrorCode == "invalid_grant" || refused.ErrorCode == "unauthorized_client")
}

func kindOf(refused *oauth2.RetrieveError) jira.Kind {
	switch status := refused.Response.StatusCode; {
	case refusesGrant(refused):
		return jira.KindAuth
	case status == http.StatusTooManyRequests:
		return jira.KindThrottled
	case status >= 500:
		return jira.KindUnavailable
	case status == http.StatusForbidden:
		return jira.KindForbidden
	case status >= 300 && status < 400:
		return jira.KindProtocol
	}
	return jira.KindAuth
}

// clip keeps what the other side says short and on one line.
func clip(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if runes := []rune(text); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return text
}
