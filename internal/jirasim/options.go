package jirasim

import (
	"errors"
	"fmt"
	"net/http"
	"time"
	_ "time/tzdata" // the account's zone must not depend on the machine
)

// The two dialects of [Options.Deployment].
const (
	Cloud      = "cloud"
	DataCenter = "datacenter"
)

// Options describe a site. The zero value is a Cloud site with 500 issues in
// 5 projects, an account in UTC, and any login accepted.
type Options struct {
	Deployment string // Cloud (default) or DataCenter

	// Issues and Projects are generated from Seed; 0 means 500 issues (none
	// when Data is given, negative: none) in 5 projects.
	Issues   int
	Projects int
	Seed     uint64
	// Until is when the newest generated change happened. It is fixed, so that
	// equal seeds give equal sites; default 2026-06-01, or the site's clock
	// where that is earlier.
	Until time.Time
	// ExtraCustomFields makes a wide site: so many custom fields more, nearly
	// all of them null in any one issue.
	ExtraCustomFields int
	// OddValues makes about 1 % of the generated issues carry values that are
	// legal JSON and hard to load: NUL, lone surrogates, 1e400, "" as a number,
	// the year 51502, strings where objects are declared, absent fields.
	OddValues bool

	// Data names .jsonl or .jsonl.gz files with one raw issue per line, served
	// verbatim under its own id and key. Of lines with one id the last wins.
	Data []string

	// BaseURL stands in `self` links and serverInfo. It is not where the
	// simulator listens, so that a restarted site serves the same bytes.
	BaseURL string
	Now     func() time.Time // the site's clock; nil: time.Now
	// TimeZone is the API user's (myself.timeZone): dates are rendered in it
	// and JQL literals are read in it. Default UTC.
	TimeZone string
	// RepeatedHour says which pass of the hour that repeats at the end of DST
	// a JQL literal means: "second" (default; Java's calendars) or "first"
	// (java.time). Which of them a site uses is not documented.
	RepeatedHour string
	// NoEpochMillis: unquoted epoch milliseconds as date operands get a 400.
	NoEpochMillis bool

	// NoTimeTracking is a site that has switched time tracking off: no issue shows
	// worklogs, and to ask for them is a 404.
	NoTimeTracking bool

	// Email and Token are the accepted Basic login, BearerToken the accepted
	// bearer. With none of them set any Authorization is accepted; a request
	// without one is anonymous.
	Email, Token string
	BearerToken  string
	// OAuth1 and OAuth2 are further logins, with the servers that belong to
	// them.
	OAuth1 *OAuth1
	OAuth2 *OAuth2
	// CloudID names the site to the gateway (Cloud), which is served under
	// /ex/jira/{cloudId}; ScopedToken refuses Basic logins anywhere else.
	CloudID     string
	ScopedToken bool
	// CaptchaAfter so many wrong Basic logins in a row, even the right one gets
	// a 403 that asks for a CAPTCHA. 0: never.
	CaptchaAfter int
	// FallBackToAnonymous answers a wrong login like no login (200, empty
	// view, X-Seraph-LoginReason: AUTHENTICATED_FAILED) instead of 401.
	FallBackToAnonymous bool

	// PageCap is the biggest page of issues with real fields; default 100 on
	// Cloud (ids and keys alone: 5000), 1000 on Data Center.
	PageCap int
	// ResultWindow is Data Center's deep paging limit: startAt+maxResults
	// beyond it gives 500. Default 10,000, negative: none.
	ResultWindow int
	Latency      time.Duration
	// RateLimit is in requests per second (a token bucket of one second's
	// size, filled by the site's clock); beyond it 429. 0: none.
	RateLimit float64
	// IndexLag says how long after a change search sees it; direct reads see
	// it at once. nil: no lag.
	IndexLag func(id int64) time.Duration
}

// withDefaults fills what was left out and refuses what contradicts itself.
func (o Options) withDefaults() (Options, error) {
	if o.Deployment == "" {
		o.Deployment = Cloud
	}
	if o.Deployment != Cloud && o.Deployment != DataCenter {
		return o, fmt.Errorf("jirasim: deployment %q: use %q or %q", o.Deployment, Cloud, DataCenter)
	}
	if len(o.Data) > 0 && o.Issues > 0 {
		return o, errors.New("jirasim: data files and generated issues exclude each other: leave Issues 0")
	}
	if len(o.Data) > 0 || o.Issues < 0 {
		o.Issues = 0
	} else if o.Issues == 0 {
		o.Issues = 500
	}
	if o.Projects <= 0 {
		o.Projects = 5
	}
	if o.Projects > maxProjects {
		return o, fmt.Errorf("jirasim: %d projects: at most %d", o.Projects, maxProjects)
	}
	if o.BaseURL == "" {
		o.BaseURL = "https://jira.example.com"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.TimeZone == "" {
		o.TimeZone = "UTC"
	}
	switch o.RepeatedHour {
	case "":
		o.RepeatedHour = "second"
	case "first", "second":
	default:
		return o, fmt.Errorf("jirasim: repeated hour %q: use first or second", o.RepeatedHour)
	}
	if o.CloudID == "" {
		o.CloudID = "11223344-a1b2-4c3d-8e9f-001122334455"
	}
	if o.OAuth2 != nil {
		o.OAuth2 = o.OAuth2.withDefaults()
	}
	if o.PageCap <= 0 {
		o.PageCap = 100
		if o.Deployment == DataCenter {
			o.PageCap = 1000
		}
	}
	if o.ResultWindow == 0 {
		o.ResultWindow = 10_000
	}
	if o.Until.IsZero() {
		o.Until = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
		if now := o.Now(); now.Before(o.Until) {
			o.Until = now
		}
	}
	return o, nil
}

// maxProjects keeps project indexes in 16 bits.
const maxProjects = 20_000

// Fault is what goes wrong with one answer. The zero value changes nothing;
// fields combine where that makes sense (a Status with a CutAfter).
type Fault struct {
	// Status, Header and Body replace the answer when Status is not 0.
	Status int
	Header http.Header
	Body   string

	// CutAfter > 0: the connection breaks after so many bytes of the body as it
	// is sent, compressed or not; a shorter body stays whole.
	CutAfter int
	BadGzip  bool // the body claims to be gzip and is not
	BadJSON  bool // the body ends in the middle of a value, with a right length
	// Stall: no answer until the client gives up; with CutAfter no more after
	// so many bytes.
	Stall bool
	Reset bool // the connection is reset without an answer

	// Faults of one page of a search.
	RepeatToken bool // the token handed in is handed out again
	EmptyPage   bool // no issues, but a token that continues where it stood
	Duplicates  bool // every issue of the page twice
	OmitIsLast  bool // no isLast
	ShortPage   int  // > 0: at most so many issues, though more were asked for
	TotalOff    int  // Data Center: total is wrong by so much
}
