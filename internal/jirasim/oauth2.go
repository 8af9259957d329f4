package jirasim

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"
)

// OAuth2 makes the site play the authorization server too: authorization codes
// with PKCE, refresh tokens that rotate, client credentials.
type OAuth2 struct {
	ClientID, ClientSecret string
	// RefreshToken is one that exists from the start, as after an earlier
	// consent; "": none.
	RefreshToken string
	Life         time.Duration // of access tokens; default 1 h
	// Leeway is how long a refresh token that was used up may be used again
	// (a lost answer); later use revokes everything that came of it. Default
	// 10 minutes, as Atlassian documents.
	Leeway time.Duration
}

func (o OAuth2) withDefaults() *OAuth2 {
	if o.Life <= 0 {
		o.Life = time.Hour
	}
	if o.Leeway <= 0 {
		o.Leeway = 10 * time.Minute
	}
	return &o
}

// grants is the state of the authorization server, guarded by Sim.mu.
type grants struct {
	codes   map[string]code
	refresh map[string]*refreshToken
	access  map[string]accessToken
	serial  int
}

type code struct{ redirect, challenge string }

// A refreshToken belongs to a family: all that came of one consent.
type refreshToken struct {
	family  int
	used    bool
	usedAt  time.Time
	revoked bool
}

type accessToken struct {
	family int
	until  time.Time
}

func newGrants(o *OAuth2) grants {
	g := grants{codes: map[string]code{}, refresh: map[string]*refreshToken{}, access: map[string]accessToken{}}
	if o != nil && o.RefreshToken != "" {
		g.refresh[o.RefreshToken] = &refreshToken{}
	}
	return g
}

// ExpireAccessTokens ends all access tokens; refresh tokens go on.
func (s *Sim) ExpireAccessTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.grants.access)
}

// RevokeGrants ends all access and refresh tokens, as a user does who takes
// the consent back.
func (s *Sim) RevokeGrants() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.grants.access)
	for _, t := range s.grants.refresh {
		t.revoked = true
	}
}

// accessibleResources lists the sites that a token opens; it is no part of a site.
const accessibleResources = "oauth/token/accessible-resources"

// oauth2Routes registers the authorization server: Cloud's paths, and Data
// Center's token endpoint.
func (s *Sim) oauth2Routes() {
	if s.opt.OAuth2 == nil {
		return
	}
	s.handleAt("GET", "/authorize", public, serveAuthorize)
	s.handleAt("POST", "/oauth/token", public, serveToken)
	s.handleAt("POST", "/rest/oauth2/latest/token", public, serveToken)
	s.handleAt("GET", "/"+accessibleResources, personal, func(c *call) answer {
		return jsonAnswer(fmt.Appendf(nil, `[{"id":"%s","url":%s,"name":"Simulated Jira","scopes":["read:jira-work","read:jira-user","offline_access"],"avatarUrl":""}]`, s.opt.CloudID, quote(s.opt.BaseURL)))
	})
}

// serveAuthorize gives the consent at once: it sends the browser back.
func serveAuthorize(c *call) answer {
	p := c.r.URL.Query()
	back, err := url.Parse(p.Get("redirect_uri"))
	method := p.Get("code_challenge_method")
	if err != nil || !back.IsAbs() || p.Get("client_id") != c.s.opt.OAuth2.ClientID || p.Get("response_type") != "code" || method != "" && method != "S256" {
		return oauthError(http.StatusBadRequest, "invalid_request", "client_id, redirect_uri, response_type or code_challenge_method is wrong")
	}
	c.s.mu.Lock()
	name := c.s.grants.name("code")
	c.s.grants.codes[name] = code{p.Get("redirect_uri"), p.Get("code_challenge")}
	c.s.mu.Unlock()
	q := back.Query()
	q.Set("code", name)
	q.Set("state", p.Get("state"))
	back.RawQuery = q.Encode()
	return answer{status: http.StatusFound, header: http.Header{"Location": {back.String()}}}
}

// name makes a token that cannot be mistaken for another; mu is held.
func (g *grants) name(kind string) string {
	g.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, g.serial))
	return kind + "-" + base64.RawURLEncoding.EncodeToString(sum[:24])
}

// tokenParameters reads the form or JSON body of a token request.
func tokenParameters(r *http.Request) (map[string]string, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, false
	}
	p := map[string]string{}
	if kind == "application/json" {
		err = json.UnmarshalRead(http.MaxBytesReader(nil, r.Body, 1<<20), &p)
		return p, err == nil
	}
	if r.ParseForm() != nil {
		return nil, false
	}
	for name := range r.PostForm {
		p[name] = r.PostForm.Get(name)
	}
	if id, secret, ok := r.BasicAuth(); ok {
		p["client_id"], p["client_secret"] = id, secret
	}
	return p, true
}

func serveToken(c *call) answer {
	p, ok := tokenParameters(c.r)
	if !ok {
		return oauthError(http.StatusBadRequest, "invalid_request", "The body is neither JSON nor a form.")
	}
	o := c.s.opt.OAuth2
	if !same(p["client_id"], o.ClientID) || !same(p["client_secret"], o.ClientSecret) {
		return oauthError(http.StatusUnauthorized, "access_denied", "Unauthorized")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	g := &c.s.grants
	switch p["grant_type"] {
	case "client_credentials":
		g.serial++
		return c.grant(-g.serial, false)
	case "authorization_code":
		given, ok := g.codes[p["code"]]
		delete(g.codes, p["code"])
		sum := sha256.Sum256([]byte(p["code_verifier"]))
		if !ok || given.redirect != p["redirect_uri"] || given.challenge != "" && given.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
			return oauthError(http.StatusForbidden, "invalid_grant", "Invalid authorization code")
		}
		g.serial++
		return c.grant(g.serial, true)
	case "refresh_token":
		return c.refresh(g.refresh[p["refresh_token"]])
	}
	return oauthError(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type")
}

// refresh uses a refresh token up and hands out the next. One that was used up
// before the leeway gives the whole family away; mu is held.
func (c *call) refresh(t *refreshToken) answer {
	g := &c.s.grants
	refused := oauthError(http.StatusForbidden, "unauthorized_client", "refresh_token is invalid")
	if t == nil || t.revoked {
		return refused
	}
	if t.used && c.at.Sub(t.usedAt) > c.s.opt.OAuth2.Leeway {
		for _, other := range g.refresh {
			other.revoked = other.revoked || other.family == t.family
		}
		for name, a := range g.access {
			if a.family == t.family {
				delete(g.access, name)
			}
		}
		return refused
	}
	if !t.used {
		t.used, t.usedAt = true, c.at
	}
	return c.grant(t.family, true)
}

// grant hands out an access token, and a refresh token if wanted.
func (c *call) grant(family int, refreshable bool) answer {
	g, o := &c.s.grants, c.s.opt.OAuth2
	access := g.name("access")
	g.access[access] = accessToken{family, c.at.Add(o.Life)}
	b := fmt.Appendf(nil, `{"access_token":"%s","token_type":"Bearer","expires_in":%d,"scope":"read:jira-work read:jira-user"`, access, int(o.Life.Seconds()))
	if refreshable {
		next := g.name("refresh")
		g.refresh[next] = &refreshToken{family: family}
		b = fmt.Appendf(b, `,"refresh_token":"%s"`, next)
	}
	return jsonAnswer(append(b, '}'))
}

// holds tells whether an access token is good; mu is held.
func (g *grants) holds(token string, now time.Time) bool {
	t, ok := g.access[token]
	return ok && now.Before(t.until)
}

func oauthError(status int, name, description string) answer {
	return answer{status: status, body: fmt.Appendf(nil, `{"error":"%s","error_description":"%s"}`, name, description)}
}
