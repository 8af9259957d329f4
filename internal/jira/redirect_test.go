package jira_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"snowdrift/internal/jira"
	"snowdrift/internal/jirasim"
)

// A redirect to another host, as attachments and logins have them, is not
// followed: the other host sees no Authorization, no cookie, no token in the
// URL, for it sees nothing. The message does not repeat what the redirect's
// query held.
func TestRedirectToAnotherHost(t *testing.T) {
	for _, deployment := range []string{jirasim.Cloud, jirasim.DataCenter} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("%s %d", deployment, status), func(t *testing.T) {
				var seen atomic.Int64
				other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					seen.Add(1)
					t.Errorf("the other host sees %s %s with %v", r.Method, r.URL, r.Header)
				}))
				defer other.Close()
				sim, err := jirasim.New(jirasim.Options{Deployment: deployment, Issues: 5, Email: "user7@example.com", Token: "token-7"})
				if err != nil {
					t.Fatal(err)
				}
				var away atomic.Bool
				site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					http.SetCookie(w, &http.Cookie{Name: "JSESSIONID", Value: "session-7", Path: "/"})
					if away.Load() {
						w.Header().Set("Location", other.URL+"/media?token="+strings.TrimPrefix(r.Header.Get("Authorization"), "Basic "))
						w.WriteHeader(status)
						return
					}
					sim.ServeHTTP(w, r)
				}))
				defer site.Close()
				c, err := jira.Dial(t.Context(), jira.Options{BaseURL: site.URL, Login: jira.Basic{User: "user7@example.com", Secret: secret("token-7")}})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				away.Store(true)
				_, fieldsErr := c.Fields(t.Context())
				var searchErr error
				for _, err := range c.Search(t.Context(), jira.Search{JQL: "id > 0"}) {
					searchErr = err
				}
				for _, err := range []error{fieldsErr, searchErr} {
					if jira.KindOf(err) != jira.KindProtocol || !strings.Contains(err.Error(), "redirects to "+other.URL+"/media") || strings.Contains(err.Error(), "token=") {
						t.Errorf("error %v", err)
					}
				}
				if seen.Load() != 0 {
					t.Error("the redirect was followed")
				}
			})
		}
	}
}
