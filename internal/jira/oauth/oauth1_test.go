package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"snowdrift/internal/jira"
)

// testKey is made once for the whole package: making it is the slow part.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func pemOf(t *testing.T, kind string, der []byte, err error) plain {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return plain(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func testPEM(t *testing.T) plain {
	der, err := x509.MarshalPKCS8PrivateKey(testKey())
	return pemOf(t, "PRIVATE KEY", der, err)
}

// escape is RFC 3986's, which RFC 5849 section 3.6 asks for.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// baseString is what RFC 5849 section 3.4.1 says is to be signed, written
// independently of the package under test.
func baseString(method string, target *url.URL, parameters [][2]string) string {
	var pairs []string
	for _, p := range parameters {
		pairs = append(pairs, escape(p[0])+"="+escape(p[1]))
	}
	slices.Sort(pairs)
	return method + "&" + escape(target.Scheme+"://"+target.Host+target.EscapedPath()) + "&" + escape(strings.Join(pairs, "&"))
}

// The example of RFC 5849, section 3.4.1.1, shows that baseString is right.
func TestBaseStringOfTheRFC(t *testing.T) {
	target, err := url.Parse("http://example.com/request")
	if err != nil {
		t.Fatal(err)
	}
	got := baseString("POST", target, [][2]string{
		{"b5", "=%3D"}, {"a3", "a"}, {"c@", ""}, {"a2", "r b"}, {"c2", ""}, {"a3", "2 q"},
		{"oauth_consumer_key", "9djdj82h48djs9d2"}, {"oauth_token", "kkk9d7dh3k39sjv7"}, {"oauth_signature_method", "HMAC-SHA1"},
		{"oauth_timestamp", "137131201"}, {"oauth_nonce", "7d8f3e4a"},
	})
	want := "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26" +
		"oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// verify checks an Authorization header against a request as a server would,
// and returns its parameters.
func verify(r *http.Request, target *url.URL) (map[string]string, error) {
	text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth ")
	if !ok {
		return nil, fmt.Errorf("authorization %q", r.Header.Get("Authorization"))
	}
	oauth := make(map[string]string)
	var parameters [][2]string
	for _, pair := range strings.Split(text, ", ") {
		name, value, _ := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.Trim(value, `"`))
		if err != nil {
			return nil, err
		}
		oauth[name] = value
		if name != "oauth_signature" {
			parameters = append(parameters, [2]string{name, value})
		}
	}
	for name, values := range target.Query() {
		for _, value := range values {
			parameters = append(parameters, [2]string{name, value})
		}
	}
	signature, err := base64.StdEncoding.DecodeString(oauth["oauth_signature"])
	if err != nil {
		return nil, err
	}
	digest := sha1.Sum([]byte(baseString(r.Method, target, parameters)))
	return oauth, rsa.VerifyPKCS1v15(&testKey().PublicKey, crypto.SHA1, digest[:], signature)
}

func TestOneLoginSigns(t *testing.T) {
	l := &OneLogin{ConsumerKey: "snowdrift", PrivateKey: testPEM(t), AccessToken: plain("access/token+=")}
	nonces := make(map[string]bool)
	for _, target := range []string{
		"https://jira.example.com/rest/api/2/myself",
		"https://jira.example.com/jira/rest/api/2/issue/10001?fields=*all,-comment&expand=a%20b~%26%3D",
		"https://jira.example.com:8443/rest/api/2/project?includeArchived=true&q=%C3%A5",
		"http://127.0.0.1:2990/jira/rest/api/2/field?a=&b=1",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req, err := http.NewRequest(method, target, strings.NewReader(`{"jql":"not signed"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if err := l.Apply(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			got, err := verify(req, req.URL)
			if err != nil {
				t.Errorf("%s %s: %v", method, target, err)
			}
			if got["oauth_consumer_key"] != "snowdrift" || got["oauth_token"] != "access/token+=" || got["oauth_signature_method"] != "RSA-SHA1" || got["oauth_version"] != "1.0" {
				t.Errorf("parameters %v", got)
			}
			if nonces[got["oauth_nonce"]] {
				t.Errorf("nonce %q is used twice", got["oauth_nonce"])
			}
			nonces[got["oauth_nonce"]] = true
		}
	}
	req, _ := http.NewRequest(http.MethodGet, "https://jira.example.com/?a=1&a=2", nil)
	if err := l.Apply(t.Context(), req); err == nil || req.Header.Get("Authorization") != "" {
		t.Error("a repeated parameter is signed wrongly in place of being refused")
	}
}

func TestPrivateKeys(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, ecErr := x509.MarshalPKCS8PrivateKey(ec)
	pkcs8, pkcs8Err := x509.MarshalPKCS8PrivateKey(testKey())
	tests := []struct {
		name string
		key  jira.Secret
		says string // "" is accepted
	}{
		{"PKCS#8", pemOf(t, "PRIVATE KEY", pkcs8, pkcs8Err), ""},
		{"PKCS#1", pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(testKey()), nil), ""},
		{"elliptic curve", pemOf(t, "PRIVATE KEY", ecDER, ecErr), "needs RSA"},
		{"encrypted", pemOf(t, "ENCRYPTED PRIVATE KEY", []byte("x"), nil), "passphrase"},
		{"old encrypted", plain("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "passphrase"},
		{"rubbish in PEM", pemOf(t, "PRIVATE KEY", []byte("canary"), nil), "neither"},
		{"no PEM", plain("canary"), "not PEM"},
		{"empty", plain(""), "empty"},
		{"none", nil, "missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &OneLogin{ConsumerKey: "c", PrivateKey: tt.key, AccessToken: plain("t")}
			_, err := header(t.Context(), l)
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}

// newOneServer is a Data Center that plays its part of the dance.
func newOneServer(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	step := func(path string, check func(map[string]string) string) {
		mux.HandleFunc("POST /jira/plugins/servlet/oauth/"+path, func(w http.ResponseWriter, r *http.Request) {
			target := &url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path}
			got, err := verify(r, target)
			answer := ""
			if err == nil {
				answer = check(got)
			}
			if answer == "" {
				w.WriteHeader(http.StatusUnauthorized)
				answer = "oauth_problem=signature_invalid"
			}
			_, _ = w.Write([]byte(answer))
		})
	}
	step("request-token", func(got map[string]string) string {
		if got["oauth_callback"] != "oob" || got["oauth_consumer_key"] != "snowdrift" {
			return ""
		}
		return "oauth_token=request-7&oauth_token_secret=s&oauth_callback_confirmed=true"
	})
	step("access-token", func(got map[string]string) string {
		if got["oauth_token"] != "request-7" || got["oauth_verifier"] != "verifier-7" {
			return ""
		}
		return "oauth_token=access-7&oauth_token_secret=s&oauth_expires_in=157680000"
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestDance(t *testing.T) {
	s := newOneServer(t)
	d := Dance{BaseURL: s.URL + "/jira/", ConsumerKey: "snowdrift", PrivateKey: testPEM(t)}
	approval, err := d.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if approval.URL != s.URL+"/jira/plugins/servlet/oauth/authorize?oauth_token=request-7" {
		t.Errorf("URL %s", approval.URL)
	}
	if _, err := d.Finish(t.Context(), approval, "wrong"); jira.KindOf(err) != jira.KindAuth || !strings.Contains(err.Error(), "signature_invalid") {
		t.Errorf("wrong verifier: %v", err)
	}
	token, err := d.Finish(t.Context(), approval, " verifier-7\n")
	if err != nil || token != "access-7" {
		t.Errorf("token %q, %v", token, err)
	}
}

func TestDanceErrors(t *testing.T) {
	s := newOneServer(t)
	key := testPEM(t)
	for _, tt := range []struct {
		name string
		d    Dance
		kind jira.Kind
	}{
		{"unknown consumer", Dance{BaseURL: s.URL + "/jira", ConsumerKey: "other", PrivateKey: key}, jira.KindAuth},
		{"plain http", Dance{BaseURL: "http://jira.example.com", ConsumerKey: "snowdrift", PrivateKey: key}, ""},
		{"no consumer", Dance{BaseURL: s.URL, PrivateKey: key}, ""},
		{"unreachable", Dance{BaseURL: s.URL, ConsumerKey: "c", PrivateKey: key, Transport: down{}}, jira.KindUnreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.d.Begin(t.Context()); err == nil || jira.KindOf(err) != tt.kind {
				t.Errorf("error %v, want kind %q", err, tt.kind)
			}
		})
	}
}

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}
