// Package aws reads secrets from AWS Secrets Manager (aws-sm:) and from Systems
// Manager Parameter Store (aws-ssm:), the latter also for writing.
//
// Credentials and region come from the SDK's ordinary chain: environment,
// shared profile, container or instance role. An ARN brings its own region.
// AWS_ENDPOINT_URL works as everywhere in AWS.
package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"snowdrift/internal/secret"
)

// chain finds the SDK's configuration once. The zero chain is ready to use.
type chain struct {
	mu     sync.Mutex
	config *sdk.Config
}

func (c *chain) load(ctx context.Context) (sdk.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config == nil {
		loaded, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return sdk.Config{}, &secret.Error{Kind: secret.Denied, Err: err, Mend: "the AWS configuration cannot be used; check AWS_PROFILE and ~/.aws"}
		}
		c.config = &loaded
	}
	return *c.config, nil
}

// region returns that of an ARN (arn:aws:service:region:…), else the chain's.
func region(c sdk.Config, name string) (string, error) {
	if parts := strings.Split(name, ":"); len(parts) > 3 && parts[0] == "arn" {
		return parts[3], nil
	}
	if c.Region == "" {
		return "", &secret.Error{Kind: secret.Invalid, Mend: "the AWS region is unknown; set AWS_REGION or give the ARN"}
	}
	return c.Region, nil
}

// Codes of refusals, as Secrets Manager, Parameter Store, KMS and STS use them.
var (
	notFound = []string{"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"}
	denied   = []string{
		"AccessDenied", "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException",
		"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "RequestExpired", "IncompleteSignature",
		"DecryptionFailure", "InvalidKeyId", "KMSAccessDeniedException",
	}
	unusable = []string{"InvalidRequestException", "InvalidParameterException", "ValidationException", "ParameterAlreadyExists"}
)

// failure tells the ways apart in which a request can fail. permission is what
// the caller needs to have been granted.
func failure(err error, permission string) error {
	if err == nil {
		return nil
	}
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return &secret.Error{Kind: secret.Unreachable, Err: err, Mend: "check the network, AWS_REGION and that there are AWS credentials (environment, profile, role)"}
	}
	said := fmt.Errorf("%s: %s", refused.ErrorCode(), refused.ErrorMessage())
	for _, kind := range []struct {
		codes []string
		kind  secret.Kind
		mend  string
	}{
		{notFound, secret.NotFound, "check name, region and account"},
		{denied, secret.Denied, "the AWS credentials need " + permission + ", and kms:Decrypt where a key of your own encrypts it"},
		{unusable, secret.Invalid, "check the name"},
	} {
		for _, code := range kind.codes {
			if refused.ErrorCode() == code {
				return &secret.Error{Kind: kind.kind, Err: said, Mend: kind.mend}
			}
		}
	}
	return &secret.Error{Kind: secret.Unreachable, Err: said}
}
