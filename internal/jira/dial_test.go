package jira

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestDialCloud(t *testing.T) {
	s := newSite(t, Cloud)
	c, _ := dial(t, s, func(o *Options) { o.BaseURL += "/" })
	got := c.Site()
	want := Site{
		Deployment: Cloud, Named: Cloud, BaseURL: s.URL, Version: "1001.0.0-SNAPSHOT",
		ServerTime: got.ServerTime, ClockSkew: 30 * time.Second,
		User:     User{ID: "acc-7", Name: "User 7"},
		TimeZone: "Europe/Berlin", Location: got.Location,
	}
	if got != want {
		t.Errorf("site %+v, want %+v", got, want)
	}
	if got.Location.String() != "Europe/Berlin" {
		t.Errorf("location %v", got.Location)
	}
	if n := c.Stats().Total(); n != 2 {
		t.Errorf("dial took %d requests, want 2", n)
	}
	auth := s.sent("/rest/api/3/myself")[0].header.Get("Authorization")
	if auth != basicHeader("user7@example.com", testToken) {
		t.Errorf("authorization %q", auth)
	}
}

func TestDialDataCenter(t *testing.T) {
	s := newSite(t, DataCenter)
	c, _ := dial(t, s, func(o *Options) { o.Login = Bearer{Token: plain(testToken)} })
	got := c.Site()
	if got.Deployment != DataCenter || got.User.ID != "JIRAUSER7" || got.TimeZone != "Asia/Kolkata" || got.Version != "10.3.1" {
		t.Errorf("site %+v", got)
	}
	if auth := s.sent("/rest/api/2/myself")[0].header.Get("Authorization"); auth != "Bearer "+testToken {
		t.Errorf("authorization %q", auth)
	}
}

func TestDialKeepsContextPathAndConfiguredDeployment(t *testing.T) {
	s := newSite(t, Cloud)
	s.handle("/jira/", func(w http.ResponseWriter, r *http.Request) {
		http.StripPrefix("/jira", s.mux).ServeHTTP(w, r)
	})
	c, _ := dial(t, s, func(o *Options) { o.BaseURL += "/jira/"; o.Deployment = DataCenter })
	if got := c.Site(); got.Deployment != DataCenter || got.BaseURL != s.URL+"/jira" {
		t.Errorf("site %+v", got)
	}
	if len(s.sent("/jira/rest/api/2/myself")) != 1 {
		t.Error("myself was not asked below the context path in the configured dialect")
	}
}

// Each way in which a login or a site can be wrong has its own kind, and a
// message that says what to do.
func TestDialRefusals(t *testing.T) {
	status := func(code int, header, value, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}
	}
	tests := []struct {
		name       string
		deployment Deployment
		pattern    string
		answer     http.HandlerFunc
		kind       Kind
		says       string
	}{
		{"wrong token", Cloud, "GET /rest/api/3/myself", status(401, "", "", `{"message":"Client must be authenticated to access this resource.","status-code":401}`), KindAuth, "Client must be authenticated"},
		{"anonymous cloud", Cloud, "GET /rest/api/3/myself", status(200, "", "", `{"displayName":"Anonymous","timeZone":"UTC"}`), KindAuth, "anonymous visitor"},
		{"empty object", DataCenter, "GET /rest/api/2/myself", status(200, "", "", `{}`), KindAuth, "anonymous visitor"},
		{"seraph", DataCenter, "GET /rest/api/2/myself", status(200, "X-Seraph-LoginReason", "AUTHENTICATED_FAILED", ``), KindAuth, "anonymous visitor"},
		{"captcha", DataCenter, "GET /rest/api/2/myself", status(403, "X-Authentication-Denied-Reason", "CAPTCHA_CHALLENGE; login-url=https://jira.example.com/login.jsp", ``), KindForbidden, "CAPTCHA"},
		{"scope", Cloud, "GET /rest/api/3/myself", status(403, "", "", `{"code":403,"message":"Unauthorized; scope does not match"}`), KindForbidden, "scope"},
		{"no Jira there", Cloud, "GET /rest/api/2/serverInfo", status(404, "Content-Type", "text/html", `<html>dead link</html>`), KindNotFound, "site's base"},
		{"other JSON service", Cloud, "GET /rest/api/2/serverInfo", status(200, "", "", `{"hello":"world"}`), KindProtocol, "no Jira"},
		{"login page", Cloud, "GET /rest/api/3/myself", status(200, "Content-Type", "text/html", `<html>log in</html>`), KindProtocol, "login page"},
		{"redirect to a login page", Cloud, "GET /rest/api/3/myself", status(302, "Location", "https://sso.example.com/login?secret=1", ``), KindProtocol, "redirects to https://sso.example.com/login"},
		{"unknown zone", Cloud, "GET /rest/api/3/myself", status(200, "", "", `{"accountId":"a","timeZone":"Moon/Tycho"}`), KindProtocol, "Moon/Tycho"},
		{"zone of this machine", Cloud, "GET /rest/api/3/myself", status(200, "", "", `{"accountId":"a","timeZone":"Local"}`), KindProtocol, "Local"},
		{"no zone", Cloud, "GET /rest/api/3/myself", status(200, "", "", `{"accountId":"a"}`), KindProtocol, "no time zone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, tt.deployment)
			s.handle(tt.pattern, tt.answer)
			_, err := Dial(t.Context(), testOptions(s, newClock()))
			if KindOf(err) != tt.kind {
				t.Fatalf("kind %q of %v, want %q", KindOf(err), err, tt.kind)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q does not say %q", err, tt.says)
			}
			if strings.Contains(err.Error(), testToken) || strings.Contains(err.Error(), "secret=1") {
				t.Errorf("%q holds a secret", err)
			}
		})
	}
}

func TestDialOptions(t *testing.T) {
	tests := []struct{ name, url, says string }{
		{"empty", "", "is not a Jira URL"},
		{"no scheme", "example.atlassian.net", "is not a Jira URL"},
		{"other scheme", "ftp://example.atlassian.net", "is not a Jira URL"},
		{"plain http", "http://jira.example.com", "unencrypted"},
		{"password", "https://user7:hunter2@jira.example.com", "configure a login"},
		{"password in rubbish", "https://user7:hunter2@jira.example.com:x", "cannot be parsed"},
		{"query", "https://jira.example.com/?a=b", "query or fragment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Dial(t.Context(), Options{BaseURL: tt.url, Transport: noNetwork{}})
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
	_, err := Dial(t.Context(), Options{BaseURL: "http://jira.example.com", AllowHTTP: true, Login: Bearer{Token: plain("t")}, Transport: noNetwork{}})
	if KindOf(err) != KindUnreachable {
		t.Errorf("allowed plain http: %v", err)
	}
}

// noNetwork is a host that does not exist.
type noNetwork struct{}

func (noNetwork) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
}

func TestUnreachable(t *testing.T) {
	t.Run("unknown host fails at once", func(t *testing.T) {
		c := newClock()
		_, err := Dial(t.Context(), Options{BaseURL: "https://jira.example.com", Login: Bearer{Token: plain("t")}, Transport: noNetwork{}, Now: c.now, Sleep: c.sleep})
		if KindOf(err) != KindUnreachable || len(c.slept) != 0 || !strings.Contains(err.Error(), "check the host name") {
			t.Errorf("error %v after %d sleeps", err, len(c.slept))
		}
	})
	t.Run("closed port is tried for a minute", func(t *testing.T) {
		s := newSite(t, Cloud)
		s.Close()
		c := newClock()
		_, err := Dial(t.Context(), testOptions(s, c))
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindUnreachable || e.Attempts < 4 {
			t.Errorf("error %v", err)
		}
		if total := c.total(); total > preflightBudget || total < preflightBudget/4 {
			t.Errorf("slept %s", total)
		}
	})
	t.Run("a cancelled context is no failure of Jira", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := Dial(ctx, testOptions(newSite(t, Cloud), newClock()))
		if !errors.Is(err, context.Canceled) || KindOf(err) != "" {
			t.Errorf("error %v", err)
		}
	})
}

// The Authorization stays with the site, whatever it redirects to.
func TestRedirects(t *testing.T) {
	other := newSite(t, Cloud)
	s := newSite(t, Cloud)
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/rest/api/3/field", http.StatusTemporaryRedirect)
	})
	s.handle("POST /rest/api/3/search/jql", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusFound) // would turn POST into GET
	})
	s.handle("GET /rest/api/3/project/search", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/moved", http.StatusMovedPermanently)
	})
	s.handle("GET /moved", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, `{"isLast":true,"values":[]}`) })
	c, _ := dial(t, s)

	if _, err := c.Fields(t.Context()); KindOf(err) != KindProtocol {
		t.Errorf("redirect to another host: %v", err)
	}
	if n := len(other.requests); n != 0 {
		t.Errorf("the other host received %d requests", n)
	}
	if _, err := collect(c.Search(t.Context(), Search{JQL: "x"})); KindOf(err) != KindProtocol {
		t.Errorf("redirect of a POST: %v", err)
	}
	if _, err := c.Projects(t.Context()); err != nil {
		t.Errorf("redirect within the site: %v", err)
	}
	if auth := s.sent("/moved")[0].header.Get("Authorization"); auth == "" {
		t.Error("the site itself did not see the login after its redirect")
	}
}
