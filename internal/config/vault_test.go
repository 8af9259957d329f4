package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"snowdrift/internal/secret"
	"snowdrift/internal/secret/vault/vaulttest"
)

// TestVault goes the whole way: keys, environment, login, a secret and a plain
// value out of Vault, and the new value back into it.
func TestVault(t *testing.T) {
	double := vaulttest.New()
	defer double.Close()
	s := newSite(t, map[string]string{
		"snowdrift.yaml": "jira:\n  url: vault:secret/jira#url\n  auth: {method: bearer, token: vault:secret/jira#token}\nsecrets: {vault: {token: file:vault-token}}\n",
		"vault-token":    vaulttest.RootToken + "\n",
	})
	s.env["VAULT_ADDR"] = double.URL
	if _, err := s.try(t.Context()); !errors.Is(err, secret.NotFound) || !strings.Contains(err.Error(), "snowdrift.yaml:2:8: jira.url: ") {
		t.Fatalf("nothing is stored yet: %v", err)
	}
	put(t, s, "url", "https://a.example.org/")
	put(t, s, "token", "t0ken")
	c := s.load(t)
	if c.Jira.URL != "https://a.example.org" || reveal(t, c.Jira.Auth.Token) != "t0ken" {
		t.Errorf("got %q", c.Jira.URL)
	}
	if err := c.Jira.Auth.Token.Replace(t.Context(), "rotated"); err != nil {
		t.Fatal(err)
	}
	if again := s.load(t); reveal(t, again.Jira.Auth.Token) != "rotated" {
		t.Error("the new value is not in Vault")
	}
}

// put stores one field of secret/jira.
func put(t *testing.T, s *site, field, value string) {
	t.Helper()
	v := Vault{Address: s.env["VAULT_ADDR"], Method: "token", Token: secret.Plain(vaulttest.RootToken)}
	r := resolver(Secrets{Vault: v}, s.lookup)
	str, err := r.Parse("vault:secret/jira#"+field, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := str.Replace(t.Context(), value); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestVaultTokenOfTheCommandLine: without a token, the one that vault login
// left is used.
func TestVaultTokenOfTheCommandLine(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	if err := os.WriteFile(filepath.Join(home, ".vault-token"), []byte(vaulttest.RootToken), 0o600); err != nil {
		t.Fatal(err)
	}
	double := vaulttest.New()
	defer double.Close()
	s := newSite(t, map[string]string{"snowdrift.yaml": "jira: {url: 'vault:secret/jira#url'}\n"})
	s.env["VAULT_ADDR"] = double.URL
	put(t, s, "url", "https://a.example.org")
	if c := s.load(t); c.Jira.URL != "https://a.example.org" {
		t.Errorf("got %q", c.Jira.URL)
	}
}

func TestVaultTLS(t *testing.T) {
	s := newSite(t, map[string]string{"snowdrift.yaml": "jira: {url: 'vault:secret/jira#url'}\nsecrets: {vault: {address: 'https://127.0.0.1:1'}}\n"})
	s.env["VAULT_CACERT"] = "/none.pem"
	if _, err := s.try(t.Context()); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "secrets.vault.tls") {
		t.Errorf("got %v", err)
	}
}
