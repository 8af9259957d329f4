package vault

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/vault/api"

	"snowdrift/internal/secret"
)

// Methods of login.
const (
	MethodToken      = "token"
	MethodTokenFile  = "token_file"
	MethodAgent      = "agent"
	MethodAppRole    = "approle"
	MethodKubernetes = "kubernetes"
	MethodJWT        = "jwt"
	MethodAWS        = "aws"
)

// serviceAccountToken is where Kubernetes mounts a pod's token.
const serviceAccountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// Login says how to obtain a token. Which fields count depends on Method.
type Login struct {
	Method    string
	Mount     string        // path of the login method; "" is the method's name
	Token     secret.String // token
	TokenFile string        // token_file; for token without a Token, where vault login left one
	Role      string        // kubernetes, jwt, aws
	RoleID    secret.String // approle
	SecretID  secret.String // approle; unset for a role that needs none
	JWTFile   string        // kubernetes, jwt
	ServerID  string        // aws: X-Vault-AWS-IAM-Server-ID
	Region    string        // aws: of the STS endpoint; "" is the global one
	AWS       AWSCredentials
}

// obtainsToken reports whether a login makes a token, which then is ours to
// revoke.
func (l Login) obtainsToken() bool {
	switch l.Method {
	case MethodToken, MethodTokenFile, MethodAgent:
		return false
	}
	return true
}

// login gives the client its token. The result is nil when nothing is known
// about the token's life.
func (l Login) login(ctx context.Context, c *api.Client) (*api.SecretAuth, error) {
	switch l.Method {
	case MethodAgent:
		return nil, nil // the agent adds its own token
	case MethodTokenFile:
		return nil, l.readToken(c, l.TokenFile) // whoever writes the file renews it
	case MethodToken:
		return l.useToken(ctx, c)
	}
	data, err := l.credentials(ctx)
	if err != nil {
		return nil, err
	}
	mount := l.Mount
	if mount == "" {
		mount = l.Method
	}
	path := "auth/" + strings.Trim(mount, "/") + "/login"
	answer, err := c.Logical().WriteWithContext(ctx, path, data)
	if err != nil {
		return nil, loginFailure(err, path)
	}
	if answer == nil || answer.Auth == nil || answer.Auth.ClientToken == "" {
		return nil, &secret.Error{Kind: secret.Denied, Mend: "Vault answered the login at " + path + " without a token; multi-factor logins are not supported"}
	}
	c.SetToken(answer.Auth.ClientToken)
	return answer.Auth, nil
}

// credentials is the body of the login request.
func (l Login) credentials(ctx context.Context) (map[string]any, error) {
	switch l.Method {
	case MethodAppRole:
		return l.appRole(ctx)
	case MethodKubernetes, MethodJWT:
		path := l.JWTFile
		if path == "" && l.Method == MethodKubernetes {
			path = serviceAccountToken
		}
		// Kubernetes mounts these tokens readable for all of the pod.
		token, err := readTrimmed(path)
		if err != nil {
			return nil, &secret.Error{Kind: secret.NotFound, Err: err, Mend: "set secrets.vault.jwt_file to the token's file"}
		}
		return map[string]any{"role": l.Role, "jwt": token}, nil
	case MethodAWS:
		return l.signedIdentity(ctx)
	default:
		return nil, &secret.Error{Kind: secret.Invalid, Mend: "secrets.vault.method is unknown"}
	}
}

func (l Login) appRole(ctx context.Context) (map[string]any, error) {
	roleID, err := l.RoleID.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	if roleID == "" {
		return nil, &secret.Error{Kind: secret.Invalid, Mend: "set secrets.vault.role_id for the login by AppRole"}
	}
	secretID, err := l.SecretID.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	data := map[string]any{"role_id": roleID}
	if secretID != "" {
		data["secret_id"] = secretID
	}
	return data, nil
}

// useToken takes the configured token, else the one that vault login left, and
// asks how long it lives. A policy may forbid the question; then the token is
// used for as long as it works.
func (l Login) useToken(ctx context.Context, c *api.Client) (*api.SecretAuth, error) {
	token, err := l.Token.Reveal(ctx)
	if err != nil {
		return nil, err
	}
	if token != "" {
		c.SetToken(token)
	} else if err := l.readToken(c, l.TokenFile); err != nil {
		return nil, err
	}
	answer, err := c.Auth().Token().LookupSelfWithContext(ctx)
	if err != nil {
		if mended := failure(err, "auth/token/lookup-self", "read"); !errors.Is(mended, secret.Denied) {
			return nil, mended
		}
		return nil, nil
	}
	renewable, err := answer.TokenIsRenewable()
	if err != nil {
		return nil, unreachable(err)
	}
	ttl, err := answer.TokenTTL()
	if err != nil {
		return nil, unreachable(err)
	}
	return &api.SecretAuth{ClientToken: c.Token(), Renewable: renewable && ttl > 0, LeaseDuration: int(ttl.Seconds())}, nil
}

func (l Login) readToken(c *api.Client, path string) error {
	if path == "" {
		return &secret.Error{Kind: secret.NotFound, Mend: "there is no token for Vault; set secrets.vault.token, VAULT_TOKEN or another secrets.vault.method, or run vault login"}
	}
	token, err := readTrimmed(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && token == "" {
		return &secret.Error{Kind: secret.NotFound, Mend: "there is no token for Vault in " + filepath.Clean(path) + "; set secrets.vault.token, VAULT_TOKEN or another secrets.vault.method, or run vault login"}
	}
	if err != nil {
		return &secret.Error{Kind: secret.NotFound, Err: err, Mend: "the token for Vault must be readable"}
	}
	c.SetToken(token)
	return nil
}

func readTrimmed(path string) (string, error) {
	content, err := os.ReadFile(path)
	return strings.TrimSpace(string(content)), err
}

// loginFailure is failure for a refused login, which Vault answers with 400 or
// 403 depending on method and version.
func loginFailure(err error, path string) error {
	mended := failure(err, path, "update")
	var e *secret.Error
	if errors.As(mended, &e) && (e.Kind == secret.Denied || e.Kind == secret.Invalid || e.Kind == secret.NotFound) {
		return &secret.Error{Kind: secret.Denied, Err: e.Err, Mend: "Vault refused the login at " + path + "; check method, mount, role and credentials under secrets.vault, and the namespace"}
	}
	return mended
}
