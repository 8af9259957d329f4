package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"snowdrift/internal/secret"
)

// SecretsManager serves aws-sm:NAME[#FIELD], by name or ARN. The zero value is
// ready to use.
type SecretsManager struct{ chain chain }

// Check accepts every name.
func (*SecretsManager) Check(secret.Reference) error { return nil }

// Read returns the current version of a secret, or one field of it if it is a
// JSON document, as the console makes them.
func (s *SecretsManager) Read(ctx context.Context, ref secret.Reference) (string, error) {
	c, err := s.chain.load(ctx)
	if err != nil {
		return "", err
	}
	if c.Region, err = region(c, ref.Name); err != nil {
		return "", err
	}
	answer, err := secretsmanager.NewFromConfig(c).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &ref.Name})
	if err != nil {
		return "", failure(err, "secretsmanager:GetSecretValue")
	}
	content := answer.SecretBinary
	if answer.SecretString != nil {
		content = []byte(*answer.SecretString)
	}
	if ref.Field != "" {
		return secret.Field(content, ref.Field)
	}
	return string(content), nil
}
