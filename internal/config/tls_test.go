package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"snowdrift/internal/secret"
)

// certificate makes a self-signed client certificate and its key in PEM.
func certificate(t *testing.T) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

func write(t *testing.T, name string, content []byte, mode os.FileMode) Path {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
	return Path(path)
}

// TestTLS talks to a server of a private authority that asks for a client
// certificate.
func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(cert)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	defer server.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	certFile, keyFile := write(t, "cert.pem", cert, 0o644), write(t, "key.pem", key, 0o600)

	get := func(settings TLS) error {
		c, err := settings.ClientConfig()
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: c}
		defer transport.CloseIdleConnections()
		answer, err := (&http.Client{Transport: transport}).Get(server.URL)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	}
	for name, c := range map[string]struct {
		settings TLS
		ok       bool
	}{
		"nothing":          {TLS{}, false},
		"no certificate":   {TLS{CAPEM: string(authority)}, false},
		"authority unsaid": {TLS{CertFile: certFile, KeyFile: keyFile}, false},
		"authority text":   {TLS{CAPEM: string(authority), CertFile: certFile, KeyFile: keyFile}, true},
		"authority file":   {TLS{CAFile: write(t, "ca.pem", authority, 0o644), CertFile: certFile, KeyFile: keyFile}, true},
		"no verification":  {TLS{DangerouslySkipVerification: true, CertFile: certFile, KeyFile: keyFile}, true},
	} {
		if err := get(c.settings); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTLSRefused(t *testing.T) {
	cert, key := certificate(t)
	_, other := certificate(t)
	certFile := write(t, "cert.pem", cert, 0o644)
	for name, c := range map[string]struct {
		settings TLS
		words    string
	}{
		"no such authority":   {TLS{CAFile: "/none.pem"}, "tls.ca_file"},
		"no PEM":              {TLS{CAPEM: "MIIB…"}, "-----BEGIN CERTIFICATE-----"},
		"no such certificate": {TLS{CertFile: "/none.pem", KeyFile: "/none.pem"}, "tls.cert_file"},
		"no such key":         {TLS{CertFile: certFile, KeyFile: "/none.pem"}, "tls.key_file"},
		"another's key":       {TLS{CertFile: certFile, KeyFile: write(t, "key.pem", other, 0o600)}, "belong together"},
	} {
		if _, err := c.settings.ClientConfig(); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	open := write(t, "key.pem", key, 0o600)
	if err := os.Chmod(string(open), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := (TLS{CertFile: certFile, KeyFile: open}).ClientConfig(); !errors.Is(err, secret.Insecure) && runtime.GOOS != "windows" {
		t.Errorf("key that others can read: %v", err)
	}
}
