package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"snowdrift/internal/jira"
)

func newUserLogin(t *testing.T, s *issuer, kept *shelf, change ...func(*App)) *Login {
	t.Helper()
	app := s.app()
	for _, f := range change {
		f(&app)
	}
	l, err := app.UserLogin(kept, kept.store)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func want(t *testing.T, l jira.Login, authorization string) {
	t.Helper()
	got, err := header(t.Context(), l)
	if err != nil || got != authorization {
		t.Fatalf("authorization %q, %v; want %q", got, err, authorization)
	}
}

func TestServiceLogin(t *testing.T) {
	s := newIssuer(t)
	clock := &hands{at: time.Unix(1e9, 0)}
	app := s.app()
	app.Now, app.Gateway = clock.now, true
	l, err := app.ServiceLogin()
	if err != nil {
		t.Fatal(err)
	}
	want(t, l, "Bearer access-1")
	clock.move(58 * time.Minute)
	want(t, l, "Bearer access-1")
	clock.move(2 * time.Minute) // it would expire under way
	want(t, l, "Bearer access-2")
	if err := l.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, l, "Bearer access-3")
	if got := s.requests[0]; got.Get("grant_type") != "client_credentials" || got.Get("scope") != "read:jira-work offline_access" {
		t.Errorf("request %v", got)
	}
	if !l.NeedsGateway() {
		t.Error("the gateway is not asked for")
	}
}

func TestUserLoginRotates(t *testing.T) {
	s := newIssuer(t)
	kept := &shelf{kept: "refresh-0"}
	clock := &hands{at: time.Unix(1e9, 0)}
	l := newUserLogin(t, s, kept, func(a *App) { a.Now = clock.now })
	for i := range 3 {
		want(t, l, fmt.Sprintf("Bearer access-%d", i+1))
		if kept.kept != s.refreshToken() {
			t.Fatalf("%q is kept, %q is good", kept.kept, s.refreshToken())
		}
		clock.move(time.Hour)
	}
	if got := strings.Join(kept.writes, " "); got != "refresh-1 refresh-2 refresh-3" {
		t.Errorf("stored %s", got)
	}
}

// Many requests that need a token get it from one exchange.
func TestSingleFlight(t *testing.T) {
	s := newIssuer(t)
	l := newUserLogin(t, s, &shelf{kept: "refresh-0"})
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got, err := header(t.Context(), l); err != nil || got != "Bearer access-1" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if len(s.requests) != 1 {
		t.Errorf("%d exchanges", len(s.requests))
	}
}

// An access token is not used before its refresh token is safe; and what could
// not be stored is stored before anything else is done.
func TestStoreFails(t *testing.T) {
	s := newIssuer(t)
	kept := &shelf{kept: "refresh-0", broken: errors.New("disk full")}
	l := newUserLogin(t, s, kept)
	for range 2 {
		if got, err := header(t.Context(), l); err == nil || got != "" || !strings.Contains(err.Error(), "disk full") {
			t.Fatalf("%q, %v", got, err)
		}
	}
	kept.broken = nil
	want(t, l, "Bearer access-1")
	if len(s.requests) != 1 || kept.kept != "refresh-1" {
		t.Errorf("%d exchanges, kept %s", len(s.requests), kept.kept)
	}
}

// A run that is killed after the new token was stored, and one that is killed
// before.
func TestNextRun(t *testing.T) {
	s := newIssuer(t)
	kept := &shelf{kept: "refresh-0"}
	want(t, newUserLogin(t, s, kept), "Bearer access-1")
	want(t, newUserLogin(t, s, &shelf{kept: kept.kept}), "Bearer access-2")

	lost := newUserLogin(t, s, &shelf{kept: "refresh-1"}) // used up long ago
	_, err := header(t.Context(), lost)
	if jira.KindOf(err) != jira.KindAuth || !strings.Contains(err.Error(), "invalid_grant") || !strings.Contains(err.Error(), "authorize the app again") {
		t.Errorf("error %v", err)
	}
}

// Another run has used our token and stored its successor.
func TestRotatedElsewhere(t *testing.T) {
	s := newIssuer(t)
	kept := &shelf{kept: "refresh-0"}
	l := newUserLogin(t, s, kept)
	if _, err := kept.Reveal(t.Context()); err != nil { // we have read refresh-0
		t.Fatal(err)
	}
	s.rotation, kept.kept = 5, "refresh-5"
	want(t, l, "Bearer access-6")
}

// An exchange that has begun is finished although its caller is gone.
func TestInterruptedExchange(t *testing.T) {
	s := newIssuer(t)
	kept := &shelf{kept: "refresh-0"}
	l := newUserLogin(t, s, kept)
	ctx, cancel := context.WithCancel(t.Context())
	s.fail = func(http.ResponseWriter) bool { cancel(); return false }
	if _, err := header(ctx, l); err != nil {
		t.Error(err)
	}
	if kept.kept != "refresh-1" {
		t.Errorf("kept %s", kept.kept)
	}
	if _, err := header(ctx, newUserLogin(t, s, kept)); !errors.Is(err, context.Canceled) || len(s.requests) != 1 {
		t.Errorf("an exchange was begun for nobody: %v", err)
	}
}

func TestExchangeErrors(t *testing.T) {
	status := func(code int, header, value string) func(http.ResponseWriter) bool {
		return func(w http.ResponseWriter) bool {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(code)
			return true
		}
	}
	tests := []struct {
		name string
		fail func(http.ResponseWriter) bool
		kind jira.Kind
	}{
		{"wrong client secret", func(w http.ResponseWriter) bool { refuse(w, 401, "invalid_client"); return true }, jira.KindAuth},
		{"refresh token as Atlassian refuses it", func(w http.ResponseWriter) bool { refuse(w, 403, "unauthorized_client"); return true }, jira.KindAuth},
		{"forbidden", status(403, "", ""), jira.KindForbidden},
		{"throttled", status(429, "", ""), jira.KindThrottled},
		{"down", status(503, "", ""), jira.KindUnavailable},
		{"redirect", status(307, "Location", "https://evil.example.com/token"), jira.KindProtocol},
		{"no JSON", func(w http.ResponseWriter) bool { _, _ = w.Write([]byte("<html>")); return true }, jira.KindProtocol},
		{"no token", func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{}`))
			return true
		}, jira.KindProtocol},
		{"reset", func(w http.ResponseWriter) bool { panic(http.ErrAbortHandler) }, jira.KindUnreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newIssuer(t)
			s.fail = tt.fail
			service, err := s.app().ServiceLogin()
			if err != nil {
				t.Fatal(err)
			}
			kept := &shelf{kept: "refresh-0"}
			for _, l := range []*Login{service, newUserLogin(t, s, kept)} {
				_, err := header(t.Context(), l)
				if jira.KindOf(err) != tt.kind {
					t.Errorf("error %v, want kind %s", err, tt.kind)
				}
				all := fmt.Sprintf("%v %+v %#v %v %#v", err, err, err, l, l)
				for _, secret := range []string{clientSecret, "refresh-0"} {
					if strings.Contains(all, secret) {
						t.Errorf("%s shows in %s", secret, all)
					}
				}
			}
		})
	}
}

func TestAppIsChecked(t *testing.T) {
	for _, app := range []App{{}, {ID: "app"}, {ID: "app", TokenURL: "http://auth.example.com/token"}, {ID: "app", TokenURL: "::"}} {
		if _, err := app.ServiceLogin(); err == nil {
			t.Errorf("%+v is accepted", app)
		}
	}
	app := App{ID: "app", TokenURL: CloudTokenURL}
	if _, err := app.UserLogin(nil, nil); err == nil {
		t.Error("a login without a place for the next token is accepted")
	}
}
