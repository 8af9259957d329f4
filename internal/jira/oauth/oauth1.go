package oauth

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/dghubble/oauth1"

	"snowdrift/internal/jira"
)

// OneLogin signs each request by OAuth 1.0a with RSA-SHA1, as an application
// link of Server or Data Center wants it. It must not be copied after use.
type OneLogin struct {
	ConsumerKey string
	PrivateKey  jira.Secret // PEM, RSA, without a passphrase
	AccessToken jira.Secret // from Dance

	mu  sync.Mutex
	pem string // for which key was parsed
	key *rsa.PrivateKey
}

var _ jira.Login = (*OneLogin)(nil)

// Apply signs the request: its method, URL and query. A repeated query
// parameter is not supported; a JSON body is not part of the signature.
func (l *OneLogin) Apply(ctx context.Context, req *http.Request) error {
	key, err := l.privateKey(ctx)
	if err != nil {
		return err
	}
	token, err := revealed(ctx, "access token", l.AccessToken)
	if err != nil {
		return err
	}
	for name, values := range req.URL.Query() {
		if len(values) > 1 {
			return fmt.Errorf("oauth1: the query parameter %q is repeated, which cannot be signed", name)
		}
	}
	config := oauth1.Config{ConsumerKey: l.ConsumerKey, Signer: &oauth1.RSASigner{PrivateKey: key}, Noncer: oauth1.Base64Noncer{}}
	// The package signs only what it sends, so it sends to us.
	signed := &signature{}
	client := config.Client(context.WithValue(ctx, oauth1.HTTPClient, &http.Client{Transport: signed}), oauth1.NewToken(token, ""))
	resp, err := client.Transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("oauth1: sign the request: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	req.Header.Set("Authorization", signed.authorization)
	return nil
}

// Refresh reads the secrets anew.
func (l *OneLogin) Refresh(ctx context.Context) error {
	for _, s := range []jira.Secret{l.PrivateKey, l.AccessToken} {
		if r, ok := s.(jira.Refresher); ok {
			if err := r.Refresh(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// problems are Jira's codes for a signed request that it refuses, with what to
// do (https://oauth.pbworks.com/ProblemReporting).
var problems = map[string]string{
	"signature_invalid":    "the private key does not belong to the public key of the application link; put the right pair in place",
	"consumer_key_unknown": "Jira knows no application link with this consumer key; check jira.auth.oauth1.consumer_key",
	"timestamp_refused":    "this machine's clock and Jira's differ by minutes; set the clock",
	"nonce_used":           "a request came twice; something between us and Jira repeats requests",
	"token_rejected":       "the access token is wrong; run snowdrift auth oauth1",
	"token_expired":        "the access token has expired; run snowdrift auth oauth1",
	"token_revoked":        "the access token was revoked; run snowdrift auth oauth1",
	"permission_denied":    "the account may not use this application link; ask the administrator",
}

// Advise reads the code of an oauth_problem.
func (l *OneLogin) Advise(_ jira.Deployment, said string) string {
	for code, advice := range problems {
		if strings.Contains(said, code) {
			return advice
		}
	}
	return "check consumer key, private key and access token; snowdrift auth oauth1 obtains a new access token"
}

// String names the login without its parts.
func (l *OneLogin) String() string { return "oauth1 login" }

// GoString keeps %#v from showing the parts.
func (l *OneLogin) GoString() string { return l.String() }

func (l *OneLogin) privateKey(ctx context.Context) (*rsa.PrivateKey, error) {
	text, err := revealed(ctx, "private key", l.PrivateKey)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.key == nil || l.pem != text {
		key, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		l.key, l.pem = key, text
	}
	return l.key, nil
}

// signature is a transport that keeps the header and sends nothing.
type signature struct {
	authorization string
}

func (s *signature) RoundTrip(req *http.Request) (*http.Response, error) {
	s.authorization = req.Header.Get("Authorization")
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

func revealed(ctx context.Context, what string, s jira.Secret) (string, error) {
	if s == nil {
		return "", fmt.Errorf("oauth1: the %s is missing", what)
	}
	value, err := s.Reveal(ctx)
	if err != nil {
		return "", fmt.Errorf("oauth1: read the %s: %w", what, err)
	}
	if value == "" {
		return "", fmt.Errorf("oauth1: the %s is empty", what)
	}
	return value, nil
}

// parseKey reads an RSA key in PKCS#1 or PKCS#8. Errors show nothing of it.
func parseKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("oauth1: the private key is not PEM; it begins with -----BEGIN PRIVATE KEY-----")
	}
	if strings.Contains(block.Type, "ENCRYPTED") || block.Headers["DEK-Info"] != "" {
		return nil, errors.New("oauth1: the private key has a passphrase; remove it with openssl pkey and keep the key in a secret store")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("oauth1: the private key is neither PKCS#1 nor PKCS#8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("oauth1: the private key is %T, but RSA-SHA1 needs RSA", parsed)
	}
	return key, nil
}
