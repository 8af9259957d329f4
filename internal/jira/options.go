package jira

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Deployment is the dialect a site speaks.
type Deployment string

// The two dialects: REST v3 with page tokens, and REST v2 with offsets.
const (
	Cloud      Deployment = "cloud"
	DataCenter Deployment = "datacenter" // also Server
)

// Options say where Jira is, who we are and how hard we may pull. Only BaseURL
// and Login are needed.
type Options struct {
	// BaseURL is https://your-company.atlassian.net, or the base of a Data
	// Center with its context path: https://jira.example.com/jira.
	BaseURL string
	// Deployment is asked from the site when empty.
	Deployment Deployment
	// Login puts the Authorization on each request.
	Login Login
	// Transport carries the requests; nil is one tuned for a few long-lived
	// connections, with HTTP/2 and the proxy of the environment.
	Transport http.RoundTripper
	// Concurrency is the highest number of requests in flight, default 8. The
	// number really used sinks below it when Jira throttles.
	Concurrency int
	// RequestsPerSecond limits all requests together; 0 is no fixed limit.
	RequestsPerSecond float64
	// RequestTimeout covers one attempt to the last byte of its body, default 120 s.
	RequestTimeout time.Duration
	// RetryBudget is how long one call may go on retrying, default 15 min.
	// Waiting for an exhausted quota to be reset does not count.
	RetryBudget time.Duration
	// MaxResponseBytes bounds one answer after decoding, default 256 MiB.
	MaxResponseBytes int64
	// AllowHTTP permits plain http to hosts other than this one.
	AllowHTTP bool
	// CloudID, if known, sends API calls through the gateway at once (see
	// Site.Gateway) and not only when the site refuses the token.
	CloudID string
	// GatewayURL is where the gateway is, default https://api.atlassian.com;
	// tests put their own here.
	GatewayURL string

	Log   *slog.Logger                                     // nil discards
	Now   func() time.Time                                 // nil is time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil sleeps
	Rand  func() float64                                   // in [0,1); nil is math/rand
}

// withDefaults fills in what is empty, and refuses what cannot be meant.
func (o Options) withDefaults() (Options, *url.URL, error) {
	base, err := parseBase(o.BaseURL, o.AllowHTTP)
	if err != nil {
		return o, nil, err
	}
	switch o.Deployment {
	case "", Cloud, DataCenter:
	default:
		return o, nil, fmt.Errorf("jira deployment %q is unknown; use %s or %s, or leave it empty", o.Deployment, Cloud, DataCenter)
	}
	if o.Concurrency < 0 || o.RequestsPerSecond < 0 || o.RequestTimeout < 0 || o.RetryBudget < 0 || o.MaxResponseBytes < 0 {
		return o, nil, fmt.Errorf("jira options for %s: a limit is negative; leave it 0 for its default", base.Host)
	}
	setDefault(&o.Concurrency, 8)
	setDefault(&o.RequestTimeout, 120*time.Second)
	setDefault(&o.RetryBudget, 15*time.Minute)
	setDefault(&o.MaxResponseBytes, 256<<20)
	setDefault(&o.GatewayURL, "https://api.atlassian.com")
	if o.Transport == nil {
		o.Transport = NewTransport(o.Concurrency)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Rand == nil {
		o.Rand = rand.Float64
	}
	return o, base, nil
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// parseBase checks a base URL. It may not hold a password, because URLs end up
// in logs and in the tables.
func parseBase(text string, allowHTTP bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		// The error of url.Parse repeats its input, which may hold a password.
		return nil, fmt.Errorf("the Jira URL cannot be parsed; write it like https://your-company.atlassian.net")
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("the Jira URL of %s holds a user or password; remove it and configure a login", u.Hostname())
	case u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%q is not a Jira URL; write it like https://your-company.atlassian.net", text)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the Jira URL of %s has a query or fragment; give only the site's base", u.Hostname())
	case u.Scheme == "http" && !allowHTTP && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("the Jira URL http://%s would send the token unencrypted; use https, or allow plain http explicitly", u.Host)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// NewTransport keeps as many connections as requests can be in flight, and
// leaves decompression to us, so that bytes on the wire can be counted and a
// faster decoder used.
func NewTransport(concurrency int) *http.Transport {
	dialer := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: concurrency,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second,
		DisableCompression:  true,
		ReadBufferSize:      64 << 10,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
