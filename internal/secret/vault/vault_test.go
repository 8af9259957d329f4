package vault

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"snowdrift/internal/secret"
	"snowdrift/internal/secret/vault/vaulttest"
)

func newDouble(t *testing.T) server {
	double := vaulttest.New()
	t.Cleanup(double.Close)
	return server{address: double.URL, root: vaulttest.RootToken, double: double}
}

func TestDouble(t *testing.T) { suite(t, newDouble(t)) }

func TestRenewal(t *testing.T) {
	s := newDouble(t)
	s.put(t, "sys/mounts/kv1", map[string]any{"type": "kv"})
	s.put(t, "kv1/jira", map[string]any{"token": "x"})
	token := s.token(t, readAll, "1h")
	store := s.store(t, Login{Method: MethodToken, Token: secret.Plain(token)})
	if _, err := store.Read(t.Context(), ref("kv1/jira", "token")); err != nil {
		t.Fatal(err)
	}
	if got := <-s.double.Renewed(); got != token {
		t.Errorf("renewed %q, want the token in use", got)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if !s.double.TokenExists(token) {
		t.Error("Close revoked a token that is not ours")
	}
}

func TestLoginRevokedOnClose(t *testing.T) {
	s := newDouble(t)
	s.put(t, "secret/data/x", map[string]any{"data": map[string]any{"f": "v"}})
	s.put(t, "sys/policies/acl/loader", map[string]any{"policy": readAll})
	key := aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "canary-key", SessionToken: "canary-session"}
	s.double.TrustJWT("kubernetes", "kubernetes", "loader", "pod-token", "loader")
	s.double.TrustJWT("ci", "jwt", "loader", "oidc-token", "loader")
	s.double.TrustAWS("aws", "loader", key, "vault.example.org", "loader")
	jwt := func(token string) string {
		path := filepath.Join(t.TempDir(), "jwt")
		if err := os.WriteFile(path, []byte(token+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	as := func(key aws.Credentials) AWSCredentials {
		return credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.SecretAccessKey, key.SessionToken)
	}
	wrong := key
	wrong.SecretAccessKey = "canary-other"
	for _, c := range []struct {
		name  string
		login Login
		ok    bool
	}{
		{"kubernetes", Login{Method: MethodKubernetes, Role: "loader", JWTFile: jwt("pod-token")}, true},
		{"kubernetes, wrong token", Login{Method: MethodKubernetes, Role: "loader", JWTFile: jwt("canary")}, false},
		{"kubernetes, wrong role", Login{Method: MethodKubernetes, Role: "other", JWTFile: jwt("pod-token")}, false},
		{"jwt", Login{Method: MethodJWT, Mount: "ci", Role: "loader", JWTFile: jwt("oidc-token")}, true},
		{"jwt, wrong mount", Login{Method: MethodJWT, Role: "loader", JWTFile: jwt("oidc-token")}, false},
		{"aws", Login{Method: MethodAWS, Role: "loader", ServerID: "vault.example.org", AWS: as(key)}, true},
		{"aws, region", Login{Method: MethodAWS, Role: "loader", ServerID: "vault.example.org", Region: "eu-central-1", AWS: as(key)}, true},
		{"aws, wrong key", Login{Method: MethodAWS, Role: "loader", ServerID: "vault.example.org", AWS: as(wrong)}, false},
		{"aws, no server id", Login{Method: MethodAWS, Role: "loader", AWS: as(key)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := New(Options{Address: s.address, Login: c.login, RetryWait: time.Millisecond})
			got, err := store.Read(t.Context(), ref("secret/x", "f"))
			if !c.ok {
				if !errors.Is(err, secret.Denied) || strings.Contains(err.Error(), "canary") {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if err != nil || got != "v" {
				t.Fatalf("got %q, %v", got, err)
			}
			token := store.client.Token()
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if s.double.TokenExists(token) {
				t.Error("Close left the token alive")
			}
		})
	}
}

func TestNamespace(t *testing.T) {
	s := newDouble(t)
	s.put(t, "secret/data/x", map[string]any{"data": map[string]any{"f": "v"}})
	s.double.OnlyNamespace("team/data")
	open := func(namespace string) (string, error) {
		store := New(Options{Address: s.address, Namespace: namespace, Login: Login{Method: MethodToken, Token: secret.Plain(s.root)}, RetryWait: time.Millisecond})
		return store.Read(t.Context(), ref("secret/x", "f"))
	}
	if got, err := open("team/data"); got != "v" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := open(""); !errors.Is(err, secret.NotFound) || !strings.Contains(err.Error(), "namespace") {
		t.Errorf("got %v", err)
	}
}

// TestEnvironmentIsNotRead holds what the client library would take from the
// environment behind the configuration's back.
func TestEnvironmentIsNotRead(t *testing.T) {
	s := newDouble(t)
	s.put(t, "secret/data/x", map[string]any{"data": map[string]any{"f": "v"}})
	t.Setenv("VAULT_TOKEN", s.root)
	t.Setenv("VAULT_NAMESPACE", "elsewhere")
	t.Setenv("VAULT_ADDR", "http://127.0.0.1:1")
	store := s.store(t, Login{Method: MethodTokenFile, TokenFile: filepath.Join(t.TempDir(), "none")})
	if _, err := store.Read(t.Context(), ref("secret/x", "f")); !errors.Is(err, secret.NotFound) {
		t.Errorf("got %v", err)
	}
	store = s.withToken(t, readAll)
	if got, err := store.Read(t.Context(), ref("secret/x", "f")); got != "v" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestUnreachable(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		if _, err := w.Write([]byte("<html>canary</html>")); err != nil {
			t.Error(err)
		}
	}))
	defer page.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	private := httptest.NewTLSServer(vaulttest.New())
	defer private.Close()
	trusted := x509.NewCertPool()
	trusted.AddCert(private.Certificate())

	open := func(o Options) error {
		o.Login, o.RetryWait = Login{Method: MethodToken, Token: secret.Plain("canary")}, time.Millisecond
		_, err := New(o).Read(t.Context(), ref("secret/x", "f"))
		return err
	}
	for _, c := range []struct {
		name    string
		options Options
		kind    secret.Kind
		words   string
	}{
		{"a proxy's page", Options{Address: page.URL}, secret.Unreachable, "HTTP 502"},
		{"nobody listens", Options{Address: gone.URL}, secret.Unreachable, "secrets.vault.address"},
		{"private authority", Options{Address: private.URL}, secret.Unreachable, "ca_file"},
		{"trusted authority", Options{Address: private.URL, TLS: func() (*tls.Config, error) { return &tls.Config{RootCAs: trusted}, nil }}, secret.Denied, ""},
		{"no address", Options{}, secret.Invalid, "VAULT_ADDR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := open(c.options)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(Options{Address: gone.URL, Login: Login{Method: MethodAgent}}).Read(ctx, ref("secret/x", "f")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, field string
		ok          bool
	}{{"secret/jira", "token", true}, {"a/b/c", "f", true}, {"secret", "token", false}, {"secret/", "t", false}, {"/x", "t", false}, {"secret/jira", "", false}} {
		err := New(Options{}).Check(ref(c.name, c.field))
		if (err == nil) != c.ok {
			t.Errorf("%s#%s: %v", c.name, c.field, err)
		}
	}
}

// TestNumbersStayExact: JSON numbers of a secret are not turned into floats.
func TestNumbersStayExact(t *testing.T) {
	e := entry{data: map[string]any{"n": json.Number("12345678901234567890")}}
	if got, err := e.field("n"); got != "12345678901234567890" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestConflictIsReadAgain lets somebody else write first, once.
func TestConflictIsReadAgain(t *testing.T) {
	s := newDouble(t)
	s.put(t, "secret/data/contested", map[string]any{"data": map[string]any{"mine": "1"}})
	var once sync.Once
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			once.Do(func() {
				s.put(t, "secret/data/contested", map[string]any{"data": map[string]any{"mine": "1", "theirs": "2"}})
			})
		}
		s.double.ServeHTTP(w, r)
	}))
	defer between.Close()
	store := New(Options{Address: between.URL, Login: Login{Method: MethodToken, Token: secret.Plain(s.root)}, RetryWait: time.Millisecond})
	if err := store.Write(t.Context(), ref("secret/contested", "mine"), "3"); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{"mine": "3", "theirs": "2"} {
		if got, err := store.Read(t.Context(), ref("secret/contested", field)); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", field, got, err, want)
		}
	}
}
