package jira

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// rotating is a secret that has a new value once it is refreshed.
type rotating struct {
	values    []string
	at        atomic.Int64
	refreshes atomic.Int64
}

func (r *rotating) Reveal(context.Context) (string, error) {
	return r.values[min(int(r.at.Load()), len(r.values)-1)], nil
}

func (r *rotating) Refresh(context.Context) error {
	r.refreshes.Add(1)
	r.at.Add(1)
	return nil
}

func TestRotatedSecret(t *testing.T) {
	tests := []struct {
		name     string
		values   []string
		kind     Kind // "" is success
		requests int
	}{
		{"renewed", []string{"old", "new"}, "", 2},
		{"still the old one", []string{"old"}, KindAuth, 1},
		{"renewed to another wrong one", []string{"old", "older", "new"}, KindAuth, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, Cloud)
			c, _ := dial(t, s)
			s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer new" {
					failWith(401)(w)
					return
				}
				answerJSON(w, goodField)
			})
			secret := &rotating{values: tt.values}
			c.session.login = Bearer{Token: secret}
			_, err := c.Fields(t.Context())
			if KindOf(err) != tt.kind || (err == nil) != (tt.kind == "") {
				t.Errorf("error %v, want kind %q", err, tt.kind)
			}
			if n := len(s.sent("/rest/api/3/field")); n != tt.requests {
				t.Errorf("%d requests, want %d", n, tt.requests)
			}
			if n := secret.refreshes.Load(); n != 1 {
				t.Errorf("refreshed %d times", n)
			}
		})
	}
}

// Many calls refused together renew the login once.
func TestRenewalIsShared(t *testing.T) {
	s := newSite(t, Cloud)
	c, _ := dial(t, s)
	const callers = 8
	arrived := make(chan struct{}, callers)
	all := make(chan struct{})
	go func() {
		for range callers {
			<-arrived
		}
		close(all)
	}()
	s.handle("GET /rest/api/3/field", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer new" {
			answerJSON(w, goodField)
			return
		}
		arrived <- struct{}{}
		<-all // refuse none before all have come
		failWith(401)(w)
	})
	secret := &rotating{values: []string{"old", "new"}}
	c.session.login = Bearer{Token: secret}
	errs := make(chan error, callers)
	for range callers {
		go func() {
			_, err := c.Fields(t.Context())
			errs <- err
		}()
	}
	for range callers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := secret.refreshes.Load(); n != 1 {
		t.Errorf("refreshed %d times", n)
	}
}

// broken is a secret store that is down.
type broken struct{}

func (broken) Reveal(context.Context) (string, error) { return "", errors.New("the vault is sealed") }

func TestSecretTrouble(t *testing.T) {
	s := newSite(t, Cloud)
	for _, login := range []Login{Bearer{Token: broken{}}, Basic{User: "u", Secret: plain("")}, Bearer{}, nil} {
		o := testOptions(s, newClock())
		o.Login = login
		if _, err := Dial(t.Context(), o); KindOf(err) != KindCredential {
			t.Errorf("login %v: %v", login, err)
		}
	}
	for _, r := range s.requests {
		if r.path != "/rest/api/2/serverInfo" {
			t.Errorf("%s was asked without a login", r.path)
		}
	}
}

// Nothing that is printed, logged or returned holds the credential, not even
// when the other side echoes it.
func TestNoCredentialLeaks(t *testing.T) {
	s := newSite(t, Cloud)
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"message":"proxy error for %s"}`, r.Header.Get("Authorization"))
	}
	s.handle("GET /rest/api/3/field", echo)
	var log bytes.Buffer
	login := Basic{User: "user7@example.com", Secret: plain(testToken)}
	c, _ := dial(t, s, func(o *Options) { o.Log = logTo(&log); o.Login = login })
	_, err := c.Fields(t.Context())
	all := fmt.Sprintf("%v %+v %#v %v %#v %+v %s", err, err, err, login, login, Bearer{Token: plain(testToken)}, log.String())
	for _, secret := range []string{testToken, strings.TrimPrefix(basicHeader("user7@example.com", testToken), "Basic ")} {
		if strings.Contains(all, secret) {
			t.Errorf("%q shows in %s", secret, all)
		}
	}
	if !strings.Contains(all, "proxy error for ***") {
		t.Errorf("the rest of the message is gone: %v", err)
	}
}
