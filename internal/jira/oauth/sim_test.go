package oauth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jira/oauth"
	"snowdrift/internal/jirasim"
	"snowdrift/internal/jirasim/simtest"
)

// The logins against the simulator, which judges tokens and signatures by code
// that shares nothing with ours.

type secret string

func (s secret) Reveal(context.Context) (string, error) { return string(s), nil }

func listen(t *testing.T, o jirasim.Options) (*jirasim.Sim, string) {
	t.Helper()
	o.Issues, o.Token, o.Email = 5, "not-this-way", "user7@example.com"
	return simtest.Serve(t, o)
}

// logIn dials and reads, to see that the login holds for both.
func logIn(t *testing.T, base string, login jira.Login) *jira.Client {
	t.Helper()
	c, err := jira.Dial(t.Context(), jira.Options{BaseURL: base, GatewayURL: base, Login: login})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	readFields(t, c)
	return c
}

func readFields(t *testing.T, c *jira.Client) {
	t.Helper()
	if fields, err := c.Fields(t.Context()); err != nil || len(fields) == 0 {
		t.Fatalf("%d fields, %v", len(fields), err)
	}
}

func app(base string) oauth.App {
	return oauth.App{
		ID: "app-7", Secret: secret("client-secret-7"), Scopes: []string{"read:jira-work", "offline_access"},
		AuthURL: base + "/authorize", TokenURL: base + "/oauth/token", Gateway: true,
	}
}

func TestConsentThenLogin(t *testing.T) {
	sim, base := listen(t, jirasim.Options{OAuth2: &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "client-secret-7"}})
	refreshToken, err := app(base).Authorize(t.Context(), "127.0.0.1:0", func(consentURL string) error {
		go func() {
			resp, err := http.Get(consentURL) // which leads back to us
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := refreshToken
	login, err := app(base).UserLogin(secret(refreshToken), func(_ context.Context, next string) error { kept = next; return nil })
	if err != nil {
		t.Fatal(err)
	}
	c := logIn(t, base, login)
	if kept == refreshToken {
		t.Error("the refresh token was not replaced")
	}
	if c.Site().Gateway == "" {
		t.Error("not through the gateway")
	}

	first := kept
	sim.ExpireAccessTokens()
	readFields(t, c)
	if kept == first {
		t.Error("the login was not renewed")
	}
	sim.RevokeGrants()
	if _, err := c.Fields(t.Context()); jira.KindOf(err) != jira.KindAuth {
		t.Errorf("after the consent was taken back: %v", err)
	}
}

func TestServiceAccounts(t *testing.T) {
	o := &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "client-secret-7"}
	t.Run("cloud", func(t *testing.T) {
		sim, base := listen(t, jirasim.Options{OAuth2: o})
		login, err := app(base).ServiceLogin()
		if err != nil {
			t.Fatal(err)
		}
		c := logIn(t, base, login)
		sim.ExpireAccessTokens()
		readFields(t, c)
	})
	t.Run("data center", func(t *testing.T) {
		_, base := listen(t, jirasim.Options{Deployment: jirasim.DataCenter, OAuth2: o})
		a := app(base)
		a.TokenURL, a.Gateway = oauth.DataCenterTokenURL(base), false
		login, err := a.ServiceLogin()
		if err != nil {
			t.Fatal(err)
		}
		logIn(t, base, login)
	})
}

func TestDanceThenLogin(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, base := listen(t, jirasim.Options{Deployment: jirasim.DataCenter, OAuth1: &jirasim.OAuth1{ConsumerKey: "snowdrift", PublicKey: &key.PublicKey}})
	private := secret(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	dance := oauth.Dance{BaseURL: base, ConsumerKey: "snowdrift", PrivateKey: private, Callback: "http://localhost/back"}
	approval, err := dance.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	verifier := approve(t, approval.URL)
	token, err := dance.Finish(t.Context(), approval, verifier)
	if err != nil {
		t.Fatal(err)
	}
	c := logIn(t, base, &oauth.OneLogin{ConsumerKey: "snowdrift", PrivateKey: private, AccessToken: secret(token)})
	for page, err := range c.Search(t.Context(), jira.Search{JQL: "order by key"}) {
		if err != nil || len(page.Issues) != 5 {
			t.Fatalf("%+v, %v", page, err)
		}
	}
	if _, err := c.Projects(t.Context()); err != nil { // has a query, which is signed
		t.Error(err)
	}
}

// approve plays the person, who is sent back with the verifier.
func approve(t *testing.T, page string) string {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || back.Query().Get("oauth_verifier") == "" {
		t.Fatalf("status %d, back to %v, %v", resp.StatusCode, back, err)
	}
	return back.Query().Get("oauth_verifier")
}
