package vault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"snowdrift/internal/secret"
	"snowdrift/internal/secret/vault/vaulttest"
)

// server is a Vault to test against: the double or a real one.
type server struct {
	address, root string
	double        *vaulttest.Server // nil for a real one
}

// admin is a client with the root token.
func (s server) admin(t *testing.T) *api.Client {
	t.Helper()
	c, err := Options{Address: s.address}.connect()
	if err != nil {
		t.Fatal(err)
	}
	c.SetToken(s.root)
	return c
}

func (s server) put(t *testing.T, path string, data map[string]any) *api.Secret {
	t.Helper()
	answer, err := s.admin(t).Logical().WriteWithContext(t.Context(), path, data)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// token makes a token that may do what the policy says.
func (s server) token(t *testing.T, policy, ttl string) string {
	t.Helper()
	name := "p-" + strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-"))
	s.put(t, "sys/policies/acl/"+name, map[string]any{"policy": policy})
	data := map[string]any{"policies": []string{name}}
	if ttl != "" {
		data["ttl"] = ttl
	}
	return s.put(t, "auth/token/create", data).Auth.ClientToken
}

func (s server) store(t *testing.T, l Login) *Store {
	t.Helper()
	store := New(Options{Address: s.address, Login: l, RetryWait: time.Millisecond})
	t.Cleanup(func() {
		if err := store.Close(); err != nil && !errors.Is(err, secret.Sealed) {
			t.Error(err)
		}
	})
	return store
}

func (s server) withToken(t *testing.T, policy string) *Store {
	return s.store(t, Login{Method: MethodToken, Token: secret.Plain(s.token(t, policy, ""))})
}

const readAll = `path "secret/data/*" { capabilities = ["read"] }
path "kv1/*" { capabilities = ["read"] }`

const writeAll = `path "secret/data/*" { capabilities = ["read", "create", "update"] }
path "kv1/*" { capabilities = ["read", "create", "update"] }`

func ref(name, field string) secret.Reference {
	return secret.Reference{Scheme: "vault", Name: name, Field: field}
}

// suite holds for the double and for a real server alike.
func suite(t *testing.T, s server) {
	s.put(t, "sys/mounts/kv1", map[string]any{"type": "kv", "options": map[string]any{"version": "1"}})
	s.put(t, "secret/data/team/jira", map[string]any{"data": map[string]any{"token": "canary-2", "port": 8200, "nested": map[string]any{"a": "b"}}})
	s.put(t, "kv1/jira", map[string]any{"token": "canary-1"})
	t.Run("read", func(t *testing.T) { suiteRead(t, s) })
	t.Run("write", func(t *testing.T) { suiteWrite(t, s) })
	t.Run("conflict", func(t *testing.T) { suiteConflict(t, s) })
	t.Run("deleted", func(t *testing.T) { suiteDeleted(t, s) })
	t.Run("approle", func(t *testing.T) { suiteAppRole(t, s) })
	t.Run("token", func(t *testing.T) { suiteToken(t, s) })
	t.Run("sealed", func(t *testing.T) { suiteSealed(t, s) })
}

func suiteRead(t *testing.T, s server) {
	store := s.withToken(t, readAll)
	for _, c := range []struct {
		name, path, field, want string
		kind                    secret.Kind
	}{
		{"version 2", "secret/team/jira", "token", "canary-2", ""},
		{"version 1", "kv1/jira", "token", "canary-1", ""},
		{"number", "secret/team/jira", "port", "8200", ""},
		{"no such field", "secret/team/jira", "tokn", "", secret.NoField},
		{"object", "secret/team/jira", "nested", "", secret.NoField},
		{"no such path", "secret/team/none", "token", "", secret.NotFound},
		{"no such path in version 1", "kv1/none", "token", "", secret.NotFound},
		{"path of the API", "secret/data/team/jira", "token", "", secret.NotFound},
		{"no such mount", "nowhere/jira", "token", "", secret.Denied},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := store.Read(t.Context(), ref(c.path, c.field))
			if c.kind == "" && err != nil {
				t.Fatal(err)
			}
			if c.kind != "" && !errors.Is(err, c.kind) {
				t.Fatalf("got %v, want %q", err, c.kind)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("denied by policy", func(t *testing.T) {
		narrow := s.withToken(t, `path "secret/data/other" { capabilities = ["read"] }`)
		_, err := narrow.Read(t.Context(), ref("secret/team/jira", "token"))
		if !errors.Is(err, secret.Denied) || !strings.Contains(err.Error(), `path "secret/data/team/jira" { capabilities = ["read"] }`) {
			t.Errorf("got %v", err)
		}
	})
}

func suiteWrite(t *testing.T, s server) {
	store := s.withToken(t, writeAll)
	for _, path := range []string{"secret/team/jira", "kv1/jira", "secret/team/new"} {
		if err := store.Write(t.Context(), ref(path, "refresh"), "rotated"); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Read(t.Context(), ref(path, "refresh")); got != "rotated" || err != nil {
			t.Errorf("%s: got %q, %v", path, got, err)
		}
	}
	if got, err := store.Read(t.Context(), ref("secret/team/jira", "token")); got != "canary-2" || err != nil {
		t.Errorf("another field was not kept: %q, %v", got, err)
	}
	readOnly := s.withToken(t, readAll)
	if err := readOnly.Write(t.Context(), ref("secret/team/jira", "refresh"), "x"); !errors.Is(err, secret.Denied) {
		t.Errorf("write without the right: %v", err)
	}
}

// suiteConflict changes a secret between the reading and the writing of it.
func suiteConflict(t *testing.T, s server) {
	s.put(t, "secret/data/contested", map[string]any{"data": map[string]any{"mine": "1"}})
	c := s.admin(t)
	stale, err := find(t.Context(), c, "secret/contested")
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "secret/data/contested", map[string]any{"data": map[string]any{"mine": "1", "theirs": "2"}})
	if conflict, err := stale.put(t.Context(), c, "mine", "3"); !conflict || err != nil {
		t.Fatalf("a stale write was not refused: %v, %v", conflict, err)
	}
	store := s.store(t, Login{Method: MethodToken, Token: secret.Plain(s.root)})
	if err := store.Write(t.Context(), ref("secret/contested", "mine"), "3"); err != nil {
		t.Fatal(err)
	}
	if got, err := store.Read(t.Context(), ref("secret/contested", "theirs")); got != "2" || err != nil {
		t.Errorf("the other's change is lost: %q, %v", got, err)
	}
}

func suiteDeleted(t *testing.T, s server) {
	s.put(t, "secret/data/gone", map[string]any{"data": map[string]any{"token": "x"}})
	if _, err := s.admin(t).Logical().DeleteWithContext(t.Context(), "secret/data/gone"); err != nil {
		t.Fatal(err)
	}
	store := s.withToken(t, writeAll)
	_, err := store.Read(t.Context(), ref("secret/gone", "token"))
	if !errors.Is(err, secret.NotFound) || !strings.Contains(err.Error(), "vault kv undelete -versions=1") {
		t.Errorf("got %v", err)
	}
	if err := store.Write(t.Context(), ref("secret/gone", "token"), "again"); err != nil {
		t.Errorf("write after deletion: %v", err)
	}
}

func suiteAppRole(t *testing.T, s server) {
	s.put(t, "sys/policies/acl/loader", map[string]any{"policy": readAll})
	s.put(t, "sys/auth/machines", map[string]any{"type": "approle"})
	s.put(t, "auth/machines/role/loader", map[string]any{"token_policies": "loader", "token_ttl": "1h"})
	id, err := s.admin(t).Logical().ReadWithContext(t.Context(), "auth/machines/role/loader/role-id")
	if err != nil {
		t.Fatal(err)
	}
	roleID := id.Data["role_id"].(string)
	secretID := s.put(t, "auth/machines/role/loader/secret-id", map[string]any{}).Data["secret_id"].(string)
	login := Login{Method: MethodAppRole, Mount: "machines", RoleID: secret.Plain(roleID), SecretID: secret.Plain(secretID)}

	store := s.store(t, login)
	if got, err := store.Read(t.Context(), ref("kv1/jira", "token")); got != "canary-1" || err != nil {
		t.Fatalf("got %q, %v", got, err)
	}
	first := store.client.Token()
	s.put(t, "auth/token/revoke", map[string]any{"token": first})
	if got, err := store.Read(t.Context(), ref("kv1/jira", "token")); got != "canary-1" || err != nil {
		t.Fatalf("after the token was revoked: %q, %v", got, err)
	}
	second := store.client.Token()
	if second == first {
		t.Error("the revoked token is still in use")
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	revoked := s.admin(t)
	revoked.SetToken(second)
	if _, err := revoked.Auth().Token().LookupSelfWithContext(t.Context()); err == nil {
		t.Error("Close left the token alive")
	}

	login.SecretID = secret.Plain("canary-wrong")
	_, err = s.store(t, login).Read(t.Context(), ref("kv1/jira", "token"))
	if !errors.Is(err, secret.Denied) || !strings.Contains(err.Error(), "auth/machines/login") || strings.Contains(err.Error(), "canary") {
		t.Errorf("wrong secret id: %v", err)
	}
}

func suiteToken(t *testing.T, s server) {
	file := filepath.Join(t.TempDir(), "token")
	write := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("hvs.canary-expired")
	store := s.store(t, Login{Method: MethodTokenFile, TokenFile: file})
	_, err := store.Read(t.Context(), ref("kv1/jira", "token"))
	if !errors.Is(err, secret.Denied) || strings.Contains(err.Error(), "canary") {
		t.Fatalf("expired token: %v", err)
	}
	write(s.token(t, readAll, "1h")) // an agent puts a fresh one there
	if got, err := store.Read(t.Context(), ref("kv1/jira", "token")); got != "canary-1" || err != nil {
		t.Errorf("after the file changed: %q, %v", got, err)
	}
	_, err = s.store(t, Login{Method: MethodToken, TokenFile: file + ".none"}).Read(t.Context(), ref("kv1/jira", "token"))
	if !errors.Is(err, secret.NotFound) || !strings.Contains(err.Error(), "VAULT_TOKEN") {
		t.Errorf("no token at all: %v", err)
	}
	_, err = s.store(t, Login{Method: MethodToken}).Read(t.Context(), ref("kv1/jira", "token"))
	if !errors.Is(err, secret.NotFound) {
		t.Errorf("no token and no file: %v", err)
	}
}

// suiteSealed comes last: a real server stays sealed.
func suiteSealed(t *testing.T, s server) {
	store := s.store(t, Login{Method: MethodToken, Token: secret.Plain(s.root)})
	if _, err := store.Read(t.Context(), ref("kv1/jira", "token")); err != nil {
		t.Fatal(err)
	}
	if s.double != nil {
		s.double.Seal()
		defer s.double.Unseal()
	} else if err := s.admin(t).Sys().SealWithContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := store.Read(t.Context(), ref("kv1/jira", "token"))
	if !errors.Is(err, secret.Sealed) || !strings.Contains(err.Error(), "unseal") {
		t.Errorf("got %v", err)
	}
}
