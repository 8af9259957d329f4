package jira

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"snowdrift/internal/jiratime"
)

// scope says what a limit holds for.
type scope int

const (
	scopeSite     scope = iota // everything, briefly
	scopeEndpoint              // one endpoint, briefly
	scopeQuota                 // everything, until the quota is reset
)

// throttle is what an answer says about waiting.
type throttle struct {
	scope  scope
	reason string        // RateLimit-Reason, a machine name
	wait   time.Duration // 0: the answer does not say
	rate   statedRate    // of the burst limit that was hit, if stated
}

// readThrottle reads the headers of a 429 or 5xx. Facts used
// (developer.atlassian.com, "Rate limiting", October 2026): Retry-After holds
// seconds or, as HTTP allows, a date; X-RateLimit-Reset an ISO-8601 instant,
// sometimes without seconds; RateLimit-Reason names the limit that was hit. Some
// answers of the gateway carry no Retry-After at all. Headers that begin with
// Beta- announce limits to come and bind nobody.
func readThrottle(h http.Header, now time.Time) throttle {
	t := throttle{reason: h.Get("RateLimit-Reason"), scope: scopeOf(h.Get("RateLimit-Reason"))}
	// A burst limit is so many requests a second.
	if limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit")); err == nil && limit > 0 && t.scope == scopeEndpoint {
		t.rate = statedRate{scope: scopeEndpoint, perSecond: float64(limit), bucket: limit}
	}
	// The site's own clock, where it shows it, is the one its dates refer to.
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	if wait, ok := parseRetryAfter(h.Get("Retry-After"), now); ok {
		t.wait = wait
	} else if reset, err := jiratime.Parse([]byte(strings.TrimSpace(h.Get("X-RateLimit-Reset")))); err == nil {
		t.wait = max(0, reset.Sub(now))
	} else if t.scope == scopeQuota {
		// Quotas are reset at the top of the UTC hour.
		t.wait = now.Truncate(time.Hour).Add(time.Hour).Sub(now)
	}
	return t
}

// scopeOf reads a RateLimit-Reason, such as jira-burst-based,
// jira-quota-tenant-based, jira-cost-based or jira-per-issue-on-write.
func scopeOf(reason string) scope {
	switch reason = strings.ToLower(reason); {
	case strings.Contains(reason, "quota"), strings.Contains(reason, "cost"):
		return scopeQuota
	case strings.Contains(reason, "burst"), strings.Contains(reason, "per-issue"):
		return scopeEndpoint
	default:
		return scopeSite
	}
}

func parseRetryAfter(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 && seconds < 1e9 {
		return time.Duration(seconds * float64(time.Second)), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// statedRate is a limit that a site publishes about itself on every answer.
type statedRate struct {
	scope     scope
	perSecond float64 // 0: none stated
	bucket    int     // requests that may come at once
}

// burstPolicy finds the per-second policy among those of a RateLimit-Policy
// header: "global-app-quota";q=65000;w=3600,"jira-burst-based";q=100;w=1
var burstPolicy = regexp.MustCompile(`"[^"]*burst[^"]*";q=(\d{1,9});w=(\d{1,9})`)

// readRate reads Data Center's X-RateLimit-* (so many tokens each interval, per
// user and node; -1 where there is no limit) or Cloud's burst policy.
func readRate(h http.Header) statedRate {
	fill, err1 := strconv.ParseFloat(h.Get("X-RateLimit-FillRate"), 64)
	interval, err2 := strconv.ParseFloat(h.Get("X-RateLimit-Interval-Seconds"), 64)
	if err1 == nil && err2 == nil && fill > 0 && interval > 0 {
		bucket, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
		if err != nil {
			bucket = 1
		}
		return statedRate{scope: scopeSite, perSecond: fill / interval, bucket: bucket}
	}
	if m := burstPolicy.FindStringSubmatch(h.Get("RateLimit-Policy")); m != nil {
		quota, _ := strconv.Atoi(m[1]) // digits only, by the pattern
		window, _ := strconv.Atoi(m[2])
		if quota > 0 && window > 0 {
			return statedRate{scope: scopeEndpoint, perSecond: float64(quota) / float64(window), bucket: quota}
		}
	}
	return statedRate{}
}

// limitHeaders are what an answer says about limits, for people to read.
func limitHeaders(h http.Header) http.Header {
	said := http.Header{}
	for name, values := range h {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-ratelimit-") || strings.HasPrefix(lower, "ratelimit") {
			said[name] = values
		}
	}
	return said
}

// nearLimit reports that less than a fifth of a limit is left.
func nearLimit(h http.Header) bool {
	return strings.EqualFold(h.Get("X-RateLimit-NearLimit"), "true")
}
