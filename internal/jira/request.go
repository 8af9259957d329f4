package jira

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
)

// call is one thing that we want from Jira. It can be sent several times.
type call struct {
	op       string // for people: `search issues`
	method   string
	endpoint string // name in errors, statistics and limits
	path     string // below the base URL: /rest/api/3/field
	query    url.Values
	body     any // sent as JSON if not nil

	// accept takes a successful answer. Its error says that the answer is not
	// what Jira can have meant, and the call is sent again. It may keep
	// answer.body by setting it to nil; else the buffer is reused.
	accept func(*answer) error
	// refused, if set, may replace a failure by a more telling one before the
	// retry policy sees it.
	refused func(*Error)
	// anonymous sends no login.
	anonymous bool
	// budget, if set, is used in place of Options.RetryBudget.
	budget time.Duration
}

// answer is a successful response.
type answer struct {
	header   http.Header
	body     *buffer
	sent     time.Time
	received time.Time
}

// decode reads a JSON answer into v, copying.
func (a *answer) decode(v any) error { return unmarshal(a.body.b, v) }

func unmarshal(text []byte, v any) error {
	if err := json.Unmarshal(text, v, lenient); err != nil {
		return fmt.Errorf("decode the answer: %w", shortJSONError(err))
	}
	return nil
}

// attempt is what came of sending a call once.
type attempt struct {
	err           *Error // nil: success
	throttle      throttle
	retryable     bool
	queued        time.Duration // until the governor let it leave
	generation    int           // of the login
	authorization string        // as sent
}

// send sends call once, under a permit of the governor. The returned error is
// the context's; failures of the call are in the attempt. A request whose
// Authorization is the one refused is not sent.
func (c *Client) send(ctx context.Context, call *call, refused string) (attempt, error) {
	var try attempt
	asked := c.options.Now()
	permit, err := c.governor.admit(ctx, call.endpoint)
	if err != nil {
		return try, err
	}
	defer permit.done()
	try.queued = c.options.Now().Sub(asked)

	within, cancel := context.WithTimeout(ctx, c.options.RequestTimeout)
	defer cancel()
	req, err := c.newRequest(within, call)
	if err != nil {
		try.err = call.failure(KindBadRequest, err)
		return try, nil
	}
	if !call.anonymous {
		if try.generation, err = c.session.apply(within, req); err != nil {
			if ctx.Err() != nil {
				return try, context.Cause(ctx)
			}
			try.noLogin(call, err)
			return try, nil
		}
		try.authorization = req.Header.Get("Authorization")
	}
	if refused != "" && refused == try.authorization {
		return try, errSameCredential
	}
	resp, err := c.exchange(req, call, &try)
	if ctx.Err() != nil {
		return try, context.Cause(ctx)
	}
	if err != nil {
		try.err, try.retryable = call.unreachable(err, c.options.RequestTimeout)
	}
	c.report(permit, call, resp, &try)
	return try, nil
}

// noLogin records that no credential could be had. A [Login] that talks to a
// server of its own can say by an *Error that this may pass.
func (try *attempt) noLogin(call *call, cause error) {
	kind := KindCredential
	if k := KindOf(cause); k != "" {
		kind = k
	}
	try.err = call.failure(kind, cause)
	try.err.Hint = "" // the cause has its own
	try.retryable = kind.transient()
}

// errSameCredential: the login has no other credential than the refused one.
var errSameCredential = errors.New("the renewed credential is the refused one")

func (c *Client) newRequest(ctx context.Context, call *call) (*http.Request, error) {
	target := *c.base
	target.Path += call.path
	target.RawQuery = call.query.Encode()
	var body io.Reader
	if call.body != nil {
		text, err := json.Marshal(call.body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, call.method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", "snowdrift")
	return req, nil
}

// exchange sends req and takes its answer. It returns an error when the
// connection failed; every other outcome is left in try.
func (c *Client) exchange(req *http.Request, call *call, try *attempt) (*http.Response, error) {
	sent := c.options.Now()
	// The transport repeats a request by itself when a kept connection turns out
	// to be dead; counting the connections it took keeps the statistics exact.
	var tries atomic.Int64
	trace := httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { tries.Add(1) }}
	resp, err := c.http.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), &trace)))
	c.stats.requested(call.endpoint, max(1, tries.Load()))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, wire, err := c.bodies.read(resp)
	c.stats.wire.Add(wire)
	if body != nil {
		c.stats.decoded.Add(int64(len(body.b)))
	}
	a := &answer{header: resp.Header, body: body, sent: sent, received: c.options.Now()}
	defer func() { c.bodies.put(a.body) }()

	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		// The status decides even if the body that explains it was cut.
		c.refusal(try, call, resp, body)
	case errors.Is(err, errTooLarge):
		try.err = call.failure(KindTooLarge, err)
		try.err.Status = resp.StatusCode
	case err != nil && (req.Context().Err() != nil || errors.As(err, new(*net.OpError))):
		return nil, err // the connection stalled or broke; Jira is not to blame
	case err != nil:
		try.malformed(call, resp, err)
	case !call.anonymous && isAnonymous(resp.Header):
		try.err = c.anonymous(call)
	default:
		if err := call.accept(a); err != nil {
			try.malformed(call, resp, err)
		}
	}
	return resp, nil
}

// anonymous is a success that was meant for anybody.
func (c *Client) anonymous(call *call) *Error {
	e := call.failure(KindAuth, nil)
	e.Status = http.StatusOK
	e.Message = "Jira answers, but as to an anonymous visitor: it did not accept the login"
	c.advise(e)
	return e
}

// advise lets the login say what to do about its refusal.
func (c *Client) advise(e *Error) {
	if a, ok := c.options.Login.(Adviser); ok {
		e.Hint = a.Advise(c.site.Deployment, e.Message)
	}
	if strings.Contains(e.Message, "scope does not match") { // the gateway's words, which are not translated
		e.Hint = "the token lacks a scope: it needs read:jira-work and read:jira-user; scopes are chosen when a token is made, so make a new one"
	}
}

// refusal records an answer other than a success.
func (c *Client) refusal(try *attempt, call *call, resp *http.Response, body *buffer) {
	kind := kindOfStatus(resp.StatusCode)
	e := call.failure(kind, nil)
	e.Status = resp.StatusCode
	if body != nil {
		e.Message = messageOf(resp.Header.Get("Content-Type"), body.b, try.authorization)
	}
	redirect := resp.StatusCode >= 300 && resp.StatusCode < 400
	switch {
	case redirect:
		e.Message = "the site redirects to " + redirectTarget(resp)
		e.Hint = "give the URL that it redirects to, if that is Jira's; a page for logging in cannot be used by a program"
	case resp.Header.Get("X-Authentication-Denied-Reason") != "":
		e.Hint = "too many wrong logins: log in once in a browser and solve the CAPTCHA, then correct the password or token"
	case kind == KindAuth && !call.anonymous:
		c.advise(e)
	}
	try.err = e
	try.retryable = kind.transient() && !redirect
}

func (try *attempt) malformed(call *call, resp *http.Response, cause error) {
	try.err = call.failure(KindProtocol, cause)
	try.err.Status = resp.StatusCode
	if isHTML(resp.Header.Get("Content-Type")) {
		try.err.Message = "the answer is an HTML page"
		try.err.Hint = "is the URL Jira's base, and is there a login page in between?"
	}
	try.retryable = true
}

// report tells the governor, the statistics and the log how it went.
func (c *Client) report(permit *permit, call *call, resp *http.Response, try *attempt) {
	status := 0
	if resp != nil {
		status = resp.StatusCode
		c.governor.learn(permit, readRate(resp.Header))
		c.stats.limits(resp.Header)
		if try.err != nil {
			try.throttle = readThrottle(resp.Header, c.options.Now())
		}
	}
	switch {
	case try.err == nil:
		permit.succeeded(nearLimit(resp.Header))
	case try.err.Kind == KindThrottled:
		c.stats.throttled.Add(1)
		c.governor.throttled(permit, call.endpoint, try.throttle)
	case status == http.StatusServiceUnavailable:
		// A site that says how long it is away says so for all that would ask it. They
		// are not too many for it, and so no fewer at once afterwards.
		if wait := try.throttle.wait; resp.Header.Get("Retry-After") != "" && wait <= c.governor.patience {
			permit.site.lane.pause(c.options.Now().Add(wait))
		}
	}
	if call.refused != nil && try.err != nil {
		call.refused(try.err)
		try.retryable = try.retryable && try.err.Kind.transient()
	}
	c.options.Log.Debug("jira request", "endpoint", call.endpoint, "status", status, "ok", try.err == nil)
}

// failure begins an error of this call.
func (call *call) failure(kind Kind, cause error) *Error {
	return &Error{Op: call.op, Method: call.method, Endpoint: call.endpoint, Kind: kind, Hint: hintOf(kind), Err: cause}
}

// unreachable classifies a failure without an answer. A name that does not
// exist and a certificate that does not fit will not mend themselves.
func (call *call) unreachable(err error, timeout time.Duration) (e *Error, retryable bool) {
	var (
		wrapped *url.Error
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
	)
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL and what is in its query
	}
	e = call.failure(KindUnreachable, err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.Err = fmt.Errorf("no complete answer within %s", timeout)
	case errors.As(err, &dns) && dns.IsNotFound:
		e.Hint = "check the host name in the URL"
		return e, false
	case errors.As(err, &cert):
		e.Hint = hintOfCertificate(err)
		return e, false
	}
	return e, true
}

// hintOfCertificate says what to do about a certificate that was refused. No CA helps
// against one for another host.
func hintOfCertificate(err error) string {
	var name x509.HostnameError
	if !errors.As(err, &name) {
		return "the server's certificate is not trusted; configure the CA that signed it"
	}
	hosts := slices.Clone(name.Certificate.DNSNames)
	for _, ip := range name.Certificate.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	if len(hosts) == 0 {
		return "the server's certificate names no host; the site's administrator has to get one for " + name.Host
	}
	return fmt.Sprintf("the server's certificate is for another host, %s, and not for %s; use that name in the URL, or have the server present its own", strings.Join(hosts, ", "), name.Host)
}

// isAnonymous recognises a 200 that was given to nobody in particular: Data
// Center says in a header that the login failed, and answers all the same
// (JRA-41559).
func isAnonymous(h http.Header) bool {
	reasons := strings.ToUpper(strings.Join(h.Values("X-Seraph-LoginReason"), ","))
	return strings.Contains(reasons, "AUTHENTICATED_FAILED") || strings.Contains(reasons, "AUTHENTICATION_DENIED")
}

// redirectTarget shows where to, without query and fragment: they may hold tokens.
func redirectTarget(resp *http.Response) string {
	to, err := resp.Location()
	if err != nil {
		return "nowhere"
	}
	return to.Scheme + "://" + to.Host + to.Path
}

// followRedirect is the http.Client's policy: within the same origin and
// without a change of method, else the redirect itself is the answer.
func followRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if len(via) > 3 || req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host || req.Method != first.Method {
		return http.ErrUseLastResponse
	}
	return nil
}
