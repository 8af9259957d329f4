package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/dghubble/oauth1"

	"snowdrift/internal/jira"
)

// Dance is the three-legged OAuth 1.0a way to an access token: [Dance.Begin]
// gives a URL at which a person approves, Jira shows that person a verifier, and
// [Dance.Finish] turns the verifier into the token for [OneLogin].
type Dance struct {
	BaseURL     string // of the Data Center, with its context path
	ConsumerKey string // of the application link
	PrivateKey  jira.Secret
	Callback    string            // empty is "oob": Jira shows the verifier on a page
	Transport   http.RoundTripper // nil is the default one
}

// Approval is a dance after its first step.
type Approval struct {
	URL string // to be opened by the person who approves

	token, secret string
}

// Begin asks for a request token.
func (d Dance) Begin(ctx context.Context) (*Approval, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	config, err := d.config(ctx)
	if err != nil {
		return nil, err
	}
	token, secret, err := config.RequestToken()
	if err != nil {
		return nil, d.failure("ask for a request token", err)
	}
	page, err := config.AuthorizationURL(token)
	if err != nil {
		return nil, d.failure("make the URL for approval", err)
	}
	return &Approval{URL: page.String(), token: token, secret: secret}, nil
}

// Finish redeems the verifier. The access token is good for years unless revoked.
func (d Dance) Finish(ctx context.Context, approval *Approval, verifier string) (accessToken string, err error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	config, err := d.config(ctx)
	if err != nil {
		return "", err
	}
	accessToken, _, err = config.AccessToken(approval.token, approval.secret, strings.TrimSpace(verifier))
	if err != nil {
		return "", d.failure("redeem the verifier", err)
	}
	return accessToken, nil
}

func (d Dance) config(ctx context.Context) (*oauth1.Config, error) {
	if d.ConsumerKey == "" {
		return nil, errors.New("oauth1: the consumer key is missing")
	}
	if err := requireTLS("Jira", d.BaseURL); err != nil {
		return nil, err
	}
	text, err := revealed(ctx, "private key", d.PrivateKey)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(text)
	if err != nil {
		return nil, err
	}
	callback := d.Callback
	if callback == "" {
		callback = "oob"
	}
	client := newHTTPClient(under{ctx, d.Transport})
	base := strings.TrimRight(d.BaseURL, "/") + "/plugins/servlet/oauth/"
	return &oauth1.Config{
		ConsumerKey: d.ConsumerKey, CallbackURL: callback, HTTPClient: client,
		Signer: &oauth1.RSASigner{PrivateKey: key}, Noncer: oauth1.Base64Noncer{},
		Endpoint: oauth1.Endpoint{RequestTokenURL: base + "request-token", AuthorizeURL: base + "authorize", AccessTokenURL: base + "access-token"},
	}, nil
}

// under gives requests of a package that knows no contexts the one of the call.
type under struct {
	ctx  context.Context
	base http.RoundTripper
}

func (u under) RoundTrip(req *http.Request) (*http.Response, error) {
	base := u.base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(req.WithContext(u.ctx))
}

// failure shows Jira's oauth_problem, which is a code, and what to do.
func (d Dance) failure(op string, err error) error {
	var transport *url.Error
	if errors.As(err, &transport) {
		return &jira.Error{Op: op, Method: http.MethodPost, Endpoint: "oauth1", Kind: jira.KindUnreachable, Err: transport.Err}
	}
	return &jira.Error{
		Op: op, Method: http.MethodPost, Endpoint: "oauth1", Kind: jira.KindAuth, Err: errors.New(clip(err.Error())),
		Hint: fmt.Sprintf("check that the application link of %s has the consumer key and the public key, and that the clocks agree", d.BaseURL),
	}
}
