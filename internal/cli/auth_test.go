package cli

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"snowdrift/internal/jirasim"
)

// browser is standard output with somebody who opens the address that it shows.
type browser struct {
	t     *testing.T
	seen  strings.Builder
	typed *io.PipeWriter // what the page says is typed here; nil: the browser comes back by itself
}

var address = regexp.MustCompile(`(?m)^  (http://\S+)$`)

func (b *browser) Write(p []byte) (int, error) {
	b.seen.Write(p)
	if m := address.FindSubmatch(p); m != nil {
		go b.open(string(m[1]))
	}
	return len(p), nil
}

func (b *browser) open(url string) {
	resp, err := http.Get(url)
	if err != nil {
		b.t.Error(err)
		return
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || b.typed == nil {
		return
	}
	code := regexp.MustCompile(`<strong>(.*)</strong>`).FindSubmatch(page)
	if code == nil {
		b.t.Errorf("no verification code in %s", page)
		return
	}
	if _, err := io.WriteString(b.typed, string(code[1])+"\n"); err != nil {
		b.t.Error(err)
	}
}

// approve runs an auth command with a browser and wants the token stored, and
// never shown.
func (w *workplace) approve(command, file string, b *browser, keys io.Reader, args ...string) {
	w.t.Helper()
	var stderr strings.Builder
	a := &app{stdin: keys, stdout: b, stderr: &stderr, gateway: w.url}
	code := a.main(append([]string{"auth", command, "-c", filepath.Join(w.dir, "snowdrift.yaml"), "--log-level", "debug"}, args...))
	if code != exitDone {
		w.t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	token, err := os.ReadFile(filepath.Join(w.dir, file))
	if err != nil {
		w.t.Fatal(err)
	}
	if shown := b.seen.String() + stderr.String(); strings.Contains(shown, strings.TrimSpace(string(token))) || !strings.Contains(shown, "stored in file:") {
		w.t.Errorf("shown: %s", shown)
	}
}

// The browser flow stores a refresh token with which a load logs in.
func TestAuthOAuth2(t *testing.T) {
	w := newWorkplace(t, jirasim.Options{Email: "nobody", Token: "nothing", OAuth2: &jirasim.OAuth2{ClientID: "app-7", ClientSecret: "right"}})
	w.configure("deployment: cloud\n" + strings.Replace(refreshing, "token_url:", "authorize_url: $URL/authorize, token_url:", 1))
	w.refused(exitUsage, "not found")
	w.approve("oauth2", "refresh", &browser{t: t}, strings.NewReader(""), "--listen", "127.0.0.1:0")
	w.loads()
}

// The three-legged dance stores an access token with which a load logs in.
func TestAuthOAuth1(t *testing.T) {
	w := newWorkplace(t, jirasim.Options{Deployment: jirasim.DataCenter, Email: "nobody", Token: "nothing",
		OAuth1: &jirasim.OAuth1{ConsumerKey: "snowdrift", PublicKey: &rsaKeys()[0].key.PublicKey}})
	w.key(0)
	w.configure("deployment: datacenter\n" + strings.Replace(oauth1Link, "literal:right", "file:access", 1))
	keys, typed := io.Pipe()
	w.approve("oauth1", "access", &browser{t: t, typed: typed}, keys)
	w.loads()
}

// What is wrong is said before a person is asked to approve.
func TestAuthIsRefused(t *testing.T) {
	w := newWorkplace(t, jirasim.Options{Deployment: jirasim.DataCenter, OAuth1: &jirasim.OAuth1{ConsumerKey: "snowdrift", PublicKey: &rsaKeys()[0].key.PublicKey}})
	w.key(1)
	for _, tt := range []struct {
		name, jira string
		args       []string
		code       int
		words      string
	}{
		{"no place", strings.Replace(refreshing, "file:refresh", "literal:x", 1), []string{"oauth2"}, exitUsage, "can be written"},
		{"a place that is read only", strings.Replace(refreshing, "file:refresh", "env:REFRESH", 1), []string{"oauth2"}, exitUsage, "can be written"},
		{"no place for OAuth 1.0a", oauth1Link, []string{"oauth1"}, exitUsage, "can be written"},
		{"not loopback", refreshing, []string{"oauth2", "--listen", "0.0.0.0:8976"}, exitUsage, "not a loopback address"},
		{"another key", strings.Replace(oauth1Link, "literal:right", "file:access", 1), []string{"oauth1"}, exitJira, "public key"},
		{"no command", oauth1Link, nil, exitUsage, "oauth2 or oauth1"},
	} {
		w.configure("deployment: datacenter\n" + tt.jira)
		o := w.command(append([]string{"auth"}, tt.args...)...)
		if o.code != tt.code || !strings.Contains(o.last(), tt.words) || strings.Contains(o.stdout, "Open this address") {
			t.Errorf("%s: exit code %d, %s, %s", tt.name, o.code, o.last(), o.stdout)
		}
	}
}
