package cli

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowdrift/internal/jirasim"
)

// serveTLS serves the site behind a private authority, which it returns in PEM.
func (w *workplace) serveTLS(clients *x509.CertPool) string {
	server := httptest.NewUnstartedServer(w.sim)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if clients != nil {
		server.TLS = &tls.Config{ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert}
	}
	server.StartTLS()
	w.t.Cleanup(server.Close)
	w.url = server.URL
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

// A site behind a private authority is loaded when the authority is given.
func TestPrivateAuthority(t *testing.T) {
	w := newWorkplace(t, acceptCloud(jirasim.Options{}))
	authority := w.serveTLS(nil)
	w.write("ca.pem", authority)
	w.configure(goodCloud)
	w.refused(exitJira, "not trusted")

	there := w.url
	w.url = strings.Replace(there, "127.0.0.1", "localhost", 1)
	w.configure("tls: {ca_file: ca.pem}\n" + goodCloud)
	w.refused(exitJira, "the server's certificate is for another host, example.com, *.example.com, 127.0.0.1, ::1, and not for localhost")
	w.url = there

	w.configure("tls: {ca_file: ca.pem}\n" + goodCloud)
	w.loads()
	w.write(".env", "CA=\""+strings.ReplaceAll(authority, "\n", `\n`)+"\"\n")
	w.configure("tls: {ca_pem: \"${CA}\"}\n" + goodCloud)
	w.loads()

	w.configure("tls: {dangerously_skip_verification: true}\n" + goodCloud)
	for range 2 { // at every run
		if o := w.command("run"); o.code != exitDone || strings.Count(o.stderr, "dangerously_skip_verification is true") != 1 {
			t.Errorf("exit code %d: %s", o.code, o.stderr)
		}
	}
}

// A site that asks for a client certificate gets it.
func TestClientCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(certificate)

	w := newWorkplace(t, acceptCloud(jirasim.Options{}))
	w.write("ca.pem", w.serveTLS(clients))
	w.write("client.pem", string(certificate))
	w.write("client.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	w.configure("tls: {ca_file: ca.pem}\n" + goodCloud)
	w.refused(exitJira, "unreachable")
	w.configure("tls: {ca_file: ca.pem, cert_file: client.pem, key_file: client.key}\n" + goodCloud)
	w.loads()
	w.configure("tls: {ca_file: ca.pem, cert_file: client.pem, key_file: ca.pem}\n" + goodCloud)
	if o := w.command("run"); o.code != exitUsage || !strings.Contains(o.last(), "belong together") {
		t.Errorf("exit code %d: %s", o.code, o.last())
	}
}

// A proxy with a password is used, and the password is not shown.
func TestProxy(t *testing.T) {
	var carried atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, password, ok := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		if !ok || user != "user7" || password != "of-the-proxy" {
			rw.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		carried.Add(1)
		out := r.Clone(r.Context())
		out.RequestURI = ""
		out.Header.Del("Proxy-Authorization")
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for name, values := range resp.Header {
			rw.Header()[name] = values
		}
		rw.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(rw, resp.Body) // a client that went away needs no answer
	}))
	t.Cleanup(proxy.Close)
	w := newWorkplace(t, acceptCloud(jirasim.Options{}))
	through := strings.Replace(proxy.URL, "http://", "http://user7:of-the-proxy@", 1)
	w.configure("proxy: 'literal:" + through + "'\n" + goodCloud)
	w.loads()
	if carried.Load() == 0 {
		t.Error("the proxy carried nothing")
	}
	w.configure("proxy: 'literal:" + strings.Replace(through, "user7:", "user8:", 1) + "'\n" + goodCloud)
	if message := w.command("run", "--log-level", "debug"); message.code != exitJira || strings.Contains(message.stderr, "of-the-proxy") {
		t.Errorf("exit code %d: %s", message.code, message.stderr)
	}
}

// Precedence is flag, environment, .env, file, default, and show names the origin.
func TestPrecedence(t *testing.T) {
	w := newWorkplace(t, acceptCloud(jirasim.Options{}))
	w.configure("page_size: 50\nauth: {email: '${LOADER}', api_token: 'env:SNOWDRIFT_TEST_TOKEN'}")
	w.write(".env", "LOADER=user7@example.com\nSNOWDRIFT_TEST_TOKEN=right\nJIRA_PROJECT=OPS\n")
	w.loadsSome()
	show := func(args ...string) string { return w.command(append([]string{"config", "show"}, args...)...).stdout }
	row := func(table, key string) string {
		for line := range strings.Lines(table) {
			if strings.Contains(line, " "+key+" ") {
				return strings.Join(strings.Fields(line), " ")
			}
		}
		return ""
	}
	for key, want := range map[string][]string{
		"jira.page_size":      {"50", "snowdrift.yaml:4:"},
		"jira.search.project": {"OPS", ".env JIRA_PROJECT"},
		"jira.auth.api_token": {"***", "env:SNOWDRIFT_TEST_TOKEN"},
		"jira.concurrency":    {"8", "default"},
	} {
		for _, words := range want {
			if got := row(show(), key); !strings.Contains(got, words) {
				t.Errorf("%s: %q is not in %q", key, words, got)
			}
		}
	}
	t.Setenv("JIRA_PROJECT", "SNOW")
	if got := row(show(), "jira.search.project"); !strings.Contains(got, "SNOW") || !strings.Contains(got, "environment JIRA_PROJECT") {
		t.Errorf("%q", got)
	}
	if got := row(show("--set", "jira.search.project=TO"), "jira.search.project"); !strings.Contains(got, "TO") || !strings.Contains(got, "flag") {
		t.Errorf("%q", got)
	}
}

// loadsSome runs a load of which not everything is wanted.
func (w *workplace) loadsSome() {
	w.t.Helper()
	if o := w.command("run"); o.code != exitDone || w.rows() == "0" {
		w.t.Fatalf("exit code %d: %s", o.code, o.stderr)
	}
}

// No limit on what is read from an authorization server or Jira is lifted by
// who answers.
func TestAnswersAreLimited(t *testing.T) {
	w := newWorkplace(t, acceptCloud(jirasim.Options{}))
	w.configure("max_response: 1MB\n" + goodCloud)
	w.sim.Fault(func(r *http.Request) *jirasim.Fault {
		if jirasim.Endpoint(r) == "field" {
			return &jirasim.Fault{Status: 200, Body: string(bytes.Repeat([]byte(" "), 2_000_000))}
		}
		return nil
	})
	w.refused(exitJira, "larger than allowed")
}
