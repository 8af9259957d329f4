package azure

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"snowdrift/internal/secret"
)

// identity gives a fixed token, or an error.
type identity struct{ err error }

func (i identity) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "canary-token " + strings.Join(o.Scopes, " "), ExpiresOn: time.Now().Add(time.Hour)}, i.err
}

// toServer sends what is meant for a vault to a test server.
type toServer struct {
	client *http.Client
	host   string
}

func (s toServer) Do(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	sent.Header.Set("X-Vault-Host", r.URL.Host)
	sent.URL.Host = s.host
	return s.client.Do(sent)
}

// keyVault answers as Key Vault does: a challenge first, then the secret.
func keyVault(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": code, "message": "canary in the message"}})
	}
	host := r.Header.Get("X-Vault-Host")
	_, domain, _ := strings.Cut(host, ".")
	if r.Header.Get("Authorization") == "" {
		w.Header().Set("WWW-Authenticate", `Bearer authorization="https://login.microsoftonline.com/tenant", resource="https://`+domain+`"`)
		refuse(http.StatusUnauthorized, "Unauthorized")
		return
	}
	if !strings.HasSuffix(r.Header.Get("Authorization"), "https://"+domain+"/.default") {
		refuse(http.StatusUnauthorized, "WrongScope")
		return
	}
	values := map[string]string{"jira": "canary-1", "doc": `{"token": "canary-2"}`, "cn": host}
	switch name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/secrets/"), "/"); {
	case name == "forbidden":
		refuse(http.StatusForbidden, "Forbidden")
	case name == "broken":
		refuse(http.StatusInternalServerError, "InternalError")
	case values[name] == "":
		refuse(http.StatusNotFound, "SecretNotFound")
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"value": values[name], "id": "https://" + host + "/secrets/" + name + "/1"})
	}
}

func TestRead(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(keyVault))
	defer server.Close()
	options := azsecrets.ClientOptions{ClientOptions: azcore.ClientOptions{
		Transport: toServer{server.Client(), strings.TrimPrefix(server.URL, "https://")},
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}}
	for _, c := range []struct {
		name, field, want string
		kind              secret.Kind
		identity          error
	}{
		{name: "my-vault/jira", want: "canary-1"},
		{name: "my-vault/doc", field: "token", want: "canary-2"},
		{name: "my-vault.vault.azure.cn/cn", want: "my-vault.vault.azure.cn"},
		{name: "my-vault/cn", want: "my-vault.vault.azure.net"},
		{name: "my-vault/doc", field: "none", kind: secret.NoField},
		{name: "my-vault/none", kind: secret.NotFound},
		{name: "my-vault/forbidden", kind: secret.Denied},
		{name: "my-vault/broken", kind: secret.Unreachable},
		{name: "my-vault/jira", kind: secret.Denied, identity: &azidentity.AuthenticationFailedError{}},
		{name: "my-vault/jira", kind: secret.Unreachable, identity: errors.New("no identity")},
	} {
		k := &KeyVault{Credential: identity{c.identity}, Client: options}
		got, err := k.Read(t.Context(), secret.Reference{Scheme: "azure-kv", Name: c.name, Field: c.field})
		if got != c.want || (c.kind == "") != (err == nil) || c.kind != "" && (!errors.Is(err, c.kind) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s#%s: got %q, %v", c.name, c.field, got, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, ok := range map[string]bool{"v/n": true, "v.vault.azure.cn/jira-token": true, "v": false, "v/": false, "v/a_b": false, "v/a/b": false, "https://v/n": false} {
		if err := new(KeyVault).Check(secret.Reference{Name: name}); (err == nil) != ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
