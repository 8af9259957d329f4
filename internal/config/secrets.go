package config

import (
	"snowdrift/internal/secret"
)

// Secrets says how to reach secret stores. The cloud vendors' stores use the
// vendors' ordinary chains of credentials and need no keys here.
type Secrets struct {
	Vault Vault `yaml:"vault" doc:"HashiCorp Vault or OpenBao, for vault: references. Values here may be env: and file: references only."`
}

// Vault is a server and a login; the methods are those of package vault.
type Vault struct {
	Address   string        `yaml:"address" env:"VAULT_ADDR" example:"https://vault.example.org:8200" doc:"URL of the server, or of a local agent (also unix:///path)."`
	Namespace string        `yaml:"namespace" env:"VAULT_NAMESPACE" example:"team-data" doc:"Namespace (Vault Enterprise, OpenBao)."`
	Method    string        `yaml:"method" default:"token" enum:"token,token_file,agent,approle,kubernetes,jwt,aws" doc:"Login. token: the token below, else what vault login left in ~/.vault-token. token_file: a file that an agent keeps fresh. agent: no token, the agent at the address adds it. The others log in with the keys below."`
	Mount     string        `yaml:"mount" example:"approle" doc:"Path where the login method is mounted; left out, the method's name."`
	Token     secret.String `yaml:"token" env:"VAULT_TOKEN" example:"env:VAULT_TOKEN" doc:"token: the token."`
	TokenFile Path          `yaml:"token_file" example:"/run/vault/token" doc:"token_file: the file."`
	Role      string        `yaml:"role" example:"snowdrift" doc:"kubernetes, jwt, aws: role to log in as."`
	RoleID    secret.String `yaml:"role_id" env:"VAULT_ROLE_ID" example:"env:VAULT_ROLE_ID" doc:"approle: role id."`
	SecretID  secret.String `yaml:"secret_id" env:"VAULT_SECRET_ID" example:"file:/run/vault/secret-id" doc:"approle: secret id."`
	JWTFile   Path          `yaml:"jwt_file" example:"/run/secrets/oidc-token" doc:"kubernetes, jwt: file of the token to show; kubernetes left out, the service account's."`
	ServerID  string        `yaml:"server_id" example:"vault.example.org" doc:"aws: value of X-Vault-AWS-IAM-Server-ID where the server asks for one."`
	Region    string        `yaml:"region" example:"eu-central-1" doc:"aws: region of the STS endpoint that the server expects; left out, the global one."`
	TLS       TLS           `yaml:"tls" env:"ca_file=VAULT_CACERT cert_file=VAULT_CLIENT_CERT key_file=VAULT_CLIENT_KEY" doc:"Certificates."`
}
