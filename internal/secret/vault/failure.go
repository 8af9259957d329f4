package vault

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/vault/api"

	"snowdrift/internal/secret"
)

// failure tells the ways apart in which a request can fail. capability is what
// the token would have needed on path.
func failure(err error, path, capability string) error {
	if err == nil {
		return nil
	}
	var answer *api.ResponseError
	if !errors.As(err, &answer) {
		return unreachable(err)
	}
	said := errors.New(words(answer))
	switch {
	case answer.StatusCode == http.StatusForbidden:
		return &secret.Error{Kind: secret.Denied, Err: said, Mend: fmt.Sprintf("the token is not valid, or its policies lack: path %q { capabilities = [%q] }", path, capability)}
	case answer.StatusCode == http.StatusServiceUnavailable && strings.Contains(said.Error(), "sealed"):
		return &secret.Error{Kind: secret.Sealed, Mend: "an operator must unseal Vault (vault operator unseal)"}
	case answer.StatusCode == http.StatusNotFound:
		return &secret.Error{Kind: secret.NotFound, Err: said, Mend: "check path and namespace"}
	case answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests:
		return &secret.Error{Kind: secret.Unreachable, Err: said, Mend: "Vault answers, but cannot serve; vault status says why"}
	default:
		return &secret.Error{Kind: secret.Invalid, Err: said, Mend: "check the reference and secrets.vault"}
	}
}

// mountFailure is failure for the question which engine a path belongs to. A
// server that denies it does not say whether the mount exists.
func mountFailure(err error, name string) error {
	mended := failure(err, "sys/internal/ui/mounts/"+name, "read")
	var e *secret.Error
	if errors.As(mended, &e) && e.Kind == secret.Denied {
		e.Mend = "the token is not valid, or none of its policies allows anything there, or there is no such mount; check the namespace too"
	}
	return mended
}

// words is what Vault said, on one line. An answer that is not Vault's, such as
// a proxy's page, is left out.
func words(answer *api.ResponseError) string {
	if answer.RawError || len(answer.Errors) == 0 {
		return fmt.Sprintf("HTTP %d", answer.StatusCode)
	}
	said := strings.Fields(strings.Join(answer.Errors, "; "))
	return fmt.Sprintf("HTTP %d: %s", answer.StatusCode, strings.Join(said, " "))
}

func unreachable(err error) error {
	mend := "check secrets.vault.address and the network"
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	switch {
	case errors.Is(err, context.Canceled):
		mend = ""
	case errors.As(err, &authority):
		mend = "the server's certificate is not trusted; set secrets.vault.tls.ca_file or VAULT_CACERT"
	case errors.As(err, &host):
		mend = "the certificate is for another host; check secrets.vault.address"
	}
	return &secret.Error{Kind: secret.Unreachable, Err: err, Mend: mend}
}
