package vault

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"snowdrift/internal/secret"
)

// AWSCredentials finds the identity that the login by AWS IAM shows; nil is the
// SDK's ordinary chain.
type AWSCredentials = aws.CredentialsProvider

// signedIdentity is a GetCallerIdentity request that we sign and Vault sends:
// AWS tells Vault who signed it, and no key leaves this machine. The form is
// that of Vault's documentation, "AWS auth method", IAM login.
func (l Login) signedIdentity(ctx context.Context) (map[string]any, error) {
	provider := l.AWS
	if provider == nil {
		chain, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, noAWSCredentials(err)
		}
		provider = chain.Credentials
	}
	credentials, err := provider.Retrieve(ctx)
	if err != nil {
		return nil, noAWSCredentials(err)
	}
	const body = "Action=GetCallerIdentity&Version=2011-06-15"
	url, region := "https://sts.amazonaws.com/", "us-east-1"
	if l.Region != "" {
		url, region = "https://sts."+l.Region+".amazonaws.com/", l.Region
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, &secret.Error{Kind: secret.Invalid, Err: err, Mend: "check secrets.vault.region"}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if l.ServerID != "" {
		request.Header.Set("X-Vault-AWS-IAM-Server-ID", l.ServerID)
	}
	hash := sha256.Sum256([]byte(body))
	if err := signer.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), "sts", region, time.Now()); err != nil {
		return nil, noAWSCredentials(err)
	}
	headers, err := json.Marshal(request.Header)
	if err != nil {
		return nil, noAWSCredentials(err)
	}
	encode := base64.StdEncoding.EncodeToString
	return map[string]any{
		"role":                    l.Role,
		"iam_http_request_method": request.Method,
		"iam_request_url":         encode([]byte(url)),
		"iam_request_body":        encode([]byte(body)),
		"iam_request_headers":     encode(headers),
	}, nil
}

func noAWSCredentials(err error) error {
	return &secret.Error{Kind: secret.Denied, Err: err, Mend: "the login to Vault by AWS needs AWS credentials: environment, profile, container or instance role"}
}
