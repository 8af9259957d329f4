package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"snowdrift/internal/jira"
)

func pkceMatches(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return verifier != "" && base64.RawURLEncoding.EncodeToString(sum[:]) == challenge
}

// browse plays the person: it follows the consent URL and comes back with what
// answer makes of its query.
func browse(t *testing.T, s *issuer, answer func(asked url.Values) url.Values) func(string) error {
	return func(consentURL string) error {
		u, err := url.Parse(consentURL)
		if err != nil {
			return err
		}
		asked := u.Query()
		s.mu.Lock()
		s.challenge, s.code = asked.Get("code_challenge"), "code-7"
		s.mu.Unlock()
		go func() {
			resp, err := http.Get(asked.Get("redirect_uri") + "?" + answer(asked).Encode())
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
		}()
		return nil
	}
}

func TestAuthorize(t *testing.T) {
	s := newIssuer(t)
	app := s.app()
	app.Parameters = CloudParameters()
	got, err := app.Authorize(t.Context(), "127.0.0.1:0", browse(t, s, func(asked url.Values) url.Values {
		for name, want := range map[string]string{"client_id": "app", "response_type": "code", "audience": "api.atlassian.com", "prompt": "consent",
			"scope": "read:jira-work offline_access", "code_challenge_method": "S256"} {
			if asked.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, asked.Get(name), want)
			}
		}
		if len(asked.Get("state")) < 32 || asked.Get("state") == asked.Get("code_challenge") {
			t.Errorf("state %q", asked.Get("state"))
		}
		return url.Values{"code": {"code-7"}, "state": {asked.Get("state")}}
	}))
	if err != nil || got != "refresh-1" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAuthorizeRefusals(t *testing.T) {
	t.Run("denied", func(t *testing.T) {
		s := newIssuer(t)
		_, err := s.app().Authorize(t.Context(), "localhost:0", browse(t, s, func(asked url.Values) url.Values {
			return url.Values{"error": {"access_denied"}, "state": {asked.Get("state")}}
		}))
		if err == nil || !strings.Contains(err.Error(), "access_denied") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("wrong code", func(t *testing.T) {
		s := newIssuer(t)
		_, err := s.app().Authorize(t.Context(), "127.0.0.1:0", browse(t, s, func(asked url.Values) url.Values {
			return url.Values{"code": {"other"}, "state": {asked.Get("state")}}
		}))
		if jira.KindOf(err) != jira.KindAuth {
			t.Errorf("error %v", err)
		}
	})
	t.Run("forged state is passed over", func(t *testing.T) {
		s := newIssuer(t)
		got, err := s.app().Authorize(t.Context(), "127.0.0.1:0", browse(t, s, func(asked url.Values) url.Values {
			for _, forged := range []string{"", "x"} {
				resp, err := http.Get(asked.Get("redirect_uri") + "?code=evil&state=" + forged)
				if err != nil || resp.StatusCode != http.StatusBadRequest {
					t.Errorf("forged state: %v, %v", resp, err)
				}
			}
			resp, err := http.Get(strings.TrimSuffix(asked.Get("redirect_uri"), "callback"))
			if err != nil || resp.StatusCode != http.StatusNotFound {
				t.Errorf("another path: %v, %v", resp, err)
			}
			return url.Values{"code": {"code-7"}, "state": {asked.Get("state")}}
		}))
		if err != nil || got != "refresh-1" {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("nobody comes", func(t *testing.T) {
		s := newIssuer(t)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := s.app().Authorize(ctx, "127.0.0.1:0", func(string) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("addresses of the network", func(t *testing.T) {
		s := newIssuer(t)
		for _, address := range []string{":0", "0.0.0.0:0", "192.0.2.1:0", "example.com:80", "localhost"} {
			_, err := s.app().Authorize(t.Context(), address, func(string) error { return fmt.Errorf("shown") })
			if err == nil || !strings.Contains(err.Error(), "not a loopback address") {
				t.Errorf("%s: %v", address, err)
			}
		}
	})
}
