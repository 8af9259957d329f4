package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"snowdrift/internal/secret"
)

// ClientConfig returns what an HTTP client needs: the system's authorities and
// the configured ones, and the client certificate; nil when nothing is
// configured and the client's own ways will do. The key file must be readable
// by its owner only.
func (t TLS) ClientConfig() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.DangerouslySkipVerification}
	pem := []byte(t.CAPEM)
	if t.CAFile != "" {
		var err error
		if pem, err = os.ReadFile(string(t.CAFile)); err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w; name a PEM file that can be read", err)
		}
	}
	if len(pem) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("read the system's certificate authorities: %w", err)
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, errors.New("tls.ca_file or ca_pem holds no certificate; give it in PEM (-----BEGIN CERTIFICATE-----)")
		}
		c.RootCAs = roots
	}
	if t.CertFile == "" {
		return c, nil
	}
	certificate, err := os.ReadFile(string(t.CertFile))
	if err != nil {
		return nil, fmt.Errorf("tls.cert_file: %w; name a PEM file that can be read", err)
	}
	key, err := secret.ReadFile(string(t.KeyFile))
	if err != nil {
		return nil, fmt.Errorf("tls.key_file: %w", err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("tls.cert_file %s with key_file %s: %w; both must be PEM and belong together", t.CertFile, t.KeyFile, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}
