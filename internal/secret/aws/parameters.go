package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"snowdrift/internal/secret"
)

// Parameters serves aws-ssm:NAME, by name or ARN, and writes it back as a
// SecureString. The zero value is ready to use.
type Parameters struct{ chain chain }

// Check wants a name without a field: a parameter is one value.
func (*Parameters) Check(ref secret.Reference) error {
	if ref.Field != "" {
		return &secret.Error{Kind: secret.Invalid, Mend: "write aws-ssm:NAME without #; a parameter is one value"}
	}
	return nil
}

// Read returns the parameter, decrypted.
func (p *Parameters) Read(ctx context.Context, ref secret.Reference) (string, error) {
	client, err := p.client(ctx, ref)
	if err != nil {
		return "", err
	}
	answer, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &ref.Name, WithDecryption: sdk.Bool(true)})
	if err != nil {
		return "", failure(err, "ssm:GetParameter")
	}
	return sdk.ToString(answer.Parameter.Value), nil
}

// Write makes the value the newest version of the parameter, which keeps the
// key that encrypts it.
func (p *Parameters) Write(ctx context.Context, ref secret.Reference, value string) error {
	client, err := p.client(ctx, ref)
	if err != nil {
		return err
	}
	_, err = client.PutParameter(ctx, &ssm.PutParameterInput{
		Name: &ref.Name, Value: &value, Type: types.ParameterTypeSecureString, Overwrite: sdk.Bool(true),
	})
	return failure(err, "ssm:PutParameter")
}

func (p *Parameters) client(ctx context.Context, ref secret.Reference) (*ssm.Client, error) {
	c, err := p.chain.load(ctx)
	if err != nil {
		return nil, err
	}
	if c.Region, err = region(c, ref.Name); err != nil {
		return nil, err
	}
	return ssm.NewFromConfig(c), nil
}
