package config

import (
	"context"
	"iter"
	"os"
	"path/filepath"

	"snowdrift/internal/secret"
	"snowdrift/internal/secret/stores"
	"snowdrift/internal/secret/vault"
)

// resolver makes the stores that references may name.
func resolver(s Secrets, env func(string) (string, bool)) *secret.Resolver {
	return stores.New(stores.Options{Environment: env, Vault: s.Vault.options()})
}

// bootstrap resolves the keys that say how to reach the stores themselves.
func bootstrap(env func(string) (string, bool)) *secret.Resolver {
	return secret.NewResolver(map[string]secret.Store{
		"env": secret.Env{Lookup: env}, "file": secret.File{}, "vault": circular{},
	})
}

// circular stands for a store that is needed to reach itself.
type circular struct{}

func (circular) Check(secret.Reference) error {
	return &secret.Error{Kind: secret.Invalid, Mend: "what is needed to reach Vault cannot be kept in it; use env: or file:"}
}

func (c circular) Read(context.Context, secret.Reference) (string, error) {
	return "", c.Check(secret.Reference{})
}

// options translates the keys for package vault.
func (v Vault) options() vault.Options {
	login := vault.Login{
		Method: v.Method, Mount: v.Mount, Token: v.Token, TokenFile: string(v.TokenFile), Role: v.Role,
		RoleID: v.RoleID, SecretID: v.SecretID, JWTFile: string(v.JWTFile), ServerID: v.ServerID, Region: v.Region,
	}
	// Without a home directory there is nothing that vault login could have
	// left, which the store reports when a secret is asked for.
	if home, err := os.UserHomeDir(); err == nil && v.Method == vault.MethodToken && v.TokenFile == "" {
		login.TokenFile = filepath.Join(home, ".vault-token")
	}
	return vault.Options{Address: v.Address, Namespace: v.Namespace, Login: login, TLS: v.TLS.ClientConfig}
}

// SecretValues lists the secrets that were given, with their keys; check reads
// each of them once.
func (c *Config) SecretValues() iter.Seq2[string, secret.String] {
	return func(yield func(string, secret.String) bool) {
		for _, s := range c.loaded {
			if value, ok := s.value.Interface().(secret.String); ok && !value.IsZero() && !yield(s.key, value) {
				return
			}
		}
	}
}
