// Package gcp reads secrets from Google Secret Manager (gcp-sm:PROJECT/NAME).
//
// Credentials come from Application Default Credentials: the file that
// GOOGLE_APPLICATION_CREDENTIALS names, gcloud, workload identity or the
// machine's service account.
package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	secretmanager "cloud.google.com/go/secretmanager/apiv1"
	"cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/option"

	"snowdrift/internal/secret"
)

// SecretManager serves gcp-sm:PROJECT/NAME[#FIELD]. The zero value is ready to
// use.
type SecretManager struct {
	// Options override how the client connects, for tests.
	Options []option.ClientOption
}

// names are a project's id or number and a secret's name.
var names = regexp.MustCompile(`^[a-z0-9][a-z0-9:.-]*/[A-Za-z0-9_-]+$`)

// Check wants PROJECT/NAME.
func (*SecretManager) Check(ref secret.Reference) error {
	if !names.MatchString(ref.Name) {
		return &secret.Error{Kind: secret.Invalid, Mend: "write gcp-sm:PROJECT/NAME, such as gcp-sm:my-project/jira-token"}
	}
	return nil
}

// Read returns the newest version of a secret, or one field of it if it is a
// JSON document.
func (s *SecretManager) Read(ctx context.Context, ref secret.Reference) (_ string, err error) {
	project, name, _ := strings.Cut(ref.Name, "/")
	client, err := secretmanager.NewRESTClient(ctx, s.Options...)
	if err != nil {
		return "", failure(err)
	}
	defer func() {
		if closed := client.Close(); err == nil && closed != nil {
			err = failure(closed)
		}
	}()
	answer, err := client.AccessSecretVersion(ctx, &secretmanagerpb.AccessSecretVersionRequest{
		Name: "projects/" + project + "/secrets/" + name + "/versions/latest",
	})
	if err != nil {
		return "", failure(err)
	}
	content := answer.GetPayload().GetData()
	if ref.Field != "" {
		return secret.Field(content, ref.Field)
	}
	return string(content), nil
}

// failure tells the ways apart in which a request can fail.
func failure(err error) error {
	var answer *apierror.APIError
	if !errors.As(err, &answer) || answer.HTTPCode() < 400 {
		return &secret.Error{Kind: secret.Unreachable, Err: err, Mend: "check the network and that there are Application Default Credentials (GOOGLE_APPLICATION_CREDENTIALS, gcloud auth application-default login, workload identity)"}
	}
	said := fmt.Errorf("HTTP %d: %s", answer.HTTPCode(), answer.Reason())
	switch answer.HTTPCode() {
	case http.StatusNotFound:
		return &secret.Error{Kind: secret.NotFound, Err: said, Mend: "check project and name, and that a version is enabled"}
	case http.StatusUnauthorized, http.StatusForbidden:
		return &secret.Error{Kind: secret.Denied, Err: said, Mend: "the identity needs the role Secret Manager Secret Accessor, and the API must be enabled in the project"}
	case http.StatusBadRequest:
		return &secret.Error{Kind: secret.Invalid, Err: said, Mend: "the newest version is disabled or destroyed, or the name is wrong"}
	default:
		return &secret.Error{Kind: secret.Unreachable, Err: said, Mend: "Secret Manager answers, but cannot serve"}
	}
}
