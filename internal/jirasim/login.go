package jirasim

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// A verdict is what the site thinks of a request's login.
type verdict int

const (
	accepted verdict = iota
	nobody           // no login at all
	wrong
	captcha // too many wrong ones: even the right one is refused
)

// admit looks at the login and lets the handler answer.
func (s *Sim) admit(c *call, who access, h handler) answer {
	if who == public {
		return h(c)
	}
	judged, problem := s.judge(c)
	switch {
	case judged == captcha:
		return answer{status: http.StatusForbidden, kind: htmlType, body: []byte("<html><head><title>Forbidden (403)</title></head><body>Basic Authentication Failure - Reason : AUTHENTICATION_DENIED</body></html>"),
			header: http.Header{"X-Seraph-Loginreason": {"AUTHENTICATION_DENIED"}, "X-Authentication-Denied-Reason": {"CAPTCHA_CHALLENGE; login-url=" + s.opt.BaseURL + "/login.jsp"}}}
	case judged == wrong && problem != "":
		return oauthProblem(problem)
	case judged == wrong && !s.opt.FallBackToAnonymous:
		return s.refused()
	}
	c.anonymous = judged != accepted
	var a answer
	if c.anonymous && who == personal {
		a = message(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
	} else {
		a = h(c)
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	switch judged {
	case accepted:
		a.header.Set("X-Seraph-LoginReason", "OK")
	case wrong:
		a.header.Set("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")
	}
	return a
}

// judge decides about a login; problem is what OAuth 1 calls a wrong one.
func (s *Sim) judge(c *call) (v verdict, problem string) {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return nobody, ""
	}
	if strings.HasPrefix(header, "OAuth ") && s.opt.OAuth1 != nil {
		if problem := s.signedOAuth1(c.r, c.at); problem != "" {
			return wrong, problem
		}
		return accepted, ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		// What OAuth 2 hands out on Cloud opens the gateway alone.
		reaches := c.gateway || !s.cloud || c.endpoint == accessibleResources
		if s.logins.open() || s.logins.bearer != "" && same(token, s.logins.bearer) || reaches && s.grants.holds(token, c.at) {
			return accepted, ""
		}
		return wrong, ""
	}
	user, password, basic := c.r.BasicAuth()
	if limit := s.opt.CaptchaAfter; basic && limit > 0 && s.logins.failures >= limit {
		return captcha, ""
	}
	if s.opt.ScopedToken && !c.gateway {
		return wrong, "" // a scoped token opens the gateway alone
	}
	if s.logins.open() {
		return accepted, ""
	}
	if basic && s.logins.token != "" && same(user, s.logins.email) && same(password, s.logins.token) {
		s.logins.failures = 0
		return accepted, ""
	}
	s.logins.failures++
	return wrong, ""
}

// logins are what the site accepts, guarded by Sim.mu.
type logins struct {
	email, token, bearer string
	strict               bool // some login is set, by whatever means
	failures             int  // wrong ones since the last right one
}

// open: the options name no login, so any will do.
func (l *logins) open() bool { return !l.strict }

// SetLogin changes the accepted Basic login while the site serves, as a
// rotated token does.
func (s *Sim) SetLogin(email, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins.email, s.logins.token, s.logins.strict = email, token, true
}

// SetBearer changes the accepted bearer token while the site serves.
func (s *Sim) SetBearer(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins.bearer, s.logins.strict = token, true
}

// SolveCaptcha forgets wrong logins, as a login in the browser does.
func (s *Sim) SolveCaptcha() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins.failures = 0
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// refused is the 401 for a wrong login.
func (s *Sim) refused() answer {
	a := message(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
	if !s.cloud {
		a = answer{status: http.StatusUnauthorized, kind: htmlType, body: []byte("<html><head><title>Unauthorized (401)</title></head><body><p>Encountered a <code>&quot;401 - Unauthorized&quot;</code> error.</p></body></html>")}
	}
	a.header = http.Header{"X-Seraph-Loginreason": {"AUTHENTICATED_FAILED"}, "Www-Authenticate": {`OAuth realm="jira"`}}
	return a
}
