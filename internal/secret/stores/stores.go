// Package stores puts together the secret stores that references can name, each
// a package of its own.
package stores

import (
	"snowdrift/internal/secret"
	"snowdrift/internal/secret/aws"
	"snowdrift/internal/secret/azure"
	"snowdrift/internal/secret/gcp"
	"snowdrift/internal/secret/vault"
)

// Options say how to reach the stores. Nothing is contacted before a secret of
// the store is read.
type Options struct {
	// Environment looks a variable up for env: references. The cloud vendors'
	// stores read the process's own environment, as their tools do.
	Environment func(name string) (string, bool)
	Vault       vault.Options
}

// New returns a resolver for every scheme that package secret documents.
func New(o Options) *secret.Resolver {
	return secret.NewResolver(map[string]secret.Store{
		"env":      secret.Env{Lookup: o.Environment},
		"file":     secret.File{},
		"vault":    vault.New(o.Vault),
		"aws-sm":   &aws.SecretsManager{},
		"aws-ssm":  &aws.Parameters{},
		"azure-kv": &azure.KeyVault{},
		"gcp-sm":   &gcp.SecretManager{},
	})
}
