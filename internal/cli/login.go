package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"snowdrift/internal/config"
	"snowdrift/internal/jira"
	"snowdrift/internal/jira/oauth"
	"snowdrift/internal/secret"
)

// transportOf returns the transport for a site's own certificates or proxy, nil
// for the client's usual one.
func transportOf(ctx context.Context, j config.Jira) (http.RoundTripper, error) {
	certificates, err := j.TLS.ClientConfig()
	if err != nil {
		return nil, usageError{fmt.Errorf("jira.%w", err)}
	}
	if certificates == nil && j.Proxy.IsZero() {
		return nil, nil
	}
	transport := jira.NewTransport(j.Concurrency)
	transport.TLSClientConfig = certificates
	if !j.Proxy.IsZero() {
		text, err := j.Proxy.Reveal(ctx)
		if err != nil {
			return nil, err
		}
		proxy, err := url.Parse(text)
		if err != nil || proxy.Host == "" { // the error would show the password in it
			return nil, usageError{errors.New("jira.proxy is not a URL; write it as http://proxy.example.org:3128")}
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	return transport, nil
}

// loginOf returns the login that the configuration asks for.
func (a *app) loginOf(j config.Jira, transport http.RoundTripper) (jira.Login, error) {
	switch auth := j.Auth; auth.Method {
	case config.AuthBearer:
		return jira.Bearer{Token: rotating{auth.Token}}, nil
	case config.AuthOAuth1:
		if onCloud(j) {
			return nil, usageError{errors.New("jira.auth.method is oauth1, and Cloud has no application links for it; use basic or oauth2")}
		}
		return &oauth.OneLogin{
			ConsumerKey: auth.OAuth1.ConsumerKey, PrivateKey: rotating{auth.OAuth1.PrivateKey}, AccessToken: rotating{auth.OAuth1.AccessToken},
		}, nil
	case config.AuthOAuth2:
		app := oauthApp(j, transport)
		if auth.OAuth2.Grant == config.GrantClientCredentials {
			return app.ServiceLogin()
		}
		return app.UserLogin(rotating{auth.OAuth2.RefreshToken}, a.keepRefreshToken(auth.OAuth2.RefreshToken))
	default:
		if auth.Email != "" {
			return jira.Basic{User: auth.Email, Secret: rotating{auth.APIToken}}, nil
		}
		return jira.Basic{User: auth.User, Secret: rotating{auth.Password}}, nil
	}
}

// keepRefreshToken stores a new refresh token where the old one came from. A
// place that cannot be written is no reason to fail this run, but the next one
// will not get in.
func (a *app) keepRefreshToken(token secret.String) oauth.Store {
	return func(ctx context.Context, fresh string) error {
		err := token.Replace(ctx, fresh)
		if errors.Is(err, secret.ReadOnly) {
			a.log.Warn("Jira replaced the refresh token, and the new one cannot be stored where the old one came from: the next run will not be able to log in; keep it in a file, in Vault or in AWS SSM", "reference", token.Reference())
			return nil
		}
		return err
	}
}

// oauthApp returns the OAuth 2.0 app of the configuration; what is not said
// there follows from the kind of site.
func oauthApp(j config.Jira, transport http.RoundTripper) oauth.App {
	c := j.Auth.OAuth2
	app := oauth.App{
		ID: c.ClientID, Secret: rotating{c.ClientSecret}, AuthURL: c.AuthorizeURL, TokenURL: c.TokenURL,
		Scopes: c.Scopes, Transport: transport,
	}
	authURL, tokenURL := oauth.DataCenterAuthURL(j.URL), oauth.DataCenterTokenURL(j.URL)
	if onCloud(j) {
		authURL, tokenURL = oauth.CloudAuthURL, oauth.CloudTokenURL
		app.Gateway, app.Parameters = true, oauth.CloudParameters()
		if len(app.Scopes) == 0 {
			app.Scopes = []string{"read:jira-work", "read:jira-user", "offline_access"}
		}
	}
	if app.AuthURL == "" {
		app.AuthURL = authURL
	}
	if app.TokenURL == "" {
		app.TokenURL = tokenURL
	}
	return app
}

// onCloud tells before any request what kind of site it is.
func onCloud(j config.Jira) bool {
	if j.Deployment != config.DeploymentAuto {
		return j.Deployment == config.DeploymentCloud
	}
	u, err := url.Parse(j.URL)
	return err == nil && strings.HasSuffix(u.Hostname(), ".atlassian.net")
}

// rotating lets the Jira client read a secret again after it was refused.
type rotating struct{ secret.String }

// Refresh reads the secret again.
func (r rotating) Refresh(ctx context.Context) error {
	_, err := r.Reload(ctx)
	return err
}
