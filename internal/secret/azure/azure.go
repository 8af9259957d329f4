// Package azure reads secrets from Azure Key Vault (azure-kv:VAULT/NAME).
//
// VAULT is the vault's name, or its whole host in a national cloud
// (name.vault.azure.cn). Credentials come from the SDK's DefaultAzureCredential:
// environment, workload identity, managed identity, Azure CLI.
package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"snowdrift/internal/secret"
)

// KeyVault serves azure-kv:VAULT/NAME[#FIELD]. The zero value is ready to use.
type KeyVault struct {
	// Credential is the identity; nil is DefaultAzureCredential.
	Credential azcore.TokenCredential
	// Client overrides how requests are sent, for tests.
	Client azsecrets.ClientOptions
}

// names as Key Vault allows them, a host with its dots included.
var names = regexp.MustCompile(`^[A-Za-z0-9.-]+/[A-Za-z0-9-]+$`)

// Check wants VAULT/NAME.
func (*KeyVault) Check(ref secret.Reference) error {
	if !names.MatchString(ref.Name) {
		return &secret.Error{Kind: secret.Invalid, Mend: "write azure-kv:VAULT/NAME, such as azure-kv:my-vault/jira-token"}
	}
	return nil
}

// Read returns the current version of a secret, or one field of it if it is a
// JSON document.
func (k *KeyVault) Read(ctx context.Context, ref secret.Reference) (string, error) {
	host, name, _ := strings.Cut(ref.Name, "/")
	if !strings.Contains(host, ".") {
		host += ".vault.azure.net"
	}
	credential := k.Credential
	if credential == nil {
		chain, err := azidentity.NewDefaultAzureCredential(nil)
		if err != nil {
			return "", failure(err)
		}
		credential = chain
	}
	options := k.Client
	client, err := azsecrets.NewClient("https://"+host, credential, &options)
	if err != nil {
		return "", failure(err)
	}
	answer, err := client.GetSecret(ctx, name, "", nil)
	if err != nil {
		return "", failure(err)
	}
	if answer.Value == nil {
		return "", &secret.Error{Kind: secret.Empty, Mend: "store a value there"}
	}
	if ref.Field != "" {
		return secret.Field([]byte(*answer.Value), ref.Field)
	}
	return *answer.Value, nil
}

// failure tells the ways apart in which a request can fail.
func failure(err error) error {
	var login *azidentity.AuthenticationFailedError
	if errors.As(err, &login) {
		return &secret.Error{Kind: secret.Denied, Err: err, Mend: "Entra ID refused the login; check the AZURE_… variables or the managed identity"}
	}
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) {
		return &secret.Error{Kind: secret.Unreachable, Err: err, Mend: "check the vault's name, the network and that there is an Azure identity (environment, workload or managed identity, az login)"}
	}
	said := fmt.Errorf("HTTP %d: %s", answer.StatusCode, answer.ErrorCode)
	switch {
	case answer.StatusCode == http.StatusNotFound:
		return &secret.Error{Kind: secret.NotFound, Err: said, Mend: "check the secret's name"}
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return &secret.Error{Kind: secret.Denied, Err: said, Mend: "the identity needs the role Key Vault Secrets User, the secret must be enabled, and the vault's firewall must let this machine in"}
	default:
		return &secret.Error{Kind: secret.Unreachable, Err: said, Mend: "Key Vault answers, but cannot serve"}
	}
}
