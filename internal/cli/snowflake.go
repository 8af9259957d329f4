package cli

import (
	"context"
	"log/slog"

	"snowdrift/internal/config"
	"snowdrift/internal/privatekey"
	"snowdrift/internal/secret"
	"snowdrift/stages/load/snowflake"
)

// snowflakeOptions returns what the configuration says of the Snowflake
// destination, with the login's secrets read.
func snowflakeOptions(ctx context.Context, cfg *config.Config, log *slog.Logger) (snowflake.Options, error) {
	s := cfg.Destination.Snowflake
	login, err := snowflakeLogin(ctx, s)
	return snowflake.Options{
		Account: s.Account, User: s.User, Role: s.Role, Warehouse: s.Warehouse, Database: s.Database, Schema: s.Schema,
		Host: s.Host, Port: s.Port, Protocol: s.Protocol, Login: login,
		StatementTimeout: s.StatementTimeout, LockTimeout: s.LockTimeout,
		// A run that lives commits twice in this time.
		Lease: 2 * cfg.Batch.CommitEvery, Log: log,
	}, err
}

func snowflakeLogin(ctx context.Context, s config.Snowflake) (snowflake.Login, error) {
	switch s.Auth {
	case config.SnowflakeSessionToken:
		return snowflake.SessionToken{File: s.SessionTokenFile()}, nil
	case config.SnowflakeOAuth, config.SnowflakePAT:
		return snowflake.Token{Value: s.Token, File: string(s.TokenFile), Access: s.Auth == config.SnowflakePAT}, nil
	}
	return keyPair(ctx, s)
}

// keyPair reads the private key: from its file, which nobody else may read, or
// from where the secret refers to.
func keyPair(ctx context.Context, s config.Snowflake) (snowflake.KeyPair, error) {
	text, err := s.PrivateKey.Reveal(ctx)
	if err == nil && s.PrivateKeyFile != "" {
		var content []byte
		content, err = secret.ReadFile(string(s.PrivateKeyFile))
		text = string(content)
	}
	if err != nil {
		return snowflake.KeyPair{}, err
	}
	passphrase, err := s.PrivateKeyPassphrase.Reveal(ctx)
	if err != nil {
		return snowflake.KeyPair{}, err
	}
	key, err := privatekey.Load([]byte(text), passphrase)
	if err != nil {
		return snowflake.KeyPair{}, usageError{err}
	}
	return snowflake.KeyPair{Key: key}, nil
}
