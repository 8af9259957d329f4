package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// callbackPath is where the browser comes back to.
const callbackPath = "/callback"

// Authorize asks a person for consent and returns the refresh token to keep.
//
// It listens on a loopback address, such as "localhost:8976", which with
// "/callback" is the callback URL to register for the app (port 0 takes a free
// one), and hands the URL to open to show. It returns when the browser has come
// back or ctx ends. A random state ties the answer to the question, and PKCE the
// code to us; servers that do not know PKCE ignore it.
func (a App) Authorize(ctx context.Context, listen string, show func(consentURL string) error) (refreshToken string, err error) {
	if err := errors.Join(a.check(), requireTLS("consent", a.AuthURL)); err != nil {
		return "", err
	}
	config, err := a.config(ctx)
	if err != nil {
		return "", err
	}
	listener, redirect, err := listenLoopback(ctx, listen)
	if err != nil {
		return "", err
	}
	config.RedirectURL = redirect
	flow := &consent{state: oauth2.GenerateVerifier(), answers: make(chan answer, 1)}
	verifier := oauth2.GenerateVerifier()
	server := &http.Server{Handler: flow, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		// Shutdown lets the browser have its page; the listener is closed either way.
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, server.Shutdown(closing))
		<-served
	}()

	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for name, values := range a.Parameters {
		for _, value := range values {
			options = append(options, oauth2.SetAuthURLParam(name, value))
		}
	}
	if err := show(config.AuthCodeURL(flow.state, options...)); err != nil {
		return "", fmt.Errorf("show the consent URL: %w", err)
	}
	select {
	case got := <-flow.answers:
		if got.err != nil {
			return "", got.err
		}
		return a.redeem(ctx, config, got.code, verifier)
	case <-ctx.Done():
		return "", fmt.Errorf("wait for consent in the browser: %w", context.Cause(ctx))
	}
}

// redeem exchanges the code for tokens.
func (a App) redeem(ctx context.Context, config *oauth2.Config, code, verifier string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	token, err := config.Exchange(a.dial(ctx), code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", failure("redeem the consent", err, config.ClientSecret, verifier)
	}
	if token.RefreshToken == "" {
		return "", errors.New("oauth2: no refresh token was given; ask for the scope offline_access")
	}
	return token.RefreshToken, nil
}

// listenLoopback opens the port, which nobody else on the network may reach.
func listenLoopback(ctx context.Context, address string) (net.Listener, string, error) {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	if err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, "", fmt.Errorf("%q is not a loopback address; use one like localhost:8976", address)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, "", fmt.Errorf("wait for the browser on %s: %w; choose another port and register it for the app", address, err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, "", errors.Join(err, listener.Close())
	}
	return listener, "http://" + net.JoinHostPort(host, port) + callbackPath, nil
}

// consent receives the browser.
type consent struct {
	state   string
	answers chan answer
}

type answer struct {
	code string
	err  error
}

func (c *consent) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if r.URL.Path != callbackPath || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.state)) != 1 {
		// Somebody else's page can send a browser here; keep waiting for ours.
		http.Error(w, "This answer does not belong to the question that was asked.", http.StatusBadRequest)
		return
	}
	got := answer{code: query.Get("code")}
	text := "Done. You can close this window."
	if got.code == "" {
		got.err = fmt.Errorf("oauth2: consent was not given: %s", clip(query.Get("error")+" "+query.Get("error_description")))
		text = "Consent was not given. You can close this window."
	}
	select {
	case c.answers <- got:
	default: // the browser repeats itself
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, text) // the browser may have gone; what it brought is here
}
