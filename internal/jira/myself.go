package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"
)

// GatewayLogin is a [Login] that Cloud accepts only at its gateway, as all of
// OAuth 2.0 is. Dial then spares the site a request that it would refuse.
type GatewayLogin interface {
	Login
	NeedsGateway() bool
}

// logInToCloud logs in at the site or, with a scoped token or an OAuth login,
// through the gateway. What a token is cannot be seen: the site's refusal
// tells.
func (c *Client) logInToCloud(ctx context.Context) error {
	direct := true
	if g, ok := c.options.Login.(GatewayLogin); ok && g.NeedsGateway() {
		direct = false
	}
	if c.options.CloudID != "" {
		return c.logInThroughGateway(ctx, c.options.CloudID)
	}
	var refusal error
	if direct {
		if refusal = c.askMyself(ctx); !refusedBySite(refusal) {
			return refusal
		}
	}
	cloudID, err := c.askTenant(ctx)
	if err != nil {
		if refusal != nil {
			return refusal // the site's words say more than those of a resource that it lacks
		}
		return err
	}
	err = c.logInThroughGateway(ctx, cloudID)
	if refusal != nil && KindOf(err) == KindUnreachable {
		return fmt.Errorf("%w (whether it is a scoped token could not be tried: %v)", refusal, err)
	}
	return err
}

// refusedBySite tells a token that the site does not take from a login that we
// could not even read.
func refusedBySite(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Status == 0 {
		return false
	}
	return e.Kind == KindAuth || e.Kind == KindForbidden || e.Kind == KindNotFound
}

// cloudIDs are UUIDs in practice; whatever they become, they are one harmless
// segment of a path.
var cloudIDs = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

func (c *Client) logInThroughGateway(ctx context.Context, cloudID string) error {
	if !cloudIDs.MatchString(cloudID) {
		return fmt.Errorf("%q is not a cloud id", clip(cloudID))
	}
	gateway, err := parseBase(c.options.GatewayURL, c.options.AllowHTTP)
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	gateway.Path += "/ex/jira/" + cloudID
	if c.base.String() == gateway.String() {
		return c.askMyself(ctx)
	}
	site := c.base
	c.base = gateway
	if err := c.askMyself(ctx); err != nil {
		return fmt.Errorf("%w (through the gateway %s for %s)", err, gateway.Host, site.Host)
	}
	c.site.Gateway = gateway.String()
	c.options.Log.Debug("jira is reached through the gateway", "gateway", c.site.Gateway)
	return nil
}

// askTenant learns the cloud id. The resource is undocumented, asks for no
// login, and does not like query parameters.
func (c *Client) askTenant(ctx context.Context) (cloudID string, err error) {
	call := &call{
		op: "find the site's cloud id", method: http.MethodGet, endpoint: "tenant_info", path: "/_edge/tenant_info",
		anonymous: true, budget: preflightBudget,
		accept: func(a *answer) error {
			var body struct {
				CloudID string `json:"cloudId"`
			}
			if err := a.decode(&body); err != nil {
				return err
			}
			if cloudID = body.CloudID; !cloudIDs.MatchString(cloudID) {
				return fmt.Errorf("%q is not a cloud id", clip(cloudID))
			}
			return nil
		},
	}
	call.refused = func(e *Error) { e.Hint = "configure the cloud id of the site" }
	err = c.do(ctx, call)
	return cloudID, err
}

type myself struct {
	AccountID   string `json:"accountId"`
	Key         string `json:"key"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	TimeZone    string `json:"timeZone"`
}

// askMyself proves the login and loads the account's time zone.
func (c *Client) askMyself(ctx context.Context) error {
	var me myself
	call := &call{
		op: "log in to Jira", method: http.MethodGet, endpoint: "myself", path: c.api("/myself"),
		budget: preflightBudget,
		accept: func(a *answer) error { return a.decode(&me) },
	}
	if err := c.do(ctx, call); err != nil {
		return err
	}
	id := me.AccountID
	if id == "" && c.site.Deployment == DataCenter {
		id = me.Key
		if id == "" {
			id = me.Name
		}
	}
	if id == "" {
		return c.anonymous(call)
	}
	c.site.User = User{ID: id, Name: me.DisplayName}
	if me.TimeZone == "" {
		e := call.failure(KindProtocol, nil)
		e.Status, e.Message = http.StatusOK, "the account has no time zone, and without it dates in queries cannot be written safely"
		return e
	}
	// LoadLocation would take "Local" for the zone of this machine.
	location, err := time.LoadLocation(me.TimeZone)
	if err != nil || me.TimeZone == "Local" {
		e := call.failure(KindProtocol, err)
		e.Status = http.StatusOK
		e.Message = fmt.Sprintf("the account's time zone %q is unknown here", me.TimeZone)
		e.Hint = "choose another time zone in the account's profile; guessing it would lose issues"
		return e
	}
	c.site.TimeZone, c.site.Location = me.TimeZone, location
	return nil
}
