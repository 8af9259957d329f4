package jirasim

import (
	"crypto/subtle"
	"net/http"
	"strings"
)

// admit looks at the login and lets the handler answer.
func (s *Sim) admit(c *call, who access, h handler) answer {
	if who == public {
		return h(c)
	}
	given := c.r.Header.Get("Authorization")
	switch {
	case given == "":
		c.anonymous = true
	case !s.accepts(c.r):
		if !s.opt.FallBackToAnonymous {
			return s.refused()
		}
		c.anonymous = true
	}
	var a answer
	if c.anonymous && who == personal {
		a = message(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
	} else {
		a = h(c)
	}
	reason := "OK"
	if c.anonymous && given != "" {
		reason = "AUTHENTICATED_FAILED"
	}
	if given != "" {
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set("X-Seraph-LoginReason", reason)
	}
	return a
}

// accepts tells whether a login is right.
func (s *Sim) accepts(r *http.Request) bool {
	if s.opt.Token == "" && s.opt.Email == "" && s.opt.BearerToken == "" {
		return true
	}
	if user, password, ok := r.BasicAuth(); ok {
		return s.opt.Token != "" && same(user, s.opt.Email) && same(password, s.opt.Token)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && s.opt.BearerToken != "" && same(token, s.opt.BearerToken)
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
