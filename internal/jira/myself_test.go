package jira

import (
	"context"
	"net/http"
	"strings"
	"testing"
)

const (
	testCloudID  = "11223344-a1b2-4c3d-8e9f-001122334455"
	gatewayPath  = "/gateway/ex/jira/" + testCloudID
	gatewaySelf  = gatewayPath + "/rest/api/3/myself"
	scopeMessage = `{"code":401,"message":"Unauthorized; scope does not match"}`
)

// newGatewaySite is a Cloud site that refuses our token, and its gateway.
func newGatewaySite(t *testing.T, siteStatus, gatewayStatus int) *site {
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/myself", func(w http.ResponseWriter, _ *http.Request) { failWith(siteStatus)(w) })
	s.handle("GET /_edge/tenant_info", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
			t.Errorf("tenant_info was asked with %q and a login %q", r.URL.RawQuery, r.Header.Get("Authorization"))
		}
		answerJSON(w, `{"cloudId":"`+testCloudID+`"}`)
	})
	s.handle("GET "+gatewaySelf, func(w http.ResponseWriter, _ *http.Request) {
		if gatewayStatus != 200 {
			w.WriteHeader(gatewayStatus)
			answerJSON(w, scopeMessage)
			return
		}
		answerJSON(w, `{"accountId":"acc-7","timeZone":"UTC"}`)
	})
	s.handle("GET "+gatewayPath+"/rest/api/3/field", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, goodField) })
	return s
}

func viaGateway(s *site) func(*Options) {
	return func(o *Options) { o.GatewayURL = s.URL + "/gateway" }
}

// A scoped token, which the site refuses in any of three ways, works through
// the gateway, for all later calls too.
func TestScopedToken(t *testing.T) {
	for _, status := range []int{401, 403, 404} {
		s := newGatewaySite(t, status, 200)
		c, _ := dial(t, s, viaGateway(s))
		if got := c.Site(); got.Gateway != s.URL+gatewayPath || got.BaseURL != s.URL || got.User.ID != "acc-7" {
			t.Errorf("%d: site %+v", status, got)
		}
		if n := c.Stats().Total(); n != 4 {
			t.Errorf("%d: dial took %d requests, want 4", status, n)
		}
		if _, err := c.Fields(t.Context()); err != nil {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestScopedTokenRefusals(t *testing.T) {
	t.Run("by both", func(t *testing.T) {
		s := newGatewaySite(t, 401, 401)
		o := testOptions(s, newClock())
		viaGateway(s)(&o)
		_, err := Dial(t.Context(), o)
		if KindOf(err) != KindAuth || !strings.Contains(err.Error(), "scope does not match") || !strings.Contains(err.Error(), "gateway") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("tenant_info fails", func(t *testing.T) {
		for _, answer := range []http.HandlerFunc{
			func(w http.ResponseWriter, _ *http.Request) { failWith(404)(w) },
			func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"cloudId":"../../evil"}`) },
		} {
			s := newGatewaySite(t, 401, 200)
			s.handle("GET /_edge/tenant_info", answer)
			o := testOptions(s, newClock())
			viaGateway(s)(&o)
			_, err := Dial(t.Context(), o)
			if KindOf(err) != KindAuth || !strings.Contains(err.Error(), "words of Jira") {
				t.Errorf("error %v", err)
			}
			if len(s.sent(gatewaySelf)) != 0 {
				t.Error("the gateway was asked")
			}
		}
	})
	t.Run("data center has no gateway", func(t *testing.T) {
		s := newSite(t, DataCenter)
		s.handle("GET /rest/api/2/myself", func(w http.ResponseWriter, _ *http.Request) { failWith(401)(w) })
		if _, err := Dial(t.Context(), testOptions(s, newClock())); KindOf(err) != KindAuth {
			t.Errorf("error %v", err)
		}
		if n := len(s.requests); n != 2 {
			t.Errorf("%d requests, want serverInfo and one wrong login", n)
		}
	})
}

func TestConfiguredCloudID(t *testing.T) {
	s := newGatewaySite(t, 401, 200)
	c, _ := dial(t, s, viaGateway(s), func(o *Options) { o.CloudID = testCloudID })
	if c.Site().Gateway == "" || c.Stats().Total() != 2 {
		t.Errorf("site %+v in %d requests", c.Site(), c.Stats().Total())
	}
	o := testOptions(s, newClock())
	o.CloudID = "a/b"
	if _, err := Dial(t.Context(), o); err == nil || !strings.Contains(err.Error(), "cloud id") {
		t.Errorf("error %v", err)
	}
}

// onlyGateway is a login that the site itself would refuse.
type onlyGateway struct{ Bearer }

func (onlyGateway) NeedsGateway() bool { return true }

func TestGatewayLogin(t *testing.T) {
	s := newGatewaySite(t, 401, 200)
	c, _ := dial(t, s, viaGateway(s), func(o *Options) { o.Login = onlyGateway{Bearer{Token: plain("t")}} })
	if n := len(s.sent("/rest/api/3/myself")); n != 0 || c.Stats().Total() != 3 {
		t.Errorf("the site was asked %d times, %d requests in all", n, c.Stats().Total())
	}
}

// The URL of a gateway itself, where even serverInfo wants a login.
func TestServerInfoBehindLogin(t *testing.T) {
	s := newSite(t, Cloud)
	open := s.mux
	s.handle("GET /rest/api/2/serverInfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			failWith(401)(w)
			return
		}
		open.ServeHTTP(w, r)
	})
	c, _ := dial(t, s)
	if c.Stats().Requests["serverInfo"] != 2 {
		t.Errorf("stats %+v", c.Stats())
	}
}

// flaky is a login whose own server is down for a while.
type flaky struct{ failures int }

func (f *flaky) Apply(_ context.Context, req *http.Request) error {
	if f.failures--; f.failures >= 0 {
		return &Error{Op: "fetch an access token", Kind: KindUnavailable, Status: 503}
	}
	req.Header.Set("Authorization", "Bearer t")
	return nil
}

func TestLoginServerTrouble(t *testing.T) {
	s := newSite(t, Cloud)
	c, clock := dial(t, s, func(o *Options) { o.Login = &flaky{failures: 2} })
	if len(clock.slept) != 2 || c.Site().User.ID == "" {
		t.Errorf("slept %v", clock.slept)
	}
	o := testOptions(s, newClock())
	o.Login = &flaky{failures: 1 << 30}
	if _, err := Dial(t.Context(), o); KindOf(err) != KindUnavailable {
		t.Errorf("error %v", err)
	}
}
