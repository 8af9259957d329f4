package jira

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of failure an [Error] is, for callers that must decide
// (exit codes, bisecting, slicing) without reading texts.
type Kind string

// The kinds of failure. Unreachable, Throttled, Unavailable and Protocol were
// retried before they were returned; the others never are.
const (
	KindUnreachable Kind = "unreachable" // no answer: name, connection, TLS, time-out
	KindAuth        Kind = "auth"        // 401, or an answer given to an anonymous visitor
	KindCredential  Kind = "credential"  // the login has nothing to send: a secret that cannot be read or used
	KindForbidden   Kind = "forbidden"   // 403: scope, permission, CAPTCHA
	KindNotFound    Kind = "not_found"   // 404: missing, or hidden from us
	KindBadRequest  Kind = "bad_request" // 400, 413, 415, 422 and other 4xx
	KindGone        Kind = "gone"        // 410: the API was removed
	KindThrottled   Kind = "throttled"   // 429
	KindUnavailable Kind = "unavailable" // 5xx, 408
	KindProtocol    Kind = "protocol"    // an answer that cannot be what Jira meant
	KindTooLarge    Kind = "too_large"   // an answer above Options.MaxResponseBytes
)

// Named causes inside an [Error], for errors.Is.
var (
	// ErrResultWindow: Data Center refuses to page beyond its result window
	// (10,000 rows unless configured). Slice the query, for instance by created.
	ErrResultWindow = errors.New("the query matches more rows than Jira lets us page through")
	// ErrRepeatedToken: a nextPageToken came a second time; following it would never end.
	ErrRepeatedToken = errors.New("the site repeats a page token")
	// ErrEmptyPages: too many empty pages in a row that promise a further one.
	ErrEmptyPages = errors.New("the site sends empty pages without end")
	// ErrMissingToken: the site says that more pages follow but not how to get them.
	ErrMissingToken = errors.New("the site announces a further page but gives no token for it")
	// ErrWrongPage: the site answered with another page than the one asked for,
	// or with more rows than it says exist.
	ErrWrongPage = errors.New("the site answers with another page than the one asked for")
	// ErrMissingRows: a search of Data Center came to its end and showed clearly
	// fewer issues than it counts.
	ErrMissingRows = errors.New("the search does not show all the issues that it counts")
	// ErrShiftingRows: no page of a search of Data Center goes on where the one
	// before it ended, however far it goes back.
	ErrShiftingRows = errors.New("the rows of the search move while its pages turn, or its pages come empty")
	// ErrCutShort: Jira says that it did not look for all that a search asks for.
	ErrCutShort = errors.New("a search was cut short: Jira did not look for all that it asks for")
)

// Error is the failure of one call after all its attempts.
type Error struct {
	Op       string // what was tried, for people: `search issues`
	Method   string // GET or POST
	Endpoint string // a template such as "search/jql", never the URL with its values
	Status   int    // of the last answer; 0 when there was none
	Kind     Kind
	Message  string // Jira's own words, at most 1 KB, free of HTML and credentials
	Hint     string // what to do about it
	Attempts int    // requests made for this call
	Err      error  // cause, if there is one beyond the answer itself
}

// Error gives one line: what was tried, on what, what came back, what to do.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s", e.Op, e.Method, e.Endpoint)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": %d", e.Status)
	} else {
		fmt.Fprintf(&b, ": %s", e.Kind)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "; %s", e.Hint)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf gives the kind of the [Error] in err's chain, or "" if there is none
// (a cancelled context, for instance).
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// kindOfStatus maps an HTTP status that is not a success.
func kindOfStatus(status int) Kind {
	switch {
	case status == 401:
		return KindAuth
	case status == 403:
		return KindForbidden
	case status == 404:
		return KindNotFound
	case status == 410:
		return KindGone
	case status == 429:
		return KindThrottled
	case status == 408, status >= 500:
		return KindUnavailable
	case status >= 400:
		return KindBadRequest
	default:
		return KindProtocol // a success without content, or a redirect that we refuse
	}
}

// transient reports whether a failure of this kind can pass by itself.
func (k Kind) transient() bool {
	switch k {
	case KindUnreachable, KindThrottled, KindUnavailable, KindProtocol:
		return true
	}
	return false
}

// hintOf says what a person can do about a kind of failure; the call may know better.
func hintOf(kind Kind) string {
	switch kind {
	case KindUnreachable:
		return "check the URL, the network, the proxy and the CA certificates"
	case KindAuth:
		return "check the user and the token; API tokens expire after at most a year"
	case KindForbidden:
		return "the token lacks a scope or the account a permission; on Data Center a CAPTCHA may have to be solved by logging in once in a browser"
	case KindNotFound:
		return "it does not exist, or the account may not see it; check that the URL is the site's base, such as https://your-company.atlassian.net"
	case KindBadRequest:
		return "Jira refuses the request as it is; repeating it does not help"
	case KindGone:
		return "the site no longer has this API; check the deployment (cloud or datacenter)"
	case KindThrottled:
		return "the site limits our requests; lower the concurrency or run at a quieter time"
	case KindUnavailable:
		return "the site is in trouble; run again later"
	case KindTooLarge:
		return "lower the page size or raise the response limit"
	case KindProtocol:
		return "something between us and Jira alters or cuts its answers; check proxies, and run again"
	}
	return ""
}
