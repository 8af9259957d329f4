package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	_ "time/tzdata" // a container without zone files must not turn zones into errors, or worse, into UTC

	"snowdrift/internal/jiratime"
)

// Client talks to one Jira site. Make it with [Dial].
type Client struct {
	options  Options
	base     *url.URL // of the API: the site, or its gateway
	http     *http.Client
	session  session
	governor *governor
	bodies   *bodies
	stats    counters
	site     Site
	narrow   atomic.Bool // bulkfetch refuses more than bulkSize issues
}

// Site is what [Dial] found out.
type Site struct {
	Deployment Deployment
	Named      Deployment    // what the site says it is, which Options may override
	BaseURL    string        // as configured, without a trailing slash
	Gateway    string        // base of API calls if it is not BaseURL, else empty
	Version    string        // "1001.0.0-SNAPSHOT", "10.3.1"
	ServerTime time.Time     // at the time of Dial; zero if the site does not tell
	ClockSkew  time.Duration // ServerTime minus our clock; 0 if unknown
	User       User
	TimeZone   string         // IANA name; JQL dates are read in it
	Location   *time.Location // of TimeZone
}

// User is the account of the login.
type User struct {
	ID   string // account id (Cloud), user key (Data Center)
	Name string // display name
}

// preflightBudget bounds the retries of Dial, so that a mistyped URL is
// reported while its author is still looking.
const preflightBudget = time.Minute

// Dial proves that Jira can be reached and accepts the login. It makes two
// requests: serverInfo, which everyone may ask, and myself. Where a Cloud site
// refuses the token, two more find out whether the gateway takes it.
//
// An error is an [*Error] if Jira had a part in it (KindAuth also for an answer
// that was meant for an anonymous visitor), else it is about the options.
func Dial(ctx context.Context, options Options) (*Client, error) {
	options, base, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{
		options:  options,
		base:     base,
		http:     &http.Client{Transport: options.Transport, CheckRedirect: followRedirect},
		session:  session{login: options.Login},
		governor: newGovernor(options),
		bodies:   newBodies(options.MaxResponseBytes),
		site:     Site{BaseURL: base.String(), Deployment: options.Deployment},
	}
	if err := c.preflight(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Site gives what Dial found out.
func (c *Client) Site() Site { return c.site }

// Close drops idle connections. Calls under way are not affected.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) preflight(ctx context.Context) error {
	if err := c.askServer(ctx); err != nil {
		return err
	}
	if c.site.Deployment == Cloud {
		return c.logInToCloud(ctx)
	}
	// A load balancer in front of several nodes pins us to one by a cookie,
	// and the index of one node is at least consistent with itself.
	jar, err := cookiejar.New(nil)
	if err != nil {
		return fmt.Errorf("make a cookie jar: %w", err)
	}
	c.http.Jar = jar
	return c.askMyself(ctx)
}

type serverInfo struct {
	Version        string `json:"version"`
	DeploymentType string `json:"deploymentType"`
	ServerTime     string `json:"serverTime"`
}

// askServer learns the dialect. v2 of this resource exists on both. Everyone
// may ask, so that it can be known which site it is before it is known which
// way of logging in works; only a gateway or a proxy wants a login even for this.
func (c *Client) askServer(ctx context.Context) error {
	err := c.askServerAs(ctx, true)
	if kind := KindOf(err); kind == KindAuth || kind == KindForbidden {
		return c.askServerAs(ctx, false)
	}
	return err
}

func (c *Client) askServerAs(ctx context.Context, anonymous bool) error {
	var info serverInfo
	call := &call{
		op: "ask Jira who it is", method: http.MethodGet, endpoint: "serverInfo", path: "/rest/api/2/serverInfo",
		anonymous: anonymous, budget: preflightBudget,
		accept: func(a *answer) error {
			if err := a.decode(&info); err != nil {
				return err
			}
			if info.Version == "" && info.DeploymentType == "" {
				return errors.New("the answer names neither version nor deployment, so this is no Jira")
			}
			c.setClock(info.ServerTime, a)
			return nil
		},
	}
	if err := c.do(ctx, call); err != nil {
		return err
	}
	c.site.Version = info.Version
	found := DataCenter // "Server"; old releases do not name it at all
	if strings.EqualFold(info.DeploymentType, "Cloud") {
		found = Cloud
	}
	c.site.Named = found
	if c.site.Deployment == "" {
		c.site.Deployment = found
	} else if c.site.Deployment != found {
		c.options.Log.Warn("jira names another deployment than the configured one, which is used", "configured", c.site.Deployment, "found", found)
	}
	return nil
}

// setClock compares clocks: the site's own statement, else the Date header of
// whoever answered in its name.
func (c *Client) setClock(serverTime string, a *answer) {
	at, err := jiratime.Parse([]byte(serverTime))
	if err != nil {
		if at, err = http.ParseTime(a.header.Get("Date")); err != nil {
			return
		}
	}
	c.site.ServerTime = at
	c.site.ClockSkew = at.Sub(a.sent.Add(a.received.Sub(a.sent) / 2))
}

// api gives the path of a resource in the deployment's API version.
func (c *Client) api(resource string) string {
	if c.site.Deployment == Cloud {
		return "/rest/api/3" + resource
	}
	return "/rest/api/2" + resource
}
